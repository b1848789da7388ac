/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "event/hash.h"
#include "stream/server_parts.h"

_Static_assert(BP_SERVER_PATH_BYTES >= PATH_MAX, "realpath() writes PATH_MAX bytes");

static const char SOCKET_NAME[] = "redis.sock";

static bool print(char *out, size_t cap, const char *a, const char *b)
{
	int n = snprintf(out, cap, "%s/%s", a, b);

	return n > 0 && (size_t)n < cap;
}

/** One name for one home, however it is written; a home that is not there yet stays as given. */
static bool real_home(const char *home, char out[BP_SERVER_PATH_BYTES])
{
	if (realpath(home, out)) {
		return true;
	}
	int n = snprintf(out, BP_SERVER_PATH_BYTES, "%s", home);
	return n > 0 && n < BP_SERVER_PATH_BYTES;
}

/** The folder of a socket whose path in the home would be too long for the kernel. */
static bool outside_folder(const char *home, char *out, size_t cap)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	unsigned char digest[BP_SHA256_BYTES];
	char hex[17];
	struct bp_sha256 sha;

	bp_sha256_init(&sha);
	bp_sha256_add(&sha, home, strlen(home));
	bp_sha256_end(&sha, digest);
	for (size_t i = 0; i < 8; i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	}
	int n = runtime && runtime[0] == '/'
			? snprintf(out, cap, "%s/blueplane-%s", runtime, hex)
			: snprintf(out, cap, "/tmp/blueplane-%u-%s", (unsigned)getuid(), hex);
	return n > 0 && (size_t)n < cap;
}

/** In a folder that others can write to, somebody may have been there first. */
static enum bp_rc check_private(const char *folder, bool make, struct bp_err *err)
{
	struct stat st;

	if (make && mkdir(folder, 0700) != 0 && errno != EEXIST) {
		return bp_err_set(err, BP_EIO, "cannot make \"%s\": %s", folder,
				  strerrordesc_np(errno));
	}
	if (lstat(folder, &st) != 0) {
		return errno == ENOENT && !make
			       ? BP_OK
			       : bp_err_set(err, BP_EIO, "cannot look at \"%s\": %s", folder,
					    strerrordesc_np(errno));
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != getuid() || (st.st_mode & 077) != 0) {
		return bp_err_set(err, BP_EIO, "\"%s\" is not a private folder of yours", folder);
	}
	return BP_OK;
}

/**
 * The socket outside the home depends on XDG_RUNTIME_DIR, which a service and a shell may see
 * differently: the service notes in the home where it put it.
 */
static bool noted_socket(const char *data, char *out, size_t cap)
{
	char path[BP_SERVER_PATH_BYTES];
	struct bp_buf text;
	bool found = false;

	bp_buf_init(&text, BP_SERVER_SOCKET_BYTES - 1);
	if (print(path, sizeof(path), data, "socket.path") &&
	    bp_file_read(path, &text, NULL) == BP_OK && text.len > 0 && text.ptr[0] == '/' &&
	    text.len < cap) {
		memcpy(out, text.ptr, text.len + 1);
		found = true;
	}
	bp_buf_done(&text);
	return found;
}

/** make: the service, which decides; else a reader, who believes the note. */
static enum bp_rc find_socket(const char *home, const char *data, bool make, char *out, size_t cap,
			      struct bp_err *err)
{
	char folder[BP_SERVER_PATH_BYTES];
	char path[BP_SERVER_PATH_BYTES];
	size_t limit = cap < BP_SERVER_SOCKET_BYTES ? cap : BP_SERVER_SOCKET_BYTES;

	if (!print(path, sizeof(path), data, SOCKET_NAME)) {
		return bp_err_set(err, BP_ELIMIT, "the path of the home is too long");
	}
	if (strlen(path) < BP_SERVER_SOCKET_BYTES) {
		if (strlen(path) >= cap) {
			return bp_err_set(err, BP_ELIMIT, "the path of the socket is too long");
		}
		memcpy(out, path, strlen(path) + 1);
		return BP_OK;
	}
	if (!make && noted_socket(data, out, cap)) {
		return BP_OK;
	}
	if (!outside_folder(home, folder, sizeof(folder)) ||
	    !print(out, limit, folder, SOCKET_NAME)) {
		return bp_err_set(err, BP_ELIMIT, "the path of the socket is too long");
	}
	enum bp_rc rc = check_private(folder, make, err);
	if (rc == BP_OK && make && print(path, sizeof(path), data, "socket.path")) {
		rc = bp_file_replace(path, bp_str_from(out), 0600, err);
	}
	return rc;
}

enum bp_rc bp_server_paths_make(const char *home, struct bp_server_paths *out, struct bp_err *err)
{
	enum bp_rc rc = bp_file_make_dirs(home, 0700, err);
	char folder[BP_SERVER_PATH_BYTES];

	if (rc != BP_OK) {
		return rc;
	}
	if (!real_home(home, out->home) ||
	    !print(out->data, sizeof(out->data), out->home, "redis") ||
	    !print(out->log, sizeof(out->log), out->home, "log/redis.log") ||
	    !print(out->pid, sizeof(out->pid), out->home, "run/redis.pid")) {
		return bp_err_set(err, BP_ELIMIT, "the path of the home is too long");
	}
	rc = bp_file_make_dirs(out->data, 0700, err);
	if (rc == BP_OK && print(folder, sizeof(folder), out->home, "log")) {
		rc = bp_file_make_dirs(folder, 0700, err);
	}
	if (rc == BP_OK && print(folder, sizeof(folder), out->home, "run")) {
		rc = bp_file_make_dirs(folder, 0700, err);
	}
	if (rc == BP_OK) {
		rc = find_socket(out->home, out->data, true, out->socket, sizeof(out->socket), err);
	}
	return rc;
}

enum bp_rc bp_server_socket_path(const char *home, char *out, size_t cap, struct bp_err *err)
{
	char real[BP_SERVER_PATH_BYTES];
	char data[BP_SERVER_PATH_BYTES];

	if (!real_home(home, real) || !print(data, sizeof(data), real, "redis")) {
		return bp_err_set(err, BP_ELIMIT, "the path of the home is too long");
	}
	return find_socket(real, data, false, out, cap, err);
}
