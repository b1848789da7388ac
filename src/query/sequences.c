/* SPDX-License-Identifier: MIT */
#include "query/sequences.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { PLACES_MAX = 48 }; /* names of which there is a place for each triple: 0.9 MB */

/* --- 2- and 3-grams --- */

static int by_tools(const void *a, const void *b)
{
	const struct bp_sequence *x = a, *y = b;
	int order = (x->n > y->n) - (x->n < y->n);

	for (size_t i = 0; i < BP_SEQUENCE_MAX && order == 0; i++) {
		order = (x->tools[i] > y->tools[i]) - (x->tools[i] < y->tools[i]);
	}
	return order;
}

static int by_count(const void *a, const void *b)
{
	const struct bp_sequence *x = a, *y = b;
	int order = (x->count < y->count) - (x->count > y->count);

	return order ? order : by_tools(a, b);
}

/* Called with every 2- and 3-gram (n 2: of the last two). */
static void each_gram(const struct bp_tool_steps *steps, int64_t from_us, int64_t until_us,
		      void (*take)(void *arg, const struct bp_tool_step *last, uint16_t n),
		      void *arg)
{
	for (size_t i = 0; i < steps->n;) {
		size_t n = bp_tool_steps_in_turn(steps, i);
		for (size_t k = 1; k < n; k++) {
			const struct bp_tool_step *last = &steps->items[i + k];
			if (last->ts_us < from_us || last->ts_us >= until_us) {
				continue;
			}
			take(arg, last, 2);
			if (k > 1) {
				take(arg, last, 3);
			}
		}
		i += n;
	}
}

/* Names are few: one place for each triple and, behind them, each pair. */
struct places {
	size_t names;
	int64_t *triples, *pairs;
};

static void count_gram(void *arg, const struct bp_tool_step *last, uint16_t n)
{
	const struct places *places = arg;
	size_t pair = last[-1].tool * places->names + last->tool;

	if (n == 2) {
		places->pairs[pair]++;
	} else {
		places->triples[last[-2].tool * places->names * places->names + pair]++;
	}
}

static void take_places(const struct places *places, struct bp_sequences *out)
{
	size_t names = places->names, cap = 64;

	out->items = bp_calloc(cap, sizeof(struct bp_sequence));
	for (size_t i = 0; i < names * names * names + names * names; i++) {
		bool triple = i < names * names * names;
		size_t at = triple ? i : i - names * names * names;
		int64_t count = triple ? places->triples[at] : places->pairs[at];
		if (count == 0) {
			continue;
		}
		if (out->n == cap) {
			cap *= 2;
			out->items = bp_realloc(out->items, cap, sizeof(struct bp_sequence));
		}
		uint16_t first = (uint16_t)(at / (names * names));
		uint16_t middle = (uint16_t)(at / names % names), last = (uint16_t)(at % names);
		out->items[out->n++] =
			triple ? (struct bp_sequence){{first, middle, last}, 3, count}
			       : (struct bp_sequence){{middle, last, 0}, 2, count};
	}
}

/* Names are many: a list of all, sorted. */
static void list_gram(void *arg, const struct bp_tool_step *last, uint16_t n)
{
	struct bp_sequences *out = arg;

	out->items[out->n++] =
		n == 2 ? (struct bp_sequence){{last[-1].tool, last->tool, 0}, 2, 1}
		       : (struct bp_sequence){{last[-2].tool, last[-1].tool, last->tool}, 3, 1};
}

static void join_same(struct bp_sequences *out)
{
	size_t n = 0;

	qsort(out->items, out->n, sizeof(out->items[0]), by_tools);
	for (size_t i = 0; i < out->n; i++) {
		if (n > 0 && by_tools(&out->items[n - 1], &out->items[i]) == 0) {
			out->items[n - 1].count++;
		} else {
			out->items[n++] = out->items[i];
		}
	}
	out->n = n;
}

struct bp_sequences bp_sequences_of(const struct bp_tool_steps *steps, int64_t from_us,
				    int64_t until_us)
{
	struct bp_sequences out = {0};

	if (steps->n_names <= PLACES_MAX) {
		size_t names = steps->n_names;
		struct places places = {
			.names = names,
			.triples = bp_calloc(names * names * names + 1, sizeof(int64_t)),
			.pairs = bp_calloc(names * names + 1, sizeof(int64_t))};
		each_gram(steps, from_us, until_us, count_gram, &places);
		take_places(&places, &out);
		free(places.triples);
		free(places.pairs);
	} else {
		out.items = bp_calloc(2 * steps->n + 1, sizeof(struct bp_sequence));
		each_gram(steps, from_us, until_us, list_gram, &out);
		join_same(&out);
	}
	qsort(out.items, out.n, sizeof(out.items[0]), by_count);
	return out;
}

void bp_sequences_done(struct bp_sequences *sequences)
{
	free(sequences->items);
	*sequences = (struct bp_sequences){0};
}

static double count_of(const struct bp_sequences *sequences, const struct bp_sequence *like)
{
	for (size_t i = 0; i < sequences->n; i++) {
		if (by_tools(&sequences->items[i], like) == 0) {
			return (double)sequences->items[i].count;
		}
	}
	return 0;
}

static double length_of(const struct bp_sequences *sequences)
{
	double sum = 0;

	for (size_t i = 0; i < sequences->n; i++) {
		sum += (double)sequences->items[i].count * (double)sequences->items[i].count;
	}
	return sqrt(sum);
}

double bp_sequences_cosine(const struct bp_sequences *a, const struct bp_sequences *b)
{
	double product = 0;

	if (a->n == 0 || b->n == 0) {
		return (double)NAN;
	}
	for (size_t i = 0; i < a->n; i++) {
		product += (double)a->items[i].count * count_of(b, &a->items[i]);
	}
	return product / (length_of(a) * length_of(b));
}

/* --- patterns --- */

static bool turn_succeeded(const struct bp_tool_step *step, size_t n)
{
	bool ok = false;

	for (size_t i = 0; i < n; i++) {
		if (step[i].outcome == BP_OUTCOME_REJECTED ||
		    step[i].outcome == BP_OUTCOME_INTERRUPTED) {
			return false;
		}
		if (bp_outcome_executed(step[i].outcome)) {
			ok = step[i].outcome == BP_OUTCOME_OK;
		}
	}
	return ok;
}

static struct bp_pattern pattern_of(const struct bp_tool_step *step, size_t n)
{
	struct bp_pattern pattern = {.turns = 1, .succeeded = turn_succeeded(step, n)};

	for (size_t i = 0; i < n && pattern.n < BP_PATTERN_MAX; i++) {
		if (pattern.n == 0 || pattern.tools[pattern.n - 1] != step[i].tool) {
			pattern.tools[pattern.n++] = step[i].tool;
		}
	}
	return pattern;
}

static int by_pattern(const void *a, const void *b)
{
	const struct bp_pattern *x = a, *y = b;
	int order = 0;

	for (size_t i = 0; i < BP_PATTERN_MAX && order == 0; i++) {
		order = (x->tools[i] > y->tools[i]) - (x->tools[i] < y->tools[i]);
	}
	return order ? order : (x->n > y->n) - (x->n < y->n);
}

static int by_turns(const void *a, const void *b)
{
	const struct bp_pattern *x = a, *y = b;
	int order = (x->turns < y->turns) - (x->turns > y->turns);

	return order ? order : by_pattern(a, b);
}

struct bp_patterns bp_patterns_of(const struct bp_tool_steps *steps)
{
	struct bp_patterns out = {.items = bp_calloc(steps->n + 1, sizeof(struct bp_pattern))};
	size_t all = 0;

	for (size_t i = 0; i < steps->n;) {
		size_t n = bp_tool_steps_in_turn(steps, i);
		if (steps->items[i].agent == 0 && steps->items[i].turn != BP_SQL_NULL) {
			out.items[all++] = pattern_of(&steps->items[i], n);
		}
		i += n;
	}
	qsort(out.items, all, sizeof(out.items[0]), by_pattern);
	out.turns = (int64_t)all;
	for (size_t i = 0; i < all; i++) {
		if (out.n > 0 && by_pattern(&out.items[out.n - 1], &out.items[i]) == 0) {
			out.items[out.n - 1].turns++;
			out.items[out.n - 1].succeeded += out.items[i].succeeded;
		} else {
			out.items[out.n++] = out.items[i];
		}
	}
	qsort(out.items, out.n, sizeof(out.items[0]), by_turns);
	return out;
}

void bp_patterns_done(struct bp_patterns *patterns)
{
	free(patterns->items);
	*patterns = (struct bp_patterns){0};
}

/* --- JSON --- */

static cJSON *tools_json(const struct bp_tool_steps *steps, const uint16_t *tools, size_t n)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++) {
		(void)cJSON_AddItemToArray(list, cJSON_CreateString(steps->names[tools[i]]));
	}
	return list;
}

struct cJSON *bp_sequences_json(const struct bp_sequences *sequences,
				const struct bp_tool_steps *steps, size_t max)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < sequences->n && i < max; i++) {
		const struct bp_sequence *sequence = &sequences->items[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddItemToObject(item, "tools",
					    tools_json(steps, sequence->tools, sequence->n));
		(void)cJSON_AddNumberToObject(item, "count", (double)sequence->count);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

struct cJSON *bp_patterns_json(const struct bp_patterns *patterns,
			       const struct bp_tool_steps *steps, size_t max)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < patterns->n && i < max; i++) {
		const struct bp_pattern *pattern = &patterns->items[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddItemToObject(item, "tools",
					    tools_json(steps, pattern->tools, pattern->n));
		(void)cJSON_AddNumberToObject(item, "turns", (double)pattern->turns);
		(void)cJSON_AddNumberToObject(item, "success_rate",
					      (double)pattern->succeeded / (double)pattern->turns);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}
