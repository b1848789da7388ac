/* SPDX-License-Identifier: MIT */
/**
 * team.h - several anonymized exports as one: sums, means, percentiles.
 *
 * Why:     a team can see its numbers without anybody's being visible: nothing is told of a single
 *          file, and fewer than two are refused.
 * Shape:   the same files in any order give the same answer, byte for byte.
 * Threads: one.
 */
#ifndef BP_QUERY_TEAM_H
#define BP_QUERY_TEAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/anonymous.h"

struct cJSON;

enum { BP_TEAM_SOURCES_MAX = 4096 };

/** Sums of some rows, and the sketches of both kinds. */
struct bp_team_sums {
	struct bp_anonymous_sums sums;
	struct bp_sketch response, latency;
};

enum bp_team_by {
	BP_TEAM_DATE,
	BP_TEAM_PLATFORM,
	BP_TEAM_FAMILY,
	BP_TEAM_TOOL,
	BP_TEAM_EXTENSION,
	BP_TEAM_GROUPINGS
};

struct bp_team_group {
	char key[BP_ANONYMOUS_DATE_BYTES + 8]; /* a date, or a word of the lists */
	struct bp_team_sums sums;
};

struct bp_team_groups {
	struct bp_team_group *items; /* by key */
	size_t n, cap;
};

struct bp_team {
	char sources[BP_TEAM_SOURCES_MAX][BP_ANONYMOUS_SOURCE_BYTES];
	size_t n_sources;
	struct bp_team_sums total;
	struct bp_team_groups by[BP_TEAM_GROUPINGS];
};

/** Owns: the caller, bp_team_free(). */
struct bp_team *bp_team_new(void);
void bp_team_free(struct bp_team *team);

/**
 * Add a file: jsonl, json, csv or parquet, as its content says.
 * Errors: BP_ENOTFOUND, BP_EIO; BP_EINVAL it is no anonymized export, has no row, or has a source
 *         that another file had; BP_ELIMIT too large. The team is of no use then.
 */
BP_MUSTUSE enum bp_rc bp_team_add(struct bp_team *team, const char *path, struct bp_err *err);

/** One row of the file whose source is already known: for team_read.c. Errors: BP_EINVAL another
 *  source than the row before had. */
BP_MUSTUSE enum bp_rc bp_team_add_row(struct bp_team *team, const struct bp_anonymous_row *row,
				      struct bp_err *err);

/** {"schema_version","sources","from","until","total","mean_per_source","by_date",...}.
 *  Owns: the caller. Errors: BP_EINVAL fewer than two sources. */
BP_MUSTUSE enum bp_rc bp_team_json(const struct bp_team *team, struct cJSON **out,
				   struct bp_err *err);

#endif
