/* SPDX-License-Identifier: MIT */
/**
 * json_parts.h - the small steps that json.c and the kernels share: blanks, words, names.
 *
 * Place: inside src/event; libc only. The caller has checked that there is a byte to look at.
 */
#ifndef BP_EVENT_JSON_PARTS_H
#define BP_EVENT_JSON_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/str.h"
#include "event/json.h"

enum { BP_JSON_PICK_MAX = 64 };

/*
 * A value that goes through memory between two of these functions is written in halves and read in
 * one: the processor waits for that longer than it scans.
 */
#define BP_JSON_INLINE static inline __attribute__((always_inline))

/** A loaded number with its first byte lowest. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BP_JSON_LITTLE(word) (word)
#else
#define BP_JSON_LITTLE(word) __builtin_bswap32(word)
#endif

BP_JSON_INLINE const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
		p++;
	}
	return p;
}

/**
 * n bytes (1..8) as one number, the first lowest. Two or three loads that overlap: loops over few
 * bytes end where no processor expects it.
 */
BP_JSON_INLINE uint64_t load_short(const char *p, size_t n)
{
	if (n < 4) {
		return (uint64_t)(unsigned char)p[0] |
		       (uint64_t)(unsigned char)p[n / 2] << (n / 2 * 8) |
		       (uint64_t)(unsigned char)p[n - 1] << ((n - 1) * 8);
	}
	uint32_t first, last;
	memcpy(&first, p, 4);
	memcpy(&last, p + n - 4, 4);
	return (uint64_t)BP_JSON_LITTLE(first) | (uint64_t)BP_JSON_LITTLE(last) << ((n - 4) * 8);
}

/** n digits (1..8) as load_short() gave them, behind leading zeros; true when they are digits. */
BP_JSON_INLINE bool pad_digits(uint64_t loaded, size_t n, uint64_t *out)
{
	const uint64_t zeros = UINT64_C(0x3030303030303030);
	uint64_t text = loaded << (8 - n) * 8;

	/* Twice, as no shift may be as wide as the number. */
	text |= zeros >> (n - 1) * 8 >> 8;
	*out = text - zeros;
	/* A digit has 3 as its high half, and still has it 6 later. */
	const uint64_t halves = UINT64_C(0xF0F0F0F0F0F0F0F0);
	return (text & halves) == zeros &&
	       ((text + UINT64_C(0x0606060606060606)) & halves) == zeros;
}

/** The n bytes of word stand at p: the position after them, else NULL. */
BP_JSON_INLINE const char *skip_word(const char *p, const char *end, const char *word, size_t n)
{
	return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}

/**
 * The number or word at p (p < end); the position after it, or NULL when there is none. A number is
 * what looks like one: whoever copies it as it stands copies nothing else.
 */
BP_JSON_INLINE const char *read_scalar(const char *p, const char *end, enum bp_json_type *out)
{
	static const bool in_number[256] = {
		['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true,
		['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true,
		['-'] = true, ['+'] = true, ['.'] = true, ['e'] = true, ['E'] = true};

	if ((unsigned int)(*p - '0') <= 9 || *p == '-') {
		*out = BP_JSON_NUMBER;
		for (p++; p < end && in_number[(unsigned char)*p]; p++) {
		}
		return p;
	}
	*out = *p == 'n' ? BP_JSON_NULL : BP_JSON_BOOL;
	return *p == 'n'   ? skip_word(p, end, "null", 4)
	       : *p == 't' ? skip_word(p, end, "true", 4)
			   : skip_word(p, end, "false", 5);
}

/** The 16 bytes are equal. */
BP_JSON_INLINE bool same_16(const char *a, const char *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, 16);
	memcpy(y, b, 16);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/** The bytes are equal; n is that of both. Names are short: a call would cost more. */
BP_JSON_INLINE bool same_bytes(const char *a, const char *b, size_t n)
{
	if (n > 32) {
		return memcmp(a, b, n) == 0;
	}
	if (n > 16) {
		return same_16(a, b) && same_16(a + n - 16, b + n - 16);
	}
	if (n > 8) {
		uint64_t x, y, u, v;
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		memcpy(&u, a + n - 8, 8);
		memcpy(&v, b + n - 8, 8);
		return ((x ^ y) | (u ^ v)) == 0;
	}
	return n == 0 || load_short(a, n) == load_short(b, n);
}

/** One byte that most names do not share. */
BP_JSON_INLINE unsigned char tag_of(struct bp_str key)
{
	if (key.len == 0) {
		return 0;
	}
	return (unsigned char)(key.len + 13u * (unsigned char)key.ptr[0] +
			       29u * (unsigned char)key.ptr[key.len - 1]);
}

BP_JSON_INLINE void set_tags(unsigned char tags[BP_JSON_PICK_MAX], const struct bp_str *keys,
			     size_t n)
{
	memset(tags, 0, BP_JSON_PICK_MAX);
	for (size_t i = 0; i < n; i++) {
		tags[i] = tag_of(keys[i]);
	}
}

/** The key whose tag and bytes are those of name; n when there is none. */
BP_JSON_INLINE size_t find_key(const unsigned char tags[BP_JSON_PICK_MAX],
			       const struct bp_str *keys, size_t n, struct bp_str name)
{
	unsigned char tag = tag_of(name);

#ifdef __SSE2__
	__m128i all = _mm_set1_epi8((char)tag);
	for (size_t i = 0; i < n; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(tags + i));
		unsigned int hits = (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(v, all));
		for (; hits; hits &= hits - 1) {
			size_t at = i + (size_t)__builtin_ctz(hits);
			if (at < n && keys[at].len == name.len &&
			    same_bytes(keys[at].ptr, name.ptr, name.len)) {
				return at;
			}
		}
	}
#else
	for (size_t at = 0; at < n; at++) {
		if (tags[at] == tag && keys[at].len == name.len &&
		    same_bytes(keys[at].ptr, name.ptr, name.len)) {
			return at;
		}
	}
#endif
	return n;
}

#endif
