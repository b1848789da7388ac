/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { BLOCK_BYTES = 16 * 1024 };

struct bp_arena_block {
	struct bp_arena_block *next; /* older */
	size_t cap;                  /* bytes in data */
	size_t used;                 /* bytes given away */
	alignas(max_align_t) unsigned char data[];
};

/** Room for n bytes, with whatever was there before. */
static void *take(struct bp_arena *arena, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct bp_arena_block *block = arena->head;

	BP_ASSERT(n <= SIZE_MAX / 2);
	size_t need = (n + align - 1) / align * align;
	if (need == 0) {
		need = align; /* two things never share an address */
	}
	if (!block || block->cap - block->used < need) {
		/* Twice the last one: a large batch costs few blocks. */
		size_t cap = block ? block->cap * 2 : BLOCK_BYTES;

		if (cap > (size_t)64 * BLOCK_BYTES) {
			cap = (size_t)64 * BLOCK_BYTES;
		}
		if (cap < need) {
			cap = need;
		}
		block = bp_realloc(NULL, 1, sizeof(*block) + cap);
		block->cap = cap;
		block->used = 0;
		block->next = arena->head;
		arena->head = block;
	}
	void *out = block->data + block->used;
	block->used += need;
	arena->used_bytes += n;
	return out;
}

void *bp_arena_alloc(struct bp_arena *arena, size_t n)
{
	return memset(take(arena, n), 0, n);
}

struct bp_str bp_arena_str(struct bp_arena *arena, struct bp_str text)
{
	if (!text.ptr) {
		return text;
	}
	char *copy = take(arena, text.len + 1);
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return bp_str_make(copy, text.len);
}

static void free_from(struct bp_arena_block *block)
{
	while (block) {
		struct bp_arena_block *next = block->next;

		free(block);
		block = next;
	}
}

void bp_arena_clear(struct bp_arena *arena)
{
	if (arena->head) {
		/* The newest is the largest but for single huge things. */
		free_from(arena->head->next);
		arena->head->next = NULL;
		arena->head->used = 0;
	}
	arena->used_bytes = 0;
}

void bp_arena_done(struct bp_arena *arena)
{
	free_from(arena->head);
	*arena = (struct bp_arena){0};
}
