/* SPDX-License-Identifier: MIT */
#include "parquet/levels.h"

#include <string.h>

enum {
	LENGTH_BYTES = 4,
	GROUP = 8,   /* levels in a byte */
	RUN_MIN = 16 /* a shorter run costs more than its bits */
};

static void add_varint(struct bp_buf *out, size_t value)
{
	while (value > 0x7F) {
		bp_buf_add_char(out, (char)((value & 0x7F) | 0x80));
		value >>= 7;
	}
	bp_buf_add_char(out, (char)value);
}

static size_t run_length(const unsigned char *levels, size_t n)
{
	size_t i = 1;

	while (i < n && levels[i] == levels[0]) {
		i++;
	}
	return i;
}

/* How many levels from here are best bit-packed: whole groups up to the next long run. */
static size_t packed_length(const unsigned char *levels, size_t n)
{
	size_t at = 0;

	while (at < n && run_length(levels + at, n - at) < RUN_MIN) {
		at += GROUP;
	}
	return at < n ? at : n;
}

static void pack(const unsigned char *levels, size_t n, struct bp_buf *out)
{
	add_varint(out, (n + GROUP - 1) / GROUP << 1 | 1);
	for (size_t i = 0; i < n; i += GROUP) {
		unsigned byte = 0;

		for (size_t k = 0; k < GROUP && i + k < n; k++) {
			byte |= (unsigned)levels[i + k] << k;
		}
		bp_buf_add_char(out, (char)byte);
	}
}

void bp_levels_encode(const unsigned char *levels, size_t n, struct bp_buf *out)
{
	size_t start = out->len;

	bp_buf_add(out, "\0\0\0\0", LENGTH_BYTES);
	for (size_t i = 0; i < n;) {
		size_t run = run_length(levels + i, n - i);

		if (run >= RUN_MIN) {
			add_varint(out, run << 1);
			bp_buf_add_char(out, (char)levels[i]);
		} else {
			run = packed_length(levels + i, n - i);
			pack(levels + i, run, out);
		}
		i += run;
	}
	if (bp_buf_ok(out)) {
		uint32_t bytes = (uint32_t)(out->len - start - LENGTH_BYTES);

		memcpy(out->ptr + start, &bytes, LENGTH_BYTES);
	}
}

static bool read_varint(const unsigned char **at, const unsigned char *end, size_t *out)
{
	size_t value = 0;

	for (unsigned shift = 0; shift < 35 && *at < end; shift += 7) {
		unsigned byte = *(*at)++;

		value |= (size_t)(byte & 0x7F) << shift;
		if (!(byte & 0x80)) {
			*out = value;
			return true;
		}
	}
	return false;
}

/* The last group may reach over the end: its bits there are zero. */
static bool unpack(const unsigned char *bytes, size_t n_groups, size_t n, unsigned char *out)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = bytes[i / GROUP] >> i % GROUP & 1;
	}
	for (size_t i = n; i < n_groups * GROUP; i++) {
		if (bytes[i / GROUP] >> i % GROUP & 1) {
			return false;
		}
	}
	return true;
}

static size_t decode_one(const unsigned char **at, const unsigned char *end, size_t n,
			 unsigned char *out)
{
	size_t head = 0;

	if (!read_varint(at, end, &head) || head >> 1 == 0) {
		return 0;
	}
	size_t count = head >> 1;
	if (head & 1) {
		if (count > (size_t)(end - *at) || (count - 1) * GROUP >= n) {
			return 0;
		}
		size_t some = count * GROUP < n ? count * GROUP : n;
		bool good = unpack(*at, count, some, out);
		*at += count;
		return good ? some : 0;
	}
	if (count > n || *at == end || **at > 1) {
		return 0;
	}
	memset(out, *(*at)++, count);
	return count;
}

bool bp_levels_decode(struct bp_str bytes, size_t n, unsigned char *out, size_t *out_used,
		      size_t *out_values)
{
	uint32_t length = 0;
	size_t values = 0;

	if (bytes.len < LENGTH_BYTES) {
		return false;
	}
	memcpy(&length, bytes.ptr, LENGTH_BYTES);
	if (length > bytes.len - LENGTH_BYTES) {
		return false;
	}
	const unsigned char *at = (const unsigned char *)bytes.ptr + LENGTH_BYTES;
	const unsigned char *end = at + length;
	for (size_t i = 0; i < n;) {
		size_t some = decode_one(&at, end, n - i, out + i);

		if (some == 0) {
			return false;
		}
		i += some;
	}
	for (size_t i = 0; i < n; i++) {
		values += out[i];
	}
	*out_used = LENGTH_BYTES + length;
	*out_values = values;
	return at == end;
}
