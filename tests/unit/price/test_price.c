/* SPDX-License-Identifier: MIT */
#include "price/price.h"

#include <string.h>

#include "price/amount.h"
#include "support/run.h"

static struct bp_prices *prices;

static void setup(void)
{
	struct bp_err err = {0};

	ck_assert_ok(bp_prices_new(NULL, &prices, &err), err);
}

static void teardown(void)
{
	bp_prices_free(prices);
}

static const struct bp_price *price_of(const char *model)
{
	const struct bp_price *price = bp_prices_find(prices, bp_str_from(model));

	ck_assert_msg(price != NULL, "%s has no price", model);
	return price;
}

START_TEST(a_long_request_costs_more_whole_by_ours_and_by_class_by_ccusage)
{
	const struct bp_usage usage = {.input = 1000, .output = 1000, .cache_read = 300000};
	const struct bp_price *sonnet = price_of("claude-sonnet-4-5");

	/* 1k x 6 + 1k x 22.5 + 300k x 0.6, USD per million: 0.006 + 0.0225 + 0.18 */
	ck_assert_int_eq(bp_price_ours(sonnet, &usage), INT64_C(208500000000));
	/* 1k x 3 + 1k x 15 + 200k x 0.3 + 100k x 0.6: 0.003 + 0.015 + 0.06 + 0.06 */
	ck_assert_int_eq(bp_price_ccusage(sonnet, &usage), INT64_C(138000000000));
}
END_TEST

START_TEST(a_long_request_of_gpt_costs_more_whole_by_both)
{
	const struct bp_usage usage = {.input = 1000, .output = 1000, .cache_read = 300000};
	const struct bp_price *gpt = price_of("gpt-5.5");

	/* 1k x 10 + 1k x 45 + 300k x 1: 0.01 + 0.045 + 0.3 */
	ck_assert_int_eq(bp_price_ours(gpt, &usage), INT64_C(355000000000));
	ck_assert_int_eq(bp_price_ccusage(gpt, &usage), INT64_C(355000000000));
}
END_TEST

START_TEST(a_prompt_of_just_the_threshold_is_not_long)
{
	/* What counts is the prompt: input, reads and writes of both kinds; not the output. */
	struct bp_usage usage = {.input = 50000,
				 .cache_read = 50000,
				 .cache_write_5m = 50000,
				 .cache_write_1h = 50000,
				 .output = 1000};
	const struct bp_price *sonnet = price_of("claude-sonnet-4-5");

	/* 50k x (3 + 0.3 + 3.75 + 6) + 1k x 15: 0.6525 + 0.015 */
	ck_assert_int_eq(bp_price_ours(sonnet, &usage), INT64_C(667500000000));
	usage.input++;
	/* 50001 x 6 + 50k x (0.6 + 7.5 + 12) + 1k x 22.5: 0.300006 + 1.005 + 0.0225 */
	ck_assert_int_eq(bp_price_ours(sonnet, &usage), INT64_C(1327506000000));
}
END_TEST

START_TEST(fast_us_and_searches_count_by_ours_and_only_fast_by_ccusage)
{
	const struct bp_usage usage = {
		.input = 1000, .output = 100, .web_searches = 3, .fast = true, .us = true};
	const struct bp_price *opus = price_of("claude-opus-4-6");

	/* (1k x 5 + 100 x 25) x 6 = 0.045; x 1.1 = 0.0495; 3 x 0.01 on top of it */
	ck_assert_int_eq(bp_price_ours(opus, &usage), INT64_C(79500000000));
	ck_assert_int_eq(bp_price_ccusage(opus, &usage), INT64_C(45000000000));
	/* 2.5 is a factor too: (1k x 5 + 100 x 30) x 2.5 = 0.02 */
	ck_assert_int_eq(bp_price_ccusage(price_of("gpt-5.5"), &usage), INT64_C(20000000000));
	/* No fast price, none in the US: only its searches. 1k x 3 + 100 x 15 + 0.03 */
	ck_assert_int_eq(bp_price_ours(price_of("claude-sonnet-4-6"), &usage),
			 INT64_C(34500000000));
}
END_TEST

START_TEST(an_hour_of_cache_costs_twice_the_input)
{
	const struct bp_usage usage = {.cache_write_5m = 1000, .cache_write_1h = 1000};

	/* 1k x 6.25 + 1k x 10 */
	ck_assert_int_eq(bp_price_ours(price_of("claude-opus-5"), &usage), INT64_C(16250000000));
}
END_TEST

START_TEST(an_impossible_number_of_tokens_costs_the_largest_amount)
{
	const struct bp_usage usage = {.output = INT64_C(1) << 40, .fast = true};

	ck_assert_int_eq(bp_price_ours(price_of("o1-pro"), &usage), INT64_MAX);
	ck_assert_int_eq(bp_price_ccusage(price_of("claude-opus-4-6"), &usage), INT64_MAX);
}
END_TEST

START_TEST(a_table_is_known_by_what_is_in_it)
{
	char *first[] = {(char[]){"my-model input=1 output=2"}, NULL};
	char *second[] = {(char[]){"my-model input=1 output=3"}, NULL};
	struct bp_prices *same = NULL;
	struct bp_prices *a = NULL;
	struct bp_prices *b = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_prices_new(NULL, &same, &err), err);
	ck_assert_ok(bp_prices_new(first, &a, &err), err);
	ck_assert_ok(bp_prices_new(second, &b, &err), err);
	ck_assert_uint_eq(strlen(bp_prices_id(prices)), BP_PRICE_ID_BYTES);
	ck_assert_str_eq(bp_prices_id(prices), bp_prices_id(same));
	ck_assert_str_ne(bp_prices_id(prices), bp_prices_id(a));
	ck_assert_str_ne(bp_prices_id(a), bp_prices_id(b));
	bp_prices_free(same);
	bp_prices_free(a);
	bp_prices_free(b);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_long_request_costs_more_whole_by_ours_and_by_class_by_ccusage,
	     a_long_request_of_gpt_costs_more_whole_by_both,
	     a_prompt_of_just_the_threshold_is_not_long,
	     fast_us_and_searches_count_by_ours_and_only_fast_by_ccusage,
	     an_hour_of_cache_costs_twice_the_input,
	     an_impossible_number_of_tokens_costs_the_largest_amount,
	     a_table_is_known_by_what_is_in_it)
