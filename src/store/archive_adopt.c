/* SPDX-License-Identifier: MIT */
/* Files of the archive that this database does not know: of one that was lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/archive_private.h"

struct adopting {
	const struct bp_archive *archive;
	const char *month;    /* NULL: all */
	const char *platform; /* NULL: all */
	const struct bp_archive_entry *entries;
	size_t n;
	struct bp_archive_entry entry; /* the one that is looked at */
	int64_t files;
	enum bp_rc rc;
	struct bp_err *err;
};

/** The value behind "name=" in a path, up to the next slash. False: it has none, or too long a one. */
static bool part_of(const char *path, const char *name, char *out, size_t cap)
{
	const char *at = strstr(path, name);

	if (!at) {
		return false;
	}
	at += strlen(name);
	size_t n = strcspn(at, "/");
	if (n == 0 || n >= cap) {
		return false;
	}
	memcpy(out, at, n);
	out[n] = '\0';
	return true;
}

static enum bp_rc count_row(void *arg, const struct bp_raw_row *row, struct bp_err *err)
{
	struct bp_archive_seen *seen = arg;
	int64_t ts_us = row->event.ts_us;

	(void)err;
	seen->min_ts_us = seen->rows == 0 || ts_us < seen->min_ts_us ? ts_us : seen->min_ts_us;
	seen->max_ts_us = seen->rows == 0 || ts_us > seen->max_ts_us ? ts_us : seen->max_ts_us;
	seen->rows++;
	return BP_OK;
}

/** True when it is one of ours, whole, and wanted. */
static bool take(struct adopting *adopting, const char *full, const char *path)
{
	const struct bp_archive *archive = adopting->archive;
	struct bp_archive_entry *entry = &adopting->entry;

	*entry = (struct bp_archive_entry){.state = BP_ARCHIVE_RESTORED};
	if (!bp_str_ends(bp_str_from(path), BP_STR(".parquet")) ||
	    strlen(path) >= sizeof(entry->path) ||
	    !part_of(path, "platform=", entry->platform, sizeof(entry->platform)) ||
	    !part_of(path, "month=", entry->month, sizeof(entry->month)) ||
	    (adopting->month && strcmp(adopting->month, entry->month) != 0) ||
	    (adopting->platform && strcmp(adopting->platform, entry->platform) != 0)) {
		return false;
	}
	(void)snprintf(entry->path, sizeof(entry->path), "%s", path);
	for (size_t i = 0; i < adopting->n; i++) {
		if (strcmp(path, adopting->entries[i].path) == 0) {
			return false;
		}
	}
	enum bp_rc rc = bp_archive_digest(full, &entry->seen, NULL);
	if (rc == BP_OK) {
		rc = bp_archive_rows(archive->folder, entry, archive->stop, count_row, &entry->seen,
				     NULL);
	}
	if (rc == BP_ESTOPPED) {
		adopting->rc = bp_archive_stopped(archive->stop, adopting->err);
	}
	/* One that cannot be read stays as it is; bp_archive_check() names it. */
	return rc == BP_OK && entry->seen.rows > 0;
}

static bool look_at_file(const char *full, bool is_dir, void *arg)
{
	struct adopting *adopting = arg;
	const char *path = full + strlen(adopting->archive->folder) + 1;
	struct bp_archive_step step;

	if (is_dir || adopting->rc != BP_OK) {
		return adopting->rc == BP_OK;
	}
	if (!take(adopting, full, path)) {
		return false;
	}
	adopting->rc = bp_archive_begin(adopting->archive, &step, adopting->err);
	if (adopting->rc == BP_OK) {
		adopting->rc = bp_archive_end(
			&step,
			bp_archive_put_entry(adopting->archive, &adopting->entry, adopting->err),
			adopting->err);
		adopting->files += adopting->rc == BP_OK ? 1 : 0;
	}
	return false;
}

enum bp_rc bp_archive_adopt(const struct bp_archive *archive, const char *month,
			    const char *platform, int64_t *out_files, struct bp_err *err)
{
	struct adopting adopting = {
		.archive = archive, .month = month, .platform = platform, .err = err};
	struct bp_archive_entry *entries = NULL;

	*out_files = 0;
	adopting.rc = bp_archive_list(archive->sql, NULL, NULL, &entries, &adopting.n, err);
	adopting.entries = entries;
	if (adopting.rc == BP_OK) {
		bp_file_walk(archive->folder, look_at_file, &adopting);
	}
	free(entries);
	*out_files = adopting.files;
	return adopting.rc;
}
