/* SPDX-License-Identifier: MIT */
/**
 * varint.h - numbers in as few bytes as they need: seven bits a byte, the least first.
 *
 * Place:   the stored forms of sums, sketches and habits. Header only: readers take thousands.
 * Threads: pure functions.
 */
#ifndef BP_QUERY_VARINT_H
#define BP_QUERY_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum { BP_VARINT_BYTES_MAX = 10 };

/** Append a number. */
static inline void bp_varint_put(struct bp_buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7) {
		bp_buf_add_char(out, (char)(unsigned char)(value | 0x80));
	}
	bp_buf_add_char(out, (char)(unsigned char)value);
}

/** Take a number from the front of *rest. False, and nothing is taken: there is none. */
static inline bool bp_varint_take(struct bp_str *rest, uint64_t *out)
{
	uint64_t value = 0;

	if (rest->len > 0 && (unsigned char)*rest->ptr < 0x80) { /* most of them */
		*out = (unsigned char)*rest->ptr++;
		rest->len--;
		return true;
	}
	for (size_t i = 0; i < rest->len && i < BP_VARINT_BYTES_MAX; i++) {
		unsigned char byte = (unsigned char)rest->ptr[i];
		value |= (uint64_t)(byte & 0x7F) << (7 * i);
		if (byte < 0x80) {
			*rest = bp_str_make(rest->ptr + i + 1, rest->len - i - 1);
			*out = value;
			return true;
		}
	}
	return false;
}

#endif
