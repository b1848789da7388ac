/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/buf.h"
#include "daemon/archiving.h"
#include "daemon/purge.h"

/** One look at the archive. */
struct look {
	struct bp_purge *purge;
	struct bp_buf payload; /* of the row that is changed */
};

/** A project that is known by its name only has archived rows perhaps. */
static bool is_covered(const struct bp_purge *purge, const struct bp_event *event)
{
	return bp_purge_covers(purge, event) ||
	       (purge->kind == BP_PURGE_PROJECT && bp_str_eq(event->project_name, purge->key));
}

static enum bp_rc count_row(void *arg, const struct bp_raw_row *row, struct bp_err *err)
{
	struct bp_purge *purge = arg;

	(void)err;
	purge->archived_rows += is_covered(purge, &row->event) ? 1 : 0;
	return BP_OK;
}

static enum bp_archive_fate judge(void *arg, struct bp_raw_row *row)
{
	struct look *look = arg;
	struct bp_purge *purge = look->purge;

	if (is_covered(purge, &row->event)) {
		if (!bp_purge_has_session(purge, row->event.session_id)) {
			bp_purge_touch_session(purge, &row->event);
		}
		return BP_ARCHIVE_DROP;
	}
	if (bp_purge_cut_mention(purge, row->event.payload, &look->payload)) {
		bp_purge_touch_session(purge, &row->event);
		row->event.payload = bp_buf_str(&look->payload);
		return BP_ARCHIVE_CHANGED;
	}
	return BP_ARCHIVE_KEEP;
}

static const char FORGET_SESSION[] =
	"DELETE FROM archived_session WHERE external_id = ?1 AND platform = ?2";

/** The marks of sessions that went altogether. */
static enum bp_rc forget_marks(struct bp_purge *purge, struct bp_err *err)
{
	struct bp_statement *forget = NULL;
	enum bp_rc rc = bp_statement_new(purge->sql, FORGET_SESSION, &forget, err);

	bp_writer_lock_take(purge->service->lock, BP_WRITER_SLOW);
	for (size_t i = 0; rc == BP_OK && i < purge->n_whole; i++) {
		bp_bind_text(forget, 1, purge->sessions[i].external_id);
		bp_bind_text(forget, 2, purge->sessions[i].platform);
		rc = bp_statement_run(forget, err);
	}
	if (rc == BP_OK && purge->kind == BP_PURGE_ALL) {
		rc = bp_sql_exec(purge->sql, "DELETE FROM archived_event", err);
	}
	bp_writer_lock_give(purge->service->lock);
	bp_statement_free(forget);
	return rc;
}

enum bp_rc bp_purge_archive(struct bp_purge *purge, bool only_count, struct bp_err *err)
{
	struct bp_archive_entry *entries = NULL;
	struct look look = {.purge = purge};
	struct bp_archiving archiving;
	size_t n = 0;
	enum bp_rc rc = bp_archiving_open(purge->service, &archiving, err);

	if (rc != BP_OK) {
		return rc;
	}
	const struct bp_archive *archive = &archiving.archive;
	bp_buf_init(&look.payload, BP_EVENT_BYTES_MAX);
	purge->archived_rows = 0;
	rc = bp_archive_list(archive->sql, NULL, NULL, &entries, &n, err);
	if (rc == BP_OK && !only_count) {
		rc = bp_sql_exec(archive->sql, "PRAGMA secure_delete = ON", err);
	}
	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		int64_t dropped = 0;

		if (only_count) {
			rc = bp_archive_rows(archive->folder, &entries[i], archive->stop, count_row,
					     purge, err);
		} else {
			rc = bp_archive_rewrite(archive, &entries[i], judge, &look, &dropped, err);
			purge->archived_rows += dropped;
		}
	}
	bp_buf_done(&look.payload);
	bp_archiving_close(&archiving);
	free(entries);
	return rc == BP_OK && !only_count ? forget_marks(purge, err) : rc;
}
