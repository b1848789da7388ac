/* SPDX-License-Identifier: MIT */
#include "query/turns.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/period.h"
#include "query/rules.h"

static void take(struct bp_turns *out, size_t *cap, struct bp_statement *row)
{
	struct bp_str model = bp_column_text(row, 8);

	if (out->n == *cap) {
		*cap = *cap ? 2 * *cap : 64;
		out->items = bp_realloc(out->items, *cap, sizeof(out->items[0]));
	}
	out->items[out->n++] = (struct bp_turn_row){
		.id = bp_column_int(row, 0),
		.number = bp_column_int(row, 1),
		.ts_us = bp_column_int(row, 2),
		.words = bp_column_int(row, 3),
		.latency_us = bp_column_int(row, 4),
		.first_tool_us = bp_column_int(row, 5),
		.complete_us = bp_column_int(row, 6),
		.think_us = bp_column_int(row, 7),
		.model = model.len ? bp_arena_str(&out->text, model).ptr : "",
	};
}

static int by_id(const void *a, const void *b)
{
	const struct bp_turn_row *const *x = a, *const *y = b;

	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static int id_of(const void *key, const void *item)
{
	const struct bp_turn_row *const *turn = item;
	int64_t id = *(const int64_t *)key;

	return (id > (*turn)->id) - (id < (*turn)->id);
}

static void count_steps(struct bp_turns *turns, const struct bp_tool_steps *steps)
{
	struct bp_turn_row **index = bp_calloc(turns->n + 1, sizeof(struct bp_turn_row *));

	for (size_t i = 0; i < turns->n; i++) {
		index[i] = &turns->items[i];
	}
	qsort(index, turns->n, sizeof(struct bp_turn_row *), by_id);
	for (size_t i = 0; i < steps->n; i++) {
		const struct bp_tool_step *step = &steps->items[i];
		struct bp_turn_row **turn = turns->n == 0
						    ? NULL
						    : bsearch(&step->turn, index, turns->n,
							      sizeof(struct bp_turn_row *), id_of);
		if (turn) {
			(*turn)->tool_calls++;
			(*turn)->errors += step->outcome == BP_OUTCOME_ERROR;
			(*turn)->edits_ok += step->edit && step->outcome == BP_OUTCOME_OK;
			(*turn)->edits_rejected +=
				step->edit && step->outcome == BP_OUTCOME_REJECTED;
		}
	}
	free(index);
}

enum bp_rc bp_turns_read(struct bp_sql *sql, int64_t conversation,
			 const struct bp_tool_steps *steps, struct bp_turns *out,
			 struct bp_err *err)
{
	static const char TURNS[] =
		"SELECT t.id, t.turn_number, t.ts_us, t.words, t.latency_us, t.first_tool_us, "
		"t.complete_us, t.think_us, t.model FROM conversation_turns AS t WHERE "
		"t.conversation_id = ?1 AND " BP_RULE_PROMPT " ORDER BY t.ts_us, t.id";
	struct bp_statement *statement = NULL;
	size_t cap = 0;

	*out = (struct bp_turns){0};
	enum bp_rc rc = bp_statement_new(sql, TURNS, &statement, err);
	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, conversation);
	for (rc = bp_statement_step(statement, err); rc == BP_OK;
	     rc = bp_statement_step(statement, err)) {
		take(out, &cap, statement);
	}
	bp_statement_free(statement);
	count_steps(out, steps);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

void bp_turns_done(struct bp_turns *turns)
{
	free(turns->items);
	bp_arena_done(&turns->text);
	*turns = (struct bp_turns){0};
}

static void add_number(cJSON *json, const char *name, int64_t value, double unit)
{
	(void)cJSON_AddItemToObject(json, name,
				    value == BP_SQL_NULL
					    ? cJSON_CreateNull()
					    : cJSON_CreateNumber((double)value / unit));
}

struct cJSON *bp_turns_json(const struct bp_turns *turns)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < turns->n; i++) {
		const struct bp_turn_row *turn = &turns->items[i];
		cJSON *item = cJSON_CreateObject();
		add_number(item, "number", turn->number, 1);
		(void)cJSON_AddItemToObject(item, "at", bp_time_json(turn->ts_us));
		(void)cJSON_AddItemToObject(item, "model",
					    *turn->model ? cJSON_CreateString(turn->model)
							 : cJSON_CreateNull());
		add_number(item, "words", turn->words, 1);
		add_number(item, "response_ms", turn->latency_us, 1000);
		add_number(item, "first_tool_ms", turn->first_tool_us, 1000);
		add_number(item, "complete_ms", turn->complete_us, 1000);
		add_number(item, "think_ms", turn->think_us, 1000);
		add_number(item, "tool_calls", turn->tool_calls, 1);
		add_number(item, "errors", turn->errors, 1);
		add_number(item, "edits_ok", turn->edits_ok, 1);
		add_number(item, "edits_rejected", turn->edits_rejected, 1);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}
