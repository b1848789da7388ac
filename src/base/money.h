/* SPDX-License-Identifier: MIT */
/**
 * money.h - dollars as people write them, and as we keep them.
 *
 * Units:   pico-USD (1e-12 USD), int64_t: a price per token is a whole number of them, so sums have
 *          no rounding. 9.2 million dollars fit.
 * Threads: pure functions.
 */
#ifndef BP_BASE_MONEY_H
#define BP_BASE_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define BP_USD INT64_C(1000000000000)

enum { BP_MONEY_BYTES = 40 };

/** "12.50", "$3", "0.000001": at most 12 digits behind the point, no sign. False: not such a text,
 *  or more than fits; *out is untouched. */
bool bp_money_parse(struct bp_str text, int64_t *out_pusd);

/** "12.50", "0.000001": exactly, with two digits behind the point at least. */
void bp_money_text(char out[BP_MONEY_BYTES], int64_t pusd);

#endif
