/* SPDX-License-Identifier: MIT */
#include "query/current.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "query/database.h"
#include "query/metrics.h"
#include "query/rules.h"

enum { SESSIONS_MAX = 100 };

#define MINUTE_US INT64_C(60000000)

/* The first instant of the oldest minute that is shown. */
static int64_t hour_start(int64_t now_us)
{
	return (now_us / MINUTE_US - (BP_CURRENT_MINUTES - 1)) * MINUTE_US;
}

/* --- the last hour --- */

/* minute, prompts, model calls, tool calls, tokens, cost, latency, latencies */
#define HOUR                                                                                       \
	"SELECT t.ts_us / 60000000, count(*), 0, 0, 0, 0, 0, 0 FROM conversation_turns AS t "      \
	"WHERE t.ts_us >= ?1 AND t.ts_us < ?2 AND " BP_RULE_PROMPT " GROUP BY 1 UNION ALL "        \
	"SELECT m.ts_us / 60000000, 0, count(*), 0, sum(m.input + m.output + m.cache_write_5m + "  \
	"m.cache_write_1h + m.cache_read), coalesce(sum(CASE WHEN ?3 THEN m.compat_pusd ELSE "     \
	"m.cost_pusd END), 0), 0, 0 FROM model_calls AS m WHERE m.ts_us >= ?1 AND m.ts_us < ?2 "   \
	"AND " BP_RULE_MODEL_CALL " GROUP BY 1 UNION ALL "                                         \
	"SELECT x.ts_us / 60000000, 0, 0, count(*), 0, 0, coalesce(sum(CASE WHEN "                 \
	"" BP_RULE_EXECUTED " THEN x.latency_us END), 0), coalesce(sum(" BP_RULE_EXECUTED          \
	" AND x.latency_us IS NOT NULL), 0) FROM tool_calls AS x WHERE x.ts_us >= ?1 AND x.ts_us " \
	"< ?2 GROUP BY 1"

static enum bp_rc read_hour(struct bp_sql *sql, const struct bp_current_question *question,
			    struct bp_current *out, struct bp_err *err)
{
	static const char SQL[] = HOUR;
	int64_t from_us = hour_start(question->now_us);
	struct bp_statement *row = NULL;
	enum bp_rc rc = bp_statement_new(sql, SQL, &row, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(row, 1, from_us);
	bp_bind_int(row, 2, from_us + BP_CURRENT_MINUTES * MINUTE_US);
	bp_bind_int(row, 3, question->compat_ccusage);
	for (rc = bp_statement_step(row, err); rc == BP_OK; rc = bp_statement_step(row, err)) {
		int64_t at = bp_column_int(row, 0) - from_us / MINUTE_US;
		struct bp_current_minute *minute = &out->minutes[at];
		minute->prompts += bp_column_int(row, 1);
		minute->model_calls += bp_column_int(row, 2);
		minute->tool_calls += bp_column_int(row, 3);
		minute->tokens += bp_column_int(row, 4);
		minute->cost_pusd += bp_column_int(row, 5);
		minute->latency_us += bp_column_int(row, 6);
		minute->latencies += bp_column_int(row, 7);
	}
	bp_statement_free(row);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* --- what just happened --- */

/* id, ts, kind, name, outcome, project, amount, duration: each kind's newest by its time index */
#define PROJECT "coalesce(c.project_name, c.project_hash)"
#define OF_SESSION(alias) " LEFT JOIN conversations AS c ON c.id = " alias ".conversation_id"
#define NEWEST(columns, from, rule)                                                                \
	"SELECT * FROM (SELECT " columns " FROM " from rule " ORDER BY 2 DESC LIMIT ?1)"
#define EVENTS                                                                                     \
	NEWEST("t.id, t.ts_us, 'prompt', NULL, NULL, " PROJECT ", t.words, NULL",                  \
	       "conversation_turns AS t" OF_SESSION("t"), " WHERE " BP_RULE_PROMPT)                \
	" UNION ALL " NEWEST(                                                                      \
		"m.id, m.ts_us, 'model_call', m.model, CASE WHEN " BP_RULE_ABORTED                 \
		" THEN 'aborted' ELSE 'ok' END, " PROJECT                                          \
		", m.input + m.output + m.cache_write_5m + m.cache_write_1h + m.cache_read, NULL", \
		"model_calls AS m" OF_SESSION("m"),                                                \
		"") " UNION ALL " NEWEST("x.id, x.ts_us, 'tool', x.tool, CASE WHEN x.outcome = "   \
					 "'pending' AND x.ts_us < ?2 THEN 'interrupted' ELSE "     \
					 "x.outcome END, " PROJECT ", NULL, x.latency_us",         \
					 "tool_calls AS x" OF_SESSION("x"),                        \
					 "") " ORDER BY 2 DESC, 1 LIMIT ?1"

static const char *keep(struct bp_arena *arena, struct bp_str text)
{
	return text.ptr ? bp_arena_str(arena, text).ptr : NULL;
}

static enum bp_rc read_events(struct bp_sql *sql, int64_t now_us, struct bp_current *out,
			      struct bp_err *err)
{
	static const char SQL[] = EVENTS;
	struct bp_statement *row = NULL;
	enum bp_rc rc = bp_statement_new(sql, SQL, &row, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(row, 1, BP_CURRENT_EVENTS);
	bp_bind_int(row, 2, now_us - BP_PENDING_US);
	for (rc = bp_statement_step(row, err); rc == BP_OK; rc = bp_statement_step(row, err)) {
		out->events[out->n_events++] = (struct bp_current_event){
			.id = bp_column_int(row, 0),
			.ts_us = bp_column_int(row, 1),
			.kind = keep(&out->text, bp_column_text(row, 2)),
			.name = keep(&out->text, bp_column_text(row, 3)),
			.outcome = keep(&out->text, bp_column_text(row, 4)),
			.project = keep(&out->text, bp_column_text(row, 5)),
			.amount = bp_column_int(row, 6),
			.duration_us = bp_column_int(row, 7),
		};
	}
	bp_statement_free(row);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* --- today, and who is active --- */

static enum bp_rc read_today(struct bp_sql *sql, const struct bp_current_question *question,
			     enum bp_group_by by, struct bp_groups *out, struct bp_err *err)
{
	struct bp_period today = {.from_us = bp_tz_day_start(question->tz, question->now_us),
				  .until_us = BP_TIME_LAST,
				  .tz = question->tz,
				  .name = "today"};
	struct bp_filter all = {0};
	struct bp_totals_question totals = {
		.period = &today, .filter = &all, .by = by, .as_of_us = question->now_us};

	return bp_totals_collect(sql, &totals, out, err);
}

static enum bp_rc read_sessions(struct bp_sql *sql, const struct bp_current_question *question,
				struct bp_sessions *out, struct bp_err *err)
{
	struct bp_period lately = {.from_us = question->now_us - BP_ACTIVE_US,
				   .until_us = BP_TIME_LAST,
				   .tz = question->tz,
				   .name = "lately"};
	struct bp_filter all = {0};
	struct bp_sessions_question sessions = {.period = &lately,
						.filter = &all,
						.sort = BP_SORT_LAST,
						.limit = SESSIONS_MAX,
						.min_acceptance = (double)NAN,
						.min_productivity = (double)NAN,
						.min_cost_usd = (double)NAN,
						.as_of_us = question->now_us};

	return bp_sessions_read(sql, &sessions, out, err);
}

enum bp_rc bp_current_read(struct bp_sql *sql, const struct bp_current_question *question,
			   struct bp_current *out, struct bp_err *err)
{
	enum bp_rc rc = bp_query_begin(sql, err);

	*out = (struct bp_current){.as_of_us = question->now_us};
	if (rc != BP_OK) {
		return rc;
	}
	rc = read_today(sql, question, BP_GROUP_NONE, &out->today, err);
	if (rc == BP_OK) {
		rc = read_today(sql, question, BP_GROUP_TOOL, &out->tools, err);
	}
	if (rc == BP_OK) {
		rc = read_hour(sql, question, out, err);
	}
	if (rc == BP_OK) {
		rc = read_events(sql, question->now_us, out, err);
	}
	bp_query_end(sql);
	return rc == BP_OK ? read_sessions(sql, question, &out->sessions, err) : rc;
}

void bp_current_done(struct bp_current *current)
{
	bp_groups_done(&current->today);
	bp_groups_done(&current->tools);
	bp_sessions_done(&current->sessions);
	bp_arena_done(&current->text);
}

/* --- JSON --- */

static cJSON *minutes_json(const struct bp_current *current)
{
	cJSON *list = cJSON_CreateArray();
	int64_t from_us = hour_start(current->as_of_us);

	for (int i = 0; i < BP_CURRENT_MINUTES; i++) {
		const struct bp_current_minute *minute = &current->minutes[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddItemToObject(item, "ts", bp_time_json(from_us + i * MINUTE_US));
		(void)cJSON_AddNumberToObject(item, "prompts", (double)minute->prompts);
		(void)cJSON_AddNumberToObject(item, "model_calls", (double)minute->model_calls);
		(void)cJSON_AddNumberToObject(item, "tool_calls", (double)minute->tool_calls);
		(void)cJSON_AddNumberToObject(item, "tokens", (double)minute->tokens);
		(void)cJSON_AddNumberToObject(item, "cost_usd", (double)minute->cost_pusd / 1e12);
		if (minute->latencies > 0) {
			(void)cJSON_AddNumberToObject(item, "tool_latency_avg_ms",
						      (double)minute->latency_us / 1000 /
							      (double)minute->latencies);
		} else {
			(void)cJSON_AddNullToObject(item, "tool_latency_avg_ms");
		}
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

static void add_text(cJSON *json, const char *name, const char *text)
{
	if (text) {
		(void)cJSON_AddStringToObject(json, name, text);
	} else {
		(void)cJSON_AddNullToObject(json, name);
	}
}

static cJSON *events_json(const struct bp_current *current)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < current->n_events; i++) {
		const struct bp_current_event *event = &current->events[i];
		cJSON *item = cJSON_CreateObject();
		bool prompt = strcmp(event->kind, "prompt") == 0;
		(void)cJSON_AddItemToObject(item, "ts", bp_time_json(event->ts_us));
		add_text(item, "kind", event->kind);
		add_text(item, "name", event->name);
		add_text(item, "outcome", event->outcome);
		add_text(item, "project", event->project);
		if (event->amount != BP_SQL_NULL) {
			(void)cJSON_AddNumberToObject(item, prompt ? "words" : "tokens",
						      (double)event->amount);
		}
		if (event->duration_us != BP_SQL_NULL) {
			(void)cJSON_AddNumberToObject(item, "duration_ms",
						      (double)event->duration_us / 1000);
		}
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

struct cJSON *bp_current_json(const struct bp_current *current)
{
	cJSON *json = cJSON_CreateObject();
	cJSON *tools = cJSON_CreateArray();
	cJSON *sessions = bp_sessions_json(&current->sessions);

	(void)cJSON_AddNumberToObject(json, "schema_version", 1);
	(void)cJSON_AddItemToObject(json, "as_of", bp_time_json(current->as_of_us));
	(void)cJSON_AddItemToObject(json, "today",
				    bp_metrics_json(&current->today.items[0]->totals));
	for (size_t i = 0; i < current->tools.n; i++) {
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(item, "key", current->tools.items[i]->key);
		(void)cJSON_AddItemToObject(item, "metrics",
					    bp_metrics_json(&current->tools.items[i]->totals));
		(void)cJSON_AddItemToArray(tools, item);
	}
	(void)cJSON_AddItemToObject(json, "tools", tools);
	(void)cJSON_AddItemToObject(json, "sessions",
				    cJSON_DetachItemFromObject(sessions, "sessions"));
	cJSON_Delete(sessions);
	(void)cJSON_AddItemToObject(json, "minutes", minutes_json(current));
	(void)cJSON_AddItemToObject(json, "events", events_json(current));
	return json;
}
