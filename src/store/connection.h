/* SPDX-License-Identifier: MIT */
/**
 * connection.h - what a connection is made of, for the files of src/store that need sqlite3 itself.
 *
 * Place: inside src/store.
 */
#ifndef BP_STORE_CONNECTION_H
#define BP_STORE_CONNECTION_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/err.h"
#include "store/sqlite.h"
#include "store/wal_watch.h"

enum { BP_SQL_BUSY_TIMEOUT_MS = 5000 };

struct bp_sql {
	sqlite3 *db;
	/* Prepared at their first use. */
	struct bp_statement *begin, *commit, *load_checkpoint, *save_checkpoint;
	struct bp_wal_watch *watch; /* write mode, else NULL */
	enum bp_sql_access access;  /* see bp_sql_restrict() */
};

/** The connection's last error as ours. Never returns BP_OK for an error of SQLite. */
enum bp_rc bp_sql_error(sqlite3 *db, int code, struct bp_err *err);

/** The code alone. */
enum bp_rc bp_sql_rc(int code);

/** Prepare a statement that its connection keeps: at the first call, into its slot.
 *  Errors: as bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_sql_keep(struct bp_sql *sql, struct bp_statement **slot, const char *text,
				  struct bp_err *err);

#endif
