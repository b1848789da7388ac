/* SPDX-License-Identifier: MIT */
/**
 * export_days.h - the totals of each day of each platform, as `metrics --group-by day` has them.
 *
 * Place:   private to export*.c.
 */
#ifndef BP_QUERY_EXPORT_DAYS_H
#define BP_QUERY_EXPORT_DAYS_H

#include "query/export_private.h"
#include "query/totals.h"

struct bp_export_days {
	const struct bp_export_question *question;
	struct bp_filter filter; /* the question's, for the present platform */
	char **platforms;
	size_t n_platforms, next_platform;
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

/** The platform of the day that was given last. Borrowed. */
const char *bp_export_days_platform(const struct bp_export_days *days);

/** The part of the question's period that lies in this day. */
struct bp_period bp_export_days_period(const struct bp_export_days *days,
				       const struct bp_group *day);

#endif
