/* SPDX-License-Identifier: MIT */
/**
 * sqlite.h - SQLite behind a thin wrapper, so that only this folder includes <sqlite3.h>.
 *
 * Why:     our error form, BP_ABSENT for NULL, views for text; nothing else is hidden.
 * Threads: a connection and its statements belong to one thread.
 */
#ifndef BP_STORE_SQLITE_H
#define BP_STORE_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/** The same value as in event/event.h: a number that is not there is NULL. */
#define BP_SQL_NULL INT64_MIN

struct bp_sql;       /* a connection */
struct bp_statement; /* a prepared statement */

enum bp_sql_mode {
	BP_SQL_WRITE, /* the service: WAL, synchronous NORMAL, creates the file */
	BP_SQL_READ   /* query_only; layer 3 adds an authorizer: bp_sql_restrict() */
};

/**
 * Open the database. In write mode a new file gets page_size and auto_vacuum=INCREMENTAL before
 * its first table, mode 0600; WAL; wal_autocheckpoint=0 (the checkpoint thread does that).
 * Owns: the caller, bp_sql_close(). Errors: BP_ENOTFOUND (read mode) no such file; BP_EIO;
 * BP_ECORRUPT not a database. Busy timeout: 5 s.
 */
BP_MUSTUSE enum bp_rc bp_sql_open(const char *path, enum bp_sql_mode mode, int64_t cache_bytes,
				  struct bp_sql **out, struct bp_err *err);
void bp_sql_close(struct bp_sql *sql);

/** Give the page cache back, when nothing is to be done for a while. NULL is fine. */
void bp_sql_rest(struct bp_sql *sql);

enum bp_sql_access {
	BP_SQL_FACTS,     /* no row table, no raw view, no name */
	BP_SQL_RAW_VIEWS, /* facts and the raw views */
	BP_SQL_LOG        /* the log as bp_raw_reader wants it: row tables, names, dictionaries and
			     the raw views; no fact */
};

/** Deny this connection everything but reading that: never blob, no ATTACH, no PRAGMA outside a
 *  short list. For layer 3 (privacy.md 3). */
void bp_sql_restrict(struct bp_sql *sql, enum bp_sql_access access);

/** Run statements that return nothing. Errors: BP_EIO, BP_EBUSY locked by another program,
 *  BP_ELIMIT disk full, BP_ECORRUPT. */
BP_MUSTUSE enum bp_rc bp_sql_exec(struct bp_sql *sql, const char *text, struct bp_err *err);

/** BEGIN IMMEDIATE / COMMIT / ROLLBACK. Errors: as bp_sql_exec(); after a failed COMMIT roll back. */
BP_MUSTUSE enum bp_rc bp_sql_begin(struct bp_sql *sql, struct bp_err *err);
/** See bp_sql_begin(). Errors: there. */
BP_MUSTUSE enum bp_rc bp_sql_commit(struct bp_sql *sql, struct bp_err *err);
void bp_sql_rollback(struct bp_sql *sql);

enum bp_sql_file { BP_SQL_FILE_DATABASE, BP_SQL_FILE_LOG };

/** Read bytes of the file, or of its write-ahead log, as they are on the disk; the only way that is
 *  allowed: opening and closing the file would drop the locks of every connection of this process.
 *  Shape:   cap < 2 GiB. Returns how many were read; 0 at the end, and when there is no log. */
size_t bp_sql_read_bytes(const struct bp_sql *sql, enum bp_sql_file which, int64_t offset,
			 char *out, size_t cap);

/** Rows changed by the last INSERT, UPDATE or DELETE. */
int64_t bp_sql_changes(const struct bp_sql *sql);
int64_t bp_sql_last_rowid(const struct bp_sql *sql);

/** Owns: the caller, bp_statement_free(), before the connection closes. Errors: as bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_statement_new(struct bp_sql *sql, const char *text,
				       struct bp_statement **out, struct bp_err *err);
void bp_statement_free(struct bp_statement *statement);

/** Bind parameter i (from 1). Text and blobs are borrowed until the statement is reset; absent
 *  text and BP_SQL_NULL are NULL. */
void bp_bind_int(struct bp_statement *statement, int i, int64_t value);
void bp_bind_real(struct bp_statement *statement, int i, double value);
void bp_bind_text(struct bp_statement *statement, int i, struct bp_str text);
void bp_bind_blob(struct bp_statement *statement, int i, const void *bytes, size_t n);
void bp_bind_null(struct bp_statement *statement, int i);

/** One row: BP_OK. No more: BP_ENOTFOUND (the statement is reset). Errors as bp_sql_exec. */
BP_MUSTUSE enum bp_rc bp_statement_step(struct bp_statement *statement, struct bp_err *err);

/** Step to the end and reset, for statements whose rows do not matter. Errors: as bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_statement_run(struct bp_statement *statement, struct bp_err *err);
void bp_statement_reset(struct bp_statement *statement);

/** Columns of the present row, from 0. Text and blob are borrowed until the next step. */
bool bp_column_is_null(struct bp_statement *statement, int i);
bool bp_column_is_blob(struct bp_statement *statement, int i);
int64_t bp_column_int(struct bp_statement *statement, int i); /* BP_SQL_NULL when NULL */
double bp_column_real(struct bp_statement *statement, int i);
struct bp_str bp_column_text(struct bp_statement *statement, int i);
struct bp_str bp_column_blob(struct bp_statement *statement, int i);
int bp_column_count(struct bp_statement *statement);
const char *bp_column_name(struct bp_statement *statement, int i);

#endif
