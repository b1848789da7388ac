/* SPDX-License-Identifier: MIT */
/**
 * archive_private.h - what the archive_*.c files share.
 *
 * Place: inside src/store.
 */
#ifndef BP_STORE_ARCHIVE_PRIVATE_H
#define BP_STORE_ARCHIVE_PRIVATE_H

#include "store/archive.h"

enum { BP_ARCHIVE_FULL_PATH_BYTES = 1024 };

/** A transaction under the writer lock: begun at a time, to be ended soon. */
struct bp_archive_step {
	const struct bp_archive *archive;
	int64_t begun_us; /* monotonic */
};

/** Take the lock and begin. Errors: those of bp_sql_begin(); nothing is held then. */
BP_MUSTUSE enum bp_rc bp_archive_begin(const struct bp_archive *archive,
				       struct bp_archive_step *step, struct bp_err *err);

/** True when the lock was held long enough. */
bool bp_archive_due(const struct bp_archive_step *step);

/** Commit when rc is BP_OK, else roll back; give the lock. Errors: rc, those of bp_sql_commit(). */
BP_MUSTUSE enum bp_rc bp_archive_end(struct bp_archive_step *step, enum bp_rc rc,
				     struct bp_err *err);

/** One statement in a transaction of its own: ?1 is the path, ?2 the number.
 *  Errors: those of bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_archive_run(const struct bp_archive *archive, const char *text,
				     const char *path, int64_t number, struct bp_err *err);

/** Make the commits of this connection wait (or not) until they are on the disk, with all before
 *  them: before a file goes whose rows are in the log. Outside of a transaction.
 *  Errors: those of bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_archive_sync_commits(const struct bp_archive *archive, bool sync,
					      struct bp_err *err);

/** BP_ESTOPPED with a sentence when the service stops. Errors: that. */
BP_MUSTUSE enum bp_rc bp_archive_stopped(const struct bp_stop *stop, struct bp_err *err);

/** "<folder>/<path><suffix>". */
void bp_archive_full_path(const char *folder, const char *path, const char *suffix,
			  char out[BP_ARCHIVE_FULL_PATH_BYTES]);

/** Make a rename or removal of that file last. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_archive_sync_folder_of(const char *path, struct bp_err *err);

/** The row of archive_file, new or in the place of the old one, inside a transaction.
 *  Errors: those of bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_archive_put_entry(const struct bp_archive *archive,
					   const struct bp_archive_entry *entry,
					   struct bp_err *err);

/** Remove a file whose state is BP_ARCHIVE_GONE, then all that is known of it.
 *  Errors: BP_EIO; those of bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_archive_remove(const struct bp_archive *archive,
					const struct bp_archive_entry *entry, struct bp_err *err);

/** An id of a row, and where it is in the log. */
struct bp_archive_id {
	int64_t sequence;
	uint8_t id[BP_EVENT_ID_BYTES];
};

/** Delete rows from the log, their ids to archived_event. Those that are not there any more are
 *  passed over. Errors: BP_ESTOPPED some are left; those of bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_archive_delete_rows(const struct bp_archive *archive,
					     enum bp_raw_table table,
					     const struct bp_archive_id *ids, size_t n,
					     struct bp_err *err);

/** The file on disk has the checksum that was recorded. Errors: BP_ECORRUPT it has another, or is
 *  gone; BP_EIO. */
BP_MUSTUSE enum bp_rc bp_archive_intact(const struct bp_archive *archive,
					const struct bp_archive_entry *entry, struct bp_err *err);

#endif
