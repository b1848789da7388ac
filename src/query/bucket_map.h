/* SPDX-License-Identifier: MIT */
/**
 * bucket_map.h - buckets by their key, while they are summed up.
 *
 * Threads: one thread owns a map.
 */
#ifndef BP_QUERY_BUCKET_MAP_H
#define BP_QUERY_BUCKET_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "query/buckets.h"

enum { BP_BUCKET_TEXTS = 5 };

/** The texts of a key in their order. */
struct bp_bucket_texts {
	struct bp_str at[BP_BUCKET_TEXTS]; /* platform, project, model, tool, agent type */
};

/** Start with `struct bp_bucket_map map = {0};`. */
struct bp_bucket_map {
	struct bp_arena arena; /* buckets and their texts */
	struct bp_bucket **items;
	uint64_t *hashes; /* of items */
	size_t n, cap;
	size_t *slots; /* 1 + index of an item; 0: free */
	size_t n_slots;
	size_t last; /* found last: facts of a kind come in runs */
};

/** The bucket with that key, added when there is none. Borrowed until the map is cleared. */
struct bp_bucket *bp_bucket_map_at(struct bp_bucket_map *map, int64_t bucket_us,
				   const struct bp_bucket_texts *texts);

/** Where it is in items; map->n when there is none. */
size_t bp_bucket_map_find(struct bp_bucket_map *map, int64_t bucket_us,
			  const struct bp_bucket_texts *texts);

/** Put items in the order of their key; nothing may be found or added until it is cleared. */
void bp_bucket_map_sort(struct bp_bucket_map *map);

/** Forget all buckets, keep memory. */
void bp_bucket_map_clear(struct bp_bucket_map *map);
void bp_bucket_map_done(struct bp_bucket_map *map);

/** The texts of a bucket's key. Borrowed from it. */
struct bp_bucket_texts bp_bucket_texts_of(const struct bp_bucket *bucket);

/** Sums by session: few of them at a time. Start with `{0}`; free items. */
struct bp_session_list {
	struct bp_session_bucket *items;
	size_t n, cap;
};

/** The sums of a session and a model, added when it has none; the model's name then goes to the
 *  arena. Borrowed until the next one is added. */
struct bp_bucket_sums *bp_session_list_at(struct bp_session_list *list, struct bp_arena *arena,
					  int64_t bucket_us, int64_t conversation,
					  struct bp_str model);

/** By conversation, then model. */
void bp_session_list_sort(struct bp_session_list *list);

#endif
