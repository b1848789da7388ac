/* SPDX-License-Identifier: MIT */
/* The job `status`: what only the running service knows, beside what the files say. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/job.h"
#include "daemon/service.h"
#include "event/event.h"
#include "query/status.h"
#include "stream/dlq.h"
#include "stream/spool.h"

enum { REDIS_TIMEOUT_MS = 500 };

static int64_t file_bytes(const char *path, const char *suffix)
{
	char name[BP_HOME_PATH_BYTES + 8];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

static void read_redis(struct bp_service *service, struct bp_status *status)
{
	struct bp_redis *redis = NULL;

	(void)pthread_mutex_lock(&service->mutex);
	status->redis_pid = service->redis_pid ? service->redis_pid : BP_SQL_NULL;
	status->redis_restarts = service->redis_restarts;
	(void)pthread_mutex_unlock(&service->mutex);
	status->redis_private = service->redis != NULL;
	status->redis_state = "down";
	status->queue_depth = BP_SQL_NULL;
	status->dead_letters = BP_SQL_NULL;
	/* Redis away is a thing to show, not an error of this job. */
	if (bp_service_redis(service, REDIS_TIMEOUT_MS, &redis, NULL) != BP_OK) {
		return;
	}
	if (bp_service_queue(redis, &status->queue_depth, NULL) == BP_OK &&
	    bp_dlq_length(redis, &status->dead_letters, NULL) == BP_OK) {
		status->redis_state = "running";
	}
	bp_redis_close(redis);
}

/** Why nothing is stored at the moment, and what to do. */
static const char *database_error(const struct bp_service *service)
{
	const struct bp_fastpath_counters *counters = bp_fastpath_counters(service->fastpath);
	int_fast64_t rc = atomic_load(&counters->store_rc);

	if (rc == BP_OK) {
		return NULL;
	}
	return rc == BP_ELIMIT     ? "the disk is full: make room"
	       : rc == BP_EBUSY    ? "another program holds it locked: end that"
	       : rc == BP_ECORRUPT ? "it is damaged: it is being set aside"
				   : "it cannot be written to: see blueplane logs";
}

static void read_sources(struct bp_service *service, struct bp_status *status)
{
	struct bp_source_state states[BP_STATUS_SOURCES_MAX];
	size_t n = bp_capture_sources(service->capture, states, BP_STATUS_SOURCES_MAX);
	int64_t now_us = bp_clock_wall_us();

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < status->n_sources; j++) {
			struct bp_status_source *source = &status->sources[j];
			const struct bp_source_state *state = &states[i];

			if (strcmp(source->name, state->name) != 0) {
				continue;
			}
			source->enabled = state->enabled;
			if (state->last_event_us != BP_ABSENT) {
				source->last_event_us = state->last_event_us;
			}
			source->lag_ms = 0;
			if (state->lag_bytes > 0 && source->last_event_us != BP_SQL_NULL) {
				source->lag_ms = (now_us - source->last_event_us) / 1000;
			}
			/* Not state->errors: a queue that was away for a moment cost no line. */
		}
	}
}

/** Go on counting where the last `status` ended. */
static enum bp_rc count_rows(struct bp_service *service, struct bp_sql *sql,
			     struct bp_status_rows *out, struct bp_err *err)
{
	(void)pthread_mutex_lock(&service->mutex);
	*out = service->rows;
	int64_t epoch = service->rows_epoch;
	(void)pthread_mutex_unlock(&service->mutex);
	enum bp_rc rc = bp_status_count(sql, true, out, err);
	(void)pthread_mutex_lock(&service->mutex);
	/* A purge in between: what was counted may be gone. */
	if (rc == BP_OK && epoch == service->rows_epoch) {
		service->rows = *out;
	}
	(void)pthread_mutex_unlock(&service->mutex);
	return rc;
}

static enum bp_rc run(struct bp_service *service, const cJSON *args, struct bp_job_reply *reply,
		      cJSON **out_result, struct bp_err *err)
{
	struct bp_status status = {
		.state = "running",
		.version = BP_VERSION,
		.pid = getpid(),
		.uptime_s = (bp_clock_mono_us() - service->started_us) / 1000000,
		.home = service->home,
		.database_path = service->database,
		.database_bytes =
			file_bytes(service->database, "") + file_bytes(service->database, "-wal"),
	};
	struct bp_spool_state spool = {0};
	struct bp_sql *sql = NULL;

	(void)args;
	(void)reply;
	enum bp_rc rc = bp_service_sql(service, BP_SQL_READ, &sql, err);
	if (rc == BP_OK) {
		rc = count_rows(service, sql, &status.rows, err);
	}
	if (rc == BP_OK) {
		rc = bp_status_read(sql, &status, err);
	}
	bp_sql_close(sql);
	if (rc != BP_OK) {
		return rc;
	}
	read_redis(service, &status);
	status.database_error = database_error(service);
	bp_spool_state(service->home, &spool);
	status.spool_files = spool.files;
	status.spool_bytes = spool.bytes;
	status.spool_lost = spool.lost;
	read_sources(service, &status);
	*out_result = bp_status_json(&status);
	return BP_OK;
}

const struct bp_job bp_job_status = {.name = "status", .quick = true, .run = run};
