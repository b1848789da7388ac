/* SPDX-License-Identifier: MIT */
/*
 * test_terminal.c - the terminal of tests/support itself: it goes with the test that opened it, and
 * what ran in it too, however that test ended.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/number.h"
#include "support/run.h"
#include "support/service.h"
#include "support/terminal.h"

enum { GONE_MS = 20000 };

static struct bp_test_home home;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

/** What is in the terminal, and what holds it. */
struct pids {
	pid_t server, inside;
};

/** A test that never comes to its end: it opens a terminal, tells who is there, and waits. */
static void open_and_hang(int tell)
{
	struct bp_test_terminal terminal;

	bp_test_terminal_open(&terminal, &home, 80, 24, "echo up; exec sleep 1000");
	free(bp_test_terminal_wait(&terminal, "up", true));
	struct pids pids = {
		.server = (pid_t)bp_test_number(bp_test_terminal_format(&terminal, "#{pid}"), 0)};
	pids.inside = (pid_t)bp_test_number(bp_test_terminal_format(&terminal, "#{pane_pid}"), 0);
	ck_assert_int_eq(write(tell, &pids, sizeof(pids)), sizeof(pids));
	for (;;) {
		(void)pause();
	}
}

static void assert_gone(int pidfd, const char *what)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	ck_assert_msg(poll(&ended, 1, GONE_MS) == 1, "%s is left behind", what);
	(void)close(pidfd);
}

/* Check kills a test that takes too long so. Seen to fail: with a server that is a daemon of its own. */
START_TEST(a_test_that_is_killed_leaves_no_terminal_behind)
{
	struct pids pids = {0};
	int tell[2];

	if (!bp_test_terminal_there()) {
		return;
	}
	ck_assert_int_eq(pipe(tell), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		open_and_hang(tell[1]);
	}
	(void)close(tell[1]);
	ck_assert_int_eq(read(tell[0], &pids, sizeof(pids)), sizeof(pids));
	(void)close(tell[0]);
	ck_assert(pids.server > 0 && pids.inside > 0 && pids.server != pids.inside);
	int server = pidfd_open(pids.server, 0);
	int inside = pidfd_open(pids.inside, 0);
	ck_assert(server >= 0 && inside >= 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	assert_gone(server, "the server of the terminal");
	assert_gone(inside, "what ran in the terminal");
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_test_that_is_killed_leaves_no_terminal_behind)
