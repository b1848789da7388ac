/* SPDX-License-Identifier: MIT */
/**
 * span.h - hours, days, weeks and months of a zone: where they begin and what they are called.
 *
 * Threads: pure functions.
 */
#ifndef BP_QUERY_SPAN_H
#define BP_QUERY_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tz.h"

enum bp_span_unit { BP_SPAN_HOUR, BP_SPAN_DAY, BP_SPAN_WEEK, BP_SPAN_MONTH };

struct bp_span {
	int64_t from_us, until_us; /* exclusive */
};

/** The hour, day, week (from Monday) or month of the zone that holds ts_us. */
struct bp_span bp_span_of(const struct bp_tz *tz, enum bp_span_unit unit, int64_t ts_us);

enum { BP_SPAN_TEXT_BYTES = 32 };

/** "2026-01-31T09:00+01:00". How long the date in front is (10, but for years beyond 9999). */
size_t bp_span_text(const struct bp_tz *tz, int64_t ts_us, char out[BP_SPAN_TEXT_BYTES]);

/** "2026-01-31", of an hour "2026-01-31T09:00+01:00", of a month "2026-01". Owns: the caller. */
char *bp_span_key(const struct bp_tz *tz, bool hour, bool month, int64_t start_us);

#endif
