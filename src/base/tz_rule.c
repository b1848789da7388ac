/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>

#include "base/tz_zone.h"

enum { DAY_S = 86400, OFFSET_HOURS_MAX = 24, TIME_HOURS_MAX = 167 };

/* Days since the era of 400 years that began on 1 March 0000: leap days fall at the end of the
 * computational year, so that no table of month lengths is needed. */
int64_t bp_tz_days(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

void bp_tz_date(int64_t days, int *out_year, int *out_month, int *out_day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted = (5 * day_of_year + 2) / 153; /* 0 = March */

	*out_day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
	*out_month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
	*out_year = (int)(year_of_era + era * 400 + (*out_month <= 2 ? 1 : 0));
}

/** Take the first character when it is c. */
static bool take(struct bp_str *text, char c)
{
	if (text->len == 0 || text->ptr[0] != c) {
		return false;
	}
	text->ptr++;
	text->len--;
	return true;
}

static bool take_number(struct bp_str *text, int min, int max, int *out)
{
	int value = 0;
	size_t n = 0;

	while (n < text->len && n < 4 && isdigit((unsigned char)text->ptr[n])) {
		value = value * 10 + (text->ptr[n] - '0');
		n++;
	}
	if (n == 0 || value < min || value > max) {
		return false;
	}
	text->ptr += n;
	text->len -= n;
	*out = value;
	return true;
}

/** [+-]hh[:mm[:ss]] */
static bool take_time(struct bp_str *text, int max_hours, int *out_s)
{
	bool negative = take(text, '-');
	int hours = 0;
	int minutes = 0;
	int seconds = 0;

	if (!negative) {
		(void)take(text, '+');
	}
	if (!take_number(text, 0, max_hours, &hours)) {
		return false;
	}
	if (take(text, ':')) {
		if (!take_number(text, 0, 59, &minutes) ||
		    (take(text, ':') && !take_number(text, 0, 59, &seconds))) {
			return false;
		}
	}
	*out_s = (hours * 3600 + minutes * 60 + seconds) * (negative ? -1 : 1);
	return true;
}

/** "CET" or "<+0330>": at least three characters, which nobody needs. */
static bool take_name(struct bp_str *text)
{
	bool quoted = take(text, '<');
	size_t n = 0;

	while (n < text->len) {
		unsigned char c = (unsigned char)text->ptr[n];

		if (!(isalpha(c) || (quoted && (isdigit(c) || c == '+' || c == '-')))) {
			break;
		}
		n++;
	}
	text->ptr += n;
	text->len -= n;
	return n >= 3 && (!quoted || take(text, '>'));
}

/** "M3.5.0/2", "J60", "59" */
static bool take_change(struct bp_str *text, struct bp_tz_change *out)
{
	struct bp_tz_change change = {.time_s = 2 * 3600};
	bool ok = false;

	if (take(text, 'M')) {
		change.kind = BP_TZ_MONTH;
		ok = take_number(text, 1, 12, &change.month) && take(text, '.') &&
		     take_number(text, 1, 5, &change.week) && take(text, '.') &&
		     take_number(text, 0, 6, &change.day);
	} else if (take(text, 'J')) {
		change.kind = BP_TZ_JULIAN;
		ok = take_number(text, 1, 365, &change.day);
	} else {
		change.kind = BP_TZ_DAY;
		ok = take_number(text, 0, 365, &change.day);
	}
	if (ok && take(text, '/')) {
		ok = take_time(text, TIME_HOURS_MAX, &change.time_s);
	}
	*out = change;
	return ok;
}

enum bp_rc bp_tz_rule_parse(struct bp_str text, struct bp_tz_rule *out)
{
	struct bp_tz_rule rule = {.valid = true};
	int west_s = 0;

	if (!take_name(&text) || !take_time(&text, OFFSET_HOURS_MAX, &west_s)) {
		return BP_EINVAL;
	}
	rule.std_s = -west_s;
	if (text.len > 0) {
		rule.has_dst = true;
		rule.dst_s = rule.std_s + 3600;
		if (!take_name(&text)) {
			return BP_EINVAL;
		}
		if (text.len > 0 && text.ptr[0] != ',') {
			if (!take_time(&text, OFFSET_HOURS_MAX, &west_s)) {
				return BP_EINVAL;
			}
			rule.dst_s = -west_s;
		}
		if (!take(&text, ',') || !take_change(&text, &rule.start) || !take(&text, ',') ||
		    !take_change(&text, &rule.end) || text.len > 0) {
			return BP_EINVAL;
		}
	}
	*out = rule;
	return BP_OK;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/** The local second, as if UTC, of a change in a year. */
static int64_t change_at(const struct bp_tz_change *change, int64_t year)
{
	int64_t day = 0;

	switch (change->kind) {
	case BP_TZ_MONTH: {
		int64_t first = bp_tz_days(year, change->month, 1);
		int64_t next = change->month == 12 ? bp_tz_days(year + 1, 1, 1)
						   : bp_tz_days(year, change->month + 1, 1);
		int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 0 = Sunday */

		day = first + (change->day - weekday + 7) % 7 + (int64_t)7 * (change->week - 1);
		if (day >= next) {
			day -= 7; /* week 5 is the last there is */
		}
		break;
	}
	case BP_TZ_JULIAN:
		day = bp_tz_days(year, 1, 1) + change->day - 1;
		if (is_leap(year) && change->day >= 60) {
			day++; /* 29 February is not counted */
		}
		break;
	case BP_TZ_DAY:
		day = bp_tz_days(year, 1, 1) + change->day;
		break;
	}
	return day * DAY_S + change->time_s;
}

int bp_tz_rule_offset(const struct bp_tz_rule *rule, int64_t ts_s)
{
	if (!rule->has_dst) {
		return rule->std_s;
	}
	int64_t days = (ts_s + rule->std_s) / DAY_S;
	int year = 0;
	int month = 0;
	int day = 0;
	int64_t latest = INT64_MIN;
	int offset = rule->std_s;

	bp_tz_date(days, &year, &month, &day);
	/* The latest change at or before ts_s; times beyond a day may reach into another year. */
	for (int64_t y = (int64_t)year - 1; y <= (int64_t)year + 1; y++) {
		int64_t start = change_at(&rule->start, y) - rule->std_s;
		int64_t end = change_at(&rule->end, y) - rule->dst_s;

		/* At the same instant (summer time all year) the start wins. */
		if (end <= ts_s && end > latest) {
			latest = end;
			offset = rule->std_s;
		}
		if (start <= ts_s && start >= latest) {
			latest = start;
			offset = rule->dst_s;
		}
	}
	return offset;
}
