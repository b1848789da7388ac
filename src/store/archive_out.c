/* SPDX-License-Identifier: MIT */
/* Rows leave the log: written, synced, read back and compared, named, recorded; then deleted. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/archive_private.h"

/* A session that has rows in the file. */
struct session {
	UT_hash_handle hh;
	char *external_id;
};

/** One file on its way. */
struct moving {
	const struct bp_archive *archive;
	const struct bp_archive_part *part;
	struct bp_raw_reader *reader;
	struct bp_arena arena;     /* of one row */
	struct bp_archive_id *ids; /* of the rows that go, by sequence */
	size_t n_ids;
	struct session *sessions; /* that they belong to */
	struct bp_archive_entry entry;
};

#define PICK(table)                                                                                \
	"SELECT r.sequence, r.event_id FROM " table " AS r WHERE r.ts_us BETWEEN ?1 AND ?2"        \
	" AND r.type IN (SELECT DISTINCT type FROM " table ")"                                     \
	" AND strftime('%Y-%m', r.ts_us / 1000000, 'unixepoch') = ?3"                              \
	" AND r.platform = (SELECT id FROM name WHERE text = ?4)"                                  \
	" AND r.sequence <= (SELECT coalesce(max(low_water), 0) FROM pool_progress"                \
	" WHERE pool = 'conversations' AND tbl = '" table "')"                                     \
	" AND r.sequence > ?5 ORDER BY r.sequence LIMIT ?6"

static const char *const PICKS[BP_RAW_TABLES] = {
	[BP_RAW_CLAUDE] = PICK("claude_row"), [BP_RAW_OTHER] = PICK("other_row")};

/** The next rows of the part, behind that sequence. */
static enum bp_rc pick(struct moving *moving, int64_t after, struct bp_err *err)
{
	const struct bp_archive_part *part = moving->part;
	struct bp_statement *query = NULL;
	enum bp_rc rc = bp_statement_new(moving->archive->sql, PICKS[part->table], &query, err);

	moving->n_ids = 0;
	if (rc == BP_OK) {
		bp_bind_int(query, 1, part->min_ts_us);
		bp_bind_int(query, 2, part->max_ts_us);
		bp_bind_text(query, 3, bp_str_from(part->month));
		bp_bind_text(query, 4, bp_str_from(part->platform));
		bp_bind_int(query, 5, after);
		bp_bind_int(query, 6, BP_ARCHIVE_FILE_ROWS);
	}
	while (rc == BP_OK && (rc = bp_statement_step(query, err)) == BP_OK) {
		struct bp_archive_id *id = &moving->ids[moving->n_ids++];
		struct bp_str bytes = bp_column_blob(query, 1);

		id->sequence = bp_column_int(query, 0);
		BP_ASSERT(bytes.len == sizeof(id->id)); /* the table checks it */
		memcpy(id->id, bytes.ptr, sizeof(id->id));
	}
	bp_statement_free(query);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static void note_session(struct moving *moving, struct bp_str external_id)
{
	struct session *session = NULL;

	HASH_FIND(hh, moving->sessions, external_id.ptr, external_id.len, session);
	if (!session) {
		session = bp_calloc(1, sizeof(*session));
		session->external_id = bp_strdup(external_id);
		HASH_ADD_KEYPTR(hh, moving->sessions, session->external_id, external_id.len,
				session);
	}
}

static void forget_sessions(struct moving *moving)
{
	struct session *session;
	struct session *next;

	HASH_ITER (hh, moving->sessions, session, next) {
		HASH_DEL(moving->sessions, session);
		free(session->external_id);
		free(session);
	}
}

/** One row as it is in the table now. */
static enum bp_rc read_row(struct moving *moving, int64_t sequence, struct bp_raw_row *out,
			   struct bp_err *err)
{
	size_t n = 0;

	bp_arena_clear(&moving->arena);
	enum bp_rc rc = bp_raw_read(moving->reader, moving->part->table, sequence - 1, 1,
				    &moving->arena, out, &n, err);
	if (rc == BP_OK && (n != 1 || out->sequence != sequence)) {
		rc = bp_err_set(err, BP_ECORRUPT, "row %lld went away", (long long)sequence);
	}
	return rc;
}

/** All picked rows to the file. One that cannot be inflated stays in the log, where `db verify`
 *  names it. */
static enum bp_rc write_rows(struct moving *moving, struct bp_archive_writer *writer,
			     struct bp_err *err)
{
	const struct bp_archive *archive = moving->archive;
	enum bp_rc rc = BP_OK;
	size_t kept = 0;

	for (size_t i = 0; rc == BP_OK && i < moving->n_ids; i++) {
		struct bp_raw_row row;

		rc = read_row(moving, moving->ids[i].sequence, &row, err);
		if (rc == BP_OK && row.event.payload.ptr) {
			note_session(moving, row.event.session_id);
			moving->ids[kept++] = moving->ids[i];
			rc = bp_archive_writer_add(writer, &row, err);
		}
		if (rc == BP_OK && i % 256 == 0) {
			rc = bp_archive_stopped(archive->stop, err);
		}
		if (archive->progress && i % 4096 == 0) {
			archive->progress(archive->arg, "writing", (int64_t)i,
					  (int64_t)moving->n_ids);
		}
	}
	moving->n_ids = kept;
	return rc;
}

/** Row by row: what the file gives is what the table has. */
static enum bp_rc compare(struct moving *moving, const char *path, struct bp_err *err)
{
	struct bp_archive_reader *reader = NULL;
	struct bp_arena arena = {0};
	struct bp_raw_row there;
	struct bp_raw_row here;
	enum bp_rc rc = bp_archive_reader_open(path, &reader, err);

	for (size_t i = 0; rc == BP_OK && i < moving->n_ids; i++) {
		bp_arena_clear(&arena);
		rc = bp_archive_reader_next(reader, &arena, &there, err);
		if (rc == BP_OK) {
			rc = read_row(moving, moving->ids[i].sequence, &here, err);
		}
		if (rc == BP_ENOTFOUND || (rc == BP_OK && !bp_raw_row_same(&there, &here))) {
			rc = bp_err_set(err, BP_ECORRUPT, "%s: row %zu does not read back as it is",
					path, i);
		}
		if (rc == BP_OK && i % 256 == 0) {
			rc = bp_archive_stopped(moving->archive->stop, err);
		}
	}
	if (rc == BP_OK && bp_archive_reader_next(reader, &arena, &there, err) != BP_ENOTFOUND) {
		rc = bp_err_set(err, BP_ECORRUPT, "%s: it has more rows than it should", path);
	}
	bp_archive_reader_free(reader);
	bp_arena_done(&arena);
	return rc;
}

/** A name that no file has: neither one that is recorded, nor one that is only there. */
static enum bp_rc choose_path(struct moving *moving, struct bp_err *err)
{
	char full[BP_ARCHIVE_FULL_PATH_BYTES];
	struct bp_archive_entry *entry = &moving->entry;
	enum bp_rc rc = BP_OK;

	for (int i = 1;; i++) {
		(void)snprintf(entry->path, sizeof(entry->path),
			       "platform=%s/month=%s/part-%d.parquet", moving->part->platform,
			       moving->part->month, i);
		bp_archive_full_path(moving->archive->folder, entry->path, "", full);
		if (access(full, F_OK) != 0) {
			break;
		}
	}
	*strrchr(full, '/') = '\0';
	rc = bp_file_make_dirs(full, 0700, err);
	return rc;
}

static const char PUT_SESSION[] = "INSERT INTO archived_session (platform, external_id, path)"
				  " VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";

/** Seal the sessions, a few ms at a time. A kill leaves marks of a file that is not recorded, which
 *  recovery removes. */
static enum bp_rc seal(struct moving *moving, struct bp_err *err)
{
	const struct session *session = moving->sessions;
	struct bp_statement *put = NULL;
	enum bp_rc rc = bp_statement_new(moving->archive->sql, PUT_SESSION, &put, err);

	while (rc == BP_OK && session) {
		struct bp_archive_step step;

		rc = bp_archive_begin(moving->archive, &step, err);
		if (rc != BP_OK) {
			break;
		}
		while (rc == BP_OK && session && !bp_archive_due(&step)) {
			bp_bind_text(put, 1, bp_str_from(moving->part->platform));
			bp_bind_text(put, 2, bp_str_from(session->external_id));
			bp_bind_text(put, 3, bp_str_from(moving->entry.path));
			rc = bp_statement_run(put, err);
			session = session->hh.next;
		}
		rc = bp_archive_end(&step, rc, err);
	}
	bp_statement_free(put);
	return rc;
}

static enum bp_rc record(struct moving *moving, struct bp_err *err)
{
	struct bp_archive_step step;
	enum bp_rc rc = bp_archive_begin(moving->archive, &step, err);

	if (rc != BP_OK) {
		return rc;
	}
	return bp_archive_end(&step, bp_archive_put_entry(moving->archive, &moving->entry, err),
			      err);
}

/** Write, sync, read back, name, record. Nothing is deleted yet. */
static enum bp_rc write_file(struct moving *moving, struct bp_err *err)
{
	const struct bp_archive_part *part = moving->part;
	struct bp_archive_writer *writer = NULL;
	char full[BP_ARCHIVE_FULL_PATH_BYTES];
	char new[BP_ARCHIVE_FULL_PATH_BYTES];
	enum bp_rc rc = choose_path(moving, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_archive_full_path(moving->archive->folder, moving->entry.path, "", full);
	bp_archive_full_path(moving->archive->folder, moving->entry.path, ".tmp", new);
	rc = bp_archive_writer_new(new, part->platform, part->month, &writer, err);
	if (rc == BP_OK) {
		rc = write_rows(moving, writer, err);
	}
	if (rc == BP_OK && moving->n_ids > 0) {
		rc = bp_archive_writer_finish(writer, &moving->entry.seen, err);
	}
	bp_archive_writer_free(writer);
	if (rc == BP_OK && moving->n_ids > 0) {
		rc = compare(moving, new, err);
	}
	if (rc != BP_OK || moving->n_ids == 0) {
		(void)unlink(new); /* a leftover is removed by recovery too */
		return rc;
	}
	rc = seal(moving, err);
	if (rc == BP_OK && rename(new, full) != 0) {
		rc = bp_err_set(err, BP_EIO, "%s: %s", full, strerrordesc_np(errno));
	}
	if (rc == BP_OK) {
		rc = bp_archive_sync_folder_of(full, err);
	}
	return rc == BP_OK ? record(moving, err) : rc;
}

static const char KEEP_ID[] =
	"INSERT INTO archived_event (event_id) VALUES (?1) ON CONFLICT DO NOTHING";

static const char *const DELETE_ROW[BP_RAW_TABLES] = {
	[BP_RAW_CLAUDE] = "DELETE FROM claude_row WHERE event_id = ?1",
	[BP_RAW_OTHER] = "DELETE FROM other_row WHERE event_id = ?1",
};

enum bp_rc bp_archive_delete_rows(const struct bp_archive *archive, enum bp_raw_table table,
				  const struct bp_archive_id *ids, size_t n, struct bp_err *err)
{
	struct bp_statement *keep = NULL;
	struct bp_statement *drop = NULL;
	enum bp_rc rc = bp_statement_new(archive->sql, KEEP_ID, &keep, err);
	size_t i = 0;

	if (rc == BP_OK) {
		rc = bp_statement_new(archive->sql, DELETE_ROW[table], &drop, err);
	}
	while (rc == BP_OK && i < n) {
		struct bp_archive_step step;

		rc = bp_archive_begin(archive, &step, err);
		if (rc != BP_OK) {
			break;
		}
		while (rc == BP_OK && i < n && !bp_archive_due(&step)) {
			bp_bind_blob(keep, 1, ids[i].id, sizeof(ids[i].id));
			bp_bind_blob(drop, 1, ids[i].id, sizeof(ids[i].id));
			rc = bp_statement_run(keep, err);
			if (rc == BP_OK) {
				rc = bp_statement_run(drop, err);
			}
			i++;
		}
		rc = bp_archive_end(&step, rc, err);
		if (rc == BP_OK) {
			rc = bp_archive_stopped(archive->stop, err);
		}
		if (archive->progress) {
			archive->progress(archive->arg, "deleting", (int64_t)i, (int64_t)n);
		}
	}
	bp_statement_free(keep);
	bp_statement_free(drop);
	return rc;
}

/** The sessions of rows that are deleted without a file. */
static enum bp_rc seal_deleted(struct moving *moving, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	moving->entry.path[0] = '\0';
	for (size_t i = 0; rc == BP_OK && i < moving->n_ids; i++) {
		struct bp_raw_row row;

		rc = read_row(moving, moving->ids[i].sequence, &row, err);
		if (rc == BP_OK) {
			note_session(moving, row.event.session_id);
		}
		if (rc == BP_OK && i % 256 == 0) {
			rc = bp_archive_stopped(moving->archive->stop, err);
		}
	}
	return rc == BP_OK ? seal(moving, err) : rc;
}

static enum bp_rc move_some(struct moving *moving, bool keep, struct bp_err *err)
{
	enum bp_rc rc = keep ? write_file(moving, err) : seal_deleted(moving, err);

	if (rc == BP_OK) {
		rc = bp_archive_delete_rows(moving->archive, moving->part->table, moving->ids,
					    moving->n_ids, err);
	}
	if (rc == BP_OK && keep && moving->n_ids > 0) {
		moving->entry.state = BP_ARCHIVE_WHOLE;
		rc = record(moving, err);
	}
	return rc;
}

enum bp_rc bp_archive_move(const struct bp_archive *archive, const struct bp_archive_part *part,
			   bool keep, int64_t *out_rows, struct bp_err *err)
{
	struct moving moving = {.archive = archive, .part = part};
	enum bp_rc rc = bp_raw_reader_new(archive->sql, archive->codec, &moving.reader, err);
	int64_t after = 0;

	*out_rows = 0;
	moving.ids = bp_calloc(BP_ARCHIVE_FILE_ROWS, sizeof(*moving.ids));
	while (rc == BP_OK) {
		rc = pick(&moving, after, err);
		if (rc != BP_OK || moving.n_ids == 0) {
			break;
		}
		after = moving.ids[moving.n_ids - 1].sequence;
		moving.entry = (struct bp_archive_entry){.state = BP_ARCHIVE_LEAVING};
		(void)snprintf(moving.entry.platform, sizeof(moving.entry.platform), "%s",
			       part->platform);
		(void)snprintf(moving.entry.month, sizeof(moving.entry.month), "%s", part->month);
		rc = move_some(&moving, keep, err);
		forget_sessions(&moving);
		*out_rows += rc == BP_OK ? (int64_t)moving.n_ids : 0;
	}
	bp_raw_reader_free(moving.reader);
	bp_arena_done(&moving.arena);
	free(moving.ids);
	return rc;
}
