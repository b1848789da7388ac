/* SPDX-License-Identifier: MIT */
#include "slowpath/fact_set.h"

#include <uthash.h>

#include "base/arena.h"
#include "base/mem.h"
#include "slowpath/fact_set_items.h"

struct bp_fact_set *bp_fact_set_new(void)
{
	return bp_calloc(1, sizeof(struct bp_fact_set));
}

void bp_fact_set_clear(struct bp_fact_set *set)
{
	for (size_t table = 0; table < BP_FACT_TABLE_COUNT; table++) {
		HASH_CLEAR(hh, set->facts[table]);
		set->facts[table] = NULL;
	}
	HASH_CLEAR(hh, set->sessions);
	set->sessions = NULL;
	set->aliases = NULL;
	set->events = NULL;
	set->errors = NULL;
	set->n = 0;
	bp_arena_clear(&set->arena);
}

void bp_fact_set_rest(struct bp_fact_set *set)
{
	bp_fact_set_clear(set);
	bp_arena_done(&set->arena);
}

void bp_fact_set_free(struct bp_fact_set *set)
{
	if (set) {
		bp_fact_set_rest(set);
		free(set);
	}
}

size_t bp_fact_set_size(const struct bp_fact_set *set)
{
	return set->n;
}

void bp_fact_values_init(struct bp_fact_value *values)
{
	for (size_t i = 0; i < BP_FACT_COLUMNS_MAX; i++) {
		values[i] = (struct bp_fact_value){.number = BP_ABSENT};
	}
}

static bool same_text(struct bp_str a, struct bp_str b)
{
	return a.ptr != NULL && b.ptr != NULL && bp_str_eq(a, b);
}

/** Copy the texts that came with more and won; what was there stays where it is. */
static void keep_texts(struct bp_fact_set *set, const struct bp_fact_schema *schema,
		       struct bp_fact_value *values, const struct bp_fact_value *more)
{
	for (size_t i = 0; i < schema->n; i++) {
		if (schema->columns[i].type != BP_FACT_INT && values[i].text.ptr != NULL &&
		    values[i].text.ptr == more[i].text.ptr) {
			values[i].text = bp_arena_str(&set->arena, more[i].text);
		}
	}
}

void bp_fact_set_join(struct bp_fact_set *set, enum bp_fact_table table, int64_t id,
		      const struct bp_fact_value *values)
{
	const struct bp_fact_schema *schema = &bp_fact_schemas[table];
	struct bp_fact_value more[BP_FACT_COLUMNS_MAX];
	struct bp_fact_value before[BP_FACT_COLUMNS_MAX];
	struct bp_fact_item *item = NULL;

	for (size_t i = 0; i < schema->n; i++) {
		more[i] = values[i];
		if (more[i].text.len == 0) {
			more[i].text.ptr = NULL;
		}
	}
	HASH_FIND(hh, set->facts[table], &id, sizeof(id), item);
	if (item == NULL) {
		item = bp_arena_alloc(&set->arena,
				      sizeof(*item) + schema->n * sizeof(item->values[0]));
		item->id = id;
		for (size_t i = 0; i < schema->n; i++) {
			item->values[i] = more[i];
		}
		HASH_ADD(hh, set->facts[table], id, sizeof(item->id), item);
		set->n++;
		keep_texts(set, schema, item->values, more);
		return;
	}
	for (size_t i = 0; i < schema->n; i++) {
		before[i] = item->values[i];
		/* Equal text must not be copied again for every row. */
		if (same_text(more[i].text, before[i].text)) {
			more[i].text = before[i].text;
		}
	}
	bp_fact_join(schema, item->values, more);
	for (size_t i = 0; i < schema->n; i++) {
		if (item->values[i].text.ptr == before[i].text.ptr) {
			more[i].text.ptr = NULL;
		}
	}
	keep_texts(set, schema, item->values, more);
}

void bp_fact_set_alias(struct bp_fact_set *set, const char *kind, struct bp_str platform,
		       int64_t key, int64_t fact_id)
{
	struct bp_alias_item *item = bp_arena_alloc(&set->arena, sizeof(*item));

	*item = (struct bp_alias_item){.kind = kind,
				       .platform = bp_arena_str(&set->arena, platform),
				       .key = key,
				       .fact_id = fact_id,
				       .next = set->aliases};
	set->aliases = item;
	set->n++;
}

void bp_fact_set_event(struct bp_fact_set *set, int64_t conversation_id,
		       const uint8_t key[BP_EVENT_KEY_BYTES], bool shareable)
{
	struct bp_event_item *item = bp_arena_alloc(&set->arena, sizeof(*item));

	item->conversation_id = conversation_id;
	item->shareable = shareable;
	memcpy(item->key, key, sizeof(item->key));
	item->next = set->events;
	set->events = item;
	set->n++;
	bp_fact_set_touch(set, conversation_id);
}

void bp_fact_set_touch(struct bp_fact_set *set, int64_t conversation_id)
{
	struct bp_session_item *item = NULL;

	HASH_FIND(hh, set->sessions, &conversation_id, sizeof(conversation_id), item);
	if (item == NULL) {
		item = bp_arena_alloc(&set->arena, sizeof(*item));
		item->conversation_id = conversation_id;
		HASH_ADD(hh, set->sessions, conversation_id, sizeof(item->conversation_id), item);
		set->n++;
	}
}

void bp_fact_set_error(struct bp_fact_set *set, const char *table, int64_t sequence,
		       const char *reason)
{
	struct bp_error_item *item = bp_arena_alloc(&set->arena, sizeof(*item));

	*item = (struct bp_error_item){
		.table = table, .sequence = sequence, .reason = reason, .next = set->errors};
	set->errors = item;
	set->n++;
}

void bp_fact_set_each_session(const struct bp_fact_set *set,
			      void (*each)(int64_t conversation_id, void *arg), void *arg)
{
	for (const struct bp_session_item *item = set->sessions; item != NULL;
	     item = item->hh.next) {
		each(item->conversation_id, arg);
	}
}
