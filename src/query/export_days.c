/* SPDX-License-Identifier: MIT */
/*
 * Data sets that are answers of other questions by platform and day: metrics.h and costs.h are asked
 * here as the commands ask them, so an export cannot have other totals. Held are the days of one
 * platform, and not the rows below them.
 */
#include "query/export_days.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { PLATFORMS_MAX = 64, NEXT_DAY_US_HOURS = 36 };

static enum bp_rc list_platforms(struct bp_export_days *days, struct bp_sql *sql,
				 struct bp_err *err)
{
	static const char PLATFORMS[] =
		"SELECT DISTINCT platform FROM conversations ORDER BY platform";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, PLATFORMS, &statement, err);

	while (rc == BP_OK && (rc = bp_statement_step(statement, err)) == BP_OK) {
		struct bp_str name = bp_column_text(statement, 0);
		if (days->filter.platform && !bp_str_is(name, days->filter.platform)) {
			continue;
		}
		days->platforms =
			bp_realloc(days->platforms, days->n_platforms + 1, sizeof(char *));
		days->platforms[days->n_platforms++] = bp_strdup(name);
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_export_days_init(struct bp_export_days *days,
			       const struct bp_export_question *question, struct bp_sql *sql,
			       struct bp_err *err)
{
	*days = (struct bp_export_days){.question = question, .filter = *question->filter};
	return list_platforms(days, sql, err);
}

void bp_export_days_done(struct bp_export_days *days)
{
	for (size_t i = 0; i < days->n_platforms; i++) {
		free(days->platforms[i]);
	}
	free(days->platforms);
	bp_groups_done(&days->groups);
}

const char *bp_export_days_platform(const struct bp_export_days *days)
{
	return days->filter.platform;
}

struct bp_period bp_export_days_period(const struct bp_export_days *days,
				       const struct bp_group *day)
{
	const struct bp_period *whole = days->question->period;
	struct bp_period period = *whole;
	int64_t next =
		bp_tz_day_start(whole->tz, day->start_us + INT64_C(3600000000) * NEXT_DAY_US_HOURS);

	period.from_us = day->start_us > whole->from_us ? day->start_us : whole->from_us;
	period.until_us = next < whole->until_us ? next : whole->until_us;
	return period;
}

enum bp_rc bp_export_days_next(struct bp_export_days *days, struct bp_sql *sql,
			       const struct bp_group **out, struct bp_err *err)
{
	while (days->at == days->groups.n) {
		if (days->next_platform == days->n_platforms) {
			return BP_ENOTFOUND;
		}
		bp_groups_done(&days->groups);
		days->groups = (struct bp_groups){0};
		days->at = 0;
		days->filter.platform = days->platforms[days->next_platform++];
		const struct bp_totals_question totals = {.period = days->question->period,
							  .filter = &days->filter,
							  .by = BP_GROUP_DAY,
							  .as_of_us = days->question->as_of_us};
		enum bp_rc rc = bp_totals_collect(sql, &totals, &days->groups, err);
		if (rc != BP_OK) {
			return rc;
		}
	}
	*out = days->groups.items[days->at++];
	return BP_OK;
}
