/* SPDX-License-Identifier: MIT */
/*
 * projection_claude_message.c - what a transcript line says beyond its envelope.
 */
#include "event/projection_claude.h"

enum message_key { MESSAGE_ID, MODEL, CONTENT, STOP_REASON, USAGE, N_MESSAGE };

static const struct bp_str MESSAGE_KEYS[N_MESSAGE] = {
	[MESSAGE_ID] = BP_KEY("id"),   [MODEL] = BP_KEY("model"),
	[CONTENT] = BP_KEY("content"), [STOP_REASON] = BP_KEY("stop_reason"),
	[USAGE] = BP_KEY("usage"),
};

enum usage_key {
	INPUT,
	OUTPUT,
	CACHE_WRITE,
	CACHE_READ,
	CACHE_CREATION,
	TIER,
	SPEED,
	SERVER_TOOLS,
	DETAILS,
	GEO,
	ITERATIONS,
	N_USAGE
};

static const struct bp_str USAGE_KEYS[N_USAGE] = {
	[INPUT] = BP_KEY("input_tokens"),
	[OUTPUT] = BP_KEY("output_tokens"),
	[CACHE_WRITE] = BP_KEY("cache_creation_input_tokens"),
	[CACHE_READ] = BP_KEY("cache_read_input_tokens"),
	[CACHE_CREATION] = BP_KEY("cache_creation"),
	[TIER] = BP_KEY("service_tier"),
	[SPEED] = BP_KEY("speed"),
	[SERVER_TOOLS] = BP_KEY("server_tool_use"),
	[DETAILS] = BP_KEY("output_tokens_details"),
	[GEO] = BP_KEY("inference_geo"),
	[ITERATIONS] = BP_KEY("iterations"),
};

/* Of usage, and of each entry of iterations. */
static const struct bp_str CACHE_5M = BP_KEY("ephemeral_5m_input_tokens");
static const struct bp_str CACHE_1H = BP_KEY("ephemeral_1h_input_tokens");

enum { ADVISORS_MAX = 64 };

enum block_key {
	B_TYPE,
	B_ID,
	B_NAME,
	B_INPUT,
	B_TEXT,
	B_THINKING,
	B_USE_ID,
	B_CONTENT,
	B_ERROR,
	N_BLOCK
};

static const struct bp_str BLOCK_KEYS[N_BLOCK] = {
	[B_TYPE] = BP_KEY("type"),          [B_ID] = BP_KEY("id"),
	[B_NAME] = BP_KEY("name"),          [B_INPUT] = BP_KEY("input"),
	[B_TEXT] = BP_KEY("text"),          [B_THINKING] = BP_KEY("thinking"),
	[B_USE_ID] = BP_KEY("tool_use_id"), [B_CONTENT] = BP_KEY("content"),
	[B_ERROR] = BP_KEY("is_error"),
};

/* Beginnings of texts in user lines that nobody typed (evidence 5.1), and what they are. */
static const struct {
	struct bp_str prefix;
	const char *kind;
} KINDS[] = {
	{BP_KEY("<command-name>"), "command"},
	{BP_KEY("<command-message>"), "command"},
	{BP_KEY("<local-command-caveat>"), "caveat"},
	{BP_KEY("<local-command-"), "command"},
	{BP_KEY("Caveat:"), "caveat"},
	{BP_KEY("<bash-input>"), "bash"},
	{BP_KEY("<bash-stdout>"), "bash"},
	{BP_KEY("<bash-stderr>"), "bash"},
	{BP_KEY("<task-notification>"), "notification"},
	{BP_KEY("<system-reminder>"), "meta"},
	{BP_KEY("[Request interrupted by user"), "interrupt"},
	{BP_KEY("This session is being continued from a previous conversation"), "compact_summary"},
};

static const char *kind_of_text(struct bp_json text)
{
	for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
		if (bp_json_text_starts(text, KINDS[i].prefix)) {
			return KINDS[i].kind;
		}
	}
	return NULL;
}

/* Blocks of a message that are tool results. */
static unsigned count_results(struct bp_json content)
{
	struct bp_json_iter iter = bp_json_each(content);
	struct bp_json block;
	unsigned n = 0;

	if (content.type != BP_JSON_ARRAY) {
		return 0;
	}
	while (bp_json_next_element(&iter, &block)) {
		n += bp_projection_is(bp_json_get(block, BP_STR("type")), "tool_result") ? 1 : 0;
	}
	return n;
}

static void write_results(struct bp_claude_line *line, struct bp_json content, unsigned n)
{
	struct bp_projection *p = &line->p;
	struct bp_json_iter iter = bp_json_each(content);
	struct bp_json block;
	struct bp_json b[N_BLOCK];

	bp_projection_key(p, "results");
	bp_out_array(&p->out);
	while (bp_json_next_element(&iter, &block)) {
		bp_json_pick(block, BLOCK_KEYS, b, N_BLOCK);
		if (!bp_projection_is(b[B_TYPE], "tool_result")) {
			continue;
		}
		struct bp_verdict_line verdict = {.content = b[B_CONTENT], .is_error = b[B_ERROR]};
		struct bp_projection_result result = {.tool.id = b[B_USE_ID],
						      .content = b[B_CONTENT]};
		if (n == 1) {
			/* What stands beside the message speaks of its only result. */
			verdict.structured = line->v[BP_LINE_TOOL_RESULT];
			verdict.permission = line->v[BP_LINE_PERMISSION];
			verdict.denial = line->v[BP_LINE_DENIAL];
			result.structured = line->v[BP_LINE_TOOL_RESULT];
		}
		result.verdict = bp_verdict_of_line(&verdict);
		bp_projection_result(p, &result);
	}
	bp_out_array_end(&p->out);
}

/* Texts of a message: the string, or its text blocks. */
static void add_texts(const struct bp_projection *p, struct bp_json content,
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
		struct bp_json b[N_BLOCK];
		bp_json_pick(block, BLOCK_KEYS, b, N_BLOCK);
		if (bp_projection_is(b[B_TYPE], "text")) {
			bp_projection_texts_add(p, texts, b[B_TEXT]);
		}
	}
}

static void write_kind(struct bp_projection *p, const char *kind, bool human,
		       const struct bp_projection_texts *texts)
{
	bp_projection_member(p, "kind", bp_str_from(kind ? kind : human ? "prompt" : "other"));
	bp_projection_member_flag(p, "human", human);
	bp_projection_texts_write(p, texts);
}

static void project_user(struct bp_claude_line *line)
{
	struct bp_projection *p = &line->p;
	struct bp_json content = bp_json_get(line->v[BP_LINE_MESSAGE], BP_STR("content"));
	unsigned n_results = count_results(content);
	struct bp_projection_texts texts = {0};

	if (n_results > 0) {
		if (!line->nested) {
			p->event->event_type = BP_STR("tool_result");
		}
		if (bp_projection_keeps(p, BP_OPT_OUT_TOOLS)) {
			write_results(line, content, n_results);
		}
		return;
	}
	add_texts(p, content, &texts);
	const char *kind = kind_of_text(texts.first);
	bool human = !line->nested && !p->event->is_sidechain && !p->event->is_meta &&
		     !bp_json_true(line->v[BP_LINE_COMPACT_SUMMARY]) &&
		     (content.type == BP_JSON_STRING || content.type == BP_JSON_ARRAY);
	if (bp_json_true(line->v[BP_LINE_COMPACT_SUMMARY])) {
		kind = "compact_summary";
	} else if (p->event->is_meta && !kind) {
		kind = "meta";
	}
	if (human && line->v[BP_LINE_TURN_ORIGIN].type == BP_JSON_STRING) {
		human = bp_projection_is(line->v[BP_LINE_TURN_ORIGIN], "human") ||
			bp_projection_is(line->v[BP_LINE_TURN_ORIGIN], "sdk");
	} else {
		human = human && !kind;
	}
	if (human) {
		p->event->event_type = BP_STR("user_prompt");
	}
	write_kind(p, kind, human, &texts);
	if (human) {
		bp_projection_tell_content(p, BP_KEPT_PROMPT, "prompt_text", content);
	}
}

/* Rare things: none of them is the rule, and is not written. */
static void member_rare(struct bp_projection *p, const char *key, struct bp_json value)
{
	int64_t n = bp_projection_count(value);

	bp_projection_member_int(p, key, n == 0 ? BP_ABSENT : n);
}

/* Where it ran, of the places that have a price of their own or say that there is none. */
static void write_geo(struct bp_projection *p, struct bp_json value)
{
	static const char *const GEOS[] = {"us", "global", "not_available"};

	for (size_t i = 0; i < sizeof(GEOS) / sizeof(GEOS[0]); i++) {
		if (bp_projection_is(value, GEOS[i])) {
			bp_projection_member(p, "inference_geo", bp_str_from(GEOS[i]));
		}
	}
}

static void write_advisor(struct bp_projection *p, struct bp_json entry)
{
	struct bp_json u[N_USAGE];

	bp_json_pick(entry, USAGE_KEYS, u, N_USAGE);
	bp_out_object(&p->out);
	bp_projection_member_name(p, "model", bp_json_get(entry, BP_STR("model")));
	bp_projection_member_int(p, "input", bp_projection_count(u[INPUT]));
	bp_projection_member_int(p, "output", bp_projection_count(u[OUTPUT]));
	bp_projection_member_int(p, "cache_write", bp_projection_count(u[CACHE_WRITE]));
	bp_projection_member_int(p, "cache_write_5m",
				 bp_projection_count(bp_json_get(u[CACHE_CREATION], CACHE_5M)));
	bp_projection_member_int(p, "cache_write_1h",
				 bp_projection_count(bp_json_get(u[CACHE_CREATION], CACHE_1H)));
	bp_projection_member_int(p, "cache_read", bp_projection_count(u[CACHE_READ]));
	bp_out_object_end(&p->out);
}

/* Another model that was asked meanwhile: its tokens are not in those of the response. */
static void write_advisors(struct bp_projection *p, struct bp_json iterations)
{
	struct bp_json_iter iter = bp_json_each(iterations);
	struct bp_json entry;
	unsigned n = 0;

	if (iterations.type != BP_JSON_ARRAY) {
		return;
	}
	while (n < ADVISORS_MAX && bp_json_next_element(&iter, &entry)) {
		if (!bp_projection_is(bp_json_get(entry, BP_STR("type")), "advisor_message")) {
			continue;
		}
		if (n++ == 0) {
			bp_projection_key(p, "advisors");
			bp_out_array(&p->out);
		}
		write_advisor(p, entry);
	}
	if (n > 0) {
		bp_out_array_end(&p->out);
	}
}

static void take_usage(struct bp_projection *p, struct bp_json usage)
{
	struct bp_event *event = p->event;
	struct bp_json u[N_USAGE];

	bp_json_pick(usage, USAGE_KEYS, u, N_USAGE);
	event->service_tier = bp_projection_word(u[TIER]);
	bp_projection_member_word(p, "speed", u[SPEED]);
	write_geo(p, u[GEO]);
	if (!bp_projection_keeps(p, BP_OPT_OUT_TOKENS)) {
		return;
	}
	event->input_tokens = bp_projection_count(u[INPUT]);
	event->output_tokens = bp_projection_count(u[OUTPUT]);
	event->cache_write_tokens = bp_projection_count(u[CACHE_WRITE]);
	event->cache_read_tokens = bp_projection_count(u[CACHE_READ]);
	event->cache_write_5m_tokens =
		bp_projection_count(bp_json_get(u[CACHE_CREATION], CACHE_5M));
	event->cache_write_1h_tokens =
		bp_projection_count(bp_json_get(u[CACHE_CREATION], CACHE_1H));
	struct bp_json reasoning = bp_json_get(u[DETAILS], BP_STR("reasoning_tokens"));
	if (reasoning.type == BP_JSON_ABSENT) {
		reasoning = bp_json_get(u[DETAILS], BP_STR("thinking_tokens"));
	}
	member_rare(p, "reasoning_tokens", reasoning);
	member_rare(p, "web_searches", bp_json_get(u[SERVER_TOOLS], BP_STR("web_search_requests")));
	member_rare(p, "web_fetches", bp_json_get(u[SERVER_TOOLS], BP_STR("web_fetch_requests")));
	write_advisors(p, u[ITERATIONS]);
}

/* The call blocks of an assistant message; true when there was one. */
static bool write_calls(struct bp_projection *p, struct bp_json content)
{
	struct bp_json_iter iter = bp_json_each(content);
	struct bp_json block;
	struct bp_json b[N_BLOCK];
	bool keep = bp_projection_keeps(p, BP_OPT_OUT_TOOLS);
	bool any = false;

	if (content.type != BP_JSON_ARRAY) {
		return false;
	}
	while (bp_json_next_element(&iter, &block)) {
		bp_json_pick(block, BLOCK_KEYS, b, N_BLOCK);
		if (!bp_projection_is(b[B_TYPE], "tool_use")) {
			continue;
		}
		if (!any && keep) {
			bp_projection_key(p, "tools");
			bp_out_array(&p->out);
		}
		any = true;
		if (keep) {
			bp_projection_call(p, &(struct bp_projection_tool){.id = b[B_ID],
									   .name = b[B_NAME],
									   .input = b[B_INPUT]});
		}
	}
	if (any && keep) {
		bp_out_array_end(&p->out);
	}
	return any;
}

static void write_thinking(struct bp_projection *p, struct bp_json content)
{
	struct bp_json_iter iter = bp_json_each(content);
	struct bp_json block;
	int64_t chars = BP_ABSENT;

	if (content.type != BP_JSON_ARRAY || !bp_projection_keeps(p, BP_OPT_OUT_PROMPTS)) {
		return;
	}
	while (bp_json_next_element(&iter, &block)) {
		struct bp_json b[N_BLOCK];
		bp_json_pick(block, BLOCK_KEYS, b, N_BLOCK);
		if (bp_projection_is(b[B_TYPE], "thinking") &&
		    b[B_THINKING].type == BP_JSON_STRING) {
			chars = (chars == BP_ABSENT ? 0 : chars) +
				bp_json_measure(b[B_THINKING]).chars;
		}
	}
	bp_projection_member_int(p, "thinking_chars", chars);
}

/* `api_error` with what is known; kind is ours, the class from a fixed list. */
static void write_api_error(struct bp_claude_line *line, const char *kind,
			    const struct bp_json *words, size_t n, int64_t status,
			    struct bp_json message)
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

static int64_t http_status(struct bp_json value)
{
	int64_t status = bp_projection_count(value);

	return status >= 100 && status <= 599 ? status : BP_ABSENT;
}

/* A number as the client wrote it. */
static void member_number(struct bp_projection *p, const char *key, struct bp_json value)
{
	if (value.type != BP_JSON_NUMBER || value.len > BP_PROJECTION_WORD_MAX) {
		return;
	}
	for (size_t i = 0; i < value.len; i++) {
		if (!strchr("0123456789.eE+-", value.ptr[i]) || value.ptr[i] == '\0') {
			return;
		}
	}
	bp_projection_member(p, key, bp_str_make(value.ptr, value.len));
}

static void project_assistant(struct bp_claude_line *line)
{
	struct bp_projection *p = &line->p;
	struct bp_event *event = p->event;
	struct bp_json m[N_MESSAGE];
	struct bp_projection_texts texts = {0};

	bp_json_pick(line->v[BP_LINE_MESSAGE], MESSAGE_KEYS, m, N_MESSAGE);
	event->message_id = bp_projection_name(p, m[MESSAGE_ID]);
	event->model = bp_projection_name(p, m[MODEL]);
	event->stop_reason = bp_projection_word(m[STOP_REASON]);
	if (!bp_str_is(event->model, "<synthetic>")) {
		take_usage(p, m[USAGE]);
	}
	if (bp_projection_keeps(p, BP_OPT_OUT_COST)) {
		member_number(p, "cost_usd", line->v[BP_LINE_COST_USD]);
	}
	bp_projection_member_flag(p, "aborted", bp_json_true(line->v[BP_LINE_ABORTED]));
	add_texts(p, m[CONTENT], &texts);
	bp_projection_texts_write(p, &texts);
	if (!bp_json_true(line->v[BP_LINE_API_ERROR])) {
		bp_projection_tell_content(p, BP_KEPT_ANSWER, "answer_text", m[CONTENT]);
	}
	write_thinking(p, m[CONTENT]);
	bool calls = write_calls(p, m[CONTENT]);
	if (bp_json_true(line->v[BP_LINE_API_ERROR])) {
		const struct bp_json words[] = {line->v[BP_LINE_ERROR], line->v[BP_LINE_API_TYPE]};
		write_api_error(line, "final", words, 2, http_status(line->v[BP_LINE_API_STATUS]),
				m[CONTENT]);
	}
	if (!line->nested) {
		event->event_type = bp_json_true(line->v[BP_LINE_API_ERROR]) ? BP_STR("error")
				    : calls                                  ? BP_STR("tool_use")
					    : BP_STR("assistant_response");
	}
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
		write_api_error(line, "retry", words, 3,
				http_status(bp_json_get(error, BP_STR("status"))),
				bp_json_get(error, BP_STR("message")));
	}
}

/* A prompt typed while the assistant was busy never becomes a user line. */
static void project_queued_command(struct bp_claude_line *line)
{
	struct bp_projection *p = &line->p;
	struct bp_json attachment = line->v[BP_LINE_ATTACHMENT];
	struct bp_projection_texts texts = {0};

	add_texts(p, bp_json_get(attachment, BP_STR("prompt")), &texts);
	const char *kind = kind_of_text(texts.first);
	bool human = bp_projection_is(bp_json_get(attachment, BP_STR("commandMode")), "prompt") &&
		     !kind && !p->event->is_sidechain && !p->event->is_meta;
	if (human) {
		p->event->event_type = BP_STR("user_prompt");
	}
	write_kind(p, kind, human, &texts);
	if (human) {
		bp_projection_tell_content(p, BP_KEPT_PROMPT, "prompt_text",
					   bp_json_get(attachment, BP_STR("prompt")));
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
	bp_json_pick(bp_json_get(data, BP_STR("message")), bp_claude_line_keys, inner.v,
		     BP_LINE_KEYS_N);
	if (!p->event->request_id.ptr) {
		p->event->request_id = bp_projection_name(p, inner.v[BP_LINE_REQUEST_ID]);
	}
	inner.p = *p;
	if (bp_projection_is(inner.v[BP_LINE_TYPE], "assistant")) {
		project_assistant(&inner);
	} else if (bp_projection_is(inner.v[BP_LINE_TYPE], "user")) {
		project_user(&inner);
	}
	*p = inner.p;
}

static void project_cost(struct bp_claude_line *line)
{
	struct bp_projection *p = &line->p;

	p->event->event_type = BP_STR("cost");
	if (bp_projection_keeps(p, BP_OPT_OUT_COST)) {
		member_number(p, "client_cost_usd", line->v[BP_LINE_COST]);
	}
	if (bp_projection_keeps(p, BP_OPT_OUT_EDITS)) {
		member_number(p, "client_lines_added", line->v[BP_LINE_LINES_ADDED]);
		member_number(p, "client_lines_removed", line->v[BP_LINE_LINES_REMOVED]);
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
		project_user(line);
	} else if (bp_str_is(type, "assistant")) {
		project_assistant(line);
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
			project_queued_command(line);
		}
	} else if (bp_str_is(type, "progress")) {
		event->subtype =
			bp_projection_word(bp_json_get(line->v[BP_LINE_DATA], BP_STR("type")));
		if (bp_str_is(event->subtype, "agent_progress")) {
			project_agent_progress(line);
		}
	}
}
