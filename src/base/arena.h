/* SPDX-License-Identifier: MIT */
/**
 * arena.h - things that die together (one batch, one request, one reply).
 *
 * Threads: one thread owns an arena.
 */
#ifndef BP_BASE_ARENA_H
#define BP_BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct bp_arena_block;

/** Start with `struct bp_arena arena = {0};`. */
struct bp_arena {
	struct bp_arena_block *head; /* newest block; blocks are kept by _clear */
	size_t used_bytes;           /* handed out since the last clear */
};

/** n zeroed bytes, aligned for any type. Lives until bp_arena_clear() or _done(). Never NULL. */
void *bp_arena_alloc(struct bp_arena *arena, size_t n);

/** A NUL-terminated copy of the view (the NUL is not counted); an absent view stays absent. */
struct bp_str bp_arena_str(struct bp_arena *arena, struct bp_str text);

/** Forget everything, keep one block of memory for reuse. */
void bp_arena_clear(struct bp_arena *arena);

/** Free everything. */
void bp_arena_done(struct bp_arena *arena);

#endif
