/* SPDX-License-Identifier: MIT */
#include "base/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

/* A service that is being killed lets go of its lock a moment before its socket. */
enum { BACKLOG = 16, TAKEN_LOOKS = 10, TAKEN_MS = 1000 };

/**
 * Fill address for path. *out_folder is -1, or a descriptor that must stay open until the address
 * was used.
 */
static enum bp_rc make_address(const char *path, struct sockaddr_un *address, int *out_folder,
			       struct bp_err *err)
{
	const char *slash = strrchr(path, '/');

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	*out_folder = -1;
	if (strlen(path) < sizeof(address->sun_path)) {
		memcpy(address->sun_path, path, strlen(path) + 1);
		return BP_OK;
	}
	if (!slash) {
		return bp_err_set(err, BP_EIO, "the socket name \"%s\" is too long", path);
	}
	char *folder = bp_strdup(bp_str_make(path, (size_t)(slash - path)));
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0) {
		return bp_err_set(err, errno == ENOENT ? BP_ENOTFOUND : BP_EIO, "\"%s\": %s", path,
				  strerrordesc_np(errno));
	}
	int n = snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d%s", fd,
			 slash);
	if (n < 0 || (size_t)n >= sizeof(address->sun_path)) {
		(void)close(fd);
		return bp_err_set(err, BP_EIO, "the socket name \"%s\" is too long", path);
	}
	*out_folder = fd;
	return BP_OK;
}

static void close_folder(int folder)
{
	if (folder >= 0) {
		(void)close(folder);
	}
}

/** True when somebody listens there, and goes on doing so. */
static bool is_taken(const struct sockaddr_un *address)
{
	for (int i = 0; i < TAKEN_LOOKS; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		struct pollfd ended = {.fd = fd, .events = 0};

		/* EAGAIN: it listens, and has more visitors than it lets in. */
		if (fd < 0 ||
		    (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
		     errno != EAGAIN)) {
			if (fd >= 0) {
				(void)close(fd);
			}
			return false;
		}
		bool stays = poll(&ended, 1, TAKEN_MS) == 0;
		(void)close(fd);
		if (stays) {
			return true;
		}
	}
	return true;
}

enum bp_rc bp_unix_listen(const char *path, int *out_fd, struct bp_err *err)
{
	struct sockaddr_un address;
	int folder = -1;
	enum bp_rc rc = make_address(path, &address, &folder, err);

	if (rc != BP_OK) {
		return rc;
	}
	if (is_taken(&address)) {
		close_folder(folder);
		return bp_err_set(
			err, BP_EBUSY,
			"another program listens on \"%s\": end it, or choose another home "
			"with BLUEPLANE_HOME",
			path);
	}
	(void)unlink(path); /* left over from a killed service */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0) {
		rc = bp_err_set(err, BP_EIO, "cannot listen on \"%s\": %s", path,
				strerrordesc_np(errno));
		if (fd >= 0) {
			(void)close(fd);
		}
	} else {
		*out_fd = fd;
	}
	close_folder(folder);
	return rc;
}

enum bp_rc bp_unix_connect(const char *path, int *out_fd, struct bp_err *err)
{
	struct sockaddr_un address;
	int folder = -1;
	enum bp_rc rc = make_address(path, &address, &folder, err);

	if (rc != BP_OK) {
		return rc;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		rc = bp_err_set(err, BP_EIO, "no socket: %s", strerrordesc_np(errno));
	} else if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		bool nobody = errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR;
		rc = bp_err_set(err, nobody ? BP_ENOTFOUND : BP_EIO, "cannot connect to \"%s\": %s",
				path, strerrordesc_np(errno));
		(void)close(fd);
	} else {
		*out_fd = fd;
	}
	close_folder(folder);
	return rc;
}
