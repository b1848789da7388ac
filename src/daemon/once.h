/* SPDX-License-Identifier: MIT */
/**
 * once.h - `blueplaned --once JOB`: one job without a socket, its JSON lines on stdout.
 *
 * Why:     with no service running, import, purge and the rest still work: the same pipeline under
 *          the same lock, then it ends.
 * Threads: the job runs on a thread of its own ("bp-job"); main watches Redis and signals.
 */
#ifndef BP_DAEMON_ONCE_H
#define BP_DAEMON_ONCE_H

#include <stdbool.h>

#include "base/err.h"

struct bp_once;
struct bp_service;

/** Start the job; service->stop is requested when it ended. Errors: BP_EINVAL not JSON, BP_EIO. */
BP_MUSTUSE enum bp_rc bp_once_start(struct bp_service *service, const char *request,
				    struct bp_once **out, struct bp_err *err);

/** Wait for its end and free. True when it answered with a result. NULL is fine. */
bool bp_once_finish(struct bp_once *once);

#endif
