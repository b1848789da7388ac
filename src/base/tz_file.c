/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/mem.h"
#include "base/tz_zone.h"

enum {
	HEADER_BYTES = 44,
	TYPE_BYTES = 6,
	TYPES_MAX = 256,
	TRANSITIONS_MAX = 100000,
	OFFSET_S_MAX = 26 * 3600
};

/* The counts of one header, in the file's order. */
struct counts {
	size_t isut, isstd, leap, time, type, chars;
};

static uint64_t big_endian(const unsigned char *at, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		value = value << 8 | at[i];
	}
	return value;
}

/** Sign-extend the 4 or 8 bytes of a time or an offset. */
static int64_t signed_value(const unsigned char *at, size_t n)
{
	uint64_t value = big_endian(at, n);

	return n == 4 ? (int64_t)(int32_t)(uint32_t)value : (int64_t)value;
}

static bool read_header(const unsigned char *at, size_t left, struct counts *out)
{
	if (left < HEADER_BYTES || memcmp(at, "TZif", 4) != 0) {
		return false;
	}
	*out = (struct counts){
		.isut = big_endian(at + 20, 4),
		.isstd = big_endian(at + 24, 4),
		.leap = big_endian(at + 28, 4),
		.time = big_endian(at + 32, 4),
		.type = big_endian(at + 36, 4),
		.chars = big_endian(at + 40, 4),
	};
	return out->time <= TRANSITIONS_MAX && out->type >= 1 && out->type <= TYPES_MAX &&
	       out->chars <= 1024 && out->leap <= 1024 && out->isstd <= TYPES_MAX &&
	       out->isut <= TYPES_MAX;
}

static size_t data_bytes(const struct counts *counts, size_t time_bytes)
{
	return counts->time * time_bytes + counts->time + counts->type * TYPE_BYTES +
	       counts->chars + counts->leap * (time_bytes + 4) + counts->isstd + counts->isut;
}

/** The transitions and their offsets; the header says that all of it is there. */
static const char *read_data(const unsigned char *times, const struct counts *counts,
			     size_t time_bytes, struct bp_tz_zone *zone)
{
	const unsigned char *indexes = times + counts->time * time_bytes;
	const unsigned char *types = indexes + counts->time;

	for (size_t i = 0; i < counts->type; i++) {
		int64_t offset = signed_value(types + i * TYPE_BYTES, 4);

		if (offset < -OFFSET_S_MAX || offset > OFFSET_S_MAX) {
			return "an offset is no offset";
		}
	}
	zone->n = counts->time;
	zone->before_s = (int32_t)signed_value(types, 4);
	zone->at_s = bp_calloc(zone->n, sizeof(*zone->at_s));
	zone->offset_s = bp_calloc(zone->n, sizeof(*zone->offset_s));
	for (size_t i = 0; i < zone->n; i++) {
		if (indexes[i] >= counts->type) {
			return "a transition has no type";
		}
		zone->at_s[i] = signed_value(times + i * time_bytes, time_bytes);
		zone->offset_s[i] =
			(int32_t)signed_value(types + (size_t)indexes[i] * TYPE_BYTES, 4);
		if (i > 0 && zone->at_s[i] <= zone->at_s[i - 1]) {
			return "transitions are out of order";
		}
	}
	return NULL;
}

/** "\n<rule>\n"; an empty rule is "none known". */
static const char *read_footer(const unsigned char *at, size_t left, struct bp_tz_rule *out)
{
	const unsigned char *end = left > 1 ? memchr(at + 1, '\n', left - 1) : NULL;

	if (!end || at[0] != '\n') {
		return "no footer";
	}
	struct bp_str text = bp_str_make((const char *)at + 1, (size_t)(end - at) - 1);
	if (text.len > 0 && bp_tz_rule_parse(text, out) != BP_OK) {
		return "the footer is no rule";
	}
	return NULL;
}

enum bp_rc bp_tz_file_parse(struct bp_str bytes, struct bp_tz_zone *out, struct bp_err *err)
{
	const unsigned char *at = (const unsigned char *)bytes.ptr;
	size_t left = bytes.len;
	size_t time_bytes = 4;
	struct counts counts = {0};
	struct bp_tz_zone zone = {0};
	const char *wrong = NULL;

	if (!read_header(at, left, &counts) || left - HEADER_BYTES < data_bytes(&counts, 4)) {
		return bp_err_set(err, BP_ECORRUPT, "no TZif data");
	}
	if (at[4] >= '2') {
		/* All of it again, with 64-bit times: only that counts. */
		size_t first = HEADER_BYTES + data_bytes(&counts, 4);

		at += first;
		left -= first;
		time_bytes = 8;
		if (!read_header(at, left, &counts) ||
		    left - HEADER_BYTES < data_bytes(&counts, 8)) {
			return bp_err_set(err, BP_ECORRUPT, "TZif data is cut off");
		}
	}
	if (counts.leap > 0) {
		return bp_err_set(err, BP_ECORRUPT, "a zone that counts leap seconds");
	}
	size_t body = data_bytes(&counts, time_bytes);
	wrong = read_data(at + HEADER_BYTES, &counts, time_bytes, &zone);
	if (!wrong && time_bytes == 8) {
		wrong = read_footer(at + HEADER_BYTES + body, left - HEADER_BYTES - body,
				    &zone.rule);
	}
	if (wrong) {
		bp_tz_zone_done(&zone);
		return bp_err_set(err, BP_ECORRUPT, "TZif data: %s", wrong);
	}
	*out = zone;
	return BP_OK;
}

void bp_tz_zone_done(struct bp_tz_zone *zone)
{
	free(zone->at_s);
	free(zone->offset_s);
	*zone = (struct bp_tz_zone){0};
}
