/* SPDX-License-Identifier: MIT */
/**
 * projection_claude.h - a transcript line under way, between its envelope and its message.
 *
 * Place: inside src/event only.
 */
#ifndef BP_EVENT_PROJECTION_CLAUDE_H
#define BP_EVENT_PROJECTION_CLAUDE_H

#include <stdbool.h>

#include "event/json.h"
#include "event/projection_parts.h"

/** The members of a line that anything is read from; all others are never looked at. */
enum bp_claude_line_key {
	BP_LINE_TYPE,
	BP_LINE_SUBTYPE,
	BP_LINE_UUID,
	BP_LINE_PARENT_UUID,
	BP_LINE_LOGICAL_PARENT,
	BP_LINE_SESSION_ID,
	BP_LINE_REQUEST_SESSION,
	BP_LINE_TIMESTAMP,
	BP_LINE_SIDECHAIN,
	BP_LINE_AGENT_ID,
	BP_LINE_AGENT_TYPE,
	BP_LINE_CWD,
	BP_LINE_BRANCH,
	BP_LINE_VERSION,
	BP_LINE_REQUEST_ID,
	BP_LINE_IS_META,
	BP_LINE_PROMPT_ID,
	BP_LINE_MESSAGE,
	BP_LINE_TOOL_RESULT,
	BP_LINE_COMPACT_SUMMARY,
	BP_LINE_TURN_ORIGIN,
	BP_LINE_API_ERROR,
	BP_LINE_API_STATUS,
	BP_LINE_API_TYPE,
	BP_LINE_ERROR,
	BP_LINE_ABORTED,
	BP_LINE_LEVEL,
	BP_LINE_OPERATION,
	BP_LINE_ATTACHMENT,
	BP_LINE_DATA,
	BP_LINE_PARENT_CALL,
	BP_LINE_SNAPSHOT,
	BP_LINE_PERMISSION_MODE,
	BP_LINE_MODE,
	BP_LINE_PERMISSION,
	BP_LINE_DENIAL,
	BP_LINE_COMPACT,
	BP_LINE_RETRY_MS,
	BP_LINE_RETRY_ATTEMPT,
	BP_LINE_MAX_RETRIES,
	BP_LINE_DURATION,
	BP_LINE_COST,
	BP_LINE_COST_USD,
	BP_LINE_LINES_ADDED,
	BP_LINE_LINES_REMOVED,
	BP_LINE_SUMMARY,
	BP_LINE_AI_TITLE,
	BP_LINE_CUSTOM_TITLE,
	BP_LINE_LEAF,
	BP_LINE_KEYS_N
};

extern const struct bp_str bp_claude_line_keys[BP_LINE_KEYS_N];

/** The members of a block of a message that anything is read from. */
enum bp_claude_block_key {
	BP_BLOCK_TYPE,
	BP_BLOCK_ID,
	BP_BLOCK_NAME,
	BP_BLOCK_INPUT,
	BP_BLOCK_TEXT,
	BP_BLOCK_THINKING,
	BP_BLOCK_USE_ID,
	BP_BLOCK_CONTENT,
	BP_BLOCK_ERROR,
	BP_BLOCK_KEYS_N
};

extern const struct bp_str bp_claude_block_keys[BP_BLOCK_KEYS_N];

/** A line under way: its members and where they go. */
struct bp_claude_line {
	struct bp_projection p;
	struct bp_json v[BP_LINE_KEYS_N];
	bool nested; /* the message inside a progress line: the envelope is the outer's */
};

/** What the line's type says beyond its envelope: event type, payload, columns of the message. */
void bp_claude_line_body(struct bp_claude_line *line);

/** A `user` line, or the user's message inside a progress line. */
void bp_claude_user(struct bp_claude_line *line);

/** A prompt typed while the assistant was busy: it never becomes a user line. */
void bp_claude_queued_command(struct bp_claude_line *line);

/** An `assistant` line, or the assistant's message inside a progress line. */
void bp_claude_assistant(struct bp_claude_line *line);

/** Add the texts of a message: the string, or its text blocks. */
void bp_claude_texts_add(const struct bp_projection *p, struct bp_json content,
			 struct bp_projection_texts *texts);

/** Write `api_error` with what is known; kind is ours, the class from a fixed list. */
void bp_claude_api_error(struct bp_claude_line *line, const char *kind, const struct bp_json *words,
			 size_t n, int64_t status, struct bp_json message);

/** A status of HTTP, else BP_ABSENT. */
int64_t bp_claude_http_status(struct bp_json value);

#endif
