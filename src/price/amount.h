/* SPDX-License-Identifier: MIT */
/**
 * amount.h - pico-USD (1e-12 USD) as integers.
 *
 * Why:     a price per token is a whole number of pico-USD, so that sums have no rounding and do
 *          not depend on order. int64_t holds nine million dollars; what is more stays at
 *          INT64_MAX.
 * Threads: plain values.
 */
#ifndef BP_PRICE_AMOUNT_H
#define BP_PRICE_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/** a + b, INT64_MAX when it would be more. Units: neither is negative. */
int64_t bp_pusd_add(int64_t a, int64_t b);

/** count x price, INT64_MAX when it would be more. Units: a negative count is none. */
int64_t bp_pusd_times(int64_t count, int64_t price);

/** pusd x tenths / 10, rounded half up. */
int64_t bp_pusd_tenths(int64_t pusd, int64_t tenths);

/**
 * Read a decimal number, as JSON writes it, times 10^scale, rounded half up: 12 for dollars in
 * pico-USD, 6 for dollars per million tokens in pico-USD per token.
 * Shape: false, *out untouched: no number, a negative one, or one that does not fit.
 */
bool bp_decimal_read(struct bp_str text, int scale, int64_t *out);

#endif
