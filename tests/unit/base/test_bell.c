/* SPDX-License-Identifier: MIT */
#include "base/bell.h"

#include <poll.h>
#include <pthread.h>

#include "base/clock.h"
#include "support/run.h"

enum { LONG_MS = 60000 }; /* beyond ctest's limit: a wake-up that is lost fails the test */

static struct bp_stop stop;
static struct bp_bell bell;

static void setup(void)
{
	struct bp_err err = {0};

	ck_assert_ok(bp_stop_open(&stop, &err), err);
	ck_assert_ok(bp_bell_open(&bell, &err), err);
}

static void teardown(void)
{
	bp_bell_close(&bell);
	bp_bell_close(&bell); /* twice is fine */
	bp_stop_close(&stop);
}

static void *ring(void *arg)
{
	bp_bell_ring(arg);
	return NULL;
}

static void *request(void *arg)
{
	(void)poll(NULL, 0, 30); /* nothing tells that the other one sleeps by now */
	bp_stop_request(arg);
	return NULL;
}

/* Seen to fail: a bp_bell_ring() that writes nothing waits for ever. */
START_TEST(a_ring_ends_the_wait)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, ring, &bell), 0);
	ck_assert(!bp_bell_wait(&bell, &stop, -1));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

/* Seen to fail: without the clear in bp_bell_wait() the second wait ends at once. */
START_TEST(rings_before_the_wait_count_once)
{
	bp_bell_ring(&bell);
	bp_bell_ring(&bell);
	ck_assert(!bp_bell_wait(&bell, &stop, LONG_MS));
	int64_t before = bp_clock_mono_us();
	ck_assert(!bp_bell_wait(&bell, &stop, 20));
	ck_assert_int_ge(bp_clock_mono_us() - before, 20000);
	bp_bell_ring(&bell);
	bp_bell_clear(&bell);
	bp_bell_clear(&bell); /* nothing rang: does not wait */
	before = bp_clock_mono_us();
	ck_assert(!bp_bell_wait(&bell, &stop, 20));
	ck_assert_int_ge(bp_clock_mono_us() - before, 20000);
}
END_TEST

/* Seen to fail: without the stop's descriptor in its poll() the wait never ends. */
START_TEST(a_stop_ends_the_wait)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, request, &stop), 0);
	ck_assert(bp_bell_wait(&bell, &stop, -1));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert(bp_bell_wait(&bell, &stop, LONG_MS));
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_ring_ends_the_wait, rings_before_the_wait_count_once,
	     a_stop_ends_the_wait)
