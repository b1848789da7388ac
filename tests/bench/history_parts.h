/* SPDX-License-Identifier: MIT */
/**
 * history_parts.h - inside the history generator: its state, its random numbers, its lines.
 */
#ifndef BP_TESTS_BENCH_HISTORY_PARTS_H
#define BP_TESTS_BENCH_HISTORY_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "bench/history.h"

enum {
	HISTORY_PIECES = 400, /* texts that lines are put together from */
	HISTORY_TEXT_MAX = 64000,
	HISTORY_UUID_BYTES = 37,
	HISTORY_ID_BYTES = 32,
	HISTORY_AGENTS_MAX = 8 /* sub-agents of one session */
};

struct history_piece {
	char *text; /* already escaped for JSON */
	size_t len;
};

/** A session that is being written. */
struct history_session {
	char id[HISTORY_UUID_BYTES], parent[HISTORY_UUID_BYTES], prompt[HISTORY_UUID_BYTES];
	char head[400]; /* the envelope's members that stay the same */
	char agent[24]; /* "" in the main file */
	const char *project;
	const char *model;
	const char *version;
	int64_t ts_us;
	int64_t context; /* tokens */
};

struct history {
	struct history_options options;
	struct history_totals totals;
	uint64_t random;
	int64_t begin_us; /* of the next sessions; 0: somewhere in the days of options */
	double scale;     /* of text lengths; found while writing, so that the mean is met */
	struct history_piece pieces[HISTORY_PIECES];
	struct bp_buf out; /* the file in hand */
	size_t lines;      /* in it */
	struct history_session session;
	struct {
		char id[24];
		int64_t ts_us;
	} agents[HISTORY_AGENTS_MAX];
	size_t n_agents, next_agent;
};

/** Lists to pick from. */
extern const char *const history_words[32];
extern const char *const history_projects[8];

/** One element of a list. */
#define PICK(history, list) list[history_below(history, sizeof(list) / sizeof((list)[0]))]

/** Append to the file in hand. */
#define PUT(history, ...) bp_buf_printf(&(history)->out, __VA_ARGS__)

/** The next 64 bits of the seed (splitmix64). */
uint64_t history_random(struct history *history);

/** A number below limit (> 0). */
size_t history_below(struct history *history, size_t limit);

/** True in so many of a hundred cases. */
bool history_chance(struct history *history, size_t percent);

/** Write n hex digits and a NUL. */
void history_hex(struct history *history, char *out, size_t n);

/** Make a UUID of version 4. */
void history_uuid(struct history *history, char out[HISTORY_UUID_BYTES]);

/** Make "msg_01", "toolu_01" or "req_011C" with 22 letters and digits behind it. */
void history_id(struct history *history, const char *prefix, char out[HISTORY_ID_BYTES]);

/** Append a text of about wanted x scale bytes. */
void history_text(struct history *history, size_t wanted);

/** Append once more what stands from `from` to `until`. */
void history_again(struct history *history, size_t from, size_t until);

/** A length as in real sessions: most are short, a few are very long. */
size_t history_body_bytes(struct history *history);

/** Make the texts that lines are put together from. */
void history_make_pieces(struct history *history);

/** Let 1 ms to at_most_ms pass. */
void history_pass_time(struct history *history, int64_t at_most_ms);

/** End the line in hand. */
void history_end_line(struct history *history);

/** A file-history-snapshot line. */
void history_snapshot(struct history *history);

/** A prompt that a person typed. */
void history_human(struct history *history);

/** A prompt typed while the assistant was busy: two queue-operation lines. */
void history_queue(struct history *history);

/** A system line: duration, retry or compaction. */
void history_system(struct history *history);

/** So many responses, each with the results of its calls. */
void history_exchange(struct history *history, size_t responses);

#endif
