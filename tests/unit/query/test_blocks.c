/* SPDX-License-Identifier: MIT */
#include "query/blocks.h"

#include <inttypes.h>

#include "unit/query/facts.h"

/* 2026-03-10T00:00:00Z */
#define MIDNIGHT INT64_C(1773100800000000)
#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)

static struct bp_tz *tz;
static struct bp_period period;
static struct bp_blocks blocks;

static void setup(void)
{
	struct bp_err err = {0};

	facts_open();
	ck_assert_ok(bp_tz_load("UTC", &tz, &err), err);
	ck_assert_ok(bp_period_named("all", tz, MIDNIGHT, &period, &err), err);
}

static void teardown(void)
{
	bp_blocks_done(&blocks);
	bp_tz_free(tz);
	tz = NULL;
	facts_close();
}

static void put_call(int id, int hour, int minute, int tokens, int64_t cost)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "INSERT INTO model_calls (id, file_conversation, model, ts_us, ts_last_us, "
		       "sidechain, input, cost_pusd) VALUES (%d, 1, 'm%d', %" PRId64
		       ", 0, 0, %d, %" PRId64 ")",
		       id, id % 2, MIDNIGHT + hour * HOUR_US + minute * MINUTE_US, tokens, cost);
	facts_put(text);
}

static void ask(int64_t now_us)
{
	struct bp_err err = {0};

	bp_blocks_done(&blocks);
	ck_assert_ok(bp_blocks_read(facts, &period, false, now_us, &blocks, &err), err);
}

static void is_block(size_t i, int hour, int64_t cost)
{
	ck_assert_uint_lt(i, blocks.n);
	ck_assert(!blocks.items[i].gap);
	ck_assert_int_eq(blocks.items[i].from_us, MIDNIGHT + hour * HOUR_US);
	ck_assert_int_eq(blocks.items[i].until_us, MIDNIGHT + (hour + 5) * HOUR_US);
	ck_assert_int_eq(blocks.items[i].cost.cost_pusd, cost);
}

/*
 * 09:20 begins 09:00-14:00, with 09:50 and 13:59; 14:00 begins the next, 14:00-19:00, with 14:30;
 * after it nothing until 22:10: more than 5 h, so 19:30 to 22:10 is a gap; 22:00-03:00.
 */
static void put_day(void)
{
	put_call(1, 9, 20, 100, 1);
	put_call(2, 9, 50, 200, 2);
	put_call(3, 13, 59, 300, 4);
	put_call(4, 14, 0, 1000, 8);
	put_call(5, 14, 30, 0, 16);
	put_call(6, 22, 10, 600, INT64_C(2000000000000));
	put_call(7, 22, 40, 600, INT64_C(1000000000000));
}

START_TEST(a_block_begins_on_the_hour_and_lasts_five)
{
	put_day();
	ask(MIDNIGHT + 48 * HOUR_US);
	ck_assert_uint_eq(blocks.n, 4);
	is_block(0, 9, 7);
	ck_assert_int_eq(blocks.items[0].first_us, MIDNIGHT + 9 * HOUR_US + 20 * MINUTE_US);
	ck_assert_int_eq(blocks.items[0].last_us, MIDNIGHT + 13 * HOUR_US + 59 * MINUTE_US);
	is_block(1, 14, 24);
	ck_assert(blocks.items[2].gap);
	ck_assert_int_eq(blocks.items[2].from_us, MIDNIGHT + 19 * HOUR_US + 30 * MINUTE_US);
	ck_assert_int_eq(blocks.items[2].until_us, MIDNIGHT + 22 * HOUR_US + 10 * MINUTE_US);
	is_block(3, 22, INT64_C(3000000000000));
	ck_assert_ptr_null(bp_blocks_active(&blocks));
	ck_assert_int_eq(blocks.most_tokens, 1200);
}
END_TEST

START_TEST(burning_is_of_the_active_block_alone)
{
	struct bp_burn burn;

	put_day();
	ask(MIDNIGHT + 23 * HOUR_US);
	const struct bp_block *active = bp_blocks_active(&blocks);
	ck_assert_ptr_nonnull(active);
	ck_assert_ptr_eq(active, &blocks.items[3]);
	/* 1200 tokens and 3 dollars in the 30 minutes from 22:10 to 22:40; 4 h are left. */
	ck_assert(bp_block_burn(active, MIDNIGHT + 23 * HOUR_US, &burn));
	ck_assert_double_eq_tol(burn.tokens_per_min, 40, 1e-9);
	ck_assert_double_eq_tol(burn.usd_per_h, 6, 1e-9);
	ck_assert_double_eq_tol(burn.projected_tokens, 1200 + 40 * 240, 1e-6);
	ck_assert_double_eq_tol(burn.projected_usd, 3 + 6 * 4, 1e-9);
	ck_assert(!bp_block_burn(&blocks.items[0], MIDNIGHT + 23 * HOUR_US, &burn));
	/* The limit is that of a block that is over: 09:00's 600, 14:00's 1000. */
	ck_assert_int_eq(blocks.most_tokens, 1000);
	/* At its end it is over. */
	ask(MIDNIGHT + 27 * HOUR_US);
	ck_assert_ptr_null(bp_blocks_active(&blocks));
}
END_TEST

START_TEST(a_period_that_begins_in_a_block_does_not_move_it)
{
	put_day();
	/* 13:30: the block of 09:00 still has a call in the period, and is told whole. */
	period.from_us = MIDNIGHT + 13 * HOUR_US + 30 * MINUTE_US;
	ask(MIDNIGHT + 48 * HOUR_US);
	ck_assert_uint_eq(blocks.n, 4);
	is_block(0, 9, 7);
	/* 14:10: it has none. */
	period.from_us = MIDNIGHT + 14 * HOUR_US + 10 * MINUTE_US;
	ask(MIDNIGHT + 48 * HOUR_US);
	ck_assert_uint_eq(blocks.n, 3);
	is_block(0, 14, 24);
}
END_TEST

START_TEST(without_calls_there_are_no_blocks)
{
	ask(MIDNIGHT);
	ck_assert_uint_eq(blocks.n, 0);
	ck_assert_int_eq(blocks.most_tokens, 0);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_block_begins_on_the_hour_and_lasts_five,
	     burning_is_of_the_active_block_alone, a_period_that_begins_in_a_block_does_not_move_it,
	     without_calls_there_are_no_blocks)
