/* SPDX-License-Identifier: MIT */
/**
 * history.h - Claude Code history out of a seed: what imports and rebuilds are measured on.
 *
 * Why:     the same seed and options give the same bytes, on any machine and as large as wanted.
 *          The forms are those Claude Code writes: one line per content block of a response with
 *          one message id, results twice (in the message and in toolUseResult), edits with
 *          structuredPatch and originalFile, sub-agent files, attachments, queue operations,
 *          system lines, latches without a time of their own.
 * Threads: one thread owns a history.
 */
#ifndef BP_TESTS_BENCH_HISTORY_H
#define BP_TESTS_BENCH_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct history_options {
	uint64_t seed;
	size_t line_bytes; /* the mean to aim at, about: 1200 and more */
	int64_t end_us;    /* the sessions end before this, UTC */
	int days;          /* and begin at most so many days earlier */
};

/** What was made. */
struct history_totals {
	size_t bytes, lines, files, sessions;
};

struct history;

/** Owns: history_free(). */
struct history *history_new(const struct history_options *options);
void history_free(struct history *history);

const struct history_totals *history_totals(const struct history *history);

/** A transcript: where it would be below a projects folder, what it says, whose it is. */
struct history_file {
	char path[160];     /* "<project>/<session>.jsonl", "<project>/<session>/subagents/..." */
	char session[40];   /* of its lines, and of its path */
	char agent[24];     /* of a sub-agent's file, else "" */
	struct bp_str text; /* whole lines; valid until the next call */
};

/** Sessions that are made from now on begin at that moment: for time that goes on. */
void history_begin_at(struct history *history, int64_t ts_us);

/** Make the next transcript. They never end. */
void history_next(struct history *history, struct history_file *out);

/**
 * Write transcripts below root ("~/.claude/projects" of a made-up home) until size_bytes are
 * there. False: it could not, errno says why.
 */
bool history_write(struct history *history, const char *root, size_t size_bytes);

/** One more human prompt of a session as Claude Code writes it, with its line end; n makes its
 *  uuid. For appending to a transcript that is watched. */
void history_prompt(struct bp_buf *out, const char *session, uint64_t n, int64_t now_us);

#endif
