/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "price/price.h"
#include "support/run.h"

static struct bp_prices *prices;

static void setup(void)
{
	prices = NULL;
}

static void teardown(void)
{
	bp_prices_free(prices);
}

static void make(const char *text)
{
	struct bp_err err = {0};
	char copy[200];
	char *list[] = {copy, NULL};

	bp_prices_free(prices);
	prices = NULL;
	ck_assert_uint_lt(strlen(text), sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	ck_assert_ok(bp_prices_new(list, &prices, &err), err);
}

static const struct bp_price *price_of(const char *model)
{
	const struct bp_price *price = bp_prices_find(prices, bp_str_from(model));

	ck_assert_msg(price != NULL, "%s has no price", model);
	return price;
}

START_TEST(a_new_model_needs_two_prices_and_may_have_all)
{
	make("my-model input=1.5 output=6");
	const struct bp_rates *rates = &price_of("my-model")->rates;
	ck_assert_int_eq(rates->input, 1500000);
	ck_assert_int_eq(rates->output, 6000000);
	ck_assert_int_eq(rates->cache_write_5m, 1875000);
	ck_assert_int_eq(rates->cache_write_1h, 3000000);
	ck_assert_int_eq(rates->cache_read, 150000);
	make("  my-model\tinput=1 output=2 cache_write_5m=3 cache_write_1h=4 cache_read=0.5 "
	     "fast=2.5 "
	     "us=1.1 web_search=0.02 above_tokens=1000 above_input=9");
	const struct bp_price *price = price_of("vendor/My-Model@20260101");
	ck_assert_int_eq(price->rates.cache_write_1h, 4000000);
	ck_assert_int_eq(price->rates.cache_read, 500000);
	ck_assert_int_eq(price->fast_tenths, 25);
	ck_assert_int_eq(price->us_tenths, 11);
	ck_assert_int_eq(price->web_search, INT64_C(20000000000));
	ck_assert_int_eq(price->above_tokens, 1000);
	ck_assert_int_eq(price->above.input, 9000000);
	ck_assert_int_eq(price->above.output, 2000000);
}
END_TEST

START_TEST(a_model_that_is_built_in_keeps_what_is_not_named)
{
	make("claude-sonnet-4-5 cache_read=0.2");
	const struct bp_price *price = price_of("claude-sonnet-4.5");
	ck_assert_int_eq(price->rates.cache_read, 200000);
	ck_assert_int_eq(price->rates.input, 3000000);
	ck_assert_int_eq(price->above.cache_read, 600000);
	ck_assert_int_eq(price->above_tokens, 200000);
	ck_assert(price->marginal);
	/* A dated name is another row. */
	ck_assert_int_eq(price_of("claude-sonnet-4-5-20250929")->rates.cache_read, 300000);
}
END_TEST

START_TEST(a_newer_model_can_be_given_its_price)
{
	make("claude-opus-5-5 input=4 output=20 cache_read=0.2");
	ck_assert_int_eq(price_of("claude-opus-5-5")->rates.cache_read, 200000);
	ck_assert_int_eq(price_of("claude-opus-5-5-20270101")->rates.output, 20000000);
	ck_assert_int_eq(price_of("claude-opus-5")->rates.output, 25000000);
}
END_TEST

static void check_wrong(const char *text, const char *message)
{
	struct bp_err err = {0};
	char copy[300];
	char *list[] = {copy, NULL};
	struct bp_prices *out = NULL;

	ck_assert_uint_lt(strlen(text), sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	ck_assert_rc(bp_prices_new(list, &out, &err), BP_EINVAL);
	ck_assert_ptr_null(out);
	ck_assert_msg(strncmp(err.msg, "costs.prices: ", 14) == 0 && strstr(err.msg, message),
		      "%s: %s", text, err.msg);
}

START_TEST(what_is_wrong_is_named)
{
	check_wrong("", "a model's name stands first");
	check_wrong("input=1 output=2", "a model's name stands first");
	check_wrong("m input=1", "\"m\": the model is not built in: it needs input= and output=");
	check_wrong("m inptu=1 output=2", "unknown \"inptu\": did you mean input?");
	check_wrong("m input=1 output=2 colour=3", "unknown \"colour\"");
	check_wrong("m input output=2", "\"input\" is no name=number");
	check_wrong("m input=-1 output=2", "input=\"-1\" is no number of 0 or more");
	check_wrong("m input=$1 output=2", "input=\"$1\" is no number");
	check_wrong("m input= output=2", "input=\"\" is no number");
	check_wrong("m input=1 input=1 output=2", "input stands there twice");
	check_wrong("m input=1 output=2 above_input=3", "need above_tokens=");
	check_wrong("m input=1e99 output=2", "input=\"1e99\" is no number");
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_new_model_needs_two_prices_and_may_have_all,
	     a_model_that_is_built_in_keeps_what_is_not_named, a_newer_model_can_be_given_its_price,
	     what_is_wrong_is_named)
