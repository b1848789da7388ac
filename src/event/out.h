/* SPDX-License-Identifier: MIT */
/**
 * out.h - write JSON into fixed memory.
 *
 * Why:     the hook has no heap; the daemon uses the same writer.
 * Contract: sticky failure: when something does not fit, full is set and nothing more is written.
 *          Commas are put where they belong; text is escaped, bad UTF-8 becomes U+FFFD.
 */
#ifndef BP_EVENT_OUT_H
#define BP_EVENT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct bp_out {
	char *ptr;
	size_t len;
	size_t cap;
	bool full;  /* something did not fit: the content is not to be used */
	bool comma; /* the next member or element needs one */
};

struct bp_out bp_out_make(char *space, size_t cap);
struct bp_str bp_out_str(const struct bp_out *out);

void bp_out_object(struct bp_out *out);     /* { */
void bp_out_object_end(struct bp_out *out); /* } */
void bp_out_array(struct bp_out *out);      /* [ */
void bp_out_array_end(struct bp_out *out);  /* ] */
void bp_out_key(struct bp_out *out, struct bp_str key);

/** Values; as elements of an array, or after bp_out_key(). */
void bp_out_text(struct bp_out *out, struct bp_str text);
void bp_out_int(struct bp_out *out, int64_t value);
void bp_out_bool(struct bp_out *out, bool value);
void bp_out_raw(struct bp_out *out, struct bp_str json);

/** Members; absent text, BP_ABSENT numbers and false flags write nothing. */
void bp_out_member_text(struct bp_out *out, struct bp_str key, struct bp_str text);
void bp_out_member_int(struct bp_out *out, struct bp_str key, int64_t value);
void bp_out_member_flag(struct bp_out *out, struct bp_str key, bool value);

#endif
