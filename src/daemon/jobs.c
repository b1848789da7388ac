/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "daemon/job.h"

static const struct bp_job *const jobs[] = {
	&bp_job_archive,        &bp_job_archive_list, &bp_job_archive_restore,
	&bp_job_archive_verify, &bp_job_backup,       &bp_job_compact,
	&bp_job_dlq_drop,       &bp_job_dlq_list,     &bp_job_dlq_replay,
	&bp_job_import,         &bp_job_ping,         &bp_job_privacy_audit,
	&bp_job_privacy_show,   &bp_job_purge,        &bp_job_rebuild,
	&bp_job_reload,         &bp_job_reprice,      &bp_job_rescue,
	&bp_job_status,         &bp_job_stop,         &bp_job_verify,
	&bp_job_wait,
};

const struct bp_job *bp_job_find(const char *name)
{
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		if (strcmp(jobs[i]->name, name) == 0) {
			return jobs[i];
		}
	}
	return NULL;
}

enum bp_rc bp_job_parse(const cJSON *request, const struct bp_job **out_job, const cJSON **out_args,
			struct bp_err *err)
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(request, "job");
	const cJSON *args = cJSON_GetObjectItemCaseSensitive(request, "args");

	if (!cJSON_IsString(name) || (args && !cJSON_IsObject(args))) {
		return bp_err_set(err, BP_EINVAL,
				  "a request is {\"job\":name,\"args\":{...}} on one line");
	}
	const struct bp_job *job = bp_job_find(name->valuestring);
	if (!job) {
		return bp_err_set(err, BP_ENOTFOUND,
				  "no job \"%.40s\": restart the service if it "
				  "is older than this program",
				  name->valuestring);
	}
	*out_job = job;
	*out_args = args;
	return BP_OK;
}

cJSON *bp_job_error(const struct bp_err *err)
{
	cJSON *answer = cJSON_CreateObject();
	cJSON *error = cJSON_AddObjectToObject(answer, "error");

	cJSON_AddStringToObject(error, "code", bp_rc_text(err->rc));
	cJSON_AddStringToObject(error, "message", err->msg[0] ? err->msg : bp_rc_text(err->rc));
	return answer;
}

cJSON *bp_job_answer(struct bp_service *service, const cJSON *request, struct bp_job_reply *reply)
{
	const struct bp_job *job = NULL;
	const cJSON *args = NULL;
	struct bp_err err = {0};
	cJSON *result = NULL;

	enum bp_rc rc = bp_job_parse(request, &job, &args, &err);
	if (rc == BP_OK && job) {
		rc = job->run(service, args, reply, &result, &err);
	}
	if (rc != BP_OK) {
		err.rc = rc;
		return bp_job_error(&err);
	}
	cJSON *answer = cJSON_CreateObject();
	cJSON_AddItemToObject(answer, "result", result ? result : cJSON_CreateObject());
	return answer;
}

const char *bp_job_text(const cJSON *args, const char *name)
{
	const cJSON *item = args ? cJSON_GetObjectItemCaseSensitive(args, name) : NULL;

	return item && cJSON_IsString(item) ? item->valuestring : NULL;
}

bool bp_job_flag(const cJSON *args, const char *name)
{
	const cJSON *item = args ? cJSON_GetObjectItemCaseSensitive(args, name) : NULL;

	return cJSON_IsTrue(item) != 0;
}
