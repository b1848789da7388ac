/* SPDX-License-Identifier: MIT */
/**
 * unix_socket.h - listen on and connect to a Unix socket whatever the length of its path.
 *
 * Why:     sun_path holds 107 bytes and a home may be deeper. The folder is opened and the socket
 *          reached through /proc/self/fd/N/<name>, so the socket stays in the home.
 * Threads: any.
 */
#ifndef BP_BASE_UNIX_SOCKET_H
#define BP_BASE_UNIX_SOCKET_H

#include "base/err.h"

/**
 * Listen at path, mode 0600, close-on-exec, non-blocking. A socket file that is there is removed
 * when nobody listens on it: the caller holds the lock that says it is left over.
 * Errors: BP_EIO with path and reason; BP_EBUSY another program listens there (waits 1 s for it to
 * end), its socket is untouched.
 */
BP_MUSTUSE enum bp_rc bp_unix_listen(const char *path, int *out_fd, struct bp_err *err);

/** Connect (blocking, close-on-exec). Errors: BP_ENOTFOUND nobody listens there; BP_EIO. */
BP_MUSTUSE enum bp_rc bp_unix_connect(const char *path, int *out_fd, struct bp_err *err);

#endif
