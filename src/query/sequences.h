/* SPDX-License-Identifier: MIT */
/**
 * sequences.h - which tools follow each other inside a turn: 2- and 3-grams, and patterns.
 *
 * Source:  metrics.md 2 (tool_sequences, prompt -> tool patterns). Sequences do not cross turns, nor
 *          go from one agent to another.
 * Threads: pure functions over habits.
 */
#ifndef BP_QUERY_SEQUENCES_H
#define BP_QUERY_SEQUENCES_H

#include <stddef.h>
#include <stdint.h>

#include "query/habits.h"

struct cJSON;

enum {
	BP_SEQUENCE_MAX = 3,
	BP_PATTERN_MAX = 4,
	BP_SEQUENCES_MAX = 20 /* that are told; there are thousands */
};

struct bp_sequence {
	struct bp_str tools[BP_SEQUENCE_MAX]; /* borrowed from the habits */
	size_t n;                             /* 2 or 3 */
	int64_t count;
};

/** Most frequent first, then short ones, then by tools; the first of all. */
struct bp_sequences {
	struct bp_sequence items[BP_SEQUENCES_MAX];
	size_t n;
};

/** 2- and 3-grams. Borrows the habits. */
struct bp_sequences bp_sequences_of(const struct bp_habits *habits);

/** The cosine of the counts of all sequences of two times: 1 the same habits, 0 nothing in common;
 *  NAN when one of them has none. */
double bp_sequences_cosine(const struct bp_habits *a, const struct bp_habits *b);

/** How a turn of the main line went on: its first four tools, repetitions told once. */
struct bp_pattern {
	struct bp_str tools[BP_PATTERN_MAX]; /* borrowed from the habits */
	size_t n;                            /* 1..4 */
	int64_t turns;
	int64_t succeeded; /* nothing rejected or interrupted, and the last call that ran was ok */
};

/** Most frequent first, then short ones, then by tools; the first of all. */
struct bp_patterns {
	struct bp_pattern items[BP_SEQUENCES_MAX];
	size_t n;
};

/** Borrows the habits. */
struct bp_patterns bp_patterns_of(const struct bp_habits *habits);

/** [{"tools":[...],"count"}]. Owns: the caller. */
struct cJSON *bp_sequences_json(const struct bp_sequences *sequences);

/** [{"tools":[...],"turns","success_rate"}]. Owns: the caller. */
struct cJSON *bp_patterns_json(const struct bp_patterns *patterns);

#endif
