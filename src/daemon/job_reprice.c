/* SPDX-License-Identifier: MIT */
/* The job `reprice`: costs anew, by the prices of today. */
#include "base/clock.h"
#include "base/money.h"
#include "base/tz.h"
#include "daemon/job.h"
#include "daemon/service.h"
#include "query/period.h"

enum { SAY_US = 100 * 1000 };

struct saying {
	struct bp_job_reply *reply;
	int64_t next_us; /* monotonic */
};

static void say(int64_t done, int64_t total, void *arg)
{
	struct saying *saying = arg;
	int64_t now_us = bp_clock_mono_us();

	if (now_us < saying->next_us) {
		return;
	}
	saying->next_us = now_us + SAY_US;
	cJSON *progress = cJSON_CreateObject();
	cJSON_AddNumberToObject(progress, "done", (double)done);
	cJSON_AddNumberToObject(progress, "total", (double)total);
	saying->reply->progress(saying->reply, progress);
}

static enum bp_rc read_since(const char *text, int64_t *out_us, struct bp_err *err)
{
	struct bp_tz *tz = NULL;

	*out_us = BP_SQL_NULL;
	if (text == NULL) {
		return BP_OK;
	}
	enum bp_rc rc = bp_tz_load(NULL, &tz, err);
	if (rc == BP_OK) {
		rc = bp_period_bound(text, false, tz, bp_clock_wall_us(), out_us, err);
	}
	bp_tz_free(tz);
	return rc;
}

static double usd(int64_t pusd)
{
	return (double)pusd / (double)BP_USD;
}

static enum bp_rc run(struct bp_service *service, const cJSON *args, struct bp_job_reply *reply,
		      cJSON **out_result, struct bp_err *err)
{
	struct saying saying = {.reply = reply};
	struct bp_reprice_wish wish = {
		.all = bp_job_flag(args, "all"), .progress = say, .arg = &saying};
	struct bp_repriced repriced = {0};
	enum bp_rc rc = read_since(bp_job_text(args, "since"), &wish.since_us, err);

	if (rc == BP_OK) {
		atomic_store(&service->rebuilding, true);
		if (bp_stop_requested(&service->stop)) {
			rc = bp_err_set(err, BP_ESTOPPED, "the service stops");
		} else {
			rc = bp_slowpath_reprice(service->slowpath, &wish, &repriced, err);
		}
		atomic_store(&service->rebuilding, false);
	}
	if (rc == BP_OK) {
		*out_result = cJSON_CreateObject();
		cJSON_AddNumberToObject(*out_result, "calls", (double)repriced.calls);
		cJSON_AddNumberToObject(*out_result, "changed", (double)repriced.changed);
		cJSON_AddNumberToObject(*out_result, "before_usd", usd(repriced.before_pusd));
		cJSON_AddNumberToObject(*out_result, "after_usd", usd(repriced.after_pusd));
	}
	return rc;
}

const struct bp_job bp_job_reprice = {.name = "reprice", .run = run};
