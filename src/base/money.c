/* SPDX-License-Identifier: MIT */
#include "base/money.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS_MAX = 12, DIGITS_MIN = 2 };

bool bp_money_parse(struct bp_str text, int64_t *out_pusd)
{
	size_t at = text.len > 0 && text.ptr[0] == '$' ? 1 : 0;
	size_t whole = 0, digits = 0;
	int64_t value = 0;
	bool point = false;

	for (; at < text.len; at++) {
		char c = text.ptr[at];
		if (c == '.' && !point && whole > 0) {
			point = true;
			continue;
		}
		if (!isdigit((unsigned char)c) || digits == DIGITS_MAX ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, c - '0', &value)) {
			return false;
		}
		whole += !point;
		digits += point;
	}
	if (whole == 0 || (point && digits == 0)) {
		return false;
	}
	for (; digits < DIGITS_MAX; digits++) {
		if (__builtin_mul_overflow(value, 10, &value)) {
			return false;
		}
	}
	*out_pusd = value;
	return true;
}

void bp_money_text(char out[BP_MONEY_BYTES], int64_t pusd)
{
	bool negative = pusd < 0;
	uint64_t value = negative ? 0 - (uint64_t)pusd : (uint64_t)pusd;

	int n = snprintf(out, BP_MONEY_BYTES, "%s%" PRIu64 ".%012" PRIu64, negative ? "-" : "",
			 value / (uint64_t)BP_USD, value % (uint64_t)BP_USD);
	for (int cut = DIGITS_MAX - DIGITS_MIN; cut > 0 && out[n - 1] == '0'; cut--) {
		out[--n] = '\0';
	}
}
