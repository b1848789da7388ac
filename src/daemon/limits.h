/* SPDX-License-Identifier: MIT */
/**
 * limits.h - what status lines were told of the plan's limits, from the sample into limit_status.
 *
 * Why:     `blueplane statusline` must not write the database; it leaves the last word in the home.
 * Place:   run/limits.json -> [this thread] -> limit_status. Nobody else writes that table.
 * Threads: one of its own, with a connection of its own.
 */
#ifndef BP_DAEMON_LIMITS_H
#define BP_DAEMON_LIMITS_H

#include "base/err.h"
#include "query/limits.h"
#include "store/sqlite.h"

/** Store what differs from the newest row of its window: a word that says the same is not kept.
 *  *out_rows: how many were. Inside the caller's transaction. Errors: as bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_limits_store(struct bp_sql *sql, const struct bp_limits *limits,
				      int *out_rows, struct bp_err *err);

/** The thread's loop; arg is the struct bp_service. Looks once a second, until service->stop. */
void bp_limits_run(void *arg);

#endif
