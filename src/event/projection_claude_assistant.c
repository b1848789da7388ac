/* SPDX-License-Identifier: MIT */
/*
 * projection_claude_assistant.c - assistant lines: the model's response, its usage and its calls.
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
	struct bp_json b[BP_BLOCK_KEYS_N];
	bool keep = bp_projection_keeps(p, BP_OPT_OUT_TOOLS);
	bool any = false;

	if (content.type != BP_JSON_ARRAY) {
		return false;
	}
	while (bp_json_next_element(&iter, &block)) {
		bp_json_pick(block, bp_claude_block_keys, b, BP_BLOCK_KEYS_N);
		if (!bp_projection_is(b[BP_BLOCK_TYPE], "tool_use")) {
			continue;
		}
		if (!any && keep) {
			bp_projection_key(p, "tools");
			bp_out_array(&p->out);
		}
		any = true;
		if (keep) {
			bp_projection_call(
				p, &(struct bp_projection_tool){.id = b[BP_BLOCK_ID],
								.name = b[BP_BLOCK_NAME],
								.input = b[BP_BLOCK_INPUT]});
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
		struct bp_json b[BP_BLOCK_KEYS_N];
		bp_json_pick(block, bp_claude_block_keys, b, BP_BLOCK_KEYS_N);
		if (bp_projection_is(b[BP_BLOCK_TYPE], "thinking") &&
		    b[BP_BLOCK_THINKING].type == BP_JSON_STRING) {
			chars = (chars == BP_ABSENT ? 0 : chars) +
				bp_json_measure(b[BP_BLOCK_THINKING]).chars;
		}
	}
	bp_projection_member_int(p, "thinking_chars", chars);
}

void bp_claude_assistant(struct bp_claude_line *line)
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
		bp_projection_member_number(p, "cost_usd", line->v[BP_LINE_COST_USD]);
	}
	bp_projection_member_flag(p, "aborted", bp_json_true(line->v[BP_LINE_ABORTED]));
	bp_claude_texts_add(p, m[CONTENT], &texts);
	bp_projection_texts_write(p, &texts);
	if (!bp_json_true(line->v[BP_LINE_API_ERROR])) {
		bp_projection_tell_content(p, BP_KEPT_ANSWER, "answer_text", m[CONTENT]);
	}
	write_thinking(p, m[CONTENT]);
	bool calls = write_calls(p, m[CONTENT]);
	if (bp_json_true(line->v[BP_LINE_API_ERROR])) {
		const struct bp_json words[] = {line->v[BP_LINE_ERROR], line->v[BP_LINE_API_TYPE]};
		bp_claude_api_error(line, "final", words, 2,
				    bp_claude_http_status(line->v[BP_LINE_API_STATUS]), m[CONTENT]);
	}
	if (!line->nested) {
		event->event_type = bp_json_true(line->v[BP_LINE_API_ERROR]) ? BP_STR("error")
				    : calls                                  ? BP_STR("tool_use")
					    : BP_STR("assistant_response");
	}
}
