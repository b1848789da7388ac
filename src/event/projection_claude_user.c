/* SPDX-License-Identifier: MIT */
/*
 * projection_claude_user.c - user lines: prompts, what is none, and the results of tools.
 */
#include "event/projection_claude.h"

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
	struct bp_json b[BP_BLOCK_KEYS_N];

	bp_projection_key(p, "results");
	bp_out_array(&p->out);
	while (bp_json_next_element(&iter, &block)) {
		bp_json_pick(block, bp_claude_block_keys, b, BP_BLOCK_KEYS_N);
		if (!bp_projection_is(b[BP_BLOCK_TYPE], "tool_result")) {
			continue;
		}
		struct bp_verdict_line verdict = {.content = b[BP_BLOCK_CONTENT],
						  .is_error = b[BP_BLOCK_ERROR]};
		struct bp_projection_result result = {.tool.id = b[BP_BLOCK_USE_ID],
						      .content = b[BP_BLOCK_CONTENT]};
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

static void write_kind(struct bp_projection *p, const char *kind, bool human,
		       const struct bp_projection_texts *texts)
{
	bp_projection_member(p, "kind", bp_str_from(kind ? kind : human ? "prompt" : "other"));
	bp_projection_member_flag(p, "human", human);
	bp_projection_texts_write(p, texts);
}

void bp_claude_user(struct bp_claude_line *line)
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
	bp_claude_texts_add(p, content, &texts);
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

void bp_claude_queued_command(struct bp_claude_line *line)
{
	struct bp_projection *p = &line->p;
	struct bp_json attachment = line->v[BP_LINE_ATTACHMENT];
	struct bp_projection_texts texts = {0};

	bp_claude_texts_add(p, bp_json_get(attachment, BP_STR("prompt")), &texts);
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
