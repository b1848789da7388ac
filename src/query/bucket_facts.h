/* SPDX-License-Identifier: MIT */
/**
 * bucket_facts.h - the kinds of facts, and what a row of each adds to a bucket.
 *
 * Shape:   columns 0 to 4 of every statement are time, conversation, model, tool, agent type; rows
 *          come in the order of time. Parameters: ?1 from, ?2 until, ?3 conversation (in_session).
 * Place:   facts -> [bucket_facts] -> buckets.c, which puts quarters of an hour together.
 */
#ifndef BP_QUERY_BUCKET_FACTS_H
#define BP_QUERY_BUCKET_FACTS_H

#include "query/buckets.h"

enum { BP_BUCKET_FACT_COUNT = 8 };

/** One kind of fact. */
struct bp_bucket_fact {
	const char *in_time, *in_session;
	/** Add a row to the sums; durations and files go to the bucket alone. NULL: the row is what
	 *  was counted of a session's habits, stored, in the first column of its own. */
	void (*take)(struct bp_statement *row, struct bp_bucket_sums *sums,
		     struct bp_bucket *bucket);
};

extern const struct bp_bucket_fact bp_bucket_facts[BP_BUCKET_FACT_COUNT];

#endif
