/* SPDX-License-Identifier: MIT */
/* A line of costs.prices that anybody wrote: refused with a message, or a price that is found under
 * the name it gave and never makes a cost below nothing; what is used more does not cost less.
 * Seen to fail: rates stored with their sign turned. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "price/price_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_costs(const struct bp_price *price)
{
	struct bp_usage usage = {.input = 1000,
				 .output = 10,
				 .cache_write_5m = 3,
				 .cache_write_1h = 2,
				 .cache_read = 100000,
				 .web_searches = 1};
	int64_t ours = bp_price_ours(price, &usage);
	int64_t theirs = bp_price_ccusage(price, &usage);

	BP_ASSERT(ours >= 0 && theirs >= 0);
	usage.output += 1000;
	BP_ASSERT(bp_price_ours(price, &usage) >= ours);
	BP_ASSERT(bp_price_ccusage(price, &usage) >= theirs);
	usage.input = INT64_MAX;
	usage.fast = true;
	usage.us = true;
	BP_ASSERT(bp_price_ours(price, &usage) >= 0 && bp_price_ccusage(price, &usage) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = bp_strdup(bp_str_make((const char *)data, size));
	char *overrides[] = {text, NULL};
	struct bp_price price = {0};
	struct bp_prices *prices = NULL;
	struct bp_err err = {0};
	struct bp_str whole = bp_str_from(text);

	if (bp_price_override_read(whole, &price, &err) == BP_OK) {
		BP_ASSERT(bp_prices_new(overrides, &prices, &err) == BP_OK);
		const struct bp_price *found = bp_prices_find(prices, bp_str_from(price.model));
		BP_ASSERT(found && found->rates.input == price.rates.input &&
			  found->rates.cache_read == price.rates.cache_read);
		check_costs(found);
		bp_prices_free(prices);
		free((void *)(uintptr_t)price.model);
	} else {
		BP_ASSERT(err.rc == BP_EINVAL && err.msg[0] != '\0');
		BP_ASSERT(bp_prices_new(overrides, &prices, &err) == BP_EINVAL);
	}
	free(text);
	return 0;
}
