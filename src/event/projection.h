/* SPDX-License-Identifier: MIT */
/**
 * projection.h - what may be kept of what an assistant wrote: an allow-list, applied before
 * anything is queued.
 *
 * Why:     privacy is decided here and nowhere later. The projection also classifies: outcome
 *          rank, human prompt or not, line counts, lengths, keyed hashes.
 * Contract: a field that is not in the table of its type does not pass. Unknown types pass with
 *          their envelope only. Names and ids pass only in [A-Za-z0-9_.:@/+<>[]-] and up to
 *          BP_EVENT_NAME_MAX bytes; others are replaced by "h:" and their keyed hash.
 * Place:   libc only; the hook and the daemon share it; a differential fuzz holds them equal.
 * Threads: one thread owns a projector.
 */
#ifndef BP_EVENT_PROJECTION_H
#define BP_EVENT_PROJECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "event/event.h"
#include "event/hash.h"
#include "event/projection_levels.h"

enum { BP_PROJECTION_VERSION = 3 };

/** Groups a user may take out altogether (privacy.opt_out), as bits. */
enum bp_opt_out {
	BP_OPT_OUT_PROMPTS = 1 << 0,
	BP_OPT_OUT_TOOLS = 1 << 1,
	BP_OPT_OUT_EDITS = 1 << 2,
	BP_OPT_OUT_TOKENS = 1 << 3,
	BP_OPT_OUT_COST = 1 << 4,
	BP_OPT_OUT_ERRORS = 1 << 5,
	BP_OPT_OUT_SHELL = 1 << 6,
	BP_OPT_OUT_MCP = 1 << 7,
	BP_OPT_OUT_GIT = 1 << 8
};

/** The names of the bits above, in order, NULL-terminated. */
extern const char *const bp_opt_out_names[];

struct bp_policy {
	enum bp_level level;    /* of transcript lines; without redact, and for hooks, strict */
	uint32_t opt_out;       /* bits of enum bp_opt_out */
	bool project_names;     /* privacy.project_names */
	bool envelope_only;     /* no salt: keep what needs no hash */
	bool store_prompts;     /* privacy.store_prompts: of level full */
	bool store_responses;   /* privacy.store_responses */
	bp_redact_fn redact;    /* NULL: no text passes */
	void *redact_arg;       /* the projector's thread uses it */
	struct bp_hash_key key; /* the salt */
};

/** Working memory of a projection; large: static or heap, never on a stack. */
struct bp_projector {
	struct bp_policy policy;
	size_t space_used;
	char payload[BP_EVENT_BYTES_MAX / 2]; /* the payload is written here */
	char space[65536];                    /* decoded names and hashes */
};

/** Where a transcript line stands; everything a line does not say itself. */
struct bp_line_origin {
	struct bp_str path_hash; /* keyed hash of the file's path: identity of lines without uuid */
	int64_t offset_bytes;    /* of the line in its file */
	struct bp_str session_from_path; /* file stem; for a sub-agent file the session's folder */
	struct bp_str agent_from_path; /* after "agent-" in a sub-agent file's name, else absent */
	int64_t inherited_us;          /* last timestamp before it in its file, or BP_ABSENT */
	int64_t received_us;           /* now */
};

enum bp_projected {
	BP_PROJECTED,
	BP_PROJECT_MALFORMED, /* not one JSON object, or a hook without a session: a dead letter */
	BP_PROJECT_TOO_LARGE  /* the projection does not fit: a dead letter */
};

/**
 * Project one line of a Claude Code transcript.
 * Shape: *out holds views into text and into the projector until its next use.
 * Identity: (platform, sessionId, uuid), else (platform, path hash, offset, SHA-256 of the line).
 */
enum bp_projected bp_project_claude_line(struct bp_projector *projector, struct bp_str text,
					 const struct bp_line_origin *origin, struct bp_event *out);

/**
 * Project the stdin of one Claude Code hook. now_us is the time of receipt; random_bytes make
 * the id. Always at strict.
 */
enum bp_projected bp_project_claude_hook(struct bp_projector *projector, struct bp_str json,
					 int64_t now_us, const uint8_t random_bytes[10],
					 struct bp_event *out);

/** True when a transcript's text could be one of Claude Code's: for recognising files by content. */
bool bp_project_claude_recognise(struct bp_str text);

#endif
