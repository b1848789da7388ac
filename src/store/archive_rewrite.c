/* SPDX-License-Identifier: MIT */
/* A file of the archive is written anew, without some of its rows; and the archive is checked. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/archive_private.h"

/* --- rewriting --- */

/* A session that has, or had, rows in the file. */
struct session {
	UT_hash_handle hh;
	char *external_id;
	bool kept;
};

struct rewriting {
	enum bp_archive_fate (*fate)(void *arg, struct bp_raw_row *row);
	void *arg;
	struct bp_archive_writer *writer; /* NULL: only counting */
	int64_t kept, changed, dropped;
	uint8_t (*ids)[BP_EVENT_ID_BYTES]; /* of those that were dropped */
	size_t cap;
	struct session *sessions;
};

static void note_session(struct rewriting *r, struct bp_str external_id, bool kept)
{
	struct session *session = NULL;

	HASH_FIND(hh, r->sessions, external_id.ptr, external_id.len, session);
	if (!session) {
		session = bp_calloc(1, sizeof(*session));
		session->external_id = bp_strdup(external_id);
		HASH_ADD_KEYPTR(hh, r->sessions, session->external_id, external_id.len, session);
	}
	session->kept = session->kept || kept;
}

static void forget_sessions(struct rewriting *r)
{
	struct session *session;
	struct session *next;

	HASH_ITER (hh, r->sessions, session, next) {
		HASH_DEL(r->sessions, session);
		free(session->external_id);
		free(session);
	}
}

static void note_dropped(struct rewriting *r, const struct bp_raw_row *row)
{
	if ((size_t)r->dropped == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 256;
		r->ids = bp_realloc(r->ids, r->cap, sizeof(*r->ids));
	}
	memcpy(r->ids[r->dropped++], row->event.id, sizeof(row->event.id));
}

static enum bp_rc judge_row(void *arg, const struct bp_raw_row *row, struct bp_err *err)
{
	struct rewriting *r = arg;
	struct bp_raw_row copy = *row;

	switch (r->fate(r->arg, &copy)) {
	case BP_ARCHIVE_DROP:
		note_dropped(r, row);
		note_session(r, row->event.session_id, false);
		return BP_OK;
	case BP_ARCHIVE_CHANGED:
		r->changed++;
		break;
	case BP_ARCHIVE_KEEP:
		break;
	}
	r->kept++;
	note_session(r, row->event.session_id, true);
	return r->writer ? bp_archive_writer_add(r->writer, &copy, err) : BP_OK;
}

static const char FORGET_ID[] = "DELETE FROM archived_event WHERE event_id = ?1";
static const char FORGET_MARK[] =
	"DELETE FROM archived_session WHERE external_id = ?1 AND platform = ?2 AND path = ?3";

/** The marks of sessions that have no row left in the file. */
static enum bp_rc forget_marks(const struct bp_archive *archive,
			       const struct bp_archive_entry *entry, const struct rewriting *r,
			       struct bp_err *err)
{
	struct bp_statement *forget = NULL;
	enum bp_rc rc = bp_statement_new(archive->sql, FORGET_MARK, &forget, err);

	for (const struct session *s = r->sessions; rc == BP_OK && s; s = s->hh.next) {
		if (!s->kept) {
			bp_bind_text(forget, 1, bp_str_from(s->external_id));
			bp_bind_text(forget, 2, bp_str_from(entry->platform));
			bp_bind_text(forget, 3, bp_str_from(entry->path));
			rc = bp_statement_run(forget, err);
		}
	}
	bp_statement_free(forget);
	return rc;
}

/** What the database says of the file, and the ids that are forgotten, in one transaction. */
static enum bp_rc record(const struct bp_archive *archive, const struct bp_archive_entry *entry,
			 const struct rewriting *r, struct bp_err *err)
{
	struct bp_statement *forget = NULL;
	struct bp_archive_step step;
	enum bp_rc rc = bp_statement_new(archive->sql, FORGET_ID, &forget, err);

	/* On the disk before the file changes: its new checksum must not be lost in a power cut. */
	if (rc == BP_OK) {
		rc = bp_archive_sync_commits(archive, true, err);
	}
	if (rc == BP_OK) {
		rc = bp_archive_begin(archive, &step, err);
	}
	if (rc != BP_OK) {
		bp_statement_free(forget);
		return rc;
	}
	rc = bp_archive_put_entry(archive, entry, err);
	for (int64_t i = 0; rc == BP_OK && i < r->dropped; i++) {
		bp_bind_blob(forget, 1, r->ids[i], sizeof(r->ids[i]));
		rc = bp_statement_run(forget, err);
	}
	if (rc == BP_OK) {
		rc = forget_marks(archive, entry, r, err);
	}
	rc = bp_archive_end(&step, rc, err);
	bp_statement_free(forget);
	return rc == BP_OK ? bp_archive_sync_commits(archive, false, err) : rc;
}

/** The new file is recorded, then takes the old one's place: recovery can tell by the checksum
 *  which of the two counts. */
static enum bp_rc replace(const struct bp_archive *archive, const struct bp_archive_entry *entry,
			  struct rewriting *r, struct bp_err *err)
{
	char from[BP_ARCHIVE_FULL_PATH_BYTES];
	char to[BP_ARCHIVE_FULL_PATH_BYTES];
	struct bp_archive_entry now = *entry;

	bp_archive_full_path(archive->folder, entry->path, ".new", from);
	bp_archive_full_path(archive->folder, entry->path, "", to);
	r->kept = r->changed = r->dropped = 0;
	forget_sessions(r);
	enum bp_rc rc = bp_archive_writer_new(from, entry->platform, entry->month, &r->writer, err);
	if (rc == BP_OK) {
		rc = bp_archive_rows(archive->folder, entry, archive->stop, judge_row, r, err);
	}
	if (rc == BP_OK) {
		rc = bp_archive_writer_finish(r->writer, &now.seen, err);
	}
	bp_archive_writer_free(r->writer);
	r->writer = NULL;
	if (rc == BP_OK) {
		rc = record(archive, &now, r, err);
	}
	if (rc != BP_OK) {
		(void)unlink(from);
		return rc;
	}
	if (rename(from, to) != 0) {
		return bp_err_set(err, BP_EIO, "%s: %s", to, strerrordesc_np(errno));
	}
	return bp_archive_sync_folder_of(to, err);
}

enum bp_rc bp_archive_rewrite(const struct bp_archive *archive,
			      const struct bp_archive_entry *entry,
			      enum bp_archive_fate (*fate)(void *arg, struct bp_raw_row *row),
			      void *arg, int64_t *out_dropped, struct bp_err *err)
{
	struct rewriting r = {.fate = fate, .arg = arg};
	enum bp_rc rc = bp_archive_rows(archive->folder, entry, archive->stop, judge_row, &r, err);

	if (rc == BP_OK && r.kept == 0) {
		struct bp_archive_entry gone = *entry;

		gone.state = BP_ARCHIVE_GONE;
		rc = record(archive, &gone, &r, err);
		if (rc == BP_OK) {
			rc = bp_archive_remove(archive, entry, err);
		}
	} else if (rc == BP_OK && (r.dropped > 0 || r.changed > 0)) {
		rc = replace(archive, entry, &r, err);
	}
	*out_dropped = rc == BP_OK ? r.dropped : 0;
	free(r.ids);
	forget_sessions(&r);
	return rc;
}

/* --- checking --- */

struct checking {
	const struct bp_archive *archive;
	const struct bp_archive_entry *entries;
	size_t n;
	void (*problem)(void *arg, const char *path, const char *what);
	void *arg;
	struct bp_statement *find; /* whole: is the id known? */
	int64_t rows, unknown;
};

static enum bp_rc check_row(void *arg, const struct bp_raw_row *row, struct bp_err *err)
{
	struct checking *check = arg;

	bp_bind_blob(check->find, 1, row->event.id, sizeof(row->event.id));
	enum bp_rc rc = bp_statement_step(check->find, err);
	bp_statement_reset(check->find);
	check->rows++;
	check->unknown += rc == BP_ENOTFOUND ? 1 : 0;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/** One file. Its own errors are problems; the others end the check. */
static enum bp_rc check_entry(struct checking *check, const struct bp_archive_entry *entry,
			      bool whole, struct bp_err *err)
{
	struct bp_err why = {0};
	enum bp_rc rc = bp_archive_intact(check->archive, entry, &why);

	check->rows = check->unknown = 0;
	if (rc == BP_OK && whole) {
		rc = bp_archive_rows(check->archive->folder, entry, check->archive->stop, check_row,
				     check, &why);
	}
	if (rc == BP_ESTOPPED) {
		*err = why;
		return rc;
	}
	if (rc != BP_OK) {
		check->problem(check->arg, entry->path, why.msg);
	} else if (entry->state != BP_ARCHIVE_WHOLE) {
		check->problem(check->arg, entry->path,
			       "it was interrupted: the next archive run ends it");
	} else if (whole && check->rows != entry->seen.rows) {
		check->problem(check->arg, entry->path, "it has another number of rows");
	} else if (whole && check->unknown > 0) {
		check->problem(check->arg, entry->path,
			       "it has rows whose ids are not in archived_event");
	}
	return BP_OK;
}

static bool look_at_file(const char *full, bool is_dir, void *arg)
{
	const struct checking *check = arg;
	const char *path = full + strlen(check->archive->folder) + 1;

	if (is_dir) {
		return true;
	}
	for (size_t i = 0; i < check->n; i++) {
		if (strcmp(path, check->entries[i].path) == 0) {
			return false;
		}
	}
	check->problem(check->arg, path, "the database does not know this file");
	return false;
}

enum bp_rc bp_archive_check(const struct bp_archive *archive, bool whole,
			    void (*problem)(void *arg, const char *path, const char *what),
			    void *arg, struct bp_err *err)
{
	struct checking check = {.archive = archive, .problem = problem, .arg = arg};
	struct bp_archive_entry *entries = NULL;
	enum bp_rc rc = bp_archive_list(archive->sql, NULL, NULL, &entries, &check.n, err);

	check.entries = entries;
	if (rc == BP_OK) {
		rc = bp_statement_new(archive->sql,
				      "SELECT 1 FROM archived_event WHERE event_id = ?1",
				      &check.find, err);
	}
	for (size_t i = 0; rc == BP_OK && i < check.n; i++) {
		rc = check_entry(&check, &entries[i], whole, err);
		if (archive->progress) {
			archive->progress(archive->arg, "checking", (int64_t)i + 1,
					  (int64_t)check.n);
		}
	}
	if (rc == BP_OK) {
		bp_file_walk(archive->folder, look_at_file, &check);
	}
	bp_statement_free(check.find);
	free(entries);
	return rc;
}
