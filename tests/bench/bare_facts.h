/* SPDX-License-Identifier: MIT */
/**
 * bare_facts.h - the facts of a database once more, row by row, into another one: what SQLite alone
 * takes for them, without triggers, locks and the work of finding them. A primitive of bar 6.
 */
#ifndef BP_TESTS_BENCH_BARE_FACTS_H
#define BP_TESTS_BENCH_BARE_FACTS_H

#include <stdint.h>

#include "store/sqlite.h"

/** How many facts, events, aliases and rollups there are. */
int64_t bare_facts_count(struct bp_sql *from);

/** Write them into a fresh database at copy, which is removed again. Returns the seconds of the
 *  writing, negative when it failed. */
double bare_facts_write(struct bp_sql *from, const char *copy, int64_t cache_bytes);

#endif
