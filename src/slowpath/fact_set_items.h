/* SPDX-License-Identifier: MIT */
/**
 * fact_set_items.h - what a fact set holds; shared by fact_set.c (fills) and fact_writer.c (writes).
 */
#ifndef BP_SLOWPATH_FACT_SET_ITEMS_H
#define BP_SLOWPATH_FACT_SET_ITEMS_H

#include <uthash.h>

#include "base/arena.h"
#include "slowpath/fact_set.h"

struct bp_fact_item {
	int64_t id;
	UT_hash_handle hh;
	struct bp_fact_value values[]; /* schema->n */
};

struct bp_session_item {
	int64_t conversation_id;
	UT_hash_handle hh;
};

struct bp_alias_item {
	const char *kind; /* a literal */
	struct bp_str platform;
	int64_t key;
	int64_t fact_id;
	struct bp_alias_item *next;
};

struct bp_event_item {
	int64_t conversation_id;
	uint8_t key[BP_EVENT_KEY_BYTES];
	bool shareable; /* a copy of the line in another session has the same key */
	struct bp_event_item *next;
};

struct bp_error_item {
	const char *table;  /* a literal */
	const char *reason; /* a literal */
	int64_t sequence;
	struct bp_error_item *next;
};

struct bp_fact_set {
	struct bp_arena arena; /* all items and their text */
	struct bp_fact_item *facts[BP_FACT_TABLE_COUNT];
	struct bp_session_item *sessions;
	struct bp_alias_item *aliases;
	struct bp_event_item *events;
	struct bp_error_item *errors;
	size_t n; /* items of all kinds */
};

#endif
