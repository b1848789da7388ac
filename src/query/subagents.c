/* SPDX-License-Identifier: MIT */
#include "query/subagents.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/rules.h"
#include "query/tool_steps.h"

static const char *const ENDS[BP_SUBAGENT_ENDS] = {"ok",         "failed",  "interrupted",
						   "unfinished", "running", "unknown"};

const char *bp_subagent_end_name(enum bp_subagent_end end)
{
	return ENDS[end];
}

/* --- reading --- */

static bool is_turn_end(struct bp_str reason)
{
	return bp_str_is(reason, "end_turn") || bp_str_is(reason, "stop_sequence");
}

static enum bp_subagent_end end_of(struct bp_str call, struct bp_str reason, int64_t ended_us,
				   int64_t as_of_us)
{
	bool lately = ended_us > as_of_us - BP_PENDING_US;

	if (call.len > 0) {
		switch (bp_outcome_of(call, ended_us, as_of_us - BP_PENDING_US)) {
		case BP_OUTCOME_OK:
			return BP_SUBAGENT_OK;
		case BP_OUTCOME_INTERRUPTED:
			return BP_SUBAGENT_INTERRUPTED;
		case BP_OUTCOME_PENDING:
			return BP_SUBAGENT_RUNNING;
		case BP_OUTCOME_ERROR:
		case BP_OUTCOME_REJECTED:
		case BP_OUTCOME_DENIED:
		case BP_OUTCOMES:
			return BP_SUBAGENT_FAILED;
		}
	}
	if (reason.len == 0) {
		return lately ? BP_SUBAGENT_RUNNING : BP_SUBAGENT_UNKNOWN;
	}
	return is_turn_end(reason) ? BP_SUBAGENT_OK
	       : lately            ? BP_SUBAGENT_RUNNING
				   : BP_SUBAGENT_UNFINISHED;
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
	out->items[out->n++] =
		(struct bp_subagent){.conversation = bp_column_int(row, 0),
				     .session = keep(&out->text, bp_column_text(row, 1)),
				     .agent_id = keep(&out->text, bp_column_text(row, 2)),
				     .type = keep(&out->text, bp_column_text(row, 3)),
				     .started_us = bp_column_int(row, 4),
				     .ended_us = bp_column_int(row, 5),
				     .end = end_of(bp_column_text(row, 6), bp_column_text(row, 7),
						   bp_column_int(row, 5), as_of_us)};
}

/* max: only as many, the newest first; 0: all, by start. */
static enum bp_rc read_agents(struct bp_sql *sql, const struct bp_scope *scope, size_t max,
			      struct bp_subagents *out, struct bp_err *err)
{
	/* Its call stands near its start: the session's other calls need not be looked at. */
#define BY_START " ORDER BY s.started_us, s.agent_id"
#define AGENTS(where, order)                                                                       \
	"SELECT s.conversation_id, c.external_id, s.agent_id, s.agent_type, s.started_us, "        \
	"s.ended_us, (SELECT x.outcome FROM tool_calls AS x WHERE x.conversation_id = "            \
	"s.conversation_id AND x.ts_us >= s.started_us - 120000000 AND x.ts_us <= s.started_us + " \
	"10000000 AND x.spawned_agent_id = s.agent_id AND x.background = 0 ORDER BY x.ts_us DESC " \
	"LIMIT 1), (SELECT m.stop_reason FROM model_calls AS m WHERE m.conversation_id = "         \
	"s.conversation_id AND m.ts_us >= s.started_us AND m.ts_us <= s.ended_us AND m.agent_id "  \
	"= s.agent_id ORDER BY m.ts_us DESC LIMIT 1) FROM subagents AS s JOIN conversations AS c " \
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

/* --- by type --- */

static void add_agent(struct bp_subagent_type *type, const struct bp_subagent *agent)
{
	type->agents++;
	type->ends[agent->end]++;
	type->duration_us += agent->ended_us - agent->started_us;
	type->tool_calls += agent->tool_calls;
	type->tokens_total += agent->tokens_total;
	type->cost_pusd += agent->cost_pusd;
	type->model_calls += agent->model_calls;
	type->unpriced_calls += agent->unpriced_calls;
}

static struct bp_subagent_type *type_of(struct bp_subagents *agents, const char *name)
{
	for (size_t i = 0; i < agents->n_types; i++) {
		if (strcmp(agents->types[i].type, name) == 0) {
			return &agents->types[i];
		}
	}
	agents->types[agents->n_types] = (struct bp_subagent_type){.type = name};
	return &agents->types[agents->n_types++];
}

static int by_agents(const void *a, const void *b)
{
	const struct bp_subagent_type *x = a, *y = b;
	int order = (x->agents < y->agents) - (x->agents > y->agents);

	return order ? order : strcmp(x->type, y->type);
}

struct edge {
	int64_t ts_us;
	int step; /* +1 a start, -1 an end */
};

/* An agent that starts in the moment another ends works beside it. */
static int by_moment(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	int order = (x->ts_us > y->ts_us) - (x->ts_us < y->ts_us);

	return order ? order : (x->step < y->step) - (x->step > y->step);
}

static int64_t peak_of(const struct bp_subagents *agents, const char *type)
{
	struct edge *edges = bp_calloc(2 * agents->n + 1, sizeof(*edges));
	int64_t now = 0, peak = 0;
	size_t n = 0;

	for (size_t i = 0; i < agents->n; i++) {
		const struct bp_subagent *agent = &agents->items[i];
		if (!type || strcmp(agent->type, type) == 0) {
			edges[n++] = (struct edge){agent->started_us, 1};
			edges[n++] = (struct edge){agent->ended_us, -1};
		}
	}
	qsort(edges, n, sizeof(*edges), by_moment);
	for (size_t i = 0; i < n; i++) {
		now += edges[i].step;
		peak = now > peak ? now : peak;
	}
	free(edges);
	return peak;
}

static void fold(struct bp_subagents *agents)
{
	agents->types = bp_calloc(agents->n + 1, sizeof(agents->types[0]));
	agents->all.type = "";
	for (size_t i = 0; i < agents->n; i++) {
		add_agent(type_of(agents, agents->items[i].type), &agents->items[i]);
		add_agent(&agents->all, &agents->items[i]);
	}
	for (size_t i = 0; i < agents->n_types; i++) {
		agents->types[i].peak = peak_of(agents, agents->types[i].type);
	}
	agents->all.peak = peak_of(agents, NULL);
	qsort(agents->types, agents->n_types, sizeof(agents->types[0]), by_agents);
}

enum bp_rc bp_subagents_newest_read(struct bp_sql *sql, const struct bp_scope *scope, size_t max,
				    struct bp_subagents *out, struct bp_err *err)
{
	*out = (struct bp_subagents){0};
	enum bp_rc rc = read_agents(sql, scope, max, out, err);

	fold(out);
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
	fold(out);
	return rc;
}

void bp_subagents_done(struct bp_subagents *agents)
{
	free(agents->items);
	free(agents->types);
	bp_arena_done(&agents->text);
	*agents = (struct bp_subagents){0};
}

/* --- JSON --- */

double bp_subagent_success(const struct bp_subagent_type *type)
{
	int64_t ended = type->ends[BP_SUBAGENT_OK] + type->ends[BP_SUBAGENT_FAILED] +
			type->ends[BP_SUBAGENT_INTERRUPTED] + type->ends[BP_SUBAGENT_UNFINISHED];

	return ended > 0 ? (double)type->ends[BP_SUBAGENT_OK] / (double)ended : (double)NAN;
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

struct cJSON *bp_subagent_types_json(const struct bp_subagents *agents)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < agents->n_types; i++) {
		const struct bp_subagent_type *type = &agents->types[i];
		double success = bp_subagent_success(type);
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
