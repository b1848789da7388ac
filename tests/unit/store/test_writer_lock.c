/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <sched.h>

#include "base/thread.h"
#include "support/run.h"

static struct bp_writer_lock *lock;
static char order[3]; /* who held it, in order; under the lock */
static size_t n_order;

static void slow(void *arg)
{
	(void)arg;
	bp_writer_lock_take(lock, BP_WRITER_SLOW);
	order[n_order++] = 's';
	bp_writer_lock_give(lock);
}

static void fast(void *arg)
{
	(void)arg;
	bp_writer_lock_take(lock, BP_WRITER_FAST);
	order[n_order++] = 'f';
	bp_writer_lock_give(lock);
}

START_TEST(the_fast_path_goes_before_every_waiting_slow_one)
{
	struct bp_thread threads[3] = {0};
	struct bp_err err = {0};

	lock = bp_writer_lock_new();
	bp_writer_lock_take(lock, BP_WRITER_SLOW);
	ck_assert(!bp_writer_lock_wanted(lock));
	ck_assert_ok(bp_thread_start(&threads[0], "slow", slow, NULL, &err), err);
	ck_assert_ok(bp_thread_start(&threads[1], "slow", slow, NULL, &err), err);
	ck_assert_ok(bp_thread_start(&threads[2], "fast", fast, NULL, &err), err);
	while (!bp_writer_lock_wanted(lock)) {
		(void)sched_yield();
	}
	bp_writer_lock_give(lock);
	for (size_t i = 0; i < 3; i++) {
		bp_thread_join(&threads[i]);
	}
	ck_assert_uint_eq(n_order, 3);
	ck_assert_int_eq(order[0], 'f');
	bp_writer_lock_free(lock);
}
END_TEST

enum { ROUNDS = 20000 };
static long count;

static void add_many(void *arg)
{
	const enum bp_writer *who = arg;

	for (int i = 0; i < ROUNDS; i++) {
		bp_writer_lock_take(lock, *who);
		count++;
		bp_writer_lock_give(lock);
	}
}

START_TEST(one_writer_at_a_time)
{
	static enum bp_writer who[] = {BP_WRITER_FAST, BP_WRITER_SLOW, BP_WRITER_SLOW};
	struct bp_thread threads[3] = {0};
	struct bp_err err = {0};

	lock = bp_writer_lock_new();
	for (size_t i = 0; i < 3; i++) {
		ck_assert_ok(bp_thread_start(&threads[i], "writer", add_many, &who[i], &err), err);
	}
	for (size_t i = 0; i < 3; i++) {
		bp_thread_join(&threads[i]);
	}
	ck_assert_int_eq(count, 3 * ROUNDS);
	bp_writer_lock_free(lock);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, the_fast_path_goes_before_every_waiting_slow_one, one_writer_at_a_time)
