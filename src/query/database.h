/* SPDX-License-Identifier: MIT */
/**
 * database.h - the connection that questions are asked on: read-only, facts only.
 *
 * Why:     layer 3 must not be able to change anything or to see the log (privacy.md 3).
 * Threads: one thread owns a connection.
 */
#ifndef BP_QUERY_DATABASE_H
#define BP_QUERY_DATABASE_H

#include <stdint.h>

#include "base/err.h"
#include "store/sqlite.h"

/**
 * Open the facts of the database at path.
 * Owns:   the caller, bp_sql_close().
 * Errors: BP_ENOTFOUND no such file, or an empty one; BP_EVERSION newer than this program, or not
 *         brought up to date by a service yet; BP_EIO, BP_ECORRUPT. Each message says what to do.
 */
BP_MUSTUSE enum bp_rc bp_query_open(const char *path, struct bp_sql **out, struct bp_err *err);

/** Open the log of the same database: for the one question about events, which sees no fact.
 *  Owns, Errors: as bp_query_open(). */
BP_MUSTUSE enum bp_rc bp_query_open_log(const char *path, struct bp_sql **out, struct bp_err *err);

/** Begin and end a moment: all answers in between are of the same state.
 *  Errors: as bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_query_begin(struct bp_sql *sql, struct bp_err *err);
void bp_query_end(struct bp_sql *sql);

/** A number that changes when another connection changed the database. Errors: those of
 *  bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_query_version(struct bp_sql *sql, int64_t *out, struct bp_err *err);

#endif
