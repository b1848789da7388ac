/* SPDX-License-Identifier: MIT */
/**
 * server.h - the private redis-server child.
 *
 * Why:     nobody has to install or start a Redis by hand.
 * Contract: Unix socket only (port 0), data and socket below the home (paths over 107 bytes move
 *          to $XDG_RUNTIME_DIR/blueplane-<hash>/), appendonly yes, everysec, noeviction, maxmemory
 *          256 MB, mode 0700. The child gets SIGTERM when the service dies (also by kill -9), and
 *          so flushes its AOF; a new service waits for a leftover one (by pid file and socket
 *          path in its command line) before it starts its own.
 * Threads: the main thread.
 */
#ifndef BP_STREAM_SERVER_H
#define BP_STREAM_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct bp_server;

struct bp_server_options {
	const char *home;         /* the blueplane home */
	const char *binary;       /* "redis-server", looked up in PATH and /usr/bin */
	int64_t max_memory_bytes; /* maxmemory */
	bool fsync_always;        /* stream.durability: always */
};

/**
 * Start it and wait until it answers PING (10 s at most; 60 s while it says that it is loading).
 * A leftover server of a killed service is ended first. The child dies with the calling thread.
 * Errors: BP_ENOTFOUND no redis-server binary (the message says `apt install redis-server`);
 *         BP_EIO it ended or did not answer: its last log line is in the message;
 *         BP_EBUSY another program listens on its socket (named).
 */
BP_MUSTUSE enum bp_rc bp_server_start(const struct bp_server_options *options,
				      struct bp_server **out, struct bp_err *err);

/**
 * What the last start had to do that a person should know ("" when nothing): a leftover server was
 * ended, a corrupt append-only file was set aside. For the log. Borrowed until the next start.
 */
const char *bp_server_notice(const struct bp_server *server);

/** Readable once the child has ended, for poll(); -1 when there is none. Borrowed. */
int bp_server_fd(const struct bp_server *server);

/** The address for bp_redis_open(). Borrowed. */
const char *bp_server_address(const struct bp_server *server);
pid_t bp_server_pid(const struct bp_server *server);

/** Reap the child if it ended. True when it ended since the last call: restart it. */
bool bp_server_ended(struct bp_server *server);

/** Start the child again after it ended. Errors: as bp_server_start. */
BP_MUSTUSE enum bp_rc bp_server_restart(struct bp_server *server, struct bp_err *err);

/** SIGTERM, wait 5 s, SIGKILL; then free. NULL is fine. */
void bp_server_stop(struct bp_server *server);

/** The path of the program of that name (with a slash: itself): in PATH, then where Debian has it.
 *  False when there is none that may be executed. */
bool bp_server_find(const char *name, char *out, size_t cap);

/** The socket path that a home's server has, also when it is not running (for the CLI and the
 *  hook). Writes at most cap bytes. Errors: BP_ELIMIT it does not fit; BP_EIO the folder outside
 *  the home belongs to somebody else. */
BP_MUSTUSE enum bp_rc bp_server_socket_path(const char *home, char *out, size_t cap,
					    struct bp_err *err);

#endif
