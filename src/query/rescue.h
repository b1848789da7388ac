/* SPDX-License-Identifier: MIT */
/**
 * rescue.h - what became of a damaged database: <home>/run/rescue.json.
 *
 * Why:     a file, because the database that it speaks of is gone, and the new one may be damaged
 *          next; `status` and `doctor` read it with the service down too.
 * Contract: written by the service alone, by rename. docs/design/rescue.md.
 * Threads: values.
 */
#ifndef BP_QUERY_RESCUE_H
#define BP_QUERY_RESCUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

enum { BP_RESCUE_FILE_BYTES = 64, BP_RESCUE_REASON_BYTES = 160 };

struct bp_rescue {
	char file[BP_RESCUE_FILE_BYTES];     /* in the home */
	char reason[BP_RESCUE_REASON_BYTES]; /* SQLite's words */
	int64_t set_aside_us;                /* wall clock */
	bool done;                           /* everything that can be read came over */
	bool opened;                         /* something of the file can be read */
	bool purges_lost;      /* tombstones could not be read: what was purged may be back */
	int64_t rows;          /* that came over from the file */
	int64_t unreadable;    /* places of rows in it that cannot be read */
	int64_t archive_files; /* whose rows came back to the log */
};

/** Errors: BP_ENOTFOUND no database was ever set aside; BP_ECORRUPT, BP_EIO it cannot be read. */
BP_MUSTUSE enum bp_rc bp_rescue_read(const char *home, struct bp_rescue *out, struct bp_err *err);

/** Errors: BP_EIO; the old one stays. */
BP_MUSTUSE enum bp_rc bp_rescue_write(const char *home, const struct bp_rescue *rescue,
				      struct bp_err *err);

/** The member "set_aside" of `status`: an object, or null when there is nothing to tell (any more:
 *  the file was deleted). Owns: the caller. */
struct cJSON *bp_rescue_json(const char *home);

#endif
