/* SPDX-License-Identifier: MIT */
#include "daemon/once.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/thread.h"
#include "daemon/job.h"
#include "daemon/service.h"

struct bp_once {
	struct bp_service *service;
	cJSON *request;
	struct bp_thread thread;
	bool done; /* read after the thread ended */
};

static void print(cJSON *line)
{
	char *text = cJSON_PrintUnformatted(line);

	(void)printf("%s\n", text);
	(void)fflush(stdout);
	cJSON_free(text);
	cJSON_Delete(line);
}

static void print_progress(struct bp_job_reply *reply, cJSON *progress)
{
	cJSON *line = cJSON_CreateObject();

	(void)reply;
	cJSON_AddItemToObject(line, "progress", progress);
	print(line);
}

static bool never_gone(struct bp_job_reply *reply)
{
	(void)reply;
	return false; /* who asked is who waits; a signal ends both */
}

static void once_run(void *arg)
{
	struct bp_once *once = arg;
	struct bp_job_reply reply = {.progress = print_progress, .gone = never_gone};
	cJSON *answer = bp_job_answer(once->service, once->request, &reply);

	if (bp_stop_requested(&once->service->damage)) {
		cJSON_Delete(answer); /* main asks again, of a new database */
	} else {
		once->done = cJSON_HasObjectItem(answer, "result");
		print(answer);
	}
	bp_stop_request(&once->service->stop);
}

enum bp_rc bp_once_start(struct bp_service *service, const char *request, struct bp_once **out,
			 struct bp_err *err)
{
	struct bp_once *once = bp_calloc(1, sizeof(*once));

	once->service = service;
	once->request = cJSON_Parse(request);
	enum bp_rc rc = once->request
				? bp_thread_start(&once->thread, "bp-job", once_run, once, err)
				: bp_err_set(err, BP_EINVAL, "--once: not JSON");
	if (rc != BP_OK) {
		(void)bp_once_finish(once);
		return rc;
	}
	*out = once;
	return BP_OK;
}

bool bp_once_finish(struct bp_once *once)
{
	if (!once) {
		return false;
	}
	bp_thread_join(&once->thread);
	bool done = once->done;
	cJSON_Delete(once->request);
	free(once);
	return done;
}
