/* SPDX-License-Identifier: MIT */
#include "store/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/archive_private.h"

/* As the slow path's transactions (slowpath/pool.h): the fast path waits for the lock. */
enum { HOLD_US = 3000, HOLD_WANTED_US = 300, VACUUM_PAGES = 64 };

enum bp_rc bp_archive_begin(const struct bp_archive *archive, struct bp_archive_step *step,
			    struct bp_err *err)
{
	bp_writer_lock_take(archive->lock, BP_WRITER_SLOW);
	enum bp_rc rc = bp_sql_begin(archive->sql, err);
	if (rc != BP_OK) {
		bp_writer_lock_give(archive->lock);
		return rc;
	}
	*step = (struct bp_archive_step){archive, bp_clock_mono_us()};
	return BP_OK;
}

bool bp_archive_due(const struct bp_archive_step *step)
{
	int64_t held_us = bp_clock_mono_us() - step->begun_us;

	return held_us >= HOLD_US ||
	       (held_us >= HOLD_WANTED_US && bp_writer_lock_wanted(step->archive->lock));
}

enum bp_rc bp_archive_end(struct bp_archive_step *step, enum bp_rc rc, struct bp_err *err)
{
	struct bp_sql *sql = step->archive->sql;

	if (rc == BP_OK) {
		rc = bp_sql_commit(sql, err);
	}
	if (rc != BP_OK) {
		bp_sql_rollback(sql);
	} else {
		bp_store_cap_wal(sql);
	}
	bp_writer_lock_give(step->archive->lock);
	return rc;
}

enum bp_rc bp_archive_run(const struct bp_archive *archive, const char *text, const char *path,
			  int64_t number, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	struct bp_archive_step step;
	enum bp_rc rc = bp_statement_new(archive->sql, text, &statement, err);

	if (rc == BP_OK) {
		rc = bp_archive_begin(archive, &step, err);
	}
	if (rc == BP_OK) {
		bp_bind_text(statement, 1, bp_str_from(path));
		if (number != BP_SQL_NULL) {
			bp_bind_int(statement, 2, number);
		}
		rc = bp_archive_end(&step, bp_statement_run(statement, err), err);
	}
	bp_statement_free(statement);
	return rc;
}

enum bp_rc bp_archive_sync_commits(const struct bp_archive *archive, bool sync, struct bp_err *err)
{
	/* The log is one file: syncing it for one commit syncs what was committed before as well. */
	return bp_sql_exec(archive->sql,
			   sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err);
}

enum bp_rc bp_archive_stopped(const struct bp_stop *stop, struct bp_err *err)
{
	return stop && bp_stop_requested(stop) ? bp_err_set(err, BP_ESTOPPED, "the service stops")
					       : BP_OK;
}

void bp_archive_full_path(const char *folder, const char *path, const char *suffix,
			  char out[BP_ARCHIVE_FULL_PATH_BYTES])
{
	int n = snprintf(out, BP_ARCHIVE_FULL_PATH_BYTES, "%s/%s%s", folder, path, suffix);

	BP_ASSERT(n > 0 && n < BP_ARCHIVE_FULL_PATH_BYTES);
}

enum bp_rc bp_archive_sync_folder_of(const char *path, struct bp_err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder = bp_strdup(bp_str_make(path, (size_t)(slash - path)));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum bp_rc rc = BP_OK;

	if (fd < 0 || fsync(fd) != 0) {
		rc = bp_err_set(err, BP_EIO, "%s: %s", folder, strerrordesc_np(errno));
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	free(folder);
	return rc;
}

/* --- the plan --- */

/*
 * The index (type, ts_us) finds the old rows of each type; the types are found by skipping through
 * it. Rows above the low water have no facts yet and stay.
 */
#define PLAN(table)                                                                                \
	"WITH RECURSIVE t(x) AS (SELECT min(type) FROM " table                                     \
	" UNION ALL SELECT (SELECT min(type) FROM " table " WHERE type > t.x) FROM t"              \
	" WHERE t.x IS NOT NULL)"                                                                  \
	" SELECT (SELECT text FROM name WHERE id = r.platform),"                                   \
	" strftime('%Y-%m', r.ts_us / 1000000, 'unixepoch') AS month,"                             \
	" count(*), min(r.ts_us), max(r.ts_us) FROM " table " AS r"                                \
	" WHERE r.type IN (SELECT x FROM t WHERE x IS NOT NULL) AND r.ts_us < ?1"                  \
	" AND r.sequence <= (SELECT coalesce(max(low_water), 0) FROM pool_progress"                \
	" WHERE pool = 'conversations' AND tbl = '" table "')"                                     \
	" AND month IS NOT NULL GROUP BY r.platform, month"

static const char *const PLANS[BP_RAW_TABLES] = {
	[BP_RAW_CLAUDE] = PLAN("claude_row"), [BP_RAW_OTHER] = PLAN("other_row")};

static void copy_text(struct bp_str text, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%.*s", BP_STR_ARG(text));
}

static int by_age(const void *a, const void *b)
{
	const struct bp_archive_part *left = a;
	const struct bp_archive_part *right = b;
	int order = strcmp(left->month, right->month);

	return order ? order : strcmp(left->platform, right->platform);
}

enum bp_rc bp_archive_plan(struct bp_sql *sql, int64_t before_us, struct bp_archive_part **out,
			   size_t *out_n, struct bp_err *err)
{
	struct bp_archive_part *parts = NULL;
	enum bp_rc rc = BP_OK;
	size_t n = 0;

	for (int table = 0; rc == BP_OK && table < BP_RAW_TABLES; table++) {
		struct bp_statement *plan = NULL;

		rc = bp_statement_new(sql, PLANS[table], &plan, err);
		if (rc == BP_OK) {
			bp_bind_int(plan, 1, before_us);
		}
		while (rc == BP_OK && (rc = bp_statement_step(plan, err)) == BP_OK) {
			parts = bp_realloc(parts, n + 1, sizeof(*parts));
			struct bp_archive_part *part = &parts[n++];
			part->table = (enum bp_raw_table)table;
			copy_text(bp_column_text(plan, 0), part->platform, sizeof(part->platform));
			copy_text(bp_column_text(plan, 1), part->month, sizeof(part->month));
			part->rows = bp_column_int(plan, 2);
			part->min_ts_us = bp_column_int(plan, 3);
			part->max_ts_us = bp_column_int(plan, 4);
		}
		bp_statement_free(plan);
		rc = rc == BP_ENOTFOUND ? BP_OK : rc;
	}
	if (rc != BP_OK) {
		free(parts);
		return rc;
	}
	if (n > 1) {
		qsort(parts, n, sizeof(*parts), by_age);
	}
	*out = parts;
	*out_n = n;
	return BP_OK;
}

/* --- the files --- */

static const char LIST[] =
	"SELECT path, platform, month, state, rows, bytes, min_ts_us, max_ts_us, sha256, written_us"
	" FROM archive_file WHERE (?1 IS NULL OR month = ?1) AND (?2 IS NULL OR platform = ?2)"
	" ORDER BY month, platform, length(path), path";

enum bp_rc bp_archive_list(struct bp_sql *sql, const char *month, const char *platform,
			   struct bp_archive_entry **out, size_t *out_n, struct bp_err *err)
{
	struct bp_archive_entry *entries = NULL;
	struct bp_statement *list = NULL;
	enum bp_rc rc = bp_statement_new(sql, LIST, &list, err);
	size_t n = 0;

	if (rc == BP_OK) {
		bp_bind_text(list, 1, bp_str_from(month));
		bp_bind_text(list, 2, bp_str_from(platform));
	}
	while (rc == BP_OK && (rc = bp_statement_step(list, err)) == BP_OK) {
		entries = bp_realloc(entries, n + 1, sizeof(*entries));
		struct bp_archive_entry *entry = &entries[n++];
		copy_text(bp_column_text(list, 0), entry->path, sizeof(entry->path));
		copy_text(bp_column_text(list, 1), entry->platform, sizeof(entry->platform));
		copy_text(bp_column_text(list, 2), entry->month, sizeof(entry->month));
		entry->state = (enum bp_archive_state)bp_column_int(list, 3);
		entry->seen.rows = bp_column_int(list, 4);
		entry->seen.bytes = bp_column_int(list, 5);
		entry->seen.min_ts_us = bp_column_int(list, 6);
		entry->seen.max_ts_us = bp_column_int(list, 7);
		memcpy(entry->seen.sha256, bp_column_blob(list, 8).ptr, BP_ARCHIVE_SHA256_BYTES);
		entry->written_us = bp_column_int(list, 9);
	}
	bp_statement_free(list);
	if (rc != BP_ENOTFOUND) {
		free(entries);
		return rc;
	}
	*out = entries;
	*out_n = n;
	return BP_OK;
}

static const char PUT[] =
	"INSERT INTO archive_file (path, platform, month, state, rows, bytes, min_ts_us, max_ts_us,"
	" sha256, written_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
	" ON CONFLICT (path) DO UPDATE SET state = excluded.state, rows = excluded.rows,"
	" bytes = excluded.bytes, min_ts_us = excluded.min_ts_us, max_ts_us = excluded.max_ts_us,"
	" sha256 = excluded.sha256, written_us = excluded.written_us";

enum bp_rc bp_archive_put_entry(const struct bp_archive *archive,
				const struct bp_archive_entry *entry, struct bp_err *err)
{
	struct bp_statement *put = NULL;
	enum bp_rc rc = bp_statement_new(archive->sql, PUT, &put, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_text(put, 1, bp_str_from(entry->path));
	bp_bind_text(put, 2, bp_str_from(entry->platform));
	bp_bind_text(put, 3, bp_str_from(entry->month));
	bp_bind_int(put, 4, entry->state);
	bp_bind_int(put, 5, entry->seen.rows);
	bp_bind_int(put, 6, entry->seen.bytes);
	bp_bind_int(put, 7, entry->seen.min_ts_us);
	bp_bind_int(put, 8, entry->seen.max_ts_us);
	bp_bind_blob(put, 9, entry->seen.sha256, BP_ARCHIVE_SHA256_BYTES);
	bp_bind_int(put, 10, bp_clock_wall_us());
	rc = bp_statement_run(put, err);
	bp_statement_free(put);
	return rc;
}

enum bp_rc bp_archive_remove(const struct bp_archive *archive, const struct bp_archive_entry *entry,
			     struct bp_err *err)
{
	char path[BP_ARCHIVE_FULL_PATH_BYTES];
	enum bp_rc rc = BP_OK;

	bp_archive_full_path(archive->folder, entry->path, "", path);
	if (unlink(path) == 0) {
		rc = bp_archive_sync_folder_of(path, err);
	} else if (errno != ENOENT) {
		rc = bp_err_set(err, BP_EIO, "%s: %s", path, strerrordesc_np(errno));
	}
	for (int i = 0; rc == BP_OK && i < 2; i++) {
		*strrchr(path, '/') = '\0';
		if (rmdir(path) != 0) {
			break; /* other months, other platforms are in it */
		}
	}
	if (rc == BP_OK) {
		rc = bp_archive_run(archive, "DELETE FROM archived_session WHERE path = ?1",
				    entry->path, BP_SQL_NULL, err);
	}
	if (rc == BP_OK) {
		rc = bp_archive_run(archive, "DELETE FROM archive_file WHERE path = ?1",
				    entry->path, BP_SQL_NULL, err);
	}
	return rc;
}

enum bp_rc bp_archive_intact(const struct bp_archive *archive, const struct bp_archive_entry *entry,
			     struct bp_err *err)
{
	char path[BP_ARCHIVE_FULL_PATH_BYTES];
	struct bp_archive_seen seen = {0};

	bp_archive_full_path(archive->folder, entry->path, "", path);
	enum bp_rc rc = bp_archive_digest(path, &seen, err);
	if (rc == BP_ENOTFOUND) {
		return bp_err_set(err, BP_ECORRUPT, "archive/%s is not there any more",
				  entry->path);
	}
	if (rc == BP_OK && memcmp(seen.sha256, entry->seen.sha256, sizeof(seen.sha256)) != 0) {
		return bp_err_set(err, BP_ECORRUPT, "archive/%s is not as it was written",
				  entry->path);
	}
	return rc;
}

enum bp_rc bp_archive_rows(const char *folder, const struct bp_archive_entry *entry,
			   const struct bp_stop *stop,
			   enum bp_rc (*each)(void *arg, const struct bp_raw_row *row,
					      struct bp_err *err),
			   void *arg, struct bp_err *err)
{
	enum { ROWS_BETWEEN = 256 };
	char path[BP_ARCHIVE_FULL_PATH_BYTES];
	struct bp_archive_reader *reader = NULL;
	struct bp_arena arena = {0};
	struct bp_raw_row row;

	bp_archive_full_path(folder, entry->path, "", path);
	enum bp_rc rc = bp_archive_reader_open(path, &reader, err);
	for (size_t i = 0; rc == BP_OK; i++) {
		bp_arena_clear(&arena);
		rc = bp_archive_reader_next(reader, &arena, &row, err);
		if (rc == BP_OK) {
			rc = each(arg, &row, err);
		}
		if (rc == BP_OK && i % ROWS_BETWEEN == 0) {
			rc = bp_archive_stopped(stop, err);
		}
	}
	bool whole = reader != NULL && rc == BP_ENOTFOUND;
	bp_archive_reader_free(reader);
	bp_arena_done(&arena);
	return whole ? BP_OK : rc;
}

/* --- space --- */

static enum bp_rc free_pages(struct bp_sql *sql, int64_t *out, struct bp_err *err)
{
	struct bp_statement *ask = NULL;
	enum bp_rc rc = bp_statement_new(sql, "PRAGMA freelist_count", &ask, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(ask, err);
	}
	if (rc == BP_OK) {
		*out = bp_column_int(ask, 0);
	}
	bp_statement_free(ask);
	return rc;
}

enum bp_rc bp_archive_vacuum(const struct bp_archive *archive, struct bp_err *err)
{
	char text[48];
	int64_t before = INT64_MAX;
	int64_t left = 0;

	(void)snprintf(text, sizeof(text), "PRAGMA incremental_vacuum(%d)", VACUUM_PAGES);
	for (;;) {
		enum bp_rc rc = free_pages(archive->sql, &left, err);
		if (rc == BP_OK) {
			rc = bp_archive_stopped(archive->stop, err);
		}
		/* It may give back fewer than it was asked for, never none of some. */
		if (rc != BP_OK || left == 0 || left >= before) {
			return rc;
		}
		before = left;
		bp_writer_lock_take(archive->lock, BP_WRITER_SLOW);
		rc = bp_sql_exec(archive->sql, text, err);
		if (rc == BP_OK) {
			bp_store_cap_wal(archive->sql);
		}
		bp_writer_lock_give(archive->lock);
		if (rc != BP_OK) {
			return rc;
		}
	}
}
