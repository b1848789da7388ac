/* SPDX-License-Identifier: MIT */
/**
 * archive.h - old rows of the log go to Parquet files, and come back.
 *
 * Why:      the log is the largest part of the database and the least read one: every number comes
 *           from facts, which stay.
 * Shape:    <folder>/platform=<p>/month=<YYYY-MM>/part-<n>.parquet; the month is UTC.
 * Contract: a row is in the log or in a file that archive_file names, or (between a file's record
 *           and the row's deletion, or while it is restored) in both; never in neither.
 *           bp_archive_recover() ends what a kill left. docs/design/archive.md has the argument.
 * Threads:  one at a time for one database (the daemon's archive mutex); writes in short
 *           transactions under the writer lock, which is free in between.
 */
#ifndef BP_STORE_ARCHIVE_H
#define BP_STORE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/stop.h"
#include "store/archive_file.h"
#include "store/raw.h"
#include "store/store.h"

enum {
	BP_ARCHIVE_PATH_BYTES = 512,
	BP_ARCHIVE_MONTH_BYTES = 8,
	BP_ARCHIVE_PLATFORM_BYTES = 40,
	BP_ARCHIVE_FILE_ROWS = 250000 /* at most: the list of a file's rows is in memory */
};

/** Everything here works with one of these; all of it is borrowed. */
struct bp_archive {
	struct bp_sql *sql;          /* a write connection of its own */
	struct bp_codec *codec;      /* that loaded the dictionaries */
	struct bp_writer_lock *lock; /* not held by the caller */
	const char *folder;          /* <home>/archive */
	const struct bp_stop *stop;  /* asked between pieces; NULL: never */
	void (*progress)(void *arg, const char *step, int64_t done, int64_t total); /* or NULL */
	void *arg; /* of progress */
};

/** Rows of one platform and month that are old enough. */
struct bp_archive_part {
	enum bp_raw_table table;
	char platform[BP_ARCHIVE_PLATFORM_BYTES];
	char month[BP_ARCHIVE_MONTH_BYTES];
	int64_t rows;
	int64_t min_ts_us;
	int64_t max_ts_us;
};

/**
 * What would go: rows older than before_us whose facts are made, by month, the oldest first.
 * Owns: *out, free(). Errors: those of bp_sql_exec().
 */
BP_MUSTUSE enum bp_rc bp_archive_plan(struct bp_sql *sql, int64_t before_us,
				      struct bp_archive_part **out, size_t *out_n,
				      struct bp_err *err);

/**
 * Move the rows of a part to files, or (keep false) only delete them; their ids are refused from
 * then on. *out_rows were moved, also when it fails.
 * Errors: BP_ESTOPPED; BP_EIO, BP_ELIMIT, BP_ECORRUPT the file did not read back as the table is:
 *         what was not moved is in the log.
 */
BP_MUSTUSE enum bp_rc bp_archive_move(const struct bp_archive *archive,
				      const struct bp_archive_part *part, bool keep,
				      int64_t *out_rows, struct bp_err *err);

/** Give free pages back to the file system, some at a time. Errors: those of bp_sql_exec(),
 *  BP_ESTOPPED. */
BP_MUSTUSE enum bp_rc bp_archive_vacuum(const struct bp_archive *archive, struct bp_err *err);

/** What a file's row of archive_file means. */
enum bp_archive_state {
	BP_ARCHIVE_LEAVING,  /* some of its rows may still be in the log */
	BP_ARCHIVE_WHOLE,    /* none of them is */
	BP_ARCHIVE_RESTORED, /* some of them may be back in the log */
	BP_ARCHIVE_GONE      /* the file is to be removed */
};

/** A file of the archive. */
struct bp_archive_entry {
	char path[BP_ARCHIVE_PATH_BYTES]; /* below the folder */
	char platform[BP_ARCHIVE_PLATFORM_BYTES];
	char month[BP_ARCHIVE_MONTH_BYTES];
	enum bp_archive_state state;
	struct bp_archive_seen seen;
	int64_t written_us;
};

/** The files, by month and platform, of both or (NULL) all. Owns: *out, free().
 *  Errors: those of bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_archive_list(struct bp_sql *sql, const char *month, const char *platform,
				      struct bp_archive_entry **out, size_t *out_n,
				      struct bp_err *err);

/** End what a kill left half done. Before anything else of this header that writes.
 *  Errors: BP_ESTOPPED; BP_EIO; BP_ECORRUPT a file is not what it was: nothing was deleted. */
BP_MUSTUSE enum bp_rc bp_archive_recover(const struct bp_archive *archive, struct bp_err *err);

/**
 * Record files that are in the folder and whole, but that the database does not know: those of a
 * database that was lost. They are recorded as being restored, so that bp_archive_restore() or the
 * next bp_archive_recover() brings their rows to the log, where facts are made of them; retention
 * moves them to files again. month, platform: only those; NULL: all. *out_files were recorded.
 * Errors: BP_ESTOPPED; those of bp_sql_exec().
 */
BP_MUSTUSE enum bp_rc bp_archive_adopt(const struct bp_archive *archive, const char *month,
				       const char *platform, int64_t *out_files,
				       struct bp_err *err);

/** Bring the rows of a file back, unseal its sessions, remove the file. *out_rows came back.
 *  Errors: as bp_archive_recover(). */
BP_MUSTUSE enum bp_rc bp_archive_restore(const struct bp_archive *archive,
					 const struct bp_archive_entry *entry, int64_t *out_rows,
					 struct bp_err *err);

/** Call each row of a file; each returns other than BP_OK to end with that. The arena is cleared
 *  after each. Errors: those of each, BP_ESTOPPED, BP_EIO, BP_ECORRUPT. */
BP_MUSTUSE enum bp_rc bp_archive_rows(const char *folder, const struct bp_archive_entry *entry,
				      const struct bp_stop *stop,
				      enum bp_rc (*each)(void *arg, const struct bp_raw_row *row,
							 struct bp_err *err),
				      void *arg, struct bp_err *err);

/** What becomes of a row when a file is written anew. */
enum bp_archive_fate { BP_ARCHIVE_KEEP, BP_ARCHIVE_CHANGED, BP_ARCHIVE_DROP };

/**
 * Write the file anew without the rows that fate() drops (it may change the row's payload), if
 * there are any; a file without rows is removed. *out_dropped were dropped; ids of those are
 * forgotten. fate is asked twice about each row, and must answer the same.
 * Errors: those of bp_archive_move().
 */
BP_MUSTUSE enum bp_rc bp_archive_rewrite(const struct bp_archive *archive,
					 const struct bp_archive_entry *entry,
					 enum bp_archive_fate (*fate)(void *arg,
								      struct bp_raw_row *row),
					 void *arg, int64_t *out_dropped, struct bp_err *err);

/**
 * Compare archive_file with the folder: each problem is said as one sentence, with the path.
 * whole: also read every row (its checksums) and look for its id in archived_event.
 * Errors: BP_ESTOPPED, those of bp_sql_exec().
 */
BP_MUSTUSE enum bp_rc bp_archive_check(const struct bp_archive *archive, bool whole,
				       void (*problem)(void *arg, const char *path,
						       const char *what),
				       void *arg, struct bp_err *err);

#endif
