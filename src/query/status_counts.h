/* SPDX-License-Identifier: MIT */
/**
 * status_counts.h - how much is stored and how much is still to be done, for `status`.
 *
 * Place:   on a connection of its own: it counts the log's rows, which layer 3 may not read.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_STATUS_COUNTS_H
#define BP_QUERY_STATUS_COUNTS_H

#include <stdint.h>

#include "base/err.h"
#include "store/sqlite.h"

struct bp_status_counts {
	int64_t rows;  /* in all raw tables */
	int64_t bytes; /* of the database, without its WAL */
	int64_t sessions;
	int64_t conversations_lag; /* rows above the low water, and sessions for the finaliser */
	int64_t metrics_lag;       /* dirty buckets */
	int64_t fact_errors;       /* rows that could not become facts */
};

/** Count on an unrestricted read connection (bp_sql_open() in read mode). */
BP_MUSTUSE enum bp_rc bp_status_counts_read(struct bp_sql *sql, struct bp_status_counts *out,
					    struct bp_err *err);

#endif
