/* SPDX-License-Identifier: MIT */
#include "event/timestamp.h"

static const int64_t us_per_second = 1000000;
static const int64_t us_per_day = INT64_C(86400) * 1000000;

/** Days since 1970-01-01 of a Gregorian date (years count from March, so the leap day is last). */
static int64_t days_from_date(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = year / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

/* What four digits of a year can say. */
static int64_t min_us(void)
{
	return days_from_date(1, 1, 1) * us_per_day;
}

static int64_t max_us(void)
{
	return days_from_date(10000, 1, 1) * us_per_day - 1;
}

static void date_from_days(int64_t days, int *year, int *month, int *day)
{
	days += 719468;
	int64_t era = days / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march_month = (5 * day_of_year + 2) / 153;

	*day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
	*month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
	*year = (int)(year_of_era + era * 400 + (*month <= 2));
}

/** Exactly n digits at text[at]; -1 when they are not there. */
static int read_digits(struct bp_str text, size_t at, size_t n)
{
	int value = 0;

	if (at + n > text.len) {
		return -1;
	}
	for (size_t i = at; i < at + n; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9') {
			return -1;
		}
		value = value * 10 + (text.ptr[i] - '0');
	}
	return value;
}

static bool is_at(struct bp_str text, size_t at, char c)
{
	return at < text.len && text.ptr[at] == c;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/** "YYYY-MM-DDThh:mm:ss", 19 bytes. */
static bool parse_seconds(struct bp_str text, int64_t *out_us)
{
	int year = read_digits(text, 0, 4), month = read_digits(text, 5, 2);
	int day = read_digits(text, 8, 2), hour = read_digits(text, 11, 2);
	int minute = read_digits(text, 14, 2), second = read_digits(text, 17, 2);

	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
	    hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 ||
	    text.ptr[4] != '-' || text.ptr[7] != '-' ||
	    (text.ptr[10] != 'T' && text.ptr[10] != ' ') || text.ptr[13] != ':' ||
	    text.ptr[16] != ':') {
		return false;
	}
	*out_us = days_from_date(year, month, day) * us_per_day +
		  (hour * INT64_C(3600) + minute * 60 + second) * us_per_second;
	return true;
}

/** What follows the fraction: nothing, Z, or an offset, to the end of the text. */
static bool parse_zone(struct bp_str text, size_t at, int64_t *out_offset_us)
{
	*out_offset_us = 0;
	if (at == text.len || (at + 1 == text.len && text.ptr[at] == 'Z')) {
		return true;
	}
	int hours = read_digits(text, at + 1, 2), minutes = read_digits(text, at + 4, 2);
	if (at + 6 != text.len || (text.ptr[at] != '+' && text.ptr[at] != '-') ||
	    !is_at(text, at + 3, ':') || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
		return false;
	}
	*out_offset_us =
		(hours * 60 + minutes) * 60 * us_per_second * (text.ptr[at] == '-' ? -1 : 1);
	return true;
}

bool bp_timestamp_parse(struct bp_str text, int64_t *out_us)
{
	int64_t us, offset_us, unit_us = us_per_second / 10;
	size_t at = 19;

	if (!parse_seconds(text, &us)) {
		return false;
	}
	if (is_at(text, at, '.')) {
		size_t first = ++at;
		for (; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++) {
			us += (text.ptr[at] - '0') * unit_us;
			unit_us /= 10;
		}
		if (at == first) {
			return false;
		}
	}
	if (!parse_zone(text, at, &offset_us) || us - offset_us < min_us() ||
	    us - offset_us > max_us()) {
		return false;
	}
	*out_us = us - offset_us;
	return true;
}

static char *put_number(char *at, int64_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + digits;
}

size_t bp_timestamp_format(int64_t ts_us, char out[BP_TIMESTAMP_BYTES])
{
	int year, month, day;
	char *at = out;

	ts_us = ts_us < min_us() ? min_us() : ts_us > max_us() ? max_us() : ts_us;
	/* Division towards minus infinity: before 1970 the time of day is positive, too. */
	int64_t day_us = ((ts_us % us_per_day) + us_per_day) % us_per_day;
	date_from_days((ts_us - day_us) / us_per_day, &year, &month, &day);
	int64_t seconds = day_us / us_per_second, fraction = day_us % us_per_second;

	at = put_number(at, year, 4);
	*at++ = '-';
	at = put_number(at, month, 2);
	*at++ = '-';
	at = put_number(at, day, 2);
	*at++ = 'T';
	at = put_number(at, seconds / 3600, 2);
	*at++ = ':';
	at = put_number(at, seconds / 60 % 60, 2);
	*at++ = ':';
	at = put_number(at, seconds % 60, 2);
	*at++ = '.';
	at = fraction % 1000 ? put_number(at, fraction, 6) : put_number(at, fraction / 1000, 3);
	*at++ = 'Z';
	*at = '\0';
	return (size_t)(at - out);
}
