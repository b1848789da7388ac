/* SPDX-License-Identifier: MIT */
/* Archived rows come back to the log; and what a kill left is ended. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/archive_private.h"

static const char SET_STATE[] = "UPDATE archive_file SET state = ?2 WHERE path = ?1";

/* --- restore --- */

struct restoring {
	const struct bp_archive *archive;
	struct bp_raw_writer *writer;
	struct bp_statement *was_ours;
	struct bp_statement *forget_id;
	struct bp_archive_step step;
	bool open; /* the step is */
	int64_t rows;
	int64_t total;
};

/** A row whose id is in archived_event gets its old sequence again: below the low water, so that
 *  the slow path has no work with it. Any other (of a database that was lost) gets a new one. */
static enum bp_rc put_row(struct restoring *restoring, const struct bp_raw_row *row,
			  struct bp_err *err)
{
	enum bp_put put = BP_PUT_NEW;

	bp_bind_blob(restoring->was_ours, 1, row->event.id, sizeof(row->event.id));
	enum bp_rc rc = bp_statement_step(restoring->was_ours, err);
	bp_statement_reset(restoring->was_ours);
	bool was_ours = rc == BP_OK;
	if (rc != BP_OK && rc != BP_ENOTFOUND) {
		return rc;
	}
	rc = bp_raw_restore(restoring->writer, row, was_ours, &put, err);
	if (rc == BP_OK) {
		bp_bind_blob(restoring->forget_id, 1, row->event.id, sizeof(row->event.id));
		rc = bp_statement_run(restoring->forget_id, err);
		restoring->rows += put == BP_PUT_NEW ? 1 : 0;
	}
	return rc;
}

static enum bp_rc end_step(struct restoring *restoring, enum bp_rc rc, struct bp_err *err)
{
	if (restoring->open) {
		rc = bp_archive_end(&restoring->step, rc, err);
		restoring->open = false;
	}
	return rc;
}

static enum bp_rc restore_row(void *arg, const struct bp_raw_row *row, struct bp_err *err)
{
	struct restoring *restoring = arg;
	const struct bp_archive *archive = restoring->archive;
	enum bp_rc rc = BP_OK;

	if (!restoring->open) {
		rc = bp_archive_begin(archive, &restoring->step, err);
		restoring->open = rc == BP_OK;
	}
	if (rc == BP_OK) {
		rc = put_row(restoring, row, err);
	}
	if (rc != BP_OK || bp_archive_due(&restoring->step)) {
		rc = end_step(restoring, rc, err);
		if (archive->progress) {
			archive->progress(archive->arg, "restoring", restoring->rows,
					  restoring->total);
		}
	}
	return rc;
}

enum bp_rc bp_archive_restore(const struct bp_archive *archive,
			      const struct bp_archive_entry *entry, int64_t *out_rows,
			      struct bp_err *err)
{
	struct restoring restoring = {.archive = archive, .total = entry->seen.rows};
	enum bp_rc rc = bp_archive_intact(archive, entry, err);

	*out_rows = 0;
	if (rc == BP_OK) {
		rc = bp_archive_run(archive, SET_STATE, entry->path, BP_ARCHIVE_RESTORED, err);
	}
	if (rc == BP_OK) {
		rc = bp_raw_writer_new(archive->sql, archive->codec, &restoring.writer, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(archive->sql,
				      "SELECT 1 FROM archived_event WHERE event_id = ?1",
				      &restoring.was_ours, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(archive->sql,
				      "DELETE FROM archived_event WHERE event_id = ?1",
				      &restoring.forget_id, err);
	}
	if (rc == BP_OK) {
		rc = bp_archive_rows(archive->folder, entry, archive->stop, restore_row, &restoring,
				     err);
		rc = end_step(&restoring, rc, err);
	}
	*out_rows = restoring.rows;
	bp_raw_writer_free(restoring.writer);
	bp_statement_free(restoring.was_ours);
	bp_statement_free(restoring.forget_id);
	/* The file goes last: until then its rows are in both. A power cut must not take them from
	 * the log once the file is gone. */
	if (rc == BP_OK) {
		rc = bp_archive_sync_commits(archive, true, err);
	}
	if (rc == BP_OK) {
		rc = bp_archive_run(archive, SET_STATE, entry->path, BP_ARCHIVE_GONE, err);
		enum bp_rc again =
			bp_archive_sync_commits(archive, false, rc == BP_OK ? err : NULL);
		rc = rc == BP_OK ? again : rc;
	}
	return rc == BP_OK ? bp_archive_remove(archive, entry, err) : rc;
}

/* --- recovery --- */

struct ids {
	struct bp_archive_id *items;
	size_t n;
	size_t cap;
};

static enum bp_rc add_id(void *arg, const struct bp_raw_row *row, struct bp_err *err)
{
	struct ids *ids = arg;

	(void)err;
	if (ids->n == ids->cap) {
		ids->cap = ids->cap ? ids->cap * 2 : 1024;
		ids->items = bp_realloc(ids->items, ids->cap, sizeof(*ids->items));
	}
	ids->items[ids->n].sequence = row->sequence;
	memcpy(ids->items[ids->n++].id, row->event.id, sizeof(row->event.id));
	return BP_OK;
}

/** The file is whole and recorded: go on deleting its rows. */
static enum bp_rc end_leaving(const struct bp_archive *archive,
			      const struct bp_archive_entry *entry, struct bp_err *err)
{
	struct ids ids = {0};
	enum bp_rc rc = bp_archive_intact(archive, entry, err);

	if (rc == BP_OK) {
		rc = bp_archive_rows(archive->folder, entry, archive->stop, add_id, &ids, err);
	}
	if (rc == BP_OK) {
		rc = bp_archive_delete_rows(archive, bp_raw_table_of(bp_str_from(entry->platform)),
					    ids.items, ids.n, err);
	}
	free(ids.items);
	return rc == BP_OK ? bp_archive_run(archive, SET_STATE, entry->path, BP_ARCHIVE_WHOLE, err)
			   : rc;
}

static enum bp_rc end_one(const struct bp_archive *archive, const struct bp_archive_entry *entry,
			  struct bp_err *err)
{
	int64_t rows = 0;

	switch (entry->state) {
	case BP_ARCHIVE_LEAVING:
		return end_leaving(archive, entry, err);
	case BP_ARCHIVE_RESTORED:
		return bp_archive_restore(archive, entry, &rows, err);
	case BP_ARCHIVE_GONE:
		return bp_archive_remove(archive, entry, err);
	case BP_ARCHIVE_WHOLE:
		break;
	}
	return BP_OK;
}

/** What is in the folder and does not belong there. */
struct leftovers {
	const struct bp_archive *archive;
	const struct bp_archive_entry *entries;
	size_t n;
	enum bp_rc rc;
	struct bp_err *err;
};

static const struct bp_archive_entry *entry_of(const struct leftovers *left, struct bp_str path)
{
	for (size_t i = 0; i < left->n; i++) {
		if (bp_str_is(path, left->entries[i].path)) {
			return &left->entries[i];
		}
	}
	return NULL;
}

static const char IS_IN_LOG[] = "SELECT 1 FROM claude_row WHERE event_id = ?1 UNION ALL"
				" SELECT 1 FROM other_row WHERE event_id = ?1";

static enum bp_rc find_in_log(void *arg, const struct bp_raw_row *row, struct bp_err *err)
{
	struct bp_statement *find = arg;

	bp_bind_blob(find, 1, row->event.id, sizeof(row->event.id));
	enum bp_rc rc = bp_statement_step(find, err);
	bp_statement_reset(find);
	/* One that is not there ends it: the file is the only one that has it. */
	return rc == BP_ENOTFOUND ? BP_EINVAL : rc;
}

/** A file that was named and not recorded: all its rows are in the log still, so it is not needed.
 *  One that has others is not ours to remove; bp_archive_check() names it. */
static void drop_unrecorded(struct leftovers *left, const char *full, struct bp_str path)
{
	const struct bp_archive *archive = left->archive;
	struct bp_statement *find = NULL;
	struct bp_archive_entry entry = {0};
	enum bp_rc rc = bp_statement_new(archive->sql, IS_IN_LOG, &find, left->err);

	if (path.len < sizeof(entry.path)) {
		memcpy(entry.path, path.ptr, path.len);
	}
	if (rc == BP_OK) {
		rc = bp_archive_rows(archive->folder, &entry, archive->stop, find_in_log, find,
				     NULL);
	}
	bp_statement_free(find);
	if (rc == BP_OK) {
		(void)unlink(full);
	} else if (rc == BP_ESTOPPED) {
		left->rc = bp_archive_stopped(archive->stop, left->err);
	}
}

/** A file written anew takes its place once it is the one that is recorded. */
static void end_rewrite(struct leftovers *left, const char *full, struct bp_str path)
{
	const struct bp_archive_entry *entry = entry_of(left, path);
	struct bp_archive_seen seen = {0};
	char to[BP_ARCHIVE_FULL_PATH_BYTES];

	enum bp_rc rc = bp_archive_digest(full, &seen, left->err);
	if (rc == BP_OK && entry &&
	    memcmp(seen.sha256, entry->seen.sha256, sizeof(seen.sha256)) == 0) {
		bp_archive_full_path(left->archive->folder, entry->path, "", to);
		if (rename(full, to) != 0) {
			left->rc =
				bp_err_set(left->err, BP_EIO, "%s: %s", to, strerrordesc_np(errno));
		}
	} else if (rc == BP_OK) {
		(void)unlink(full);
	}
}

static bool look_at_file(const char *full, bool is_dir, void *arg)
{
	struct leftovers *left = arg;
	struct bp_str path = bp_str_from(full + strlen(left->archive->folder) + 1);

	if (is_dir || left->rc != BP_OK) {
		return left->rc == BP_OK;
	}
	if (bp_str_ends(path, BP_STR(".parquet.tmp"))) {
		(void)unlink(full);
	} else if (bp_str_ends(path, BP_STR(".parquet.new"))) {
		path.len -= sizeof(".new") - 1;
		end_rewrite(left, full, path);
	} else if (bp_str_ends(path, BP_STR(".parquet")) && !entry_of(left, path)) {
		drop_unrecorded(left, full, path);
	}
	return true;
}

static const char DROP_MARKS[] = "DELETE FROM archived_session WHERE path <> ?1"
				 " AND path NOT IN (SELECT path FROM archive_file)";

enum bp_rc bp_archive_recover(const struct bp_archive *archive, struct bp_err *err)
{
	struct bp_archive_entry *entries = NULL;
	size_t n = 0;
	enum bp_rc rc = bp_archive_list(archive->sql, NULL, NULL, &entries, &n, err);

	if (rc == BP_OK) {
		struct leftovers left = {archive, entries, n, BP_OK, err};

		bp_file_walk(archive->folder, look_at_file, &left);
		rc = left.rc;
	}
	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		rc = end_one(archive, &entries[i], err);
	}
	free(entries);
	return rc == BP_OK ? bp_archive_run(archive, DROP_MARKS, "", BP_SQL_NULL, err) : rc;
}
