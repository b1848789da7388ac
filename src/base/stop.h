/* SPDX-License-Identifier: MIT */
/**
 * stop.h - one request to stop, seen by every thread that waits on it.
 *
 * Why:     a thread blocks in epoll, in a condition variable or in Redis; each can look at this.
 * Threads: shared by all; bp_stop_request() is async-signal-safe.
 */
#ifndef BP_BASE_STOP_H
#define BP_BASE_STOP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"

struct bp_stop {
	atomic_bool requested; /* set once, never cleared */
	int fd;                /* eventfd, readable for ever once requested */
};

/** Errors: BP_EIO no file descriptor; *stop is not usable. */
BP_MUSTUSE enum bp_rc bp_stop_open(struct bp_stop *stop, struct bp_err *err);
void bp_stop_close(struct bp_stop *stop);
void bp_stop_request(struct bp_stop *stop);
bool bp_stop_requested(const struct bp_stop *stop);

/** Wait until requested or timeout_ms (>= 0) passed. True when requested. */
bool bp_stop_wait(struct bp_stop *stop, int timeout_ms);

#endif
