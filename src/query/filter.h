/* SPDX-License-Identifier: MIT */
/**
 * filter.h - which platform, project, model, tool or session a question is about.
 *
 * Threads: plain values.
 */
#ifndef BP_QUERY_FILTER_H
#define BP_QUERY_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "store/sqlite.h"

enum { BP_FILTER_PROJECTS_MAX = 64, BP_PROJECT_HASH_BYTES = 17, BP_NAME_BYTES = 256 };

/** Start with `struct bp_filter filter = {0};`: everything. */
struct bp_filter {
	const char *platform; /* borrowed; NULL: any */
	const char *model;    /* borrowed; only what has this model */
	const char *tool;     /* borrowed; only calls of this tool */
	char projects[BP_FILTER_PROJECTS_MAX][BP_PROJECT_HASH_BYTES]; /* any of these */
	size_t n_projects;                                            /* 0: any */
	bool one_session;                                             /* only this conversation */
	int64_t conversation;                                         /* conversations.id */
};

/** Only this platform. Errors: BP_ENOTFOUND nothing is known of it (the nearest is named). */
BP_MUSTUSE enum bp_rc bp_filter_platform(struct bp_sql *sql, struct bp_filter *filter,
					 const char *platform, struct bp_err *err);

/** Only the projects of this name, or with this hash. Errors: BP_ENOTFOUND there is none (the
 *  nearest is named); BP_ELIMIT too many. */
BP_MUSTUSE enum bp_rc bp_filter_project(struct bp_sql *sql, struct bp_filter *filter,
					const char *project, struct bp_err *err);

/** Does a fact with this key belong? */
bool bp_filter_match(const struct bp_filter *filter, struct bp_str platform,
		     struct bp_str project_hash, struct bp_str model, struct bp_str tool);

#endif
