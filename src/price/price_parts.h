/* SPDX-License-Identifier: MIT */
/**
 * price_parts.h - what price.c, lookup.c and override.c share.
 *
 * Place:   private to the folder.
 * Threads: plain values.
 */
#ifndef BP_PRICE_PRICE_PARTS_H
#define BP_PRICE_PRICE_PARTS_H

#include <stddef.h>

#include "price/price.h"

struct bp_prices {
	struct bp_price *overrides; /* their models are ours to free */
	size_t n_overrides;
	char id[BP_PRICE_ID_BYTES + 1];
};

extern const struct bp_price bp_price_table[]; /* sorted by normalised name */
extern const size_t bp_price_table_n;

/** A name in lower case, '.' and '@' as '-'. */
struct bp_price_name {
	char text[BP_PRICE_NAME_BYTES];
	size_t len;
};

/** False when it is empty or too long to be a model's. */
bool bp_price_name_make(struct bp_str model, struct bp_price_name *out);

/** The built-in price of exactly that name, or NULL. */
const struct bp_price *bp_price_built_in(const struct bp_price_name *name);

/**
 * Read one override.
 * Owns:   the caller owns out->model.
 * Errors: BP_EINVAL what is wrong; *out is untouched.
 */
BP_MUSTUSE enum bp_rc bp_price_override_read(struct bp_str text, struct bp_price *out,
					     struct bp_err *err);

#endif
