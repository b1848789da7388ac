/* SPDX-License-Identifier: MIT */
#include "query/subagents.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/rules.h"

static const char *const ENDS[BP_SUBAGENT_ENDS] = {"ok",         "failed",  "interrupted",
						   "unfinished", "running", "unknown"};

const char *bp_subagent_end_name(enum bp_subagent_end end)
{
	return ENDS[end];
}

/* --- reading --- */

/* What is open runs as long as the agent was heard of lately. */
static enum bp_subagent_end end_at(enum bp_habit_end told, bool lately)
{
	switch (told) {
	case BP_HABIT_END_OK:
		return BP_SUBAGENT_OK;
	case BP_HABIT_END_FAILED:
		return BP_SUBAGENT_FAILED;
	case BP_HABIT_END_INTERRUPTED:
		return BP_SUBAGENT_INTERRUPTED;
	case BP_HABIT_END_OPEN_INTERRUPTED:
		return lately ? BP_SUBAGENT_RUNNING : BP_SUBAGENT_INTERRUPTED;
	case BP_HABIT_END_OPEN_UNFINISHED:
		return lately ? BP_SUBAGENT_RUNNING : BP_SUBAGENT_UNFINISHED;
	case BP_HABIT_END_OPEN_UNKNOWN:
		break;
	}
	return lately ? BP_SUBAGENT_RUNNING : BP_SUBAGENT_UNKNOWN;
}

static const char *keep(struct bp_arena *arena, struct bp_str text)
{
	return text.len ? bp_arena_str(arena, text).ptr : "";
}

static void take(struct bp_subagents *out, size_t *cap, struct bp_statement *row, int64_t as_of_us)
{
	if (out->n == *cap) {
		*cap = *cap ? 2 * *cap : 32;
		out->items = bp_realloc(out->items, *cap, sizeof(out->items[0]));
	}
	enum bp_habit_end told = bp_habit_end_of(bp_column_text(row, 6), bp_column_text(row, 7));
	out->items[out->n++] = (struct bp_subagent){
		.conversation = bp_column_int(row, 0),
		.session = keep(&out->text, bp_column_text(row, 1)),
		.agent_id = keep(&out->text, bp_column_text(row, 2)),
		.type = keep(&out->text, bp_column_text(row, 3)),
		.started_us = bp_column_int(row, 4),
		.ended_us = bp_column_int(row, 5),
		.told = told,
		.end = end_at(told, bp_column_int(row, 5) > as_of_us - BP_PENDING_US)};
}

/* max: only as many, the newest first; 0: all, by start. */
static enum bp_rc read_agents(struct bp_sql *sql, const struct bp_scope *scope, size_t max,
			      struct bp_subagents *out, struct bp_err *err)
{
#define BY_START " ORDER BY s.started_us, s.agent_id"
#define AGENTS(where, order)                                                                       \
	"SELECT s.conversation_id, c.external_id, s.agent_id, s.agent_type, s.started_us, "        \
	"s.ended_us, " BP_SUBAGENT_CALL ", " BP_SUBAGENT_STOP                                      \
	" FROM subagents AS s JOIN conversations AS c "                                            \
	"ON c.id = s.conversation_id WHERE s.started_us >= ?1 AND s.started_us < ?2" where order
	static const char NEWEST[] = AGENTS("", " ORDER BY s.started_us DESC, s.agent_id");
	static const char IN_TIME[] = AGENTS("", BY_START);
	static const char IN_SESSION[] = AGENTS(" AND s.conversation_id = ?3", BY_START);
	struct bp_statement *statement = NULL;
	struct bp_scope_set set;
	size_t cap = 0;
	enum bp_rc rc = bp_scope_set_read(sql, scope->filter, &set, err);

	if (rc == BP_OK) {
		rc = bp_scope_statement(sql, scope, max ? NEWEST : IN_TIME, IN_SESSION, &statement,
					err);
	}
	while (rc == BP_OK && (max == 0 || out->n < max)) {
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK && bp_scope_set_has(&set, bp_column_int(statement, 0))) {
			take(out, &cap, statement, scope->as_of_us);
		}
	}
	bp_statement_free(statement);
	bp_scope_set_done(&set);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* An agent's calls stand between its first and its last event. */
static enum bp_rc read_calls(struct bp_sql *sql, struct bp_subagents *out, struct bp_err *err)
{
	static const char CALLS[] =
		"SELECT count(*), coalesce(sum(m.input + m.output + m.cache_write_5m + "
		"m.cache_write_1h + m.cache_read), 0), coalesce(sum(m.cost_pusd), 0), "
		"coalesce(sum(m.cost_pusd IS NULL), 0), (SELECT count(*) FROM tool_calls AS x "
		"WHERE x.conversation_id = ?1 AND x.ts_us >= ?2 AND x.ts_us <= ?3 AND x.agent_id = "
		"?4) FROM model_calls AS m WHERE m.conversation_id = ?1 AND m.ts_us >= ?2 AND "
		"m.ts_us <= ?3 AND m.agent_id = ?4 AND " BP_RULE_MODEL_CALL;
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, CALLS, &statement, err);

	for (size_t i = 0; i < out->n && rc == BP_OK; i++) {
		struct bp_subagent *agent = &out->items[i];
		bp_bind_int(statement, 1, agent->conversation);
		bp_bind_int(statement, 2, agent->started_us);
		bp_bind_int(statement, 3, agent->ended_us);
		bp_bind_text(statement, 4, bp_str_from(agent->agent_id));
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK) {
			agent->model_calls = bp_column_int(statement, 0);
			agent->tokens_total = bp_column_int(statement, 1);
			agent->cost_pusd = bp_column_int(statement, 2);
			agent->unpriced_calls = bp_column_int(statement, 3);
			agent->tool_calls = bp_column_int(statement, 4);
			bp_statement_reset(statement);
		}
	}
	bp_statement_free(statement);
	return rc;
}

static void count_ends(struct bp_subagents *agents)
{
	for (size_t i = 0; i < agents->n; i++) {
		agents->ends[agents->items[i].end]++;
	}
}

enum bp_rc bp_subagents_newest_read(struct bp_sql *sql, const struct bp_scope *scope, size_t max,
				    struct bp_subagents *out, struct bp_err *err)
{
	*out = (struct bp_subagents){0};
	enum bp_rc rc = read_agents(sql, scope, max, out, err);

	count_ends(out);
	return rc;
}

enum bp_rc bp_subagents_read(struct bp_sql *sql, const struct bp_scope *scope,
			     struct bp_subagents *out, struct bp_err *err)
{
	*out = (struct bp_subagents){0};
	enum bp_rc rc = read_agents(sql, scope, 0, out, err);

	if (rc == BP_OK) {
		rc = read_calls(sql, out, err);
	}
	count_ends(out);
	return rc;
}

void bp_subagents_done(struct bp_subagents *agents)
{
	free(agents->items);
	bp_arena_done(&agents->text);
	*agents = (struct bp_subagents){0};
}

/* --- by type --- */

static int by_agents(const void *a, const void *b)
{
	const struct bp_subagent_type *x = a, *y = b;
	int order = (x->agents < y->agents) - (x->agents > y->agents);

	return order ? order : strcmp(x->type, y->type);
}

static void add_use(struct bp_subagent_type *type, const struct bp_agent_use *use)
{
	type->tokens_total += use->tokens;
	type->cost_pusd += use->cost_pusd;
	type->model_calls += use->model_calls;
	type->unpriced_calls += use->unpriced_calls;
}

static struct bp_subagent_type type_of(const struct bp_habit *habit, const struct bp_totals *totals)
{
	const int64_t *values = habit->values;
	struct bp_subagent_type type = {.type = habit->key.ptr,
					.agents = values[BP_AGENT_AGENTS],
					.duration_us = values[BP_AGENT_DURATION_US],
					.tool_calls = values[BP_AGENT_TOOL_CALLS],
					.peak = values[BP_AGENT_PEAK]};
	const char *name = *type.type ? type.type : BP_AGENT_TYPE_UNKNOWN;

	for (size_t i = 0; i < BP_SUBAGENT_ENDS; i++) {
		type.ends[i] = values[BP_AGENT_ENDS + i];
	}
	for (size_t i = 0; i < totals->n_agents; i++) {
		if (strcmp(totals->agents[i].type, name) == 0) {
			add_use(&type, &totals->agents[i]);
		}
	}
	return type;
}

static void add_type_to(struct bp_subagent_type *all, const struct bp_subagent_type *type)
{
	all->agents += type->agents;
	for (size_t i = 0; i < BP_SUBAGENT_ENDS; i++) {
		all->ends[i] += type->ends[i];
	}
	all->duration_us += type->duration_us;
	all->tool_calls += type->tool_calls;
	all->tokens_total += type->tokens_total;
	all->cost_pusd += type->cost_pusd;
	all->model_calls += type->model_calls;
	all->unpriced_calls += type->unpriced_calls;
}

struct bp_subagent_types bp_subagent_types_of(const struct bp_habits *habits,
					      const struct bp_totals *totals)
{
	const struct bp_habit *peak = bp_habits_find(habits, BP_HABIT_PEAK, BP_STR(BP_PEAK_AGENTS));
	struct bp_subagent_types out = {
		.items = bp_calloc(habits->n + 1, sizeof(out.items[0])),
		.all = {.type = "", .peak = peak ? peak->values[BP_PEAK_VALUE] : 0}};

	for (size_t i = 0; i < habits->n; i++) {
		if (habits->items[i]->kind == BP_HABIT_AGENT) {
			out.items[out.n] = type_of(habits->items[i], totals);
			add_type_to(&out.all, &out.items[out.n++]);
		}
	}
	qsort(out.items, out.n, sizeof(out.items[0]), by_agents);
	return out;
}

void bp_subagent_types_done(struct bp_subagent_types *types)
{
	free(types->items);
	*types = (struct bp_subagent_types){0};
}

/* --- JSON --- */

double bp_subagent_success(const int64_t ends[BP_SUBAGENT_ENDS])
{
	int64_t ended = ends[BP_SUBAGENT_OK] + ends[BP_SUBAGENT_FAILED] +
			ends[BP_SUBAGENT_INTERRUPTED] + ends[BP_SUBAGENT_UNFINISHED];

	return ended > 0 ? (double)ends[BP_SUBAGENT_OK] / (double)ended : (double)NAN;
}

static void add_cost(cJSON *json, int64_t pusd, int64_t calls, int64_t unpriced)
{
	bool known = calls == 0 || unpriced < calls;

	(void)cJSON_AddItemToObject(json, "cost_usd",
				    known ? cJSON_CreateNumber((double)pusd / 1e12)
					  : cJSON_CreateNull());
}

static void add_type(cJSON *json, const char *type)
{
	(void)cJSON_AddItemToObject(json, "type",
				    *type ? cJSON_CreateString(type) : cJSON_CreateNull());
}

struct cJSON *bp_subagent_types_json(const struct bp_subagent_types *types)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < types->n; i++) {
		const struct bp_subagent_type *type = &types->items[i];
		double success = bp_subagent_success(type->ends);
		cJSON *item = cJSON_CreateObject();
		add_type(item, type->type);
		(void)cJSON_AddNumberToObject(item, "agents", (double)type->agents);
		(void)cJSON_AddItemToObject(item, "success_rate",
					    isnan(success) ? cJSON_CreateNull()
							   : cJSON_CreateNumber(success));
		for (size_t k = 0; k < BP_SUBAGENT_ENDS; k++) {
			(void)cJSON_AddNumberToObject(item, ENDS[k], (double)type->ends[k]);
		}
		(void)cJSON_AddNumberToObject(item, "duration_s", (double)type->duration_us / 1e6);
		(void)cJSON_AddNumberToObject(item, "peak_parallel", (double)type->peak);
		(void)cJSON_AddNumberToObject(item, "tool_calls", (double)type->tool_calls);
		(void)cJSON_AddNumberToObject(item, "tokens_total", (double)type->tokens_total);
		add_cost(item, type->cost_pusd, type->model_calls, type->unpriced_calls);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

struct cJSON *bp_subagents_json(const struct bp_subagents *agents)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < agents->n; i++) {
		const struct bp_subagent *agent = &agents->items[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(item, "agent_id", agent->agent_id);
		add_type(item, agent->type);
		(void)cJSON_AddItemToObject(item, "started_at", bp_time_json(agent->started_us));
		(void)cJSON_AddItemToObject(item, "ended_at", bp_time_json(agent->ended_us));
		(void)cJSON_AddNumberToObject(item, "duration_s",
					      (double)(agent->ended_us - agent->started_us) / 1e6);
		(void)cJSON_AddStringToObject(item, "outcome", ENDS[agent->end]);
		(void)cJSON_AddNumberToObject(item, "tool_calls", (double)agent->tool_calls);
		(void)cJSON_AddNumberToObject(item, "tokens_total", (double)agent->tokens_total);
		add_cost(item, agent->cost_pusd, agent->model_calls, agent->unpriced_calls);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}
