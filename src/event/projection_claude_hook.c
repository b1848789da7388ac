/* SPDX-License-Identifier: MIT */
/*
 * projection_claude_hook.c - the standard input of one Claude Code hook.
 *
 * A hook has no time and no id of its own: the time of receipt and random bytes stand in.
 */
#include "event/projection.h"
#include "event/projection_parts.h"

enum hook_key {
	SESSION_ID,
	CWD,
	NAME,
	PERMISSION_MODE,
	PROMPT_ID,
	AGENT_ID,
	AGENT_TYPE,
	TOOL_NAME,
	TOOL_INPUT,
	TOOL_USE_ID,
	TOOL_RESPONSE,
	TOOL_CALLS,
	DURATION,
	ERROR,
	IS_INTERRUPT,
	PROMPT,
	SOURCE,
	MODEL,
	REASON,
	TRIGGER,
	NOTIFICATION_TYPE,
	N_HOOK
};

static const struct bp_str HOOK_KEYS[N_HOOK] = {
	[SESSION_ID] = BP_KEY("session_id"),
	[CWD] = BP_KEY("cwd"),
	[NAME] = BP_KEY("hook_event_name"),
	[PERMISSION_MODE] = BP_KEY("permission_mode"),
	[PROMPT_ID] = BP_KEY("prompt_id"),
	[AGENT_ID] = BP_KEY("agent_id"),
	[AGENT_TYPE] = BP_KEY("agent_type"),
	[TOOL_NAME] = BP_KEY("tool_name"),
	[TOOL_INPUT] = BP_KEY("tool_input"),
	[TOOL_USE_ID] = BP_KEY("tool_use_id"),
	[TOOL_RESPONSE] = BP_KEY("tool_response"),
	[TOOL_CALLS] = BP_KEY("tool_calls"),
	[DURATION] = BP_KEY("duration_ms"),
	[ERROR] = BP_KEY("error"),
	[IS_INTERRUPT] = BP_KEY("is_interrupt"),
	[PROMPT] = BP_KEY("prompt"),
	[SOURCE] = BP_KEY("source"),
	[MODEL] = BP_KEY("model"),
	[REASON] = BP_KEY("reason"),
	[TRIGGER] = BP_KEY("trigger"),
	[NOTIFICATION_TYPE] = BP_KEY("notification_type"),
};

struct hook {
	struct bp_projection p;
	struct bp_json v[N_HOOK];
};

static struct bp_projection_tool tool_of(const struct hook *hook)
{
	return (struct bp_projection_tool){.id = hook->v[TOOL_USE_ID],
					   .name = hook->v[TOOL_NAME],
					   .input = hook->v[TOOL_INPUT]};
}

static void write_prompt(struct hook *hook)
{
	struct bp_projection *p = &hook->p;
	struct bp_projection_texts texts = {0};
	bool notification = bp_json_text_starts(hook->v[PROMPT], BP_STR("<task-notification>"));
	bool human =
		!notification && !p->event->agent_id.ptr && hook->v[PROMPT].type == BP_JSON_STRING;

	bp_projection_texts_add(p, &texts, hook->v[PROMPT]);
	bp_projection_member(p, "kind",
			     notification ? BP_STR("notification")
			     : human      ? BP_STR("prompt")
					  : BP_STR("other"));
	bp_projection_member_flag(p, "human", human);
	bp_projection_texts_write(p, &texts);
}

static void write_call(struct hook *hook)
{
	struct bp_projection *p = &hook->p;
	struct bp_projection_tool tool = tool_of(hook);

	if (bp_projection_keeps(p, BP_OPT_OUT_TOOLS)) {
		bp_projection_key(p, "tools");
		bp_out_array(&p->out);
		bp_projection_call(p, &tool);
		bp_out_array_end(&p->out);
	}
}

static void write_result(struct hook *hook, struct bp_verdict verdict, struct bp_json content)
{
	struct bp_projection *p = &hook->p;
	struct bp_projection_result result = {.tool = tool_of(hook),
					      .content = content,
					      .structured = hook->v[TOOL_RESPONSE],
					      .verdict = verdict};

	if (bp_projection_keeps(p, BP_OPT_OUT_TOOLS)) {
		bp_projection_key(p, "results");
		bp_out_array(&p->out);
		bp_projection_result(p, &result);
		bp_out_array_end(&p->out);
	}
}

static void write_success(struct hook *hook)
{
	write_result(hook, bp_verdict_of_success(hook->v[TOOL_RESPONSE]), hook->v[TOOL_RESPONSE]);
}

static void write_failure(struct hook *hook)
{
	write_result(hook,
		     bp_verdict_of_failure(hook->v[ERROR], bp_json_true(hook->v[IS_INTERRUPT])),
		     hook->v[ERROR]);
}

static void write_denial(struct hook *hook)
{
	write_result(hook, bp_verdict_of_denial(), (struct bp_json){NULL, 0, BP_JSON_ABSENT});
}

enum call_key { C_NAME, C_INPUT, C_ID, C_RESPONSE, N_CALL };

static const struct bp_str CALL_KEYS[N_CALL] = {
	[C_NAME] = BP_KEY("tool_name"),
	[C_INPUT] = BP_KEY("tool_input"),
	[C_ID] = BP_KEY("tool_use_id"),
	[C_RESPONSE] = BP_KEY("tool_response"),
};

/* Every call of the batch twice: as a call, and as what its text says of its outcome. */
static void write_batch(struct hook *hook)
{
	struct bp_projection *p = &hook->p;
	struct bp_json c[N_CALL];
	struct bp_json call;

	if (!bp_projection_keeps(p, BP_OPT_OUT_TOOLS) ||
	    hook->v[TOOL_CALLS].type != BP_JSON_ARRAY) {
		return;
	}
	for (int results = 0; results < 2; results++) {
		struct bp_json_iter iter = bp_json_each(hook->v[TOOL_CALLS]);
		bp_projection_key(p, results ? "results" : "tools");
		bp_out_array(&p->out);
		while (bp_json_next_element(&iter, &call)) {
			bp_json_pick(call, CALL_KEYS, c, N_CALL);
			struct bp_projection_result result = {
				.tool = {.id = c[C_ID], .name = c[C_NAME], .input = c[C_INPUT]},
				.content = c[C_RESPONSE],
				.structured = c[C_RESPONSE]};
			if (results) {
				/* The call beside it holds what the input says. */
				result.tool.input = (struct bp_json){NULL, 0, BP_JSON_ABSENT};
				result.verdict = bp_verdict_of_batch(c[C_RESPONSE]);
				bp_projection_result(p, &result);
			} else {
				bp_projection_call(p, &result.tool);
			}
		}
		bp_out_array_end(&p->out);
	}
}

static void write_permission_request(struct hook *hook)
{
	struct bp_projection *p = &hook->p;
	bool mcp = bp_projection_is_mcp(hook->v[TOOL_NAME]);

	if (!bp_projection_keeps(p, BP_OPT_OUT_TOOLS) ||
	    (mcp && !bp_projection_keeps(p, BP_OPT_OUT_MCP))) {
		return;
	}
	struct bp_str name = bp_projection_tool_name(p, hook->v[TOOL_NAME]);
	p->event->tool_name = name;
	bp_projection_member(p, "tool", name);
	bp_projection_member_input_hash(p, hook->v[TOOL_INPUT]);
}

static void write_stop_failure(struct hook *hook)
{
	struct bp_projection *p = &hook->p;

	if (bp_projection_keeps(p, BP_OPT_OUT_ERRORS)) {
		bp_projection_key(p, "api_error");
		bp_out_object(&p->out);
		bp_projection_member(p, "kind", BP_STR("turn"));
		bp_projection_member(
			p, "class", bp_str_from(bp_api_error_class(&hook->v[ERROR], 1, BP_ABSENT)));
		bp_out_object_end(&p->out);
	}
}

static void write_compact(struct hook *hook, const char *phase)
{
	struct bp_projection *p = &hook->p;

	bp_projection_key(p, "compact");
	bp_out_object(&p->out);
	bp_projection_member_word(p, "trigger", hook->v[TRIGGER]);
	bp_projection_member(p, "phase", bp_str_from(phase));
	bp_out_object_end(&p->out);
}

static void write_pre_compact(struct hook *hook)
{
	write_compact(hook, "pre");
}

static void write_post_compact(struct hook *hook)
{
	write_compact(hook, "post");
}

static void write_session_start(struct hook *hook)
{
	bp_projection_member_word(&hook->p, "start_source", hook->v[SOURCE]);
	hook->p.event->model = bp_projection_name(&hook->p, hook->v[MODEL]);
}

static void write_session_end(struct hook *hook)
{
	bp_projection_member_word(&hook->p, "end_reason", hook->v[REASON]);
}

static void write_notification(struct hook *hook)
{
	bp_projection_member_word(&hook->p, "notification_type", hook->v[NOTIFICATION_TYPE]);
}

/* Hooks that carry more than an envelope, and those whose type has another name. */
static const struct {
	const char *name;
	const char *event_type;
	void (*write)(struct hook *hook);
} HOOKS[] = {
	{"PreToolUse", "tool_use", write_call},
	{"PostToolUse", "tool_result", write_success},
	{"PostToolUseFailure", "tool_result", write_failure},
	{"PostToolBatch", "tool_result", write_batch},
	{"UserPromptSubmit", "user_prompt", write_prompt},
	{"PermissionRequest", "acceptance_decision", write_permission_request},
	{"PermissionDenied", "acceptance_decision", write_denial},
	{"SessionStart", "session_start", write_session_start},
	{"SessionEnd", "session_end", write_session_end},
	{"StopFailure", "error", write_stop_failure},
	{"PreCompact", "context_compact", write_pre_compact},
	{"PostCompact", "context_compact", write_post_compact},
	{"Notification", "notification", write_notification},
};

/* "FileChanged" -> "file_changed". Shape: in the projector's space. */
static struct bp_str snake_case(struct bp_projector *projector, struct bp_str name)
{
	char *at = projector->space + projector->space_used;
	size_t n = 0;

	if (sizeof(projector->space) - projector->space_used < 2 * name.len) {
		return (struct bp_str){NULL, 0};
	}
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool upper = c >= 'A' && c <= 'Z';
		if (upper && i > 0 && at[n - 1] != '_') {
			at[n++] = '_';
		}
		at[n++] = (char)(upper ? c - 'A' + 'a' : c);
	}
	projector->space_used += n;
	return bp_str_make(at, n);
}

static void take_envelope(struct hook *hook, int64_t now_us)
{
	struct bp_projection *p = &hook->p;
	struct bp_event *event = p->event;
	const struct bp_json *v = hook->v;

	event->source = BP_STR("hook");
	event->ts_us = now_us;
	event->ts_source = BP_TS_RECEIVED;
	event->hook_type = bp_projection_word(v[NAME]);
	event->session_id = bp_projection_name(p, v[SESSION_ID]);
	if (!event->session_id.ptr) {
		event->session_id = BP_STR("unknown");
	}
	event->prompt_id = bp_projection_name(p, v[PROMPT_ID]);
	event->agent_id = bp_projection_name(p, v[AGENT_ID]);
	event->duration_ms = bp_projection_floor(v[DURATION]);
	bp_projection_project(p, v[CWD]);
	bp_projection_agent_type(p, v[AGENT_TYPE]);
	bp_projection_member_word(p, "permission_mode", v[PERMISSION_MODE]);
}

static void take_body(struct hook *hook)
{
	struct bp_event *event = hook->p.event;

	for (size_t i = 0; i < sizeof(HOOKS) / sizeof(HOOKS[0]); i++) {
		if (bp_str_is(event->hook_type, HOOKS[i].name)) {
			event->event_type = bp_str_from(HOOKS[i].event_type);
			HOOKS[i].write(hook);
			return;
		}
	}
	if (event->hook_type.ptr) {
		event->event_type = snake_case(hook->p.projector, event->hook_type);
	}
	if (!event->event_type.ptr) {
		event->event_type = BP_STR("unknown");
	}
}

enum bp_projected bp_project_claude_hook(struct bp_projector *projector, struct bp_str json,
					 int64_t now_us, const uint8_t random_bytes[10],
					 struct bp_event *out)
{
	struct hook hook;
	struct bp_json root;

	if (!bp_json_open(json, &root) || root.type != BP_JSON_OBJECT) {
		return BP_PROJECT_MALFORMED;
	}
	bp_json_pick(root, HOOK_KEYS, hook.v, N_HOOK);
	/* Every hook has a session. What has none is not one, and would make one up. */
	if (hook.v[SESSION_ID].type != BP_JSON_STRING || hook.v[SESSION_ID].len <= 2) {
		return BP_PROJECT_MALFORMED;
	}
	bp_projection_begin(&hook.p, projector, out);
	take_envelope(&hook, now_us);
	take_body(&hook);
	bp_event_id_v7(now_us, random_bytes, out->id);
	return bp_projection_end(&hook.p) ? BP_PROJECTED : BP_PROJECT_TOO_LARGE;
}
