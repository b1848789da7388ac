/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "torture/torture.h"

enum { REAP_POLL_MS = 10 };

void home_enter(const struct torture_home *home)
{
	/* What a killed service leaves behind becomes ours, so that none can hide. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 || setenv("HOME", home->user, 1) != 0 ||
	    setenv("BLUEPLANE_HOME", home->home, 1) != 0 || unsetenv("CLAUDE_CONFIG_DIR") != 0 ||
	    unsetenv("XDG_CONFIG_HOME") != 0) {
		torture_give_up("cannot prepare the environment: %s", strerrordesc_np(errno));
	}
}

static pid_t spawn(const struct torture_home *home, int out_fd, const char *const *words)
{
	char program[TORTURE_PATH_BYTES];
	union {
		const char *const *constant;
		char *const *plain;
	} argv = {.constant = words};

	(void)snprintf(program, sizeof(program), "%s/%s", home->bin, words[0]);
	pid_t pid = fork();
	if (pid == 0) {
		int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

		out_fd = out_fd < 0 ? null_fd : out_fd;
		if (dup2(null_fd, 0) >= 0 && dup2(out_fd, 1) >= 0 && dup2(out_fd, 2) >= 0) {
			(void)execv(program, argv.plain);
		}
		_exit(127);
	}
	if (pid < 0) {
		torture_give_up("cannot start %s: %s", words[0], strerrordesc_np(errno));
	}
	return pid;
}

int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return -1;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_blueplane(const struct torture_home *home, struct bp_buf *out, const char *a, const char *b,
		  const char *c)
{
	const char *const words[] = {"blueplane", a, b, c, NULL};
	int fds[2] = {-1, -1};

	if (out && pipe2(fds, O_CLOEXEC) != 0) {
		torture_give_up("no pipe: %s", strerrordesc_np(errno));
	}
	pid_t pid = spawn(home, fds[1], words);
	if (out) {
		(void)close(fds[1]);
		bp_buf_clear(out);
		for (;;) {
			char *to = bp_buf_reserve(out, 65536);
			ssize_t n = to ? read(fds[0], to, 65536) : 0;

			if (n < 0 && errno == EINTR) {
				continue;
			}
			if (n <= 0) {
				break;
			}
			out->len += (size_t)n;
			out->ptr[out->len] = '\0';
		}
		(void)close(fds[0]);
	}
	return wait_for(pid);
}

pid_t start_blueplane(const struct torture_home *home, const char *a)
{
	const char *const words[] = {"blueplane", a, NULL};

	return spawn(home, -1, words);
}

/** Is the home one of the arguments it was started with, or the beginning of one? */
static bool is_ours(const struct torture_home *home, pid_t pid)
{
	struct bp_buf text;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	bp_buf_init(&text, 65536);
	bool ours = bp_file_read(path, &text, NULL) == BP_OK &&
		    memmem(text.ptr ? text.ptr : "", text.len, home->home, strlen(home->home));
	bp_buf_done(&text);
	return ours;
}

pid_t pid_of(const struct torture_home *home, const char *name)
{
	char path[TORTURE_PATH_BYTES * 2];
	struct bp_buf text;
	long pid = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", home->home, name);
	bp_buf_init(&text, 64);
	if (bp_file_read(path, &text, NULL) == BP_OK) {
		for (size_t i = 0; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
			pid = pid * 10 + (text.ptr[i] - '0');
		}
	}
	bp_buf_done(&text);
	return pid > 1 && is_ours(home, (pid_t)pid) ? (pid_t)pid : 0;
}

void kill_hard(pid_t pid)
{
	if (pid <= 1) {
		return;
	}
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	(void)kill(pid, SIGKILL);
	if (pidfd >= 0) {
		struct pollfd wait = {.fd = pidfd, .events = POLLIN};

		(void)poll(&wait, 1, 10000);
		(void)close(pidfd);
	}
	/* Ours when its parent died before it; else somebody else reaps it. */
	(void)waitpid(pid, NULL, WNOHANG);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

void remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int reap_all(int timeout_ms)
{
	int64_t until_us = torture_now_us() + (int64_t)timeout_ms * 1000;
	char text[64];
	int killed = 0;

	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno != EINTR) {
			return killed;
		}
		if (pid != 0) {
			continue;
		}
		if (torture_now_us() < until_us) {
			torture_pause(REAP_POLL_MS);
			continue;
		}
		/* One who is left: its name, and its end. */
		struct bp_buf children;
		(void)snprintf(text, sizeof(text), "/proc/self/task/%ld/children", (long)getpid());
		bp_buf_init(&children, 65536);
		long left = 0;
		if (bp_file_read(text, &children, NULL) == BP_OK) {
			for (size_t i = 0;
			     i < children.len && children.ptr[i] >= '0' && children.ptr[i] <= '9';
			     i++) {
				left = left * 10 + (children.ptr[i] - '0');
			}
		}
		(void)fprintf(stderr, "torture: processes left: %s\n",
			      children.ptr ? children.ptr : "?");
		bp_buf_done(&children);
		if (left <= 1) {
			return killed + 1;
		}
		(void)kill((pid_t)left, SIGCONT);
		(void)kill((pid_t)left, SIGKILL);
		(void)wait_for((pid_t)left);
		killed++;
	}
}
