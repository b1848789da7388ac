/* SPDX-License-Identifier: MIT */
/**
 * number.h - a decimal number out of text that a test trusts no more than it has to.
 */
#ifndef BP_TESTS_SUPPORT_NUMBER_H
#define BP_TESTS_SUPPORT_NUMBER_H

#include <stdint.h>

/** The number that the text begins with (a sign and up to 18 digits); fallback when it is none. */
static inline int64_t bp_test_number(const char *text, int64_t fallback)
{
	enum { DIGITS_MAX = 18 };
	int64_t value = 0;
	int n = 0;
	int sign = 1;

	if (text && *text == '-') {
		sign = -1;
		text++;
	}
	for (; text && *text >= '0' && *text <= '9' && n < DIGITS_MAX; text++, n++) {
		value = value * 10 + (*text - '0');
	}
	return n > 0 ? sign * value : fallback;
}

#endif
