/* SPDX-License-Identifier: MIT */
#include "cli/export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum { LINK_PATH_BYTES = 64 };

static enum bp_rc io_error(struct bp_err *err, const char *verb, const char *path)
{
	return bp_err_set(err, BP_EIO, "cannot %s \"%.150s\": %s", verb, path,
			  strerrordesc_np(errno));
}

static enum bp_rc is_there(struct bp_err *err, const char *path)
{
	return bp_err_set(err, BP_EINVAL,
			  "\"%.150s\" is there already: name another file, or add --overwrite",
			  path);
}

/* The folder of path. Owns: the caller, free(). */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	return slash ? bp_strdup(bp_str_make(path, n ? n : 1)) : bp_strdup(BP_STR("."));
}

static enum bp_rc make_nameless(struct bp_export_file *file, struct bp_err *err)
{
	char *folder = folder_of(file->path);
	enum bp_rc rc = BP_OK;

	file->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (file->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		/* A file system that knows no such files. */
		file->temporary = bp_asprintf("%s.XXXXXX", file->path);
		file->fd = mkostemp(file->temporary, O_CLOEXEC);
		if (file->fd < 0) {
			free(file->temporary);
			file->temporary = NULL;
		}
	}
	if (file->fd < 0) {
		rc = io_error(err, "write to folder", folder);
	}
	free(folder);
	return rc;
}

enum bp_rc bp_export_file_open(const char *path, bool overwrite, struct bp_export_file *out,
			       struct bp_err *err)
{
	struct stat info;

	(void)signal(SIGPIPE, SIG_IGN);
	*out = (struct bp_export_file){.fd = STDOUT_FILENO, .plain = true, .overwrite = overwrite};
	if (!path || strcmp(path, "-") == 0) {
		return BP_OK;
	}
	out->fd = -1;
	out->path = bp_strdup(bp_str_from(path));
	bool there = stat(path, &info) == 0;
	if (there && S_ISDIR(info.st_mode)) {
		return bp_err_set(err, BP_EINVAL, "\"%.150s\" is a folder: name a file", path);
	}
	if (there && !S_ISREG(info.st_mode)) {
		out->fd = open(path, O_WRONLY | O_CLOEXEC);
		return out->fd >= 0 ? BP_OK : io_error(err, "open", path);
	}
	out->plain = false;
	if (there && !overwrite) {
		return is_there(err, path);
	}
	return make_nameless(out, err);
}

enum bp_rc bp_export_file_write(struct bp_export_file *file, const void *bytes, size_t n,
				struct bp_err *err)
{
	enum bp_rc rc = bp_file_write_all(file->fd, bytes, n, err);

	file->bytes += (int64_t)n;
	return rc == BP_OK ? rc
			   : bp_err_wrap(err, rc, "cannot write %s",
					 file->path ? file->path : "the output");
}

/* Give the nameless file a name; EEXIST when there is one of that name. */
static bool link_to(const struct bp_export_file *file, const char *path)
{
	char self[LINK_PATH_BYTES];

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

/* A name beside path for the moment before it replaces what is there. */
static bool link_beside(struct bp_export_file *file)
{
	enum { TRIES = 100 };

	for (int i = 0; i < TRIES; i++) {
		free(file->temporary);
		file->temporary = bp_asprintf("%s.%ld-%d", file->path, (long)getpid(), i);
		if (link_to(file, file->temporary)) {
			return true;
		}
		if (errno != EEXIST) {
			break;
		}
	}
	free(file->temporary);
	file->temporary = NULL;
	return false;
}

static enum bp_rc give_name(struct bp_export_file *file, struct bp_err *err)
{
	bool done;

	if (!file->overwrite) {
		done = file->temporary ? link(file->temporary, file->path) == 0
				       : link_to(file, file->path);
		if (!done) {
			return errno == EEXIST ? is_there(err, file->path)
					       : io_error(err, "name", file->path);
		}
		return BP_OK; /* _close removes a temporary name */
	}
	done = (file->temporary || link_beside(file)) && rename(file->temporary, file->path) == 0;
	if (!done) {
		return io_error(err, "replace", file->path);
	}
	free(file->temporary);
	file->temporary = NULL;
	return BP_OK;
}

static enum bp_rc sync_folder(const char *path, struct bp_err *err)
{
	char *folder = folder_of(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* EINVAL: a file system without fsync of folders. */
	bool done = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
	enum bp_rc rc = done ? BP_OK : io_error(err, "sync", folder);

	if (fd >= 0) {
		(void)close(fd);
	}
	free(folder);
	return rc;
}

enum bp_rc bp_export_file_finish(struct bp_export_file *file, struct bp_err *err)
{
	if (file->plain) {
		return BP_OK;
	}
	enum bp_rc rc = fsync(file->fd) == 0 ? BP_OK : io_error(err, "sync", file->path);
	if (rc == BP_OK) {
		rc = give_name(file, err);
	}
	return rc == BP_OK ? sync_folder(file->path, err) : rc;
}

void bp_export_file_close(struct bp_export_file *file)
{
	if (file->temporary) {
		(void)unlink(file->temporary);
	}
	if (file->path && file->fd >= 0) {
		(void)close(file->fd);
	}
	free(file->temporary);
	free(file->path);
	*file = (struct bp_export_file){.fd = -1};
}
