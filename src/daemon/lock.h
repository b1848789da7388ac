/* SPDX-License-Identifier: MIT */
/**
 * lock.h - one service per home: run/lock, held by flock, and run/pid.
 *
 * Why:     everything below relies on being alone (one fast-path consumer, one writer process).
 *          The kernel frees the lock when the process dies, however it dies, so nothing is stale.
 * Threads: the main thread.
 */
#ifndef BP_DAEMON_LOCK_H
#define BP_DAEMON_LOCK_H

#include "base/err.h"

struct bp_lock {
	int fd; /* -1 when not held */
};

/**
 * Take run/lock and write run/pid.
 * Errors: BP_EBUSY another service has it (its pid is in the message); BP_EIO.
 */
BP_MUSTUSE enum bp_rc bp_lock_take(const char *home, struct bp_lock *lock, struct bp_err *err);

/** Remove run/pid and give the lock back. */
void bp_lock_give(const char *home, struct bp_lock *lock);

#endif
