/* SPDX-License-Identifier: MIT */
/*
 * Data sets that are one statement over facts. A column is a line: its name, its type, its SQL. The
 * statement is made of these lines alone; what the caller says is bound, never written into it.
 *
 * Parameters: ?1 from, ?2 until, ?3 the conversation or NULL, of tool calls ?4 pending before.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "query/export_private.h"
#include "query/rules.h"

enum { SQL_BYTES_MAX = 16384 };

struct fact_column {
	const char *name;
	enum bp_export_type type;
	const char *sql;
};

/** Which of the columns the filter looks at; -1: the data set has no such thing. */
struct keys {
	int platform, project_hash, model, tool;
};

struct facts {
	struct bp_export export;
	struct bp_statement *statement;
	struct bp_export_column columns[BP_EXPORT_COLUMNS_MAX];
	struct keys keys;
};

#define TEXT(name, sql)                                                                            \
	{                                                                                          \
		name, BP_EXPORT_TEXT, sql                                                          \
	}
#define INT(name, sql)                                                                             \
	{                                                                                          \
		name, BP_EXPORT_INT, sql                                                           \
	}
#define REAL(name, sql)                                                                            \
	{                                                                                          \
		name, BP_EXPORT_REAL, sql                                                          \
	}
#define BOOL(name, sql)                                                                            \
	{                                                                                          \
		name, BP_EXPORT_BOOL, sql                                                          \
	}
#define TIME(name, sql)                                                                            \
	{                                                                                          \
		name, BP_EXPORT_TIME, sql                                                          \
	}
#define USD(name, sql)                                                                             \
	{                                                                                          \
		name, BP_EXPORT_USD, sql                                                           \
	}
#define JSON(name, sql)                                                                            \
	{                                                                                          \
		name, BP_EXPORT_JSON, sql                                                          \
	}

/* An id is 64 bits: as a number it would lose some of them in JSON. */
#define FACT_ID(alias) "printf('%016x', " alias ".id)"

/* Whose a fact is, first in each data set. */
#define OF_SESSION                                                                                 \
	TEXT("session_id", "c.external_id"), TEXT("platform", "c.platform"),                       \
		TEXT("project_hash", "c.project_hash"), TEXT("project_name", "c.project_name")
enum { PLATFORM = 1, PROJECT_HASH = 2 };

static const struct fact_column SESSIONS[] = {
	OF_SESSION,
	TIME("started_at", BP_RULE_SESSION_FIRST),
	TIME("ended_at", BP_RULE_SESSION_LAST),
	BOOL("session_end_seen", BP_RULE_ENDED),
	TEXT("start_source", "c.start_source"),
	TEXT("end_reason", "c.end_reason"),
	TEXT("app_version", "c.app_version"),
	TEXT("git_branch_hash", "c.git_branch_hash"),
	TEXT("primary_model", "c.primary_model"),
	JSON("models", "c.models"),
	INT("model_switches", "c.model_switches"),
	INT("prompts", "c.prompts"),
	INT("turns", "c.interaction_count"),
	INT("responses", "c.responses"),
	INT("tool_calls", "c.tool_calls"),
	REAL("acceptance_rate", "c.acceptance_rate"),
	REAL("productivity_score", "c.productivity"),
	INT("tokens_total", "c.total_tokens"),
	USD("cost_usd", "c.cost_pusd"),
	USD("compat_cost_usd", "c.compat_pusd"),
	USD("aborted_cost_usd", "c.aborted_cost_pusd"),
	USD("client_cost_usd", "c.client_cost_pusd"),
	INT("unpriced_calls", "c.unpriced_calls"),
	INT("edits_accepted", "c.total_changes"),
	INT("lines_added", "c.lines_added"),
	INT("lines_removed", "c.lines_removed"),
	INT("compactions", "c.compactions"),
	INT("subagents", "c.subagents"),
	REAL("active_s", "c.active_us / 1e6"),
};
static const char SESSIONS_FROM[] =
	" FROM conversations AS c WHERE " BP_RULE_SESSION " AND (" BP_RULE_SESSION_LAST
	" IS NULL OR " BP_RULE_SESSION_LAST " >= ?1) AND (" BP_RULE_SESSION_FIRST
	" IS NULL OR " BP_RULE_SESSION_FIRST
	" < ?2) AND (?3 IS NULL OR c.id = ?3) ORDER BY " BP_RULE_SESSION_FIRST ", c.id";

static const struct fact_column TURNS[] = {
	OF_SESSION,
	TIME("timestamp", "t.ts_us"),
	TEXT("turn_id", FACT_ID("t")),
	INT("turn_number", "t.turn_number"),
	BOOL("human", "t.human"),
	BOOL("is_sidechain", "t.is_sidechain"),
	TEXT("kind", "t.kind"),
	INT("length_chars", "t.length_chars"),
	INT("words", "t.words"),
	TEXT("content_hash", "t.content_hash"),
	TEXT("prompt_id", "t.prompt_id"),
	TEXT("agent_id", "t.agent_id"),
	TEXT("model", "t.model"),
	REAL("first_response_ms", "t.latency_us / 1e3"),
	REAL("complete_ms", "t.complete_us / 1e3"),
	REAL("first_tool_ms", "t.first_tool_us / 1e3"),
};
enum { TURNS_MODEL = 15 };
static const char TURNS_FROM[] =
	" FROM conversation_turns AS t LEFT JOIN conversations AS c ON c.id = t.conversation_id "
	"WHERE t.ts_us >= ?1 AND t.ts_us < ?2 AND (?3 IS NULL OR t.conversation_id = ?3) AND "
	"t.shadowed = 0 ORDER BY t.ts_us, t.id";

static const struct fact_column MODEL_CALLS[] = {
	OF_SESSION,
	TEXT("model", "m.model"),
	TIME("timestamp", "m.ts_us"),
	TIME("ended_at", "m.ts_last_us"),
	TEXT("model_call_id", FACT_ID("m")),
	TEXT("request_id", "m.request_id"),
	TEXT("agent_id", "m.agent_id"),
	BOOL("is_sidechain", "m.sidechain"),
	BOOL("aborted", "m.aborted"),
	INT("tokens_input", "m.input"),
	INT("tokens_output", "m.output"),
	INT("tokens_cache_write_5m", "m.cache_write_5m"),
	INT("tokens_cache_write_1h", "m.cache_write_1h"),
	INT("tokens_cache_read", "m.cache_read"),
	INT("tokens_reasoning", "m.reasoning"),
	INT("web_searches", "m.web_searches"),
	USD("cost_usd", "m.cost_pusd"),
	USD("compat_cost_usd", "m.compat_pusd"),
	USD("reported_cost_usd", "m.reported_pusd"),
	TEXT("price_id", "m.price_id"),
	TEXT("service_tier", "m.service_tier"),
	TEXT("speed", "m.speed"),
	TEXT("inference_geo", "m.inference_geo"),
	TEXT("stop_reason", "m.stop_reason"),
	REAL("duration_ms", "m.duration_us / 1e3"),
	REAL("first_token_ms", "m.ttft_us / 1e3"),
};
enum { CALLS_MODEL = 4 };
static const char MODEL_CALLS_FROM[] =
	" FROM model_calls AS m LEFT JOIN conversations AS c ON c.id = m.conversation_id "
	"WHERE m.ts_us >= ?1 AND m.ts_us < ?2 AND (?3 IS NULL OR m.conversation_id = ?3) "
	"ORDER BY m.ts_us, m.id";

static const struct fact_column TOOL_CALLS[] = {
	OF_SESSION,
	TEXT("tool", "x.tool"),
	TIME("timestamp", "x.ts_us"),
	TIME("started_at", "x.started_us"),
	TIME("ended_at", "x.ended_us"),
	TEXT("tool_call_id", FACT_ID("x")),
	TEXT("turn_id", "printf('%016x', x.turn_id)"),
	TEXT("agent_id", "x.agent_id"),
	BOOL("is_mcp", "x.mcp"),
	BOOL("is_sidechain", "x.is_sidechain"),
	BOOL("background", "x.background"),
	TEXT("outcome", "CASE WHEN x.outcome = 'pending' AND x.ts_us < ?4 THEN 'interrupted' "
			"ELSE x.outcome END"),
	TEXT("decision_source", "x.decision_source"),
	TEXT("error_class", "x.error_class"),
	INT("exit_code", "x.exit_code"),
	TEXT("cmd_kind", "x.cmd_kind"),
	REAL("latency_ms", "x.latency_us / 1e3"),
	INT("input_bytes", "x.input_bytes"),
	INT("output_bytes", "x.output_bytes"),
	TEXT("edit_operation", "e.operation"),
	TEXT("extension", "e.extension"),
	TEXT("file_hash", "e.file_hash"),
	INT("lines_added", "e.lines_added"),
	INT("lines_removed", "e.lines_removed"),
	BOOL("edit_accepted", "e.accepted"),
	BOOL("edit_revised", "e.revision"),
	BOOL("edit_reverted", "e.reverted"),
};
enum { CALLS_TOOL = 4 };
static const char TOOL_CALLS_FROM[] =
	" FROM tool_calls AS x LEFT JOIN conversations AS c ON c.id = x.conversation_id "
	"LEFT JOIN code_changes AS e ON e.id = x.id WHERE x.ts_us >= ?1 AND x.ts_us < ?2 AND "
	"(?3 IS NULL OR x.conversation_id = ?3) ORDER BY x.ts_us, x.id";

/* --- the cursor --- */

static enum bp_rc prepare(struct bp_sql *sql, const struct fact_column *columns, size_t n,
			  const char *from, struct bp_statement **out, struct bp_err *err)
{
	struct bp_buf text;

	bp_buf_init(&text, SQL_BYTES_MAX);
	for (size_t i = 0; i < n; i++) {
		bp_buf_add_str(&text, i == 0 ? BP_STR("SELECT ") : BP_STR(", "));
		bp_buf_add_str(&text, bp_str_from(columns[i].sql));
	}
	bp_buf_add_str(&text, bp_str_from(from));
	BP_ASSERT(bp_buf_ok(&text));
	enum bp_rc rc = bp_statement_new(sql, text.ptr, out, err);
	bp_buf_done(&text);
	return rc;
}

static enum bp_rc open_with(const struct bp_export_question *question, struct bp_sql *sql,
			    const struct fact_column *columns, size_t n, const char *from,
			    struct keys keys, struct bp_export **out, struct bp_err *err)
{
	struct facts *facts = bp_calloc(1, sizeof(*facts));
	const struct bp_filter *filter = question->filter;

	BP_ASSERT(n <= BP_EXPORT_COLUMNS_MAX);
	for (size_t i = 0; i < n; i++) {
		facts->columns[i] = (struct bp_export_column){columns[i].name, columns[i].type};
	}
	facts->keys = keys;
	facts->export.columns = facts->columns;
	facts->export.n_columns = n;
	*out = &facts->export;
	enum bp_rc rc = prepare(sql, columns, n, from, &facts->statement, err);
	if (rc == BP_OK) {
		bp_bind_int(facts->statement, 1, question->period->from_us);
		bp_bind_int(facts->statement, 2, question->period->until_us);
		bp_bind_int(facts->statement, 3,
			    filter->one_session ? filter->conversation : BP_SQL_NULL);
		if (keys.tool >= 0) {
			bp_bind_int(facts->statement, 4, question->as_of_us - BP_PENDING_US);
		}
	}
	return rc;
}

static struct bp_str key_text(const struct facts *facts, int column)
{
	return column < 0 ? (struct bp_str){NULL, 0} : bp_column_text(facts->statement, column);
}

static struct bp_export_value read_value(struct bp_statement *row, int i, enum bp_export_type type)
{
	switch (type) {
	case BP_EXPORT_TEXT:
	case BP_EXPORT_JSON:
		return bp_export_text(bp_column_text(row, i));
	case BP_EXPORT_REAL:
		return (struct bp_export_value){.null = bp_column_is_null(row, i),
						.real = bp_column_real(row, i)};
	case BP_EXPORT_INT:
	case BP_EXPORT_BOOL:
	case BP_EXPORT_TIME:
	case BP_EXPORT_USD:
		break;
	}
	return bp_export_int(bp_column_int(row, i));
}

static enum bp_rc next(struct bp_export *export, struct bp_err *err)
{
	struct facts *facts = (struct facts *)export;
	struct bp_statement *row = facts->statement;
	enum bp_rc rc;

	do {
		rc = bp_statement_step(row, err);
		if (rc != BP_OK) {
			return rc;
		}
	} while (!bp_filter_match(export->question->filter, key_text(facts, facts->keys.platform),
				  key_text(facts, facts->keys.project_hash),
				  key_text(facts, facts->keys.model),
				  key_text(facts, facts->keys.tool)));
	for (size_t i = 0; i < export->n_columns; i++) {
		export->values[i] = read_value(row, (int)i, facts->columns[i].type);
	}
	return BP_OK;
}

static void done(struct bp_export *export)
{
	struct facts *facts = (struct facts *)export;

	bp_statement_free(facts->statement);
	free(facts);
}

/* A data set: its name, its columns, the rest of its statement, where model and tool stand. */
#define DATASET(dataset, COLUMNS, model_at, tool_at)                                               \
	static enum bp_rc open_##dataset(const struct bp_export_question *question,                \
					 struct bp_sql *sql, struct bp_export **out,               \
					 struct bp_err *err)                                       \
	{                                                                                          \
		return open_with(question, sql, COLUMNS, sizeof(COLUMNS) / sizeof(COLUMNS[0]),     \
				 COLUMNS##_FROM,                                                   \
				 (struct keys){PLATFORM, PROJECT_HASH, model_at, tool_at}, out,    \
				 err);                                                             \
	}                                                                                          \
	const struct bp_export_dataset bp_export_##dataset = {                                     \
		.name = #dataset,                                                                  \
		.filters = BP_EXPORT_BY_OWNER | ((model_at) < 0 ? 0 : BP_EXPORT_BY_MODEL) |        \
			   ((tool_at) < 0 ? 0 : BP_EXPORT_BY_TOOL),                                \
		.open = open_##dataset,                                                            \
		.next = next,                                                                      \
		.close = done}

DATASET(sessions, SESSIONS, -1, -1);
DATASET(turns, TURNS, TURNS_MODEL, -1);
DATASET(model_calls, MODEL_CALLS, CALLS_MODEL, -1);
DATASET(tool_calls, TOOL_CALLS, -1, CALLS_TOOL);
