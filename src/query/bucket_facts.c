/* SPDX-License-Identifier: MIT */
#include "query/bucket_facts.h"

#include <assert.h>
#include <stddef.h>

#define IN_TIME(ts, conversation) " WHERE " ts " >= ?1 AND " ts " < ?2"
#define IN_SESSION(ts, conversation) IN_TIME(ts, conversation) " AND " conversation " = ?3"
#define IN_ORDER(ts) " ORDER BY " ts

#define TURNS(where)                                                                               \
	"SELECT t.ts_us, t.conversation_id, NULL, NULL, NULL, t.length_chars, t.words, "           \
	"min(coalesce(t.latency_us, t.first_tool_us), coalesce(t.first_tool_us, t.latency_us)), "  \
	"t.complete_us, t.think_us, t.gap_us FROM conversation_turns AS t" where(                  \
		"t.ts_us", "t.conversation_id") " AND " BP_RULE_PROMPT IN_ORDER("t.ts_us")

#define MODEL_CALLS(where)                                                                         \
	"SELECT m.ts_us, m.conversation_id, m.model, NULL, " BP_RULE_AGENT_TYPE                    \
	", " BP_RULE_ABORTED ", m.input, m.output, m.cache_write_5m, m.cache_write_1h, "           \
	"m.cache_read, m.reasoning, m.web_searches, m.cost_pusd, m.compat_pusd, m.reported_pusd "  \
	"FROM model_calls AS m LEFT JOIN subagents AS s ON s.conversation_id = "                   \
	"m.conversation_id AND s.agent_id = m.agent_id" where("m.ts_us", "m.conversation_id")      \
		IN_ORDER("m.ts_us")

#define TOOL_CALLS(where)                                                                          \
	"SELECT x.ts_us, x.conversation_id, NULL, x.tool, NULL, x.outcome, x.error_class, "        \
	"x.recovered, " BP_RULE_EXECUTED ", x.latency_us, " BP_RULE_EDIT                           \
	", e.operation = 'create', e.revision, e.reverted, e.repeated, e.file_hash, "              \
	"e.lines_added, e.lines_removed FROM tool_calls AS x LEFT JOIN code_changes AS e ON e.id " \
	"= x.id" where("x.ts_us", "x.conversation_id") IN_ORDER("x.ts_us")

/* A call that ran was allowed when it began to run: its end less the time it took. */
#define PERMISSIONS(where)                                                                         \
	"SELECT x.ts_us, x.conversation_id, NULL, x.tool, NULL, coalesce(e.decided_us, "           \
	"x.ended_us - x.duration_us) - p.ts_us FROM tool_calls AS x CROSS JOIN "                   \
	"permission_requests AS p ON p.tool_call = x.id LEFT JOIN code_changes AS e ON e.id = "    \
	"x.id" where("x.ts_us", "x.conversation_id") " AND " BP_RULE_EXECUTED IN_ORDER("x.ts_us")

#define SUBAGENTS(where)                                                                           \
	"SELECT s.started_us, s.conversation_id, NULL, NULL, NULL, s.ended_us - s.started_us "     \
	"FROM subagents AS s" where("s.started_us", "s.conversation_id") IN_ORDER("s.started_us")

#define API_ERRORS(where)                                                                          \
	"SELECT a.ts_us, a.conversation_id, NULL, NULL, NULL FROM api_errors AS a" where(          \
		"a.ts_us", "a.conversation_id") " AND " BP_RULE_API_ERROR IN_ORDER("a.ts_us")

#define COMPACTIONS(where)                                                                         \
	"SELECT k.ts_us, k.conversation_id, NULL, NULL, NULL FROM compactions AS k" where(         \
		"k.ts_us", "k.conversation_id") " AND " BP_RULE_COMPACTION IN_ORDER("k.ts_us")

/* Counts of a quarter that is cut are no use. */
#define HABITS(where)                                                                              \
	"SELECT h.start_us, h.conversation_id, NULL, NULL, NULL, h.habits FROM session_habits AS " \
	"h" where("h.start_us",                                                                    \
		  "h.conversation_id") " AND h.start_us <= ?2 - 900000000" IN_ORDER("h.start_us")

enum { FIRST = 5 }; /* column of a kind's own values */

/* 0 for NULL. */
static int64_t number(struct bp_statement *row, int column)
{
	int64_t value = bp_column_int(row, column);
	return value == BP_SQL_NULL ? 0 : value;
}

static void add_duration(struct bp_sketch *sketch, struct bp_statement *row, int column)
{
	int64_t value = bp_column_int(row, column);

	if (value != BP_SQL_NULL) {
		bp_sketch_add(sketch, value);
	}
}

static void take_turn(struct bp_statement *row, struct bp_bucket_sums *sums,
		      struct bp_bucket *bucket)
{
	int64_t gap_us = bp_column_int(row, FIRST + 5);

	sums->prompts = 1;
	sums->prompts_sized = !bp_column_is_null(row, FIRST + 1);
	sums->prompt_chars = number(row, FIRST);
	sums->prompt_words = number(row, FIRST + 1);
	if (gap_us != BP_SQL_NULL) {
		sums->gaps_iterating = gap_us < BP_GAP_ITERATING_US;
		sums->gaps_moved_on = gap_us > BP_GAP_REVIEWING_US;
		sums->gaps_reviewing = !sums->gaps_iterating && !sums->gaps_moved_on;
	}
	add_duration(&bucket->sketches.response, row, FIRST + 2);
	add_duration(&bucket->sketches.complete, row, FIRST + 3);
	add_duration(&bucket->sketches.think, row, FIRST + 4);
	add_duration(&bucket->sketches.gap, row, FIRST + 5);
}

static void take_aborted(struct bp_statement *row, struct bp_bucket_sums *sums)
{
	sums->aborted_calls = 1;
	sums->aborted_input = number(row, FIRST + 1);
	sums->aborted_output = number(row, FIRST + 2);
	sums->aborted_cache_write_5m = number(row, FIRST + 3);
	sums->aborted_cache_write_1h = number(row, FIRST + 4);
	sums->aborted_cache_read = number(row, FIRST + 5);
	sums->aborted_cost_pusd = number(row, FIRST + 8);
	sums->aborted_compat_pusd = number(row, FIRST + 9);
}

static void take_model_call(struct bp_statement *row, struct bp_bucket_sums *sums,
			    struct bp_bucket *bucket)
{
	(void)bucket;
	if (bp_column_int(row, FIRST) != 0) {
		take_aborted(row, sums);
		return;
	}
	sums->model_calls = 1;
	sums->input = number(row, FIRST + 1);
	sums->output = number(row, FIRST + 2);
	sums->cache_write_5m = number(row, FIRST + 3);
	sums->cache_write_1h = number(row, FIRST + 4);
	sums->cache_read = number(row, FIRST + 5);
	sums->reasoning = number(row, FIRST + 6);
	sums->web_searches = number(row, FIRST + 7);
	sums->cost_pusd = number(row, FIRST + 8);
	sums->compat_pusd = number(row, FIRST + 9);
	sums->reported_pusd = number(row, FIRST + 10);
	sums->unpriced_calls = bp_column_is_null(row, FIRST + 8);
	sums->compat_unpriced_calls = bp_column_is_null(row, FIRST + 9);
	sums->reported_calls = !bp_column_is_null(row, FIRST + 10);
}

#define AT(field) offsetof(struct bp_bucket_sums, field)

struct named_sum {
	const char *name;
	size_t offset; /* in the sums */
};

static const struct named_sum OUTCOMES[] = {
	{"ok", AT(tools_ok)},
	{"error", AT(tools_error)},
	{"denied", AT(tools_denied)},
	{"rejected", AT(tools_rejected)},
	{"interrupted", AT(tools_interrupted)},
	{NULL, AT(tools_pending)},
};

/* Classes of metrics.md 2; the last for all else. */
static const struct named_sum ERRORS[] = {
	{"precondition", AT(errors_precondition)},
	{"not_found", AT(errors_not_found)},
	{"timeout", AT(errors_timeout)},
	{"permission", AT(errors_permission)},
	{"syntax", AT(errors_syntax)},
	{"exit_code", AT(errors_exit_code)},
	{"network", AT(errors_network)},
	{"edit_mismatch", AT(errors_edit_mismatch)},
	{"api", AT(errors_api)},
	{NULL, AT(errors_other)},
};

static void count_name(const struct named_sum *names, struct bp_str name,
		       struct bp_bucket_sums *sums)
{
	while (names->name && !bp_str_is(name, names->name)) {
		names++;
	}
	*(int64_t *)(void *)((char *)sums + names->offset) += 1;
}

static void take_edit(struct bp_statement *row, struct bp_bucket_sums *sums,
		      struct bp_bucket *bucket)
{
	struct bp_str file = bp_column_text(row, FIRST + 10);

	sums->edits_ok = 1;
	sums->files_created = number(row, FIRST + 6) != 0;
	sums->edits_revised = number(row, FIRST + 7) != 0;
	sums->edits_reverted = number(row, FIRST + 8) != 0;
	sums->edits_repeated = number(row, FIRST + 9) != 0;
	sums->edits_direct = !sums->edits_revised && !sums->edits_reverted;
	sums->edits_partial = sums->edits_revised && !sums->edits_reverted;
	if (file.len > 0) {
		bp_file_set_add(&bucket->files, file);
	}
}

static void take_tool_call(struct bp_statement *row, struct bp_bucket_sums *sums,
			   struct bp_bucket *bucket)
{
	bool edit = bp_column_int(row, FIRST + 5) != 0;

	count_name(OUTCOMES, bp_column_text(row, FIRST), sums);
	if (sums->tools_error) {
		count_name(ERRORS, bp_column_text(row, FIRST + 1), sums);
		sums->recovered = number(row, FIRST + 2) != 0;
	}
	if (bp_column_int(row, FIRST + 3) != 0) {
		add_duration(&bucket->sketches.tool_latency, row, FIRST + 4);
	}
	if (sums->tools_ok) { /* BP_RULE_ACCEPTED */
		sums->lines_added = number(row, FIRST + 11);
		sums->lines_removed = number(row, FIRST + 12);
	}
	if (edit && sums->tools_ok) {
		take_edit(row, sums, bucket);
	}
	sums->edits_rejected = edit && sums->tools_rejected;
}

static void take_permission(struct bp_statement *row, struct bp_bucket_sums *sums,
			    struct bp_bucket *bucket)
{
	int64_t value = bp_column_int(row, FIRST);

	(void)sums;
	if (value != BP_SQL_NULL && value >= 0) {
		bp_sketch_add(&bucket->sketches.accept, value);
	}
}

static void take_subagent(struct bp_statement *row, struct bp_bucket_sums *sums,
			  struct bp_bucket *bucket)
{
	sums->subagents = 1;
	add_duration(&bucket->sketches.agent, row, FIRST);
}

static void take_api_error(struct bp_statement *row, struct bp_bucket_sums *sums,
			   struct bp_bucket *bucket)
{
	(void)row;
	(void)bucket;
	sums->api_errors = 1;
}

static void take_compaction(struct bp_statement *row, struct bp_bucket_sums *sums,
			    struct bp_bucket *bucket)
{
	(void)row;
	(void)bucket;
	sums->compactions = 1;
}

const struct bp_bucket_fact bp_bucket_facts[] = {
	{TURNS(IN_TIME), TURNS(IN_SESSION), take_turn},
	{MODEL_CALLS(IN_TIME), MODEL_CALLS(IN_SESSION), take_model_call},
	{TOOL_CALLS(IN_TIME), TOOL_CALLS(IN_SESSION), take_tool_call},
	{PERMISSIONS(IN_TIME), PERMISSIONS(IN_SESSION), take_permission},
	{SUBAGENTS(IN_TIME), SUBAGENTS(IN_SESSION), take_subagent},
	{API_ERRORS(IN_TIME), API_ERRORS(IN_SESSION), take_api_error},
	{COMPACTIONS(IN_TIME), COMPACTIONS(IN_SESSION), take_compaction},
	{HABITS(IN_TIME), HABITS(IN_SESSION), NULL},
};

static_assert(sizeof(bp_bucket_facts) / sizeof(bp_bucket_facts[0]) == BP_BUCKET_FACT_COUNT,
	      "every kind of fact is counted");
