/* SPDX-License-Identifier: MIT */
/**
 * price.h - what a model's tokens cost: the table, the name that means a row, two formulas.
 *
 * Why:     prices change, names vary, and tools disagree about long requests. All of it is here:
 *          a pure function of one response's usage, so that every view of the same calls has the
 *          same total, and a price change is a recomputation and nothing else.
 * Units:   pico-USD per token, per search, per response (amount.h). Integers; what is more than
 *          INT64_MAX stays there.
 * Source:  docs/design/cost.md.
 * Threads: a bp_prices does not change once it is made: any number of threads read it.
 */
#ifndef BP_PRICE_PRICE_H
#define BP_PRICE_PRICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/err.h"
#include "base/str.h"

enum {
	BP_PRICE_ID_BYTES = 8,     /* of a table's identity, hex digits */
	BP_PRICE_NAME_BYTES = 128, /* the longest model name that is looked up */
	BP_PRICE_OVERRIDES_MAX = 200
};

/** price_id of a call whose model has no price and whose client reported a cost. */
#define BP_PRICE_REPORTED "reported"

/** Pico-USD per token, by class. */
struct bp_rates {
	int64_t input;          /* without what came from a cache or went into one */
	int64_t output;         /* reasoning is part of it */
	int64_t cache_write_5m; /* kept for 5 minutes */
	int64_t cache_write_1h; /* kept for an hour */
	int64_t cache_read;
};

/** What one model costs. */
struct bp_price {
	const char *model;
	struct bp_rates rates;
	struct bp_rates above; /* of a long request */
	int64_t above_tokens;  /* a longer prompt makes one; 0: there is no such price */
	bool marginal;         /* ccusage asks the higher price for the tokens above only */
	int64_t fast_tenths;   /* factor of fast mode, 25 is 2.5; 0: it costs the same */
	int64_t us_tenths;     /* factor of inference in the US only; 0: it costs the same */
	int64_t web_search;    /* pico-USD of one search */
};

/** What one response used. */
struct bp_usage {
	int64_t input, output, cache_write_5m, cache_write_1h, cache_read; /* tokens, as bp_rates */
	int64_t web_searches;
	bool fast; /* usage.speed is "fast" */
	bool us;   /* inference_geo is "us" */
};

/** Options of costs. */
struct bp_price_config {
	char **prices; /* costs.prices, NULL-terminated: for bp_prices_new() */
};
extern const struct bp_option bp_price_options[];

struct bp_prices;

/**
 * Make the table: what is built in, and over it overrides such as
 * "my-model input=1.5 output=6 cache_read=0.15", in USD per million tokens.
 *
 * A model that is built in keeps what the override does not name. One that is not needs input and
 * output; without others a cache write costs 1.25 (one hour: 2) and a read 0.1 of input. Words:
 * input output cache_write_5m cache_write_1h cache_read, the same with above_ before them and
 * above_tokens, fast and us (factors), web_search (USD for one).
 *
 * Shape:  overrides is NULL-terminated; NULL: none.
 * Owns:   the caller owns *out: bp_prices_free().
 * Errors: BP_EINVAL names the override and the word that is wrong; *out is untouched.
 */
BP_MUSTUSE enum bp_rc bp_prices_new(char *const *overrides, struct bp_prices **out,
				    struct bp_err *err);

/** NULL is fine. */
void bp_prices_free(struct bp_prices *prices);

/** Identity of the whole table and of the formulas: another one computes other costs, perhaps.
 *  Shape: BP_PRICE_ID_BYTES hex digits. Borrowed from prices. */
const char *bp_prices_id(const struct bp_prices *prices);

/**
 * The price that a model's name means, or NULL: then the cost is not known, which is not 0.
 *
 * In this order: the name itself; the longest model whose name stands in it ("us.anthropic.
 * claude-opus-4-1-20250805-v1:0", "claude-opus-4-1@20250805", "[1m]"); the models in whose names
 * it stands ("sonnet-4-5"), when all of them cost the same. '.' and '@' are as '-', case does not
 * matter. A model's name that goes on with a number that is no date, or with a word such as mini,
 * is another model: claude-opus-5 does not price claude-opus-5-5.
 *
 * Owns: borrowed from prices.
 */
const struct bp_price *bp_prices_find(const struct bp_prices *prices, struct bp_str model);

/** By the published rules: a prompt (input, cache read and writes) above above_tokens makes every
 *  class of that response pay the higher price; fast, us and web searches count. */
int64_t bp_price_ours(const struct bp_price *price, const struct bp_usage *usage);

/** By ccusage's: for Claude only each class's tokens above above_tokens pay the higher price;
 *  neither us nor web searches count. What the client reported goes before, see cost.md. */
int64_t bp_price_ccusage(const struct bp_price *price, const struct bp_usage *usage);

#endif
