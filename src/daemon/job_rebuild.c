/* SPDX-License-Identifier: MIT */
/* The job `rebuild`: facts and rollups anew from the log. */
#include "base/clock.h"
#include "daemon/job.h"
#include "daemon/service.h"

enum { SAY_US = 100 * 1000 };

struct saying {
	struct bp_job_reply *reply;
	int64_t next_us; /* monotonic */
};

static void say(const char *step, int64_t done, int64_t total, void *arg)
{
	struct saying *saying = arg;
	int64_t now_us = bp_clock_mono_us();

	if (now_us < saying->next_us) {
		return;
	}
	saying->next_us = now_us + SAY_US;
	cJSON *progress = cJSON_CreateObject();
	cJSON_AddStringToObject(progress, "step", step);
	cJSON_AddNumberToObject(progress, "done", (double)done);
	cJSON_AddNumberToObject(progress, "total", (double)total);
	saying->reply->progress(saying->reply, progress);
}

static enum bp_rc run(struct bp_service *service, const cJSON *args, struct bp_job_reply *reply,
		      cJSON **out_result, struct bp_err *err)
{
	int64_t start_us = bp_clock_mono_us();
	struct saying saying = {.reply = reply};
	struct bp_rebuild_wish wish = {.progress = say, .arg = &saying};
	int64_t rows = 0;
	enum bp_rc rc = BP_OK;

	if (bp_job_flag(args, "from_archive")) {
		wish.archive_folder = service->archive;
	}
	bp_service_take_archive(service);
	atomic_store(&service->rebuilding, true);
	if (bp_stop_requested(&service->stop)) {
		rc = bp_err_set(err, BP_ESTOPPED, "the service stops");
	} else {
		rc = bp_slowpath_rebuild(service->slowpath, &wish, &rows, err);
	}
	atomic_store(&service->rebuilding, false);
	bp_service_give_archive(service);
	if (rc == BP_OK) {
		*out_result = cJSON_CreateObject();
		cJSON_AddNumberToObject(*out_result, "schema_version", 1);
		cJSON_AddNumberToObject(*out_result, "rows", (double)rows);
		cJSON_AddNumberToObject(*out_result, "seconds",
					(double)(bp_clock_mono_us() - start_us) / 1e6);
	}
	return rc;
}

const struct bp_job bp_job_rebuild = {.name = "rebuild", .run = run};
