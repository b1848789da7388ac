/* SPDX-License-Identifier: MIT */
/**
 * fact_set.h - the evidence of some rows, joined in memory, then written in one go.
 *
 * Why:     a response is told by several rows and a session by thousands; joining them first turns
 *          many upserts into one. Because evidence is a join, the result is the same as writing
 *          every row on its own.
 * Place:   facts_<platform>.c fills it, worker.c writes it.
 * Threads: one thread owns a set.
 */
#ifndef BP_SLOWPATH_FACT_SET_H
#define BP_SLOWPATH_FACT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "slowpath/fact_tables.h"
#include "store/store.h"

enum { BP_EVENT_KEY_BYTES = 16 };

struct bp_fact_set;

/** Owns: the caller, bp_fact_set_free(). */
struct bp_fact_set *bp_fact_set_new(void);
void bp_fact_set_free(struct bp_fact_set *set);

/** Forget everything, keep the memory. */
void bp_fact_set_clear(struct bp_fact_set *set);

/** Forget everything, and give the memory back. */
void bp_fact_set_rest(struct bp_fact_set *set);

/** Number of different facts and marks in it. */
size_t bp_fact_set_size(const struct bp_fact_set *set);

/** Start a fact's values: everything absent. Shape: values[BP_FACT_COLUMNS_MAX]. */
void bp_fact_values_init(struct bp_fact_value *values);

/** Join one piece of evidence in; text is copied. Empty text counts as absent. */
void bp_fact_set_join(struct bp_fact_set *set, enum bp_fact_table table, int64_t id,
		      const struct bp_fact_value *values);

/** A key under which a fact is known; kind is msg req tool prompt span, a literal. */
void bp_fact_set_alias(struct bp_fact_set *set, const char *kind, struct bp_str platform,
		       int64_t key, int64_t fact_id);

/** An event of a session with a time of its own; shareable when a copy of its line would have the
 *  same key. */
void bp_fact_set_event(struct bp_fact_set *set, int64_t conversation_id,
		       const uint8_t key[BP_EVENT_KEY_BYTES], bool shareable);

/** The session's evidence changed. Every other function that names a session does this too. */
void bp_fact_set_touch(struct bp_fact_set *set, int64_t conversation_id);

/** A row that could not become facts. */
void bp_fact_set_error(struct bp_fact_set *set, const char *table, int64_t sequence,
		       const char *reason);

/** Call each session that was touched. */
void bp_fact_set_each_session(const struct bp_fact_set *set,
			      void (*each)(int64_t conversation_id, void *arg), void *arg);

/** Prepared upserts of one connection. */
struct bp_fact_writer;

/** Prepare them. Borrows sql. Owns: bp_fact_writer_free(). Errors: those of bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_fact_writer_new(struct bp_sql *sql, struct bp_fact_writer **out,
					 struct bp_err *err);
void bp_fact_writer_free(struct bp_fact_writer *writer);

/**
 * Write as much of the set as the lock may be held for (bp_slowpath_held_long()) inside the
 * caller's transaction, going on where the last call stopped. *out_done: all is written. *out_linked: some session shares lines with another
 * (its dirty mark was passed on).
 * Errors: those of bp_sql_exec(); the transaction must be rolled back, then
 *         bp_fact_writer_restart().
 */
BP_MUSTUSE enum bp_rc bp_fact_writer_write(struct bp_fact_writer *writer,
					   const struct bp_fact_set *set,
					   const struct bp_writer_lock *lock, bool *out_done,
					   bool *out_linked, struct bp_err *err);

/** The next write starts from the beginning of its set. */
void bp_fact_writer_restart(struct bp_fact_writer *writer);

#endif
