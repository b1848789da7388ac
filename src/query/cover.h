/* SPDX-License-Identifier: MIT */
/**
 * cover.h - which spans answer for a period: stored rollups as large as can be, facts for the rest.
 *
 * Place:   a part of rollups.h.
 */
#ifndef BP_QUERY_COVER_H
#define BP_QUERY_COVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/rollups.h"

/** Spans of one size side by side, or a stretch of facts. Pending calls of a stored piece are all
 *  over or all not. */
struct bp_cover_piece {
	int64_t from_us, until_us;
	bool stored;
	enum bp_rollup_span span; /* of stored rows: QUARTER, DAY or MONTH */
};

/** In order, side by side. Start with `{0}`. */
struct bp_cover {
	struct bp_cover_piece *pieces;
	size_t n, cap;
};

/** Owns: bp_cover_done(), also after an error. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_cover_find(struct bp_sql *sql, const struct bp_rollups_question *question,
				    struct bp_cover *out, struct bp_err *err);
void bp_cover_done(struct bp_cover *cover);

#endif
