/* SPDX-License-Identifier: MIT */
/**
 * audit.h - is anything kept that the present privacy level does not allow, or that looks like a
 * secret?
 *
 * Why:     the promise of privacy.md, checked on the user's own data; the same table that the
 *          projection asks says what is allowed (event/projection_levels.h).
 * Contract: a finding says where and what kind, never what was found.
 * Threads: the job thread.
 */
#ifndef BP_DAEMON_AUDIT_H
#define BP_DAEMON_AUDIT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/job.h"
#include "daemon/service.h"
#include "event/event.h"
#include "redact/redact.h"

enum { BP_AUDIT_PLACE_BYTES = 96, BP_AUDIT_KIND_BYTES = 48, BP_AUDIT_FINDINGS_MAX = 200 };

/** Kept once for every place and kind. */
struct bp_finding {
	char place[BP_AUDIT_PLACE_BYTES]; /* "claude_row", "conversations.title", "log/x.log" */
	char kind[BP_AUDIT_KIND_BYTES];   /* "secret: email", "above the level: prompt" */
	char first[64];                   /* where the first one stands: "sequence 17" */
	int64_t count;
};

struct bp_audit {
	struct bp_service *service;
	struct bp_job_reply *reply;
	struct bp_redact *redact;
	struct bp_redact_scratch *scratch;
	struct bp_policy policies[2]; /* of Claude Code, and of any other platform */
	char *space;                  /* decoded text */
	size_t space_bytes;
	struct bp_finding findings[BP_AUDIT_FINDINGS_MAX];
	size_t n_findings;
	char archive_file[64]; /* that is being read: where a finding stands */
	int64_t rows, archived_rows, facts, entries, files;
};

/** Compile the patterns, take the policy from the options. Owns: bp_audit_done(), also on error.
 *  Errors: those of bp_redact_new(). */
BP_MUSTUSE enum bp_rc bp_audit_init(struct bp_audit *audit, struct bp_service *service,
				    struct bp_job_reply *reply, struct bp_err *err);
void bp_audit_done(struct bp_audit *audit);

/** Count a finding. */
void bp_audit_found(struct bp_audit *audit, const char *place, const char *kind, const char *what,
		    const char *first);

/** Look at one event: its columns, and every text of its payload. */
void bp_audit_event(struct bp_audit *audit, const char *place, const char *where,
		    const struct bp_event *event);

/** Look at one text for secrets. name: it is one, so no sentence may be in it. */
void bp_audit_text(struct bp_audit *audit, const char *place, const char *where, struct bp_str key,
		   struct bp_str text, bool name);

/* audit_places.c */

/** Every inflated row. Errors: those of bp_raw_read(). */
BP_MUSTUSE enum bp_rc bp_audit_rows(struct bp_audit *audit, struct bp_err *err);
/** Every row of the archive. Errors: those of bp_archive_rows(). */
BP_MUSTUSE enum bp_rc bp_audit_archive(struct bp_audit *audit, struct bp_err *err);
/** Every text of every other table. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_audit_facts(struct bp_audit *audit, struct bp_err *err);
/** Streams and dead letters. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_audit_redis(struct bp_audit *audit, struct bp_err *err);
/** Spool, logs, and what Redis writes. */
void bp_audit_files(struct bp_audit *audit);

#endif
