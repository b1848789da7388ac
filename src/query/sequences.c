/* SPDX-License-Identifier: MIT */
#include "query/sequences.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The tools of a key, at most max of them. Returns how many. */
static size_t split(struct bp_str key, struct bp_str *tools, size_t max)
{
	size_t n = 0;

	for (size_t from = 0; from <= key.len && n < max;) {
		const char *end = memchr(key.ptr + from, BP_HABIT_BETWEEN, key.len - from);
		size_t until = end ? (size_t)(end - key.ptr) : key.len;
		tools[n++] = bp_str_make(key.ptr + from, until - from);
		from = until + 1;
	}
	return n;
}

static size_t tools_in(struct bp_str key)
{
	size_t n = 1;

	for (size_t i = 0; i < key.len; i++) {
		n += key.ptr[i] == BP_HABIT_BETWEEN;
	}
	return n;
}

/* Their first number is how often: more often first, then fewer tools, then by name. */
static int compare(const struct bp_habit *a, const struct bp_habit *b)
{
	int order = (a->values[0] < b->values[0]) - (a->values[0] > b->values[0]);

	if (order == 0) {
		size_t x = tools_in(a->key), y = tools_in(b->key);
		order = (x > y) - (x < y);
	}
	return order ? order : bp_str_cmp(a->key, b->key);
}

_Static_assert(BP_SEQUENCE_COUNT == 0 && BP_PATTERN_TURNS == 0, "compare() asks for the first");

/* The first max of a kind, in order: there are thousands, and a few are shown. Returns how many. */
static size_t find_first(const struct bp_habits *habits, enum bp_habit_kind kind,
			 const struct bp_habit **first, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < habits->n; i++) {
		const struct bp_habit *habit = habits->items[i];
		if (habit->kind != kind || (n == max && compare(first[n - 1], habit) <= 0)) {
			continue;
		}
		size_t at = n < max ? n++ : n - 1;
		for (; at > 0 && compare(first[at - 1], habit) > 0; at--) {
			first[at] = first[at - 1];
		}
		first[at] = habit;
	}
	return n;
}

/* --- sequences --- */

struct bp_sequences bp_sequences_of(const struct bp_habits *habits)
{
	const struct bp_habit *first[BP_SEQUENCES_MAX];
	struct bp_sequences out = {
		.n = find_first(habits, BP_HABIT_SEQUENCE, first, BP_SEQUENCES_MAX)};

	for (size_t i = 0; i < out.n; i++) {
		struct bp_sequence *sequence = &out.items[i];
		sequence->n = split(first[i]->key, sequence->tools, BP_SEQUENCE_MAX);
		sequence->count = first[i]->values[BP_SEQUENCE_COUNT];
	}
	return out;
}

static double product_of(const struct bp_habits *a, const struct bp_habits *b)
{
	double sum = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct bp_habit *habit = a->items[i];
		const struct bp_habit *other =
			habit->kind == BP_HABIT_SEQUENCE
				? bp_habits_find(b, BP_HABIT_SEQUENCE, habit->key)
				: NULL;
		if (other) {
			sum += (double)habit->values[BP_SEQUENCE_COUNT] *
			       (double)other->values[BP_SEQUENCE_COUNT];
		}
	}
	return sum;
}

double bp_sequences_cosine(const struct bp_habits *a, const struct bp_habits *b)
{
	double of_a = product_of(a, a), of_b = product_of(b, b);

	return of_a > 0 && of_b > 0 ? product_of(a, b) / (sqrt(of_a) * sqrt(of_b)) : (double)NAN;
}

/* --- patterns --- */

struct bp_patterns bp_patterns_of(const struct bp_habits *habits)
{
	const struct bp_habit *first[BP_SEQUENCES_MAX];
	struct bp_patterns out = {
		.n = find_first(habits, BP_HABIT_PATTERN, first, BP_SEQUENCES_MAX)};

	for (size_t i = 0; i < out.n; i++) {
		struct bp_pattern *pattern = &out.items[i];
		pattern->n = split(first[i]->key, pattern->tools, BP_PATTERN_MAX);
		pattern->turns = first[i]->values[BP_PATTERN_TURNS];
		pattern->succeeded = first[i]->values[BP_PATTERN_SUCCEEDED];
	}
	return out;
}

/* --- JSON --- */

static cJSON *tools_json(const struct bp_str *tools, size_t n)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++) {
		char *name = bp_strdup(tools[i]);
		(void)cJSON_AddItemToArray(list, cJSON_CreateString(name));
		free(name);
	}
	return list;
}

struct cJSON *bp_sequences_json(const struct bp_sequences *sequences)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < sequences->n; i++) {
		const struct bp_sequence *sequence = &sequences->items[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddItemToObject(item, "tools",
					    tools_json(sequence->tools, sequence->n));
		(void)cJSON_AddNumberToObject(item, "count", (double)sequence->count);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

struct cJSON *bp_patterns_json(const struct bp_patterns *patterns)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < patterns->n; i++) {
		const struct bp_pattern *pattern = &patterns->items[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddItemToObject(item, "tools", tools_json(pattern->tools, pattern->n));
		(void)cJSON_AddNumberToObject(item, "turns", (double)pattern->turns);
		(void)cJSON_AddNumberToObject(item, "success_rate",
					      (double)pattern->succeeded / (double)pattern->turns);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}
