/* SPDX-License-Identifier: MIT */
/**
 * redact.h - take secrets out of text.
 *
 * Why:     at the level full people's own words, tool input and output are kept; what a key, a
 *          password or an address in them looks like is known, and those are not.
 * Contract: the result has no match of any pattern left (bp_redact_find() on it says NULL), is
 *          well-formed UTF-8 and has no NUL. Where that cannot be reached, because a pattern hit
 *          its limit or the text would not come to rest, the whole text becomes
 *          "[redacted:limit]".
 * Place:   the daemon only; the hook keeps no text.
 * Threads: a compiled set is read by any number of threads; a scratch belongs to one.
 */
#ifndef BP_REDACT_REDACT_H
#define BP_REDACT_REDACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum {
	BP_REDACT_BYTES_MAX = 1 << 20,     /* of a result */
	BP_REDACT_SLACK_BYTES = 16 * 1024, /* what is read beyond max_bytes, and no more */
	BP_REDACT_MATCH_LIMIT = 200000     /* steps of one pattern at one place */
};

struct bp_redact;
struct bp_redact_scratch;

/**
 * Compile every pattern, once a process.
 * Owns:   bp_redact_free(), after every scratch.
 * Errors: BP_EINVAL names the pattern that does not compile.
 */
BP_MUSTUSE enum bp_rc bp_redact_new(struct bp_redact **out, struct bp_err *err);
void bp_redact_free(struct bp_redact *redact);

/**
 * What one caller needs beside the patterns. match_limit 0: BP_REDACT_MATCH_LIMIT.
 * Owns: bp_redact_scratch_free(). Borrows redact.
 */
struct bp_redact_scratch *bp_redact_scratch_new(const struct bp_redact *redact,
						uint32_t match_limit);
void bp_redact_scratch_free(struct bp_redact_scratch *scratch);

struct bp_redact_request {
	struct bp_str text;
	struct bp_str key; /* the name it stands under: of "password" nothing is kept */
	size_t max_bytes;  /* <= BP_REDACT_BYTES_MAX; the rest is cut */
	size_t max_chars;  /* 0: no limit but that of the bytes */
	bool paths;        /* take paths out as well */
};

/**
 * The text without secrets.
 * Shape: a view into the scratch, until its next use. *out_cut: something was left away at the end.
 */
struct bp_str bp_redact_text(struct bp_redact_scratch *scratch,
			     const struct bp_redact_request *request, bool *out_cut);

/** The kind of the first secret in a text, "limit" when a pattern hit its limit, NULL: none.
 *  What bp_redact_text() gave has none. key as above. */
const char *bp_redact_find(struct bp_redact_scratch *scratch, struct bp_str key,
			   struct bp_str text);

#endif
