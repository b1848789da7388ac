/* SPDX-License-Identifier: MIT */
#include "stream/server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/stream/fixture.h"

static struct bp_server_options options(const char *home)
{
	return (struct bp_server_options){.home = home, .max_memory_bytes = (int64_t)64 << 20};
}

static void start(void)
{
	struct bp_server_options with = options(bp_test_tmpdir("home"));
	struct bp_err err = {0};

	ck_assert_ok(bp_server_start(&with, &server, &err), err);
}

static void connect_redis(void)
{
	struct bp_err err = {0};

	bp_redis_close(redis);
	redis = NULL;
	ck_assert_ok(bp_redis_open(bp_server_address(server), 5000, &redis, &err), err);
}

static int64_t length(void)
{
	struct bp_entry *entries = NULL;
	struct bp_err err = {0};
	size_t n = 0;

	ck_assert_ok(bp_stream_range(redis, BP_STREAM_EVENTS, NULL, NULL, 100000, &arena, &entries,
				     &n, &err),
		     err);
	return (int64_t)n;
}

/** The name of a file below a folder that begins with prefix. */
static bool find(const char *folder, const char *prefix, char *out, size_t cap)
{
	DIR *dir = opendir(bp_test_tmpdir(folder));
	const struct dirent *item = NULL;
	bool found = false;

	while (dir && !found && (item = readdir(dir)) != NULL) {
		if (strncmp(item->d_name, prefix, strlen(prefix)) == 0) {
			(void)snprintf(out, cap, "%s/%s", folder, item->d_name);
			found = true;
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
	return found;
}

START_TEST(what_was_added_is_there_after_stop_and_start)
{
	start();
	connect_redis();
	put(NULL, "a");
	flush_all();
	bp_server_stop(server);
	ck_assert_int_ne(access(bp_test_tmpdir("home/redis/redis.sock"), F_OK), 0);
	start();
	ck_assert_str_eq(bp_server_notice(server), "");
	connect_redis();
	ck_assert_int_eq(length(), 1);
}
END_TEST

START_TEST(files_and_folders_are_private)
{
	static const char *const names[] = {"home/redis",
					    "home/log",
					    "home/run",
					    "home/log/redis.log",
					    "home/redis/redis.sock",
					    "home/redis/appendonlydir",
					    "home/run/redis.pid"};
	char aof[256];
	struct stat st;

	(void)umask(022);
	start();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ck_assert_int_eq(stat(bp_test_tmpdir(names[i]), &st), 0);
		ck_assert_msg((st.st_mode & 077) == 0, "%s is %o", names[i], st.st_mode & 0777);
	}
	ck_assert(find("home/redis/appendonlydir", "appendonly.aof.1.incr", aof, sizeof(aof)));
	ck_assert_int_eq(stat(bp_test_tmpdir(aof), &st), 0);
	ck_assert_uint_eq(st.st_mode & 077, 0);
}
END_TEST

START_TEST(its_end_is_seen_and_it_can_be_started_again)
{
	struct bp_err err = {0};

	start();
	ck_assert(!bp_server_ended(server));
	ck_assert_int_eq(kill(bp_server_pid(server), SIGKILL), 0);
	struct pollfd end = {.fd = bp_server_fd(server), .events = POLLIN};
	ck_assert_int_eq(poll(&end, 1, 10000), 1);
	ck_assert(bp_server_ended(server));
	ck_assert(!bp_server_ended(server));
	ck_assert_ok(bp_server_restart(server, &err), err);
	ck_assert(!bp_server_ended(server));
	connect_redis();
}
END_TEST

/** A service that is killed: start a server in a child, tell its pid, wait to be killed. */
static pid_t killed_service(bool stop_redis)
{
	int fds[2];
	pid_t redis_pid = 0;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct bp_server_options with = options(bp_test_tmpdir("home"));
		struct bp_server *own = NULL;

		if (bp_server_start(&with, &own, NULL) == BP_OK) {
			redis_pid = bp_server_pid(own);
			if (stop_redis) {
				(void)kill(redis_pid, SIGSTOP);
			}
		}
		ssize_t n = write(fds[1], &redis_pid, sizeof(redis_pid));
		for (; n > 0;) {
			(void)pause();
		}
		_exit(1);
	}
	ck_assert_int_eq(read(fds[0], &redis_pid, sizeof(redis_pid)), sizeof(redis_pid));
	ck_assert_int_gt(redis_pid, 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return redis_pid;
}

START_TEST(the_server_of_a_killed_service_ends_by_itself)
{
	struct pollfd end = {.events = POLLIN};
	pid_t pid = killed_service(false);

	end.fd = pidfd_open(pid, 0);
	if (end.fd >= 0) { /* else it is gone already */
		ck_assert_int_eq(poll(&end, 1, 10000), 1);
		(void)close(end.fd);
	}
	start();
	connect_redis();
}
END_TEST

START_TEST(a_leftover_that_hangs_is_ended_before_ours_starts)
{
	pid_t pid = killed_service(true);
	int fd = pidfd_open(pid, 0);

	ck_assert_int_ge(fd, 0);
	start();
	struct pollfd end = {.fd = fd, .events = POLLIN};
	ck_assert_int_eq(poll(&end, 1, 0), 1);
	ck_assert_str_eq(bp_server_notice(server), "ended the redis-server of an earlier service");
	connect_redis();
	(void)close(fd);
}
END_TEST

START_TEST(a_leftover_without_pid_file_is_found_by_its_socket)
{
	struct bp_server *second = NULL;
	struct bp_server_options with = options(bp_test_tmpdir("home"));
	struct bp_err err = {0};

	start();
	ck_assert_int_eq(unlink(bp_test_tmpdir("home/run/redis.pid")), 0);
	ck_assert_ok(bp_server_start(&with, &second, &err), err);
	struct pollfd end = {.fd = bp_server_fd(server), .events = POLLIN};
	ck_assert_int_eq(poll(&end, 1, 0), 1);
	ck_assert(bp_server_ended(server));
	bp_server_stop(server);
	server = second;
	connect_redis();
}
END_TEST

START_TEST(a_stale_pid_file_does_not_end_a_stranger)
{
	char text[32];
	pid_t stranger = fork();

	if (stranger == 0) {
		for (;;) {
			(void)pause();
		}
	}
	(void)snprintf(text, sizeof(text), "%d\n", stranger);
	start();
	bp_server_stop(server);
	server = NULL;
	bp_test_tmpdir_write("home/run/redis.pid", text);
	start();
	ck_assert_int_eq(waitpid(stranger, NULL, WNOHANG), 0);
	ck_assert_int_eq(kill(stranger, SIGKILL), 0);
	ck_assert_int_eq(waitpid(stranger, NULL, 0), stranger);
}
END_TEST

START_TEST(a_torn_append_only_file_is_loaded)
{
	char aof[256];
	struct stat st;

	start();
	connect_redis();
	put(NULL, "a");
	put(NULL, "b");
	flush_all();
	bp_server_stop(server);
	server = NULL;
	ck_assert(find("home/redis/appendonlydir", "appendonly.aof.1.incr", aof, sizeof(aof)));
	ck_assert_int_eq(stat(bp_test_tmpdir(aof), &st), 0);
	ck_assert_int_eq(truncate(bp_test_tmpdir(aof), st.st_size - 3), 0);
	start();
	connect_redis();
	ck_assert_int_eq(length(), 1);
	ck_assert_str_eq(bp_server_notice(server), "");
}
END_TEST

static void overwrite(const char *name, off_t at)
{
	int fd = open(bp_test_tmpdir(name), O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, "garbage!", 8, at), 8);
	(void)close(fd);
}

START_TEST(a_corrupt_append_only_file_is_set_aside_and_said)
{
	char name[256];

	start();
	connect_redis();
	put(NULL, "a");
	flush_all();
	bp_server_stop(server);
	server = NULL;
	ck_assert(find("home/redis/appendonlydir", "appendonly.aof.1.incr", name, sizeof(name)));
	overwrite(name, 10);
	start();
	ck_assert_ptr_nonnull(strstr(bp_server_notice(server), "corrupt"));
	ck_assert(find("home/redis", "corrupt-", name, sizeof(name)));
	connect_redis();
	ck_assert_int_eq(length(), 0);
}
END_TEST

START_TEST(a_corrupt_manifest_or_base_is_set_aside_too)
{
	char name[256];

	start();
	bp_server_stop(server);
	server = NULL;
	ck_assert(find("home/redis/appendonlydir", "appendonly.aof.manifest", name, sizeof(name)));
	overwrite(name, 0);
	start();
	ck_assert_ptr_nonnull(strstr(bp_server_notice(server), "corrupt"));
	bp_server_stop(server);
	server = NULL;
	ck_assert(find("home/redis/appendonlydir", "appendonly.aof.1.base", name, sizeof(name)));
	overwrite(name, 0);
	start();
	ck_assert_ptr_nonnull(strstr(bp_server_notice(server), "corrupt"));
}
END_TEST

START_TEST(a_missing_binary_says_what_to_install)
{
	struct bp_server_options with = options(bp_test_tmpdir("home"));
	struct bp_err err = {0};

	with.binary = "redis-server-that-is-not-there";
	ck_assert_rc(bp_server_start(&with, &server, &err), BP_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.msg, "apt install redis-server"));
}
END_TEST

START_TEST(a_server_that_ends_at_once_says_its_last_line)
{
	struct bp_server_options with = options(bp_test_tmpdir("home"));
	struct bp_err err = {0};

	with.max_memory_bytes = -5;
	ck_assert_rc(bp_server_start(&with, &server, &err), BP_EIO);
	ck_assert_msg(strstr(err.msg, "ended at once: ") != NULL, "%s", err.msg);
	with.max_memory_bytes = 0;
	with.binary = "/bin/false";
	ck_assert_rc(bp_server_start(&with, &server, &err), BP_EIO);
}
END_TEST

static void long_home(char *out, size_t cap)
{
	char part[101];

	memset(part, 'h', 100);
	part[100] = '\0';
	(void)snprintf(out, cap, "%s/%s", bp_test_tmpdir("deep"), part);
}

START_TEST(a_long_path_moves_to_the_runtime_folder_and_readers_find_it)
{
	char home[512];
	char path[108];
	struct bp_err err = {0};

	long_home(home, sizeof(home));
	ck_assert_int_eq(mkdir(bp_test_tmpdir("run"), 0700), 0);
	ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", bp_test_tmpdir("run"), 1), 0);
	struct bp_server_options with = options(home);
	ck_assert_ok(bp_server_start(&with, &server, &err), err);
	ck_assert_ptr_nonnull(strstr(bp_server_address(server), "/run/blueplane-"));
	connect_redis();
	ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
	ck_assert_ok(bp_server_socket_path(home, path, sizeof(path), &err), err);
	ck_assert_str_eq(path, bp_server_address(server));
}
END_TEST

START_TEST(without_a_runtime_folder_a_private_one_in_tmp_is_used)
{
	char home[512];
	char folder[256];
	struct stat st;
	struct bp_err err = {0};
	char path[108];

	long_home(home, sizeof(home));
	ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
	struct bp_server_options with = options(home);
	ck_assert_ok(bp_server_start(&with, &server, &err), err);
	const char *slash = strrchr(bp_server_address(server), '/');
	ck_assert_ptr_nonnull(slash);
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - bp_server_address(server)),
		       bp_server_address(server));
	ck_assert_int_eq(stat(folder, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	bp_server_stop(server);
	server = NULL;
	/* A folder that others may use is not believed. */
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_rc(bp_server_start(&with, &server, &err), BP_EIO);
	ck_assert_int_eq(unlink(bp_test_tmpdir("none")), -1);
	ck_assert_int_eq(rmdir(folder), 0);
	(void)path;
}
END_TEST

START_TEST(a_server_that_has_much_to_load_is_waited_for)
{
	struct bp_stream_state state;
	struct bp_err err = {0};
	char text[501];

	memset(text, 'x', 500);
	text[500] = '\0';
	start();
	connect_redis();
	ck_assert_ok(bp_stream_ensure(redis, BP_STREAM_EVENTS, "g", &err), err);
	for (int i = 0; i < 60; i++) {
		for (int k = 0; k < 1000; k++) {
			put(NULL, text);
		}
		flush_all();
	}
	ck_assert_int_eq(kill(bp_server_pid(server), SIGKILL), 0);
	ck_assert_ok(bp_server_restart(server, &err), err);
	connect_redis();
	/* kill -9 may cost what was not yet written: at most the last second or two. */
	ck_assert_ok(bp_stream_state(redis, BP_STREAM_EVENTS, "g", &state, &err), err);
	ck_assert_int_gt(state.length, 0);
}
END_TEST

START_TEST(a_home_with_an_odd_name_works)
{
	struct bp_server_options with = options(bp_test_tmpdir("it's a \"h\u00f6me\" #1 --x"));
	struct bp_err err = {0};

	ck_assert_ok(bp_server_start(&with, &server, &err), err);
	connect_redis();
	put(NULL, "a");
	flush_all();
	bp_server_stop(server);
	ck_assert_ok(bp_server_start(&with, &server, &err), err);
	connect_redis();
	ck_assert_int_eq(length(), 1);
}
END_TEST

START_TEST(the_socket_path_is_known_without_a_server)
{
	char path[108];
	struct bp_err err = {0};

	start();
	ck_assert_ok(bp_server_socket_path(bp_test_tmpdir("home"), path, sizeof(path), &err), err);
	ck_assert_str_eq(path, bp_server_address(server));
	ck_assert_rc(bp_server_socket_path(bp_test_tmpdir("home"), path, 5, &err), BP_ELIMIT);
}
END_TEST

BP_TEST_MAIN(bp_test_tmpdir_make, teardown_redis, what_was_added_is_there_after_stop_and_start,
	     files_and_folders_are_private, its_end_is_seen_and_it_can_be_started_again,
	     the_server_of_a_killed_service_ends_by_itself,
	     a_leftover_that_hangs_is_ended_before_ours_starts,
	     a_leftover_without_pid_file_is_found_by_its_socket,
	     a_stale_pid_file_does_not_end_a_stranger, a_torn_append_only_file_is_loaded,
	     a_corrupt_append_only_file_is_set_aside_and_said,
	     a_corrupt_manifest_or_base_is_set_aside_too, a_missing_binary_says_what_to_install,
	     a_server_that_ends_at_once_says_its_last_line,
	     a_long_path_moves_to_the_runtime_folder_and_readers_find_it,
	     without_a_runtime_folder_a_private_one_in_tmp_is_used,
	     a_server_that_has_much_to_load_is_waited_for, a_home_with_an_odd_name_works,
	     the_socket_path_is_known_without_a_server)
