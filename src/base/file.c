/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	READ_BYTES = 64 * 1024,
	COPY_BYTES = 1024 * 1024,
	DEPTH_MAX = 64 /* a tree deeper than this is no tree of ours */
};

static enum bp_rc io_error(struct bp_err *err, const char *verb, const char *path)
{
	return bp_err_set(err, BP_EIO, "cannot %s \"%s\": %s", verb, path, strerrordesc_np(errno));
}

enum bp_rc bp_file_make_dirs(const char *path, mode_t mode, struct bp_err *err)
{
	char *copy = bp_strdup(bp_str_from(path));
	enum bp_rc rc = BP_OK;
	struct stat st;

	for (char *slash = copy; rc == BP_OK && slash;) {
		slash = strchr(slash + 1, '/');
		if (slash) {
			*slash = '\0';
		}
		/* Whatever mkdir says (EEXIST, EROFS, EACCES), a folder that is there is fine. */
		if (mkdir(copy, mode) != 0) {
			int reason = errno == EEXIST ? ENOTDIR : errno;

			if (stat(copy, &st) == 0 && S_ISDIR(st.st_mode)) {
				reason = 0;
			}
			errno = reason;
		} else {
			errno = 0;
		}
		if (errno != 0) {
			rc = io_error(err, "make folder", copy);
		}
		if (slash) {
			*slash = '/';
		}
	}
	free(copy);
	return rc;
}

/** Read fd to its end. */
static enum bp_rc read_all(int fd, const char *path, struct bp_buf *out, struct bp_err *err)
{
	for (;;) {
		size_t room = out->max - out->len;
		char extra = 0;
		char *to = &extra; /* at the maximum: is there one byte more? */

		if (room > 0) {
			room = room < READ_BYTES ? room : READ_BYTES;
			to = bp_buf_reserve(out, room);
		}
		ssize_t n = to ? read(fd, to, room > 0 ? room : 1) : -1;
		if (!to || (n > 0 && room == 0)) {
			return bp_err_set(err, BP_ELIMIT, "\"%s\" is larger than %zu bytes", path,
					  out->max);
		}
		if (n == 0) {
			return BP_OK;
		}
		if (n > 0) {
			out->len += (size_t)n;
		} else if (errno != EINTR) {
			return io_error(err, "read", path);
		}
	}
}

enum bp_rc bp_file_read(const char *path, struct bp_buf *out, struct bp_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		if (errno == ENOENT) {
			return bp_err_set(err, BP_ENOTFOUND, "\"%s\" is not there", path);
		}
		return io_error(err, "open", path);
	}
	enum bp_rc rc = read_all(fd, path, out, err);
	(void)close(fd);
	return rc;
}

enum bp_rc bp_file_write_all(int fd, const void *bytes, size_t n, struct bp_err *err)
{
	const char *from = bytes;

	while (n > 0) {
		ssize_t done = write(fd, from, n);

		if (done >= 0) {
			from += done;
			n -= (size_t)done;
		} else if (errno != EINTR) {
			return bp_err_set(err, BP_EIO, "write: %s", strerrordesc_np(errno));
		}
	}
	return BP_OK;
}

/** fsync the folder that holds path, so that the rename survives a power cut. */
static enum bp_rc sync_folder(const char *path, struct bp_err *err)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;
	char *folder = slash ? bp_strdup(bp_str_make(path, n ? n : 1)) : bp_strdup(BP_STR("."));
	enum bp_rc rc = BP_OK;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		rc = io_error(err, "open", folder);
	} else {
		/* EINVAL: a file system without fsync of folders; then there is nothing to do. */
		if (fsync(fd) != 0 && errno != EINVAL) {
			rc = io_error(err, "sync", folder);
		}
		(void)close(fd);
	}
	free(folder);
	return rc;
}

enum bp_rc bp_file_replace(const char *path, struct bp_str bytes, mode_t mode, struct bp_err *err)
{
	/* Through a symbolic link: people keep such files in a folder of their own. */
	char *real = realpath(path, NULL);
	const char *target = real ? real : path;
	char *temporary = bp_asprintf("%s.XXXXXX", target);
	enum bp_rc rc = BP_OK;
	bool made = false;
	int fd = mkostemp(temporary, O_CLOEXEC);

	if (fd < 0) {
		rc = io_error(err, "make a temporary file beside", target);
		goto out;
	}
	made = true;
	rc = bp_file_write_all(fd, bytes.ptr, bytes.len, err);
	if (rc != BP_OK) {
		rc = bp_err_wrap(err, rc, "\"%s\"", target);
		goto out;
	}
	if (fchmod(fd, mode) != 0 || fsync(fd) != 0) {
		rc = io_error(err, "write", target);
		goto out;
	}
	if (rename(temporary, target) != 0) {
		rc = io_error(err, "replace", target);
		goto out;
	}
	made = false;
	rc = sync_folder(target, err);
out:
	if (fd >= 0) {
		(void)close(fd);
	}
	if (made) {
		(void)unlink(temporary);
	}
	free(temporary);
	free(real);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	char *const *left = a;
	char *const *right = b;

	return strcmp(*left, *right);
}

/** The names in a folder, sorted; NULL-terminated, to be freed with its names; NULL: unreadable. */
static char **list_folder(const char *path)
{
	DIR *dir = opendir(path);
	char **names = NULL;
	size_t n = 0;

	if (!dir) {
		return NULL;
	}
	names = bp_calloc(1, sizeof(*names));
	for (;;) {
		const struct dirent *entry =
			readdir(dir); /* NOLINT(concurrency-mt-unsafe): own DIR */

		if (!entry) {
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			names = bp_realloc(names, n + 2, sizeof(*names));
			names[n++] = bp_strdup(bp_str_from(entry->d_name));
			names[n] = NULL;
		}
	}
	(void)closedir(dir);
	if (n > 1) {
		qsort(names, n, sizeof(*names), by_name);
	}
	return names;
}

static void walk(const char *root, unsigned depth,
		 bool (*each)(const char *path, bool is_dir, void *arg), void *arg)
{
	char **names = depth < DEPTH_MAX ? list_folder(root) : NULL;

	for (size_t i = 0; names && names[i]; i++) {
		char *path = bp_asprintf("%s/%s", root, names[i]);
		struct stat st;

		/* Gone since it was listed: then it is not in the tree. */
		if (lstat(path, &st) == 0) {
			bool is_dir = S_ISDIR(st.st_mode);

			if (each(path, is_dir, arg) && is_dir) {
				walk(path, depth + 1, each, arg);
			}
		}
		free(path);
		free(names[i]);
	}
	free(names);
}

void bp_file_walk(const char *root, bool (*each)(const char *path, bool is_dir, void *arg),
		  void *arg)
{
	walk(root, 0, each, arg);
}

/* --- moving --- */

static enum bp_rc copy_bytes(int from, int to, const char *path, struct bp_err *err)
{
	for (;;) {
		ssize_t n = sendfile(to, from, NULL, COPY_BYTES);
		if (n == 0) {
			return BP_OK;
		}
		if (n < 0 && errno != EINTR) {
			return io_error(err, "write", path);
		}
	}
}

/* Give the name only when nobody has it. */
static enum bp_rc rename_new(const char *from, const char *to, struct bp_err *err)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
		return BP_OK;
	}
	if (errno == EEXIST) {
		return bp_err_set(err, BP_EINVAL, "\"%s\" is there already: choose another name",
				  to);
	}
	return io_error(err, "write", to);
}

/* Beside `to`, then renamed: it is there whole or not at all. */
static enum bp_rc copy_across(const char *from, const char *to, struct bp_err *err)
{
	char *temporary = bp_asprintf("%s.XXXXXX", to);
	int source = open(from, O_RDONLY | O_CLOEXEC);
	int target = mkostemp(temporary, O_CLOEXEC);
	enum bp_rc rc = source < 0   ? io_error(err, "open", from)
			: target < 0 ? io_error(err, "write", to)
				     : copy_bytes(source, target, to, err);

	if (rc == BP_OK && fsync(target) != 0) {
		rc = io_error(err, "write", to);
	}
	if (rc == BP_OK) {
		rc = rename_new(temporary, to, err);
	}
	if (rc != BP_OK && target >= 0) {
		(void)unlink(temporary);
	}
	if (source >= 0) {
		(void)close(source);
	}
	if (target >= 0) {
		(void)close(target);
	}
	free(temporary);
	return rc;
}

enum bp_rc bp_file_move(const char *from, const char *to, struct bp_err *err)
{
	struct stat st;
	enum bp_rc rc = BP_OK;

	if (lstat(to, &st) == 0) {
		return bp_err_set(err, BP_EINVAL, "\"%s\" is there already: choose another name",
				  to);
	}
	/* Where the file system cannot do it in one step, a copy can. */
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0) {
		rc = errno == ENOENT ? io_error(err, "write", to) : copy_across(from, to, err);
		if (rc == BP_OK) {
			(void)unlink(from);
		}
	}
	return rc == BP_OK ? sync_folder(to, err) : rc;
}
