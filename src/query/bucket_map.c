/* SPDX-License-Identifier: MIT */
#include "query/bucket_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { CAP_MIN = 64 };

struct bp_bucket_texts bp_bucket_texts_of(const struct bp_bucket *bucket)
{
	return (struct bp_bucket_texts){{bucket->platform, bucket->project_hash, bucket->model,
					 bucket->tool, bucket->agent_type}};
}

static uint64_t hash_of(int64_t bucket_us, const struct bp_bucket_texts *texts)
{
	uint64_t hash = UINT64_C(0xCBF29CE484222325) ^ (uint64_t)bucket_us;

	for (size_t i = 0; i < BP_BUCKET_TEXTS; i++) {
		for (size_t k = 0; k < texts->at[i].len; k++) {
			hash = (hash ^ (unsigned char)texts->at[i].ptr[k]) *
			       UINT64_C(0x100000001B3);
		}
		hash = (hash ^ 0xFF) * UINT64_C(0x100000001B3);
	}
	return hash ^ hash >> 29;
}

static bool is_of(const struct bp_bucket *bucket, int64_t bucket_us,
		  const struct bp_bucket_texts *texts)
{
	return bucket->bucket_us == bucket_us && bp_str_eq(bucket->tool, texts->at[3]) &&
	       bp_str_eq(bucket->model, texts->at[2]) &&
	       bp_str_eq(bucket->project_hash, texts->at[1]) &&
	       bp_str_eq(bucket->agent_type, texts->at[4]) &&
	       bp_str_eq(bucket->platform, texts->at[0]);
}

static size_t *find_slot(struct bp_bucket_map *map, uint64_t hash, int64_t bucket_us,
			 const struct bp_bucket_texts *texts)
{
	size_t at = (size_t)hash & (map->n_slots - 1);

	while (map->slots[at] != 0) {
		size_t item = map->slots[at] - 1;
		if (map->hashes[item] == hash && is_of(map->items[item], bucket_us, texts)) {
			break;
		}
		at = (at + 1) & (map->n_slots - 1);
	}
	return &map->slots[at];
}

static void grow(struct bp_bucket_map *map)
{
	map->cap = map->cap ? 2 * map->cap : CAP_MIN;
	map->items = bp_realloc(map->items, map->cap, sizeof(map->items[0]));
	map->hashes = bp_realloc(map->hashes, map->cap, sizeof(map->hashes[0]));
	free(map->slots);
	map->n_slots = 2 * map->cap;
	map->slots = bp_calloc(map->n_slots, sizeof(map->slots[0]));
	for (size_t i = 0; i < map->n; i++) {
		size_t at = (size_t)map->hashes[i] & (map->n_slots - 1);
		while (map->slots[at] != 0) {
			at = (at + 1) & (map->n_slots - 1);
		}
		map->slots[at] = i + 1;
	}
}

static struct bp_bucket *add(struct bp_bucket_map *map, uint64_t hash, int64_t bucket_us,
			     const struct bp_bucket_texts *texts)
{
	struct bp_bucket *bucket = bp_arena_alloc(&map->arena, sizeof(*bucket));

	bucket->bucket_us = bucket_us;
	bucket->platform = bp_arena_str(&map->arena, texts->at[0]);
	bucket->project_hash = bp_arena_str(&map->arena, texts->at[1]);
	bucket->model = bp_arena_str(&map->arena, texts->at[2]);
	bucket->tool = bp_arena_str(&map->arena, texts->at[3]);
	bucket->agent_type = bp_arena_str(&map->arena, texts->at[4]);
	map->items[map->n] = bucket;
	map->hashes[map->n++] = hash;
	return bucket;
}

size_t bp_bucket_map_find(struct bp_bucket_map *map, int64_t bucket_us,
			  const struct bp_bucket_texts *texts)
{
	if (map->n == 0) {
		return 0;
	}
	size_t *slot = find_slot(map, hash_of(bucket_us, texts), bucket_us, texts);
	return *slot ? *slot - 1 : map->n;
}

struct bp_bucket *bp_bucket_map_at(struct bp_bucket_map *map, int64_t bucket_us,
				   const struct bp_bucket_texts *texts)
{
	if (map->last < map->n && is_of(map->items[map->last], bucket_us, texts)) {
		return map->items[map->last];
	}
	if (map->n == map->cap) {
		grow(map);
	}
	uint64_t hash = hash_of(bucket_us, texts);
	size_t *slot = find_slot(map, hash, bucket_us, texts);
	if (*slot == 0) {
		(void)add(map, hash, bucket_us, texts);
		*slot = map->n;
	}
	map->last = *slot - 1;
	return map->items[map->last];
}

static int by_key(const void *a, const void *b)
{
	const struct bp_bucket *x = *(const struct bp_bucket *const *)a;
	const struct bp_bucket *y = *(const struct bp_bucket *const *)b;
	struct bp_bucket_texts p = bp_bucket_texts_of(x), q = bp_bucket_texts_of(y);
	int order = (x->bucket_us > y->bucket_us) - (x->bucket_us < y->bucket_us);

	for (size_t i = 0; i < BP_BUCKET_TEXTS && order == 0; i++) {
		order = bp_str_cmp(p.at[i], q.at[i]);
	}
	return order;
}

void bp_bucket_map_sort(struct bp_bucket_map *map)
{
	if (map->n > 1) {
		qsort(map->items, map->n, sizeof(map->items[0]), by_key);
	}
}

void bp_bucket_map_clear(struct bp_bucket_map *map)
{
	for (size_t i = 0; i < map->n; i++) {
		bp_bucket_sketches_done(&map->items[i]->sketches);
		bp_file_set_done(&map->items[i]->files);
		bp_habits_done(&map->items[i]->habits);
	}
	if (map->n > 0) {
		memset(map->slots, 0, map->n_slots * sizeof(map->slots[0]));
	}
	map->n = 0;
	map->last = 0;
	bp_arena_clear(&map->arena);
}

void bp_bucket_map_done(struct bp_bucket_map *map)
{
	bp_bucket_map_clear(map);
	bp_arena_done(&map->arena);
	free(map->items);
	free(map->hashes);
	free(map->slots);
	*map = (struct bp_bucket_map){0};
}

struct bp_bucket_sums *bp_session_list_at(struct bp_session_list *list, struct bp_arena *arena,
					  int64_t bucket_us, int64_t conversation,
					  struct bp_str model)
{
	for (size_t i = list->n; i-- > 0;) {
		const struct bp_session_bucket *item = &list->items[i];
		if (item->conversation == conversation && item->bucket_us == bucket_us &&
		    bp_str_eq(item->model, model)) {
			return &list->items[i].sums;
		}
	}
	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 16;
		list->items = bp_realloc(list->items, list->cap, sizeof(list->items[0]));
	}
	list->items[list->n] = (struct bp_session_bucket){.bucket_us = bucket_us,
							  .conversation = conversation,
							  .model = bp_arena_str(arena, model)};
	return &list->items[list->n++].sums;
}

static int by_conversation(const void *a, const void *b)
{
	const struct bp_session_bucket *x = a, *y = b;
	int order = (x->conversation > y->conversation) - (x->conversation < y->conversation);

	return order ? order : bp_str_cmp(x->model, y->model);
}

void bp_session_list_sort(struct bp_session_list *list)
{
	if (list->n > 1) {
		qsort(list->items, list->n, sizeof(list->items[0]), by_conversation);
	}
}
