/* SPDX-License-Identifier: MIT */
/**
 * prices.h - whether what is shown was computed with the prices of today: the question behind the
 * doctor's line.
 *
 * Threads: the caller's connection.
 */
#ifndef BP_QUERY_PRICES_H
#define BP_QUERY_PRICES_H

#include <stdint.h>

#include "base/err.h"
#include "store/sqlite.h"

struct bp_prices_status {
	int64_t stale_calls;    /* other prices computed them than the service uses now */
	int64_t unpriced_calls; /* of models without a price; none of them is a cut stream */
};

/** Errors: those of bp_statement_step(); *out is untouched. */
BP_MUSTUSE enum bp_rc bp_prices_status_read(struct bp_sql *sql, struct bp_prices_status *out,
					    struct bp_err *err);

#endif
