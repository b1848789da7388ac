/* SPDX-License-Identifier: MIT */
/**
 * period.h - from when to when a question is asked, and in which time zone.
 *
 * Threads: plain values.
 */
#ifndef BP_QUERY_PERIOD_H
#define BP_QUERY_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tz.h"

struct cJSON;

/** Bounds that hold every time there is; unlike INT64_MIN the first is not SQL's NULL. */
#define BP_TIME_FIRST (INT64_MIN / 4)
#define BP_TIME_LAST (INT64_MAX / 4)

struct bp_period {
	int64_t from_us;        /* BP_TIME_FIRST: from the beginning */
	int64_t until_us;       /* exclusive; BP_TIME_LAST: no end */
	const struct bp_tz *tz; /* of days, hours and shown times; borrowed */
	char name[24];          /* "24h", "all", "since" */
};

/** The names bp_period_named() takes, NULL-terminated. */
extern const char *const bp_period_names[];

/** The last 1h 24h 7d 30d 90d before now_us, or all. Errors: BP_EINVAL another name. */
BP_MUSTUSE enum bp_rc bp_period_named(const char *name, const struct bp_tz *tz, int64_t now_us,
				      struct bp_period *out, struct bp_err *err);

/**
 * From since to until (either may be NULL: no bound). A bound is a date (2026-01-31: since its
 * first, until its last instant in the zone), a date and time (2026-01-31T09:30, in the zone unless
 * it says Z or an offset), today, yesterday, now, or that long ago (2h, 7d, -7d).
 * Errors: BP_EINVAL another text, or since is not before until.
 */
BP_MUSTUSE enum bp_rc bp_period_between(const char *since, const char *until,
					const struct bp_tz *tz, int64_t now_us,
					struct bp_period *out, struct bp_err *err);

/** One bound, as above. end: the last instant of a day instead of its first. Errors: BP_EINVAL. */
BP_MUSTUSE enum bp_rc bp_period_bound(const char *text, bool end, const struct bp_tz *tz,
				      int64_t now_us, int64_t *out, struct bp_err *err);

/** The period of the same length just before. False when this one is open at an end. */
bool bp_period_before(const struct bp_period *period, struct bp_period *out);

/** {"since","until","timezone"}; an open end is null. Owns: the caller. */
struct cJSON *bp_period_json(const struct bp_period *period);

/** "2026-01-31T08:30:00.000Z" as a JSON string, null for BP_SQL_NULL. Owns: the caller. */
struct cJSON *bp_time_json(int64_t ts_us);

#endif
