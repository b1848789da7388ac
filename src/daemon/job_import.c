/* SPDX-License-Identifier: MIT */
/* The job `import`: read files now, whole, and answer when every number is final. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/final.h"
#include "daemon/import_report.h"
#include "daemon/job.h"
#include "daemon/service.h"
#include "event/event.h"

enum { POLL_MS = 5, SAY_US = 100 * 1000, AGAIN_US = 2000 * 1000 };

struct import_run {
	struct bp_service *service;
	struct bp_job_reply *reply;
	struct bp_import *import;
	struct bp_import_snapshot before;
	struct bp_final final;
	int64_t start_us;
	int64_t next_say_us;
	size_t stored; /* files 0..stored-1 are stored */
};

static void say(struct import_run *run, const char *step)
{
	struct bp_import_progress at;
	int64_t now_us = bp_clock_mono_us();

	if (now_us < run->next_say_us) {
		return;
	}
	run->next_say_us = now_us + SAY_US;
	bp_import_progress(run->import, &at);
	cJSON *progress = cJSON_CreateObject();
	cJSON_AddStringToObject(progress, "step", step);
	cJSON_AddNumberToObject(progress, "files", (double)at.files);
	cJSON_AddNumberToObject(progress, "files_done", (double)at.files_done);
	cJSON_AddNumberToObject(progress, "bytes", (double)at.bytes);
	cJSON_AddNumberToObject(progress, "bytes_done", (double)at.bytes_done);
	cJSON_AddNumberToObject(progress, "left", (double)run->final.left);
	cJSON_AddNumberToObject(progress, "seconds", (double)(now_us - run->start_us) / 1e6);
	run->reply->progress(run->reply, progress);
}

/** Wait a moment. Errors: BP_ESTOPPED. */
static enum bp_rc pause_a_moment(struct import_run *run, struct bp_err *err)
{
	if (bp_stop_wait(&run->service->stop, POLL_MS)) {
		return bp_err_set(err, BP_ESTOPPED,
				  "the service stops; import again goes on where this ended");
	}
	return BP_OK;
}

/** Until every whole line was added to the queue. */
static enum bp_rc wait_read(struct import_run *run, struct bp_err *err)
{
	struct bp_import_progress at;
	enum bp_rc rc = BP_OK;

	for (bp_import_progress(run->import, &at); rc == BP_OK && !at.done;
	     bp_import_progress(run->import, &at)) {
		say(run, "reading");
		rc = pause_a_moment(run, err);
	}
	return rc;
}

/**
 * Ask anew how far a file was read. What was sent of it may be gone with its Redis, and the file
 * may have shrunk, or been read up to another byte since (a last line got its end), or is gone:
 * then what we wait for never comes.
 */
static enum bp_rc look_again(struct import_run *run, const char *path, bool *out_stored,
			     struct bp_err *err)
{
	char *copy = bp_strdup(bp_str_from(path));
	struct bp_import *again = NULL;
	struct bp_import_progress at = {0};
	struct bp_import_file file;
	enum bp_rc rc = bp_capture_import_start(run->service->capture, &copy, 1, BP_ABSENT, false,
						&again, err);

	free(copy);
	if (rc != BP_OK) {
		*out_stored = rc == BP_ENOTFOUND;
		return rc == BP_ENOTFOUND ? BP_OK : rc;
	}
	for (bp_import_progress(again, &at); rc == BP_OK && !at.done;
	     bp_import_progress(again, &at)) {
		say(run, "storing");
		rc = pause_a_moment(run, err);
	}
	*out_stored = true;
	for (size_t i = 0; rc == BP_OK && *out_stored && bp_import_file(again, i, &file); i++) {
		rc = bp_import_file_stored(run->final.sql, &file, out_stored, err);
	}
	bp_import_free(again);
	return rc;
}

/** Until the checkpoint of every file has reached what was sent of it. */
static enum bp_rc wait_stored(struct import_run *run, struct bp_err *err)
{
	struct bp_import_file file;
	int64_t again_us = bp_clock_mono_us() + AGAIN_US;

	while (bp_import_file(run->import, run->stored, &file)) {
		bool stored = false;
		enum bp_rc rc = bp_import_file_stored(run->final.sql, &file, &stored, err);

		if (rc == BP_OK && !stored && bp_clock_mono_us() >= again_us) {
			rc = look_again(run, file.path, &stored, err);
			again_us = bp_clock_mono_us() + AGAIN_US;
		}
		if (rc == BP_OK && stored) {
			run->stored++;
			continue;
		}
		say(run, "storing");
		if (rc == BP_OK) {
			rc = pause_a_moment(run, err);
		}
		if (rc != BP_OK) {
			return rc;
		}
	}
	return BP_OK;
}

static enum bp_rc wait_final(struct import_run *run, struct bp_err *err)
{
	for (;;) {
		enum bp_rc rc = bp_final_look(&run->final, err);

		if (rc != BP_OK || run->final.step == BP_FINAL_DONE) {
			return rc;
		}
		say(run, bp_final_step_name(run->final.step));
		rc = pause_a_moment(run, err);
		if (rc != BP_OK) {
			return rc;
		}
	}
}

/** args.paths as texts. Owns: the caller, the array alone. */
static char **get_paths(const cJSON *args, size_t *out_n)
{
	const cJSON *list = args ? cJSON_GetObjectItemCaseSensitive(args, "paths") : NULL;
	char **paths = bp_calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*paths));

	*out_n = 0;
	for (const cJSON *item = list ? list->child : NULL; item; item = item->next) {
		if (cJSON_IsString(item)) {
			paths[(*out_n)++] = item->valuestring;
		}
	}
	return paths;
}

static int64_t get_since(const cJSON *args)
{
	const cJSON *since = args ? cJSON_GetObjectItemCaseSensitive(args, "since_us") : NULL;

	return since && cJSON_IsNumber(since) ? llround(since->valuedouble) : BP_ABSENT;
}

static bool get_refresh(const cJSON *args)
{
	return args && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(args, "refresh"));
}

static enum bp_rc run(struct bp_service *service, const cJSON *args, struct bp_job_reply *reply,
		      cJSON **out_result, struct bp_err *err)
{
	struct import_run run = {
		.service = service, .reply = reply, .start_us = bp_clock_mono_us()};
	size_t n = 0;
	char **paths = get_paths(args, &n);
	enum bp_rc rc = bp_final_open(service, &run.final, err);

	if (rc == BP_OK) {
		rc = bp_import_snapshot_take(run.final.sql, &run.before, err);
	}
	if (rc == BP_OK) {
		rc = bp_capture_import_start(service->capture, paths, n, get_since(args),
					     get_refresh(args), &run.import, err);
	}
	if (rc == BP_OK) {
		rc = wait_read(&run, err);
	}
	if (rc == BP_OK) {
		rc = wait_stored(&run, err);
	}
	if (rc == BP_OK) {
		rc = wait_final(&run, err);
	}
	if (rc == BP_OK) {
		double seconds = (double)(bp_clock_mono_us() - run.start_us) / 1e6;
		rc = bp_import_report(run.final.sql, run.import, &run.before, seconds, out_result,
				      err);
	}
	bp_import_free(run.import);
	bp_import_snapshot_done(&run.before);
	bp_final_close(&run.final);
	free(paths);
	return rc;
}

const struct bp_job bp_job_import = {.name = "import", .run = run};
