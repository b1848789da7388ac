/* SPDX-License-Identifier: MIT */
#include "daemon/lock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "support/run.h"
#include "support/tmpdir.h"

static struct bp_err err;

static void setup(void)
{
	memset(&err, 0, sizeof(err));
	bp_test_tmpdir_make();
	ck_assert_ok(bp_home_make(bp_test_tmpdir("home"), &err), err);
}

START_TEST(the_second_one_is_told_who_has_it)
{
	const char *home = bp_test_tmpdir("home");
	struct bp_lock first = {.fd = -1};
	struct bp_lock second = {.fd = -1};
	char pid[32];

	(void)snprintf(pid, sizeof(pid), "pid %ld)", (long)getpid());
	ck_assert_ok(bp_lock_take(home, &first, &err), err);
	ck_assert_rc(bp_lock_take(home, &second, &err), BP_EBUSY);
	ck_assert_ptr_nonnull(strstr(err.msg, pid));
	ck_assert_int_eq(second.fd, -1);
	bp_lock_give(home, &first);
	ck_assert_ok(bp_lock_take(home, &second, &err), err);
	bp_lock_give(home, &second);
	bp_lock_give(home, &second); /* twice is fine */
}
END_TEST

START_TEST(the_pid_is_written_and_removed)
{
	const char *home = bp_test_tmpdir("home");
	struct bp_lock lock = {.fd = -1};
	char pid[32];

	(void)snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	ck_assert_ok(bp_lock_take(home, &lock, &err), err);
	ck_assert_str_eq(bp_test_tmpdir_read("home/run/pid"), pid);
	bp_lock_give(home, &lock);
	ck_assert_str_eq(bp_test_tmpdir_read("home/run/pid"), "(none)");
}
END_TEST

BP_TEST_MAIN(setup, bp_test_tmpdir_remove, the_second_one_is_told_who_has_it,
	     the_pid_is_written_and_removed)
