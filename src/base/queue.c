/* SPDX-License-Identifier: MIT */
#include "base/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

struct bp_queue {
	pthread_mutex_t lock;
	pthread_cond_t not_empty; /* monotonic, so that a clock change does not stretch a wait */
	pthread_cond_t not_full;
	bool closed;
	bool woken;   /* by bp_queue_wake(), and no popper that waits has seen it */
	size_t max;   /* slots in items */
	size_t first; /* index of the oldest */
	size_t n;     /* items in the ring */
	void *items[];
};

/* These fail only on misuse, which is our own mistake. */
static void lock(struct bp_queue *queue)
{
	BP_ASSERT(pthread_mutex_lock(&queue->lock) == 0);
}

static void unlock(struct bp_queue *queue)
{
	BP_ASSERT(pthread_mutex_unlock(&queue->lock) == 0);
}

struct bp_queue *bp_queue_new(size_t max_items)
{
	pthread_condattr_t attr;

	BP_ASSERT(max_items > 0 && max_items < SIZE_MAX / (2 * sizeof(void *)));
	struct bp_queue *queue = bp_calloc(1, sizeof(*queue) + max_items * sizeof(queue->items[0]));
	queue->max = max_items;
	BP_ASSERT(pthread_mutex_init(&queue->lock, NULL) == 0);
	BP_ASSERT(pthread_condattr_init(&attr) == 0);
	BP_ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	BP_ASSERT(pthread_cond_init(&queue->not_empty, &attr) == 0);
	BP_ASSERT(pthread_cond_init(&queue->not_full, &attr) == 0);
	(void)pthread_condattr_destroy(&attr);
	return queue;
}

void bp_queue_free(struct bp_queue *queue)
{
	if (queue) {
		(void)pthread_cond_destroy(&queue->not_full);
		(void)pthread_cond_destroy(&queue->not_empty);
		(void)pthread_mutex_destroy(&queue->lock);
		free(queue);
	}
}

enum bp_rc bp_queue_push(struct bp_queue *queue, void *item)
{
	enum bp_rc rc = BP_ESTOPPED;

	lock(queue);
	while (!queue->closed && queue->n == queue->max) {
		(void)pthread_cond_wait(&queue->not_full, &queue->lock);
	}
	if (!queue->closed) {
		queue->items[(queue->first + queue->n) % queue->max] = item;
		queue->n++;
		(void)pthread_cond_signal(&queue->not_empty);
		rc = BP_OK;
	}
	unlock(queue);
	return rc;
}

/** end: NULL waits for ever. wait: false leaves a wake-up to who does. */
static enum bp_rc pop(struct bp_queue *queue, bool wait, const struct timespec *end, void **out)
{
	enum bp_rc rc = BP_OK;
	int waited = 0;

	lock(queue);
	while (wait && queue->n == 0 && !queue->closed && !queue->woken && waited != ETIMEDOUT) {
		waited = end ? pthread_cond_timedwait(&queue->not_empty, &queue->lock, end)
			     : pthread_cond_wait(&queue->not_empty, &queue->lock);
	}
	queue->woken = queue->woken && !wait;
	if (queue->n > 0) {
		*out = queue->items[queue->first];
		queue->first = (queue->first + 1) % queue->max;
		queue->n--;
		(void)pthread_cond_signal(&queue->not_full);
	} else {
		rc = queue->closed ? BP_ESTOPPED : BP_EBUSY;
	}
	unlock(queue);
	return rc;
}

enum bp_rc bp_queue_pop_until(struct bp_queue *queue, int64_t end_us, void **out)
{
	const struct timespec end = {.tv_sec = end_us / 1000000,
				     .tv_nsec = end_us % 1000000 * 1000};

	return pop(queue, true, &end, out);
}

enum bp_rc bp_queue_pop(struct bp_queue *queue, int timeout_ms, void **out)
{
	if (timeout_ms <= 0) {
		return pop(queue, timeout_ms < 0, NULL, out);
	}
	return bp_queue_pop_until(queue, bp_clock_mono_us() + (int64_t)timeout_ms * 1000, out);
}

void bp_queue_wake(struct bp_queue *queue)
{
	lock(queue);
	queue->woken = true;
	(void)pthread_cond_signal(&queue->not_empty);
	unlock(queue);
}

void bp_queue_close(struct bp_queue *queue)
{
	lock(queue);
	queue->closed = true;
	(void)pthread_cond_broadcast(&queue->not_empty);
	(void)pthread_cond_broadcast(&queue->not_full);
	unlock(queue);
}

size_t bp_queue_depth(struct bp_queue *queue)
{
	lock(queue);
	size_t n = queue->n;
	unlock(queue);
	return n;
}
