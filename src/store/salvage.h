/* SPDX-License-Identifier: MIT */
/**
 * salvage.h - what can still be read of a damaged database goes into a sound one.
 *
 * Why:     most of a log can be read again from its sources; what only hooks told, and rows whose
 *          transcript was deleted, are nowhere else (docs/design/rescue.md).
 * Contract: only adds; a second time brings nothing twice. What cannot be read is counted and
 *          passed over. The damaged file is not changed.
 * Threads: one thread; writes in short transactions under the writer lock.
 */
#ifndef BP_STORE_SALVAGE_H
#define BP_STORE_SALVAGE_H

#include <stdint.h>

#include "base/err.h"
#include "store/archive.h"

struct bp_salvaged {
	int64_t rows;       /* came over */
	int64_t known;      /* were there already, or must not come back */
	int64_t unreadable; /* places of rows that could not be read; there may have been none */
};

/** Tombstones first: before anything else is stored, so that what was purged does not come back.
 *  *out came over, also when it fails. Errors: BP_ECORRUPT not all could be read; those of
 *  bp_sql_exec() for `to`. */
BP_MUSTUSE enum bp_rc bp_salvage_purges(struct bp_sql *from, struct bp_sql *to, int64_t *out,
					struct bp_err *err);

/** The rows of the log, then what status lines said of limits. *out is filled also when it fails.
 *  Errors: BP_ECORRUPT nothing at all can be read; BP_ESTOPPED; those of bp_sql_exec() for into. */
BP_MUSTUSE enum bp_rc bp_salvage_rows(const struct bp_archive *into, struct bp_sql *from,
				      struct bp_salvaged *out, struct bp_err *err);

#endif
