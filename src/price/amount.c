/* SPDX-License-Identifier: MIT */
#include "price/amount.h"

#include <stddef.h>

int64_t bp_pusd_add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int64_t bp_pusd_times(int64_t count, int64_t price)
{
	int64_t product;

	if (count <= 0) {
		return 0;
	}
	return __builtin_mul_overflow(count, price, &product) ? INT64_MAX : product;
}

int64_t bp_pusd_tenths(int64_t pusd, int64_t tenths)
{
	enum { TEN = 10 };
	int64_t whole = bp_pusd_times(pusd / TEN, tenths);

	return bp_pusd_add(whole, bp_pusd_add(bp_pusd_times(pusd % TEN, tenths), TEN / 2) / TEN);
}

/** What a number's text says: digits x 10^exponent. */
struct decimal {
	int64_t digits;
	int exponent;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/** Digits beyond what an int64_t surely holds only move the exponent. */
static bool read_digits(struct bp_str text, size_t *at, struct decimal *out)
{
	static const int64_t ENOUGH = INT64_C(100000000000000000);
	bool any = false;
	bool fraction = false;

	for (; *at < text.len; (*at)++) {
		char c = text.ptr[*at];
		if (c == '.' && !fraction && any) {
			fraction = true;
			continue;
		}
		if (!is_digit(c)) {
			break;
		}
		any = true;
		if (out->digits < ENOUGH) {
			out->digits = out->digits * 10 + (c - '0');
			out->exponent -= fraction;
		} else {
			out->exponent += !fraction;
		}
	}
	return any && text.ptr[*at - 1] != '.';
}

static bool read_exponent(struct bp_str text, size_t *at, struct decimal *out)
{
	enum { EXPONENT_MAX = 999 };
	int exponent = 0;
	bool minus = false;

	(*at)++;
	if (*at < text.len && (text.ptr[*at] == '-' || text.ptr[*at] == '+')) {
		minus = text.ptr[*at] == '-';
		(*at)++;
	}
	if (*at == text.len) {
		return false;
	}
	for (; *at < text.len && is_digit(text.ptr[*at]); (*at)++) {
		if (exponent <= EXPONENT_MAX) {
			exponent = exponent * 10 + (text.ptr[*at] - '0');
		}
	}
	out->exponent += minus ? -exponent : exponent;
	return true;
}

bool bp_decimal_read(struct bp_str text, int scale, int64_t *out)
{
	struct decimal value = {.digits = 0, .exponent = scale};
	size_t at = 0;

	if (!read_digits(text, &at, &value)) {
		return false;
	}
	if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E') &&
	    !read_exponent(text, &at, &value)) {
		return false;
	}
	if (at != text.len) {
		return false;
	}
	for (; value.exponent > 0 && value.digits > 0; value.exponent--) {
		if (__builtin_mul_overflow(value.digits, 10, &value.digits)) {
			return false;
		}
	}
	for (; value.exponent < -1 && value.digits > 0; value.exponent++) {
		value.digits /= 10;
	}
	*out = value.exponent < 0 ? (value.digits + 5) / 10 : value.digits;
	return true;
}
