/* SPDX-License-Identifier: MIT */
/**
 * rescue.h - a damaged database is set aside, and a new one is made of everything there is.
 *
 * Why:     nothing of it needs a person: sources are read again from their start (the checkpoints
 *          went with the old file), the queue has what was not safe yet, the archive's rows come back
 *          to the log, and what can be read of the old file is brought over. docs/design/rescue.md.
 * Contract: only under run/lock, and while no connection is open. A kill at any point is gone on
 *          from at the next start: run/rescue.json says what is left to do.
 * Threads: main, but bp_rescue_run() and bp_rescue_delete_old(), which a job calls when nothing is
 *          being rescued.
 */
#ifndef BP_DAEMON_RESCUE_H
#define BP_DAEMON_RESCUE_H

#include "base/err.h"
#include "daemon/service.h"

/** Rename the database with its log to telemetry.db.corrupt-<time>; reason is what was found.
 *  Errors: BP_ECORRUPT too many were set aside already: a person must look at the disk; BP_EIO. */
BP_MUSTUSE enum bp_rc bp_rescue_set_aside(struct bp_service *service, const char *reason,
					  struct bp_err *err);

/** With the new database, before anything is stored in it: what was purged stays purged. Sets
 *  service->rescuing when there is more to do. Errors: those of bp_sql_exec() for the new one. */
BP_MUSTUSE enum bp_rc bp_rescue_begin(struct bp_service *service, struct bp_sql *sql,
				      struct bp_err *err);

/** Delete what was set aside: a purge cannot take single rows out of a damaged file.
 *  Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_rescue_delete_old(const struct bp_service *service, struct bp_err *err);

/** The thread: archive, then rows. Ends at once when there is nothing to do. arg is the service. */
void bp_rescue_run(void *arg);

#endif
