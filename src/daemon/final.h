/* SPDX-License-Identifier: MIT */
/**
 * final.h - wait until every number is final for what was there when the waiting began.
 *
 * Why:     import and `status --wait` promise exactly that (architecture 5.8): sources read, spool
 *          replayed, queue stored, every row worked, every session finalised, every bucket rolled up.
 * Contract: the steps are taken in that order, each once: work that arrives later does not keep
 *          the wait alive for ever.
 * Threads: one job owns it, with connections of its own.
 */
#ifndef BP_DAEMON_FINAL_H
#define BP_DAEMON_FINAL_H

#include <stdint.h>

#include "base/err.h"
#include "daemon/service.h"

enum bp_final_step {
	BP_FINAL_SOURCES,
	BP_FINAL_SPOOL,
	BP_FINAL_QUEUE,
	BP_FINAL_ROWS,
	BP_FINAL_SESSIONS,
	BP_FINAL_BUCKETS,
	BP_FINAL_DONE
};

struct bp_final {
	struct bp_service *service;
	struct bp_sql *sql;
	struct bp_redis *redis;
	enum bp_final_step step;
	int64_t left; /* of the present step, for progress */
};

/** Errors: BP_EIO no connection; nothing is left to close then. */
BP_MUSTUSE enum bp_rc bp_final_open(struct bp_service *service, struct bp_final *final,
				    struct bp_err *err);
void bp_final_close(struct bp_final *final);

/** Look once and go on as far as possible; done when step is BP_FINAL_DONE. Errors: BP_EIO of the
 *  database. Redis away is no error: it is waited for. */
BP_MUSTUSE enum bp_rc bp_final_look(struct bp_final *final, struct bp_err *err);

/** "sources", "spool", "queue", ... for progress. */
const char *bp_final_step_name(enum bp_final_step step);

#endif
