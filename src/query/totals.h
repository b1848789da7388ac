/* SPDX-License-Identifier: MIT */
/**
 * totals.h - everything that metrics are made of, for a period, a filter and a grouping.
 *
 * Why:     metrics.c only divides; what is summed, and over what, stands here and in rules.h.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_TOTALS_H
#define BP_QUERY_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/buckets.h"
#include "query/filter.h"
#include "query/period.h"
#include "query/sketch.h"
#include "store/sqlite.h"

struct bp_tool_count {
	char *tool;
	int64_t calls;
};

/** What sub-agents of one type used, without cut streams. */
struct bp_agent_use {
	char *type; /* BP_AGENT_TYPE_UNKNOWN where it was not told */
	int64_t model_calls, unpriced_calls;
	int64_t tokens;         /* all */
	int64_t context_tokens; /* without output: what they were given */
	int64_t cost_pusd;
};

struct bp_totals {
	bool whole;   /* not of one model or tool: sums of sessions mean something */
	bool of_tool; /* of one tool: no model call belongs to it */
	bool compat;  /* money by ccusage's rules */
	struct bp_bucket_sums sums;
	union { /* all of them, and each */
		struct bp_bucket_sketches sketches;
		struct {
#define BP_TOTALS_FIELD(name) struct bp_sketch name;
			BP_BUCKET_SKETCHES(BP_TOTALS_FIELD)
#undef BP_TOTALS_FIELD
		};
	};
	struct bp_file_set edited;
	int64_t files; /* different files edited */
	struct bp_tool_count *tool_counts;
	size_t n_tools, cap_tools;
	int64_t tools;        /* different tools called */
	double tool_entropy;  /* of their shares, nats */
	int64_t agent_tokens; /* of sub-agents, in the sums; without cut streams */
	int64_t agent_cost_pusd;
	struct bp_agent_use *agents; /* the same by type */
	size_t n_agents, cap_agents;
	int64_t sessions;
	int64_t duration_us; /* of all sessions */
	int64_t model_switches;
	double productivity; /* mean score weighted by active time; NAN: no session ran a tool */
};

enum bp_group_by {
	BP_GROUP_NONE,
	BP_GROUP_PLATFORM,
	BP_GROUP_PROJECT,
	BP_GROUP_MODEL,
	BP_GROUP_TOOL,
	BP_GROUP_HOUR,
	BP_GROUP_DAY
};

struct bp_group {
	int64_t start_us; /* of an hour or day; else 0 */
	char *key;        /* what JSON says: name, hash, date; "" when there is none */
	char *label;      /* what people read */
	int64_t named_us; /* when a project got the name it is labelled with */
	struct bp_totals totals;
};

/** Sorted by time or key. Without a grouping there is exactly one group. */
struct bp_groups {
	struct bp_group **items;
	size_t n, cap;
};

/** What is asked. Everything is borrowed for the call. */
struct bp_totals_question {
	const struct bp_period *period;
	const struct bp_filter *filter;
	enum bp_group_by by;
	int64_t as_of_us;    /* calls pending 30 min before this count as interrupted */
	bool compat_ccusage; /* costs.compat */
};

/**
 * Read the totals inside one moment (begin and end are done here).
 * Owns:   the caller, bp_groups_done(), also after an error.
 * Errors: those of bp_statement_step(); BP_ECORRUPT a rollup that cannot be read.
 */
BP_MUSTUSE enum bp_rc bp_totals_read(struct bp_sql *sql, const struct bp_totals_question *question,
				     struct bp_groups *out, struct bp_err *err);

/** The same inside the caller's moment. Errors: the same. */
BP_MUSTUSE enum bp_rc bp_totals_collect(struct bp_sql *sql,
					const struct bp_totals_question *question,
					struct bp_groups *out, struct bp_err *err);

/** What the calls cost, by the rules that were asked for. */
int64_t bp_totals_cost_pusd(const struct bp_totals *totals);

/** Calls without a price by those rules. */
int64_t bp_totals_unpriced(const struct bp_totals *totals);

/** All calls of tools, whatever became of them. */
int64_t bp_totals_calls(const struct bp_bucket_sums *sums);

void bp_groups_done(struct bp_groups *groups);

#endif
