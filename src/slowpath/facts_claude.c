/* SPDX-License-Identifier: MIT */
/*
 * Claude Code: transcript lines and hooks. The payload's keys are those of docs/design/payload.md;
 * who may say what, and with which rank, is evidence.md.
 */
#include <stdio.h>

#include "event/hash.h"
#include "event/json.h"
#include "price/amount.h"
#include "slowpath/fact_id.h"
#include "slowpath/platform.h"

enum { SEEN_TRANSCRIPT = 1, SEEN_HOOK = 2 };

/** What every piece of a row's evidence needs. */
struct row_view {
	const struct bp_event *event;
	struct bp_fact_set *set;
	struct bp_json payload;
	int64_t conversation_id;
	bool hook;          /* else a transcript line */
	bool names_session; /* the record says itself whose it is */
	bool own_time;      /* its time is its own or that of its receipt, not inherited */
	char event_hex[BP_EVENT_ID_HEX_BYTES + 1];
	uint8_t key[BP_EVENT_KEY_BYTES];
	int64_t asked_conversation; /* BP_ABSENT, or who asked for a copied line */
};

static void put_int(struct bp_fact_value *values, int column, int64_t number)
{
	values[column].number = number;
}

static void put_text(struct bp_fact_value *values, int column, struct bp_str text)
{
	values[column].text = text;
}

static int64_t get_int(struct bp_json object, struct bp_str key)
{
	int64_t value;
	return bp_json_int(bp_json_get(object, key), &value) ? value : BP_ABSENT;
}

/** Payload texts are names, ids and hashes in a safe character set: never escaped. */
static struct bp_str get_text(struct bp_json object, struct bp_str key)
{
	return bp_json_text(bp_json_get(object, key), NULL, 0);
}

/** Dollars, as the client wrote them, in pico-USD. */
static int64_t get_pusd(struct bp_json object, struct bp_str key)
{
	enum { PICO = 12 };
	int64_t pusd;

	return bp_decimal_read(get_text(object, key), PICO, &pusd) ? pusd : BP_ABSENT;
}

static bool get_flag(struct bp_json object, struct bp_str key)
{
	return bp_json_true(bp_json_get(object, key));
}

static int64_t id_of(const struct row_view *row, struct bp_str kind, struct bp_str key)
{
	const struct bp_str parts[] = {kind, row->event->platform, key};
	return bp_fact_id(parts, 3);
}

static int64_t id_of_two(const struct row_view *row, struct bp_str kind, struct bp_str a,
			 struct bp_str b)
{
	const struct bp_str parts[] = {kind, row->event->platform, a, b};
	return bp_fact_id(parts, 4);
}

/** The first key that is known, else the event itself. */
static struct bp_str first_known(const struct row_view *row, struct bp_str a, struct bp_str b)
{
	if (a.len > 0) {
		return a;
	}
	return b.len > 0 ? b : bp_str_make(row->event_hex, BP_EVENT_ID_HEX_BYTES);
}

/* --- whose it is --- */

/** Fill the four columns of BP_OWNED_COLUMNS, which stand first in every owned table. */
static void put_owner(const struct row_view *row, struct bp_fact_value *values)
{
	enum { LIVE, ASKED, FILE_, KEY };

	_Static_assert((int)BP_TURN_live_conversation == LIVE && (int)BP_TURN_line_key == KEY &&
			       (int)BP_MODEL_CALL_live_conversation == LIVE &&
			       (int)BP_MODEL_CALL_line_key == KEY &&
			       (int)BP_TOOL_CALL_live_conversation == LIVE &&
			       (int)BP_TOOL_CALL_line_key == KEY &&
			       (int)BP_API_ERROR_live_conversation == LIVE &&
			       (int)BP_API_ERROR_line_key == KEY &&
			       (int)BP_COMPACTION_live_conversation == LIVE &&
			       (int)BP_COMPACTION_line_key == KEY,
		       "BP_OWNED_COLUMNS stands first");
	if (row->hook) {
		put_int(values, LIVE, row->conversation_id);
		return;
	}
	put_int(values, FILE_, row->conversation_id);
	put_int(values, ASKED, row->asked_conversation);
	if (row->event->uuid.len > 0 && row->event->ts_source == BP_TS_OWN) {
		put_text(values, KEY, bp_str_make((const char *)row->key, sizeof(row->key)));
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** The first n bytes of a canonical UUID; false when it is none. */
static bool uuid_bytes(struct bp_str uuid, uint8_t *out, size_t n)
{
	size_t at = 0;

	if (uuid.len != 36) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (uuid.ptr[at] == '-') {
			at++;
		}
		int high = hex_digit(uuid.ptr[at]);
		int low = hex_digit(uuid.ptr[at + 1]);
		if (high < 0 || low < 0) {
			return false;
		}
		out[i] = (uint8_t)(high << 4 | low);
		at += 2;
	}
	return true;
}

/** 48 bits of the line's own ms, then its uuid, so that copies agree; else the event's own id. */
static void make_key(struct row_view *row)
{
	enum { TIME_BYTES = 6, REST_BYTES = BP_EVENT_KEY_BYTES - TIME_BYTES };
	const struct bp_event *event = row->event;

	memcpy(row->key, event->id, sizeof(row->key));
	if (row->hook || event->uuid.len == 0) {
		return;
	}
	if (!uuid_bytes(event->uuid, row->key + TIME_BYTES, REST_BYTES)) {
		struct bp_sha256 sha;
		unsigned char digest[BP_SHA256_BYTES];
		bp_sha256_init(&sha);
		bp_sha256_add(&sha, event->uuid.ptr, event->uuid.len);
		bp_sha256_end(&sha, digest);
		memcpy(row->key + TIME_BYTES, digest, REST_BYTES);
	}
}

/* --- conversations and sub-agents --- */

static void join_conversation(const struct row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];

	bp_fact_values_init(values);
	put_text(values, BP_CONVERSATION_external_id, event->session_id);
	put_text(values, BP_CONVERSATION_platform, event->platform);
	put_int(values, BP_CONVERSATION_seen, row->hook ? SEEN_HOOK : SEEN_TRANSCRIPT);
	if (event->project_hash.len > 0) {
		put_int(values, BP_CONVERSATION_project_ts_us, event->ts_us);
		put_text(values, BP_CONVERSATION_project_hash, event->project_hash);
		put_text(values, BP_CONVERSATION_project_name, event->project_name);
	}
	if (event->git_branch_hash.len > 0) {
		put_int(values, BP_CONVERSATION_branch_ts_us, event->ts_us);
		put_text(values, BP_CONVERSATION_git_branch_hash, event->git_branch_hash);
	}
	if (event->app_version.len > 0) {
		put_int(values, BP_CONVERSATION_version_ts_us, event->ts_us);
		put_text(values, BP_CONVERSATION_app_version, event->app_version);
	}
	struct bp_str start = get_text(row->payload, BP_STR("start_source"));
	if (start.len > 0) {
		put_int(values, BP_CONVERSATION_start_ts_us, event->ts_us);
		put_text(values, BP_CONVERSATION_start_source, start);
	}
	if (bp_str_is(event->event_type, "session_end")) {
		put_int(values, BP_CONVERSATION_end_ts_us, event->ts_us);
		put_text(values, BP_CONVERSATION_end_reason,
			 get_text(row->payload, BP_STR("end_reason")));
	}
	bp_fact_set_join(row->set, BP_FACT_CONVERSATION, row->conversation_id, values);
	if (row->own_time) {
		bp_fact_set_event(row->set, row->conversation_id, row->key,
				  !row->hook && event->uuid.len > 0);
	}
}

/** The client's running total. Its line is one of state: a total of 0 makes no session. */
static void join_client_cost(const struct row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	int64_t pusd = get_pusd(row->payload, BP_STR("client_cost_usd"));

	if (pusd == BP_ABSENT || pusd == 0 || event->session_id.len == 0) {
		return;
	}
	bp_fact_values_init(values);
	put_text(values, BP_CONVERSATION_external_id, event->session_id);
	put_text(values, BP_CONVERSATION_platform, event->platform);
	put_int(values, BP_CONVERSATION_seen, SEEN_TRANSCRIPT);
	put_int(values, BP_CONVERSATION_client_cost_pusd, pusd);
	bp_fact_set_join(row->set, BP_FACT_CONVERSATION, row->conversation_id, values);
	bp_fact_set_touch(row->set, row->conversation_id);
}

static void join_subagent(const struct row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	struct bp_str type = get_text(row->payload, BP_STR("agent_type"));

	/* Compaction stops an agent without a type that never was one. */
	if (event->agent_id.len == 0 || (row->hook && type.len == 0)) {
		return;
	}
	bp_fact_values_init(values);
	put_int(values, BP_SUBAGENT_conversation_id, row->conversation_id);
	put_text(values, BP_SUBAGENT_agent_id, event->agent_id);
	put_text(values, BP_SUBAGENT_agent_type, type);
	put_int(values, BP_SUBAGENT_seen, row->hook ? SEEN_HOOK : SEEN_TRANSCRIPT);
	put_int(values, BP_SUBAGENT_started_us, event->ts_us);
	put_int(values, BP_SUBAGENT_ended_us, event->ts_us);
	bp_fact_set_join(row->set, BP_FACT_SUBAGENT,
			 id_of_two(row, BP_STR("subagent"), event->session_id, event->agent_id),
			 values);
}

/* --- turns --- */

static void join_turn(const struct row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	struct bp_str kind = get_text(row->payload, BP_STR("kind"));
	int64_t id;

	if (kind.len == 0) {
		return;
	}
	/* A hook knows (session, prompt id), a line its uuid; the alias of a line hides the hook's
	 * turn. Neither: the event, and the finaliser pairs by text. */
	if (!row->hook) {
		id = id_of(row, BP_STR("turn"), first_known(row, event->uuid, (struct bp_str){0}));
	} else if (event->prompt_id.len > 0) {
		id = id_of_two(row, BP_STR("prompt"), event->session_id, event->prompt_id);
	} else {
		id = id_of(row, BP_STR("turn"), bp_str_make(row->event_hex, BP_EVENT_ID_HEX_BYTES));
	}
	bp_fact_values_init(values);
	put_owner(row, values);
	put_int(values, BP_TURN_ts_us, event->ts_us);
	put_int(values, BP_TURN_from_line, !row->hook);
	put_int(values, BP_TURN_human, get_flag(row->payload, BP_STR("human")));
	put_int(values, BP_TURN_is_sidechain, event->is_sidechain);
	put_text(values, BP_TURN_kind, kind);
	put_int(values, BP_TURN_length_chars, get_int(row->payload, BP_STR("chars")));
	put_int(values, BP_TURN_words, get_int(row->payload, BP_STR("words")));
	put_text(values, BP_TURN_content_hash, get_text(row->payload, BP_STR("text_hash")));
	put_text(values, BP_TURN_prompt_id, event->prompt_id);
	put_text(values, BP_TURN_agent_id, event->agent_id);
	bp_fact_set_join(row->set, BP_FACT_TURN, id, values);
	if (!row->hook && event->prompt_id.len > 0) {
		bp_fact_set_alias(
			row->set, "prompt", event->platform,
			id_of_two(row, BP_STR("prompt"), event->session_id, event->prompt_id), id);
	}
}

/* --- model calls --- */

static int64_t known_or_zero(int64_t number)
{
	return number == BP_ABSENT ? 0 : number;
}

/** Where the split is written it is the truth; older records have the sum alone, which was 5 min. */
static void put_cache_writes(const struct bp_event *event, struct bp_fact_value *values)
{
	int64_t five = event->cache_write_5m_tokens;
	int64_t hour = event->cache_write_1h_tokens;

	if (five == BP_ABSENT && hour == BP_ABSENT) {
		five = event->cache_write_tokens;
	}
	put_int(values, BP_MODEL_CALL_cache_write_5m, known_or_zero(five));
	put_int(values, BP_MODEL_CALL_cache_write_1h, known_or_zero(hour));
}

/** A model that was asked while another one answered: a call of its own, priced as its model. */
static void join_advisor(const struct row_view *row, const struct bp_fact_value *call, size_t n,
			 struct bp_json advisor)
{
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	int64_t five = get_int(advisor, BP_STR("cache_write_5m"));
	int64_t hour = get_int(advisor, BP_STR("cache_write_1h"));
	char key[BP_EVENT_NAME_MAX + 32];

	if (five == BP_ABSENT && hour == BP_ABSENT) {
		five = get_int(advisor, BP_STR("cache_write"));
	}
	int len = snprintf(key, sizeof(key), "%.*s:advisor:%zu", BP_STR_ARG(row->event->message_id),
			   n);
	memcpy(values, call, sizeof(values));
	put_text(values, BP_MODEL_CALL_model, get_text(advisor, BP_STR("model")));
	put_int(values, BP_MODEL_CALL_input, known_or_zero(get_int(advisor, BP_STR("input"))));
	put_int(values, BP_MODEL_CALL_output, known_or_zero(get_int(advisor, BP_STR("output"))));
	put_int(values, BP_MODEL_CALL_cache_write_5m, known_or_zero(five));
	put_int(values, BP_MODEL_CALL_cache_write_1h, known_or_zero(hour));
	put_int(values, BP_MODEL_CALL_cache_read,
		known_or_zero(get_int(advisor, BP_STR("cache_read"))));
	put_int(values, BP_MODEL_CALL_aborted, 0);
	bp_fact_set_join(row->set, BP_FACT_MODEL_CALL,
			 id_of(row, BP_STR("call"), bp_str_make(key, (size_t)len)), values);
}

/** values: what the response and its advisors have in common. */
static void join_advisors(const struct row_view *row, const struct bp_fact_value *values)
{
	struct bp_json advisors = bp_json_get(row->payload, BP_STR("advisors"));
	struct bp_json_iter iter = bp_json_each(advisors);
	struct bp_json advisor;
	size_t n = 0;

	while (advisors.type == BP_JSON_ARRAY && bp_json_next_element(&iter, &advisor)) {
		join_advisor(row, values, n++, advisor);
	}
}

static void join_model_call(const struct row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];

	if (row->hook || event->message_id.len == 0 || bp_str_is(event->event_type, "error") ||
	    bp_str_is(event->model, "<synthetic>")) {
		return;
	}
	int64_t id = id_of(row, BP_STR("call"), event->message_id);
	bp_fact_values_init(values);
	put_owner(row, values);
	put_text(values, BP_MODEL_CALL_request_id, event->request_id);
	put_int(values, BP_MODEL_CALL_ts_us, event->ts_us);
	put_int(values, BP_MODEL_CALL_ts_last_us, event->ts_us);
	put_int(values, BP_MODEL_CALL_sidechain, event->is_sidechain);
	put_text(values, BP_MODEL_CALL_agent_id, event->agent_id);
	join_advisors(row, values);
	put_text(values, BP_MODEL_CALL_model, event->model);
	put_int(values, BP_MODEL_CALL_input, known_or_zero(event->input_tokens));
	put_int(values, BP_MODEL_CALL_output, known_or_zero(event->output_tokens));
	put_cache_writes(event, values);
	put_int(values, BP_MODEL_CALL_cache_read, known_or_zero(event->cache_read_tokens));
	put_int(values, BP_MODEL_CALL_reasoning,
		known_or_zero(get_int(row->payload, BP_STR("reasoning_tokens"))));
	put_int(values, BP_MODEL_CALL_web_searches,
		known_or_zero(get_int(row->payload, BP_STR("web_searches"))));
	put_int(values, BP_MODEL_CALL_aborted, get_flag(row->payload, BP_STR("aborted")));
	put_int(values, BP_MODEL_CALL_text_chars, get_int(row->payload, BP_STR("chars")));
	put_int(values, BP_MODEL_CALL_reported_pusd, get_pusd(row->payload, BP_STR("cost_usd")));
	put_text(values, BP_MODEL_CALL_service_tier, event->service_tier);
	put_text(values, BP_MODEL_CALL_speed, get_text(row->payload, BP_STR("speed")));
	put_text(values, BP_MODEL_CALL_inference_geo,
		 get_text(row->payload, BP_STR("inference_geo")));
	put_text(values, BP_MODEL_CALL_stop_reason, event->stop_reason);
	bp_fact_set_join(row->set, BP_FACT_MODEL_CALL, id, values);
}

/* --- tool calls --- */

static void join_code_change(const struct row_view *row, int64_t call, struct bp_json edit)
{
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];

	if (edit.type != BP_JSON_OBJECT) {
		return;
	}
	bp_fact_values_init(values);
	put_text(values, BP_CODE_CHANGE_operation, get_text(edit, BP_STR("op")));
	put_text(values, BP_CODE_CHANGE_file_hash, get_text(edit, BP_STR("file")));
	put_text(values, BP_CODE_CHANGE_extension, get_text(edit, BP_STR("ext")));
	put_text(values, BP_CODE_CHANGE_old_hash, get_text(edit, BP_STR("old")));
	put_text(values, BP_CODE_CHANGE_new_hash, get_text(edit, BP_STR("new")));
	put_int(values, BP_CODE_CHANGE_exact, get_flag(edit, BP_STR("exact")));
	put_int(values, BP_CODE_CHANGE_lines_added, get_int(edit, BP_STR("added")));
	put_int(values, BP_CODE_CHANGE_lines_removed, get_int(edit, BP_STR("removed")));
	bp_fact_set_join(row->set, BP_FACT_CODE_CHANGE, call, values);
}

static void join_file_access(const struct row_view *row, int64_t call, struct bp_str call_key,
			     struct bp_json file)
{
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	struct bp_str hash = get_text(file, BP_STR("file"));

	if (file.type != BP_JSON_OBJECT) {
		return;
	}
	bp_fact_values_init(values);
	put_int(values, BP_FILE_ACCESS_tool_call, call);
	put_text(values, BP_FILE_ACCESS_kind, get_text(file, BP_STR("kind")));
	put_text(values, BP_FILE_ACCESS_file_hash, hash);
	put_text(values, BP_FILE_ACCESS_extension, get_text(file, BP_STR("ext")));
	bp_fact_set_join(row->set, BP_FACT_FILE_ACCESS,
			 id_of_two(row, BP_STR("access"), call_key, hash), values);
}

/** What a call and a result of it have in common; gives the call's id, BP_ABSENT without one. */
static int64_t start_tool_call(const struct row_view *row, struct bp_json item,
			       struct bp_fact_value *values)
{
	const struct bp_event *event = row->event;
	struct bp_str key = get_text(item, BP_STR("id"));

	if (key.len == 0) {
		/* 2025 hooks have no id: they cannot be told from a transcript's calls. */
		return BP_ABSENT;
	}
	bp_fact_values_init(values);
	put_owner(row, values);
	put_text(values, BP_TOOL_CALL_tool, get_text(item, BP_STR("tool")));
	put_int(values, BP_TOOL_CALL_mcp, get_flag(item, BP_STR("mcp")));
	put_int(values, BP_TOOL_CALL_ts_us, event->ts_us);
	put_int(values, BP_TOOL_CALL_is_sidechain,
		row->hook ? event->agent_id.len > 0 : event->is_sidechain);
	put_text(values, BP_TOOL_CALL_agent_id, event->agent_id);
	return id_of(row, BP_STR("tool"), key);
}

static void join_call(const struct row_view *row, struct bp_json item)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	int64_t id = start_tool_call(row, item, values);

	if (id == BP_ABSENT) {
		return;
	}
	/* PostToolBatch lists calls again when they are over. */
	if (!row->hook || bp_str_is(event->event_type, "tool_use")) {
		put_int(values, BP_TOOL_CALL_started_us, event->ts_us);
	}
	put_int(values, BP_TOOL_CALL_input_bytes, get_int(item, BP_STR("input_bytes")));
	/* It pairs permission requests, which are hooks; a line may order the same members otherwise. */
	if (row->hook) {
		put_text(values, BP_TOOL_CALL_input_hash, get_text(item, BP_STR("input_hash")));
	}
	put_text(values, BP_TOOL_CALL_cmd_kind, get_text(item, BP_STR("cmd_kind")));
	put_int(values, BP_TOOL_CALL_background, get_flag(item, BP_STR("background")));
	put_text(values, BP_TOOL_CALL_program, get_text(item, BP_STR("program")));
	put_text(values, BP_TOOL_CALL_mcp_server, get_text(item, BP_STR("mcp_server")));
	put_text(values, BP_TOOL_CALL_mcp_tool, get_text(item, BP_STR("mcp_tool")));
	bp_fact_set_join(row->set, BP_FACT_TOOL_CALL, id, values);
	join_code_change(row, id, bp_json_get(item, BP_STR("edit")));
	join_file_access(row, id, get_text(item, BP_STR("id")), bp_json_get(item, BP_STR("file")));
}

/** evidence.md 2.1 times ten, so that the three weak texts of rank 32 keep their difference. */
static int64_t stored_rank(struct bp_json item)
{
	enum { WEAK = 32, WEAK_ERROR = 320, WEAK_DENIED = 321, WEAK_REJECTED = 322 };
	int64_t rank = get_int(item, BP_STR("rank"));

	if (rank != WEAK) {
		return rank == BP_ABSENT ? BP_ABSENT : rank * 10;
	}
	struct bp_str weak = get_text(item, BP_STR("weak"));
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

static void join_result(const struct row_view *row, struct bp_json item)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	int64_t id = start_tool_call(row, item, values);
	struct bp_str error_class = get_text(item, BP_STR("error_class"));
	bool batch = bp_str_is(event->hook_type, "PostToolBatch");

	if (id == BP_ABSENT) {
		return;
	}
	if (!batch) {
		put_int(values, BP_TOOL_CALL_ended_us, event->ts_us);
		if (event->duration_ms != BP_ABSENT) {
			put_int(values, BP_TOOL_CALL_duration_us, event->duration_ms * 1000);
		}
	}
	put_int(values, BP_TOOL_CALL_outcome_rank, stored_rank(item));
	put_int(values, BP_TOOL_CALL_decision_rank,
		known_or_zero(get_int(item, BP_STR("decision_rank"))));
	put_text(values, BP_TOOL_CALL_decision_source, get_text(item, BP_STR("decision")));
	put_int(values, BP_TOOL_CALL_error_rank, error_rank(error_class));
	put_text(values, BP_TOOL_CALL_error_class, error_class);
	put_int(values, BP_TOOL_CALL_exit_code, get_int(item, BP_STR("exit_code")));
	put_int(values, BP_TOOL_CALL_output_bytes, get_int(item, BP_STR("output_bytes")));
	put_text(values, BP_TOOL_CALL_spawned_agent_id, get_text(item, BP_STR("agent_id")));
	bp_fact_set_join(row->set, BP_FACT_TOOL_CALL, id, values);
	join_code_change(row, id, bp_json_get(item, BP_STR("edit")));
	join_file_access(row, id, get_text(item, BP_STR("id")), bp_json_get(item, BP_STR("file")));
}

static void join_tools(const struct row_view *row)
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

/* --- permissions, API errors, compactions --- */

static void join_permission_request(const struct row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];

	if (!bp_str_is(event->hook_type, "PermissionRequest")) {
		return;
	}
	bp_fact_values_init(values);
	put_int(values, BP_PERMISSION_REQUEST_live_conversation, row->conversation_id);
	put_int(values, BP_PERMISSION_REQUEST_ts_us, event->ts_us);
	put_text(values, BP_PERMISSION_REQUEST_tool, get_text(row->payload, BP_STR("tool")));
	put_text(values, BP_PERMISSION_REQUEST_input_hash,
		 get_text(row->payload, BP_STR("input_hash")));
	put_text(values, BP_PERMISSION_REQUEST_agent_id, event->agent_id);
	bp_fact_set_join(row->set, BP_FACT_PERMISSION_REQUEST,
			 id_of(row, BP_STR("permission"),
			       bp_str_make(row->event_hex, BP_EVENT_ID_HEX_BYTES)),
			 values);
}

static void join_api_error(const struct row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	struct bp_json error = bp_json_get(row->payload, BP_STR("api_error"));

	if (error.type != BP_JSON_OBJECT) {
		return;
	}
	bp_fact_values_init(values);
	put_owner(row, values);
	put_int(values, BP_API_ERROR_ts_us, event->ts_us);
	put_text(values, BP_API_ERROR_kind, get_text(error, BP_STR("kind")));
	put_int(values, BP_API_ERROR_status, get_int(error, BP_STR("status")));
	put_text(values, BP_API_ERROR_error_class, get_text(error, BP_STR("class")));
	put_int(values, BP_API_ERROR_retry_attempt, get_int(error, BP_STR("retry_attempt")));
	put_text(values, BP_API_ERROR_request_id, event->request_id);
	bp_fact_set_join(
		row->set, BP_FACT_API_ERROR,
		id_of(row, BP_STR("api_error"), first_known(row, event->request_id, event->uuid)),
		values);
}

static void join_compaction(const struct row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	struct bp_json compact = bp_json_get(row->payload, BP_STR("compact"));

	/* PreCompact may be blocked: only what says that it happened counts. */
	if (compact.type != BP_JSON_OBJECT ||
	    bp_str_is(get_text(compact, BP_STR("phase")), "pre")) {
		return;
	}
	bp_fact_values_init(values);
	put_owner(row, values);
	put_int(values, BP_COMPACTION_ts_us, event->ts_us);
	put_int(values, BP_COMPACTION_from_line, !row->hook);
	put_text(values, BP_COMPACTION_compact_trigger, get_text(compact, BP_STR("trigger")));
	put_int(values, BP_COMPACTION_pre_tokens, get_int(compact, BP_STR("pre_tokens")));
	put_int(values, BP_COMPACTION_post_tokens, get_int(compact, BP_STR("post_tokens")));
	bp_fact_set_join(
		row->set, BP_FACT_COMPACTION,
		id_of(row, BP_STR("compaction"), first_known(row, event->uuid, (struct bp_str){0})),
		values);
}

static const char *evidence(const struct bp_raw_row *raw, struct bp_fact_set *set)
{
	const struct bp_event *event = &raw->event;
	struct row_view row = {.event = event, .set = set, .asked_conversation = BP_ABSENT};

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
	struct bp_str asked = get_text(row.payload, BP_STR("asked_session"));
	if (asked.len > 0) {
		row.asked_conversation = bp_conversation_id(event->platform, asked);
	}
	make_key(&row);
	join_conversation(&row);
	join_subagent(&row);
	join_turn(&row);
	join_model_call(&row);
	join_tools(&row);
	join_permission_request(&row);
	join_api_error(&row);
	join_compaction(&row);
	bp_fact_set_touch(set, row.conversation_id);
	return NULL;
}

const struct bp_platform bp_platform_claude = {.name = "claude_code", .evidence = evidence};
