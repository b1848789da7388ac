/* SPDX-License-Identifier: MIT */
/*
 * test_load.c - a thousand hooks at once, and a hundred questions at once while history is read as
 * fast as it can be: everything arrives, once, and everybody is answered.
 *
 * Seen to fail: with a hook that does nothing when its pid is a multiple of 400 (998 of 1 000 rows),
 * and with a fast path that stores no 500th row (23 952 of 24 000).
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/sqlite.h"
#include "support/run.h"
#include "support/service.h"

enum {
	HOOKS = 1000,
	HOOK_CPU_MS_MAX = 100,
	BURST_MS_MAX = 60 * 1000, /* of the whole burst, on a machine that has other things to do */
	QUERIES = 100,
	FILES = 8,
	LINES = 24000,
	LINE_BYTES = 512,
	CACHE_BYTES = 1 << 20,
	POLL_MS = 2,
	PROGRAM_BYTES = 512
};

static struct bp_test_home home;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

static int64_t number(const char *text)
{
	struct bp_sql *sql = NULL;
	struct bp_statement *select = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_sql_open(bp_test_home_file(&home, "telemetry.db"), BP_SQL_READ, CACHE_BYTES,
				 &sql, &err),
		     err);
	ck_assert_ok(bp_statement_new(sql, text, &select, &err), err);
	ck_assert_ok(bp_statement_step(select, &err), err);
	int64_t n = bp_column_int(select, 0);
	bp_statement_free(select);
	bp_sql_close(sql);
	return n;
}

/** Start a program with what is in a memory file as its input; all it prints goes to out. */
static pid_t start(char *const *argv, int in, int out)
{
	static char user[160];
	static char own[160];
	static char path[] = "PATH=/usr/bin:/bin";
	static char zone[] = "TZ=UTC";
	char *const environment[] = {user, own, path, zone, NULL};

	(void)snprintf(user, sizeof(user), "HOME=%s", home.user);
	(void)snprintf(own, sizeof(own), "BLUEPLANE_HOME=%s", home.home);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0) {
			(void)execve(argv[0], argv, environment);
		}
		_exit(127);
	}
	return pid;
}

/** Reap one that ended, if there is one (or wait for it). False: none. */
static bool reap(bool wait, int64_t *cpu_us)
{
	struct rusage usage;
	int status = 0;
	pid_t pid = wait4(-1, &status, wait ? 0 : WNOHANG, &usage);

	if (pid <= 0) {
		return false;
	}
	ck_assert_int_ne(pid, home.service);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
	*cpu_us = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
		  usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	return true;
}

static int payload(int i)
{
	char text[LINE_BYTES];
	int fd = memfd_create("payload", MFD_CLOEXEC);
	int n = snprintf(text, sizeof(text),
			 "{\"session_id\":\"burst-%d\",\"cwd\":\"/home/dev/x\",\"transcript_path\":"
			 "\"/nowhere.jsonl\",\"hook_event_name\":\"UserPromptSubmit\",\"prompt\":"
			 "\"hello %d\"}",
			 i, i);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, text, (size_t)n, 0), n);
	return fd;
}

START_TEST(a_thousand_hooks_at_once_arrive_once)
{
	char program[PROGRAM_BYTES];
	char *const argv[] = {program, NULL};
	int said = memfd_create("said", MFD_CLOEXEC);
	int64_t cpu_us = 0;
	int64_t most_us = 0;
	int reaped = 0;

	bp_test_service_start(&home);
	(void)snprintf(program, sizeof(program), "%s/blueplane-hook", BP_TEST_BIN_DIR);
	int64_t start_us = bp_clock_mono_us();
	for (int i = 0; i < HOOKS; i++) {
		int in = payload(i);
		(void)start(argv, in, said);
		(void)close(in);
		while (reap(false, &cpu_us)) {
			most_us = cpu_us > most_us ? cpu_us : most_us;
			reaped++;
		}
	}
	while (reaped < HOOKS && reap(true, &cpu_us)) {
		most_us = cpu_us > most_us ? cpu_us : most_us;
		reaped++;
	}
	int64_t took_ms = (bp_clock_mono_us() - start_us) / 1000;
	(void)printf("%d hooks in %lld ms; the most CPU of one %lld us\n", reaped,
		     (long long)took_ms, (long long)most_us);
	ck_assert_int_eq(reaped, HOOKS);
	ck_assert_int_eq(lseek(said, 0, SEEK_END), 0);
	ck_assert_int_lt(most_us, HOOK_CPU_MS_MAX * 1000);
	ck_assert_int_lt(took_ms, BURST_MS_MAX);
	(void)close(said);
	bp_test_wait_final(&home);
	ck_assert_int_eq(number("SELECT count(*) FROM claude_row"), HOOKS);
	ck_assert_int_eq(number("SELECT count(DISTINCT session) FROM claude_row"), HOOKS);
	ck_assert_int_eq(number("SELECT count(*) FROM conversation_turns WHERE human = 1"), HOOKS);
	bp_test_service_stop(&home);
}
END_TEST

static void write_history(void)
{
	for (int file = 0; file < FILES; file++) {
		struct bp_buf text;
		char path[PROGRAM_BYTES];

		bp_buf_init(&text, (size_t)LINES * LINE_BYTES);
		for (int i = file; i < LINES; i += FILES) {
			bp_buf_printf(
				&text,
				"{\"parentUuid\":null,\"isSidechain\":false,\"userType\":"
				"\"external\",\"cwd\":\"/home/dev/x\",\"sessionId\":"
				"\"0f000000-0000-4000-8000-%012d\",\"version\":\"2.1.0\","
				"\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":"
				"\"hello %d\"},\"uuid\":\"0e000000-0000-4000-8000-%012d\","
				"\"timestamp\":\"2026-01-%02dT%02d:%02d:%02d.000Z\"}\n",
				file, i, i, 2 + i / 3600 % 20, i / 240 % 24, i / 60 % 60, i % 60);
		}
		ck_assert(bp_buf_ok(&text));
		(void)snprintf(path, sizeof(path),
			       "%s/-home-dev-x/0f000000-0000-4000-8000-%012d.jsonl", home.projects,
			       file);
		bp_test_write_file(path, text.ptr, text.len);
		bp_buf_done(&text);
	}
}

/** Start as many questions as there are to be, of all kinds. */
static void start_questions(int in, int out)
{
	static char program[PROGRAM_BYTES];
	static char form[] = "--json";
	static char all[] = "--period=all";
	static char names[][12] = {"metrics", "costs", "sessions", "status"};

	(void)snprintf(program, sizeof(program), "%s/blueplane", BP_TEST_BIN_DIR);
	for (int i = 0; i < QUERIES; i++) {
		int kind = i % 4;
		char *const argv[] = {program, names[kind], form, kind < 2 ? all : NULL, NULL};

		(void)start(argv, in, out);
	}
}

START_TEST(a_hundred_questions_are_answered_while_history_is_read)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int64_t cpu_us = 0;

	bp_test_service_start(&home);
	write_history();
	while (number("SELECT count(*) FROM claude_row") == 0) {
		(void)poll(NULL, 0, POLL_MS); /* nothing tells a stranger of the first row */
	}
	start_questions(null_fd, null_fd);
	int64_t before = number("SELECT count(*) FROM claude_row");
	ck_assert_int_lt(before, LINES);
	for (int i = 0; i < QUERIES; i++) {
		ck_assert(reap(true, &cpu_us));
	}
	int64_t after = number("SELECT count(*) FROM claude_row");
	(void)printf("%d questions; rows before %lld, after %lld of %d\n", QUERIES,
		     (long long)before, (long long)after, LINES);
	ck_assert_int_gt(after, before);
	cJSON_Delete(bp_test_cli_json(&home, "import", NULL)); /* until every file is read */
	bp_test_wait_final(&home);
	ck_assert_int_eq(number("SELECT count(*) FROM claude_row"), LINES);
	cJSON *metrics = bp_test_cli_json(&home, "metrics", "-p", "all", NULL);
	ck_assert_int_eq((int)bp_test_json_number(metrics, "metrics.prompts"), LINES);
	ck_assert_int_eq((int)bp_test_json_number(metrics, "metrics.sessions"), FILES);
	cJSON_Delete(metrics);
	(void)close(null_fd);
	bp_test_service_stop(&home);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_thousand_hooks_at_once_arrive_once,
	     a_hundred_questions_are_answered_while_history_is_read)
