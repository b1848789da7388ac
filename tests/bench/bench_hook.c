/* SPDX-License-Identifier: MIT */
/*
 * bench_hook.c - bar 5 of performance.md: what one hook costs, whole process, 2 KB on stdin.
 *
 * The measure is posix_spawn to waitpid, interleaved with an empty static program and python3, so
 * that all see the same machine; the bar is the ratio of medians. Redis is a private one on a Unix
 * socket. Usage: bench_hook <blueplane-hook> [runs]
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "support/redis.h"

enum { RUNS_DEFAULT = 1000, RUNS_MAX = 20000, PYTHON_EVERY = 10, INPUT_BYTES = 2048 };

static double hook_us[RUNS_MAX];
static double floor_us[RUNS_MAX];
static double python_us[RUNS_MAX];

static double now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

static double percentile(const double *sorted, size_t n, double p)
{
	size_t i = (size_t)(p * (double)(n - 1) + 0.5);

	return sorted[i];
}

/* Run a program with path on its standard input; -1 when it did not exit with 0. */
static double run_once(char *const argv[], const char *input)
{
	posix_spawn_file_actions_t actions;
	char *env[] = {NULL};
	pid_t pid = 0;
	int status = 0;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0);
	double start = now_us();
	int rc = posix_spawn(&pid, argv[0], &actions, NULL, argv, env);
	while (rc == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	double end = now_us();
	(void)posix_spawn_file_actions_destroy(&actions);
	return rc == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? end - start : -1;
}

static bool write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	bool ok = file && fputs(text, file) >= 0;

	return file && fclose(file) == 0 && ok;
}

/* A PostToolUse of INPUT_BYTES, as Claude Code writes it. */
static bool write_input(const char *path)
{
	static const char head[] =
		"{\"session_id\":\"743c2cf8-21ff-4b3b-a6cb-1cabb3b8c353\",\"transcript_path\":"
		"\"/home/dev/.claude/projects/-home-dev-x/743c2cf8.jsonl\",\"cwd\":\"/home/dev/x\","
		"\"prompt_id\":\"f589f900-28ae-4c0b-a9a5-3ad7919d923e\",\"permission_mode\":"
		"\"default\","
		"\"hook_event_name\":\"PostToolUse\",\"tool_name\":\"Bash\",\"tool_input\":{"
		"\"command\":"
		"\"cd /home/dev/x && make -j4 test\",\"description\":\"Run the tests\"},"
		"\"tool_response\":{\"stdout\":\"";
	static const char tail[] =
		"\",\"stderr\":\"\",\"interrupted\":false,\"isImage\":false},\"tool_use_id\":"
		"\"toolu_01Qxode94AXuPs1EhBre1S3\",\"duration_ms\":1493}";
	char text[INPUT_BYTES + 1];
	size_t n = 0;

	memcpy(text, head, sizeof(head) - 1);
	n = sizeof(head) - 1;
	while (n < INPUT_BYTES - (sizeof(tail) - 1)) {
		text[n] = n % 64 == 0 ? ' ' : (char)('a' + n % 26);
		n++;
	}
	memcpy(text + n, tail, sizeof(tail));
	return write_text(path, text);
}

/* The smallest static program: what a spawn costs whatever it runs. */
static bool build_floor(const char *dir, char *out, size_t cap)
{
	char source[600];
	char command[2400];

	(void)snprintf(source, sizeof(source), "%s/floor.c", dir);
	(void)snprintf(out, cap, "%s/floor", dir);
	if (!write_text(source, "void _start(void);\nvoid _start(void)\n{\n"
				"\t__asm__ volatile(\"mov $60, %eax\\n\\txor %edi, %edi\\n\\t"
				"syscall\");\n\t__builtin_unreachable();\n}\n")) {
		return false;
	}
	(void)snprintf(command, sizeof(command), "cc -O2 -nostdlib -static -o '%s' '%s'", out,
		       source);
	return system(command) == 0;
}

static size_t measure(char *const hook[], char *const empty[], char *const python[],
		      const char *input, size_t runs, size_t *n_python)
{
	size_t n = 0;

	for (size_t i = 0; i < runs; i++) {
		floor_us[n] = run_once(empty, "/dev/null");
		hook_us[n] = run_once(hook, input);
		if (floor_us[n] < 0 || hook_us[n] < 0) {
			return 0;
		}
		n++;
		if (i % PYTHON_EVERY == 0) {
			double us = run_once(python, "/dev/null");
			if (us >= 0) {
				python_us[(*n_python)++] = us;
			}
		}
	}
	return n;
}

static void report(size_t n, size_t n_python)
{
	qsort(hook_us, n, sizeof(hook_us[0]), compare);
	qsort(floor_us, n, sizeof(floor_us[0]), compare);
	qsort(python_us, n_python, sizeof(python_us[0]), compare);
	double p50 = percentile(hook_us, n, 0.5);
	double empty = percentile(floor_us, n, 0.5);

	(void)bench_at_most("5", "hook p50 / empty static program", p50 / empty, 3, "x");
	bench_note("hook p50 %.0f us, p95 %.0f us; empty static program %.0f us", p50,
		   percentile(hook_us, n, 0.95), empty);
	(void)bench_at_most("5", "hook p99", percentile(hook_us, n, 0.99), 1000, "us");
	bench_note("empty static program p99 %.0f us", percentile(floor_us, n, 0.99));
	if (n_python == 0) {
		bench_note("python3 -c pass / hook p50: no python3 here");
		return;
	}
	double python = percentile(python_us, n_python, 0.5);
	(void)bench_at_least("5", "python3 -c pass / hook p50", python / p50, 25, "x");
	bench_note("python3 -c pass %.0f us", python);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/bp-bench-hook-XXXXXX";
	char path[700];
	char text[1200];
	char input[700];
	char empty_path[700];
	struct bp_test_redis redis = {0};
	int wanted = RUNS_DEFAULT;
	size_t runs = RUNS_DEFAULT;
	size_t n_python = 0;

	if (argc < 2 || !mkdtemp(dir)) {
		(void)fprintf(stderr, "usage: bench_hook <blueplane-hook> [runs]\n");
		return 2;
	}
	if (argc > 2 && sscanf(argv[2], "%d", &wanted) == 1 && wanted > 0 && wanted <= RUNS_MAX) {
		runs = (size_t)wanted;
	}
	(void)snprintf(path, sizeof(path), "%s/run", dir);
	(void)snprintf(input, sizeof(input), "%s/input.json", dir);
	if (mkdir(path, 0700) != 0 || !bp_test_redis_start(&redis, dir, NULL)) {
		(void)fprintf(stderr, "bench_hook: no redis-server\n");
		return 1;
	}
	(void)snprintf(path, sizeof(path), "%s/run/hook.conf", dir);
	(void)snprintf(text, sizeof(text),
		       "enabled=1\nsocket=%s\nsalt=%064d\nopt_out=0\nproject_names=1\n",
		       redis.socket, 7);
	bool ready = write_text(path, text) && write_input(input) &&
		     build_floor(dir, empty_path, sizeof(empty_path));
	char option[] = "--home";
	char *hook[] = {argv[1], option, dir, NULL};
	char *empty[] = {empty_path, NULL};
	char python_path[] = "/usr/bin/python3";
	char python_option[] = "-c";
	char python_program[] = "pass";
	char *python[] = {python_path, python_option, python_program, NULL};
	size_t n = ready ? measure(hook, empty, python, input, runs, &n_python) : 0;
	long long stored = bp_test_redis_integer(&redis, "XLEN telemetry:events");
	bp_test_redis_stop(&redis);
	(void)snprintf(text, sizeof(text), "rm -rf '%s'", dir);
	if (system(text) != 0 || n == 0 || stored != (long long)n) {
		(void)fprintf(stderr, "bench_hook: %zu runs, %lld events in Redis\n", n, stored);
		return 1;
	}
	report(n, n_python);
	return 0;
}
