/* SPDX-License-Identifier: MIT */
/**
 * redis.h - a real redis-server for a test: private, on a Unix socket, gone when the test is.
 *
 * Start:   `struct bp_test_redis redis = {0}; ck_assert(bp_test_redis_start(&redis, dir, NULL));`
 * Owns:    the child; it also dies with the process that started it.
 * Threads: one thread owns a server.
 */
#ifndef BP_TESTS_SUPPORT_REDIS_H
#define BP_TESTS_SUPPORT_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { BP_TEST_REDIS_PATH_BYTES = 104, BP_TEST_REDIS_DIR_BYTES = 512 };

struct bp_test_redis {
	pid_t pid;                             /* 0 when not running */
	char dir[BP_TEST_REDIS_DIR_BYTES];     /* where its files are */
	char socket[BP_TEST_REDIS_PATH_BYTES]; /* <dir>/redis.sock */
};

/**
 * Start a server whose data and socket live in dir (which exists), and wait until it answers.
 * No persistence unless extra asks for it: extra is a NULL-terminated list of further arguments
 * ("--appendonly", "yes", NULL), or NULL. The same dir may be started again after a stop.
 * False: no redis-server, the path is too long, or it ended at once.
 */
bool bp_test_redis_start(struct bp_test_redis *redis, const char *dir, const char *const *extra);

/** SIGTERM and wait. Safe on a stopped one. Thaws a frozen one first. */
void bp_test_redis_stop(struct bp_test_redis *redis);

/** SIGKILL and wait. */
void bp_test_redis_kill(struct bp_test_redis *redis);

/** SIGSTOP, and wait until it is stopped: it accepts connections then, but never answers. */
void bp_test_redis_freeze(struct bp_test_redis *redis);
void bp_test_redis_thaw(struct bp_test_redis *redis);

/**
 * Send one command, its words separated by blanks, and give the raw reply (RESP, NUL-terminated,
 * cut at cap). False when the server cannot be reached.
 */
bool bp_test_redis_command(const struct bp_test_redis *redis, const char *command, char *reply,
			   size_t cap);

/** The same for a command that answers with an integer; -1 when it does not. */
long long bp_test_redis_integer(const struct bp_test_redis *redis, const char *command);

#endif
