/* SPDX-License-Identifier: MIT */
/**
 * server_parts.h - inside src/stream: the pieces of the private server.
 */
#ifndef BP_STREAM_SERVER_PARTS_H
#define BP_STREAM_SERVER_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "stream/server.h"

enum { BP_SERVER_PATH_BYTES = 4096, BP_SERVER_SOCKET_BYTES = 108 };

/** Everything that belongs to one home's server. */
struct bp_server_paths {
	char home[BP_SERVER_PATH_BYTES]; /* real path */
	char data[BP_SERVER_PATH_BYTES]; /* <home>/redis */
	char log[BP_SERVER_PATH_BYTES];  /* <home>/log/redis.log */
	char pid[BP_SERVER_PATH_BYTES];  /* <home>/run/redis.pid */
	char socket[BP_SERVER_SOCKET_BYTES];
};

/** Find them and make their folders (0700). Errors: BP_EIO, BP_ELIMIT. */
BP_MUSTUSE enum bp_rc bp_server_paths_make(const char *home, struct bp_server_paths *out,
					   struct bp_err *err);

/** End a server of this home that an earlier service left. *out_ended tells whether there was
 *  one. Waits up to 10 s. Errors: BP_EIO it does not go; BP_EBUSY another program has the
 *  socket. */
BP_MUSTUSE enum bp_rc bp_server_end_leftover(const struct bp_server_paths *paths, bool *out_ended,
					     struct bp_err *err);

/** SIGTERM, wait, SIGKILL, wait. False when it is still there. Does not reap. */
bool bp_server_end(int pidfd);

/** Fork and exec. Errors: BP_ENOTFOUND no binary, BP_EIO. Owns: *out_pidfd, close(). */
BP_MUSTUSE enum bp_rc bp_server_spawn(const struct bp_server_options *options,
				      const struct bp_server_paths *paths, pid_t *out_pid,
				      int *out_pidfd, struct bp_err *err);

#endif
