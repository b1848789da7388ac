/* SPDX-License-Identifier: MIT */
/**
 * checkpoint.h - how far a re-readable source has been stored, and what became of its lines.
 *
 * Contract: committed with the rows it speaks of. Entries carry `cv`, a struct bp_checkpoint_step
 *          as JSON; a step is applied only when it is contiguous (bp_checkpoint_apply), so each
 *          line is counted exactly once whatever is redelivered. lines == rows + duplicates +
 *          dead_letters + oversize + purged at all times.
 */
#ifndef BP_STORE_CHECKPOINT_H
#define BP_STORE_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "store/sqlite.h"

enum { BP_CHECKPOINT_HASH_BYTES = 17 }; /* 16 hex digits and NUL */

/** What one stream entry did to its source: it covers the bytes from..to, one line. */
struct bp_checkpoint_step {
	int64_t generation; /* grows whenever the file is read from the start again */
	int64_t from_bytes; /* where the previous line ended */
	int64_t to_bytes;   /* where this one ends */
	int64_t device, inode, size_bytes;
	int64_t head_bytes; /* how many bytes head_hash covers, at most 4096 */
	char head_hash[BP_CHECKPOINT_HASH_BYTES]; /* keyed hash of them */
	int64_t last_ts_us; /* last timestamp seen in the file, BP_SQL_NULL when none */
};

/** The stored value. */
struct bp_checkpoint {
	struct bp_checkpoint_step at; /* at.to_bytes is where the next read starts */
	int64_t lines, rows, duplicates, dead_letters, oversize, purged;
	char path_hash[BP_CHECKPOINT_HASH_BYTES]; /* of the path, for status and dead letters */
};

/** What became of the line of a step. */
enum bp_line_fate {
	BP_LINE_ROW,
	BP_LINE_DUPLICATE,
	BP_LINE_DEAD,
	BP_LINE_OVERSIZE,
	BP_LINE_PURGED
};

enum bp_step_fit {
	BP_STEP_NEXT, /* contiguous, or the start of a newer generation: apply it */
	BP_STEP_OLD,  /* seen before: store the row again (harmless), count nothing */
	BP_STEP_GAP   /* something before it is missing: drop it, the monitor reads it again */
};

enum bp_step_fit bp_checkpoint_fit(const struct bp_checkpoint *stored,
				   const struct bp_checkpoint_step *step);

/** Advance over one BP_STEP_NEXT step and count its line; a new generation starts counting at 0. */
void bp_checkpoint_apply(struct bp_checkpoint *stored, const struct bp_checkpoint_step *step,
			 enum bp_line_fate fate);

/** Take a hash: at most 16 hex digits. False when it is none; out is untouched. An entry says what it
 *  likes, and the stored value must stay JSON. */
bool bp_checkpoint_hash(struct bp_str text, char out[BP_CHECKPOINT_HASH_BYTES]);

/** Wire form of a step (`cv`), and back. False when it is not one. */
void bp_checkpoint_step_encode(const struct bp_checkpoint_step *step, struct bp_buf *out);
bool bp_checkpoint_step_decode(struct bp_str text, struct bp_checkpoint_step *out);

/** Errors: BP_ENOTFOUND never stored (*out is all zero, last_ts_us BP_SQL_NULL). */
BP_MUSTUSE enum bp_rc bp_checkpoint_load(struct bp_sql *sql, struct bp_str key,
					 struct bp_checkpoint *out, struct bp_err *err);

/** Inside the caller's transaction. Errors: as bp_statement_run(). */
BP_MUSTUSE enum bp_rc bp_checkpoint_save(struct bp_sql *sql, struct bp_str key,
					 const struct bp_checkpoint *value, int64_t now_us,
					 struct bp_err *err);

#endif
