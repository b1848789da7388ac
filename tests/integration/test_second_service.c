/* SPDX-License-Identifier: MIT */
/*
 * test_second_service.c - one service per home: who comes second says who is there and ends; what a
 * killed one left behind is no obstacle.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/run.h"
#include "support/service.h"

static struct bp_test_home home;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

static void run_daemon(const char *const *args, struct bp_test_output *out)
{
	bp_test_run_program(&home, "blueplaned", args, NULL, 0, out);
}

START_TEST(the_second_one_names_the_first_and_exits_1)
{
	struct bp_test_output out;
	char pid[32];

	bp_test_service_start(&home);
	(void)snprintf(pid, sizeof(pid), "pid %ld)", (long)home.service);
	run_daemon(NULL, &out);
	ck_assert_int_eq(out.code, 1);
	ck_assert_ptr_nonnull(strstr(out.err, "another blueplaned"));
	ck_assert_ptr_nonnull(strstr(out.err, pid));
	bp_test_output_done(&out);
	/* The first one is still fine. */
	bp_test_wait_final(&home);
	bp_test_service_stop(&home);
}
END_TEST

START_TEST(a_job_without_service_respects_the_running_one)
{
	static const char *const args[] = {"--once", "{\"job\":\"ping\"}", NULL};
	struct bp_test_output out;

	bp_test_service_start(&home);
	run_daemon(args, &out);
	ck_assert_int_eq(out.code, 1);
	ck_assert_uint_eq(out.out_bytes, 0);
	bp_test_output_done(&out);
	bp_test_service_stop(&home);
	run_daemon(args, &out);
	ck_assert_int_eq(out.code, 0);
	ck_assert_ptr_nonnull(strstr(out.out, "{\"result\":{\"pid\":"));
	bp_test_output_done(&out);
}
END_TEST

START_TEST(what_a_killed_service_left_is_no_obstacle)
{
	static const char stale[] = "1\n";

	bp_test_service_start(&home);
	bp_test_service_kill(&home, false); /* its Redis may still be ending */
	bp_test_write_file(bp_test_home_file(&home, "run/pid"), stale, sizeof(stale) - 1);
	bp_test_service_start(&home);
	bp_test_wait_final(&home);
	bp_test_service_stop(&home);
}
END_TEST

START_TEST(a_home_that_others_can_read_is_refused)
{
	struct bp_test_output out;

	ck_assert_int_eq(chmod(home.home, 0755), 0);
	run_daemon(NULL, &out);
	ck_assert_int_eq(out.code, 1);
	ck_assert_ptr_nonnull(strstr(out.err, "chmod 700"));
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "start", NULL);
	ck_assert_int_eq(out.code, 1);
	ck_assert_ptr_nonnull(strstr(out.err, "chmod 700"));
	bp_test_output_done(&out);
	ck_assert_int_eq(chmod(home.home, 0700), 0);
}
END_TEST

START_TEST(no_redis_binary_says_what_to_install)
{
	struct bp_test_output out;

	bp_test_home_env(&home, "BLUEPLANE_REDIS_BINARY=/nonexistent/redis-server");
	bp_test_cli(&home, &out, "start", NULL);
	ck_assert_int_eq(out.code, 1);
	ck_assert_ptr_nonnull(strstr(out.err, "apt install redis-server"));
	bp_test_output_done(&out);
	/* A job without service says the same. */
	bp_test_cli(&home, &out, "rebuild", NULL);
	ck_assert_int_eq(out.code, 1);
	ck_assert_ptr_nonnull(strstr(out.err, "apt install redis-server"));
	bp_test_output_done(&out);
}
END_TEST

/** The service that `blueplane start` left; it is not our child. */
static pid_t started_pid(void)
{
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	pid_t pid = (pid_t)bp_test_json_number(status, "service.pid");

	cJSON_Delete(status);
	return pid;
}

START_TEST(start_is_safe_twice_and_leaves_no_descriptor_open)
{
	struct bp_test_output out;
	char path[64];
	char target[256];

	bp_test_cli(&home, &out, "start", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
	pid_t pid = started_pid();
	bp_test_cli(&home, &out, "start", NULL);
	ck_assert_int_eq(out.code, 0);
	ck_assert_ptr_nonnull(strstr(out.err, "already"));
	bp_test_output_done(&out);
	ck_assert_int_eq(started_pid(), pid);
	/* The memory files and pipes of this test would be among its descriptors. */
	(void)snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	DIR *dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		ck_assert_msg(strncmp(target, "pipe:", 5) != 0, "%s", target);
		ck_assert_msg(strncmp(target, "/memfd:", 7) != 0, "%s", target);
	}
	(void)closedir(dir);
	bp_test_cli(&home, &out, "stop", NULL);
	ck_assert_int_eq(out.code, 0);
	bp_test_output_done(&out);
	/* It may wait for its parent to take its exit code, but it runs no more. */
	(void)snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	ck_assert_int_eq(readlink(path, target, sizeof(target)), -1);
	ck_assert_int_eq(bp_test_service_redis(&home), 0);
	bp_test_cli(&home, &out, "stop", NULL);
	ck_assert_int_eq(out.code, 0);
	ck_assert_ptr_nonnull(strstr(out.err, "not running"));
	bp_test_output_done(&out);
}
END_TEST

/** Start a program and do not wait; what it says goes to a file of the root. */
static pid_t start_program(const char *name, int i)
{
	char program[256];
	char log[256];

	(void)snprintf(program, sizeof(program), "%s/%s", home.bin_dir, name);
	(void)snprintf(log, sizeof(log), "%s/said-%d", home.root, i);
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		if (dup2(fd, 2) >= 0 && setenv("HOME", home.user, 1) == 0 &&
		    setenv("BLUEPLANE_HOME", home.home, 1) == 0 &&
		    prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) {
			(void)execl(program, name, (char *)NULL);
		}
		_exit(127);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

/* Seen to fail: with a shared lock in bp_lock_take() the others end for another reason, or run. */
START_TEST(of_many_that_race_one_runs_and_the_others_exit_1)
{
	enum { RACERS = 6 };
	pid_t pids[RACERS];
	pid_t winner = 0;
	int ended = 0;

	for (int i = 0; i < RACERS; i++) {
		pids[i] = start_program("blueplaned", i);
	}
	while (ended < RACERS - 1) {
		int status = 0;
		pid_t pid = waitpid(-1, &status, 0);

		for (int i = 0; i < RACERS; i++) {
			if (pids[i] == pid) {
				char log[256];

				(void)snprintf(log, sizeof(log), "%s/said-%d", home.root, i);
				char *said = bp_test_read_file(log, NULL);
				ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%s",
					      said);
				ck_assert_msg(strstr(said, "another blueplaned") != NULL, "%s",
					      said);
				free(said);
				pids[i] = 0;
				ended++;
			}
		}
	}
	for (int i = 0; i < RACERS; i++) {
		winner = pids[i] ? pids[i] : winner;
	}
	/* The one that is left serves. */
	for (int i = 0; i < 500 && access(bp_test_home_file(&home, "run/control.sock"), F_OK) != 0;
	     i++) {
		(void)poll(NULL, 0, 10);
	}
	bp_test_wait_final(&home);
	ck_assert_int_eq(started_pid(), winner);
	ck_assert_int_eq(kill(winner, SIGTERM), 0);
	int status = 0;
	ck_assert_int_eq(waitpid(winner, &status, 0), winner);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

/* Were run/pid believed, `stop` would end the stranger, or `start` take it for ours. Not seen to fail
 * yet. */
START_TEST(a_pid_file_that_names_a_stranger_harms_nobody)
{
	struct bp_test_output out;
	char text[32];
	pid_t stranger = fork();

	if (stranger == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)pause();
		_exit(0);
	}
	bp_test_service_start(&home);
	bp_test_service_kill(&home, true);
	int n = snprintf(text, sizeof(text), "%ld\n", (long)stranger);
	bp_test_write_file(bp_test_home_file(&home, "run/pid"), text, (size_t)n);
	bp_test_write_file(bp_test_home_file(&home, "run/redis.pid"), text, (size_t)n);
	bp_test_cli(&home, &out, "stop", NULL);
	ck_assert_int_eq(out.code, 0);
	ck_assert_ptr_nonnull(strstr(out.err, "not running"));
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "start", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
	ck_assert_int_ne(started_pid(), stranger);
	bp_test_cli(&home, &out, "stop", NULL);
	ck_assert_int_eq(out.code, 0);
	bp_test_output_done(&out);
	ck_assert_int_eq(waitpid(stranger, NULL, WNOHANG), 0);
	ck_assert_int_eq(kill(stranger, SIGKILL), 0);
	ck_assert_int_eq(waitpid(stranger, NULL, 0), stranger);
}
END_TEST

/* Seen to fail: without the comparison of st_uid in bp_home_check() it starts in another's home. */
START_TEST(a_home_of_another_user_is_refused)
{
	struct bp_test_output out;

	if (geteuid() != 0) {
		(void)fprintf(stderr, "skipped: only root can give a home away\n");
		return;
	}
	ck_assert_int_eq(chown(home.home, 12345, 12345), 0);
	run_daemon(NULL, &out);
	ck_assert_int_eq(out.code, 1);
	ck_assert_ptr_nonnull(strstr(out.err, "belongs to another user"));
	ck_assert_ptr_nonnull(strstr(out.err, "chown"));
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "start", NULL);
	ck_assert_int_eq(out.code, 1);
	ck_assert_ptr_nonnull(strstr(out.err, "belongs to another user"));
	bp_test_output_done(&out);
	ck_assert_int_eq(chown(home.home, 0, 0), 0);
}
END_TEST

BP_TEST_MAIN(setup, teardown, the_second_one_names_the_first_and_exits_1,
	     a_job_without_service_respects_the_running_one,
	     what_a_killed_service_left_is_no_obstacle, a_home_that_others_can_read_is_refused,
	     no_redis_binary_says_what_to_install,
	     start_is_safe_twice_and_leaves_no_descriptor_open,
	     of_many_that_race_one_runs_and_the_others_exit_1,
	     a_pid_file_that_names_a_stranger_harms_nobody, a_home_of_another_user_is_refused)
