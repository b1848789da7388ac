/* SPDX-License-Identifier: MIT */
/**
 * tz.h - time zones per call, from the system's TZif files; no globals, no setenv("TZ").
 *
 * Threads: a loaded zone is read-only and may be shared.
 */
#ifndef BP_BASE_TZ_H
#define BP_BASE_TZ_H

#include <stdint.h>

#include "base/err.h"

struct bp_tz;

/** A civil date and time in some zone. */
struct bp_civil {
	int year, month, day;     /* month 1..12, day 1..31 */
	int hour, minute, second; /* 24 h; second 0..59 */
	int weekday;              /* 0 = Monday */
	int offset_s;             /* seconds east of UTC */
};

/**
 * Load a zone by IANA name; NULL or "" is the system's ($TZ, else /etc/localtime), "UTC" always
 * works. Owns: bp_tz_free(). Errors: BP_ENOTFOUND no such zone, BP_ECORRUPT unreadable file.
 */
BP_MUSTUSE enum bp_rc bp_tz_load(const char *name, struct bp_tz **out, struct bp_err *err);
void bp_tz_free(struct bp_tz *tz);

/** The name it was loaded by, as shown in "timezone". Borrowed. */
const char *bp_tz_name(const struct bp_tz *tz);

/** Split a UTC instant (microseconds since 1970) into civil time of the zone. */
struct bp_civil bp_tz_civil(const struct bp_tz *tz, int64_t ts_us);

/** The instant of a civil time; a time that DST skips moves forward, an ambiguous one is the first. */
int64_t bp_tz_instant(const struct bp_tz *tz, const struct bp_civil *civil);

/** The instant at which the civil day that holds ts_us begins in the zone. */
int64_t bp_tz_day_start(const struct bp_tz *tz, int64_t ts_us);

#endif
