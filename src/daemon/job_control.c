/* SPDX-License-Identifier: MIT */
/* The jobs that concern the service itself: ping, stop, reload. */
#include <unistd.h>

#include "base/log.h"
#include "daemon/hook_conf.h"
#include "daemon/job.h"
#include "daemon/service.h"

static enum bp_rc run_ping(struct bp_service *service, const cJSON *args,
			   struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	(void)service;
	(void)args;
	(void)reply;
	(void)err;
	*out_result = cJSON_CreateObject();
	cJSON_AddNumberToObject(*out_result, "pid", (double)getpid());
	cJSON_AddStringToObject(*out_result, "version", BP_VERSION);
	return BP_OK;
}

const struct bp_job bp_job_ping = {.name = "ping", .quick = true, .run = run_ping};

static enum bp_rc run_stop(struct bp_service *service, const cJSON *args,
			   struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	enum bp_rc rc = run_ping(service, args, reply, out_result, err);

	atomic_store(&service->stop_asked, true);
	bp_stop_request(&service->stop);
	return rc;
}

const struct bp_job bp_job_stop = {.name = "stop", .quick = true, .run = run_stop};

static enum bp_rc run_reload(struct bp_service *service, const cJSON *args,
			     struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	struct bp_settings fresh;
	enum bp_rc rc = bp_settings_load(&fresh, service->home, NULL, 0, err);

	(void)args;
	(void)reply;
	if (rc != BP_OK) {
		return rc; /* the old one stays */
	}
	/* Every option whose row says `reload`, and what the hook reads. */
	bp_log_set_level((enum bp_log_level)fresh.daemon.log_level);
	rc = bp_hook_conf_write(service->home, &fresh.daemon, err);
	bp_settings_done(&fresh);
	if (rc == BP_OK) {
		*out_result = cJSON_CreateObject();
		cJSON_AddBoolToObject(*out_result, "reloaded", true);
	}
	return rc;
}

const struct bp_job bp_job_reload = {.name = "reload", .quick = true, .run = run_reload};
