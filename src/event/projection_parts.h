/* SPDX-License-Identifier: MIT */
/**
 * projection_parts.h - what the projections of transcript lines and of hooks share.
 *
 * Why:     line and hook say the same things in different places; each thing has one function
 *          here, so both write the same keys with the same meaning (docs/design/payload.md).
 * Place:   inside src/event only; libc only. Everything here is an allow-list: a value that is
 *          not one of the expected shapes is left out, never copied.
 * Threads: one thread owns a projection.
 */
#ifndef BP_EVENT_PROJECTION_PARTS_H
#define BP_EVENT_PROJECTION_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "event/event.h"
#include "event/hash.h"
#include "event/json.h"
#include "event/out.h"
#include "event/projection.h"

/** A key for a static table: BP_STR is no constant expression. */
#define BP_KEY(literal)                                                                            \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}

enum {
	BP_PROJECTION_WORD_MAX = 48,  /* bytes of a word of a vocabulary */
	BP_PROJECTION_HEAD_MAX = 8192 /* where the sentences that tell outcomes are looked for */
};

/** One projection under way. */
struct bp_projection {
	struct bp_projector *projector;
	struct bp_event *event;
	struct bp_out out; /* the payload */
	uint32_t
		opt_out; /* every group when there is no salt: then nothing is known of the policy */
	bool keyed;      /* there is a salt */
	enum bp_level level; /* at which this one is projected */
	bool first_tool;     /* tool_name is still free */
	bool text_cut;       /* a text, or its end, is not there */
	size_t text_bytes;   /* of the payload, taken by texts */
	struct bp_str cwd;   /* decoded; absent when not known */
};

/** Start: empties the event and opens the payload. */
void bp_projection_begin(struct bp_projection *p, struct bp_projector *projector,
			 struct bp_event *event);

/** Close the payload and hand it to the event. False when it did not fit. */
bool bp_projection_end(struct bp_projection *p);

/** True when the user did not take this group out. */
bool bp_projection_keeps(const struct bp_projection *p, enum bp_opt_out group);

/**
 * An id or a name. Shape: a view into the text or the projector. Outside the safe characters or
 * too long: "h:" and its keyed hash; absent when it is no string, empty, or there is no salt.
 */
struct bp_str bp_projection_name(struct bp_projection *p, struct bp_json value);

/** The same of text that is already decoded. */
struct bp_str bp_projection_name_text(struct bp_projection *p, struct bp_str text);

/** A word of a vocabulary ([A-Za-z0-9_.-]{1,48}), else absent. Shape: a view into the text. */
struct bp_str bp_projection_word(struct bp_json value);

/** Write a name or word as a member; absent writes nothing. */
void bp_projection_member_name(struct bp_projection *p, const char *key, struct bp_json value);
void bp_projection_member_word(struct bp_projection *p, const char *key, struct bp_json value);
void bp_projection_member(struct bp_projection *p, const char *key, struct bp_str text);
void bp_projection_member_int(struct bp_projection *p, const char *key, int64_t value);
void bp_projection_member_flag(struct bp_projection *p, const char *key, bool value);
void bp_projection_key(struct bp_projection *p, const char *key);

/** Write a JSON number as text, as the client wrote it; anything else writes nothing. */
void bp_projection_member_number(struct bp_projection *p, const char *key, struct bp_json value);

/** A count in 0..2^40, else BP_ABSENT. */
int64_t bp_projection_count(struct bp_json value);

/** The whole part of a non-negative number written without exponent, else BP_ABSENT. */
int64_t bp_projection_floor(struct bp_json value);

/** True when the value is the string. */
bool bp_projection_is(struct bp_json value, const char *text);

/** Copy the first decoded bytes of a string into space; returns how many (<= cap). */
size_t bp_projection_head(struct bp_json value, char *space, size_t cap);

/** project_hash, project_name and the cwd that relative paths are joined with. */
void bp_projection_project(struct bp_projection *p, struct bp_json cwd);

/** git_branch_hash. */
void bp_projection_branch(struct bp_projection *p, struct bp_json branch);

/** agent_type: a known built-in name, else "custom"; empty writes nothing. */
void bp_projection_agent_type(struct bp_projection *p, struct bp_json value);

/** A keyed hash over one or more texts: of one text it is that text's hash. */
struct bp_projection_hash {
	unsigned n;
	struct bp_hash_hex hex;
};

void bp_projection_hash_add(const struct bp_projection *p, struct bp_projection_hash *hash,
			    struct bp_json text);

/** Write it; nothing when it is empty. */
void bp_projection_member_hash(struct bp_projection *p, const char *key,
			       const struct bp_projection_hash *hash);

/** What can be said of the texts of a message: chars, words, text_hash. */
struct bp_projection_texts {
	unsigned n;
	int64_t chars;
	int64_t words;
	struct bp_projection_hash hash;
	struct bp_json first; /* the first text; its beginning tells what kind it is */
};

void bp_projection_texts_add(const struct bp_projection *p, struct bp_projection_texts *texts,
			     struct bp_json text);

/** Write chars, words, text_hash, unless prompts are taken out. */
void bp_projection_texts_write(struct bp_projection *p, const struct bp_projection_texts *texts);

/** The text itself when content is a string, else the first text block's text, else absent. */
struct bp_json bp_projection_content_text(struct bp_json content);

/** Decoded length of all text in content (a string or blocks), or BP_ABSENT. */
int64_t bp_projection_content_bytes(struct bp_json content);

/** What one record says about the outcome of one call: evidence 2.1 and 2.2. */
struct bp_verdict {
	int rank;             /* 0: says nothing */
	const char *weak;     /* of rank 32: denied rejected error */
	const char *decision; /* NULL: not known */
	int decision_rank;
	const char *error_class; /* NULL: none */
	int64_t exit_code;       /* BP_ABSENT: none */
};

/** A tool_result block and what stands beside it in its line. */
struct bp_verdict_line {
	struct bp_json content;
	struct bp_json is_error;
	struct bp_json structured; /* toolUseResult */
	struct bp_json permission; /* permissionDecision */
	struct bp_json denial;     /* toolDenialKind */
};

struct bp_verdict bp_verdict_of_line(const struct bp_verdict_line *line);
struct bp_verdict bp_verdict_of_batch(struct bp_json response);
struct bp_verdict bp_verdict_of_success(struct bp_json response);
struct bp_verdict bp_verdict_of_failure(struct bp_json error, bool is_interrupt);
struct bp_verdict bp_verdict_of_denial(void);

/** A class for an API error from words and a status that the client wrote; NULL when none. */
const char *bp_api_error_class(const struct bp_json *words, size_t n, int64_t status);

/** The kind of a shell command: test build vcs search package read network run other. */
const char *bp_command_kind(struct bp_json command);

/**
 * The program of a shell command's first simple command, without its folder, or absent.
 * Shape: a view into space.
 */
struct bp_str bp_command_program(struct bp_json command, char *space, size_t cap);

/* Text (projection_text.c): each function writes nothing where the level, an opt-out or a setting
   says no, or where there is no redactor. */

/** True when this projection may tell it. */
bool bp_projection_tells(const struct bp_projection *p, enum bp_kept what);
/** A text as a member. */
void bp_projection_tell(struct bp_projection *p, enum bp_kept what, const char *key,
			struct bp_json value);
/** `program`. */
void bp_projection_tell_program(struct bp_projection *p, struct bp_json command);
/** `mcp_server` and `mcp_tool` of mcp__server__tool. */
void bp_projection_tell_mcp(struct bp_projection *p, struct bp_json name);
/** `error_text`: the first line of a string, or of the first text block. */
void bp_projection_tell_error(struct bp_projection *p, struct bp_json content);
/** `path`, relative to the working folder; nothing for one outside. */
void bp_projection_tell_path(struct bp_projection *p, struct bp_json value);
/** The texts of a string or of text blocks, as an array. */
void bp_projection_tell_content(struct bp_projection *p, enum bp_kept what, const char *key,
				struct bp_json content);
/** `input`: an object with every text in it redacted. */
void bp_projection_tell_input(struct bp_projection *p, struct bp_json name, struct bp_json input);

/** A tool call as a line or a hook holds it; absent parts are absent. */
struct bp_projection_tool {
	struct bp_json id;
	struct bp_json name;
	struct bp_json input;
};

/** Write one element of `tools`. Counts it in the event's columns. */
void bp_projection_call(struct bp_projection *p, const struct bp_projection_tool *tool);

/** A result as a line or a hook holds it. */
struct bp_projection_result {
	struct bp_projection_tool tool; /* of a transcript line only the id is known */
	struct bp_json content;         /* text that the model sees */
	struct bp_json structured;      /* toolUseResult, tool_response */
	struct bp_verdict verdict;
};

/** Write one element of `results`. Adds exact line counts to the event's columns. */
void bp_projection_result(struct bp_projection *p, const struct bp_projection_result *result);

/** True for mcp__server__tool. */
bool bp_projection_is_mcp(struct bp_json name);

/** The keyed hash of a tool's input as written; nothing without a salt. */
void bp_projection_member_input_hash(struct bp_projection *p, struct bp_json input);

/** A tool's name as it may be kept: "mcp" for MCP tools, else a name. */
struct bp_str bp_projection_tool_name(struct bp_projection *p, struct bp_json name);

/** Write `edit` and `file` of a call's input. */
void bp_projection_input_files(struct bp_projection *p, struct bp_json name, struct bp_json input);

/** Write `edit` and `file` of a result; falls back to the input where that is known. */
void bp_projection_result_files(struct bp_projection *p, const struct bp_projection_result *result);

#endif
