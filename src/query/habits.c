/* SPDX-License-Identifier: MIT */
#include "query/habits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/varint.h"

#define DAY_US INT64_C(86400000000)

enum { CAP_MIN = 32, KEY_BYTES_MAX = 4096 };

/* How many numbers a kind has, and from which on the larger one counts instead of the sum. */
static const struct {
	size_t n, sums;
	bool latency;
} KINDS[BP_HABIT_KINDS] = {
	[BP_HABIT_SEQUENCE] = {BP_SEQUENCE_COUNT + 1, BP_SEQUENCE_COUNT + 1, false},
	[BP_HABIT_PATTERN] = {BP_PATTERN_OPEN + 1, BP_PATTERN_OPEN + 1, false},
	[BP_HABIT_PHASE] = {BP_PHASE_VERIFIED + 1, BP_PHASE_VERIFIED + 1, false},
	[BP_HABIT_FILE_TYPE] = {BP_FILE_LINES_REMOVED + 1, BP_FILE_LINES_REMOVED + 1, false},
	[BP_HABIT_DAY] = {BP_DAY_OPEN + 1, BP_DAY_OPEN + 1, false},
	[BP_HABIT_HOUR] = {BP_HOUR_EDITS_REJECTED + 1, BP_HOUR_EDITS_REJECTED + 1, true},
	[BP_HABIT_AGENT] = {BP_AGENT_PEAK + 1, BP_AGENT_PEAK, false},
	[BP_HABIT_PEAK] = {BP_PEAK_VALUE + 1, BP_PEAK_VALUE, false},
};

/* --- the set --- */

static uint32_t hash_of(enum bp_habit_kind kind, struct bp_str key)
{
	uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)kind;

	for (size_t i = 0; i < key.len; i++) {
		hash = (hash ^ (unsigned char)key.ptr[i]) * UINT32_C(16777619);
	}
	return hash ^ hash >> 15;
}

static uint32_t *find_slot(const struct bp_habits *habits, enum bp_habit_kind kind,
			   struct bp_str key)
{
	size_t at = hash_of(kind, key) & (habits->n_slots - 1);

	while (habits->slots[at] != 0) {
		const struct bp_habit *habit = habits->items[habits->slots[at] - 1];
		if (habit->kind == kind && bp_str_eq(habit->key, key)) {
			break;
		}
		at = (at + 1) & (habits->n_slots - 1);
	}
	return &habits->slots[at];
}

static void fill_slots(struct bp_habits *habits)
{
	memset(habits->slots, 0, habits->n_slots * sizeof(habits->slots[0]));
	for (size_t i = 0; i < habits->n; i++) {
		*find_slot(habits, habits->items[i]->kind, habits->items[i]->key) = (uint32_t)i + 1;
	}
}

static void grow(struct bp_habits *habits)
{
	habits->cap = habits->cap ? 2 * habits->cap : CAP_MIN;
	habits->items = bp_realloc(habits->items, habits->cap, sizeof(habits->items[0]));
	habits->n_slots = 2 * habits->cap;
	habits->slots = bp_realloc(habits->slots, habits->n_slots, sizeof(habits->slots[0]));
	fill_slots(habits);
}

struct bp_habit *bp_habits_at(struct bp_habits *habits, enum bp_habit_kind kind, struct bp_str key)
{
	if (habits->n == habits->cap) {
		grow(habits);
	}
	uint32_t *slot = find_slot(habits, kind, key);
	if (*slot == 0) {
		struct bp_habit *habit = bp_arena_alloc(&habits->arena, sizeof(*habit));
		habit->kind = kind;
		habit->key = bp_arena_str(&habits->arena, key.ptr ? key : BP_STR(""));
		habits->items[habits->n++] = habit;
		*slot = (uint32_t)habits->n;
	}
	return habits->items[*slot - 1];
}

const struct bp_habit *bp_habits_find(const struct bp_habits *habits, enum bp_habit_kind kind,
				      struct bp_str key)
{
	uint32_t slot = habits->n ? *find_slot(habits, kind, key) : 0;

	return slot ? habits->items[slot - 1] : NULL;
}

void bp_habits_clear(struct bp_habits *habits)
{
	for (size_t i = 0; i < habits->n; i++) {
		bp_sketch_done(&habits->items[i]->latency);
	}
	habits->n = 0;
	if (habits->n_slots > 0) {
		memset(habits->slots, 0, habits->n_slots * sizeof(habits->slots[0]));
	}
	bp_arena_clear(&habits->arena);
}

void bp_habits_done(struct bp_habits *habits)
{
	bp_habits_clear(habits);
	bp_arena_done(&habits->arena);
	free(habits->items);
	free(habits->slots);
	*habits = (struct bp_habits){0};
}

/* --- adding up --- */

/* Agents that are open are counted among those that work, or where they are once that is over. */
static void settle_agent(int64_t *values, bool over)
{
	/* In the order of enum bp_subagent_end. */
	enum { INTERRUPTED = BP_AGENT_ENDS + 2, UNFINISHED, RUNNING, UNKNOWN };
	int64_t *open = &values[BP_AGENT_OPEN_INTERRUPTED];

	if (over) {
		values[INTERRUPTED] += open[0];
		values[UNFINISHED] += open[1];
		values[UNKNOWN] += open[2];
	} else {
		values[RUNNING] += open[0] + open[1] + open[2];
	}
	memset(open, 0, 3 * sizeof(*open));
}

static void settle(enum bp_habit_kind kind, const struct bp_habit_view *view, int64_t *values)
{
	if (view->settle == BP_HABITS_OPEN) {
		return;
	}
	bool over = view->settle == BP_HABITS_OVER;
	if (kind == BP_HABIT_PATTERN) {
		values[BP_PATTERN_SUCCEEDED] += over ? 0 : values[BP_PATTERN_OPEN];
		values[BP_PATTERN_OPEN] = 0;
	} else if (kind == BP_HABIT_DAY) {
		values[BP_DAY_EXECUTED] += over ? values[BP_DAY_OPEN] : 0;
		values[BP_DAY_OPEN] = 0;
	} else if (kind == BP_HABIT_AGENT) {
		settle_agent(values, over);
	}
}

/* Where numbers of that kind and key go. */
static struct bp_habit *place(struct bp_habits *into, enum bp_habit_kind kind, struct bp_str key,
			      const struct bp_habit_view *view)
{
	if (key.len == 0 && kind == BP_HABIT_HOUR) {
		key = bp_str_from(view->hour);
	} else if (key.len == 0 && kind == BP_HABIT_DAY) {
		key = bp_str_from(view->day);
	}
	return bp_habits_at(into, kind, key);
}

struct bp_habit_view bp_habit_view_at(const struct bp_tz *tz, int64_t ts_us)
{
	struct bp_civil civil = bp_tz_civil(tz, ts_us);
	int64_t local_us = ts_us + civil.offset_s * INT64_C(1000000);
	int64_t day = local_us / DAY_US - (local_us % DAY_US < 0);
	struct bp_habit_view view = {.settle = BP_HABITS_OPEN};

	(void)snprintf(view.day, sizeof(view.day), "%" PRId64, day);
	(void)snprintf(view.hour, sizeof(view.hour), "%02d", civil.hour);
	return view;
}

static void add_values(struct bp_habit *into, const int64_t *values)
{
	size_t i = 0;

	for (; i < KINDS[into->kind].sums; i++) {
		if (__builtin_add_overflow(into->values[i], values[i], &into->values[i])) {
			into->values[i] = INT64_MAX;
		}
	}
	for (; i < KINDS[into->kind].n; i++) {
		into->values[i] = values[i] > into->values[i] ? values[i] : into->values[i];
	}
}

void bp_habits_merge(struct bp_habits *into, const struct bp_habits *more,
		     const struct bp_habit_view *view)
{
	for (size_t i = 0; i < more->n; i++) {
		const struct bp_habit *habit = more->items[i];
		struct bp_habit *at = place(into, habit->kind, habit->key, view);
		int64_t values[BP_HABIT_VALUES];
		memcpy(values, habit->values, sizeof(values));
		settle(habit->kind, view, values);
		add_values(at, values);
		bp_sketch_merge(&at->latency, &habit->latency);
	}
}

/* --- the stored form: kind, bytes of the key shared with the one before, bytes of its own, the
       numbers; an hour's sketch behind its length --- */

static int in_order(const void *a, const void *b)
{
	const struct bp_habit *x = *(const struct bp_habit *const *)a;
	const struct bp_habit *y = *(const struct bp_habit *const *)b;
	int order = (x->kind > y->kind) - (x->kind < y->kind);

	return order ? order : bp_str_cmp(x->key, y->key);
}

static size_t shared(struct bp_str a, struct bp_str b)
{
	size_t n = 0;

	while (n < a.len && n < b.len && a.ptr[n] == b.ptr[n]) {
		n++;
	}
	return n;
}

void bp_habits_encode(struct bp_habits *habits, struct bp_buf *out)
{
	struct bp_str before = {0};
	struct bp_buf sketch;

	if (habits->n == 0) {
		return;
	}
	bp_buf_init(&sketch, BP_SKETCH_BYTES_MAX);
	qsort(habits->items, habits->n, sizeof(habits->items[0]), in_order);
	fill_slots(habits);
	for (size_t i = 0; i < habits->n; i++) {
		const struct bp_habit *habit = habits->items[i];
		struct bp_str key = habit->key;
		key.len = key.len < KEY_BYTES_MAX ? key.len : KEY_BYTES_MAX;
		size_t same = shared(before, key);
		bp_varint_put(out, habit->kind);
		bp_varint_put(out, same);
		bp_varint_put(out, key.len - same);
		bp_buf_add(out, key.ptr + same, key.len - same);
		for (size_t k = 0; k < KINDS[habit->kind].n; k++) {
			bp_varint_put(out, (uint64_t)habit->values[k]);
		}
		if (KINDS[habit->kind].latency) {
			bp_buf_clear(&sketch);
			bp_sketch_encode(&habit->latency, &sketch);
			bp_varint_put(out, sketch.len);
			bp_buf_add_str(out, bp_buf_str(&sketch));
		}
		before = key;
	}
	bp_buf_done(&sketch);
}

/* The key that shares some bytes with the one in key[0..*len). */
static bool take_key(struct bp_str *rest, char *key, size_t *len)
{
	uint64_t same, more;

	if (!bp_varint_take(rest, &same) || !bp_varint_take(rest, &more) || same > *len ||
	    more > rest->len || more > KEY_BYTES_MAX - same) {
		return false;
	}
	memcpy(key + same, rest->ptr, more);
	*len = same + more;
	*rest = bp_str_make(rest->ptr + more, rest->len - more);
	return true;
}

static bool take_values(struct bp_str *rest, enum bp_habit_kind kind, int64_t *values)
{
	for (size_t i = 0; i < KINDS[kind].n; i++) {
		uint64_t value;
		if (!bp_varint_take(rest, &value) || value > INT64_MAX) {
			return false;
		}
		values[i] = (int64_t)value;
	}
	return true;
}

static bool take_latency(struct bp_str *rest, struct bp_sketch *into)
{
	uint64_t len;

	if (!bp_varint_take(rest, &len) || len > rest->len ||
	    bp_sketch_decode(into, bp_str_make(rest->ptr, len)) != BP_OK) {
		return false;
	}
	*rest = bp_str_make(rest->ptr + len, rest->len - len);
	return true;
}

enum bp_rc bp_habits_decode(struct bp_habits *into, struct bp_str bytes,
			    const struct bp_habit_view *view, struct bp_err *err)
{
	char key[KEY_BYTES_MAX];
	size_t len = 0;

	for (struct bp_str rest = bytes; rest.len > 0;) {
		int64_t values[BP_HABIT_VALUES];
		uint64_t kind;
		struct bp_habit *at = NULL;
		bool fine = bp_varint_take(&rest, &kind) && kind < BP_HABIT_KINDS &&
			    take_key(&rest, key, &len) &&
			    take_values(&rest, (enum bp_habit_kind)kind, values);
		if (fine) {
			at = place(into, (enum bp_habit_kind)kind, bp_str_make(key, len), view);
			fine = !KINDS[kind].latency || take_latency(&rest, &at->latency);
		}
		if (!fine) {
			return bp_err_set(err, BP_ECORRUPT,
					  "counts of habits cannot be read: run \"blueplane "
					  "rebuild\"");
		}
		settle(at->kind, view, values);
		add_values(at, values);
	}
	return BP_OK;
}
