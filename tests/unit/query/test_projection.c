/* SPDX-License-Identifier: MIT */
#include "query/projection.h"

#include <inttypes.h>

#include "query/budget.h"
#include "unit/query/facts.h"

/* 2026-03-10T12:00:00Z, a Tuesday; 21.5 days of March are left. */
#define NOW INT64_C(1773144000000000)
#define DAY_US INT64_C(86400000000)

static struct bp_tz *tz;
static const struct bp_filter all;

static void setup(void)
{
	struct bp_err err = {0};

	facts_open();
	ck_assert_ok(bp_tz_load("UTC", &tz, &err), err);
}

static void teardown(void)
{
	bp_tz_free(tz);
	tz = NULL;
	facts_close();
}

static void put_call(int id, int64_t ts_us, int64_t cost)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "INSERT INTO model_calls (id, file_conversation, model, ts_us, ts_last_us, "
		       "sidechain, cost_pusd, compat_pusd) VALUES (%d, 1, 'm', %" PRId64
		       ", 0, 0, %" PRId64 ", 1)",
		       id, ts_us, cost);
	facts_put(text);
}

static struct bp_projection project(void)
{
	struct bp_projection out;
	struct bp_err err = {0};

	ck_assert_ok(bp_projection_collect(facts, tz, &all, false, NOW, &out, &err), err);
	return out;
}

START_TEST(a_month_goes_on_like_the_last_seven_days)
{
	put_call(1, NOW - 20 * DAY_US, 1000); /* in February, before the seven days: no matter */
	put_call(2, NOW - 9 * DAY_US, 100);   /* the 1st: of the month, not of the seven days */
	put_call(3, NOW - 7 * DAY_US, 70);    /* the 3rd: the first of the seven */
	put_call(4, NOW - DAY_US, 7);         /* the 9th: the last */
	put_call(5, NOW, 3);                  /* today, this very moment */
	put_call(6, NOW + 1, 9999);           /* to come */
	struct bp_projection is = project();
	ck_assert_int_eq(is.today_pusd, 3);
	ck_assert_int_eq(is.month_pusd, 180); /* 100 + 70 + 7 + 3 */
	ck_assert_int_eq(is.basis_days, 7);
	ck_assert_int_eq(is.basis_pusd, 77);
	ck_assert_double_eq_tol(is.days_left, 21.5, 1e-9);
	ck_assert_int_eq(is.projected_pusd, 416); /* 180 + 77 / 7 x 21.5 = 180 + 236.5 */
}
END_TEST

START_TEST(a_young_history_rests_on_the_days_it_has)
{
	put_call(1, NOW - 2 * DAY_US, 10);
	put_call(2, NOW, 1);
	struct bp_projection is = project();
	ck_assert_int_eq(is.basis_days, 2);
	ck_assert_int_eq(is.projected_pusd, 118); /* 11 + 10 / 2 x 21.5 = 11 + 107.5 */
}
END_TEST

START_TEST(the_first_day_promises_nothing)
{
	put_call(1, NOW, 5);
	struct bp_projection is = project();
	ck_assert_int_eq(is.basis_days, 0);
	ck_assert_int_eq(is.month_pusd, 5);
	ck_assert_int_eq(is.projected_pusd, 0);
}
END_TEST

START_TEST(a_budget_warns_from_80_per_cent_on)
{
	const struct {
		int64_t limit, spent;
		enum bp_budget_state state;
	} cases[] = {
		{0, 1000, BP_BUDGET_NONE}, {100, 79, BP_BUDGET_FINE},  {100, 80, BP_BUDGET_NEAR},
		{100, 99, BP_BUDGET_NEAR}, {100, 100, BP_BUDGET_OVER}, {100, 101, BP_BUDGET_OVER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bp_budget budget = {cases[i].limit, cases[i].spent};
		ck_assert_int_eq(bp_budget_state(&budget), cases[i].state);
	}
}
END_TEST

START_TEST(budgets_are_of_the_day_and_the_month_by_the_rules_asked_for)
{
	struct bp_query_config config = {.budget_daily_pusd = 4, .budget_monthly_pusd = 1000};
	struct bp_budgets budgets;
	struct bp_err err = {0};

	put_call(1, NOW - DAY_US, 100);
	put_call(2, NOW, 4);
	ck_assert_ok(bp_budgets_read(facts, &config, tz, NOW, &budgets, &err), err);
	ck_assert_int_eq(budgets.daily.spent_pusd, 4);
	ck_assert_int_eq(bp_budget_state(&budgets.daily), BP_BUDGET_OVER);
	ck_assert_int_eq(budgets.monthly.spent_pusd, 104);
	ck_assert_int_eq(bp_budget_state(&budgets.monthly), BP_BUDGET_FINE);
	config.compat = BP_COMPAT_CCUSAGE;
	ck_assert_ok(bp_budgets_read(facts, &config, tz, NOW, &budgets, &err), err);
	ck_assert_int_eq(budgets.monthly.spent_pusd, 2);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_month_goes_on_like_the_last_seven_days,
	     a_young_history_rests_on_the_days_it_has, the_first_day_promises_nothing,
	     a_budget_warns_from_80_per_cent_on,
	     budgets_are_of_the_day_and_the_month_by_the_rules_asked_for)
