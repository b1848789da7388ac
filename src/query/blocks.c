/* SPDX-License-Identifier: MIT */
/*
 * Where blocks begin is found by jumping from call to call in the index of model_calls; what they
 * came to is read from rollups, which fit, because a block begins and ends on an hour.
 */
#include "query/blocks.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/database.h"
#include "query/rollups.h"
#include "query/sessions.h"

#define HOUR_US INT64_C(3600000000)

struct reading {
	struct bp_sql *sql;
	struct bp_statement *next, *last; /* call at or after, last call before */
	bool compat;
	struct bp_blocks *out;
	size_t at; /* block of the bucket before */
};

static int64_t hour_of(int64_t ts_us)
{
	int64_t rest = ts_us % HOUR_US;
	return ts_us - (rest < 0 ? rest + HOUR_US : rest);
}

/* *out: BP_SQL_NULL when there is no call. */
static enum bp_rc ask_time(struct bp_statement *statement, int64_t ts_us, int64_t *out,
			   struct bp_err *err)
{
	bp_bind_int(statement, 1, ts_us);
	enum bp_rc rc = bp_statement_step(statement, err);
	if (rc == BP_OK) {
		*out = bp_column_int(statement, 0);
	}
	bp_statement_reset(statement);
	return rc;
}

/*
 * The first call of the chain of blocks that reaches into the period: going back from it, the first
 * one with more than a block's time before it.
 */
static enum bp_rc find_chain(struct bp_sql *sql, int64_t from_us, int64_t *out, struct bp_err *err)
{
	static const char BACK[] =
		"SELECT ts_us FROM model_calls WHERE ts_us < ?1 ORDER BY ts_us DESC";
	struct bp_statement *statement = NULL;
	int64_t before = from_us;
	enum bp_rc rc = bp_statement_new(sql, BACK, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, from_us);
	for (rc = bp_statement_step(statement, err); rc == BP_OK;
	     rc = bp_statement_step(statement, err)) {
		int64_t ts_us = bp_column_int(statement, 0);
		if (before - ts_us > BP_BLOCK_US) {
			break;
		}
		before = ts_us;
	}
	bp_statement_free(statement);
	*out = before;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static struct bp_block *add_block(struct bp_blocks *blocks, struct bp_block block)
{
	blocks->items = bp_realloc(blocks->items, blocks->n + 1, sizeof(blocks->items[0]));
	blocks->items[blocks->n] = block;
	return &blocks->items[blocks->n++];
}

/* The blocks from the chain's first call to the period's end, and the gaps between them. */
static enum bp_rc find_blocks(struct reading *reading, const struct bp_period *period,
			      int64_t now_us, struct bp_err *err)
{
	int64_t at = BP_TIME_FIRST, last = BP_SQL_NULL;
	enum bp_rc rc = BP_OK;

	if (period->from_us != BP_TIME_FIRST) {
		rc = find_chain(reading->sql, period->from_us, &at, err);
	}
	while (rc == BP_OK) {
		int64_t first = BP_SQL_NULL;
		rc = ask_time(reading->next, at, &first, err);
		if (rc != BP_OK || first == BP_SQL_NULL || first >= period->until_us) {
			break;
		}
		if (last != BP_SQL_NULL && first - last > BP_BLOCK_US && reading->out->n > 0) {
			(void)add_block(reading->out,
					(struct bp_block){.from_us = last + BP_BLOCK_US,
							  .until_us = first,
							  .gap = true});
		}
		at = hour_of(first) + BP_BLOCK_US;
		rc = ask_time(reading->last, at, &last, err);
		if (rc == BP_OK && last >= period->from_us) {
			(void)add_block(reading->out,
					(struct bp_block){.from_us = at - BP_BLOCK_US,
							  .until_us = at,
							  .first_us = first,
							  .last_us = last,
							  .active = now_us < at &&
								    now_us >= at - BP_BLOCK_US});
		}
	}
	return rc;
}

/* --- what they came to --- */

static void add_model(struct bp_block *block, struct bp_str model)
{
	size_t n = block->models ? strlen(block->models) : 0;

	for (size_t i = 0; i < n; i += strcspn(block->models + i, "\n") + 1) {
		size_t len = strcspn(block->models + i, "\n");
		if (bp_str_eq(model, bp_str_make(block->models + i, len))) {
			return;
		}
	}
	char *more = bp_asprintf("%s%s%.*s", block->models ? block->models : "", n ? "\n" : "",
				 BP_STR_ARG(model));
	free(block->models);
	block->models = more;
}

static enum bp_rc take_bucket(const struct bp_session_bucket *bucket, void *arg, struct bp_err *err)
{
	struct reading *reading = arg;
	const struct bp_blocks *blocks = reading->out;
	size_t i = reading->at;

	(void)err;
	if (bucket->sums.model_calls == 0 && bucket->sums.aborted_calls == 0) {
		return BP_OK;
	}
	if (i >= blocks->n || bucket->bucket_us < blocks->items[i].from_us) {
		i = 0;
	}
	while (i < blocks->n &&
	       (blocks->items[i].gap || bucket->bucket_us >= blocks->items[i].until_us)) {
		i++;
	}
	if (i < blocks->n && bucket->bucket_us >= blocks->items[i].from_us) {
		bp_cost_add(&blocks->items[i].cost, &bucket->sums, reading->compat);
		if (bucket->model.len > 0) {
			add_model(&blocks->items[i], bucket->model);
		}
		reading->at = i;
	}
	return BP_OK;
}

static enum bp_rc read_costs(struct reading *reading, const struct bp_period *asked,
			     struct bp_err *err)
{
	const struct bp_blocks *blocks = reading->out;
	const struct bp_filter all = {0};

	if (blocks->n == 0) {
		return BP_OK;
	}
	/* Whole blocks, of which the first may begin before what was asked for. */
	struct bp_period period = {.from_us = blocks->items[0].from_us,
				   .until_us = blocks->items[blocks->n - 1].until_us,
				   .tz = asked->tz};
	/* Sessions tell the same sums in fewer rows, as they do not know tools. */
	const struct bp_rollups_question question = {.period = &period,
						     .filter = &all,
						     .pending_before_us = BP_TIME_FIRST,
						     .largest = BP_ROLLUP_QUARTER};
	const struct bp_bucket_sink sink = {.session = take_bucket, .arg = reading};
	return bp_rollups_read(reading->sql, &question, &sink, err);
}

enum bp_rc bp_blocks_collect(struct bp_sql *sql, const struct bp_period *period,
			     bool compat_ccusage, int64_t now_us, struct bp_blocks *out,
			     struct bp_err *err)
{
	static const char NEXT[] = "SELECT min(ts_us) FROM model_calls WHERE ts_us >= ?1";
	static const char LAST[] = "SELECT max(ts_us) FROM model_calls WHERE ts_us < ?1";
	struct reading reading = {.sql = sql, .compat = compat_ccusage, .out = out};

	*out = (struct bp_blocks){0};
	enum bp_rc rc = bp_statement_new(sql, NEXT, &reading.next, err);
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, LAST, &reading.last, err);
	}
	if (rc == BP_OK) {
		rc = find_blocks(&reading, period, now_us, err);
	}
	if (rc == BP_OK) {
		rc = read_costs(&reading, period, err);
	}
	bp_statement_free(reading.next);
	bp_statement_free(reading.last);
	for (size_t i = 0; i < out->n; i++) {
		int64_t tokens = bp_tokens_total(&out->items[i].cost.tokens);
		if (!out->items[i].models) {
			out->items[i].models = bp_strdup(BP_STR(""));
		}
		if (!out->items[i].active && tokens > out->most_tokens) {
			out->most_tokens = tokens;
		}
	}
	return rc;
}

enum bp_rc bp_blocks_read(struct bp_sql *sql, const struct bp_period *period, bool compat_ccusage,
			  int64_t now_us, struct bp_blocks *out, struct bp_err *err)
{
	enum bp_rc rc = bp_query_begin(sql, err);

	*out = (struct bp_blocks){0};
	if (rc == BP_OK) {
		rc = bp_blocks_collect(sql, period, compat_ccusage, now_us, out, err);
		bp_query_end(sql);
	}
	return rc;
}

void bp_blocks_done(struct bp_blocks *blocks)
{
	for (size_t i = 0; i < blocks->n; i++) {
		free(blocks->items[i].models);
	}
	free(blocks->items);
	*blocks = (struct bp_blocks){0};
}

const struct bp_block *bp_blocks_active(const struct bp_blocks *blocks)
{
	for (size_t i = blocks->n; i > 0; i--) {
		if (blocks->items[i - 1].active) {
			return &blocks->items[i - 1];
		}
	}
	return NULL;
}

bool bp_block_burn(const struct bp_block *block, int64_t now_us, struct bp_burn *out)
{
	double minutes = (double)(block->last_us - block->first_us) / 60e6;
	double left = (double)(block->until_us - now_us) / 60e6;
	double tokens = (double)bp_tokens_total(&block->cost.tokens);
	double usd = (double)block->cost.cost_pusd / 1e12;

	if (!block->active || minutes <= 0) {
		return false;
	}
	*out = (struct bp_burn){.tokens_per_min = tokens / minutes,
				.usd_per_h = usd / minutes * 60,
				.projected_tokens = tokens + tokens / minutes * left,
				.projected_usd = usd + usd / minutes * left};
	return true;
}

/* --- JSON --- */

static void add_burn(cJSON *json, const struct bp_block *block, int64_t now_us)
{
	struct bp_burn burn;

	if (!bp_block_burn(block, now_us, &burn)) {
		(void)cJSON_AddNullToObject(json, "burn_rate");
		(void)cJSON_AddNullToObject(json, "projection");
		return;
	}
	cJSON *rate = cJSON_AddObjectToObject(json, "burn_rate");
	(void)cJSON_AddNumberToObject(rate, "tokens_per_minute", burn.tokens_per_min);
	(void)cJSON_AddNumberToObject(rate, "cost_usd_per_hour", burn.usd_per_h);
	cJSON *projection = cJSON_AddObjectToObject(json, "projection");
	(void)cJSON_AddNumberToObject(projection, "tokens_total", burn.projected_tokens);
	(void)cJSON_AddNumberToObject(projection, "cost_usd", burn.projected_usd);
	(void)cJSON_AddNumberToObject(projection, "remaining_s",
				      (double)(block->until_us - now_us) / 1e6);
}

struct cJSON *bp_block_json(const struct bp_block *block, int64_t now_us, int64_t token_limit)
{
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddItemToObject(json, "started_at", bp_time_json(block->from_us));
	(void)cJSON_AddItemToObject(json, "ends_at", bp_time_json(block->until_us));
	(void)cJSON_AddBoolToObject(json, "gap", block->gap);
	(void)cJSON_AddBoolToObject(json, "active", block->active);
	if (block->gap) {
		return json;
	}
	(void)cJSON_AddItemToObject(json, "last_call_at", bp_time_json(block->last_us));
	bp_cost_add_json(json, &block->cost);
	(void)cJSON_AddItemToObject(json, "models", bp_models_json(block->models));
	add_burn(json, block, now_us);
	if (token_limit > 0) {
		(void)cJSON_AddNumberToObject(json, "token_limit_share",
					      (double)bp_tokens_total(&block->cost.tokens) /
						      (double)token_limit);
	}
	return json;
}

struct cJSON *bp_blocks_json(const struct bp_blocks *blocks, int64_t now_us, int64_t token_limit)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < blocks->n; i++) {
		(void)cJSON_AddItemToArray(list,
					   bp_block_json(&blocks->items[i], now_us, token_limit));
	}
	return list;
}
