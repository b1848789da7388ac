/* SPDX-License-Identifier: MIT */
/**
 * raw.h - rows of the log: write them (fast path), read them back in order (slow path, export).
 *
 * Threads: one thread owns a writer or a reader; a writer is used only under the writer lock.
 */
#ifndef BP_STORE_RAW_H
#define BP_STORE_RAW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "event/event.h"
#include "store/codec.h"
#include "store/sqlite.h"

enum bp_raw_table { BP_RAW_CLAUDE, BP_RAW_OTHER, BP_RAW_TABLES };

/** "claude_row", "other_row". */
const char *bp_raw_table_name(enum bp_raw_table table);

/** Which table a platform's rows go to. */
enum bp_raw_table bp_raw_table_of(struct bp_str platform);

struct bp_raw_row;
struct bp_raw_writer;

/** Prepares its statements and reads the tombstones. Borrows sql and codec, which must outlive it.
 *  Errors: BP_EIO no such table; BP_ECORRUPT. */
BP_MUSTUSE enum bp_rc bp_raw_writer_new(struct bp_sql *sql, struct bp_codec *codec,
					struct bp_raw_writer **out, struct bp_err *err);
void bp_raw_writer_free(struct bp_raw_writer *writer);

enum bp_put { BP_PUT_NEW, BP_PUT_DUPLICATE, BP_PUT_PURGED };

/**
 * Insert one event inside the caller's transaction (ON CONFLICT(event_id) DO NOTHING).
 * *out_put says what happened; BP_PUT_PURGED: a tombstone covers it, nothing is stored. One whose
 * row is in the archive is a duplicate.
 * *out_sequence is set for BP_PUT_NEW.
 * Errors: BP_EINVAL the store refused this event (a constraint): the transaction can go on with
 *         others; BP_EIO BP_ELIMIT BP_EBUSY BP_ECORRUPT the transaction must be rolled back
 *         (then call bp_raw_writer_rolled_back()).
 */
BP_MUSTUSE enum bp_rc bp_raw_put(struct bp_raw_writer *writer, const struct bp_event *event,
				 int64_t now_us, enum bp_put *out_put, int64_t *out_sequence,
				 struct bp_err *err);

/**
 * The same, but a row of another projection or another level makes room for the event, which is a
 * new row then; the old one's bytes are overwritten. Errors: those of bp_raw_put().
 */
BP_MUSTUSE enum bp_rc bp_raw_replace(struct bp_raw_writer *writer, const struct bp_event *event,
				     int64_t now_us, enum bp_put *out_put, int64_t *out_sequence,
				     struct bp_err *err);

/**
 * Put a row of the archive back as it was, inside the caller's transaction; keep_sequence: in its
 * old place, unless that is taken. *out_put as of bp_raw_put(), which would refuse its id.
 * Errors: those of bp_raw_put().
 */
BP_MUSTUSE enum bp_rc bp_raw_restore(struct bp_raw_writer *writer, const struct bp_raw_row *row,
				     bool keep_sequence, enum bp_put *out_put, struct bp_err *err);

/** To be called in each transaction before its first bp_raw_put(): what was archived since counts
 *  from here on. Errors: those of bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_raw_writer_begin(struct bp_raw_writer *writer, struct bp_err *err);

/** Forget the name ids that a rolled-back transaction made. */
void bp_raw_writer_rolled_back(struct bp_raw_writer *writer);

/** Read the tombstones again and forget the names (after a purge).
 *  Errors: BP_EIO, BP_ECORRUPT; the old ones stay. */
BP_MUSTUSE enum bp_rc bp_raw_writer_reload(struct bp_raw_writer *writer, struct bp_err *err);

struct bp_raw_reader;

/** Borrows sql and codec, which must outlive it. Errors: BP_EIO no such table; BP_ECORRUPT. */
BP_MUSTUSE enum bp_rc bp_raw_reader_new(struct bp_sql *sql, struct bp_codec *codec,
					struct bp_raw_reader **out, struct bp_err *err);
void bp_raw_reader_free(struct bp_raw_reader *reader);

/** A row as an event again. */
struct bp_raw_row {
	int64_t sequence;
	int64_t ingested_us;
	struct bp_event event; /* payload inflated; all views live in the arena */
};

/**
 * Read up to max rows with sequence > after, in order; all memory from the arena.
 * *out_n is 0 at the end. A row that cannot be inflated has an absent payload.
 * Errors: BP_EIO, BP_ECORRUPT.
 */
BP_MUSTUSE enum bp_rc bp_raw_read(struct bp_raw_reader *reader, enum bp_raw_table table,
				  int64_t after, size_t max, struct bp_arena *arena,
				  struct bp_raw_row *out, size_t *out_n, struct bp_err *err);

/** The same for after < sequence <= until. Errors: the same. */
BP_MUSTUSE enum bp_rc bp_raw_read_between(struct bp_raw_reader *reader, enum bp_raw_table table,
					  int64_t after, int64_t until, size_t max,
					  struct bp_arena *arena, struct bp_raw_row *out,
					  size_t *out_n, struct bp_err *err);

/** The lowest and the highest sequence that the table has now; 0 and 0 when it is empty.
 *  Errors: BP_EIO, BP_ECORRUPT. */
BP_MUSTUSE enum bp_rc bp_raw_range(struct bp_sql *sql, enum bp_raw_table table, int64_t *out_first,
				   int64_t *out_last, struct bp_err *err);

/** The highest sequence ever given in the table, 0 when none. Errors: BP_EIO, BP_ECORRUPT. */
BP_MUSTUSE enum bp_rc bp_raw_last(struct bp_sql *sql, enum bp_raw_table table, int64_t *out,
				  struct bp_err *err);

#endif
