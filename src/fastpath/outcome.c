/* SPDX-License-Identifier: MIT */
#include "fastpath/outcome.h"

#include <stdio.h>

#include "base/mem.h"
#include "stream/dlq.h"

enum { NUMBER_BYTES = 24, FIELDS_MAX = 32 };

/* Writes a number at the end of space; snprintf would cost more than the rest of an entry. */
static struct bp_str number(int64_t value, char space[NUMBER_BYTES])
{
	char *at = space + NUMBER_BYTES;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0) {
		*--at = '-';
	}
	return bp_str_make(at, (size_t)(space + NUMBER_BYTES - at));
}

static void add_cdc(struct bp_redis *redis, const struct bp_outcome *row)
{
	char id[BP_EVENT_ID_HEX_BYTES + 1];
	char sequence[NUMBER_BYTES];
	char ts[NUMBER_BYTES];
	char priority = (char)('0' + bp_event_priority(row->event_type));

	bp_event_id_hex(row->id, id);
	const struct bp_field fields[] = {
		{BP_STR("seq"), number(row->sequence, sequence)},
		{BP_STR("tbl"), bp_str_from(bp_raw_table_name(row->table))},
		{BP_STR("id"), bp_str_make(id, BP_EVENT_ID_HEX_BYTES)},
		{BP_STR("p"), row->platform},
		{BP_STR("t"), row->event_type},
		{BP_STR("s"), row->session_id},
		{BP_STR("ts"), number(row->ts_us, ts)},
		{BP_STR("pr"), bp_str_make(&priority, 1)},
	};
	bp_redis_xadd(redis, BP_STREAM_CDC, NULL, fields, sizeof(fields) / sizeof(fields[0]));
}

size_t bp_outcome_add_cdc(struct bp_redis *redis, const struct bp_outcome *outcomes, size_t n)
{
	size_t rows = 0;

	for (size_t i = 0; i < n; i++) {
		rows += outcomes[i].kind == BP_OUTCOME_ROW;
	}
	/* Else the first one wakes the reader, and the others do so again. */
	if (rows > 1) {
		bp_redis_multi(redis);
	}
	for (size_t i = 0; i < n; i++) {
		if (outcomes[i].kind == BP_OUTCOME_ROW) {
			add_cdc(redis, &outcomes[i]);
		}
	}
	if (rows > 1) {
		bp_redis_exec(redis);
	}
	return rows;
}

/* The entry's fields, but nothing that is too large to be kept for a week. */
static struct bp_entry without_large(const struct bp_entry *entry,
				     struct bp_field space[FIELDS_MAX])
{
	struct bp_entry kept = *entry;

	kept.fields = space;
	kept.n_fields = 0;
	for (size_t i = 0; i < entry->n_fields && kept.n_fields < FIELDS_MAX; i++) {
		if (entry->fields[i].value.len <= BP_EVENT_BYTES_MAX &&
		    entry->fields[i].name.len <= BP_EVENT_NAME_MAX) {
			space[kept.n_fields++] = entry->fields[i];
		}
	}
	return kept;
}

size_t bp_outcome_add_letters(struct bp_redis *redis, const struct bp_entry *entries,
			      const int64_t *deliveries, const struct bp_outcome *outcomes,
			      size_t n, int64_t now_us)
{
	size_t added = 0;

	for (size_t i = 0; i < n; i++) {
		struct bp_field space[FIELDS_MAX];

		if (outcomes[i].kind != BP_OUTCOME_DEAD) {
			continue;
		}
		const struct bp_entry kept = without_large(&entries[i], space);
		const struct bp_dead_letter letter = {
			.stream_id = entries[i].id,
			.reason = outcomes[i].reason,
			.detail = outcomes[i].detail.ptr ? outcomes[i].detail : BP_STR(""),
			.deliveries = deliveries ? deliveries[i] : 1,
			.failed_us = now_us,
			.entry = &kept,
		};
		bp_dlq_add(redis, &letter);
		added++;
	}
	return added;
}
