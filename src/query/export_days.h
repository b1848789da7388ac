/* SPDX-License-Identifier: MIT */
/**
 * export_days.h - platforms and days, for data sets that ask another question for each of them.
 *
 * Place:   private to export*.c.
 */
#ifndef BP_QUERY_EXPORT_DAYS_H
#define BP_QUERY_EXPORT_DAYS_H

#include "query/export_private.h"
#include "query/totals.h"

/** The platforms of a store, one after the other. */
struct bp_export_platforms {
	const struct bp_export_question *question;
	struct bp_filter filter; /* the question's, for the present platform */
	char **names;
	size_t n, next;
};

/** Owns: bp_export_platforms_done(), also after an error. Errors: as bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_export_platforms_init(struct bp_export_platforms *platforms,
					       const struct bp_export_question *question,
					       struct bp_sql *sql, struct bp_err *err);
void bp_export_platforms_done(struct bp_export_platforms *platforms);

/** Go to the next one, whose name is in filter.platform then. False: no more. */
bool bp_export_platforms_next(struct bp_export_platforms *platforms);

/** The part of a period that lies in the day which begins at start_us. */
struct bp_period bp_export_day(const struct bp_period *whole, int64_t start_us);

/** The totals of each day of each platform, as `metrics --group-by day` has them. */
struct bp_export_days {
	struct bp_export_platforms platforms;
	struct bp_groups groups; /* days of the present platform */
	size_t at;
};

/** Owns: bp_export_days_done(), also after an error. Errors: as bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_export_days_init(struct bp_export_days *days,
					  const struct bp_export_question *question,
					  struct bp_sql *sql, struct bp_err *err);
void bp_export_days_done(struct bp_export_days *days);

/** The next day, platform after platform; borrowed until the next call.
 *  Errors: BP_ENOTFOUND no more; those of bp_totals_collect(). */
BP_MUSTUSE enum bp_rc bp_export_days_next(struct bp_export_days *days, struct bp_sql *sql,
					  const struct bp_group **out, struct bp_err *err);

#endif
