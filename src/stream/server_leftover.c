/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "stream/server_parts.h"

enum { END_MS = 5000, CMDLINE_BYTES_MAX = 64 * 1024 };

/** Wait for the end of a process. */
static bool wait_end(int pidfd, int timeout_ms)
{
	int64_t until_us = bp_clock_mono_us() + (int64_t)timeout_ms * 1000;
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	for (;;) {
		int64_t left_ms = (until_us - bp_clock_mono_us() + 999) / 1000;
		int n = poll(&poll_fd, 1, left_ms > 0 ? (int)left_ms : 0);

		if (n > 0) {
			return true;
		}
		if (n == 0 || errno != EINTR) {
			return false;
		}
	}
}

bool bp_server_end(int pidfd)
{
	/* The second one, with SIGCONT, is for a server that somebody stopped. */
	(void)pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
	(void)pidfd_send_signal(pidfd, SIGCONT, NULL, 0);
	if (wait_end(pidfd, END_MS)) {
		return true;
	}
	(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	return wait_end(pidfd, END_MS);
}

static pid_t pid_from_file(const char *path)
{
	struct bp_buf text;
	long pid = 0;

	bp_buf_init(&text, 32);
	if (bp_file_read(path, &text, NULL) == BP_OK) {
		for (size_t i = 0; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
			pid = pid < 100000000 ? pid * 10 + (text.ptr[i] - '0') : 0;
		}
	}
	bp_buf_done(&text);
	return (pid_t)pid;
}

/** Who listens on the socket, when somebody does: the pid file may be gone. */
static pid_t pid_from_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		return 0;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
		peer.pid = 0;
	}
	(void)close(fd);
	return peer.pid;
}

/** True when our socket is one of the arguments that process was started with. */
static bool is_ours(pid_t pid, const char *socket_path)
{
	struct bp_buf text;
	char path[64];
	bool found = false;

	(void)snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	bp_buf_init(&text, CMDLINE_BYTES_MAX);
	if (bp_file_read(path, &text, NULL) == BP_OK) {
		for (size_t at = 0; at < text.len && !found; at += strlen(text.ptr + at) + 1) {
			found = strcmp(text.ptr + at, socket_path) == 0;
		}
	}
	bp_buf_done(&text);
	return found;
}

/** End one candidate if it is a server of ours. False when it is and does not go. */
static bool end_one(pid_t pid, const char *socket_path, bool *ended)
{
	bool gone = true;

	if (pid <= 1 || pid == getpid()) {
		return true;
	}
	/* The descriptor first: afterwards the number cannot come to mean another process. */
	int pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		return true;
	}
	if (is_ours(pid, socket_path)) {
		gone = bp_server_end(pidfd);
		*ended = true;
	}
	(void)close(pidfd);
	return gone;
}

enum bp_rc bp_server_end_leftover(const struct bp_server_paths *paths, bool *out_ended,
				  struct bp_err *err)
{
	bool ended = false;

	if (!end_one(pid_from_file(paths->pid), paths->socket, &ended) ||
	    !end_one(pid_from_socket(paths->socket), paths->socket, &ended)) {
		return bp_err_set(err, BP_EIO,
				  "the redis-server of an earlier service does not end");
	}
	pid_t other = pid_from_socket(paths->socket);
	if (other > 0) {
		return bp_err_set(err, BP_EBUSY,
				  "another program (pid %ld) listens on \"%s\": end it, or choose "
				  "another home with BLUEPLANE_HOME",
				  (long)other, paths->socket);
	}
	/* The old name would look like a server. */
	if (unlink(paths->socket) != 0 && errno != ENOENT) {
		return bp_err_set(err, BP_EIO, "cannot remove \"%s\": %s", paths->socket,
				  strerrordesc_np(errno));
	}
	(void)unlink(paths->pid);
	*out_ended = ended;
	return BP_OK;
}
