/* SPDX-License-Identifier: MIT */
/**
 * sandbox.h - the kernel holds us to what we promise: write the home, run redis-server, talk to
 * nobody.
 *
 * Why:     a fault in a parser of strangers' files must not become a written ~/.bashrc or a
 *          connection. Landlock needs no privilege and is inherited by the Redis child.
 * What:    writing anywhere but below the home; executing anything but the given programs; TCP
 *          connections but to one port, and listening. Reading stays as file modes have it: an
 *          import may name any folder (docs/design/sandbox.md).
 * Threads: before the first thread is made.
 */
#ifndef BP_DAEMON_SANDBOX_H
#define BP_DAEMON_SANDBOX_H

#include <stddef.h>

#include "base/err.h"

struct bp_sandbox {
	const char *const *folders;  /* that may be written, NULL-terminated; missing ones are
					left out */
	const char *const *programs; /* that may be executed, NULL-terminated */
	int connect_port;            /* TCP port that may be connected to; 0: none */
};

/**
 * Enter it, for good.
 * Errors: BP_EVERSION the kernel has no Landlock, or none of it: nothing is restricted;
 *         BP_EIO it refused.
 */
BP_MUSTUSE enum bp_rc bp_sandbox_enter(const struct bp_sandbox *sandbox, struct bp_err *err);

#endif
