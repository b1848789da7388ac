/* SPDX-License-Identifier: MIT */
#include "query/period.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "event/timestamp.h"
#include "store/sqlite.h"

enum { HOUR_S = 3600, DAY_S = 86400 };

const char *const bp_period_names[] = {"1h", "24h", "7d", "30d", "90d", "all", NULL};

static const int64_t NAME_SECONDS[] = {HOUR_S, 24 * HOUR_S, 7 * DAY_S, 30 * DAY_S, 90 * DAY_S, 0};

enum bp_rc bp_period_named(const char *name, const struct bp_tz *tz, int64_t now_us,
			   struct bp_period *out, struct bp_err *err)
{
	for (size_t i = 0; bp_period_names[i]; i++) {
		if (strcmp(bp_period_names[i], name) != 0) {
			continue;
		}
		*out = (struct bp_period){.tz = tz};
		(void)snprintf(out->name, sizeof(out->name), "%s", name);
		if (NAME_SECONDS[i] == 0) {
			out->from_us = BP_TIME_FIRST;
			out->until_us = BP_TIME_LAST;
		} else {
			/* What was written in this very microsecond counts. */
			out->until_us = now_us + 1;
			out->from_us = out->until_us - NAME_SECONDS[i] * 1000000;
		}
		return BP_OK;
	}
	return bp_err_set(err, BP_EINVAL,
			  "no period \"%.40s\"; it is one of 1h, 24h, 7d, 30d, 90d, all", name);
}

static bool digits(const char *text, size_t n, int *out)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)text[i])) {
			return false;
		}
		value = value * 10 + (text[i] - '0');
	}
	*out = value;
	return true;
}

static bool days_fit(const struct bp_civil *c)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;

	return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	       c->day <= days[c->month - 1] + (leap && c->month == 2);
}

/* YYYY-MM-DD, then nothing or [T ]hh:mm[:ss]. *out_day: there was no time. */
static bool parse_civil(const char *text, struct bp_civil *out, bool *out_day)
{
	size_t len = strlen(text);
	struct bp_civil c = {0};

	if ((len != 10 && len != 16 && len != 19) || text[4] != '-' || text[7] != '-' ||
	    !digits(text, 4, &c.year) || !digits(text + 5, 2, &c.month) ||
	    !digits(text + 8, 2, &c.day) || !days_fit(&c)) {
		return false;
	}
	if (len > 10 && ((text[10] != 'T' && text[10] != ' ') || text[13] != ':' ||
			 !digits(text + 11, 2, &c.hour) || !digits(text + 14, 2, &c.minute))) {
		return false;
	}
	if (len > 16 && (text[16] != ':' || !digits(text + 17, 2, &c.second))) {
		return false;
	}
	*out_day = len == 10;
	*out = c;
	return c.hour < 24 && c.minute < 60 && c.second < 60;
}

/* 90m 2h 7d 3w, a minus sign before it is fine: that long ago. */
static bool parse_ago(const char *text, int64_t *out_s)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'m', 60}, {'h', HOUR_S}, {'d', DAY_S}, {'w', 7 * DAY_S}};
	const char *at = text + (text[0] == '-');
	size_t n = strspn(at, "0123456789");
	int count;

	if (n == 0 || n > 5 || !digits(at, n, &count) || !at[n] || at[n + 1]) {
		return false;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].letter == at[n]) {
			*out_s = count * units[i].seconds;
			return true;
		}
	}
	return false;
}

static int64_t day_bound(const struct bp_tz *tz, int64_t in_day_us, bool end)
{
	if (!end) {
		return bp_tz_day_start(tz, in_day_us);
	}
	/* Noon of the day plus a day lies in the next one, whatever DST does. */
	int64_t noon = bp_tz_day_start(tz, in_day_us) + INT64_C(12) * HOUR_S * 1000000;
	return bp_tz_day_start(tz, noon + INT64_C(1000000) * DAY_S);
}

enum bp_rc bp_period_bound(const char *text, bool end, const struct bp_tz *tz, int64_t now_us,
			   int64_t *out, struct bp_err *err)
{
	struct bp_civil civil;
	bool day = false;
	int64_t ago_s;

	if (strcmp(text, "now") == 0) {
		*out = now_us + 1;
	} else if (strcmp(text, "today") == 0) {
		*out = day_bound(tz, now_us, end);
	} else if (strcmp(text, "yesterday") == 0) {
		*out = day_bound(tz, bp_tz_day_start(tz, now_us) - 1, end);
	} else if (parse_ago(text, &ago_s)) {
		*out = now_us - ago_s * 1000000;
	} else if (parse_civil(text, &civil, &day)) {
		int64_t at_us = bp_tz_instant(tz, &civil);
		*out = day ? day_bound(tz, at_us, end) : at_us;
	} else if (!bp_timestamp_parse(bp_str_from(text), out)) {
		return bp_err_set(err, BP_EINVAL,
				  "no time \"%.40s\"; it is a date (2026-01-31), a date and time "
				  "(2026-01-31T09:30), today, yesterday, now, or that long ago "
				  "(2h, 7d)",
				  text);
	}
	return BP_OK;
}

enum bp_rc bp_period_between(const char *since, const char *until, const struct bp_tz *tz,
			     int64_t now_us, struct bp_period *out, struct bp_err *err)
{
	struct bp_period period = {
		.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST, .tz = tz, .name = "since"};
	enum bp_rc rc = BP_OK;

	if (since) {
		rc = bp_period_bound(since, false, tz, now_us, &period.from_us, err);
	}
	if (rc == BP_OK && until) {
		rc = bp_period_bound(until, true, tz, now_us, &period.until_us, err);
	}
	if (rc == BP_OK && period.from_us >= period.until_us) {
		return bp_err_set(err, BP_EINVAL, "\"%.40s\" is not before \"%.40s\"", since,
				  until ? until : "the end");
	}
	if (rc == BP_OK) {
		*out = period;
	}
	return rc;
}

bool bp_period_before(const struct bp_period *period, struct bp_period *out)
{
	if (period->from_us == BP_TIME_FIRST || period->until_us == BP_TIME_LAST) {
		return false;
	}
	*out = *period;
	out->from_us = period->from_us - (period->until_us - period->from_us);
	out->until_us = period->from_us;
	return true;
}

struct cJSON *bp_time_json(int64_t ts_us)
{
	char text[BP_TIMESTAMP_BYTES];

	if (ts_us == BP_SQL_NULL) {
		return cJSON_CreateNull();
	}
	(void)bp_timestamp_format(ts_us, text);
	return cJSON_CreateString(text);
}

struct cJSON *bp_period_json(const struct bp_period *period)
{
	cJSON *json = cJSON_CreateObject();
	bool from = period->from_us != BP_TIME_FIRST;
	bool until = period->until_us != BP_TIME_LAST;

	(void)cJSON_AddItemToObject(json, "since",
				    bp_time_json(from ? period->from_us : BP_SQL_NULL));
	(void)cJSON_AddItemToObject(json, "until",
				    bp_time_json(until ? period->until_us : BP_SQL_NULL));
	(void)cJSON_AddStringToObject(json, "timezone", bp_tz_name(period->tz));
	return json;
}
