/* SPDX-License-Identifier: MIT */
#include "event/event.h"

#include "event/hash.h"

void bp_event_id_hex(const uint8_t id[BP_EVENT_ID_BYTES], char out[BP_EVENT_ID_HEX_BYTES + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < BP_EVENT_ID_BYTES; i++) {
		out[2 * i] = digits[id[i] >> 4];
		out[2 * i + 1] = digits[id[i] & 15];
	}
	out[BP_EVENT_ID_HEX_BYTES] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool bp_event_id_parse(struct bp_str hex, uint8_t out[BP_EVENT_ID_BYTES])
{
	uint8_t id[BP_EVENT_ID_BYTES];

	if (hex.len != BP_EVENT_ID_HEX_BYTES) {
		return false;
	}
	for (size_t i = 0; i < BP_EVENT_ID_BYTES; i++) {
		int high = hex_value(hex.ptr[2 * i]), low = hex_value(hex.ptr[2 * i + 1]);
		if (high < 0 || low < 0) {
			return false;
		}
		id[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(out, id, sizeof(id));
	return true;
}

static void put_big_endian(uint8_t *out, uint64_t value, size_t n)
{
	for (size_t i = n; i-- > 0; value >>= 8) {
		out[i] = (uint8_t)value;
	}
}

void bp_event_id_make(int64_t own_ts_us, const struct bp_str *parts, size_t n,
		      uint8_t out[BP_EVENT_ID_BYTES])
{
	/* 2015-01-01 .. 2^47 ms: a wild clock may not leave the range that sorts sensibly. */
	const int64_t min_ms = INT64_C(1420070400000), max_ms = INT64_C(1) << 47;
	int64_t ms = 0;
	struct bp_sha256 sha;
	unsigned char digest[BP_SHA256_BYTES];

	if (own_ts_us != BP_ABSENT) {
		ms = own_ts_us / 1000;
		ms = ms < min_ms ? min_ms : ms > max_ms ? max_ms : ms;
	}
	bp_sha256_init(&sha);
	for (size_t i = 0; i < n; i++) {
		uint8_t length[8];
		put_big_endian(length, parts[i].len, sizeof(length));
		bp_sha256_add(&sha, length, sizeof(length));
		bp_sha256_add(&sha, parts[i].ptr, parts[i].len);
	}
	bp_sha256_end(&sha, digest);
	put_big_endian(out, (uint64_t)ms, 6);
	memcpy(out + 6, digest, BP_EVENT_ID_BYTES - 6);
}

void bp_event_id_v7(int64_t now_us, const uint8_t random_bytes[10], uint8_t out[BP_EVENT_ID_BYTES])
{
	put_big_endian(out, now_us > 0 ? (uint64_t)now_us / 1000 : 0, 6);
	memcpy(out + 6, random_bytes, 10);
	out[6] = (uint8_t)(0x70 | (out[6] & 0x0F));
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3F));
}
