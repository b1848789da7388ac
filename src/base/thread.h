/* SPDX-License-Identifier: MIT */
/**
 * thread.h - a named thread. No thread is ever cancelled.
 */
#ifndef BP_BASE_THREAD_H
#define BP_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"

struct bp_thread {
	pthread_t handle;
	bool started; /* bp_thread_join() does nothing when false */
};

/**
 * Start run(arg) on a thread named name (at most 15 bytes, as "bp-fastpath"), all signals blocked.
 * Errors: BP_EIO the system refused; thread->started is false.
 */
BP_MUSTUSE enum bp_rc bp_thread_start(struct bp_thread *thread, const char *name,
				      void (*run)(void *arg), void *arg, struct bp_err *err);

/** Wait for it to return. Safe on a thread that never started, and twice. */
void bp_thread_join(struct bp_thread *thread);

#endif
