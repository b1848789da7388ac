/* SPDX-License-Identifier: MIT */
#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_NOT_STARTED = 127, SIGNAL_BASE = 128 };

enum bp_rc bp_process_find(const char *name, char *out, size_t cap, struct bp_err *err)
{
	char self[PATH_MAX];
	const char *path = getenv("PATH"); /* NOLINT(concurrency-mt-unsafe): one thread */
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		char *slash = strrchr(self, '/');
		if (slash) {
			*slash = '\0';
		}
		int len = snprintf(out, cap, "%s/%s", self, name);
		if (len > 0 && (size_t)len < cap && access(out, X_OK) == 0) {
			return BP_OK;
		}
	}
	while (path && *path) {
		size_t part = strcspn(path, ":");
		int len = snprintf(out, cap, "%.*s/%s", (int)part, path, name);

		if (part > 0 && len > 0 && (size_t)len < cap && access(out, X_OK) == 0) {
			return BP_OK;
		}
		path += part + (path[part] == ':' ? 1 : 0);
	}
	return bp_err_set(err, BP_ENOTFOUND,
			  "the program %s is neither beside blueplane nor in PATH: install "
			  "blueplane again (scripts/up builds all of it)",
			  name);
}

/** In a child: put fds in place of 0, 1, 2 (-1: as it is) and become argv[0]. */
static _Noreturn void become(char *const *argv, int in, int out, int err_fd)
{
	if ((in < 0 || dup2(in, 0) >= 0) && (out < 0 || dup2(out, 1) >= 0) &&
	    (err_fd < 0 || dup2(err_fd, 2) >= 0)) {
		/* Whatever the caller left open is not for the child. */
		(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
		(void)execv(argv[0], argv);
	}
	_exit(EXIT_NOT_STARTED);
}

enum bp_rc bp_process_start(char *const *argv, struct bp_child *child, struct bp_err *err)
{
	int fds[2];
	int talk = memfd_create("blueplane-talk", MFD_CLOEXEC);

	if (talk < 0 || pipe2(fds, O_CLOEXEC) != 0) {
		int reason = errno;
		if (talk >= 0) {
			(void)close(talk);
		}
		return bp_err_set(err, BP_EIO, "cannot start \"%s\": %s", argv[0],
				  strerrordesc_np(reason));
	}
	pid_t pid = fork();
	if (pid == 0) {
		become(argv, -1, fds[1], talk);
	}
	int reason = errno;
	(void)close(fds[1]);
	if (pid < 0) {
		(void)close(fds[0]);
		(void)close(talk);
		return bp_err_set(err, BP_EIO, "cannot start \"%s\": %s", argv[0],
				  strerrordesc_np(reason));
	}
	*child = (struct bp_child){.pid = pid, .out_fd = fds[0], .talk_fd = talk};
	return BP_OK;
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return EXIT_NOT_STARTED;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNAL_BASE + WTERMSIG(status);
}

int bp_process_finish(struct bp_child *child, struct bp_buf *talk)
{
	int code = wait_for(child->pid);

	(void)lseek(child->talk_fd, 0, SEEK_SET);
	for (;;) {
		char *to = bp_buf_reserve(talk, 4096);
		ssize_t n = to ? read(child->talk_fd, to, 4096) : 0;

		if (n <= 0) {
			break;
		}
		talk->len += (size_t)n;
	}
	(void)close(child->talk_fd);
	(void)close(child->out_fd);
	return code;
}

int bp_process_run(char *const *argv)
{
	(void)fflush(stdout);
	pid_t pid = fork();

	if (pid == 0) {
		become(argv, -1, -1, -1);
	}
	return pid < 0 ? EXIT_NOT_STARTED : wait_for(pid);
}

/** In the child between: a session of its own, and the grandchild that stays. */
static _Noreturn void leave_child(char *const *argv, int null_fd, int log_fd, int report)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (setsid() < 0 || chdir("/") != 0) {
		_exit(EXIT_NOT_STARTED);
	}
	/* Twice: who leads a session could get a terminal again, and our caller must not become
	 * the parent that has to wait for it. */
	pid_t pid = fork();
	if (pid == 0) {
		become(argv, null_fd, log_fd, log_fd);
	}
	_exit(pid > 0 && write(report, &pid, sizeof(pid)) == (ssize_t)sizeof(pid)
		      ? 0
		      : EXIT_NOT_STARTED);
}

enum bp_rc bp_process_leave(char *const *argv, const char *log_path, pid_t *out_pid, int *out_pidfd,
			    struct bp_err *err)
{
	int fds[2] = {-1, -1};
	pid_t pid = -1;
	pid_t between = -1;
	enum bp_rc rc = BP_OK;
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (null_fd < 0 || log_fd < 0 || pipe2(fds, O_CLOEXEC) != 0) {
		rc = bp_err_set(err, BP_EIO, "cannot write \"%s\": %s", log_path,
				strerrordesc_np(errno));
		goto out;
	}
	between = fork();
	if (between == 0) {
		leave_child(argv, null_fd, log_fd, fds[1]);
	}
	(void)close(fds[1]);
	fds[1] = -1;
	if (between < 0 || wait_for(between) != 0 ||
	    read(fds[0], &pid, sizeof(pid)) != (ssize_t)sizeof(pid)) {
		rc = bp_err_set(err, BP_EIO, "cannot start \"%s\"", argv[0]);
		goto out;
	}
	*out_pid = pid;
	*out_pidfd = pidfd_open(pid, 0);
out:
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0) {
			(void)close(fds[i]);
		}
	}
	if (null_fd >= 0) {
		(void)close(null_fd);
	}
	if (log_fd >= 0) {
		(void)close(log_fd);
	}
	return rc;
}
