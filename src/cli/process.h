/* SPDX-License-Identifier: MIT */
/**
 * process.h - our other programs: where they are, run one and read it, leave one running.
 *
 * Threads: one.
 */
#ifndef BP_CLI_PROCESS_H
#define BP_CLI_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/**
 * The path of one of our programs: beside this one, else in PATH.
 * Errors: BP_ENOTFOUND neither; the message says what to do.
 */
BP_MUSTUSE enum bp_rc bp_process_find(const char *name, char *out, size_t cap, struct bp_err *err);

/** A child whose stdout is read by us; its stderr goes into a temporary file without a name. */
struct bp_child {
	pid_t pid;
	int out_fd;
	int talk_fd;
};

/** Start argv[0] (a path). Errors: BP_EIO it cannot be started. */
BP_MUSTUSE enum bp_rc bp_process_start(char *const *argv, struct bp_child *child,
				       struct bp_err *err);

/** Wait for its end; append what it said on stderr to talk. Returns its exit code (128 + n for a
 *  signal). */
int bp_process_finish(struct bp_child *child, struct bp_buf *talk);

/** Run argv[0] with our own stdin, stdout and stderr; returns its exit code, 127 when it cannot
 *  be started. */
int bp_process_run(char *const *argv);

/**
 * Leave argv[0] running in a session of its own, in "/", stdin /dev/null, stdout and stderr
 * appended to log_path, no other descriptor open.
 * Units:  *out_pidfd becomes readable when it ends; -1 when the kernel has none.
 * Errors: BP_EIO it cannot be started.
 */
BP_MUSTUSE enum bp_rc bp_process_leave(char *const *argv, const char *log_path, pid_t *out_pid,
				       int *out_pidfd, struct bp_err *err);

#endif
