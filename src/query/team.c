/* SPDX-License-Identifier: MIT */
#include "query/team.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite.h"

static const char *const GROUPINGS[BP_TEAM_GROUPINGS] = {
	"by_date", "by_platform", "by_model_family", "by_tool", "by_extension"};

struct bp_team *bp_team_new(void)
{
	return bp_calloc(1, sizeof(struct bp_team));
}

static void sums_done(struct bp_team_sums *sums)
{
	bp_sketch_done(&sums->response);
	bp_sketch_done(&sums->latency);
}

void bp_team_free(struct bp_team *team)
{
	if (!team) {
		return;
	}
	sums_done(&team->total);
	for (size_t by = 0; by < BP_TEAM_GROUPINGS; by++) {
		for (size_t i = 0; i < team->by[by].n; i++) {
			sums_done(&team->by[by].items[i].sums);
		}
		free(team->by[by].items);
	}
	free(team);
}

/* --- adding up --- */

static void add_sums(struct bp_team_sums *into, const struct bp_anonymous_row *row)
{
	int64_t *sums = (int64_t *)&into->sums;
	const int64_t *more = (const int64_t *)&row->sums;

	for (size_t i = 0; i < BP_ANONYMOUS_SUM_COUNT; i++) {
		/* A file says what it likes: an absurd sum is cut, it does not wrap. */
		if (__builtin_add_overflow(sums[i], more[i], &sums[i])) {
			sums[i] = INT64_MAX;
		}
	}
	bp_sketch_merge(row->kind == BP_ANONYMOUS_DAY ? &into->response : &into->latency,
			&row->sketch);
}

/* Groups are few and sorted: found by halves, put in where they belong. */
static struct bp_team_sums *group_of(struct bp_team_groups *groups, const char *key)
{
	size_t low = 0, high = groups->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(groups->items[middle].key, key);
		if (order == 0) {
			return &groups->items[middle].sums;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (groups->n == groups->cap) {
		groups->cap = groups->cap ? 2 * groups->cap : 64;
		groups->items = bp_realloc(groups->items, groups->cap, sizeof(groups->items[0]));
	}
	memmove(&groups->items[low + 1], &groups->items[low],
		(groups->n - low) * sizeof(groups->items[0]));
	groups->n++;
	groups->items[low] = (struct bp_team_group){.key = ""};
	memcpy(groups->items[low].key, key, strnlen(key, sizeof(groups->items[low].key) - 1));
	return &groups->items[low].sums;
}

enum bp_rc bp_team_add_row(struct bp_team *team, const struct bp_anonymous_row *row,
			   struct bp_err *err)
{
	const char *const keys[BP_TEAM_GROUPINGS] = {row->date, row->platform, row->family,
						     row->tool, row->extension};

	if (strcmp(team->sources[team->n_sources - 1], row->source) != 0) {
		return bp_err_set(err, BP_EINVAL, "it has rows of two sources");
	}
	add_sums(&team->total, row);
	for (size_t by = 0; by < BP_TEAM_GROUPINGS; by++) {
		if (keys[by]) {
			add_sums(group_of(&team->by[by], keys[by]), row);
		}
	}
	return BP_OK;
}

/* --- the answer --- */

static void add_number(cJSON *object, const char *name, double value)
{
	if (isfinite(value)) {
		(void)cJSON_AddNumberToObject(object, name, value);
	} else {
		(void)cJSON_AddNullToObject(object, name);
	}
}

static void add_sketch(cJSON *object, const char *name, const struct bp_sketch *sketch)
{
	cJSON *into = cJSON_AddObjectToObject(object, name);

	add_number(into, "count", (double)sketch->count);
	add_number(into, "mean", bp_sketch_mean(sketch) / 1000);
	add_number(into, "p50", bp_sketch_quantile(sketch, 0.50) / 1000);
	add_number(into, "p95", bp_sketch_quantile(sketch, 0.95) / 1000);
	add_number(into, "p99", bp_sketch_quantile(sketch, 0.99) / 1000);
}

/* Sums that were cut at the largest number would wrap when they are added as integers. */
static double share(int64_t part, double whole)
{
	return whole > 0 ? (double)part / whole : (double)NAN;
}

/* divisor 1: sums; else means of that many sources. */
static void add_numbers(cJSON *object, const struct bp_anonymous_sums *sums, size_t divisor)
{
	const int64_t *values = (const int64_t *)sums;
	size_t i = 0;

#define NUMBER(name, type, kind)                                                                   \
	add_number(object, #name,                                                                  \
		   (double)values[i++] / ((type) == BP_EXPORT_USD ? 1e12 : 1) / (double)divisor);
	BP_ANONYMOUS_SUMS(NUMBER)
#undef NUMBER
}

static void add_all(cJSON *object, const struct bp_team_sums *of)
{
	const struct bp_anonymous_sums *sums = &of->sums;

	add_numbers(object, sums, 1);
	add_number(object, "acceptance_rate",
		   share(sums->edits_accepted,
			 (double)sums->edits_accepted + (double)sums->edits_rejected));
	add_number(object, "tool_error_rate",
		   share(sums->tool_calls_error, (double)sums->tool_calls_ok +
							 (double)sums->tool_calls_error +
							 (double)sums->tool_calls_interrupted));
	add_sketch(object, "response_ms", &of->response);
	add_sketch(object, "tool_latency_ms", &of->latency);
}

static void add_groups(cJSON *object, const char *name, const struct bp_team_groups *groups)
{
	cJSON *list = cJSON_AddArrayToObject(object, name);

	for (size_t i = 0; i < groups->n; i++) {
		cJSON *group = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(group, "key", groups->items[i].key);
		add_all(group, &groups->items[i].sums);
		(void)cJSON_AddItemToArray(list, group);
	}
}

enum bp_rc bp_team_json(const struct bp_team *team, struct cJSON **out, struct bp_err *err)
{
	const struct bp_team_groups *dates = &team->by[BP_TEAM_DATE];

	if (team->n_sources < 2) {
		return bp_err_set(err, BP_EINVAL,
				  "a team is two or more: of one file everybody would know whose "
				  "numbers these are");
	}
	cJSON *object = cJSON_CreateObject();
	(void)cJSON_AddNumberToObject(object, "schema_version", 1);
	(void)cJSON_AddNumberToObject(object, "sources", (double)team->n_sources);
	(void)cJSON_AddStringToObject(object, "from", dates->items[0].key);
	(void)cJSON_AddStringToObject(object, "until", dates->items[dates->n - 1].key);
	add_all(cJSON_AddObjectToObject(object, "total"), &team->total);
	add_numbers(cJSON_AddObjectToObject(object, "mean_per_source"), &team->total.sums,
		    team->n_sources);
	for (size_t by = 0; by < BP_TEAM_GROUPINGS; by++) {
		add_groups(object, GROUPINGS[by], &team->by[by]);
	}
	*out = object;
	return BP_OK;
}
