/* SPDX-License-Identifier: MIT */
#include "query/span.h"

#include <stdio.h>

#include "base/mem.h"

#define SECOND_US INT64_C(1000000)
#define HOUR_US (3600 * SECOND_US)
#define DAY_US (24 * HOUR_US)

/* The first instant of the day n days after the one that begins at start. Noon plus whole days lies
 * in the wanted day, whatever DST does. */
static int64_t day_after(const struct bp_tz *tz, int64_t start_us, int n)
{
	return bp_tz_day_start(tz, start_us + DAY_US / 2 + n * DAY_US);
}

static int64_t month_start(const struct bp_tz *tz, int year, int month)
{
	const struct bp_civil first = {.year = month > 12 ? year + 1 : year,
				       .month = month > 12 ? 1 : month,
				       .day = 1,
				       .hour = 12};

	return bp_tz_day_start(tz, bp_tz_instant(tz, &first));
}

struct bp_span bp_span_of(const struct bp_tz *tz, enum bp_span_unit unit, int64_t ts_us)
{
	struct bp_civil civil = bp_tz_civil(tz, ts_us);
	int64_t part = ts_us % SECOND_US;
	int64_t hour = ts_us - (part < 0 ? part + SECOND_US : part) -
		       (INT64_C(60) * civil.minute + civil.second) * SECOND_US;
	int64_t day;

	switch (unit) {
	case BP_SPAN_HOUR:
		break;
	case BP_SPAN_DAY:
		day = bp_tz_day_start(tz, ts_us);
		return (struct bp_span){day, day_after(tz, day, 1)};
	case BP_SPAN_WEEK:
		day = day_after(tz, bp_tz_day_start(tz, ts_us), -civil.weekday);
		return (struct bp_span){day, day_after(tz, day, 7)};
	case BP_SPAN_MONTH:
		return (struct bp_span){month_start(tz, civil.year, civil.month),
					month_start(tz, civil.year, civil.month + 1)};
	}
	return (struct bp_span){hour, hour + HOUR_US};
}

/* n digits; where they end. printf() takes ten times as long, and hours are thousands. */
static char *put_digits(char *at, int n, int value)
{
	for (int i = n - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + n;
}

size_t bp_span_text(const struct bp_tz *tz, int64_t ts_us, char out[BP_SPAN_TEXT_BYTES])
{
	struct bp_civil c = bp_tz_civil(tz, ts_us);
	int offset = c.offset_s < 0 ? -c.offset_s : c.offset_s;
	char *at = out;

	if (c.year < 0 || c.year > 9999) {
		at += snprintf(out, BP_SPAN_TEXT_BYTES, "%04d", c.year);
	} else {
		at = put_digits(at, 4, c.year);
	}
	*at++ = '-';
	at = put_digits(at, 2, c.month);
	*at++ = '-';
	at = put_digits(at, 2, c.day);
	size_t date = (size_t)(at - out);
	*at++ = 'T';
	at = put_digits(at, 2, c.hour);
	*at++ = ':';
	at = put_digits(at, 2, c.minute);
	*at++ = c.offset_s < 0 ? '-' : '+';
	at = put_digits(at, 2, offset / 3600);
	*at++ = ':';
	at = put_digits(at, 2, offset / 60 % 60);
	*at = '\0';
	return date;
}

char *bp_span_key(const struct bp_tz *tz, bool hour, bool month, int64_t start_us)
{
	char text[BP_SPAN_TEXT_BYTES];
	size_t date = bp_span_text(tz, start_us, text);

	if (hour) {
		return bp_strdup(bp_str_from(text));
	}
	return bp_strdup(bp_str_make(text, month ? date - 3 : date));
}
