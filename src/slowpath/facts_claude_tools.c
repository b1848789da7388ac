/* SPDX-License-Identifier: MIT */
/*
 * facts_claude_tools.c - what a row says of calls of tools: the call, its result, the file.
 */
#include "slowpath/facts_claude.h"

static void join_code_change(const struct bp_row_view *row, int64_t call, struct bp_json edit)
{
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];

	if (edit.type != BP_JSON_OBJECT) {
		return;
	}
	bp_fact_values_init(values);
	bp_put_text(values, BP_CODE_CHANGE_operation, bp_payload_text(edit, BP_STR("op")));
	bp_put_text(values, BP_CODE_CHANGE_file_hash, bp_payload_text(edit, BP_STR("file")));
	bp_put_text(values, BP_CODE_CHANGE_extension, bp_payload_text(edit, BP_STR("ext")));
	bp_put_text(values, BP_CODE_CHANGE_old_hash, bp_payload_text(edit, BP_STR("old")));
	bp_put_text(values, BP_CODE_CHANGE_new_hash, bp_payload_text(edit, BP_STR("new")));
	bp_put_int(values, BP_CODE_CHANGE_exact, bp_payload_flag(edit, BP_STR("exact")));
	bp_put_int(values, BP_CODE_CHANGE_lines_added, bp_payload_int(edit, BP_STR("added")));
	bp_put_int(values, BP_CODE_CHANGE_lines_removed, bp_payload_int(edit, BP_STR("removed")));
	bp_fact_set_join(row->set, BP_FACT_CODE_CHANGE, call, values);
}

static void join_file_access(const struct bp_row_view *row, int64_t call, struct bp_str call_key,
			     struct bp_json file)
{
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	struct bp_str hash = bp_payload_text(file, BP_STR("file"));

	if (file.type != BP_JSON_OBJECT) {
		return;
	}
	bp_fact_values_init(values);
	bp_put_int(values, BP_FILE_ACCESS_tool_call, call);
	bp_put_text(values, BP_FILE_ACCESS_kind, bp_payload_text(file, BP_STR("kind")));
	bp_put_text(values, BP_FILE_ACCESS_file_hash, hash);
	bp_put_text(values, BP_FILE_ACCESS_extension, bp_payload_text(file, BP_STR("ext")));
	bp_fact_set_join(row->set, BP_FACT_FILE_ACCESS,
			 bp_row_id_of_two(row, BP_STR("access"), call_key, hash), values);
}

/** What a call and a result of it have in common; gives the call's id, BP_ABSENT without one. */
static int64_t start_tool_call(const struct bp_row_view *row, struct bp_json item,
			       struct bp_fact_value *values)
{
	const struct bp_event *event = row->event;
	struct bp_str key = bp_payload_text(item, BP_STR("id"));

	if (key.len == 0) {
		/* 2025 hooks have no id: they cannot be told from a transcript's calls. */
		return BP_ABSENT;
	}
	bp_fact_values_init(values);
	bp_row_put_owner(row, values);
	bp_put_text(values, BP_TOOL_CALL_tool, bp_payload_text(item, BP_STR("tool")));
	bp_put_int(values, BP_TOOL_CALL_mcp, bp_payload_flag(item, BP_STR("mcp")));
	bp_put_int(values, BP_TOOL_CALL_ts_us, event->ts_us);
	bp_put_int(values, BP_TOOL_CALL_is_sidechain,
		   row->hook ? event->agent_id.len > 0 : event->is_sidechain);
	bp_put_text(values, BP_TOOL_CALL_agent_id, event->agent_id);
	return bp_row_id(row, BP_STR("tool"), key);
}

static void join_call(const struct bp_row_view *row, struct bp_json item)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	int64_t id = start_tool_call(row, item, values);

	if (id == BP_ABSENT) {
		return;
	}
	/* PostToolBatch lists calls again when they are over. */
	if (!row->hook || bp_str_is(event->event_type, "tool_use")) {
		bp_put_int(values, BP_TOOL_CALL_started_us, event->ts_us);
	}
	bp_put_int(values, BP_TOOL_CALL_input_bytes, bp_payload_int(item, BP_STR("input_bytes")));
	/* It pairs permission requests, which are hooks; a line may order the same members otherwise. */
	if (row->hook) {
		bp_put_text(values, BP_TOOL_CALL_input_hash,
			    bp_payload_text(item, BP_STR("input_hash")));
	}
	bp_put_text(values, BP_TOOL_CALL_cmd_kind, bp_payload_text(item, BP_STR("cmd_kind")));
	bp_put_int(values, BP_TOOL_CALL_background, bp_payload_flag(item, BP_STR("background")));
	bp_put_text(values, BP_TOOL_CALL_spawned_agent_type,
		    bp_payload_text(item, BP_STR("agent_type")));
	bp_put_text(values, BP_TOOL_CALL_program, bp_payload_text(item, BP_STR("program")));
	bp_put_text(values, BP_TOOL_CALL_mcp_server, bp_payload_text(item, BP_STR("mcp_server")));
	bp_put_text(values, BP_TOOL_CALL_mcp_tool, bp_payload_text(item, BP_STR("mcp_tool")));
	bp_fact_set_join(row->set, BP_FACT_TOOL_CALL, id, values);
	join_code_change(row, id, bp_json_get(item, BP_STR("edit")));
	join_file_access(row, id, bp_payload_text(item, BP_STR("id")),
			 bp_json_get(item, BP_STR("file")));
}

/** evidence.md 2.1 times ten, so that the three weak texts of rank 32 keep their difference. */
static int64_t stored_rank(struct bp_json item)
{
	enum { WEAK = 32, WEAK_ERROR = 320, WEAK_DENIED = 321, WEAK_REJECTED = 322 };
	int64_t rank = bp_payload_int(item, BP_STR("rank"));

	if (rank != WEAK) {
		return rank == BP_ABSENT ? BP_ABSENT : rank * 10;
	}
	struct bp_str weak = bp_payload_text(item, BP_STR("weak"));
	if (bp_str_is(weak, "rejected")) {
		return WEAK_REJECTED;
	}
	return bp_str_is(weak, "denied") ? WEAK_DENIED : WEAK_ERROR;
}

static int64_t error_rank(struct bp_str error_class)
{
	if (error_class.len == 0) {
		return 0;
	}
	if (bp_str_is(error_class, "precondition")) {
		return 3;
	}
	return bp_str_is(error_class, "exit_code") ? 2 : 1;
}

/** The sub-agent that a call started. A fork copies the result, but no sub-agent: so it is found by
 *  the session of the line, whoever owns the call. */
static void join_spawned(const struct bp_row_view *row, int64_t call, struct bp_json item,
			 struct bp_fact_value *values)
{
	const struct bp_event *event = row->event;
	struct bp_str agent = bp_payload_text(item, BP_STR("agent_id"));

	if (agent.len == 0) {
		return;
	}
	bp_put_text(values, BP_TOOL_CALL_spawned_agent_id, agent);
	bp_put_text(values, BP_TOOL_CALL_spawned_agent_type,
		    bp_payload_text(item, BP_STR("agent_type")));
	bp_fact_set_alias(row->set, "tool", event->platform, bp_row_subagent_id(row, agent), call);
}

static void join_result(const struct bp_row_view *row, struct bp_json item)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	int64_t id = start_tool_call(row, item, values);
	struct bp_str error_class = bp_payload_text(item, BP_STR("error_class"));
	bool batch = bp_str_is(event->hook_type, "PostToolBatch");

	if (id == BP_ABSENT) {
		return;
	}
	if (!batch) {
		bp_put_int(values, BP_TOOL_CALL_ended_us, event->ts_us);
		if (event->duration_ms != BP_ABSENT) {
			bp_put_int(values, BP_TOOL_CALL_duration_us, event->duration_ms * 1000);
		}
	}
	bp_put_int(values, BP_TOOL_CALL_outcome_rank, stored_rank(item));
	bp_put_int(values, BP_TOOL_CALL_decision_rank,
		   bp_known_or_zero(bp_payload_int(item, BP_STR("decision_rank"))));
	bp_put_text(values, BP_TOOL_CALL_decision_source,
		    bp_payload_text(item, BP_STR("decision")));
	bp_put_int(values, BP_TOOL_CALL_error_rank, error_rank(error_class));
	bp_put_text(values, BP_TOOL_CALL_error_class, error_class);
	bp_put_int(values, BP_TOOL_CALL_exit_code, bp_payload_int(item, BP_STR("exit_code")));
	bp_put_int(values, BP_TOOL_CALL_output_bytes, bp_payload_int(item, BP_STR("output_bytes")));
	join_spawned(row, id, item, values);
	bp_fact_set_join(row->set, BP_FACT_TOOL_CALL, id, values);
	join_code_change(row, id, bp_json_get(item, BP_STR("edit")));
	join_file_access(row, id, bp_payload_text(item, BP_STR("id")),
			 bp_json_get(item, BP_STR("file")));
}

void bp_claude_tools(const struct bp_row_view *row)
{
	struct bp_json item;
	struct bp_json_iter calls = bp_json_each(bp_json_get(row->payload, BP_STR("tools")));
	struct bp_json_iter results = bp_json_each(bp_json_get(row->payload, BP_STR("results")));

	while (bp_json_next_element(&calls, &item)) {
		join_call(row, item);
	}
	while (bp_json_next_element(&results, &item)) {
		join_result(row, item);
	}
}
