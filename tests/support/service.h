/* SPDX-License-Identifier: MIT */
/**
 * service.h - the whole system in a home of its own: blueplaned, blueplane and blueplane-hook as a
 * user has them, below a temporary folder.
 *
 * Start:   struct bp_test_home home; bp_test_home_make(&home); bp_test_service_start(&home); ...
 *          bp_test_home_remove(&home);
 * Shape:   <root>/user is HOME, <root>/user/.claude/projects has transcripts, <root>/bp is
 *          BLUEPLANE_HOME. Programs see these, PATH, TZ=UTC, sanitizer options, and what
 *          bp_test_home_env() adds; nothing else of the caller's environment.
 * Errors:  every function ends the test when something does not work.
 * Threads: one thread owns a home: a service dies with the thread that started it.
 */
#ifndef BP_TESTS_SUPPORT_SERVICE_H
#define BP_TESTS_SUPPORT_SERVICE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { BP_TEST_HOME_ENV = 8, BP_TEST_HOME_PATH_BYTES = 128 };

struct bp_test_home {
	char root[BP_TEST_HOME_PATH_BYTES];
	char user[BP_TEST_HOME_PATH_BYTES];
	char home[BP_TEST_HOME_PATH_BYTES];
	char projects[BP_TEST_HOME_PATH_BYTES]; /* <user>/.claude/projects, exists */
	const char *env[BP_TEST_HOME_ENV];      /* further NAME=VALUE, borrowed */
	size_t n_env;
	const char *bin_dir; /* where the programs are */
	pid_t service;       /* 0 when none runs */
};

/** Make the folders. bin_dir: BP_TEST_BIN_DIR, borrowed. Ignores SIGPIPE from here on. */
void bp_test_home_make(struct bp_test_home *home, const char *bin_dir);

/** Add to, or replace in, the environment of programs started later ("NAME=VALUE", borrowed). */
void bp_test_home_env(struct bp_test_home *home, const char *name_and_value);

/** Kill the service if there is one, wait for its Redis to end, remove every file. */
void bp_test_home_remove(struct bp_test_home *home);

/** A path: "<home>/<name>". Valid until the 8th next call. */
const char *bp_test_home_file(const struct bp_test_home *home, const char *name);

/** Start blueplaned, its log in <home>/log/blueplaned.log, and wait until it answers. */
void bp_test_service_start(struct bp_test_home *home);

/** SIGTERM; it must end with exit code 0. Waits for its Redis too. */
void bp_test_service_stop(struct bp_test_home *home);

/** SIGKILL. wait_redis: also wait until its Redis, which is signalled by the kernel, is gone. */
void bp_test_service_kill(struct bp_test_home *home, bool wait_redis);

/** The pid of the private Redis as its pid file says; 0 when none runs. */
pid_t bp_test_service_redis(const struct bp_test_home *home);

/** What a program printed, NUL-terminated, and its exit code (128 + N: ended by signal N). */
struct bp_test_output {
	int code;
	char *out, *err;
	size_t out_bytes, err_bytes;
};

/**
 * Run a program of bin_dir (or of an absolute path) to its end with input on its standard input (a pipe; NULL: empty).
 * args: NULL-terminated, without the program's name. Owns: bp_test_output_done().
 */
void bp_test_run_program(const struct bp_test_home *home, const char *program,
			 const char *const *args, const char *input, size_t input_bytes,
			 struct bp_test_output *out);
void bp_test_output_done(struct bp_test_output *out);

/** Start such a program, with nothing on its standard input and what it prints thrown away; it dies
 *  with the thread that started it. Gives its pid, to be waited for. */
pid_t bp_test_start_program(const struct bp_test_home *home, const char *program,
			    const char *const *args);

/** Called with each program's output before it is given back, for a test that keeps them all;
 *  NULL: nobody. */
extern void (*bp_test_output_seen)(const struct bp_test_output *output);

/** `blueplane ARGS...`, NULL at the end; whatever its exit code. Owns: bp_test_output_done(). */
void bp_test_cli(const struct bp_test_home *home, struct bp_test_output *out, ...)
	__attribute__((sentinel));

/** `blueplane ARGS... --json`, NULL at the end: exit code 0, nothing on stderr but talk, one JSON
 *  object on one line. Owns: the caller, cJSON_Delete(). */
cJSON *bp_test_cli_json(const struct bp_test_home *home, ...) __attribute__((sentinel));

/** One hook payload through blueplane-hook: it must print nothing and exit 0. */
void bp_test_hook(const struct bp_test_home *home, const char *payload, size_t bytes);

/** `blueplane status --wait`: every number is final. */
void bp_test_wait_final(const struct bp_test_home *home);

/** A member by path ("tool_calls.ok", "by_file.0.rows"); NULL when there is none. */
const cJSON *bp_test_json_at(const cJSON *root, const char *path);

/** The same, which must be a number or text. */
double bp_test_json_number(const cJSON *root, const char *path);
const char *bp_test_json_text(const cJSON *root, const char *path);

/** Copy a file or a folder with all below it, modes 0700 and 0600; folders above `to` are made. */
void bp_test_copy(const char *from, const char *to);

/** Write n bytes to a file 0600; folders above it are made. */
void bp_test_write_file(const char *path, const char *bytes, size_t n);

/** Append n bytes with one write(), as an assistant does. */
void bp_test_append_file(const char *path, const char *bytes, size_t n);

/** The whole file, NUL-terminated; NULL when it is not there. Owns: free(). */
char *bp_test_read_file(const char *path, size_t *out_bytes);

#endif
