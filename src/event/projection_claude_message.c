/* SPDX-License-Identifier: MIT */
/*
 * projection_claude_message.c - what a transcript line says beyond its envelope, by its type.
 */
#include "event/projection_claude.h"

const struct bp_str bp_claude_block_keys[BP_BLOCK_KEYS_N] = {
	[BP_BLOCK_TYPE] = BP_KEY("type"),          [BP_BLOCK_ID] = BP_KEY("id"),
	[BP_BLOCK_NAME] = BP_KEY("name"),          [BP_BLOCK_INPUT] = BP_KEY("input"),
	[BP_BLOCK_TEXT] = BP_KEY("text"),          [BP_BLOCK_THINKING] = BP_KEY("thinking"),
	[BP_BLOCK_USE_ID] = BP_KEY("tool_use_id"), [BP_BLOCK_CONTENT] = BP_KEY("content"),
	[BP_BLOCK_ERROR] = BP_KEY("is_error"),
};

void bp_claude_texts_add(const struct bp_projection *p, struct bp_json content,
			 struct bp_projection_texts *texts)
{
	struct bp_json_iter iter = bp_json_each(content);
	struct bp_json block;

	if (content.type == BP_JSON_STRING) {
		bp_projection_texts_add(p, texts, content);
	}
	if (content.type != BP_JSON_ARRAY) {
		return;
	}
	while (bp_json_next_element(&iter, &block)) {
		struct bp_json b[BP_BLOCK_KEYS_N];
		bp_json_pick(block, bp_claude_block_keys, b, BP_BLOCK_KEYS_N);
		if (bp_projection_is(b[BP_BLOCK_TYPE], "text")) {
			bp_projection_texts_add(p, texts, b[BP_BLOCK_TEXT]);
		}
	}
}

void bp_claude_api_error(struct bp_claude_line *line, const char *kind, const struct bp_json *words,
			 size_t n, int64_t status, struct bp_json message)
{
	struct bp_projection *p = &line->p;

	if (!bp_projection_keeps(p, BP_OPT_OUT_ERRORS)) {
		return;
	}
	bp_projection_key(p, "api_error");
	bp_out_object(&p->out);
	bp_projection_member(p, "kind", bp_str_from(kind));
	bp_projection_member_int(p, "status", status);
	bp_projection_member(p, "class", bp_str_from(bp_api_error_class(words, n, status)));
	bp_projection_member_int(p, "retry_attempt",
				 bp_projection_count(line->v[BP_LINE_RETRY_ATTEMPT]));
	bp_projection_member_int(p, "max_retries",
				 bp_projection_count(line->v[BP_LINE_MAX_RETRIES]));
	bp_projection_member_int(p, "retry_ms", bp_projection_floor(line->v[BP_LINE_RETRY_MS]));
	bp_projection_tell_error(p, message);
	bp_out_object_end(&p->out);
}

int64_t bp_claude_http_status(struct bp_json value)
{
	int64_t status = bp_projection_count(value);

	return status >= 100 && status <= 599 ? status : BP_ABSENT;
}

static void write_compact(struct bp_claude_line *line)
{
	struct bp_projection *p = &line->p;
	struct bp_json compact = line->v[BP_LINE_COMPACT];

	bp_projection_key(p, "compact");
	bp_out_object(&p->out);
	bp_projection_member_word(p, "trigger", bp_json_get(compact, BP_STR("trigger")));
	bp_projection_member(p, "phase", BP_STR("done"));
	if (bp_projection_keeps(p, BP_OPT_OUT_TOKENS)) {
		bp_projection_member_int(
			p, "pre_tokens",
			bp_projection_count(bp_json_get(compact, BP_STR("preTokens"))));
		bp_projection_member_int(
			p, "post_tokens",
			bp_projection_count(bp_json_get(compact, BP_STR("postTokens"))));
	}
	bp_out_object_end(&p->out);
	p->event->duration_ms = bp_projection_floor(bp_json_get(compact, BP_STR("durationMs")));
}

static void project_system(struct bp_claude_line *line)
{
	struct bp_projection *p = &line->p;
	struct bp_event *event = p->event;

	event->duration_ms = bp_projection_floor(line->v[BP_LINE_DURATION]);
	if (bp_str_is(event->subtype, "compact_boundary")) {
		event->event_type = BP_STR("context_compact");
		if (!event->parent_uuid.ptr) {
			event->parent_uuid = bp_projection_name(p, line->v[BP_LINE_LOGICAL_PARENT]);
		}
		write_compact(line);
	} else if (bp_str_is(event->subtype, "api_error")) {
		struct bp_json error = line->v[BP_LINE_ERROR];
		struct bp_json inner = bp_json_get(error, BP_STR("error"));
		struct bp_json innermost = bp_json_get(inner, BP_STR("error"));
		const struct bp_json words[] = {bp_json_get(innermost, BP_STR("type")),
						bp_json_get(inner, BP_STR("type")),
						bp_json_get(error, BP_STR("type"))};
		event->event_type = BP_STR("error");
		if (!event->request_id.ptr) {
			event->request_id =
				bp_projection_name(p, bp_json_get(error, BP_STR("requestId")));
		}
		if (!event->request_id.ptr) {
			event->request_id =
				bp_projection_name(p, bp_json_get(error, BP_STR("requestID")));
		}
		bp_claude_api_error(line, "retry", words, 3,
				    bp_claude_http_status(bp_json_get(error, BP_STR("status"))),
				    bp_json_get(error, BP_STR("message")));
	}
}

/* A sub-agent's message, repeated in its parent's file: counted only where the sub-agent has no
   file of its own. */
static void project_agent_progress(struct bp_claude_line *line)
{
	struct bp_projection *p = &line->p;
	struct bp_json data = line->v[BP_LINE_DATA];
	struct bp_claude_line inner = {.nested = true};

	p->event->is_sidechain = true;
	struct bp_str agent = bp_projection_name(p, bp_json_get(data, BP_STR("agentId")));
	if (agent.ptr) {
		p->event->agent_id = agent;
	}
	if (bp_projection_keeps(p, BP_OPT_OUT_TOOLS)) {
		bp_projection_member_name(p, "parent_call", line->v[BP_LINE_PARENT_CALL]);
	}
	bp_json_pick(bp_json_get(data, BP_STR("message")), bp_claude_line_keys, inner.v,
		     BP_LINE_KEYS_N);
	if (!p->event->request_id.ptr) {
		p->event->request_id = bp_projection_name(p, inner.v[BP_LINE_REQUEST_ID]);
	}
	inner.p = *p;
	if (bp_projection_is(inner.v[BP_LINE_TYPE], "assistant")) {
		bp_claude_assistant(&inner);
	} else if (bp_projection_is(inner.v[BP_LINE_TYPE], "user")) {
		bp_claude_user(&inner);
	}
	*p = inner.p;
}

static void project_cost(struct bp_claude_line *line)
{
	struct bp_projection *p = &line->p;

	p->event->event_type = BP_STR("cost");
	if (bp_projection_keeps(p, BP_OPT_OUT_COST)) {
		bp_projection_member_number(p, "client_cost_usd", line->v[BP_LINE_COST]);
	}
	if (bp_projection_keeps(p, BP_OPT_OUT_EDITS)) {
		bp_projection_member_number(p, "client_lines_added", line->v[BP_LINE_LINES_ADDED]);
		bp_projection_member_number(p, "client_lines_removed",
					    line->v[BP_LINE_LINES_REMOVED]);
	}
}

/* A title, and for `summary` the line at whose end the conversation it names stands. */
static void project_title(struct bp_claude_line *line, enum bp_claude_line_key key)
{
	struct bp_projection *p = &line->p;

	if (bp_projection_tells(p, BP_KEPT_TITLE)) {
		bp_projection_tell(p, BP_KEPT_TITLE, "title", line->v[key]);
		if (key == BP_LINE_SUMMARY) {
			bp_projection_member_name(p, "leaf", line->v[BP_LINE_LEAF]);
		}
	}
}

void bp_claude_line_body(struct bp_claude_line *line)
{
	struct bp_event *event = line->p.event;
	struct bp_str type = event->hook_type;

	if (bp_str_is(type, "user")) {
		bp_claude_user(line);
	} else if (bp_str_is(type, "assistant")) {
		bp_claude_assistant(line);
	} else if (bp_str_is(type, "system")) {
		project_system(line);
	} else if (bp_str_is(type, "cost-state")) {
		project_cost(line);
	} else if (bp_str_is(type, "ai-title")) {
		project_title(line, BP_LINE_AI_TITLE);
	} else if (bp_str_is(type, "custom-title")) {
		project_title(line, BP_LINE_CUSTOM_TITLE);
	} else if (bp_str_is(type, "summary")) {
		project_title(line, BP_LINE_SUMMARY);
	} else if (bp_str_is(type, "attachment")) {
		event->subtype = bp_projection_word(
			bp_json_get(line->v[BP_LINE_ATTACHMENT], BP_STR("type")));
		if (bp_str_is(event->subtype, "queued_command")) {
			bp_claude_queued_command(line);
		}
	} else if (bp_str_is(type, "progress")) {
		event->subtype =
			bp_projection_word(bp_json_get(line->v[BP_LINE_DATA], BP_STR("type")));
		if (bp_str_is(event->subtype, "agent_progress")) {
			project_agent_progress(line);
		}
	}
}
