/* SPDX-License-Identifier: MIT */
/**
 * score.h - the productivity score of one session.
 *
 * Source:  metrics.md 2: clamp(50 + 25 x tool_success_rate - 15 x combined_failure_rate + 10 if the
 *          session ended normally + 10 x min(1, accepted lines / 200)) to 0..100. Accepted lines
 *          are those that accepted edits added.
 */
#ifndef BP_QUERY_SCORE_H
#define BP_QUERY_SCORE_H

#include <stdbool.h>
#include <stdint.h>

struct bp_score {
	int64_t ok, error, interrupted; /* executed calls; those pending too long are interrupted */
	int64_t lines;                  /* added by accepted edits */
	bool ended;                     /* with a SessionEnd */
};

/** 0..100; NAN when no tool was executed. */
double bp_score_of(const struct bp_score *score);

#endif
