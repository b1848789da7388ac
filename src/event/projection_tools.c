/* SPDX-License-Identifier: MIT */
/*
 * projection_tools.c - one call, one result, as payload.md names them.
 */
#include "event/projection_parts.h"

bool bp_projection_is_mcp(struct bp_json name)
{
	return bp_json_text_starts(name, BP_STR("mcp__"));
}

struct bp_str bp_projection_tool_name(struct bp_projection *p, struct bp_json name)
{
	return bp_projection_is_mcp(name) ? BP_STR("mcp") : bp_projection_name(p, name);
}

void bp_projection_member_input_hash(struct bp_projection *p, struct bp_json input)
{
	if (p->keyed && input.type == BP_JSON_OBJECT) {
		struct bp_hash_hex hex =
			bp_hash_text(&p->projector->policy.key, bp_str_make(input.ptr, input.len));
		bp_projection_member(p, "input_hash", bp_str_make(hex.text, BP_HASH_HEX_BYTES));
	}
}

/* A call of an MCP tool of which the user wants nothing but that it happened. */
static bool is_hidden(const struct bp_projection *p, const struct bp_projection_tool *tool)
{
	return bp_projection_is_mcp(tool->name) && !bp_projection_keeps(p, BP_OPT_OUT_MCP);
}

/* `id`, `tool`, `mcp`; the first tool of an event is also its column. */
static void write_tool(struct bp_projection *p, const struct bp_projection_tool *tool)
{
	size_t used = p->projector->space_used;
	struct bp_str name = bp_projection_tool_name(p, tool->name);

	bp_projection_member(p, "tool", name);
	if (p->first_tool && name.ptr) {
		p->event->tool_name = name;
		p->first_tool = false;
	} else {
		p->projector->space_used = used;
	}
}

/* Task is what older versions call it. */
static bool starts_agent(struct bp_json name)
{
	return bp_projection_is(name, "Agent") || bp_projection_is(name, "Task");
}

void bp_projection_call(struct bp_projection *p, const struct bp_projection_tool *tool)
{
	bool input = tool->input.type == BP_JSON_OBJECT;

	p->event->tool_calls_count =
		p->event->tool_calls_count == BP_ABSENT ? 1 : p->event->tool_calls_count + 1;
	bp_out_object(&p->out);
	bp_projection_member_name(p, "id", tool->id);
	if (!is_hidden(p, tool)) {
		write_tool(p, tool);
		bp_projection_member_flag(p, "mcp", bp_projection_is_mcp(tool->name));
		bp_projection_member_int(p, "input_bytes",
					 input ? (int64_t)tool->input.len : BP_ABSENT);
		bp_projection_member_input_hash(p, tool->input);
		if (bp_projection_is(tool->name, "Bash")) {
			if (bp_projection_keeps(p, BP_OPT_OUT_SHELL)) {
				struct bp_json command =
					bp_json_get(tool->input, BP_STR("command"));
				bp_projection_member(p, "cmd_kind",
						     bp_str_from(bp_command_kind(command)));
				bp_projection_tell_program(p, command);
			}
		}
		if (starts_agent(tool->name)) {
			bp_projection_agent_type(p,
						 bp_json_get(tool->input, BP_STR("subagent_type")));
		}
		bp_projection_member_flag(
			p, "background",
			bp_json_true(bp_json_get(tool->input, BP_STR("run_in_background"))));
		bp_projection_input_files(p, tool->name, tool->input);
		bp_projection_tell_mcp(p, tool->name);
		bp_projection_tell_input(p, tool->name, tool->input);
	}
	bp_out_object_end(&p->out);
}

static void write_verdict(struct bp_projection *p, const struct bp_verdict *verdict)
{
	bp_projection_member(p, "decision", bp_str_from(verdict->decision));
	if (verdict->decision) {
		bp_projection_member_int(p, "decision_rank", verdict->decision_rank);
	}
	if (bp_projection_keeps(p, BP_OPT_OUT_ERRORS)) {
		bp_projection_member(p, "error_class", bp_str_from(verdict->error_class));
	}
	if (bp_projection_keeps(p, BP_OPT_OUT_SHELL)) {
		bp_projection_member_int(p, "exit_code", verdict->exit_code);
	}
}

/* The sub-agent that a call started: a result names it, but not the tool. */
static void write_agent(struct bp_projection *p, struct bp_json structured)
{
	struct bp_json id = bp_json_get(structured, BP_STR("agentId"));

	if (id.type == BP_JSON_STRING) {
		bp_projection_member_name(p, "agent_id", id);
		bp_projection_agent_type(p, bp_json_get(structured, BP_STR("agentType")));
	}
}

void bp_projection_result(struct bp_projection *p, const struct bp_projection_result *result)
{
	const struct bp_verdict *verdict = &result->verdict;
	/* In a transcript only the shape tells: MCP tools answer with a list of blocks. */
	bool hidden = is_hidden(p, &result->tool) || (result->tool.name.type == BP_JSON_ABSENT &&
						      result->structured.type == BP_JSON_ARRAY &&
						      !bp_projection_keeps(p, BP_OPT_OUT_MCP));

	bp_out_object(&p->out);
	bp_projection_member_name(p, "id", result->tool.id);
	if (!hidden) {
		write_tool(p, &result->tool);
	}
	if (verdict->rank > 0) {
		bp_projection_member_int(p, "rank", verdict->rank);
		bp_projection_member(p, "weak", bp_str_from(verdict->weak));
	}
	if (!hidden) {
		write_verdict(p, verdict);
		bp_projection_member_int(p, "output_bytes",
					 bp_projection_content_bytes(result->content));
		write_agent(p, result->structured);
		bp_projection_result_files(p, result);
		if (verdict->error_class) {
			bp_projection_tell_error(p, result->content);
		}
		bp_projection_tell_content(p, BP_KEPT_OUTPUT, "output", result->content);
	}
	bp_out_object_end(&p->out);
}
