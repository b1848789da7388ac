/* SPDX-License-Identifier: MIT */
/**
 * ccusage.h - what people run today, on the same history: `ccusage daily --offline --json`.
 *
 * Threads: any.
 */
#ifndef BP_TESTS_BENCH_CCUSAGE_H
#define BP_TESTS_BENCH_CCUSAGE_H

#include <stddef.h>
#include <sys/resource.h>

enum { BENCH_CCUSAGE_RUNS_MAX = 5 };

/**
 * Seconds, the median of some runs (<= BENCH_CCUSAGE_RUNS_MAX) of the program that $BENCH_CCUSAGE
 * names, on the history of home (.claude is in it), with $HOME in folder. 0: it is not here.
 * Negative: it failed. out_usage (may be NULL): what the last run took.
 */
double bench_ccusage(const char *home, const char *folder, size_t runs, struct rusage *out_usage);

#endif
