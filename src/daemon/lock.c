/* SPDX-License-Identifier: MIT */
#include "daemon/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"

/** The pid in run/pid as text without a newline; "?" when there is none. */
static void read_pid(const char *home, char *out, size_t cap)
{
	char path[BP_HOME_PATH_BYTES];
	struct bp_buf text;

	bp_buf_init(&text, 64);
	(void)snprintf(out, cap, "?");
	if (bp_home_file(home, "run/pid", path, sizeof(path), NULL) == BP_OK &&
	    bp_file_read(path, &text, NULL) == BP_OK && text.len > 0) {
		(void)snprintf(out, cap, "%.*s", (int)strcspn(text.ptr, "\n"), text.ptr);
	}
	bp_buf_done(&text);
}

static enum bp_rc write_pid(const char *home, struct bp_err *err)
{
	char path[BP_HOME_PATH_BYTES];
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	enum bp_rc rc = bp_home_file(home, "run/pid", path, sizeof(path), err);

	if (rc != BP_OK) {
		return rc;
	}
	/* No fsync: after a power cut there is no process that it could name. */
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		return bp_err_set(err, BP_EIO, "cannot write \"%s\": %s", path,
				  strerrordesc_np(errno));
	}
	rc = bp_file_write_all(fd, text, (size_t)n, err);
	(void)close(fd);
	return rc;
}

enum bp_rc bp_lock_take(const char *home, struct bp_lock *lock, struct bp_err *err)
{
	char path[BP_HOME_PATH_BYTES];
	enum bp_rc rc = bp_home_file(home, "run/lock", path, sizeof(path), err);

	if (rc != BP_OK) {
		return rc;
	}
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		return bp_err_set(err, BP_EIO, "cannot open \"%s\": %s", path,
				  strerrordesc_np(errno));
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int reason = errno;
		char pid[24];

		(void)close(fd);
		if (reason != EWOULDBLOCK) {
			return bp_err_set(err, BP_EIO, "cannot lock \"%s\": %s", path,
					  strerrordesc_np(reason));
		}
		read_pid(home, pid, sizeof(pid));
		return bp_err_set(err, BP_EBUSY,
				  "another blueplaned (pid %s) serves \"%s\": see `blueplane "
				  "status`, or end it with `blueplane stop`",
				  pid, home);
	}
	rc = write_pid(home, err);
	if (rc != BP_OK) {
		(void)close(fd);
		return rc;
	}
	lock->fd = fd;
	return BP_OK;
}

void bp_lock_give(const char *home, struct bp_lock *lock)
{
	char path[BP_HOME_PATH_BYTES];

	if (lock->fd < 0) {
		return;
	}
	if (bp_home_file(home, "run/pid", path, sizeof(path), NULL) == BP_OK) {
		(void)unlink(path);
	}
	(void)close(lock->fd);
	lock->fd = -1;
}
