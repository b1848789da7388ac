/* SPDX-License-Identifier: MIT */
/**
 * insights_rules.h - when something is worth saying: one function a rule, one table of minima.
 *
 * Why:     a claim from three observations is a guess. What a rule needs before it says anything
 *          stands in bp_insight_minimum, nowhere else.
 * Place:   private to insights*.c and their tests.
 * Threads: pure functions.
 */
#ifndef BP_QUERY_INSIGHTS_RULES_H
#define BP_QUERY_INSIGHTS_RULES_H

#include "query/insights.h"
#include "query/insights_numbers.h"

/** What rules need. Changes and shares are 0..1. */
struct bp_insight_minima {
	int64_t edits;          /* decided ones, in both periods: falling acceptance */
	double acceptance_fall; /* and at least this much */
	double acceptance_high; /* from this much on it is urgent */
	double sure;            /* standard errors that two rates must differ by */
	int64_t tool_calls;     /* executed: a tool that fails */
	int64_t tool_errors;
	double tool_error_rate;
	double tool_error_high;
	int64_t file_edits; /* of one file in a session */
	int64_t file_reads;
	int64_t answers;         /* long and short ones each: thinking after them */
	double think_ratio;      /* long against short */
	int64_t prompt_tokens;   /* in both periods: the cache */
	double cache_fall;       /* of the hit rate */
	int64_t model_sessions;  /* of one model alone */
	int64_t model_lines;     /* accepted in them */
	double model_ratio;      /* the dearest line against the cheapest */
	int64_t compacting;      /* sessions that compacted twice or more */
	double compacting_share; /* of all sessions */
	int64_t jump_days_before, jump_days_after; /* with costs */
	double jump_ratio;                         /* the median after against that before */
	int64_t jump_pusd;                         /* the median after, a day */
	int64_t hour_edits;                        /* decided ones in an hour of the day */
	int64_t hours;                             /* that have so many */
	double hour_gain;                          /* over the rate of all */
	int64_t agents;                            /* that ended */
	int64_t agents_unfinished;
	double agents_share;
	double limit_percent; /* used of a plan's window */
	double limit_high;
};

extern const struct bp_insight_minima bp_insight_minimum;

/** Apply all rules, in the order of their table. */
void bp_insight_rules_apply(const struct bp_insight_numbers *numbers, struct bp_insights *out);

/** The rules of insights_rules_cost.c. */
void bp_insight_rule_cache(const struct bp_insight_numbers *numbers, struct bp_insights *out);
void bp_insight_rule_model_cost(const struct bp_insight_numbers *numbers, struct bp_insights *out);
void bp_insight_rule_cost_jump(const struct bp_insight_numbers *numbers, struct bp_insights *out);
void bp_insight_rule_limit(const struct bp_insight_numbers *numbers, struct bp_insights *out);

/** Add one; its texts are to be filled in. Borrowed until the next one is added. */
struct bp_insight *bp_insight_add(struct bp_insights *out, const char *kind,
				  enum bp_insight_type type, enum bp_insight_priority priority);

/** A number of its evidence. */
void bp_insight_number(struct bp_insight *insight, const char *name, double value);

/** Session ids as its evidence. */
void bp_insight_sessions(struct bp_insight *insight, const char *const *ids, size_t n);

/** Standard errors between two rates of a / (a + b); 0 when one of them has no observations. */
double bp_insight_z(int64_t a1, int64_t b1, int64_t a2, int64_t b2);

#endif
