/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "stream/server_parts.h"

enum { ARGS_MAX = 80 };

/** argv of the child, made before fork(): between fork() and exec() nothing may be allocated. */
struct arguments {
	char *items[ARGS_MAX];
	size_t n;
};

static void add(struct arguments *arguments, const char *text)
{
	BP_ASSERT(arguments->n + 1 < ARGS_MAX);
	arguments->items[arguments->n++] = bp_strdup(bp_str_from(text));
}

static void free_arguments(struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->n; i++) {
		free(arguments->items[i]);
	}
}

static void make_arguments(const struct bp_server_options *options,
			   const struct bp_server_paths *paths, struct arguments *out)
{
	char memory[24];
	const char *const pairs[][2] = {
		{"--port", "0"},
		{"--unixsocket", paths->socket},
		{"--unixsocketperm", "700"},
		{"--dir", paths->data},
		{"--pidfile", paths->pid},
		{"--logfile", paths->log},
		{"--loglevel", "notice"},
		{"--daemonize", "no"},
		/* The title would replace the arguments, by which a leftover is recognised. */
		{"--set-proc-title", "no"},
		{"--save", ""},
		{"--appendonly", "yes"},
		{"--appendfsync", options->fsync_always ? "always" : "everysec"},
		{"--aof-load-truncated", "yes"},
		{"--maxmemory", memory},
		{"--maxmemory-policy", "noeviction"},
		{"--stop-writes-on-bgsave-error", "no"},
		{"--databases", "1"},
		{"--activerehashing", "no"},
		/* Neither may keep what a command carried. */
		{"--crash-log-enabled", "no"},
		{"--slowlog-log-slower-than", "-1"},
	};

	(void)snprintf(memory, sizeof(memory), "%lld", (long long)options->max_memory_bytes);
	add(out, "redis-server");
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		add(out, pairs[i][0]);
		add(out, pairs[i][1]);
	}
}

bool bp_server_find(const char *name, char *out, size_t cap)
{
	const char *path = getenv("PATH");
	const char *const lists[] = {path ? path : "", "/usr/bin:/usr/local/bin:/bin"};

	if (strchr(name, '/')) {
		int n = snprintf(out, cap, "%s", name);
		return n < (int)cap && access(out, X_OK) == 0;
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *at = lists[i];

		while (*at) {
			size_t len = strcspn(at, ":");
			int n = snprintf(out, cap, "%.*s/%s", (int)len, at, name);

			if (len > 0 && n < (int)cap && access(out, X_OK) == 0) {
				return true;
			}
			at += len + (at[len] == ':' ? 1 : 0);
		}
	}
	return false;
}

/** In the child: only async-signal-safe calls. */
static _Noreturn void run_child(const char *binary, char *const *argv, pid_t parent, int log_fd,
				int error_fd)
{
	sigset_t none;
	int reason = 0;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	/* A group of its own: Ctrl-C on the service must not end Redis before the service. */
	(void)setpgid(0, 0);
	(void)umask(077);
	/* The parent may have died between fork() and prctl(): then nobody would signal us. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent) {
		_exit(127);
	}
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd >= 0 && dup2(null_fd, 0) >= 0 && dup2(log_fd, 1) >= 0 && dup2(log_fd, 2) >= 0) {
		/* Nothing of ours is inherited, whoever opened it without O_CLOEXEC. */
		(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
		(void)execv(binary, argv);
	}
	reason = errno;
	ssize_t n = write(error_fd, &reason, sizeof(reason));
	_exit(n < 0 ? 126 : 127);
}

/** The child's errno when exec failed, else 0. */
static int read_failure(int fd)
{
	int reason = 0;

	for (;;) {
		ssize_t n = read(fd, &reason, sizeof(reason));

		if (n < 0 && errno == EINTR) {
			continue;
		}
		return n == (ssize_t)sizeof(reason) ? reason : 0;
	}
}

static enum bp_rc start_child(const char *binary, char *const *argv, int log_fd, pid_t *out_pid,
			      struct bp_err *err)
{
	int fds[2];
	pid_t parent = getpid();

	if (pipe2(fds, O_CLOEXEC) != 0) {
		return bp_err_set(err, BP_EIO, "cannot start redis-server: %s",
				  strerrordesc_np(errno));
	}
	pid_t pid = fork();
	if (pid == 0) {
		run_child(binary, argv, parent, log_fd, fds[1]);
	}
	int reason = pid < 0 ? errno : 0;
	(void)close(fds[1]);
	if (pid > 0) {
		reason = read_failure(fds[0]);
	}
	(void)close(fds[0]);
	if (reason) {
		if (pid > 0) {
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
			}
		}
		return bp_err_set(err, BP_EIO, "cannot start redis-server: %s",
				  strerrordesc_np(reason));
	}
	*out_pid = pid;
	return BP_OK;
}

enum bp_rc bp_server_spawn(const struct bp_server_options *options,
			   const struct bp_server_paths *paths, pid_t *out_pid, int *out_pidfd,
			   struct bp_err *err)
{
	char binary[PATH_MAX];
	struct arguments arguments = {0};
	pid_t pid = 0;

	if (!bp_server_find(options->binary ? options->binary : "redis-server", binary,
			    sizeof(binary))) {
		return bp_err_set(err, BP_ENOTFOUND,
				  "no redis-server found: apt install redis-server");
	}
	int log_fd = open(paths->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (log_fd < 0) {
		return bp_err_set(err, BP_EIO, "cannot open \"%s\": %s", paths->log,
				  strerrordesc_np(errno));
	}
	make_arguments(options, paths, &arguments);
	enum bp_rc rc = start_child(binary, arguments.items, log_fd, &pid, err);
	free_arguments(&arguments);
	(void)close(log_fd);
	if (rc != BP_OK) {
		return rc;
	}
	int pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		int reason = errno;

		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
		}
		return bp_err_set(err, BP_EIO, "cannot watch redis-server: %s",
				  strerrordesc_np(reason));
	}
	*out_pid = pid;
	*out_pidfd = pidfd;
	return BP_OK;
}
