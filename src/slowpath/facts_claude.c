/* SPDX-License-Identifier: MIT */
/*
 * Claude Code: transcript lines and hooks. The payload's keys are those of docs/design/payload.md;
 * who may say what, and with which rank, is evidence.md.
 */
#include "slowpath/facts_claude.h"

#include "slowpath/fact_id.h"
#include "slowpath/platform.h"

/* --- conversations and sub-agents --- */

static void join_conversation(const struct bp_row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];

	bp_fact_values_init(values);
	bp_put_text(values, BP_CONVERSATION_external_id, event->session_id);
	bp_put_text(values, BP_CONVERSATION_platform, event->platform);
	bp_put_int(values, BP_CONVERSATION_seen, row->hook ? BP_SEEN_HOOK : BP_SEEN_TRANSCRIPT);
	if (event->project_hash.len > 0) {
		bp_put_int(values, BP_CONVERSATION_project_ts_us, event->ts_us);
		bp_put_text(values, BP_CONVERSATION_project_hash, event->project_hash);
		bp_put_text(values, BP_CONVERSATION_project_name, event->project_name);
	}
	if (event->git_branch_hash.len > 0) {
		bp_put_int(values, BP_CONVERSATION_branch_ts_us, event->ts_us);
		bp_put_text(values, BP_CONVERSATION_git_branch_hash, event->git_branch_hash);
	}
	if (event->app_version.len > 0) {
		bp_put_int(values, BP_CONVERSATION_version_ts_us, event->ts_us);
		bp_put_text(values, BP_CONVERSATION_app_version, event->app_version);
	}
	struct bp_str start = bp_payload_text(row->payload, BP_STR("start_source"));
	if (start.len > 0) {
		bp_put_int(values, BP_CONVERSATION_start_ts_us, event->ts_us);
		bp_put_text(values, BP_CONVERSATION_start_source, start);
	}
	if (bp_str_is(event->event_type, "session_end")) {
		bp_put_int(values, BP_CONVERSATION_end_ts_us, event->ts_us);
		bp_put_text(values, BP_CONVERSATION_end_reason,
			    bp_payload_text(row->payload, BP_STR("end_reason")));
	}
	bp_fact_set_join(row->set, BP_FACT_CONVERSATION, row->conversation_id, values);
	if (row->own_time) {
		bp_fact_set_event(row->set, row->conversation_id, row->key,
				  !row->hook && event->uuid.len > 0);
	}
}

/** The client's running total. Its line is one of state: a total of 0 makes no session. */
static void join_client_cost(const struct bp_row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	int64_t pusd = bp_payload_pusd(row->payload, BP_STR("client_cost_usd"));

	if (pusd == BP_ABSENT || pusd == 0 || event->session_id.len == 0) {
		return;
	}
	bp_fact_values_init(values);
	bp_put_text(values, BP_CONVERSATION_external_id, event->session_id);
	bp_put_text(values, BP_CONVERSATION_platform, event->platform);
	bp_put_int(values, BP_CONVERSATION_seen, BP_SEEN_TRANSCRIPT);
	bp_put_int(values, BP_CONVERSATION_client_cost_pusd, pusd);
	bp_fact_set_join(row->set, BP_FACT_CONVERSATION, row->conversation_id, values);
	bp_fact_set_touch(row->set, row->conversation_id);
}

static void join_subagent(const struct bp_row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	struct bp_str type = bp_payload_text(row->payload, BP_STR("agent_type"));

	/* Compaction stops an agent without a type that never was one. */
	if (event->agent_id.len == 0 || (row->hook && type.len == 0)) {
		return;
	}
	bp_fact_values_init(values);
	bp_put_int(values, BP_SUBAGENT_conversation_id, row->conversation_id);
	bp_put_text(values, BP_SUBAGENT_agent_id, event->agent_id);
	bp_put_text(values, BP_SUBAGENT_agent_type, type);
	bp_put_int(values, BP_SUBAGENT_seen, row->hook ? BP_SEEN_HOOK : BP_SEEN_TRANSCRIPT);
	bp_put_int(values, BP_SUBAGENT_started_us, event->ts_us);
	bp_put_int(values, BP_SUBAGENT_ended_us, event->ts_us);
	int64_t id = bp_row_subagent_id(row, event->agent_id);
	bp_fact_set_join(row->set, BP_FACT_SUBAGENT, id, values);
	/* While it runs, and of one that was cut, nothing else names the call that started it. */
	struct bp_str call = bp_payload_text(row->payload, BP_STR("parent_call"));
	if (call.len > 0) {
		bp_fact_set_alias(row->set, "tool", event->platform, id,
				  bp_row_id(row, BP_STR("tool"), call));
	}
}

/* --- turns --- */

static void join_turn(const struct bp_row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	struct bp_str kind = bp_payload_text(row->payload, BP_STR("kind"));
	int64_t id;

	if (kind.len == 0) {
		return;
	}
	/* A hook knows (session, prompt id), a line its uuid; the alias of a line hides the hook's
	 * turn. Neither: the event, and the finaliser pairs by text. */
	if (!row->hook) {
		id = bp_row_id(row, BP_STR("turn"),
			       bp_row_first_known(row, event->uuid, (struct bp_str){0}));
	} else if (event->prompt_id.len > 0) {
		id = bp_row_id_of_two(row, BP_STR("prompt"), event->session_id, event->prompt_id);
	} else {
		id = bp_row_id(row, BP_STR("turn"),
			       bp_str_make(row->event_hex, BP_EVENT_ID_HEX_BYTES));
	}
	bp_fact_values_init(values);
	bp_row_put_owner(row, values);
	bp_put_int(values, BP_TURN_ts_us, event->ts_us);
	bp_put_int(values, BP_TURN_from_line, !row->hook);
	bp_put_int(values, BP_TURN_human, bp_payload_flag(row->payload, BP_STR("human")));
	bp_put_int(values, BP_TURN_is_sidechain, event->is_sidechain);
	bp_put_text(values, BP_TURN_kind, kind);
	bp_put_int(values, BP_TURN_length_chars, bp_payload_int(row->payload, BP_STR("chars")));
	bp_put_int(values, BP_TURN_words, bp_payload_int(row->payload, BP_STR("words")));
	bp_put_text(values, BP_TURN_content_hash,
		    bp_payload_text(row->payload, BP_STR("text_hash")));
	bp_put_text(values, BP_TURN_prompt_id, event->prompt_id);
	bp_put_text(values, BP_TURN_agent_id, event->agent_id);
	bp_fact_set_join(row->set, BP_FACT_TURN, id, values);
	if (!row->hook && event->prompt_id.len > 0) {
		bp_fact_set_alias(row->set, "prompt", event->platform,
				  bp_row_id_of_two(row, BP_STR("prompt"), event->session_id,
						   event->prompt_id),
				  id);
	}
}

/* --- permissions, API errors, compactions --- */

static void join_permission_request(const struct bp_row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];

	if (!bp_str_is(event->hook_type, "PermissionRequest")) {
		return;
	}
	bp_fact_values_init(values);
	bp_put_int(values, BP_PERMISSION_REQUEST_live_conversation, row->conversation_id);
	bp_put_int(values, BP_PERMISSION_REQUEST_ts_us, event->ts_us);
	bp_put_text(values, BP_PERMISSION_REQUEST_tool,
		    bp_payload_text(row->payload, BP_STR("tool")));
	bp_put_text(values, BP_PERMISSION_REQUEST_input_hash,
		    bp_payload_text(row->payload, BP_STR("input_hash")));
	bp_put_text(values, BP_PERMISSION_REQUEST_agent_id, event->agent_id);
	bp_fact_set_join(row->set, BP_FACT_PERMISSION_REQUEST,
			 bp_row_id(row, BP_STR("permission"),
				   bp_str_make(row->event_hex, BP_EVENT_ID_HEX_BYTES)),
			 values);
}

static void join_api_error(const struct bp_row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	struct bp_json error = bp_json_get(row->payload, BP_STR("api_error"));

	if (error.type != BP_JSON_OBJECT) {
		return;
	}
	bp_fact_values_init(values);
	bp_row_put_owner(row, values);
	bp_put_int(values, BP_API_ERROR_ts_us, event->ts_us);
	bp_put_text(values, BP_API_ERROR_kind, bp_payload_text(error, BP_STR("kind")));
	bp_put_int(values, BP_API_ERROR_status, bp_payload_int(error, BP_STR("status")));
	bp_put_text(values, BP_API_ERROR_error_class, bp_payload_text(error, BP_STR("class")));
	bp_put_int(values, BP_API_ERROR_retry_attempt,
		   bp_payload_int(error, BP_STR("retry_attempt")));
	bp_put_text(values, BP_API_ERROR_request_id, event->request_id);
	bp_fact_set_join(row->set, BP_FACT_API_ERROR,
			 bp_row_id(row, BP_STR("api_error"),
				   bp_row_first_known(row, event->request_id, event->uuid)),
			 values);
}

static void join_compaction(const struct bp_row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	struct bp_json compact = bp_json_get(row->payload, BP_STR("compact"));

	/* PreCompact may be blocked: only what says that it happened counts. */
	if (compact.type != BP_JSON_OBJECT ||
	    bp_str_is(bp_payload_text(compact, BP_STR("phase")), "pre")) {
		return;
	}
	bp_fact_values_init(values);
	bp_row_put_owner(row, values);
	bp_put_int(values, BP_COMPACTION_ts_us, event->ts_us);
	bp_put_int(values, BP_COMPACTION_from_line, !row->hook);
	bp_put_text(values, BP_COMPACTION_compact_trigger,
		    bp_payload_text(compact, BP_STR("trigger")));
	bp_put_int(values, BP_COMPACTION_pre_tokens, bp_payload_int(compact, BP_STR("pre_tokens")));
	bp_put_int(values, BP_COMPACTION_post_tokens,
		   bp_payload_int(compact, BP_STR("post_tokens")));
	bp_fact_set_join(row->set, BP_FACT_COMPACTION,
			 bp_row_id(row, BP_STR("compaction"),
				   bp_row_first_known(row, event->uuid, (struct bp_str){0})),
			 values);
}

static const char *evidence(const struct bp_raw_row *raw, struct bp_fact_set *set)
{
	const struct bp_event *event = &raw->event;
	struct bp_row_view row = {.event = event, .set = set, .asked_conversation = BP_ABSENT};

	if (!bp_json_open(event->payload, &row.payload) || row.payload.type != BP_JSON_OBJECT) {
		return "payload unreadable";
	}
	row.hook = bp_str_is(event->source, "hook");
	row.own_time =
		event->ts_source != BP_TS_INHERITED && (row.hook || event->ts_source == BP_TS_OWN);
	/* State lines (titles, snapshots) repeat, and some name no session: they make none. */
	row.names_session =
		row.hook || event->uuid.len > 0 || bp_str_is(event->hook_type, "queue-operation");
	row.conversation_id = bp_conversation_id(event->platform, event->session_id);
	join_client_cost(&row);
	if (!row.names_session) {
		if (bp_json_get(row.payload, BP_STR("title")).type == BP_JSON_STRING) {
			bp_fact_set_touch(set, row.conversation_id); /* session_text.c reads it */
		}
		return NULL;
	}
	bp_event_id_hex(event->id, row.event_hex);
	struct bp_str asked = bp_payload_text(row.payload, BP_STR("asked_session"));
	if (asked.len > 0) {
		row.asked_conversation = bp_conversation_id(event->platform, asked);
	}
	bp_row_make_key(&row);
	join_conversation(&row);
	join_subagent(&row);
	join_turn(&row);
	bp_claude_model_call(&row);
	bp_claude_tools(&row);
	join_permission_request(&row);
	join_api_error(&row);
	join_compaction(&row);
	bp_fact_set_touch(set, row.conversation_id);
	return NULL;
}

const struct bp_platform bp_platform_claude = {.name = "claude_code", .evidence = evidence};
