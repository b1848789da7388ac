/* SPDX-License-Identifier: MIT */
/**
 * utf8.h - is the next byte sequence well-formed UTF-8?
 *
 * Place:  inside src/event; libc only.
 * Source: RFC 3629 (no surrogates, no overlong forms, nothing above U+10FFFF).
 */
#ifndef BP_EVENT_UTF8_H
#define BP_EVENT_UTF8_H

#include <stddef.h>

/** The length (1..4) of the well-formed sequence at bytes[0..n-1], n >= 1; 0 when it is none. */
static inline size_t bp_utf8_sequence(const unsigned char *bytes, size_t n)
{
	unsigned char lead = bytes[0];

	if (lead < 0x80) {
		return 1;
	}
	if (lead < 0xC2 || lead > 0xF4 || n < 2 || (bytes[1] & 0xC0) != 0x80) {
		return 0;
	}
	if (lead < 0xE0) {
		return 2;
	}
	/* The second byte is what tells overlong forms, surrogates and too large ones. */
	if ((lead == 0xE0 && bytes[1] < 0xA0) || (lead == 0xED && bytes[1] > 0x9F) ||
	    (lead == 0xF0 && bytes[1] < 0x90) || (lead == 0xF4 && bytes[1] > 0x8F) || n < 3 ||
	    (bytes[2] & 0xC0) != 0x80) {
		return 0;
	}
	if (lead < 0xF0) {
		return 3;
	}
	return n >= 4 && (bytes[3] & 0xC0) == 0x80 ? 4 : 0;
}

/** Write a code point (a scalar value) as UTF-8; returns its length. */
static inline size_t bp_utf8_put(unsigned int point, char out[4])
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xC0 | (point >> 6));
		out[1] = (char)(0x80 | (point & 0x3F));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xE0 | (point >> 12));
		out[1] = (char)(0x80 | ((point >> 6) & 0x3F));
		out[2] = (char)(0x80 | (point & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | (point >> 18));
	out[1] = (char)(0x80 | ((point >> 12) & 0x3F));
	out[2] = (char)(0x80 | ((point >> 6) & 0x3F));
	out[3] = (char)(0x80 | (point & 0x3F));
	return 4;
}

#endif
