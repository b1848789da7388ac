/* SPDX-License-Identifier: MIT */
#include "base/tz.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/tz_zone.h"

static const char ZONE_DIR[] = "/usr/share/zoneinfo/";
static const char LOCAL_FILE[] = "/etc/localtime";

enum { FILE_BYTES_MAX = 256 * 1024, NAME_BYTES_MAX = 64, DAY_S = 86400 };

struct bp_tz {
	char *name;
	struct bp_tz_zone zone;
};

/** Components of letters, digits, "_+-", none of them "." or "..": no way out of the folder. */
static bool name_is_valid(const char *name)
{
	size_t len = strlen(name);
	bool at_start = true; /* of a component */

	if (len == 0 || len > NAME_BYTES_MAX) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		bool slash = name[i] == '/';

		if ((at_start && slash) ||
		    (!slash && !isalnum((unsigned char)name[i]) && !strchr("_+-", name[i]))) {
			return false;
		}
		at_start = slash;
	}
	return !at_start;
}

static enum bp_rc load_file(const char *path, struct bp_tz_zone *out, struct bp_err *err)
{
	struct bp_buf bytes;

	bp_buf_init(&bytes, FILE_BYTES_MAX);
	enum bp_rc rc = bp_file_read(path, &bytes, err);
	if (rc == BP_EIO || rc == BP_ELIMIT) {
		rc = BP_ECORRUPT; /* a folder such as "Europe", or no zone at all */
	}
	if (rc == BP_OK) {
		rc = bp_tz_file_parse(bp_buf_str(&bytes), out, err);
	}
	bp_buf_done(&bytes);
	return rc;
}

static enum bp_rc load_named(const char *name, struct bp_tz_zone *out, struct bp_err *err)
{
	if (!name_is_valid(name)) {
		return bp_err_set(err, BP_ENOTFOUND,
				  "\"%.64s\" is no time zone; use a name such as Europe/Berlin",
				  name);
	}
	char *path = bp_asprintf("%s%s", ZONE_DIR, name);
	enum bp_rc rc = load_file(path, out, err);
	free(path);
	/* Without the package tzdata there is still UTC. */
	if (rc != BP_OK && (strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0)) {
		*out = (struct bp_tz_zone){0};
		return BP_OK;
	}
	if (rc == BP_ENOTFOUND) {
		return bp_err_set(err, rc, "no time zone \"%s\" in %s", name, ZONE_DIR);
	}
	return rc == BP_OK ? rc : bp_err_wrap(err, rc, "time zone \"%s\"", name);
}

/** The name in a path below the zone folder, or NULL. */
static const char *name_in_path(const char *path)
{
	static const char marker[] = "/zoneinfo/";
	const char *at = strstr(path, marker);

	return at && name_is_valid(at + sizeof(marker) - 1) ? at + sizeof(marker) - 1 : NULL;
}

/** A zone by the path of its file, named by where it points. A missing file is UTC. */
static enum bp_rc load_path(const char *path, struct bp_tz_zone *out, char **out_name,
			    struct bp_err *err)
{
	char *real = realpath(path, NULL);
	const char *name = real ? name_in_path(real) : NULL;
	enum bp_rc rc = BP_OK;

	if (real) {
		rc = load_file(real, out, err);
	}
	if (rc == BP_OK) {
		*out_name = bp_strdup(bp_str_from(name ? name : real ? "local" : "UTC"));
	}
	free(real);
	return rc;
}

/** What TZ says: a name, a path, or a POSIX rule; empty is UTC. */
static enum bp_rc load_variable(const char *text, struct bp_tz_zone *out, char **out_name,
				struct bp_err *err)
{
	struct bp_tz_zone zone = {0};
	const char *name = text[0] == ':' ? text + 1 : text;

	if (name[0] == '\0') {
		name = "UTC";
	}
	if (name[0] == '/') {
		return load_path(name, out, out_name, err);
	}
	enum bp_rc rc = load_named(name, &zone, err);
	if (rc == BP_ENOTFOUND && bp_tz_rule_parse(bp_str_from(name), &zone.rule) == BP_OK) {
		zone.before_s = zone.rule.std_s;
		rc = BP_OK;
	}
	if (rc == BP_OK) {
		*out = zone;
		*out_name = bp_strdup(bp_str_from(name));
	}
	return rc;
}

enum bp_rc bp_tz_load(const char *name, struct bp_tz **out, struct bp_err *err)
{
	struct bp_tz_zone zone = {0};
	char *own_name = NULL;
	enum bp_rc rc = BP_OK;

	if (name && name[0] != '\0') {
		rc = load_named(name, &zone, err);
		if (rc == BP_OK) {
			own_name = bp_strdup(bp_str_from(name));
		}
	} else {
		const char *variable =
			getenv("TZ"); /* NOLINT(concurrency-mt-unsafe): nobody calls setenv */

		rc = variable ? load_variable(variable, &zone, &own_name, err)
			      : load_path(LOCAL_FILE, &zone, &own_name, err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	struct bp_tz *tz = bp_calloc(1, sizeof(*tz));
	tz->zone = zone;
	tz->name = own_name;
	*out = tz;
	return BP_OK;
}

void bp_tz_free(struct bp_tz *tz)
{
	if (tz) {
		bp_tz_zone_done(&tz->zone);
		free(tz->name);
		free(tz);
	}
}

const char *bp_tz_name(const struct bp_tz *tz)
{
	return tz->name;
}

/** Seconds east of UTC at an instant. */
static int offset_at(const struct bp_tz_zone *zone, int64_t ts_s)
{
	size_t low = 0;
	size_t high = zone->n; /* the answer is the transition before high */

	if (zone->rule.valid && (zone->n == 0 || ts_s >= zone->at_s[zone->n - 1])) {
		return bp_tz_rule_offset(&zone->rule, ts_s);
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->at_s[middle] <= ts_s) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low > 0 ? zone->offset_s[low - 1] : zone->before_s;
}

/** Division that rounds down, also below zero. */
static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

struct bp_civil bp_tz_civil(const struct bp_tz *tz, int64_t ts_us)
{
	int64_t ts_s = floor_div(ts_us, 1000000);
	int offset = offset_at(&tz->zone, ts_s);
	int64_t local = ts_s + offset;
	int64_t days = floor_div(local, DAY_S);
	int second = (int)(local - days * DAY_S);
	struct bp_civil civil = {
		.hour = second / 3600,
		.minute = second / 60 % 60,
		.second = second % 60,
		.weekday = (int)(((days + 3) % 7 + 7) % 7), /* 1970-01-01 was a Thursday */
		.offset_s = offset,
	};

	bp_tz_date(days, &civil.year, &civil.month, &civil.day);
	return civil;
}

/**
 * The first instant whose local second is local; when DST skips it, the instant that much after
 * the change, and *out_change is the change itself (otherwise equal to what is returned).
 */
static int64_t resolve(const struct bp_tz_zone *zone, int64_t local, int64_t *out_change)
{
	int before = offset_at(zone, local - DAY_S);
	int after = offset_at(zone, local + DAY_S);
	int64_t early = local - (before > after ? before : after);
	int64_t late = local - (before > after ? after : before);

	/* An instant is right when its own offset leads back to local. */
	if (early + offset_at(zone, early) == local) {
		*out_change = early;
		return early;
	}
	if (late + offset_at(zone, late) == local) {
		*out_change = late;
		return late;
	}
	/* Skipped: early is before the change, late is after it. */
	int64_t low = early;
	int64_t high = late;
	int old = offset_at(zone, early);

	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (offset_at(zone, middle) == old) {
			low = middle;
		} else {
			high = middle;
		}
	}
	*out_change = high;
	return late;
}

int64_t bp_tz_instant(const struct bp_tz *tz, const struct bp_civil *civil)
{
	int64_t change = 0;
	int64_t local = bp_tz_days(civil->year, civil->month, civil->day) * DAY_S +
			(int64_t)civil->hour * 3600 + (int64_t)civil->minute * 60 + civil->second;

	return resolve(&tz->zone, local, &change) * 1000000;
}

int64_t bp_tz_day_start(const struct bp_tz *tz, int64_t ts_us)
{
	int64_t change = 0;
	int64_t ts_s = floor_div(ts_us, 1000000);
	int64_t local = ts_s + offset_at(&tz->zone, ts_s);

	/* A day whose midnight is skipped begins at the change. */
	(void)resolve(&tz->zone, floor_div(local, DAY_S) * DAY_S, &change);
	return change * 1000000;
}
