/* SPDX-License-Identifier: MIT */
/**
 * tz_zone.h - a zone in memory: transitions, and the rule for what comes after them.
 *
 * Place:   private to tz*.c.
 * Threads: read-only once built.
 */
#ifndef BP_BASE_TZ_ZONE_H
#define BP_BASE_TZ_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/** The day and time of a yearly change. */
struct bp_tz_change {
	enum { BP_TZ_MONTH, BP_TZ_JULIAN, BP_TZ_DAY } kind;
	int month;  /* MONTH: 1..12 */
	int week;   /* MONTH: 1..5, 5 is the last */
	int day;    /* MONTH: 0 Sunday..6; JULIAN: 1..365 without 29 February; DAY: 0..365 */
	int time_s; /* local seconds after midnight, -167 h..167 h */
};

/** A POSIX TZ rule such as "CET-1CEST,M3.5.0,M10.5.0/3". */
struct bp_tz_rule {
	bool valid;   /* there is a rule */
	bool has_dst; /* the members below std_s count */
	int std_s;    /* seconds east of UTC */
	int dst_s;
	struct bp_tz_change start; /* of daylight saving time, in standard time */
	struct bp_tz_change end;   /* in daylight saving time */
};

struct bp_tz_zone {
	int64_t *at_s;          /* n transitions, ascending, UTC seconds */
	int32_t *offset_s;      /* n offsets, each from its transition on */
	size_t n;               /* transitions */
	int32_t before_s;       /* offset before the first */
	struct bp_tz_rule rule; /* after the last */
};

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
int64_t bp_tz_days(int64_t year, int month, int day);

/** The date that many days after 1970-01-01. */
void bp_tz_date(int64_t days, int *out_year, int *out_month, int *out_day);

/** Parse a whole POSIX rule. Errors: BP_EINVAL; *out is untouched. */
BP_MUSTUSE enum bp_rc bp_tz_rule_parse(struct bp_str text, struct bp_tz_rule *out);

/** The offset a rule gives at an instant. */
int bp_tz_rule_offset(const struct bp_tz_rule *rule, int64_t ts_s);

/**
 * Parse a TZif file (RFC 8536), any version.
 *
 * Owns:   the caller owns what *out points to: bp_tz_zone_done().
 * Errors: BP_ECORRUPT with the reason; *out is untouched.
 */
BP_MUSTUSE enum bp_rc bp_tz_file_parse(struct bp_str bytes, struct bp_tz_zone *out,
				       struct bp_err *err);

void bp_tz_zone_done(struct bp_tz_zone *zone);

#endif
