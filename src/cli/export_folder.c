/* SPDX-License-Identifier: MIT */
#include "cli/export_folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/export_file.h"

static enum bp_rc io_error(struct bp_err *err, const char *verb, const char *path)
{
	return bp_err_set(err, BP_EIO, "cannot %s \"%.150s\": %s", verb, path,
			  strerrordesc_np(errno));
}

enum bp_rc bp_export_folder_open(const char *path, struct bp_export_folder *out, struct bp_err *err)
{
	struct bp_str name = bp_str_from(path);

	while (name.len > 1 && name.ptr[name.len - 1] == '/') {
		name.len--;
	}
	*out = (struct bp_export_folder){.path = bp_strdup(name)};
	/* An empty folder may be there: it goes, and comes back full. */
	if (rmdir(out->path) != 0 && errno != ENOENT) {
		return errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR
			       ? bp_err_set(err, BP_EINVAL,
					    "\"%.150s\" is there already: name a folder that is "
					    "empty or new",
					    out->path)
			       : io_error(err, "replace", out->path);
	}
	out->temporary = bp_asprintf("%s.XXXXXX", out->path);
	if (!mkdtemp(out->temporary)) {
		enum bp_rc rc = io_error(err, "make folder", out->temporary);
		free(out->temporary);
		out->temporary = NULL;
		return rc;
	}
	return BP_OK;
}

enum bp_rc bp_export_folder_part(struct bp_export_folder *folder, const char *name, void **out_part,
				 struct bp_err *err)
{
	char *path = bp_asprintf("%s/%s", folder->temporary, name);
	char *slash = strrchr(path, '/');
	struct bp_export_file *file = bp_calloc(1, sizeof(*file));

	*slash = '\0';
	enum bp_rc rc = bp_file_make_dirs(path, 0700, err);
	*slash = '/';
	file->fd = -1;
	if (rc == BP_OK) {
		rc = bp_export_file_open(path, false, file, err);
	}
	free(path);
	if (rc != BP_OK) {
		bp_export_file_close(file);
		free(file);
		return rc;
	}
	*out_part = file;
	return BP_OK;
}

enum bp_rc bp_export_folder_end(struct bp_export_folder *folder, void *part, bool complete,
				struct bp_err *err)
{
	struct bp_export_file *file = part;
	enum bp_rc rc = complete ? bp_export_file_finish(file, err) : BP_OK;

	folder->bytes += file->bytes;
	folder->files++;
	bp_export_file_close(file);
	free(file);
	return rc;
}

enum bp_rc bp_export_folder_finish(struct bp_export_folder *folder, struct bp_err *err)
{
	if (rename(folder->temporary, folder->path) != 0) {
		return io_error(err, "name", folder->path);
	}
	free(folder->temporary);
	folder->temporary = NULL;
	return BP_OK;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	(void)info;
	(void)kind;
	(void)where;
	(void)remove(path); /* what stays has a name that says what it is */
	return 0;
}

void bp_export_folder_close(struct bp_export_folder *folder)
{
	enum { OPEN_FOLDERS = 8 };

	if (folder->temporary) {
		(void)nftw(folder->temporary, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
	}
	free(folder->temporary);
	free(folder->path);
	*folder = (struct bp_export_folder){.path = NULL};
}
