/* SPDX-License-Identifier: MIT */
/* The job `purge`: forget a scope everywhere, then prove it (privacy.md 4). */
#include <stdlib.h>

#include "daemon/final.h"
#include "daemon/job.h"
#include "daemon/purge.h"
#include "daemon/quiet.h"
#include "daemon/rescue.h"

enum { REDIS_MS = 30000, TRIES_MAX = 50, POLL_MS = 5 };

static void say(struct bp_job_reply *reply, const char *step)
{
	cJSON *progress = cJSON_CreateObject();

	cJSON_AddStringToObject(progress, "step", step);
	reply->progress(reply, progress);
}

static enum bp_rc open_all(struct bp_purge *purge, struct bp_err *err)
{
	enum bp_rc rc = bp_service_sql(purge->service, BP_SQL_WRITE, &purge->sql, err);

	purge->codec = bp_codec_new();
	if (rc == BP_OK) {
		rc = bp_codec_load(purge->codec, purge->sql, err);
	}
	if (rc == BP_OK) {
		/* What is deleted is overwritten, not only unlinked. */
		rc = bp_sql_exec(purge->sql, "PRAGMA secure_delete = ON", err);
	}
	if (rc == BP_OK) {
		rc = bp_service_redis(purge->service, REDIS_MS, &purge->redis, err);
	}
	return rc;
}

static void close_all(struct bp_purge *purge)
{
	bp_purge_done(purge);
	bp_codec_free(purge->codec);
	bp_redis_close(purge->redis);
	bp_sql_close(purge->sql);
}

/** What would go. */
static enum bp_rc plan(struct bp_purge *purge, cJSON **out, struct bp_err *err)
{
	cJSON *copies = cJSON_CreateArray();
	enum bp_rc rc = bp_purge_count(purge, err);

	if (rc == BP_OK) {
		rc = bp_purge_archive(purge, true, err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_letters(purge, true, err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_spool(purge, true, err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_copies(purge, copies, err);
	}
	if (rc != BP_OK) {
		cJSON_Delete(copies);
		return rc;
	}
	*out = cJSON_CreateObject();
	cJSON_AddNumberToObject(*out, "schema_version", 1);
	cJSON_AddTrueToObject(*out, "dry_run");
	cJSON_AddNumberToObject(*out, "sessions", (double)purge->n_sessions);
	cJSON_AddNumberToObject(*out, "rows", (double)purge->rows);
	cJSON_AddNumberToObject(*out, "archived_rows", (double)purge->archived_rows);
	cJSON_AddNumberToObject(*out, "dead_letters", (double)purge->dead_letters);
	cJSON_AddNumberToObject(*out, "spool_files", (double)purge->spool_files);
	cJSON_AddItemToObject(*out, "copies_in", copies);
	return BP_OK;
}

/** Hold everything still with the streams empty and dropped. Errors: everything goes on then. */
static enum bp_rc begin_quiet(struct bp_purge *purge, struct bp_err *err)
{
	bool done = false;

	/* A hook may add an event between the last look and the drop: then it is stored first. */
	for (int i = 0; i < TRIES_MAX; i++) {
		enum bp_rc rc = bp_quiet_begin(purge->service, purge->redis, err);
		if (rc != BP_OK) {
			return rc;
		}
		/* What is stored is only in the WAL perhaps; the stream was its safety until now. */
		rc = bp_purge_space(purge, false, err);
		if (rc == BP_OK) {
			rc = bp_purge_streams(purge, &done, err);
		}
		if (rc == BP_OK && done) {
			return BP_OK;
		}
		bp_quiet_end(purge->service);
		if (rc != BP_OK) {
			return rc;
		}
	}
	return bp_err_set(err, BP_EBUSY, "events come in too fast to purge: try again later");
}

static enum bp_rc remove_all(struct bp_purge *purge, struct bp_job_reply *reply, struct bp_err *err)
{
	bool text = false;

	say(reply, "deleting");
	enum bp_rc rc = bp_purge_text(purge, &text, err);
	/* Anew: what was in the queue is stored now. */
	if (rc == BP_OK) {
		rc = bp_purge_letters(purge, false, err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_spool(purge, false, err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_rows(purge, err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_mentions(purge, err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_limits(purge, err);
	}
	if (rc == BP_OK) {
		/* Before the facts, which are made again from what is left of it. */
		rc = bp_purge_archive(purge, false, err);
	}
	say(reply, "facts");
	if (rc == BP_OK) {
		rc = bp_slowpath_forget(purge->sql, purge->service->lock, purge->codec,
					purge->service->archive, purge->sessions, purge->n_sessions,
					err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_names(purge, err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_checkpoints(purge, err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_index(purge, err);
	}
	/* Others wrote text without overwriting what it replaced, and no id stands beside that by
	   which the search would find it: the whole file is written anew. */
	if (rc == BP_OK) {
		rc = bp_purge_space(purge, text, err);
	}
	return rc;
}

/** Until rollups and facts of what is left are final again. */
static enum bp_rc wait_final(struct bp_purge *purge, struct bp_err *err)
{
	struct bp_final final;
	enum bp_rc rc = bp_final_open(purge->service, &final, err);

	while (rc == BP_OK) {
		rc = bp_final_look(&final, err);
		if (rc != BP_OK || final.step == BP_FINAL_DONE) {
			break;
		}
		if (bp_stop_wait(&purge->service->stop, POLL_MS)) {
			rc = bp_err_set(err, BP_ESTOPPED,
					"the service stops in the middle of a purge: purge again");
		}
	}
	bp_final_close(&final);
	return rc;
}

/** Search, and once more after the database was rewritten: a page may keep old bytes in its unused
 *  part from before this purge. */
static enum bp_rc prove(struct bp_purge *purge, int64_t *out_files, struct bp_err *err)
{
	char where[BP_HOME_PATH_BYTES] = "";
	enum bp_rc rc = BP_OK;

	for (int i = 0; i < 2; i++) {
		rc = bp_purge_search(purge, where, out_files, err);
		if (rc != BP_OK || !where[0]) {
			return rc;
		}
		bp_fastpath_pause(purge->service->fastpath, true);
		bp_slowpath_pause(purge->service->slowpath, true);
		rc = bp_purge_space(purge, true, err);
		bp_slowpath_pause(purge->service->slowpath, false);
		bp_fastpath_pause(purge->service->fastpath, false);
		if (rc == BP_OK) {
			rc = bp_purge_rewrite(purge, err);
		}
		if (rc != BP_OK) {
			return rc;
		}
	}
	rc = bp_purge_search(purge, where, out_files, err);
	if (rc == BP_OK && where[0]) {
		rc = bp_err_set(err, BP_ECORRUPT,
				"it was deleted, but \"%s\" in the home still holds a trace of it: "
				"purge again, and tell us",
				where);
	}
	return rc;
}

static enum bp_rc purge_now(struct bp_purge *purge, struct bp_job_reply *reply, cJSON **out,
			    struct bp_err *err)
{
	int64_t files = 0;
	enum bp_rc rc = begin_quiet(purge, err);

	if (rc != BP_OK) {
		return rc;
	}
	rc = remove_all(purge, reply, err);
	bp_quiet_end(purge->service);
	if (rc == BP_OK) {
		say(reply, "rollups");
		rc = wait_final(purge, err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_space(purge, false, err);
	}
	if (rc == BP_OK) {
		rc = bp_purge_rewrite(purge, err);
	}
	if (rc == BP_OK) {
		rc = bp_rescue_delete_old(purge->service, err);
	}
	if (rc == BP_OK) {
		say(reply, "searching");
		rc = prove(purge, &files, err);
	}
	if (rc == BP_OK) {
		*out = cJSON_CreateObject();
		cJSON_AddNumberToObject(*out, "schema_version", 1);
		cJSON_AddNumberToObject(*out, "sessions", (double)purge->n_whole);
		cJSON_AddNumberToObject(*out, "rows", (double)purge->rows);
		cJSON_AddNumberToObject(*out, "archived_rows", (double)purge->archived_rows);
		cJSON_AddNumberToObject(*out, "dead_letters", (double)purge->dead_letters);
		cJSON_AddNumberToObject(*out, "spool_files", (double)purge->spool_files);
		cJSON_AddNumberToObject(*out, "files_searched", (double)files);
	}
	return rc;
}

static enum bp_rc run(struct bp_service *service, const cJSON *args, struct bp_job_reply *reply,
		      cJSON **out_result, struct bp_err *err)
{
	struct bp_purge purge = {.service = service};

	bp_service_take_archive(service);
	if (atomic_load(&service->rescuing)) {
		bp_service_give_archive(service);
		return bp_err_set(
			err, BP_EBUSY,
			"the database is being made anew; purge when it is done: blueplane "
			"status --wait");
	}
	enum bp_rc rc = open_all(&purge, err);

	if (rc == BP_OK) {
		rc = bp_purge_resolve(&purge, args, err);
	}
	if (rc == BP_OK) {
		rc = bp_job_flag(args, "dry_run") ? plan(&purge, out_result, err)
						  : purge_now(&purge, reply, out_result, err);
	}
	close_all(&purge);
	bp_service_give_archive(service);
	return rc;
}

const struct bp_job bp_job_purge = {.name = "purge", .run = run};
