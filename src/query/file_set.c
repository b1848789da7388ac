/* SPDX-License-Identifier: MIT */
#include "query/file_set.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ID_BYTES = 8, HEX_DIGITS = 16, CAP_MIN = 16 };

void bp_file_set_done(struct bp_file_set *set)
{
	free(set->slots);
	*set = (struct bp_file_set){0};
}

/* Where id is, or the free slot where it belongs. Ids are hashes: their low bits will do. */
static uint64_t *find_slot(uint64_t *slots, size_t cap, uint64_t id)
{
	size_t at = (size_t)id & (cap - 1);

	while (slots[at] != 0 && slots[at] != id) {
		at = (at + 1) & (cap - 1);
	}
	return &slots[at];
}

static void grow(struct bp_file_set *set)
{
	size_t cap = set->cap ? 2 * set->cap : CAP_MIN;
	uint64_t *slots = bp_calloc(cap, sizeof(*slots));

	for (size_t i = 0; i < set->cap; i++) {
		if (set->slots[i] != 0) {
			*find_slot(slots, cap, set->slots[i]) = set->slots[i];
		}
	}
	free(set->slots);
	set->slots = slots;
	set->cap = cap;
}

static void add_id(struct bp_file_set *set, uint64_t id)
{
	if (4 * (set->n + 1) > 3 * set->cap) {
		grow(set);
	}
	uint64_t *slot = find_slot(set->slots, set->cap, id);
	if (*slot == 0) {
		*slot = id;
		set->n++;
	}
}

static uint64_t digit_of(unsigned char c)
{
	return c <= '9' ? (uint64_t)(c - '0') : (uint64_t)((c | 0x20) - 'a' + 10);
}

/* 16 hex digits are the id itself; whatever else stands there still tells files apart (FNV-1a). */
static uint64_t id_of(struct bp_str hash)
{
	uint64_t id = 0;
	uint64_t other = UINT64_C(0xCBF29CE484222325);
	bool hex = hash.len == HEX_DIGITS;

	for (size_t i = 0; i < hash.len; i++) {
		unsigned char c = (unsigned char)hash.ptr[i];
		hex = hex &&
		      ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
		id = id << 4 | (hex ? digit_of(c) : 0);
		other = (other ^ c) * UINT64_C(0x100000001B3);
	}
	id = hex ? id : other;
	return id ? id : 1;
}

void bp_file_set_add(struct bp_file_set *set, struct bp_str hash)
{
	add_id(set, id_of(hash));
}

void bp_file_set_merge(struct bp_file_set *into, const struct bp_file_set *more)
{
	for (size_t i = 0; i < more->cap; i++) {
		if (more->slots[i] != 0) {
			add_id(into, more->slots[i]);
		}
	}
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

void bp_file_set_encode(const struct bp_file_set *set, struct bp_buf *out)
{
	uint64_t *ids = bp_calloc(set->n + 1, sizeof(*ids));
	size_t n = 0;

	for (size_t i = 0; i < set->cap; i++) {
		if (set->slots[i] != 0) {
			ids[n++] = set->slots[i];
		}
	}
	qsort(ids, n, sizeof(ids[0]), by_id);
	for (size_t i = 0; i < n; i++) {
		for (int shift = 56; shift >= 0; shift -= 8) {
			bp_buf_add_char(out, (char)(unsigned char)(ids[i] >> shift & 0xFF));
		}
	}
	free(ids);
}

enum bp_rc bp_file_set_decode(struct bp_file_set *into, struct bp_str bytes)
{
	if (bytes.len % ID_BYTES != 0) {
		return BP_ECORRUPT;
	}
	for (size_t i = 0; i < bytes.len; i += ID_BYTES) {
		uint64_t id = 0;
		for (size_t k = 0; k < ID_BYTES; k++) {
			id = id << 8 | (unsigned char)bytes.ptr[i + k];
		}
		add_id(into, id ? id : 1);
	}
	return BP_OK;
}
