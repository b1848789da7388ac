/* SPDX-License-Identifier: MIT */
/**
 * status.h - how blueplane stands: the question behind `blueplane status`.
 *
 * Why:     the service answers with everything; with the service down the same object is made from
 *          the files alone. Both fill this struct and print it here, so they cannot disagree.
 * Threads: values; bp_status_read() uses the caller's connection.
 */
#ifndef BP_QUERY_STATUS_H
#define BP_QUERY_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/sqlite.h"

struct cJSON;

enum { BP_STATUS_SOURCES_MAX = 8 };

/** Numbers that are not known are BP_SQL_NULL: null in JSON. */
struct bp_status_source {
	const char *name; /* "claude_code", "hooks" */
	bool enabled;
	int64_t last_event_us; /* of the last event it gave */
	int64_t lag_ms;        /* since the oldest thing it has not given yet; 0: none */
	int64_t rows;          /* in the log */
	int64_t errors;        /* lines that became no row: dead letters and oversize */
};

/** Rows of the log, counted once and then only what is new. */
struct bp_status_rows {
	int64_t claude_sequence, other_sequence; /* counted up to here */
	int64_t total;                           /* rows of all raw tables */
	int64_t hooks;                           /* of them from hooks; BP_SQL_NULL: not counted */
};

struct bp_status {
	const char *state; /* "running", "stopped" */
	const char *version;
	int64_t pid;
	int64_t uptime_s;

	const char *redis_state; /* "running", "down", "stopped" */
	bool redis_private;
	int64_t redis_pid;
	int64_t redis_restarts;

	const char *database_path;
	int64_t database_bytes;     /* with its WAL */
	const char *database_error; /* why it takes nothing now; NULL: it does */
	const char *home;           /* for what became of a damaged one; NULL: not asked */
	struct bp_status_rows rows;

	int64_t queue_depth;
	int64_t dead_letters;
	int64_t spool_files, spool_bytes, spool_lost;

	int64_t conversations_lag;
	int64_t metrics_lag;
	int64_t fact_errors; /* rows that could not become facts */

	struct bp_status_source sources[BP_STATUS_SOURCES_MAX];
	size_t n_sources;
};

/**
 * Count the rows of the log, going on from *rows (zero: from the start). whole: when false and the
 * log is large, the rows by source are not counted from the start (hooks: BP_SQL_NULL).
 * Errors: BP_EIO.
 */
BP_MUSTUSE enum bp_rc bp_status_count(struct bp_sql *sql, bool whole, struct bp_status_rows *rows,
				      struct bp_err *err);

/**
 * Fill what the database knows: lags, fact_errors, and rows, errors and last event of the sources
 * (which are set up here: claude_code and hooks). status->rows must have been counted.
 * Errors: BP_EIO.
 */
BP_MUSTUSE enum bp_rc bp_status_read(struct bp_sql *sql, struct bp_status *status,
				     struct bp_err *err);

/** "green", "yellow", "orange", "red" by depth (architecture 7). */
const char *bp_status_level(int64_t depth);

/** The object of the contract (interfaces.md 1). Owns: the caller. */
struct cJSON *bp_status_json(const struct bp_status *status);

#endif
