/* SPDX-License-Identifier: MIT */
/**
 * bell.h - wake one thread that waits, from any other.
 *
 * Why:     a thread that looks every so often whether somebody wants something costs CPU on a
 *          machine at rest, and still comes late. One that waits for a bell does neither.
 * Contract: a ring before the wait ends the wait at once; several rings are one.
 * Threads: one waits, any ring.
 */
#ifndef BP_BASE_BELL_H
#define BP_BASE_BELL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/stop.h"

struct bp_bell {
	int fd; /* eventfd, readable once rung; for poll() beside other descriptors */
};

/** Errors: BP_EIO no file descriptor; *bell is not usable. */
BP_MUSTUSE enum bp_rc bp_bell_open(struct bp_bell *bell, struct bp_err *err);

/** Twice is fine. */
void bp_bell_close(struct bp_bell *bell);

void bp_bell_ring(struct bp_bell *bell);

/** Forget that it was rung: whoever waited for it in poll() by itself. */
void bp_bell_clear(struct bp_bell *bell);

/** Wait until it rings (then it is cleared), a stop is requested, or timeout_ms passed (-1: for
 *  ever). True when a stop is requested. */
bool bp_bell_wait(struct bp_bell *bell, struct bp_stop *stop, int timeout_ms);

#endif
