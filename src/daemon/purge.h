/* SPDX-License-Identifier: MIT */
/**
 * purge.h - the parts of the job `purge`: what it is about, and where each kind of trace is.
 *
 * Order:   scope, (quiet) queue, spool, rows, archive, facts, names, checkpoints, file space, (going on)
 *          append-only file, search.
 * Threads: the job thread.
 */
#ifndef BP_DAEMON_PURGE_H
#define BP_DAEMON_PURGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "daemon/service.h"
#include "event/event.h"
#include "slowpath/forget.h"
#include "store/codec.h"

enum bp_purge_kind {
	BP_PURGE_SESSION,
	BP_PURGE_PROJECT,
	BP_PURGE_PLATFORM,
	BP_PURGE_BEFORE,
	BP_PURGE_ALL
};

struct bp_purge {
	struct bp_service *service;
	struct bp_sql *sql; /* a write connection with secure_delete */
	struct bp_redis *redis;
	struct bp_codec *codec;
	struct bp_arena arena; /* texts of all that is below */

	enum bp_purge_kind kind;
	struct bp_str key; /* as the user gave it */
	int64_t before_us; /* BP_PURGE_BEFORE: rows older than this */
	bool allow_recapture;

	struct bp_session_name *sessions; /* whose facts change */
	size_t n_sessions;
	size_t n_whole;          /* the first of them go altogether; sorted by id */
	struct bp_str *projects; /* BP_PURGE_PROJECT: their hashes */
	size_t n_projects;

	int64_t rows, dead_letters, spool_files; /* that are of the scope */
	int64_t archived_rows;                   /* the same, in files of the archive */
};

/* purge_scope.c */

/** Fill everything but the connections from the job's arguments. Errors: BP_EINVAL unknown scope;
 *  BP_ENOTFOUND nothing of it was recorded. */
BP_MUSTUSE enum bp_rc bp_purge_resolve(struct bp_purge *purge, const cJSON *args,
				       struct bp_err *err);
/** One more session whose facts change; its texts live in the arena. */
void bp_purge_add_session(struct bp_purge *purge, const struct bp_session_name *session);
/** True when the session is one that goes altogether. */
bool bp_purge_has_session(const struct bp_purge *purge, struct bp_str external_id);
/** True when an event is of the scope. */
bool bp_purge_covers(const struct bp_purge *purge, const struct bp_event *event);
/** True when a wire event is of the scope; text that is none counts when it names its session. */
bool bp_purge_covers_text(const struct bp_purge *purge, struct bp_str text);
/** External ids of other sessions that hold copies of purged lines. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_purge_copies(struct bp_purge *purge, cJSON *array, struct bp_err *err);
void bp_purge_done(struct bp_purge *purge);

/* purge_queue.c */

/** Count (and, unless only_count, remove) the dead letters of the scope. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_purge_letters(struct bp_purge *purge, bool only_count, struct bp_err *err);
/** The same for the spool. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_purge_spool(struct bp_purge *purge, bool only_count, struct bp_err *err);
/** Drop the streams, whose entries are all stored, and every live value. *out_done false: something
 *  came in meanwhile, nothing was dropped. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_purge_streams(struct bp_purge *purge, bool *out_done, struct bp_err *err);
/** Rewrite the append-only file and wait for it. Errors: BP_EIO, BP_ESTOPPED. */
BP_MUSTUSE enum bp_rc bp_purge_rewrite(struct bp_purge *purge, struct bp_err *err);

/* purge_rows.c */

/** Count rows of the scope into purge->rows. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_purge_count(struct bp_purge *purge, struct bp_err *err);
/** Put up the tombstones (or take them down: allow_recapture), then delete the rows. Errors: as
 *  bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_purge_rows(struct bp_purge *purge, struct bp_err *err);
/** True when a tombstone of this session stands already. Errors: as bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_purge_was_purged(struct bp_purge *purge, bool *out, struct bp_err *err);
/** Take the ids of purged sessions out of payloads of others, which join purge->sessions so that
 *  their facts are made again. Errors: as bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_purge_mentions(struct bp_purge *purge, struct bp_err *err);
/** Delete names that no row uses any more. Errors: as bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_purge_names(struct bp_purge *purge, struct bp_err *err);
/** Forget how far files were read that belong to purged sessions. Errors: as bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_purge_checkpoints(struct bp_purge *purge, struct bp_err *err);
/** *out_text: a level above strict has kept text. Errors: as bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_purge_text(struct bp_purge *purge, bool *out_text, struct bp_err *err);
/** Make the full-text index anew: what it deletes it only marks. Errors: as bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_purge_index(struct bp_purge *purge, struct bp_err *err);
/** Give the freed space back and empty the WAL; whole: rewrite the database. Errors: as
 *  bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_purge_space(struct bp_purge *purge, bool whole, struct bp_err *err);

/* purge_limits.c */

/** Delete what was said of limits, when everything, a platform or a time goes. Errors: as
 *  bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_purge_limits(struct bp_purge *purge, struct bp_err *err);

/** Cut `"asked_session":"<purged>"` and its comma out of a payload. False: it has none. */
bool bp_purge_cut_mention(const struct bp_purge *purge, struct bp_str payload, struct bp_buf *out);
/** Remember that facts of the event's session change. */
void bp_purge_touch_session(struct bp_purge *purge, const struct bp_event *event);

/* purge_archive.c */

/** Count (and, unless only_count, remove) the archived rows of the scope: files are written anew
 *  without them, their ids and marks go. Sessions that lose rows, or mentions, join
 *  purge->sessions. Errors: those of bp_archive_rewrite(). */
BP_MUSTUSE enum bp_rc bp_purge_archive(struct bp_purge *purge, bool only_count, struct bp_err *err);

/* purge_search.c */

/**
 * Look for the purged ids in every file of the home and in every inflated row, archived ones too.
 * *out_where: the file (below the home) in which one was found, "" when none; *out_files were
 * searched. Shape: out_where has BP_HOME_PATH_BYTES.
 * Errors: BP_EIO.
 */
BP_MUSTUSE enum bp_rc bp_purge_search(struct bp_purge *purge, char *out_where, int64_t *out_files,
				      struct bp_err *err);

#endif
