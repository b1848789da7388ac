/* SPDX-License-Identifier: MIT */
#include "daemon/final.h"

#include <string.h>

#include "stream/spool.h"

enum { REDIS_TIMEOUT_MS = 2000 };

enum bp_rc bp_final_open(struct bp_service *service, struct bp_final *final, struct bp_err *err)
{
	memset(final, 0, sizeof(*final));
	final->service = service;
	return bp_service_sql(service, BP_SQL_READ, &final->sql, err);
}

void bp_final_close(struct bp_final *final)
{
	bp_sql_close(final->sql);
	bp_redis_close(final->redis);
	memset(final, 0, sizeof(*final));
}

/** What is queued; while Redis is away something may be, so 1. */
static int64_t queued(struct bp_final *final)
{
	int64_t depth = 1;

	if (!final->redis &&
	    bp_service_redis(final->service, REDIS_TIMEOUT_MS, &final->redis, NULL) != BP_OK) {
		return 1;
	}
	if (bp_service_queue(final->redis, &depth, NULL) != BP_OK) {
		bp_redis_close(final->redis);
		final->redis = NULL;
		return 1;
	}
	return depth;
}

enum bp_rc bp_final_look(struct bp_final *final, struct bp_err *err)
{
	struct bp_slowpath_lag lag = {0};
	struct bp_spool_state spool = {0};

	if (final->step == BP_FINAL_SOURCES) {
		/* Rows of a database that was set aside are a source too. */
		final->left = bp_capture_caught_up(final->service->capture) &&
					      !atomic_load(&final->service->rescuing)
				      ? 0
				      : 1;
		if (final->left > 0) {
			return BP_OK;
		}
		final->step = BP_FINAL_SPOOL;
	}
	if (final->step == BP_FINAL_SPOOL) {
		bp_spool_state(final->service->home, &spool);
		final->left = spool.files;
		if (spool.files > 0) {
			return BP_OK;
		}
		final->step = BP_FINAL_QUEUE;
	}
	if (final->step == BP_FINAL_QUEUE) {
		final->left = queued(final);
		if (final->left > 0) {
			return BP_OK;
		}
		final->step = BP_FINAL_ROWS;
	}
	if (final->step == BP_FINAL_DONE) {
		return BP_OK;
	}
	bp_slowpath_hurry(final->service->slowpath);
	enum bp_rc rc = bp_slowpath_lag(final->sql, &lag, err);
	if (rc != BP_OK) {
		return rc;
	}
	const int64_t left[] = {
		[BP_FINAL_ROWS] = lag.rows,
		[BP_FINAL_SESSIONS] = lag.sessions,
		[BP_FINAL_BUCKETS] = lag.buckets,
	};
	while (final->step < BP_FINAL_DONE && left[final->step] == 0) {
		final->step = (enum bp_final_step)(final->step + 1);
	}
	final->left = final->step < BP_FINAL_DONE ? left[final->step] : 0;
	return BP_OK;
}

const char *bp_final_step_name(enum bp_final_step step)
{
	static const char *const names[] = {"sources",  "spool",   "queue", "rows",
					    "sessions", "rollups", "done"};

	return names[step];
}
