/* SPDX-License-Identifier: MIT */
/**
 * import_report.h - what an import did, per file, from the checkpoints before and after.
 *
 * Contract: per file lines = rows + duplicates + dead_letters + oversize (+ purged). lines,
 *          dead_letters, oversize and purged are those of the whole file so far; rows were new in
 *          this run; duplicates are the rest, rows of earlier runs among them.
 * Threads: one job owns it.
 */
#ifndef BP_DAEMON_IMPORT_REPORT_H
#define BP_DAEMON_IMPORT_REPORT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "capture/capture.h"
#include "store/checkpoint.h"
#include "store/sqlite.h"

/** What was stored of one source before the import. */
struct bp_import_before {
	char *key;
	int64_t generation;
	int64_t rows;
};

/** Every checkpoint before the import, sorted by key. */
struct bp_import_snapshot {
	struct bp_import_before *items;
	size_t n;
};

/** Errors: BP_EIO; *out is empty. Owns: bp_import_snapshot_done(). */
BP_MUSTUSE enum bp_rc bp_import_snapshot_take(struct bp_sql *sql, struct bp_import_snapshot *out,
					      struct bp_err *err);
void bp_import_snapshot_done(struct bp_import_snapshot *snapshot);

/** True when everything that was sent of the file is stored. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_import_file_stored(struct bp_sql *sql, const struct bp_import_file *file,
					    bool *out_stored, struct bp_err *err);

/** The job's result, of an import that is done and stored. Owns: the caller. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_import_report(struct bp_sql *sql, struct bp_import *import,
				       const struct bp_import_snapshot *before, double seconds,
				       cJSON **out, struct bp_err *err);

#endif
