/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "daemon/final.h"
#include "daemon/job.h"
#include "daemon/service.h"

enum { POLL_MS = 5, SAY_US = 500 * 1000 };

static void say(const struct bp_final *final, struct bp_job_reply *reply)
{
	cJSON *progress = cJSON_CreateObject();

	cJSON_AddStringToObject(progress, "step", bp_final_step_name(final->step));
	cJSON_AddNumberToObject(progress, "left", (double) final->left);
	reply->progress(reply, progress);
}

static enum bp_rc run(struct bp_service *service, const cJSON *args, struct bp_job_reply *reply,
		      cJSON **out_result, struct bp_err *err)
{
	struct bp_final final;
	int64_t next_say_us = bp_clock_mono_us() + SAY_US;
	enum bp_rc rc = bp_final_open(service, &final, err);

	(void)args;
	while (rc == BP_OK) {
		rc = bp_final_look(&final, err);
		if (rc != BP_OK || final.step == BP_FINAL_DONE || reply->gone(reply)) {
			break;
		}
		if (bp_stop_wait(&service->stop, POLL_MS)) {
			rc = bp_err_set(err, BP_ESTOPPED, "the service stops");
		} else if (bp_clock_mono_us() >= next_say_us) {
			next_say_us = bp_clock_mono_us() + SAY_US;
			say(&final, reply);
		}
	}
	if (rc == BP_OK) {
		*out_result = cJSON_CreateObject();
		cJSON_AddBoolToObject(*out_result, "final", final.step == BP_FINAL_DONE);
	}
	bp_final_close(&final);
	return rc;
}

const struct bp_job bp_job_wait = {.name = "wait", .run = run};
