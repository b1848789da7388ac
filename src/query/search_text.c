/* SPDX-License-Identifier: MIT */
#include "query/search_text.h"

#include <stdbool.h>
#include <stdint.h>

static const char MARK[] = "\xE2\x80\x8B"; /* U+200B */
enum { MARK_BYTES = sizeof(MARK) - 1 };

/* First and last of scripts that are written without blanks, or (Hangul) with endings. */
static const struct {
	uint32_t first, last;
} SCRIPTS[] = {
	{0x3005, 0x3007},                     /* iteration mark, zero */
	{0x3040, 0x30FF},                     /* kana */
	{0x3105, 0x312F},                     /* bopomofo */
	{0x31F0, 0x31FF},                     /* small kana */
	{0x3400, 0x4DBF},                     /* ideographs */
	{0x4E00, 0x9FFF},   {0xAC00, 0xD7AF}, /* Hangul */
	{0xF900, 0xFAFF},   {0xFF66, 0xFF9D}, /* narrow kana */
	{0x20000, 0x3FFFF},
};

static bool is_split(uint32_t point)
{
	for (size_t i = 0; i < sizeof(SCRIPTS) / sizeof(SCRIPTS[0]); i++) {
		if (point >= SCRIPTS[i].first && point <= SCRIPTS[i].last) {
			return true;
		}
	}
	return false;
}

/** The code point at bytes[0..n-1] and its length; what is no UTF-8 is a byte of its own. */
static size_t decode(const unsigned char *bytes, size_t n, uint32_t *out)
{
	size_t len = bytes[0] < 0xC2 ? 1 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;

	*out = len == 1 ? bytes[0] : bytes[0] & (0x7Fu >> len);
	if (len > n || bytes[0] > 0xF4) {
		return 1;
	}
	for (size_t i = 1; i < len; i++) {
		if ((bytes[i] & 0xC0) != 0x80) {
			return 1;
		}
		*out = *out << 6 | (bytes[i] & 0x3Fu);
	}
	return len;
}

void bp_search_split(struct bp_str text, struct bp_buf *out)
{
	bool marked = true; /* no mark is needed here */

	for (size_t i = 0; i < text.len;) {
		const unsigned char *at = (const unsigned char *)text.ptr + i;
		uint32_t point = 0;
		size_t n = decode(at, text.len - i, &point);
		if (point == 0x200B || point < 0x20 || point == 0x7F) {
			bp_buf_add_char(out, point == '\n' ? '\n' : ' ');
			marked = true;
		} else if (is_split(point)) {
			bp_buf_add(out, MARK, marked ? 0 : MARK_BYTES);
			bp_buf_add(out, at, n);
			bp_buf_add(out, MARK, MARK_BYTES);
			marked = true;
		} else {
			bp_buf_add(out, at, n);
			marked = false;
		}
		i += n;
	}
}

void bp_search_join(struct bp_str text, struct bp_buf *out)
{
	for (size_t i = 0; i < text.len;) {
		const char *mark = memmem(text.ptr + i, text.len - i, MARK, MARK_BYTES);
		size_t end = mark ? (size_t)(mark - text.ptr) : text.len;
		bp_buf_add(out, text.ptr + i, end - i);
		i = mark ? end + MARK_BYTES : end;
	}
}
