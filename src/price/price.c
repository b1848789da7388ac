/* SPDX-License-Identifier: MIT */
#include "price/price.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "price/amount.h"
#include "price/price_parts.h"

/* Part of every identity: it grows when a formula or the lookup changes. */
static const int64_t FORMULAS = 1;

const struct bp_option bp_price_options[] = {
	{.name = "costs.prices",
	 .type = BP_OPTION_LIST,
	 .offset = offsetof(struct bp_price_config, prices),
	 .fallback = "",
	 .help = "prices of your own, such as \"my-model input=1.5 output=6\" (USD per million "
		 "tokens)"},
	{.name = NULL},
};

const struct bp_price bp_price_table[] = {
#include "price/price_table.inc"
};
const size_t bp_price_table_n = sizeof(bp_price_table) / sizeof(bp_price_table[0]);

/* --- the table --- */

static void hash_bytes(uint64_t *hash, const void *bytes, size_t n)
{
	static const uint64_t FNV_PRIME = UINT64_C(0x100000001b3);
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++) {
		*hash = (*hash ^ p[i]) * FNV_PRIME;
	}
}

static void hash_price(uint64_t *hash, const struct bp_price *price)
{
	const int64_t numbers[] = {price->above_tokens, price->marginal, price->fast_tenths,
				   price->us_tenths, price->web_search};

	hash_bytes(hash, price->model, strlen(price->model) + 1);
	hash_bytes(hash, &price->rates, sizeof(price->rates));
	hash_bytes(hash, &price->above, sizeof(price->above));
	hash_bytes(hash, numbers, sizeof(numbers));
}

static void make_id(struct bp_prices *prices)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	hash_bytes(&hash, &FORMULAS, sizeof(FORMULAS));
	for (size_t i = 0; i < bp_price_table_n; i++) {
		hash_price(&hash, &bp_price_table[i]);
	}
	for (size_t i = 0; i < prices->n_overrides; i++) {
		hash_price(&hash, &prices->overrides[i]);
	}
	(void)snprintf(prices->id, sizeof(prices->id), "%08" PRIx32, (uint32_t)(hash ^ hash >> 32));
}

enum bp_rc bp_prices_new(char *const *overrides, struct bp_prices **out, struct bp_err *err)
{
	struct bp_prices *prices = bp_calloc(1, sizeof(*prices));
	enum bp_rc rc = BP_OK;

	prices->overrides = bp_calloc(BP_PRICE_OVERRIDES_MAX, sizeof(prices->overrides[0]));
	for (size_t i = 0; overrides && overrides[i] && rc == BP_OK; i++) {
		if (i == BP_PRICE_OVERRIDES_MAX) {
			rc = bp_err_set(err, BP_EINVAL, "costs.prices: more than %d",
					BP_PRICE_OVERRIDES_MAX);
			break;
		}
		rc = bp_price_override_read(bp_str_from(overrides[i]), &prices->overrides[i], err);
		if (rc == BP_OK) {
			prices->n_overrides++;
		} else {
			rc = bp_err_wrap(err, rc, "costs.prices");
		}
	}
	if (rc != BP_OK) {
		bp_prices_free(prices);
		return rc;
	}
	make_id(prices);
	*out = prices;
	return BP_OK;
}

void bp_prices_free(struct bp_prices *prices)
{
	if (prices == NULL) {
		return;
	}
	for (size_t i = 0; i < prices->n_overrides; i++) {
		free((void *)(uintptr_t)prices->overrides[i].model);
	}
	free(prices->overrides);
	free(prices);
}

const char *bp_prices_id(const struct bp_prices *prices)
{
	return prices->id;
}

/* --- the formulas --- */

static int64_t all_classes(const struct bp_rates *rates, const struct bp_usage *usage)
{
	int64_t sum = bp_pusd_times(usage->input, rates->input);

	sum = bp_pusd_add(sum, bp_pusd_times(usage->output, rates->output));
	sum = bp_pusd_add(sum, bp_pusd_times(usage->cache_write_5m, rates->cache_write_5m));
	sum = bp_pusd_add(sum, bp_pusd_times(usage->cache_write_1h, rates->cache_write_1h));
	return bp_pusd_add(sum, bp_pusd_times(usage->cache_read, rates->cache_read));
}

/** The whole request at one price, by its length. */
static int64_t by_request(const struct bp_price *price, const struct bp_usage *usage)
{
	int64_t prompt = bp_pusd_add(bp_pusd_add(usage->input, usage->cache_read),
				     bp_pusd_add(usage->cache_write_5m, usage->cache_write_1h));
	bool above = price->above_tokens > 0 && prompt > price->above_tokens;

	return all_classes(above ? &price->above : &price->rates, usage);
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/** Each class by itself: what is above pays more. */
static int64_t by_class(const struct bp_price *price, const struct bp_usage *usage)
{
	const int64_t most = price->above_tokens;
	const struct bp_usage below = {
		.input = smaller(usage->input, most),
		.output = smaller(usage->output, most),
		.cache_write_5m = smaller(usage->cache_write_5m, most),
		.cache_write_1h = smaller(usage->cache_write_1h, most),
		.cache_read = smaller(usage->cache_read, most),
	};
	const struct bp_usage beyond = {
		.input = usage->input - below.input,
		.output = usage->output - below.output,
		.cache_write_5m = usage->cache_write_5m - below.cache_write_5m,
		.cache_write_1h = usage->cache_write_1h - below.cache_write_1h,
		.cache_read = usage->cache_read - below.cache_read,
	};

	return bp_pusd_add(all_classes(&price->rates, &below), all_classes(&price->above, &beyond));
}

static int64_t with_fast(const struct bp_price *price, const struct bp_usage *usage, int64_t sum)
{
	return usage->fast && price->fast_tenths > 0 ? bp_pusd_tenths(sum, price->fast_tenths)
						     : sum;
}

int64_t bp_price_ours(const struct bp_price *price, const struct bp_usage *usage)
{
	int64_t sum = with_fast(price, usage, by_request(price, usage));

	if (usage->us && price->us_tenths > 0) {
		sum = bp_pusd_tenths(sum, price->us_tenths);
	}
	return bp_pusd_add(sum, bp_pusd_times(usage->web_searches, price->web_search));
}

int64_t bp_price_ccusage(const struct bp_price *price, const struct bp_usage *usage)
{
	bool marginal = price->marginal && price->above_tokens > 0;

	return with_fast(price, usage,
			 marginal ? by_class(price, usage) : by_request(price, usage));
}
