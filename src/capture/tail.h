/* SPDX-License-Identifier: MIT */
/**
 * tail.h - one growing file: its whole lines from where the last ones ended, each with its step.
 *
 * Why:     every line becomes exactly one entry, and its entry says which bytes it covers, so that
 *          reading can go on after any kill. Blank lines are covered by the entry behind them.
 * Contract: an unterminated last line waits, unless it is one complete JSON object. Another
 *          device or inode, a file shorter than what was read, or another head begin a new
 *          generation at 0. A line over the limit is reported without being kept in memory.
 * Threads: one thread owns a tail; the space is shared by all tails of a thread.
 */
#ifndef BP_CAPTURE_TAIL_H
#define BP_CAPTURE_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "event/hash.h"
#include "store/checkpoint.h"

enum { BP_TAIL_HEAD_BYTES = 4096, BP_TAIL_LINE_MAX = 64 * 1024 * 1024 };

/** Where one file stands. */
struct bp_tail {
	struct bp_checkpoint_step at; /* the last line given; at.to_bytes is covered */
	int64_t next_bytes;           /* where the next line begins: behind blank lines too */
	int64_t scanned_bytes;        /* no line ends between next_bytes and here */
	int64_t seen_size_bytes; /* at the last read, with the two below: did it change since? */
	int64_t seen_mtime_ns;
	int64_t seen_inode;
};

/** Memory that all tails of a thread share. Start with zeroes. */
struct bp_tail_space {
	char *ptr;
	size_t len, cap;
};

void bp_tail_space_done(struct bp_tail_space *space);

/** One line. */
struct bp_tail_line {
	struct bp_str text;   /* without its end; absent when oversize */
	int64_t offset_bytes; /* where it begins */
	bool oversize;
	struct bp_checkpoint_step step; /* the taker sets last_ts_us */
};

/** Takes a line; false: enough for now (this one is taken). */
typedef bool (*bp_tail_take)(struct bp_tail_line *line, void *arg);

/** Start at a stored position; all zero is the beginning of a file never seen. */
void bp_tail_start(struct bp_tail *tail, const struct bp_checkpoint_step *at);

/**
 * Give the lines that are there now to take. *out_more: it stopped before the end.
 * line_max: bytes of the longest line that is given (BP_TAIL_LINE_MAX but in tests).
 * Errors: BP_ENOTFOUND the file is gone (the position stays); BP_EIO cannot be read.
 */
BP_MUSTUSE enum bp_rc bp_tail_read(struct bp_tail *tail, const char *path,
				   const struct bp_hash_key *key, int64_t line_max,
				   struct bp_tail_space *space, bp_tail_take take, void *arg,
				   bool *out_more, struct bp_err *err);

/** True when the file is not as it was at the last read, or gone. Costs one stat. */
bool bp_tail_changed(const struct bp_tail *tail, const char *path);

#endif
