/* SPDX-License-Identifier: MIT */
/* The job `db_rescue`: set the database aside and make a new one of everything there is. */
#include "daemon/job.h"
#include "daemon/service.h"

enum { POLL_MS = 20 };

/* The service does not end a running job to answer it: it begins, `status` says how it goes. Without
 * a service (--once) main sets the database aside and asks again; then the job waits. */
static enum bp_rc run(struct bp_service *service, const cJSON *args, struct bp_job_reply *reply,
		      cJSON **out_result, struct bp_err *err)
{
	(void)args;
	(void)reply;
	if (service->watch || !service->damaged[0]) {
		bp_stop_request(&service->damage);
	}
	while (!service->watch && service->damaged[0] && atomic_load(&service->rescuing)) {
		if (bp_stop_wait(&service->stop, POLL_MS)) {
			return bp_err_set(err, BP_ESTOPPED, "the service stops");
		}
	}
	*out_result = cJSON_CreateObject();
	cJSON_AddNumberToObject(*out_result, "schema_version", 1);
	cJSON_AddTrueToObject(*out_result, "started");
	return BP_OK;
}

const struct bp_job bp_job_rescue = {.name = "db_rescue", .run = run};
