/* SPDX-License-Identifier: MIT */
/**
 * parts.h - what an import is made of, each part alone: the primitives of bar 7.
 *
 * Why:     an import cannot be faster than reading, queueing, storing and understanding the same
 *          lines one after the other; how near it comes is what the bar asks.
 * Threads: one.
 */
#ifndef BP_TESTS_BENCH_PARTS_H
#define BP_TESTS_BENCH_PARTS_H

#include <stdbool.h>
#include <stddef.h>

/** CPU seconds of each part, all cores together. */
struct bench_parts {
	double read;     /* read, scan, project, encode */
	double queue;    /* XADD, XREADGROUP, XACK: client and server, AOF everysec */
	double rows;     /* decode, compress, insert, commit, checkpoint */
	double evidence; /* rows to facts and rollups, all threads of the slow path */
	size_t lines;
};

double bench_parts_sum(const struct bench_parts *parts);

/** Measure them on the transcripts below root. False: a line on stderr says why. */
bool bench_parts_measure(const char *root, struct bench_parts *out);

#endif
