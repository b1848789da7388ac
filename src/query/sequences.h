/* SPDX-License-Identifier: MIT */
/**
 * sequences.h - which tools follow each other inside a turn: 2- and 3-grams, and patterns.
 *
 * Source:  metrics.md 2 (tool_sequences, prompt -> tool patterns). Sequences do not cross turns, nor
 *          go from one agent to another.
 * Threads: pure functions over steps.
 */
#ifndef BP_QUERY_SEQUENCES_H
#define BP_QUERY_SEQUENCES_H

#include <stddef.h>
#include <stdint.h>

#include "query/tool_steps.h"

struct cJSON;

enum { BP_SEQUENCE_MAX = 3, BP_PATTERN_MAX = 4 };

struct bp_sequence {
	uint16_t tools[BP_SEQUENCE_MAX]; /* in the steps' names */
	uint16_t n;                      /* 2 or 3 */
	int64_t count;
};

/** Most frequent first, then by tools. */
struct bp_sequences {
	struct bp_sequence *items;
	size_t n;
};

/** All 2- and 3-grams of steps from_us <= ts < until_us. Owns: bp_sequences_done(). */
struct bp_sequences bp_sequences_of(const struct bp_tool_steps *steps, int64_t from_us,
				    int64_t until_us);
void bp_sequences_done(struct bp_sequences *sequences);

/** The cosine of the counts of all sequences of two times (of the same steps): 1 the same habits, 0
 *  nothing in common; NAN when one of them has none. */
double bp_sequences_cosine(const struct bp_sequences *a, const struct bp_sequences *b);

/** How a turn of the main line went on: its first four tools, repetitions told once. */
struct bp_pattern {
	uint16_t tools[BP_PATTERN_MAX];
	uint16_t n; /* 1..4 */
	int64_t turns;
	int64_t succeeded; /* nothing rejected or interrupted, and the last call that ran was ok */
};

/** Most frequent first, then by tools. */
struct bp_patterns {
	struct bp_pattern *items;
	size_t n;
	int64_t turns; /* with tools */
};

/** Owns: bp_patterns_done(). */
struct bp_patterns bp_patterns_of(const struct bp_tool_steps *steps);
void bp_patterns_done(struct bp_patterns *patterns);

/** [{"tools":[...],"count"}] of at most max. Owns: the caller. */
struct cJSON *bp_sequences_json(const struct bp_sequences *sequences,
				const struct bp_tool_steps *steps, size_t max);

/** [{"tools":[...],"turns","success_rate"}] of at most max. Owns: the caller. */
struct cJSON *bp_patterns_json(const struct bp_patterns *patterns,
			       const struct bp_tool_steps *steps, size_t max);

#endif
