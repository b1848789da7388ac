/* SPDX-License-Identifier: MIT */
#include "bench/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "bench/bench.h"

enum { START_S = 15, OUTPUT_MAX = 64 << 20 };

static bool failed(const char *what)
{
	(void)fprintf(stderr, "bench: %s: %s\n", what, strerrordesc_np(errno));
	return false;
}

bool bench_service_make(struct bench_service *service, const char *bin)
{
	memset(service, 0, sizeof(*service));
	char *real = realpath(bin, NULL);
	if (!real || strlen(real) >= sizeof(service->bin)) {
		free(real);
		return failed("the folder of the programs");
	}
	(void)snprintf(service->bin, sizeof(service->bin), "%s", real);
	free(real);
	if (!bench_folder_make(service->folder, sizeof(service->folder))) {
		return failed("a folder");
	}
	(void)snprintf(service->home, sizeof(service->home), "%s/.blueplane", service->folder);
	(void)snprintf(service->projects, sizeof(service->projects), "%s/.claude/projects",
		       service->folder);
	(void)snprintf(service->database, sizeof(service->database), "%s/telemetry.db",
		       service->home);
	return bp_file_make_dirs(service->projects, 0700, NULL) == BP_OK || failed("a folder");
}

void bench_service_remove(struct bench_service *service)
{
	bench_service_stop(service);
	if (service->folder[0]) {
		bench_folder_remove(service->folder);
	}
}

/** In the child: become argv in the service's environment. Never returns. */
static _Noreturn void become(const struct bench_service *service, char *const argv[])
{
	enum { NOT_STARTED = 127 };
	char path[BENCH_PATH_BYTES * 2];
	char home[BENCH_PATH_BYTES];
	char own[BENCH_PATH_BYTES];
	char programs[BENCH_PATH_BYTES * 2];
	char zone[] = "TZ=UTC";
	char *environment[] = {home, own, programs, zone, NULL};

	(void)snprintf(path, sizeof(path), "%s/%s", service->bin, argv[0]);
	(void)snprintf(home, sizeof(home), "HOME=%s", service->folder);
	(void)snprintf(own, sizeof(own), "BLUEPLANE_HOME=%s", service->home);
	(void)snprintf(programs, sizeof(programs), "PATH=%s:/usr/bin:/bin", service->bin);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (chdir(service->folder) == 0) {
		(void)execve(path, argv, environment);
	}
	_exit(NOT_STARTED);
}

/** Its exit code, -1 when a signal ended it; usage (may be NULL): what it took. */
static int exit_code(pid_t pid, struct rusage *usage)
{
	int status = 0;

	while (wait4(pid, &status, 0, usage) < 0) {
		if (errno != EINTR) {
			return -1;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/** Everything a pipe gives until its writer ends. */
static void read_pipe(int fd, struct bp_buf *out)
{
	enum { STEP = 65536 };

	for (;;) {
		char *room = bp_buf_reserve(out, STEP);
		ssize_t n = room ? read(fd, room, STEP) : 0;
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return;
		}
		out->len += (size_t)n;
		out->ptr[out->len] = '\0';
	}
}

bool bench_service_run(const struct bench_service *service, char *const argv[], const char *input,
		       struct bp_buf *out)
{
	return bench_service_run_used(service, argv, input, out, NULL) == 0;
}

int bench_service_run_used(const struct bench_service *service, char *const argv[],
			   const char *input, struct bp_buf *out, struct rusage *usage)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0) {
		(void)failed("a pipe");
		return -1;
	}
	pid_t pid = fork();
	if (pid == 0) {
		int in = open(input ? input : "/dev/null", O_RDONLY | O_CLOEXEC);
		int talk = open("/dev/null", O_WRONLY | O_CLOEXEC);
		(void)dup2(in, STDIN_FILENO);
		(void)dup2(out ? ends[1] : talk, STDOUT_FILENO);
		(void)dup2(talk, STDERR_FILENO);
		become(service, argv);
	}
	(void)close(ends[1]);
	if (out && pid > 0) {
		bp_buf_clear(out);
		read_pipe(ends[0], out);
	}
	(void)close(ends[0]);
	return pid > 0 ? exit_code(pid, usage) : -1;
}

static bool answers(const struct bench_service *service)
{
	struct bp_buf out;
	char name[] = "blueplane";
	char command[] = "status";
	char form[] = "--json";
	char *argv[] = {name, command, form, NULL};

	bp_buf_init(&out, OUTPUT_MAX);
	bool ok = bench_service_run(service, argv, NULL, &out) && out.ptr &&
		  strstr(out.ptr, "\"state\":\"running\"") != NULL;
	bp_buf_done(&out);
	return ok;
}

static pid_t read_pid(const struct bench_service *service, const char *name)
{
	char path[BENCH_PATH_BYTES + 32];
	int pid = 0;

	(void)snprintf(path, sizeof(path), "%s/run/%s", service->home, name);
	FILE *file = fopen(path, "re");
	bool ok = file && fscanf(file, "%d", &pid) == 1;
	if (file) {
		(void)fclose(file);
	}
	return ok ? pid : 0;
}

/** Let the child and all it starts run on the first core that this process may use. */
static void pin(void)
{
	cpu_set_t may;
	cpu_set_t one;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(may), &may) != 0) {
		return;
	}
	for (size_t i = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, &may)) {
			CPU_SET(i, &one);
			(void)sched_setaffinity(0, sizeof(one), &one);
			return;
		}
	}
}

/** An old history would be archived, and what is measured would change meanwhile. */
static bool keep_rows(const struct bench_service *service)
{
	char name[] = "blueplane";
	char command[] = "config";
	char verb[] = "set";
	char option[] = "retention.raw_days";
	char for_ever[] = "0";
	char *argv[] = {name, command, verb, option, for_ever, NULL};

	return bench_service_run(service, argv, NULL, NULL) || failed("config set");
}

bool bench_service_start(struct bench_service *service, bool one_core)
{
	enum { POLL_MS = 20 };
	char log[BENCH_PATH_BYTES];
	char name[] = "blueplaned";
	char *argv[] = {name, NULL};

	if (!keep_rows(service)) {
		return false;
	}
	(void)snprintf(log, sizeof(log), "%s/service.log", service->folder);
	pid_t pid = fork();
	if (pid == 0) {
		int talk = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		(void)dup2(talk, STDOUT_FILENO);
		(void)dup2(talk, STDERR_FILENO);
		if (one_core) {
			pin();
		}
		become(service, argv);
	}
	service->pid = pid > 0 ? pid : 0;
	double until = bench_now() + START_S;
	while (pid > 0 && bench_now() < until && waitpid(pid, NULL, WNOHANG) == 0) {
		if (answers(service)) {
			service->redis_pid = read_pid(service, "redis.pid");
			return true;
		}
		(void)poll(NULL, 0, POLL_MS); /* nothing tells other programs that it is ready */
	}
	(void)fprintf(stderr, "bench: blueplaned did not start, see %s\n", log);
	return false;
}

void bench_service_stop(struct bench_service *service)
{
	if (service->pid > 0) {
		(void)kill(service->pid, SIGTERM);
		(void)exit_code(service->pid, NULL);
	}
	service->pid = 0;
	service->redis_pid = 0;
}

bool bench_service_reset(struct bench_service *service)
{
	bench_service_stop(service);
	bench_folder_remove(service->home);
	bench_folder_remove(service->projects);
	return bp_file_make_dirs(service->projects, 0700, NULL) == BP_OK || failed("a folder");
}

bool bench_service_settle(const struct bench_service *service)
{
	char name[] = "blueplane";
	char command[] = "status";
	char option[] = "--wait";
	char *argv[] = {name, command, option, NULL};

	return bench_service_run(service, argv, NULL, NULL);
}

struct bench_cpu bench_service_cpu(const struct bench_service *service)
{
	return (struct bench_cpu){.service = bench_cpu_of(service->pid),
				  .redis = bench_cpu_of(service->redis_pid)};
}
