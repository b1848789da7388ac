/* SPDX-License-Identifier: MIT */
/**
 * service.h - a real blueplaned in a home of its own, for the programs that measure it whole.
 *
 * Start:   `struct bench_service service; if (bench_service_make(&service, bin)) ...`
 * Owns:    the child, which dies with the process that started it, and the folder.
 * Threads: one thread owns a service.
 */
#ifndef BP_TESTS_BENCH_SERVICE_H
#define BP_TESTS_BENCH_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/buf.h"

enum { BENCH_PATH_BYTES = 512 };

struct bench_service {
	char bin[BENCH_PATH_BYTES - 64];       /* where the three programs are */
	char folder[BENCH_PATH_BYTES - 192];   /* everything of this service */
	char home[BENCH_PATH_BYTES - 128];     /* its BLUEPLANE_HOME */
	char projects[BENCH_PATH_BYTES - 128]; /* the watched ~/.claude/projects */
	char database[BENCH_PATH_BYTES];
	pid_t pid, redis_pid; /* 0 while it does not run */
};

/** Make the folders; nothing runs yet. False: it could not, a line on stderr says why. */
bool bench_service_make(struct bench_service *service, const char *bin);

/** Stop it when it runs and remove everything. */
void bench_service_remove(struct bench_service *service);

/** Start it, to keep rows for ever, and wait until it answers. one_core: it and its Redis share a single core. */
bool bench_service_start(struct bench_service *service, bool one_core);

/** SIGTERM, and wait: the queue is drained and the log is in the main database file then. */
void bench_service_stop(struct bench_service *service);

/** Forget everything: stop it, remove its home, make a fresh one. */
bool bench_service_reset(struct bench_service *service);

/**
 * Run a program of bin in the service's environment and wait for it; its standard output goes to
 * out (may be NULL), input (may be NULL) is a file. False: it did not exit with 0.
 */
bool bench_service_run(const struct bench_service *service, char *const argv[], const char *input,
		       struct bp_buf *out);

/** The same; returns the exit code, -1 when there is none. usage (may be NULL): its CPU time and
 *  the most memory it had, which is at least what the bench itself has. */
int bench_service_run_used(const struct bench_service *service, char *const argv[],
			   const char *input, struct bp_buf *out, struct rusage *usage);

/** `blueplane status --wait`: every number is final then. */
bool bench_service_settle(const struct bench_service *service);

/** CPU time so far, seconds, to 10 ms; bench_cpu_fine_of() is finer but forgets ended threads. */
struct bench_cpu {
	double service, redis;
};
struct bench_cpu bench_service_cpu(const struct bench_service *service);

#endif
