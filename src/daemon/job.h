/* SPDX-License-Identifier: MIT */
/**
 * job.h - one thing a client can ask the service to do.
 *
 * Why:     only blueplaned writes the database; a command that changes something is a job. One
 *          file job_<what>.c each, ending in a const struct; jobs.c is the table.
 * Shape:   request {"job":name,"args":{...}}; replies {"progress":{...}}* and then {"result":{...}}
 *          or {"error":{"code","message"}}, one JSON object per line.
 * Threads: a quick job runs on the control thread and must not wait; every other one runs on the
 *          job thread, one at a time.
 */
#ifndef BP_DAEMON_JOB_H
#define BP_DAEMON_JOB_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/err.h"

struct bp_service;

/** Where a job says how far it is. */
struct bp_job_reply {
	/** Takes progress. Any number of times before run() returns. */
	void (*progress)(struct bp_job_reply *reply, cJSON *progress);
	/** True when nobody waits for the answer any more. */
	bool (*gone)(struct bp_job_reply *reply);
};

struct bp_job {
	const char *name;
	bool quick; /* answers at once: the control thread runs it */

	/**
	 * Do it. args is an object, perhaps empty.
	 * Owns:   *out_result is the caller's, cJSON_Delete().
	 * Errors: whatever it calls; BP_ESTOPPED the service stops first.
	 */
	enum bp_rc (*run)(struct bp_service *service, const cJSON *args, struct bp_job_reply *reply,
			  cJSON **out_result, struct bp_err *err);
};

extern const struct bp_job bp_job_archive;
extern const struct bp_job bp_job_archive_list;
extern const struct bp_job bp_job_archive_restore;
extern const struct bp_job bp_job_archive_verify;
extern const struct bp_job bp_job_backup;
extern const struct bp_job bp_job_compact;
extern const struct bp_job bp_job_dlq_drop;
extern const struct bp_job bp_job_dlq_list;
extern const struct bp_job bp_job_dlq_replay;
extern const struct bp_job bp_job_import;
extern const struct bp_job bp_job_ping;
extern const struct bp_job bp_job_privacy_audit;
extern const struct bp_job bp_job_privacy_show;
extern const struct bp_job bp_job_purge;
extern const struct bp_job bp_job_rebuild;
extern const struct bp_job bp_job_reload;
extern const struct bp_job bp_job_reprice;
extern const struct bp_job bp_job_rescue;
extern const struct bp_job bp_job_status;
extern const struct bp_job bp_job_stop;
extern const struct bp_job bp_job_verify;
extern const struct bp_job bp_job_wait;

/** The job of that name, or NULL. */
const struct bp_job *bp_job_find(const char *name);

/**
 * Take a request apart.
 * Shape:  *out_args points into request, or is NULL when there are none.
 * Errors: BP_EINVAL not {"job":...}; BP_ENOTFOUND no such job.
 */
BP_MUSTUSE enum bp_rc bp_job_parse(const cJSON *request, const struct bp_job **out_job,
				   const cJSON **out_args, struct bp_err *err);

/** Run a job and give the one object that answers it: {"result":...} or {"error":...}.
 *  Owns: the caller. */
cJSON *bp_job_answer(struct bp_service *service, const cJSON *request, struct bp_job_reply *reply);

/** {"error":{"code","message"}}. Owns: the caller. */
cJSON *bp_job_error(const struct bp_err *err);

/* Arguments. */

/** A text, or NULL. Borrowed. */
const char *bp_job_text(const cJSON *args, const char *name);
/** True only for true. */
bool bp_job_flag(const cJSON *args, const char *name);

#endif
