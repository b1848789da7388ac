/* SPDX-License-Identifier: MIT */
#include "cli/service_control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/home.h"
#include "base/line.h"
#include "base/mem.h"
#include "cli/control_client.h"
#include "cli/process.h"

enum {
	READY_US = 10 * 1000 * 1000,
	LATE_US = 1000 * 1000, /* another `start` may be faster than ours */
	POLL_MS = 3,
	STOP_MS = 30 * 1000,
	LOG_BYTES_MAX = 8 * 1024 * 1024
};

/** Keep one old log beside the present one. */
static void rotate_log(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_size > LOG_BYTES_MAX) {
		char *old = bp_asprintf("%s.1", path);
		(void)rename(path, old); /* else it goes on growing, which doctor shows */
		free(old);
	}
}

static int64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/** The last thing the service said since the log had `from` bytes. */
static void last_words(const char *log_path, int64_t from, struct bp_err *err)
{
	static const char name[] = "blueplaned: ";
	struct bp_str last = {0};
	struct bp_str line;
	struct bp_buf text;

	bp_buf_init(&text, (size_t)2 * LOG_BYTES_MAX);
	if (bp_file_read(log_path, &text, NULL) == BP_OK && (int64_t)text.len > from) {
		struct bp_str rest = bp_str_make(text.ptr + from, text.len - (size_t)from);
		while (bp_line_next(&rest, &line)) {
			last = line.len > 0 ? line : last;
		}
	}
	if (last.len == 0) {
		(void)bp_err_set(err, BP_EIO, "the service ended at once: see `blueplane logs`");
	} else if (bp_str_starts(last, BP_STR(name))) {
		(void)bp_err_set(err, BP_EIO, "%.*s", (int)(last.len - (sizeof(name) - 1)),
				 last.ptr + sizeof(name) - 1);
	} else {
		(void)bp_err_set(err, BP_EIO, "the service ended: %.*s", BP_STR_ARG(last));
	}
	bp_buf_done(&text);
}

/** Until it answers (BP_OK), or has ended (BP_EIO), or the time is over (BP_EBUSY). */
static enum bp_rc wait_ready(const char *home, int pidfd, long *out_pid)
{
	int64_t until_us = bp_clock_mono_us() + READY_US;
	bool ended = false;

	for (;;) {
		struct pollfd wait = {.fd = ended ? -1 : pidfd, .events = POLLIN};

		if (bp_control_ping(home, out_pid)) {
			return BP_OK;
		}
		if (bp_clock_mono_us() > until_us) {
			return ended ? BP_EIO : BP_EBUSY;
		}
		if (poll(&wait, 1, POLL_MS) > 0) {
			ended = true;
			until_us = bp_clock_mono_us() + LATE_US;
			if (!bp_service_locked(home, out_pid)) {
				return BP_EIO; /* nobody else is about to be ready either */
			}
		}
	}
}

enum bp_rc bp_service_start(const char *home, long *out_pid, bool *out_was_running,
			    struct bp_err *err)
{
	char program[BP_HOME_PATH_BYTES];
	char log_path[BP_HOME_PATH_BYTES];
	int pidfd = -1;
	pid_t pid = 0;

	*out_was_running = bp_control_ping(home, out_pid);
	if (*out_was_running) {
		return BP_OK;
	}
	enum bp_rc rc = bp_home_make(home, err);
	if (rc == BP_OK) {
		rc = bp_home_file(home, "log/blueplaned.log", log_path, sizeof(log_path), err);
	}
	if (rc == BP_OK) {
		rc = bp_process_find("blueplaned", program, sizeof(program), err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	rotate_log(log_path);
	int64_t from = size_of(log_path);
	char *home_copy = bp_strdup(bp_str_from(home));
	char *const argv[] = {program, (char[]){"--home"}, home_copy, NULL};
	rc = bp_process_leave(argv, log_path, &pid, &pidfd, err);
	free(home_copy);
	if (rc != BP_OK) {
		return rc;
	}
	rc = wait_ready(home, pidfd, out_pid);
	if (rc == BP_EIO) {
		last_words(log_path, from, err);
	} else if (rc == BP_EBUSY) {
		rc = bp_err_set(err, BP_EIO,
				"the service (pid %ld) does not answer after 10 s: see `blueplane "
				"logs` and `blueplane doctor`",
				(long)pid);
	}
	if (pidfd >= 0) {
		(void)close(pidfd);
	}
	return rc;
}

static long read_pid(const char *home)
{
	char path[BP_HOME_PATH_BYTES];
	struct bp_buf text;
	long pid = 0;

	bp_buf_init(&text, 64);
	if (bp_home_file(home, "run/pid", path, sizeof(path), NULL) == BP_OK &&
	    bp_file_read(path, &text, NULL) == BP_OK) {
		for (size_t i = 0; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
			pid = pid * 10 + (text.ptr[i] - '0');
		}
	}
	bp_buf_done(&text);
	return pid;
}

bool bp_service_locked(const char *home, long *out_pid)
{
	char path[BP_HOME_PATH_BYTES];

	*out_pid = 0;
	if (bp_home_file(home, "run/lock", path, sizeof(path), NULL) != BP_OK) {
		return false;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	bool locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	(void)close(fd);
	if (locked) {
		*out_pid = read_pid(home);
	}
	return locked;
}

/** Wait until the process is gone. */
static bool wait_gone(const char *home, int pidfd)
{
	int64_t until_us = bp_clock_mono_us() + (int64_t)STOP_MS * 1000;
	long pid = 0;

	if (pidfd >= 0) {
		struct pollfd wait = {.fd = pidfd, .events = POLLIN};
		return poll(&wait, 1, STOP_MS) > 0;
	}
	while (bp_service_locked(home, &pid)) {
		if (bp_clock_mono_us() > until_us) {
			return false;
		}
		(void)poll(NULL, 0, POLL_MS);
	}
	return true;
}

enum bp_rc bp_service_stop(const char *home, long *out_pid, struct bp_err *err)
{
	const struct bp_call call = {.home = home, .timeout_ms = 5000};
	cJSON *result = NULL;

	/* Before it is asked: afterwards the pid could be somebody else's. */
	bool locked = bp_service_locked(home, out_pid);
	int pidfd = locked && *out_pid > 0 ? pidfd_open((pid_t)*out_pid, 0) : -1;
	enum bp_rc rc = bp_control_ask(&call, "stop", NULL, &result, err);
	cJSON_Delete(result);
	if (rc != BP_OK && locked && pidfd >= 0) {
		/* It holds the lock and does not listen: a job without service, or one that hangs. */
		rc = pidfd_send_signal(pidfd, SIGTERM, NULL, 0) == 0
			     ? BP_OK
			     : bp_err_set(err, BP_EIO, "cannot signal process %ld: %s", *out_pid,
					  strerrordesc_np(errno));
	}
	if (rc == BP_OK && !wait_gone(home, pidfd)) {
		rc = bp_err_set(err, BP_EBUSY,
				"the service (pid %ld) does not end; nothing is lost by: kill -9 "
				"%ld",
				*out_pid, *out_pid);
	}
	if (pidfd >= 0) {
		(void)close(pidfd);
	}
	return rc;
}
