/* SPDX-License-Identifier: MIT */
#include "support/redis.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 20000, REPLY_MS = 20000, ARGS_MAX = 48 };

/* Marks the end of a reply: sent after the command, so that no RESP parser is needed. */
#define END_MARK "bp-test-end-of-reply"

static void run_server(int out_fd, const char *dir, const char *socket_path,
		       const char *const *extra)
{
	const char *args[ARGS_MAX] = {"redis-server",
				      "--port",
				      "0",
				      "--unixsocket",
				      socket_path,
				      "--dir",
				      dir,
				      "--save",
				      "",
				      "--appendonly",
				      "no",
				      "--daemonize",
				      "no",
				      "--loglevel",
				      "notice"};
	size_t n = 15;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	while (extra && *extra && n + 1 < ARGS_MAX) {
		args[n++] = *extra++;
	}
	args[n] = NULL;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(null_fd, 2) < 0) {
		_exit(127);
	}
	/* execvp does not change the strings; its type predates const. */
	union {
		const char **constant;
		char *const *plain;
	} argv = {.constant = args};
	execvp("redis-server", argv.plain);
	_exit(127);
}

/* The server says on its standard output when it listens; false when that ends before. */
static bool wait_ready(int fd)
{
	char text[65536];
	size_t len = 0;

	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		if (poll(&poll_fd, 1, START_MS) <= 0) {
			return false;
		}
		ssize_t n = read(fd, text + len, sizeof(text) - 1 - len);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return false;
		}
		len += (size_t)n;
		text[len] = '\0';
		if (strstr(text, "now ready to accept connections at")) {
			return true;
		}
		if (len > sizeof(text) / 2) {
			memmove(text, text + len - 256, 256);
			len = 256;
		}
	}
}

bool bp_test_redis_start(struct bp_test_redis *redis, const char *dir, const char *const *extra)
{
	int out[2];
	int n = snprintf(redis->socket, sizeof(redis->socket), "%s/redis.sock", dir);
	int m = snprintf(redis->dir, sizeof(redis->dir), "%s", dir);

	redis->pid = 0;
	if (n < 0 || (size_t)n >= sizeof(redis->socket) || m < 0 ||
	    (size_t)m >= sizeof(redis->dir) || pipe2(out, O_CLOEXEC) != 0) {
		return false;
	}
	/* Left by a kill: the old name would look like a server. */
	(void)unlink(redis->socket);
	(void)fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		run_server(out[1], dir, redis->socket, extra);
	}
	(void)close(out[1]);
	if (pid < 0) {
		(void)close(out[0]);
		return false;
	}
	redis->pid = pid;
	bool ready = wait_ready(out[0]);
	/* Redis ignores SIGPIPE and drops what it cannot print. */
	(void)close(out[0]);
	if (!ready) {
		bp_test_redis_kill(redis);
	}
	return ready;
}

static void end_server(struct bp_test_redis *redis, int signal_number)
{
	if (redis->pid <= 0) {
		return;
	}
	(void)kill(redis->pid, signal_number);
	(void)kill(redis->pid, SIGCONT);
	while (waitpid(redis->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	redis->pid = 0;
}

void bp_test_redis_stop(struct bp_test_redis *redis)
{
	end_server(redis, SIGTERM);
}

void bp_test_redis_kill(struct bp_test_redis *redis)
{
	end_server(redis, SIGKILL);
}

void bp_test_redis_freeze(struct bp_test_redis *redis)
{
	int status = 0;

	if (redis->pid > 0 && kill(redis->pid, SIGSTOP) == 0) {
		while (waitpid(redis->pid, &status, WUNTRACED) < 0 && errno == EINTR) {
		}
	}
}

void bp_test_redis_thaw(struct bp_test_redis *redis)
{
	if (redis->pid > 0) {
		(void)kill(redis->pid, SIGCONT);
	}
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool send_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR) {
			continue;
		}
		if (sent <= 0) {
			return false;
		}
		text += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* Read until the mark; what does not fit in reply is dropped, but the mark is still found. */
static bool read_reply(int fd, char *reply, size_t cap)
{
	static const char mark[] = "$20\r\n" END_MARK "\r\n";
	const size_t mark_len = sizeof(mark) - 1;
	char tail[8192];
	size_t tail_len = 0;
	size_t len = 0;

	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		if (poll(&poll_fd, 1, REPLY_MS) <= 0) {
			return false;
		}
		ssize_t n = read(fd, tail + tail_len, sizeof(tail) - tail_len);
		if (n <= 0) {
			return false;
		}
		size_t room = cap - 1 - len;
		size_t take = (size_t)n < room ? (size_t)n : room;
		memcpy(reply + len, tail + tail_len, take);
		len += take;
		reply[len] = '\0';
		tail_len += (size_t)n;
		if (tail_len >= mark_len &&
		    memcmp(tail + tail_len - mark_len, mark, mark_len) == 0) {
			if (len >= mark_len && strcmp(reply + len - mark_len, mark) == 0) {
				reply[len - mark_len] = '\0';
			}
			return true;
		}
		if (tail_len > mark_len) {
			memmove(tail, tail + tail_len - mark_len, mark_len);
			tail_len = mark_len;
		}
	}
}

bool bp_test_redis_command(const struct bp_test_redis *redis, const char *command, char *reply,
			   size_t cap)
{
	int fd = connect_to(redis->socket);
	bool ok = fd >= 0 && send_all(fd, command, strlen(command)) &&
		  send_all(fd, "\r\nECHO " END_MARK "\r\n",
			   sizeof("\r\nECHO " END_MARK "\r\n") - 1) &&
		  read_reply(fd, reply, cap);

	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}

long long bp_test_redis_integer(const struct bp_test_redis *redis, const char *command)
{
	char reply[256];
	long long value = -1;

	if (!bp_test_redis_command(redis, command, reply, sizeof(reply)) ||
	    sscanf(reply, ":%lld", &value) != 1) {
		return -1;
	}
	return value;
}
