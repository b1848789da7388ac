/* SPDX-License-Identifier: MIT */
/**
 * analyze.h - one session in depth: what analyze shows and its documented JSON.
 *
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_ANALYZE_H
#define BP_QUERY_ANALYZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/analyze_parts.h"
#include "query/costs.h"
#include "query/session.h"
#include "query/timeline.h"
#include "query/tokens.h"
#include "query/totals.h"
#include "store/sqlite.h"

struct cJSON;

struct bp_analysis {
	struct bp_session session;
	enum bp_session_status status;
	char *models;         /* '\n' between them, by first use */
	struct bp_groups all; /* one group */
	struct bp_groups by_tool;
	struct bp_groups by_model;
	struct bp_tokens tokens, aborted;
	bool compat_ccusage; /* whose cost; set by the caller after reading */
	struct bp_analysis_parts parts;
	bool has_timeline;
	struct bp_timeline timeline;
};

/** Owns: the caller, bp_analysis_done(), also after an error.
 *  Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_analysis_read(struct bp_sql *sql, const struct bp_session *session,
				       bool timeline, int64_t as_of_us, struct bp_analysis *out,
				       struct bp_err *err);
void bp_analysis_done(struct bp_analysis *analysis);

/** What one group cost. */
struct bp_cost bp_analysis_cost(const struct bp_analysis *analysis,
				const struct bp_bucket_sums *sums);

/** The tokens of one group, and those of its cut streams. */
struct bp_tokens bp_analysis_tokens(const struct bp_bucket_sums *sums);
struct bp_tokens bp_analysis_aborted(const struct bp_bucket_sums *sums);

/** The documented object (interfaces.md 1). Owns: the caller. */
struct cJSON *bp_analysis_json(const struct bp_analysis *analysis);

#endif
