/* SPDX-License-Identifier: MIT */
#include "base/stop.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "base/clock.h"
#include "support/run.h"

static struct bp_stop stop;

static void setup(void)
{
	struct bp_err err = {0};

	ck_assert_ok(bp_stop_open(&stop, &err), err);
}

static void teardown(void)
{
	bp_stop_close(&stop);
	bp_stop_close(&stop); /* twice is fine */
}

static void on_signal(int number)
{
	(void)number;
	bp_stop_request(&stop);
}

static void *request(void *arg)
{
	bp_stop_request(arg);
	return NULL;
}

START_TEST(waiting_ends_with_the_time)
{
	int64_t before = bp_clock_mono_us();

	ck_assert(!bp_stop_wait(&stop, 20));
	ck_assert_int_ge(bp_clock_mono_us() - before, 20000);
	ck_assert(!bp_stop_wait(&stop, 0));
	ck_assert(!bp_stop_requested(&stop));
}
END_TEST

START_TEST(a_request_ends_every_wait_for_ever)
{
	pthread_t thread;
	struct pollfd fd = {.fd = stop.fd, .events = POLLIN};

	ck_assert_int_eq(pthread_create(&thread, NULL, request, &stop), 0);
	ck_assert(bp_stop_wait(&stop, 10000));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert(bp_stop_wait(&stop, 10000));
	ck_assert_int_eq(poll(&fd, 1, 0), 1);
	bp_stop_request(&stop);
	ck_assert_int_eq(poll(&fd, 1, 0), 1);
}
END_TEST

START_TEST(a_signal_handler_may_request)
{
	struct sigaction action = {.sa_handler = on_signal};

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert(bp_stop_requested(&stop));
}
END_TEST

BP_TEST_MAIN(setup, teardown, waiting_ends_with_the_time, a_request_ends_every_wait_for_ever,
	     a_signal_handler_may_request)
