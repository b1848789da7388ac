/* SPDX-License-Identifier: MIT */
#include "base/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

enum { SALT_BYTES = 32 };

static enum bp_rc too_long(struct bp_err *err)
{
	return bp_err_set(err, BP_ELIMIT,
			  "the path of the blueplane home is too long: choose another with "
			  "BLUEPLANE_HOME");
}

enum bp_rc bp_home_path(char *out, size_t cap, struct bp_err *err)
{
	const char *own = getenv("BLUEPLANE_HOME"); /* NOLINT(concurrency-mt-unsafe): never set */
	const char *user = getenv("HOME");          /* NOLINT(concurrency-mt-unsafe): never set */
	int n = 0;

	if (own && own[0] == '/') {
		n = snprintf(out, cap, "%s", own);
	} else if (own && own[0]) {
		char *folder = getcwd(NULL, 0);

		if (!folder) {
			return bp_err_set(err, BP_EINVAL,
					  "BLUEPLANE_HOME is relative and there is no working "
					  "folder: give an absolute path");
		}
		n = snprintf(out, cap, "%s/%s", folder, own);
		free(folder);
	} else if (user && user[0]) {
		n = snprintf(out, cap, "%s/.blueplane", user);
	} else {
		return bp_err_set(err, BP_ENOTFOUND,
				  "neither BLUEPLANE_HOME nor HOME is set: set one of them");
	}
	if (n < 0 || (size_t)n >= cap) {
		return too_long(err);
	}
	while (n > 1 && out[n - 1] == '/') {
		out[--n] = '\0';
	}
	return BP_OK;
}

enum bp_rc bp_home_check(const char *home, struct bp_err *err)
{
	struct stat st;

	if (stat(home, &st) != 0) {
		if (errno == ENOENT || errno == ENOTDIR) {
			return bp_err_set(err, BP_ENOTFOUND,
					  "there is no blueplane home at \"%s\": run `blueplane "
					  "start`",
					  home);
		}
		return bp_err_set(err, BP_EINVAL, "cannot look at the home \"%s\": %s", home,
				  strerrordesc_np(errno));
	}
	if (!S_ISDIR(st.st_mode)) {
		return bp_err_set(err, BP_EINVAL,
				  "\"%s\" is not a folder: move it away, or choose another home "
				  "with BLUEPLANE_HOME",
				  home);
	}
	if (st.st_uid != geteuid()) {
		return bp_err_set(err, BP_EINVAL,
				  "the home \"%s\" belongs to another user: sudo chown -R %u '%s'",
				  home, (unsigned)geteuid(), home);
	}
	if ((st.st_mode & 077) != 0) {
		return bp_err_set(err, BP_EINVAL, "others can read the home \"%s\": chmod 700 '%s'",
				  home, home);
	}
	if (access(home, W_OK) != 0 && errno == EROFS) {
		return bp_err_set(
			err, BP_EINVAL,
			"the home \"%s\" is on a read-only file system: mount it writable, "
			"or choose another home with BLUEPLANE_HOME",
			home);
	}
	if ((st.st_mode & 0700) != 0700 || access(home, W_OK | X_OK) != 0) {
		return bp_err_set(err, BP_EINVAL,
				  "the home \"%s\" cannot be written to: chmod 700 '%s'", home,
				  home);
	}
	return BP_OK;
}

enum bp_rc bp_home_file(const char *home, const char *name, char *out, size_t cap,
			struct bp_err *err)
{
	int n = snprintf(out, cap, "%s/%s", home, name);

	return n < 0 || (size_t)n >= cap ? too_long(err) : BP_OK;
}

/** Fill bytes from the system's random source. */
static enum bp_rc random_bytes(unsigned char *bytes, size_t n, struct bp_err *err)
{
	/* Up to 256 bytes come whole and uninterrupted (getrandom(2)). */
	if (getrandom(bytes, n, 0) != (ssize_t)n) {
		return bp_err_set(err, BP_EIO, "no random bytes: %s", strerrordesc_np(errno));
	}
	return BP_OK;
}

/** Make <home>/salt unless it is there. */
static enum bp_rc make_salt(const char *home, struct bp_err *err)
{
	char path[BP_HOME_PATH_BYTES];
	char fresh[BP_HOME_PATH_BYTES];
	unsigned char salt[SALT_BYTES];
	enum bp_rc rc = bp_home_file(home, "salt", path, sizeof(path), err);

	if (rc != BP_OK || access(path, F_OK) == 0) {
		return rc;
	}
	rc = bp_home_file(home, "salt.XXXXXX", fresh, sizeof(fresh), err);
	if (rc == BP_OK) {
		rc = random_bytes(salt, sizeof(salt), err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	int fd = mkostemp(fresh, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		return bp_err_set(err, BP_EIO, "cannot write into \"%s\": %s", home,
				  strerrordesc_np(errno));
	}
	rc = bp_file_write_all(fd, salt, sizeof(salt), err);
	if (rc == BP_OK && fsync(fd) != 0) {
		rc = bp_err_set(err, BP_EIO, "cannot write the salt: %s", strerrordesc_np(errno));
	}
	(void)close(fd);
	/* link, not rename: of two processes the first one's salt stays. */
	if (rc == BP_OK && link(fresh, path) != 0 && errno != EEXIST) {
		rc = bp_err_set(err, BP_EIO, "cannot make \"%s\": %s", path,
				strerrordesc_np(errno));
	}
	(void)unlink(fresh);
	return rc;
}

enum bp_rc bp_home_make(const char *home, struct bp_err *err)
{
	static const char *const folders[] = {"run", "spool/tmp", "spool/new",
					      "log", "redis",     "archive"};
	enum bp_rc rc = bp_home_check(home, err);

	if (rc == BP_ENOTFOUND) {
		rc = bp_file_make_dirs(home, 0700, err);
		if (rc == BP_OK) {
			rc = bp_home_check(home, err); /* umask may have taken our own bits */
		}
	}
	for (size_t i = 0; rc == BP_OK && i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[BP_HOME_PATH_BYTES];

		rc = bp_home_file(home, folders[i], path, sizeof(path), err);
		if (rc == BP_OK) {
			rc = bp_file_make_dirs(path, 0700, err);
		}
	}
	return rc == BP_OK ? make_salt(home, err) : rc;
}

enum bp_rc bp_home_salt(const char *home, unsigned char out[32], struct bp_err *err)
{
	char path[BP_HOME_PATH_BYTES];
	struct bp_buf bytes;
	enum bp_rc rc = bp_home_file(home, "salt", path, sizeof(path), err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_buf_init(&bytes, 4096);
	rc = bp_file_read(path, &bytes, err);
	if (rc == BP_OK && bytes.len != SALT_BYTES) {
		rc = bp_err_set(err, BP_ECORRUPT,
				"\"%s\" is damaged (%zu bytes instead of 32): restore it, or move "
				"it away and accept new hashes",
				path, bytes.len);
	}
	if (rc == BP_OK) {
		memcpy(out, bytes.ptr, SALT_BYTES);
	}
	bp_buf_done(&bytes);
	return rc;
}
