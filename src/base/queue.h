/* SPDX-License-Identifier: MIT */
/**
 * queue.h - hand things from one thread to another.
 *
 * Contract: push gives the item away, pop takes it. Bounded: push waits while the queue is full.
 * Threads: any number of pushers and poppers.
 */
#ifndef BP_BASE_QUEUE_H
#define BP_BASE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bp_queue;

/** A queue of at most max_items pointers. Owns: the caller, bp_queue_free(). */
struct bp_queue *bp_queue_new(size_t max_items);

/** Free a queue that no thread uses any more; items still in it are the caller's loss to prevent. */
void bp_queue_free(struct bp_queue *queue);

/** Takes item. Waits while full. Errors: BP_ESTOPPED the queue was closed; the item is still yours. */
BP_MUSTUSE enum bp_rc bp_queue_push(struct bp_queue *queue, void *item);

/**
 * Gives the oldest item, waiting up to timeout_ms (-1: for ever).
 * Errors: BP_EBUSY nothing came in time, or bp_queue_wake(); BP_ESTOPPED closed and empty. *out is untouched then.
 */
BP_MUSTUSE enum bp_rc bp_queue_pop(struct bp_queue *queue, int timeout_ms, void **out);

/** bp_queue_pop() that waits until end_us, monotonic. Errors: there. */
BP_MUSTUSE enum bp_rc bp_queue_pop_until(struct bp_queue *queue, int64_t end_us, void **out);

/**
 * End the wait of one popper as if its time were over; a pop that does not wait leaves the wake-up to
 * the next one that does.
 */
void bp_queue_wake(struct bp_queue *queue);

/** No more pushes; waiting threads wake up; what is in the queue can still be popped. */
void bp_queue_close(struct bp_queue *queue);

size_t bp_queue_depth(struct bp_queue *queue);

#endif
