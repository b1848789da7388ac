/* SPDX-License-Identifier: MIT */
/**
 * timestamp.h - ISO-8601 text <-> microseconds since 1970 UTC. libc only, no locale, no globals.
 */
#ifndef BP_EVENT_TIMESTAMP_H
#define BP_EVENT_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { BP_TIMESTAMP_BYTES = 28 }; /* "2025-11-09T12:34:56.789012Z" and NUL */

/**
 * Read "YYYY-MM-DDThh:mm:ss[.fraction][Z|+hh:mm|-hh:mm]" (a blank instead of T is fine; no zone
 * is UTC; a fraction is cut to microseconds) of the years 0001..9999 in UTC. False when it is
 * anything else; *out is untouched.
 */
bool bp_timestamp_parse(struct bp_str text, int64_t *out_us);

/** Write with milliseconds and Z, or with microseconds when they are not whole milliseconds.
 *  Range: years 0001..9999, clamped. Returns the length without the NUL. */
size_t bp_timestamp_format(int64_t ts_us, char out[BP_TIMESTAMP_BYTES]);

#endif
