/* SPDX-License-Identifier: MIT */
#include "support/npm.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/service.h"

enum { ARGS_MAX = 32 };

static char folder[PATH_MAX];

/* Run a program of PATH with our environment; its exit code, -1 when there is no such program. */
static int run(const char *const *argv, const char *output)
{
	/* posix_spawnp does not change the strings; its type predates const. */
	union {
		const char *const *constant;
		char *const *plain;
	} args = {.constant = argv};
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;
	int status = 0;

	ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
	ck_assert_int_eq(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0),
			 0);
	if (output) {
		ck_assert_int_eq(posix_spawn_file_actions_addopen(
					 &actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600),
				 0);
	}
	int rc = posix_spawnp(&pid, argv[0], &actions, NULL, args.plain, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (rc != 0) {
		return -1;
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void copy_files(const char *from)
{
	DIR *dir = opendir(from);
	const struct dirent *entry;
	char path[2 * PATH_MAX];
	char to[2 * PATH_MAX];

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_type == DT_REG) {
			(void)snprintf(path, sizeof(path), "%s/%s", from, entry->d_name);
			(void)snprintf(to, sizeof(to), "%s/%s", folder, entry->d_name);
			bp_test_copy(path, to);
		}
	}
	(void)closedir(dir);
}

static bool same_text(const char *a, const char *b)
{
	char *one = bp_test_read_file(a, NULL);
	char *other = bp_test_read_file(b, NULL);
	bool same = one && other && strcmp(one, other) == 0;

	free(one);
	free(other);
	return same;
}

/* The lock file is kept beside node_modules only once everything of it is there. */
static bool install(void)
{
	char lock[PATH_MAX + 32];
	char done[PATH_MAX + 32];
	char cache[PATH_MAX + 32];
	const char *const argv[] = {"npm",        "ci",        "--prefix", folder,
				    "--cache",    cache,       "--silent", "--ignore-scripts",
				    "--no-audit", "--no-fund", NULL};

	(void)snprintf(lock, sizeof(lock), "%s/package-lock.json", folder);
	(void)snprintf(done, sizeof(done), "%s/installed-lock.json", folder);
	(void)snprintf(cache, sizeof(cache), "%s/cache", folder);
	if (same_text(lock, done)) {
		return true;
	}
	const char *const ping[] = {"npm", "ping", "--silent", NULL};
	if (run(ping, "/dev/null") != 0) {
		(void)fprintf(stderr,
			      "skipped: there is no npm, or its registry does not answer\n");
		return false;
	}
	ck_assert_int_eq(run(argv, NULL), 0);
	bp_test_copy(lock, done);
	return true;
}

bool bp_test_npm(const char *source, const char *bin_dir)
{
	const char *const version[] = {"node", "--version", NULL};
	char from[PATH_MAX];
	char path[PATH_MAX];

	if (run(version, "/dev/null") != 0) {
		(void)fprintf(stderr, "skipped: there is no node\n");
		return false;
	}
	(void)snprintf(from, sizeof(from), "%s/tests/npm", source);
	(void)snprintf(path, sizeof(path), "%s/../npm", bin_dir);
	ck_assert(mkdir(path, 0755) == 0 || access(path, W_OK) == 0);
	ck_assert_ptr_nonnull(realpath(path, folder));
	int fd = open(bp_test_npm_file("lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	copy_files(from);
	bool good = install();
	(void)close(fd);
	return good;
}

const char *bp_test_npm_file(const char *name)
{
	static char path[PATH_MAX + 256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

int bp_test_npm_run(const char *script, const char *const *args, const char *output)
{
	const char *argv[ARGS_MAX + 1] = {"node", bp_test_npm_file(script)};
	size_t n = 2;

	for (; *args; args++) {
		ck_assert_uint_lt(n, ARGS_MAX);
		argv[n++] = *args;
	}
	return run(argv, output);
}
