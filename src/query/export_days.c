/* SPDX-License-Identifier: MIT */
#include "query/export_days.h"

#include <stdlib.h>

#include "base/mem.h"

/* From the beginning of a day into the next one, however DST changes either. */
static const int64_t INTO_NEXT_DAY_US = INT64_C(36) * 3600 * 1000000;

enum bp_rc bp_export_platforms_init(struct bp_export_platforms *platforms,
				    const struct bp_export_question *question, struct bp_sql *sql,
				    struct bp_err *err)
{
	static const char PLATFORMS[] =
		"SELECT DISTINCT platform FROM conversations ORDER BY platform";
	struct bp_statement *statement = NULL;
	const char *only = question->filter->platform;

	*platforms =
		(struct bp_export_platforms){.question = question, .filter = *question->filter};
	enum bp_rc rc = bp_statement_new(sql, PLATFORMS, &statement, err);
	while (rc == BP_OK && (rc = bp_statement_step(statement, err)) == BP_OK) {
		struct bp_str name = bp_column_text(statement, 0);
		if (only && !bp_str_is(name, only)) {
			continue;
		}
		platforms->names = bp_realloc(platforms->names, platforms->n + 1, sizeof(char *));
		platforms->names[platforms->n++] = bp_strdup(name);
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

void bp_export_platforms_done(struct bp_export_platforms *platforms)
{
	for (size_t i = 0; i < platforms->n; i++) {
		free(platforms->names[i]);
	}
	free(platforms->names);
}

bool bp_export_platforms_next(struct bp_export_platforms *platforms)
{
	if (platforms->next == platforms->n) {
		return false;
	}
	platforms->filter.platform = platforms->names[platforms->next++];
	return true;
}

struct bp_period bp_export_day(const struct bp_period *whole, int64_t start_us)
{
	int64_t next = bp_tz_day_start(whole->tz, start_us + INTO_NEXT_DAY_US);
	struct bp_period day = *whole;

	day.from_us = start_us > whole->from_us ? start_us : whole->from_us;
	day.until_us = next < whole->until_us ? next : whole->until_us;
	return day;
}

enum bp_rc bp_export_days_init(struct bp_export_days *days,
			       const struct bp_export_question *question, struct bp_sql *sql,
			       struct bp_err *err)
{
	*days = (struct bp_export_days){.at = 0};
	return bp_export_platforms_init(&days->platforms, question, sql, err);
}

void bp_export_days_done(struct bp_export_days *days)
{
	bp_export_platforms_done(&days->platforms);
	bp_groups_done(&days->groups);
}

enum bp_rc bp_export_days_next(struct bp_export_days *days, struct bp_sql *sql,
			       const struct bp_group **out, struct bp_err *err)
{
	const struct bp_export_question *question = days->platforms.question;

	while (days->at == days->groups.n) {
		if (!bp_export_platforms_next(&days->platforms)) {
			return BP_ENOTFOUND;
		}
		bp_groups_done(&days->groups);
		days->groups = (struct bp_groups){0};
		days->at = 0;
		const struct bp_totals_question totals = {.period = question->period,
							  .filter = &days->platforms.filter,
							  .by = BP_GROUP_DAY,
							  .as_of_us = question->as_of_us};
		enum bp_rc rc = bp_totals_collect(sql, &totals, &days->groups, err);
		if (rc != BP_OK) {
			return rc;
		}
	}
	*out = days->groups.items[days->at++];
	return BP_OK;
}
