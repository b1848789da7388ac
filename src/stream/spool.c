/* SPDX-License-Identifier: MIT */
#include "stream/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "event/event.h"
#include "stream/spool_files.h"

enum {
	FILES_MAX = 100000,
	BYTES_MAX = 256 * 1024 * 1024,
	/* As many of the largest events do not pass BYTES_MAX: no need to look at sizes. */
	FILES_SURE = BYTES_MAX / BP_EVENT_BYTES_MAX
};

bool bp_spool_path(const char *home, const char *folder, const char *name,
		   char out[BP_SPOOL_PATH_BYTES])
{
	int n = snprintf(out, BP_SPOOL_PATH_BYTES, "%s/spool/%s%s%s", home, folder, name ? "/" : "",
			 name ? name : "");

	return n > 0 && n < BP_SPOOL_PATH_BYTES;
}

void bp_spool_count_lost(const char *home)
{
	char path[BP_SPOOL_PATH_BYTES];

	if (!bp_spool_path(home, "lost", NULL, path)) {
		return;
	}
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0) {
		enum bp_rc rc = bp_file_write_all(fd, ".", 1, NULL);

		(void)rc; /* nothing more can be done about an event that is lost already */
		(void)close(fd);
	}
}

/** Files and bytes in spool/new; sizes only when there are more files than sure. */
static void measure(const char *home, int64_t sure, struct bp_spool_state *out)
{
	char path[BP_SPOOL_PATH_BYTES];
	DIR *dir = bp_spool_path(home, "new", NULL, path) ? opendir(path) : NULL;

	if (!dir) {
		return;
	}
	const struct dirent *item = NULL;
	while ((item = readdir(dir)) != NULL) {
		out->files += item->d_name[0] == '.' ? 0 : 1;
	}
	if (out->files > sure) {
		rewinddir(dir);
		while ((item = readdir(dir)) != NULL) {
			struct stat st;

			if (item->d_name[0] != '.' &&
			    fstatat(dirfd(dir), item->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
				out->bytes += st.st_size;
			}
		}
	}
	(void)closedir(dir);
}

void bp_spool_state(const char *home, struct bp_spool_state *out)
{
	char path[BP_SPOOL_PATH_BYTES];
	struct stat st;

	*out = (struct bp_spool_state){0};
	measure(home, -1, out);
	if (bp_spool_path(home, "lost", NULL, path) && stat(path, &st) == 0) {
		out->lost = st.st_size;
	}
}

static enum bp_rc write_file(const char *path, struct bp_str bytes, struct bp_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		return bp_err_set(err, BP_EIO, "cannot write into the spool: %s",
				  strerrordesc_np(errno));
	}
	enum bp_rc rc = bp_file_write_all(fd, bytes.ptr, bytes.len, err);
	if (rc == BP_OK && fsync(fd) != 0) {
		rc = bp_err_set(err, BP_EIO, "cannot write into the spool: %s",
				strerrordesc_np(errno));
	}
	if (close(fd) != 0 && rc == BP_OK) {
		rc = bp_err_set(err, BP_EIO, "cannot write into the spool: %s",
				strerrordesc_np(errno));
	}
	return rc;
}

static enum bp_rc make_folders(const char *home, struct bp_err *err)
{
	static const char *const folders[] = {"tmp", "new"};
	char path[BP_SPOOL_PATH_BYTES];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (!bp_spool_path(home, folders[i], NULL, path)) {
			return bp_err_set(err, BP_EIO, "the path of the home is too long");
		}
		enum bp_rc rc = bp_file_make_dirs(path, 0700, err);
		if (rc != BP_OK) {
			return rc;
		}
	}
	return BP_OK;
}

enum bp_rc bp_spool_add(const char *home, const char *id_hex, struct bp_str event_json,
			struct bp_err *err)
{
	struct bp_spool_state state = {0};
	char tmp[BP_SPOOL_PATH_BYTES];
	char new[BP_SPOOL_PATH_BYTES];

	measure(home, FILES_SURE, &state);
	if (state.files >= FILES_MAX || state.bytes + (int64_t)event_json.len > BYTES_MAX) {
		bp_spool_count_lost(home);
		return bp_err_set(err, BP_ELIMIT, "the spool is full: %lld files",
				  (long long)state.files);
	}
	enum bp_rc rc = make_folders(home, err);
	if (rc == BP_OK && (!bp_spool_path(home, "tmp", id_hex, tmp) ||
			    !bp_spool_path(home, "new", id_hex, new))) {
		rc = bp_err_set(err, BP_EIO, "the path of the home is too long");
	}
	if (rc == BP_OK) {
		rc = write_file(tmp, event_json, err);
		if (rc == BP_OK && rename(tmp, new) != 0) {
			rc = bp_err_set(err, BP_EIO, "cannot write into the spool: %s",
					strerrordesc_np(errno));
		}
		if (rc != BP_OK) {
			(void)unlink(tmp);
		}
	}
	return rc;
}
