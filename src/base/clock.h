/* SPDX-License-Identifier: MIT */
/**
 * clock.h - the two clocks, each with its unit in the name.
 *
 * Threads: any.
 */
#ifndef BP_BASE_CLOCK_H
#define BP_BASE_CLOCK_H

#include <stdint.h>

/** Wall clock, UTC, microseconds since 1970. For storing, never for measuring. */
int64_t bp_clock_wall_us(void);

/** Monotonic clock, microseconds. For waiting and measuring, never for storing. */
int64_t bp_clock_mono_us(void);

#endif
