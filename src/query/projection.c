/* SPDX-License-Identifier: MIT */
#include "query/projection.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "query/costs.h"
#include "query/period.h"
#include "query/rollups.h"
#include "query/span.h"

enum { BASIS_DAYS = 7 };

#define DAY_US INT64_C(86400000000)

struct sums {
	int64_t today_us, month_us, basis_us; /* where each begins */
	bool compat;
	struct bp_cost today, month, basis;
};

static enum bp_rc take_bucket(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct sums *sums = arg;

	(void)err;
	if (bucket->bucket_us >= sums->today_us) {
		bp_cost_add(&sums->today, &bucket->sums, sums->compat);
	}
	if (bucket->bucket_us >= sums->month_us) {
		bp_cost_add(&sums->month, &bucket->sums, sums->compat);
	}
	if (bucket->bucket_us >= sums->basis_us && bucket->bucket_us < sums->today_us) {
		bp_cost_add(&sums->basis, &bucket->sums, sums->compat);
	}
	return BP_OK;
}

/* The whole days before today of which something can be known, at most 7. */
static enum bp_rc find_basis(struct bp_sql *sql, const struct bp_tz *tz, int64_t today_us,
			     int *out_days, int64_t *out_us, struct bp_err *err)
{
	static const char FIRST[] = "SELECT min(ts_us) FROM model_calls";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, FIRST, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	rc = bp_statement_step(statement, err);
	int64_t first = rc == BP_OK ? bp_column_int(statement, 0) : BP_SQL_NULL;
	bp_statement_free(statement);
	*out_days = 0;
	*out_us = today_us;
	while (rc == BP_OK && first != BP_SQL_NULL && *out_days < BASIS_DAYS) {
		int64_t before = bp_tz_day_start(tz, *out_us - 1);
		if (before < bp_tz_day_start(tz, first)) {
			break;
		}
		*out_us = before;
		++*out_days;
	}
	return rc;
}

enum bp_rc bp_projection_collect(struct bp_sql *sql, const struct bp_tz *tz,
				 const struct bp_filter *filter, bool compat_ccusage,
				 int64_t now_us, struct bp_projection *out, struct bp_err *err)
{
	struct bp_span month = bp_span_of(tz, BP_SPAN_MONTH, now_us);
	struct sums sums = {.today_us = bp_tz_day_start(tz, now_us),
			    .month_us = month.from_us,
			    .compat = compat_ccusage};
	int days = 0;
	enum bp_rc rc = find_basis(sql, tz, sums.today_us, &days, &sums.basis_us, err);

	if (rc == BP_OK) {
		struct bp_period period = {.from_us = sums.month_us < sums.basis_us ? sums.month_us
										    : sums.basis_us,
					   .until_us = now_us + 1,
					   .tz = tz};
		const struct bp_rollups_question question = {.period = &period,
							     .filter = filter,
							     .pending_before_us = BP_TIME_FIRST,
							     .largest = BP_ROLLUP_DAY,
							     .no_tools = true};
		const struct bp_bucket_sink sink = {.bucket = take_bucket, .arg = &sums};
		rc = bp_rollups_read(sql, &question, &sink, err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	*out = (struct bp_projection){.month_us = month.from_us,
				      .today_pusd = sums.today.cost_pusd,
				      .month_pusd = sums.month.cost_pusd,
				      .basis_pusd = sums.basis.cost_pusd,
				      .basis_days = days,
				      .days_left =
					      (double)(month.until_us - now_us) / (double)DAY_US,
				      .month_unpriced_calls = sums.month.unpriced_calls};
	if (days > 0) {
		out->projected_pusd = out->month_pusd +
				      (int64_t)((double)out->basis_pusd / days * out->days_left);
	}
	return BP_OK;
}

struct cJSON *bp_projection_json(const struct bp_projection *projection, const struct bp_tz *tz)
{
	char *month = bp_span_key(tz, false, true, projection->month_us);
	cJSON *json = cJSON_CreateObject();
	int days = projection->basis_days;

	(void)cJSON_AddStringToObject(json, "month", month);
	(void)cJSON_AddItemToObject(json, "today_usd", bp_usd_json(projection->today_pusd));
	(void)cJSON_AddItemToObject(json, "month_to_date_usd", bp_usd_json(projection->month_pusd));
	(void)cJSON_AddNumberToObject(json, "basis_days", days);
	(void)cJSON_AddItemToObject(json, "basis_daily_mean_usd",
				    days ? bp_usd_json(projection->basis_pusd / days)
					 : cJSON_CreateNull());
	(void)cJSON_AddNumberToObject(json, "days_left", projection->days_left);
	(void)cJSON_AddItemToObject(json, "projected_usd",
				    days ? bp_usd_json(projection->projected_pusd)
					 : cJSON_CreateNull());
	(void)cJSON_AddNumberToObject(json, "unpriced_calls",
				      (double)projection->month_unpriced_calls);
	free(month);
	return json;
}
