/* SPDX-License-Identifier: MIT */
#include "query/timeline.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/period.h"
#include "query/rules.h"

static const char *keep(struct bp_arena *arena, struct bp_str text)
{
	return text.ptr ? bp_arena_str(arena, text).ptr : NULL;
}

enum bp_rc bp_timeline_read(struct bp_sql *sql, int64_t conversation, int64_t pending_before_us,
			    struct bp_timeline *out, struct bp_err *err)
{
	/* ts, kind, name, outcome, duration, amount, lines added, lines removed, agent, id */
	static const char TIMELINE[] =
		"SELECT t.ts_us, 'prompt', NULL, NULL, t.complete_us, t.words, NULL, NULL, "
		"t.agent_id, t.id FROM conversation_turns AS t WHERE t.conversation_id = ?1 "
		"AND " BP_RULE_PROMPT
		" UNION ALL SELECT m.ts_us, 'model_call', m.model, CASE WHEN " BP_RULE_ABORTED
		" THEN 'aborted' ELSE 'ok' END, coalesce(m.duration_us, nullif(m.ts_last_us - "
		"m.ts_us, 0)), "
		"m.input + m.output + m.cache_write_5m + m.cache_write_1h + m.cache_read, NULL, "
		"NULL, m.agent_id, m.id FROM model_calls AS m WHERE m.conversation_id = ?1"
		" UNION ALL SELECT x.ts_us, 'tool', x.tool, CASE WHEN x.outcome = 'pending' AND "
		"x.ts_us < ?2 THEN 'interrupted' ELSE x.outcome END, x.latency_us, NULL, "
		"e.lines_added, e.lines_removed, x.agent_id, x.id FROM tool_calls AS x LEFT JOIN "
		"code_changes AS e ON e.id = x.id WHERE x.conversation_id = ?1"
		" UNION ALL SELECT a.ts_us, 'api_error', a.error_class, a.kind, NULL, a.status, "
		"NULL, NULL, NULL, a.id FROM api_errors AS a WHERE a.conversation_id = ?1 "
		"AND " BP_RULE_API_ERROR
		" UNION ALL SELECT k.ts_us, 'compaction', k.compact_trigger, NULL, NULL, "
		"k.pre_tokens, NULL, NULL, NULL, k.id FROM compactions AS k WHERE "
		"k.conversation_id = ?1 AND " BP_RULE_COMPACTION
		" UNION ALL SELECT s.started_us, 'subagent', s.agent_type, NULL, s.ended_us - "
		"s.started_us, NULL, NULL, NULL, s.agent_id, s.id FROM subagents AS s WHERE "
		"s.conversation_id = ?1"
		" UNION ALL SELECT c.start_ts_us, 'start', c.start_source, NULL, NULL, NULL, NULL, "
		"NULL, NULL, c.id FROM conversations AS c WHERE c.id = ?1 AND c.start_ts_us IS NOT "
		"NULL"
		" UNION ALL SELECT c.end_ts_us, 'end', c.end_reason, NULL, NULL, NULL, NULL, NULL, "
		"NULL, c.id FROM conversations AS c WHERE c.id = ?1 AND c.end_ts_us IS NOT NULL"
		" ORDER BY 1, 2 DESC, 10";
	struct bp_statement *statement = NULL;
	size_t cap = 0;
	enum bp_rc rc = bp_statement_new(sql, TIMELINE, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, conversation);
	bp_bind_int(statement, 2, pending_before_us);
	for (rc = bp_statement_step(statement, err); rc == BP_OK;
	     rc = bp_statement_step(statement, err)) {
		if (out->n == cap) {
			cap = cap ? 2 * cap : 256;
			out->items = bp_realloc(out->items, cap, sizeof(out->items[0]));
		}
		out->items[out->n++] = (struct bp_timeline_entry){
			.ts_us = bp_column_int(statement, 0),
			.kind = keep(&out->text, bp_column_text(statement, 1)),
			.name = keep(&out->text, bp_column_text(statement, 2)),
			.outcome = keep(&out->text, bp_column_text(statement, 3)),
			.duration_us = bp_column_int(statement, 4),
			.amount = bp_column_int(statement, 5),
			.lines_added = bp_column_int(statement, 6),
			.lines_removed = bp_column_int(statement, 7),
			.agent_id = keep(&out->text, bp_column_text(statement, 8))};
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

void bp_timeline_done(struct bp_timeline *timeline)
{
	free(timeline->items);
	bp_arena_done(&timeline->text);
	*timeline = (struct bp_timeline){0};
}

static void add_text(cJSON *json, const char *name, const char *text)
{
	if (text) {
		(void)cJSON_AddStringToObject(json, name, text);
	}
}

static void add_number(cJSON *json, const char *name, int64_t value, double by)
{
	if (value != BP_SQL_NULL) {
		(void)cJSON_AddNumberToObject(json, name, (double)value / by);
	}
}

static cJSON *entry_json(const struct bp_timeline_entry *entry)
{
	cJSON *json = cJSON_CreateObject();
	bool prompt = strcmp(entry->kind, "prompt") == 0;
	bool error = strcmp(entry->kind, "api_error") == 0;
	bool tool = strcmp(entry->kind, "tool") == 0;
	bool model = strcmp(entry->kind, "model_call") == 0;

	(void)cJSON_AddItemToObject(json, "ts", bp_time_json(entry->ts_us));
	add_text(json, "kind", entry->kind);
	add_text(json, tool ? "tool" : model ? "model" : "name", entry->name);
	add_text(json, "outcome", entry->outcome);
	add_number(json, "duration_ms", entry->duration_us, 1000);
	add_number(json, prompt ? "words" : error ? "status" : "tokens", entry->amount, 1);
	add_number(json, "lines_added", entry->lines_added, 1);
	add_number(json, "lines_removed", entry->lines_removed, 1);
	add_text(json, "agent_id", entry->agent_id);
	return json;
}

struct cJSON *bp_timeline_json(const struct bp_timeline *timeline)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < timeline->n; i++) {
		(void)cJSON_AddItemToArray(list, entry_json(&timeline->items[i]));
	}
	return list;
}
