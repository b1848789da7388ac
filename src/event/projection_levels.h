/* SPDX-License-Identifier: MIT */
/**
 * projection_levels.h - what is kept at which privacy level: the one table.
 *
 * Why:     the projection asks it before it writes a text, `privacy show` prints it, and
 *          `privacy audit` looks for keys that it does not allow. A text that is not in it does
 *          not pass.
 * Place:   libc only; also in the hook, whose level is always strict.
 * Source:  privacy.md 1; keys are those of docs/design/payload.md.
 */
#ifndef BP_EVENT_PROJECTION_LEVELS_H
#define BP_EVENT_PROJECTION_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "event/event.h"
#include "event/json.h"

/** A text that a level may keep, as the redactor gets it. */
struct bp_text_request {
	struct bp_json value; /* a string as it stands in JSON, or absent: then text */
	struct bp_str text;   /* decoded */
	struct bp_str key;    /* the name it stands under; empty: none */
	size_t max_bytes;
	size_t max_chars; /* 0: no limit but that of the bytes */
	bool paths;       /* paths may not stay */
};

/**
 * Takes secrets out of a text. The projection has no way of its own: without this no text passes.
 * Shape: a view until the next call; absent: it may not pass. *out_cut: its end was left away.
 */
typedef struct bp_str (*bp_redact_fn)(void *arg, const struct bp_text_request *request,
				      bool *out_cut);

enum bp_kept {
	/* strict: no text, and not asked for by field */
	BP_KEPT_ENVELOPE,
	BP_KEPT_TOKENS,
	BP_KEPT_MEASURES,
	BP_KEPT_TOOLS,
	BP_KEPT_EDITS,
	BP_KEPT_COMMANDS,
	BP_KEPT_ERRORS,
	BP_KEPT_BRANCH,
	BP_KEPT_PROJECT,
	/* standard */
	BP_KEPT_PROGRAM,
	BP_KEPT_MCP,
	BP_KEPT_TITLE,
	BP_KEPT_ERROR_TEXT,
	/* full */
	BP_KEPT_PROMPT,
	BP_KEPT_ANSWER,
	BP_KEPT_PATH,
	BP_KEPT_INPUT,
	BP_KEPT_OUTPUT,
	BP_KEPT_N
};

struct bp_kept_rule {
	const char *name;
	const char *what; /* one line for people */
	const char *keys; /* of the payload, blank-separated; NULL: columns, and keys of strict */
	enum bp_level level; /* from which it is kept */
	uint32_t opt_out;    /* enum bp_opt_out bits, any of which takes it out; 0: none */
	const char *setting; /* a further setting that must be true; NULL: none */
	size_t max_bytes;    /* of a text */
	size_t max_chars;    /* 0: no limit but that of the bytes */
	bool paths;          /* paths in it may stay */
};

extern const struct bp_kept_rule bp_kept_rules[BP_KEPT_N];

struct bp_policy;

/** True when the policy, whose level is one that a source has, keeps it. */
bool bp_kept(const struct bp_policy *policy, enum bp_kept what);

/** The name of a level: strict standard full. */
const char *bp_level_name(enum bp_level level);

#endif
