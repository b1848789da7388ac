/* SPDX-License-Identifier: MIT */
/**
 * insights.h - what stands out in a period or a session, with the numbers that say so.
 *
 * Source:  metrics.md 3. Rules over numbers (insights_rules.h); each needs a minimum of
 *          observations, and says nothing below it.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_INSIGHTS_H
#define BP_QUERY_INSIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/period.h"
#include "query/scope.h"
#include "store/sqlite.h"

struct cJSON;

enum bp_insight_type {
	BP_INSIGHT_PRODUCTIVITY,
	BP_INSIGHT_ERRORS,
	BP_INSIGHT_PATTERNS,
	BP_INSIGHT_COST
};

enum bp_insight_priority { BP_INSIGHT_HIGH, BP_INSIGHT_MEDIUM, BP_INSIGHT_LOW };

/** What they are called, in the order of the enums, NULL-terminated. */
extern const char *const bp_insight_types[];
extern const char *const bp_insight_priorities[];

struct bp_insight {
	const char *kind; /* of its rule, as "tool_fails"; static */
	enum bp_insight_type type;
	enum bp_insight_priority priority;
	char *scope;  /* what it is about: a tool, a model, a session, an hour; "" everything */
	char *title;  /* one line */
	char *detail; /* the numbers, in a sentence or two */
	char *action; /* one thing to do */
	struct cJSON *evidence; /* the numbers, and session ids where they help */
};

/** The most urgent first. */
struct bp_insights {
	struct bp_insight *items;
	size_t n, cap;
	struct bp_period period;
	struct bp_period before; /* compared with, when has_before */
	bool has_before;
	int64_t sessions; /* that were looked at */
};

struct bp_insights_question {
	const struct bp_scope *scope;
	const char *home; /* of plan limits; NULL: they are not asked for */
};

/** One moment (begin and end are done here). Owns: the caller, bp_insights_done(), also after an
 *  error. Errors: those of bp_totals_read(). */
BP_MUSTUSE enum bp_rc bp_insights_read(struct bp_sql *sql,
				       const struct bp_insights_question *question,
				       struct bp_insights *out, struct bp_err *err);
/** Free what one holds: for who takes it out of a list. */
void bp_insight_free(struct bp_insight *insight);
void bp_insights_done(struct bp_insights *insights);

/** [{"kind","type","priority","scope","title","detail","action","evidence"}]. Owns: the caller. */
struct cJSON *bp_insights_list_json(const struct bp_insights *insights);

/** {"schema_version","period","compared_with","sessions","insights"}. Owns: the caller. */
struct cJSON *bp_insights_json(const struct bp_insights *insights);

#endif
