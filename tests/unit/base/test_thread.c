/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <signal.h>
#include <string.h>

#include "support/run.h"

struct seen {
	char name[16];
	sigset_t blocked;
};

static void look(void *arg)
{
	struct seen *seen = arg;

	(void)pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
	(void)pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
}

START_TEST(a_thread_has_its_name_and_no_signals)
{
	struct seen seen = {0};
	struct bp_thread thread = {0};
	struct bp_err err = {0};
	sigset_t mine;

	ck_assert_ok(bp_thread_start(&thread, "bp-fifteen-char", look, &seen, &err), err);
	ck_assert(thread.started);
	bp_thread_join(&thread);
	ck_assert_str_eq(seen.name, "bp-fifteen-char");
	ck_assert_int_eq(sigismember(&seen.blocked, SIGTERM), 1);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &mine), 0);
	ck_assert_int_eq(sigismember(&mine, SIGTERM), 0);
}
END_TEST

START_TEST(joining_twice_or_what_never_started_is_fine)
{
	struct seen seen = {0};
	struct bp_thread thread = {0};
	struct bp_err err = {0};

	bp_thread_join(&thread);
	ck_assert_ok(bp_thread_start(&thread, "bp-x", look, &seen, &err), err);
	bp_thread_join(&thread);
	bp_thread_join(&thread);
	ck_assert(!thread.started);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, a_thread_has_its_name_and_no_signals,
	     joining_twice_or_what_never_started_is_fine)
