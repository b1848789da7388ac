/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "store/store.h"

struct bp_writer_lock {
	pthread_mutex_t mutex;
	pthread_cond_t fast, slow; /* one for each kind of waiter: a wake-up never goes astray */
	bool held;
	atomic_uint fast_waiting; /* changed under the mutex, read by the holder without it */
};

struct bp_writer_lock *bp_writer_lock_new(void)
{
	struct bp_writer_lock *lock = bp_calloc(1, sizeof(*lock));

	(void)pthread_mutex_init(&lock->mutex, NULL);
	(void)pthread_cond_init(&lock->fast, NULL);
	(void)pthread_cond_init(&lock->slow, NULL);
	return lock;
}

void bp_writer_lock_free(struct bp_writer_lock *lock)
{
	if (lock) {
		BP_ASSERT(!lock->held);
		(void)pthread_cond_destroy(&lock->slow);
		(void)pthread_cond_destroy(&lock->fast);
		(void)pthread_mutex_destroy(&lock->mutex);
		free(lock);
	}
}

void bp_writer_lock_take(struct bp_writer_lock *lock, enum bp_writer who)
{
	(void)pthread_mutex_lock(&lock->mutex);
	if (who == BP_WRITER_FAST) {
		(void)atomic_fetch_add(&lock->fast_waiting, 1);
		while (lock->held) {
			(void)pthread_cond_wait(&lock->fast, &lock->mutex);
		}
		(void)atomic_fetch_sub(&lock->fast_waiting, 1);
	} else {
		while (lock->held || atomic_load(&lock->fast_waiting) > 0) {
			(void)pthread_cond_wait(&lock->slow, &lock->mutex);
		}
	}
	lock->held = true;
	(void)pthread_mutex_unlock(&lock->mutex);
}

void bp_writer_lock_give(struct bp_writer_lock *lock)
{
	(void)pthread_mutex_lock(&lock->mutex);
	BP_ASSERT(lock->held);
	lock->held = false;
	if (atomic_load(&lock->fast_waiting) > 0) {
		(void)pthread_cond_signal(&lock->fast);
	} else {
		(void)pthread_cond_signal(&lock->slow);
	}
	(void)pthread_mutex_unlock(&lock->mutex);
}

bool bp_writer_lock_wanted(const struct bp_writer_lock *lock)
{
	return atomic_load(&lock->fast_waiting) > 0;
}
