/* SPDX-License-Identifier: MIT */
#include "query/rollup_span.h"

#include <string.h>

#include "query/rules.h"

#define HOUR_US INT64_C(3600000000)

int64_t bp_quarter_start(int64_t ts_us)
{
	int64_t rest = ts_us % BP_BUCKET_US;
	return ts_us - (rest < 0 ? rest + BP_BUCKET_US : rest);
}

int64_t bp_hour_start(int64_t ts_us)
{
	int64_t rest = ts_us % HOUR_US;
	return ts_us - (rest < 0 ? rest + HOUR_US : rest);
}

static int64_t quarter_up(int64_t ts_us)
{
	return bp_quarter_start(ts_us + BP_BUCKET_US - 1);
}

static int64_t month_start(const struct bp_tz *tz, int year, int month)
{
	struct bp_civil first = {
		.year = month > 12 ? year + 1 : year, .month = month > 12 ? 1 : month, .day = 1};
	return quarter_up(bp_tz_instant(tz, &first));
}

static struct bp_stretch month_of(const struct bp_tz *tz, int64_t ts_us)
{
	struct bp_civil civil = bp_tz_civil(tz, ts_us);
	int64_t start = month_start(tz, civil.year, civil.month);

	if (start > ts_us) { /* in the quarter that the month begins in */
		int64_t before = ts_us - HOUR_US;
		civil = bp_tz_civil(tz, before);
		return (struct bp_stretch){month_start(tz, civil.year, civil.month), start};
	}
	return (struct bp_stretch){start, month_start(tz, civil.year, civil.month + 1)};
}

static struct bp_stretch day_of(const struct bp_tz *tz, int64_t ts_us)
{
	int64_t start = quarter_up(bp_tz_day_start(tz, ts_us));

	if (start > ts_us) {
		return (struct bp_stretch){quarter_up(bp_tz_day_start(tz, ts_us - HOUR_US)), start};
	}
	/* A day has 23 to 25 hours. */
	return (struct bp_stretch){start, quarter_up(bp_tz_day_start(tz, start + 30 * HOUR_US))};
}

struct bp_stretch bp_rollup_span_of(const struct bp_tz *tz, enum bp_rollup_span span, int64_t ts_us)
{
	if (span == BP_ROLLUP_QUARTER) {
		int64_t start = bp_quarter_start(ts_us);
		return (struct bp_stretch){start, start + BP_BUCKET_US};
	}
	return span == BP_ROLLUP_DAY || span == BP_ROLLUP_DAY_ALL ? day_of(tz, ts_us)
								  : month_of(tz, ts_us);
}

enum bp_rc bp_rollup_zone_read(struct bp_sql *sql, struct bp_rollup_zone *out, struct bp_err *err)
{
	static const char ZONE[] = "SELECT name, format FROM rollup_zone LIMIT 1";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, ZONE, &statement, err);

	*out = (struct bp_rollup_zone){0};
	if (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
	}
	if (rc == BP_OK) {
		struct bp_str name = bp_column_text(statement, 0);
		if (name.len < sizeof(out->name)) {
			memcpy(out->name, name.ptr, name.len);
		}
		out->format = bp_column_int(statement, 1);
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}
