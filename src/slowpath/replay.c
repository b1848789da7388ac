/* SPDX-License-Identifier: MIT */
#include "slowpath/replay.h"

#include <uthash.h>

#include "base/mem.h"
#include "slowpath/fact_set.h"
#include "slowpath/platform.h"
#include "store/archive.h"

enum { FLUSH_ROWS = 500 };

struct bp_replay {
	struct bp_sql *sql;
	struct bp_writer_lock *lock;
	struct bp_fact_set *set;
	struct bp_fact_writer *writer;
	size_t rows; /* joined since the last flush */
};

enum bp_rc bp_replay_new(struct bp_sql *sql, struct bp_writer_lock *lock, struct bp_replay **out,
			 struct bp_err *err)
{
	struct bp_replay *replay = bp_calloc(1, sizeof(*replay));
	enum bp_rc rc = bp_fact_writer_new(sql, &replay->writer, err);

	replay->sql = sql;
	replay->lock = lock;
	replay->set = bp_fact_set_new();
	if (rc != BP_OK) {
		bp_replay_free(replay);
		return rc;
	}
	*out = replay;
	return BP_OK;
}

void bp_replay_free(struct bp_replay *replay)
{
	if (replay) {
		bp_fact_writer_free(replay->writer);
		bp_fact_set_free(replay->set);
		free(replay);
	}
}

enum bp_rc bp_replay_row(struct bp_replay *replay, const struct bp_raw_row *row, const char *table,
			 struct bp_err *err)
{
	const struct bp_platform *platform = bp_platform_find(row->event.platform);

	if (!platform) {
		return BP_OK;
	}
	const char *reason = row->event.payload.ptr ? platform->evidence(row, replay->set)
						    : "row cannot be inflated";
	if (reason && table) {
		bp_fact_set_error(replay->set, table, row->sequence, reason);
	}
	return ++replay->rows % FLUSH_ROWS == 0 ? bp_replay_flush(replay, err) : BP_OK;
}

enum bp_rc bp_replay_flush(struct bp_replay *replay, struct bp_err *err)
{
	bool done = bp_fact_set_size(replay->set) == 0;
	enum bp_rc rc = BP_OK;

	bp_fact_writer_restart(replay->writer);
	while (rc == BP_OK && !done) {
		bool linked = false;

		bp_writer_lock_take(replay->lock, BP_WRITER_SLOW);
		rc = bp_sql_begin(replay->sql, err);
		if (rc == BP_OK) {
			rc = bp_fact_writer_write(replay->writer, replay->set, replay->lock, &done,
						  &linked, err);
			if (rc == BP_OK) {
				rc = bp_sql_commit(replay->sql, err);
			}
			if (rc != BP_OK) {
				bp_sql_rollback(replay->sql);
			}
		}
		if (rc == BP_OK) {
			bp_store_cap_wal(replay->sql);
		}
		bp_writer_lock_give(replay->lock);
	}
	bp_fact_set_clear(replay->set);
	return rc;
}

/* --- the archive --- */

struct wanted {
	UT_hash_handle hh;
	struct bp_session_name name;
};

struct archived {
	struct bp_replay *replay;
	struct wanted *wanted; /* by external id; NULL with `all` */
	bool all;
	int64_t rows;
};

static enum bp_rc replay_one(void *arg, const struct bp_raw_row *row, struct bp_err *err)
{
	struct archived *archived = arg;
	struct wanted *wanted = NULL;

	if (!archived->all) {
		struct bp_str id = row->event.session_id;

		HASH_FIND(hh, archived->wanted, id.ptr, id.len, wanted);
		if (!wanted || !bp_str_eq(wanted->name.platform, row->event.platform)) {
			return BP_OK;
		}
	}
	archived->rows++;
	return bp_replay_row(archived->replay, row, NULL, err);
}

static void want(struct archived *archived, const struct bp_session_name *session)
{
	struct wanted *wanted = NULL;
	struct bp_str id = session->external_id;

	HASH_FIND(hh, archived->wanted, id.ptr, id.len, wanted);
	if (!wanted) {
		wanted = bp_calloc(1, sizeof(*wanted));
		wanted->name = *session;
		HASH_ADD_KEYPTR(hh, archived->wanted, id.ptr, id.len, wanted);
	}
}

static void want_nothing(struct archived *archived)
{
	struct wanted *wanted;
	struct wanted *next;

	HASH_ITER (hh, archived->wanted, wanted, next) {
		HASH_DEL(archived->wanted, wanted);
		free(wanted);
	}
}

/** True when the file has rows of a session that is wanted. */
static enum bp_rc has_wanted(struct archived *archived, const char *path, bool *out,
			     struct bp_err *err)
{
	struct bp_statement *sessions = NULL;
	enum bp_rc rc = bp_statement_new(archived->replay->sql,
					 "SELECT external_id FROM archived_session WHERE path = ?1",
					 &sessions, err);

	*out = archived->all;
	if (rc == BP_OK && !*out) {
		bp_bind_text(sessions, 1, bp_str_from(path));
		while (!*out && (rc = bp_statement_step(sessions, err)) == BP_OK) {
			struct bp_str id = bp_column_text(sessions, 0);
			struct wanted *wanted = NULL;

			HASH_FIND(hh, archived->wanted, id.ptr, id.len, wanted);
			*out = wanted != NULL;
		}
	}
	bp_statement_free(sessions);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_replay_archive(struct bp_replay *replay, const char *folder,
			     const struct bp_session_name *sessions, size_t n,
			     const struct bp_stop *stop, int64_t *out_rows, struct bp_err *err)
{
	struct archived archived = {.replay = replay, .all = sessions == NULL};
	struct bp_archive_entry *entries = NULL;
	size_t n_entries = 0;
	enum bp_rc rc = bp_archive_list(replay->sql, NULL, NULL, &entries, &n_entries, err);

	for (size_t i = 0; i < n && sessions; i++) {
		want(&archived, &sessions[i]);
	}
	for (size_t i = 0; rc == BP_OK && i < n_entries; i++) {
		bool look = false;

		rc = has_wanted(&archived, entries[i].path, &look, err);
		if (rc == BP_OK && look) {
			rc = bp_archive_rows(folder, &entries[i], stop, replay_one, &archived, err);
		}
	}
	if (rc == BP_OK) {
		rc = bp_replay_flush(replay, err);
	}
	want_nothing(&archived);
	free(entries);
	*out_rows = archived.rows;
	return rc;
}
