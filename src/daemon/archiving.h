/* SPDX-License-Identifier: MIT */
/**
 * archiving.h - old rows go to the archive: for the job that is asked for, and for retention.
 *
 * Threads: the caller holds bp_service_take_archive().
 */
#ifndef BP_DAEMON_ARCHIVING_H
#define BP_DAEMON_ARCHIVING_H

#include "daemon/service.h"
#include "store/archive.h"

/** What archiving works with. */
struct bp_archiving {
	struct bp_service *service;
	struct bp_archive archive; /* filled by _open; progress is the caller's to set */
};

/** Connect, and end what a kill left. Errors: those of bp_archive_recover(); nothing is open then. */
BP_MUSTUSE enum bp_rc bp_archiving_open(struct bp_service *service, struct bp_archiving *out,
					struct bp_err *err);
void bp_archiving_close(struct bp_archiving *archiving);

/** Move (keep false: delete) every row older than before_us whose facts are made; give the space
 *  back. *out_rows went, also when it fails. Errors: those of bp_archive_move(). */
BP_MUSTUSE enum bp_rc bp_archiving_run(struct bp_archiving *archiving, int64_t before_us, bool keep,
				       int64_t *out_rows, struct bp_err *err);

/** Bytes that the database's pages in use have. Errors: those of bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_archiving_database_bytes(struct bp_sql *sql, int64_t *out,
						  struct bp_err *err);

#endif
