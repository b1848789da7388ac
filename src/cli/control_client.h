/* SPDX-License-Identifier: MIT */
/**
 * control_client.h - ask the service for a job, or run it without one.
 *
 * Why:     what changes the database goes through the service; with none running the same job is
 *          done by `blueplaned --once` under the same lock, so every command works either way.
 * Shape:   {"job","args"} out; {"progress"}*, then {"result"} or {"error":{"code","message"}} in.
 * Threads: one.
 */
#ifndef BP_CLI_CONTROL_CLIENT_H
#define BP_CLI_CONTROL_CLIENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/err.h"

/** What to do with {"progress":{...}}; may be NULL. */
typedef void (*bp_progress_fn)(const cJSON *progress, void *arg);

/** Where progress goes, and how long a reply may take. */
struct bp_call {
	const char *home;
	bp_progress_fn progress;
	void *arg;
	int timeout_ms; /* between two lines; -1: for ever */
};

/**
 * Ask the running service. Takes args (NULL: none).
 * Owns:   *out_result is the caller's, cJSON_Delete().
 * Errors: BP_ENOTFOUND no service runs; BP_EIO it went away; BP_EBUSY it did not answer in time;
 *         else what the job said (its code becomes BP_EINVAL, BP_ENOTFOUND never).
 */
BP_MUSTUSE enum bp_rc bp_control_ask(const struct bp_call *call, const char *job, cJSON *args,
				     cJSON **out_result, struct bp_err *err);

/** As bp_control_ask, by `blueplaned --once` when no service runs. Errors: as _ask, without
 *  BP_ENOTFOUND. */
BP_MUSTUSE enum bp_rc bp_control_run(const struct bp_call *call, const char *job, cJSON *args,
				     cJSON **out_result, struct bp_err *err);

/** True when a service answers; its pid then. */
bool bp_control_ping(const char *home, long *out_pid);

#endif
