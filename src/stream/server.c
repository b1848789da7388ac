/* SPDX-License-Identifier: MIT */
#include "stream/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "stream/server_parts.h"
#include "stream/stream.h"

enum {
	START_MS = 10000,
	LOADING_MS = 60000,
	RETRY_MS = 20, /* while it loads: it says nothing when it is done */
	PING_MS = 2000,
	LOG_TAIL_BYTES = 16 * 1024,
	NOTICE_BYTES = 256
};

struct bp_server {
	struct bp_server_options options; /* strings are owned */
	char *home;
	char *binary;
	struct bp_server_paths paths;
	pid_t pid; /* 0 when none runs */
	int pidfd; /* -1 when none runs */
	char notice[NOTICE_BYTES];
};

/** Reap it if it ended, or must. */
static bool reap(struct bp_server *server, bool wait)
{
	int status = 0;
	pid_t pid = 0;

	if (server->pid <= 0) {
		return false;
	}
	do {
		pid = waitpid(server->pid, &status, wait ? 0 : WNOHANG);
	} while (pid < 0 && errno == EINTR);
	if (pid == 0) {
		return false;
	}
	(void)close(server->pidfd);
	server->pid = 0;
	server->pidfd = -1;
	return true;
}

static void end_child(struct bp_server *server)
{
	if (server->pid > 0) {
		(void)bp_server_end(server->pidfd);
		(void)reap(server, true);
		(void)unlink(server->paths.socket);
		(void)unlink(server->paths.pid);
	}
}

static int64_t log_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : 0;
}

/** What the child has written since its start, its end at least. */
static void read_log(const char *path, int64_t from_bytes, struct bp_buf *out)
{
	int64_t size = log_size(path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return;
	}
	if (size < from_bytes) {
		from_bytes = 0;
	}
	if (size - from_bytes > LOG_TAIL_BYTES) {
		from_bytes = size - LOG_TAIL_BYTES;
	}
	char *to = bp_buf_reserve(out, LOG_TAIL_BYTES);
	ssize_t n = to ? pread(fd, to, LOG_TAIL_BYTES, from_bytes) : 0;
	if (n > 0) {
		out->len += (size_t)n;
		out->ptr[out->len] = '\0';
	}
	(void)close(fd);
}

/** The last line of a text, without its time stamp's process id and so on: as Redis wrote it. */
static struct bp_str last_line(const struct bp_buf *text)
{
	struct bp_str all = bp_buf_str(text);

	while (all.len > 0 && (all.ptr[all.len - 1] == '\n' || all.ptr[all.len - 1] == '\r')) {
		all.len--;
	}
	const char *start = all.len > 0 ? memrchr(all.ptr, '\n', all.len) : NULL;
	return start ? bp_str_make(start + 1, all.len - (size_t)(start + 1 - all.ptr)) : all;
}

/** What redis-server 6 and 7 say when they end because of a file they cannot load. */
static bool tells_corruption(const struct bp_buf *log)
{
	static const char *const signs[] = {
		"Bad file format reading the append only file",
		"Unexpected end of file reading the append only file",
		"Unrecoverable error reading the append only file",
		"Invalid AOF manifest file format",
		"AOF manifest file",
		"The AOF base file",
		"Wrong signature trying to load DB from file",
		"Fatal error loading the DB",
		"Internal error in RDB reading",
		"Short read or OOM loading DB",
		"Terminating server after rdb file reading failure",
		"Wrong RDB checksum",
	};

	for (size_t i = 0; log->len > 0 && i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (strstr(log->ptr, signs[i])) {
			return true;
		}
	}
	return false;
}

/** Wait until the folder of the socket changes, the child ends or the time is over. */
static bool wait_change(const struct bp_server *server, int inotify_fd, int timeout_ms)
{
	struct pollfd fds[2] = {{.fd = server->pidfd, .events = POLLIN},
				{.fd = inotify_fd, .events = POLLIN}};
	char events[4096];

	if (poll(fds, 2, timeout_ms) > 0 && fds[1].revents) {
		/* Only that something happened counts. */
		ssize_t n = read(inotify_fd, events, sizeof(events));
		(void)n;
	}
	return fds[0].revents == 0;
}

/** BP_OK it answers, BP_EBUSY it is loading, BP_EIO nobody is there yet. */
static enum bp_rc try_ping(const struct bp_server *server)
{
	struct bp_redis *redis = NULL;
	struct bp_err err = {0};
	enum bp_rc rc = bp_redis_open(server->paths.socket, PING_MS, &redis, &err);

	bp_redis_close(redis);
	if (rc != BP_OK && strstr(err.msg, "LOADING")) {
		return BP_EBUSY;
	}
	return rc;
}

static int watch_folder(const char *socket_path)
{
	char folder[BP_SERVER_SOCKET_BYTES];
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	const char *slash = strrchr(socket_path, '/');

	if (fd < 0 || !slash) {
		return fd;
	}
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - socket_path), socket_path);
	/* Without it we look again every RETRY_MS. IN_ATTRIB: the socket's chmod comes after bind,
	 * and right before it can be connected to. */
	(void)inotify_add_watch(fd, folder, IN_CREATE | IN_MOVED_TO | IN_ATTRIB);
	return fd;
}

static enum bp_rc wait_ready(struct bp_server *server, struct bp_err *err)
{
	int64_t start_us = bp_clock_mono_us();
	int inotify_fd = watch_folder(server->paths.socket);
	enum bp_rc rc = BP_EIO;

	for (;;) {
		rc = try_ping(server);
		int64_t waited_ms = (bp_clock_mono_us() - start_us) / 1000;
		if (rc == BP_OK || waited_ms > (rc == BP_EBUSY ? LOADING_MS : START_MS)) {
			break;
		}
		if (!wait_change(server, inotify_fd, RETRY_MS)) {
			(void)reap(server, true);
			break;
		}
	}
	if (inotify_fd >= 0) {
		(void)close(inotify_fd);
	}
	if (rc == BP_OK) {
		return BP_OK;
	}
	return bp_err_set(err, BP_EIO, "redis-server %s",
			  server->pid > 0 ? "does not answer" : "ended at once");
}

/** Take the append-only files out of the way; sources and spool fill the queue again. */
static enum bp_rc set_aside(struct bp_server *server, struct bp_err *err)
{
	char from[BP_SERVER_PATH_BYTES + 32];
	char to[BP_SERVER_PATH_BYTES + 64];
	long long now_us = (long long)bp_clock_wall_us();

	(void)snprintf(from, sizeof(from), "%s/appendonlydir", server->paths.data);
	(void)snprintf(to, sizeof(to), "%s/corrupt-%lld", server->paths.data, now_us);
	if (rename(from, to) != 0) {
		return bp_err_set(err, BP_EIO, "cannot set aside the corrupt \"%s\": %s", from,
				  strerrordesc_np(errno));
	}
	(void)snprintf(server->notice, sizeof(server->notice),
		       "the append-only file of Redis was corrupt: kept as redis/corrupt-%lld, "
		       "started empty; sources are read again from their checkpoints",
		       now_us);
	return BP_OK;
}

static enum bp_rc start_once(struct bp_server *server, bool *out_corrupt, struct bp_err *err)
{
	int64_t log_from = log_size(server->paths.log);
	struct bp_buf log;

	*out_corrupt = false;
	enum bp_rc rc = bp_server_spawn(&server->options, &server->paths, &server->pid,
					&server->pidfd, err);
	if (rc != BP_OK) {
		server->pid = 0;
		server->pidfd = -1;
		return rc;
	}
	rc = wait_ready(server, err);
	if (rc == BP_OK) {
		return BP_OK;
	}
	*out_corrupt = server->pid == 0;
	end_child(server);
	bp_buf_init(&log, LOG_TAIL_BYTES + 1);
	read_log(server->paths.log, log_from, &log);
	*out_corrupt = *out_corrupt && tells_corruption(&log);
	struct bp_str line = last_line(&log);
	if (err && line.len > 0) {
		size_t used = strlen(err->msg);

		(void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %.*s",
			       BP_STR_ARG(line));
	}
	bp_buf_done(&log);
	return rc;
}

static enum bp_rc start(struct bp_server *server, struct bp_err *err)
{
	bool leftover = false;
	bool corrupt = false;

	server->notice[0] = '\0';
	enum bp_rc rc = bp_server_end_leftover(&server->paths, &leftover, err);
	if (rc != BP_OK) {
		return rc;
	}
	if (leftover) {
		(void)snprintf(server->notice, sizeof(server->notice),
			       "ended the redis-server of an earlier service");
	}
	rc = start_once(server, &corrupt, err);
	if (rc != BP_OK && corrupt) {
		rc = set_aside(server, err);
		if (rc == BP_OK) {
			rc = start_once(server, &corrupt, err);
		}
	}
	return rc;
}

enum bp_rc bp_server_start(const struct bp_server_options *options, struct bp_server **out,
			   struct bp_err *err)
{
	struct bp_server *server = bp_calloc(1, sizeof(*server));

	server->pidfd = -1;
	server->options = *options;
	server->binary = bp_strdup(bp_str_from(options->binary ? options->binary : "redis-server"));
	server->home = bp_strdup(bp_str_from(options->home));
	server->options.binary = server->binary;
	server->options.home = server->home;
	enum bp_rc rc = bp_server_paths_make(server->home, &server->paths, err);
	if (rc == BP_OK) {
		rc = start(server, err);
	}
	if (rc != BP_OK) {
		bp_server_stop(server);
		return rc;
	}
	*out = server;
	return BP_OK;
}

const char *bp_server_notice(const struct bp_server *server)
{
	return server->notice;
}

int bp_server_fd(const struct bp_server *server)
{
	return server->pidfd;
}

const char *bp_server_address(const struct bp_server *server)
{
	return server->paths.socket;
}

pid_t bp_server_pid(const struct bp_server *server)
{
	return server->pid;
}

bool bp_server_ended(struct bp_server *server)
{
	return reap(server, false);
}

enum bp_rc bp_server_restart(struct bp_server *server, struct bp_err *err)
{
	end_child(server);
	return start(server, err);
}

void bp_server_stop(struct bp_server *server)
{
	if (!server) {
		return;
	}
	end_child(server);
	free(server->home);
	free(server->binary);
	free(server);
}
