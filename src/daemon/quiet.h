/* SPDX-License-Identifier: MIT */
/**
 * quiet.h - hold the whole pipeline still, with nothing in the queue, for a job that deletes.
 *
 * Threads: the job thread.
 */
#ifndef BP_DAEMON_QUIET_H
#define BP_DAEMON_QUIET_H

#include "base/err.h"
#include "daemon/service.h"
#include "stream/stream.h"

/**
 * Pause capture, wait until every queued event is stored, then pause fast path and slow path. Hooks
 * go on adding to the stream meanwhile; what they add waits.
 * Errors: BP_EIO Redis does not answer, BP_EBUSY the queue does not become empty (30 s),
 *         BP_ESTOPPED; everything goes on then.
 */
BP_MUSTUSE enum bp_rc bp_quiet_begin(struct bp_service *service, struct bp_redis *redis,
				     struct bp_err *err);

/** Let everything go on; sources are read again from their checkpoints. */
void bp_quiet_end(struct bp_service *service);

#endif
