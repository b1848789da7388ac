/* SPDX-License-Identifier: MIT */
/**
 * service_control.h - start and stop the service, for the commands that do.
 *
 * Threads: one.
 */
#ifndef BP_CLI_SERVICE_CONTROL_H
#define BP_CLI_SERVICE_CONTROL_H

#include <stdbool.h>

#include "base/err.h"

/**
 * Start the service of a home and wait until it answers, 10 s at most. One that runs is fine.
 * Errors: BP_EINVAL the home is not private; BP_ENOTFOUND no blueplaned; BP_EIO it ended (its own
 *         sentence is the message) or does not answer.
 */
BP_MUSTUSE enum bp_rc bp_service_start(const char *home, long *out_pid, bool *out_was_running,
				       struct bp_err *err);

/**
 * Stop it and wait until it is gone, 30 s at most.
 * Errors: BP_ENOTFOUND none runs; BP_EBUSY it does not end (the message says what to do); BP_EIO.
 */
BP_MUSTUSE enum bp_rc bp_service_stop(const char *home, long *out_pid, struct bp_err *err);

/** True when some process holds the home's lock; its pid (0: unknown). */
bool bp_service_locked(const char *home, long *out_pid);

#endif
