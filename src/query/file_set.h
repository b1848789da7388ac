/* SPDX-License-Identifier: MIT */
/**
 * file_set.h - different files, exactly: ids of 8 bytes, mergeable.
 *
 * Why:     a file that was edited on two days is one file of the month; counts cannot be added.
 * Threads: one thread owns a set.
 */
#ifndef BP_QUERY_FILE_SET_H
#define BP_QUERY_FILE_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/** Start with `struct bp_file_set set = {0};`. */
struct bp_file_set {
	uint64_t *slots; /* 0: free */
	size_t cap;      /* 0 or a power of two */
	size_t n;
};

void bp_file_set_done(struct bp_file_set *set);

/** Add a file by its hash (16 hex digits, as in code_changes.file_hash). */
void bp_file_set_add(struct bp_file_set *set, struct bp_str hash);

void bp_file_set_merge(struct bp_file_set *into, const struct bp_file_set *more);

/** Append the stored form: ids ascending, 8 bytes each, most significant first. */
void bp_file_set_encode(const struct bp_file_set *set, struct bp_buf *out);

/** Merge a stored form. Errors: BP_ECORRUPT it is none; *into is untouched. */
BP_MUSTUSE enum bp_rc bp_file_set_decode(struct bp_file_set *into, struct bp_str bytes);

#endif
