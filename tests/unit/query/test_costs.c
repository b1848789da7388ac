/* SPDX-License-Identifier: MIT */
#include "query/costs.h"

#include <cjson/cJSON.h>
#include <inttypes.h>

#include "unit/query/facts.h"
#include "unit/query/story.h"

/* Prices of the story's calls: opus' first 5 000 000 (ccusage 4 000 000, the client said 6 000 000),
 * haiku's unknown, the cut one's 70, session two's 1 000. */
static const char PRICES[] =
	"UPDATE model_calls SET cost_pusd = 5000000, compat_pusd = 4000000, reported_pusd = 6000000"
	" WHERE id = 1;"
	"UPDATE model_calls SET cost_pusd = 70, compat_pusd = 60 WHERE id = 3;"
	"UPDATE model_calls SET cost_pusd = 1000, compat_pusd = 1000 WHERE id = 4;";

static struct bp_tz *tz;
static struct bp_filter filter;
static struct bp_period period;
static struct bp_costs costs;

static void zone(const char *name)
{
	struct bp_err err = {0};

	bp_tz_free(tz);
	tz = NULL;
	ck_assert_ok(bp_tz_load(name, &tz, &err), err);
	ck_assert_ok(bp_period_named("all", tz, STORY_T, &period, &err), err);
}

static void setup(void)
{
	facts_open();
	filter = (struct bp_filter){0};
	costs = (struct bp_costs){0};
	zone("UTC");
}

static void teardown(void)
{
	bp_costs_done(&costs);
	bp_tz_free(tz);
	tz = NULL;
	facts_close();
}

static void ask(enum bp_costs_by by, bool compat)
{
	struct bp_err err = {0};
	struct bp_costs_question question = {
		.period = &period, .filter = &filter, .by = by, .compat_ccusage = compat};

	bp_costs_done(&costs);
	ck_assert_ok(bp_costs_read(facts, &question, &costs, &err), err);
}

START_TEST(a_total_tells_priced_unpriced_cut_and_reported_apart)
{
	facts_put(STORY);
	facts_put(PRICES);
	ask(BP_COSTS_TOTAL, false);
	ck_assert_uint_eq(costs.n, 0);
	ck_assert_int_eq(costs.total.cost_pusd, 5001000); /* 5 000 000 + 1 000 */
	ck_assert_int_eq(costs.total.model_calls, 3);     /* the cut one is none */
	ck_assert_int_eq(costs.total.unpriced_calls, 1);  /* haiku's */
	ck_assert_int_eq(costs.total.aborted_cost_pusd, 70);
	ck_assert_int_eq(costs.total.reported_pusd, 6000000);
	ck_assert_int_eq(costs.total.reported_calls, 1);
	ck_assert_int_eq(costs.total.tokens.input, 12); /* 10 + 1 + 1 */
	ck_assert_int_eq(bp_tokens_total(&costs.total.tokens), 205);
	ck_assert_int_eq(bp_tokens_total(&costs.total.aborted_tokens), 10); /* 7 + 3 */
	ck_assert(!bp_cost_unknown(&costs.total));
}
END_TEST

START_TEST(ccusage_has_its_own_sums)
{
	facts_put(STORY);
	facts_put(PRICES);
	ask(BP_COSTS_TOTAL, true);
	ck_assert_int_eq(costs.total.cost_pusd, 4001000);
	ck_assert_int_eq(costs.total.aborted_cost_pusd, 60);
}
END_TEST

START_TEST(the_dearest_comes_first_and_no_price_is_no_zero)
{
	facts_put(STORY);
	facts_put(PRICES);
	ask(BP_COSTS_MODEL, false);
	ck_assert_uint_eq(costs.n, 2);
	ck_assert_str_eq(costs.rows[0].key, "opus");
	ck_assert_int_eq(costs.rows[0].cost.cost_pusd, 5001000);
	ck_assert_str_eq(costs.rows[1].key, "haiku");
	ck_assert(bp_cost_unknown(&costs.rows[1].cost));
	cJSON *json = bp_cost_usd_json(&costs.rows[1].cost);
	ck_assert(cJSON_IsNull(json));
	cJSON_Delete(json);
	ask(BP_COSTS_SESSION, false);
	ck_assert_uint_eq(costs.n, 2);
	ck_assert_str_eq(costs.rows[0].key, "0000aaaa-1111");
	ck_assert_str_eq(costs.rows[0].models, "opus\nhaiku");
	ck_assert_int_eq(costs.rows[0].cost.cost_pusd, 5000000);
	ck_assert_int_eq(costs.rows[0].cost.unpriced_calls, 1);
	ask(BP_COSTS_PROJECT, false);
	ck_assert_str_eq(costs.rows[0].key, "aaaaaaaaaaaaaaaa");
	ck_assert_str_eq(costs.rows[0].label, "one");
	ask(BP_COSTS_AGENT, false);
	ck_assert_uint_eq(costs.n, 2);
	ck_assert_str_eq(costs.rows[0].key, "");
	ck_assert_str_eq(costs.rows[0].label, "(main)");
	ck_assert_int_eq(costs.rows[0].cost.model_calls, 2);
	ck_assert_str_eq(costs.rows[1].key, "Explore");
	ck_assert_int_eq(costs.rows[1].cost.tokens.output, 2);
}
END_TEST

START_TEST(a_filter_is_the_same_for_every_grouping)
{
	facts_put(STORY);
	facts_put(PRICES);
	filter.model = "opus";
	for (int by = BP_COSTS_TOTAL; by <= BP_COSTS_PLATFORM; by++) {
		ask((enum bp_costs_by)by, false);
		ck_assert_int_eq(costs.total.cost_pusd, 5001000);
		ck_assert_int_eq(costs.total.model_calls, 2);
	}
	filter.model = NULL;
	filter.one_session = true;
	filter.conversation = 2;
	for (int by = BP_COSTS_TOTAL; by <= BP_COSTS_PLATFORM; by++) {
		ask((enum bp_costs_by)by, false);
		ck_assert_int_eq(costs.total.cost_pusd, 1000);
	}
}
END_TEST

/* --- every grouping, in three zones, over changes of the clock --- */

static uint64_t seed;

static int64_t pick(int64_t n)
{
	uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (int64_t)((z ^ (z >> 31)) % (uint64_t)n);
}

/* 2026-03-01T00:00:00Z: New York changes on the 8th, Berlin on the 29th. */
#define MARCH INT64_C(1772323200000000)
#define DAY_US INT64_C(86400000000)

static void put_calls(int n)
{
	char text[512];

	facts_put("INSERT INTO conversations (id, external_id, platform, project_hash, seen) VALUES"
		  " (1, 'a', 'p', 'x', 1), (2, 'b', 'q', 'y', 1), (3, 'c', 'p', NULL, 1)");
	for (int i = 1; i <= n; i++) {
		int64_t cost = pick(1000000000000);
		(void)snprintf(
			text, sizeof(text),
			"INSERT INTO model_calls (id, file_conversation, model, ts_us, "
			"ts_last_us, sidechain, input, output, aborted, agent_id, cost_pusd, "
			"compat_pusd) VALUES (%d, %" PRId64 ", 'm%" PRId64 "', %" PRId64
			", 0, 0, %" PRId64 ", %" PRId64 ", %d, %s, %" PRId64 ", %" PRId64 ")",
			i, 1 + pick(3), pick(4), MARCH + pick(40 * DAY_US), pick(1000), pick(1000),
			pick(10) == 0, pick(3) ? "NULL" : "'z'", cost, cost / 2);
		facts_put(text);
	}
}

static int64_t sql_sum(const char *text)
{
	struct bp_statement *statement = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_statement_new(facts, text, &statement, &err), err);
	ck_assert_ok(bp_statement_step(statement, &err), err);
	int64_t sum = bp_column_int(statement, 0);
	bp_statement_free(statement);
	return sum;
}

START_TEST(every_grouping_has_the_same_total_in_every_zone)
{
	static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Asia/Kolkata"};

	seed = 42;
	put_calls(400);
	int64_t want = sql_sum("SELECT sum(cost_pusd) FROM model_calls WHERE aborted = 0");
	int64_t cut = sql_sum("SELECT sum(cost_pusd) FROM model_calls WHERE aborted <> 0");
	int64_t input = sql_sum("SELECT sum(input) FROM model_calls WHERE aborted = 0");
	for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
		zone(zones[z]);
		for (int by = BP_COSTS_MODEL; by <= BP_COSTS_PLATFORM; by++) {
			struct bp_cost sum = {0};
			ask((enum bp_costs_by)by, false);
			for (size_t i = 0; i < costs.n; i++) {
				bp_cost_join(&sum, &costs.rows[i].cost);
				ck_assert_msg(i == 0 || strcmp(costs.rows[i].key,
							       costs.rows[i - 1].key) != 0,
					      "%s twice", costs.rows[i].key);
			}
			ck_assert_int_eq(sum.cost_pusd, want);
			ck_assert_int_eq(sum.aborted_cost_pusd, cut);
			ck_assert_int_eq(sum.tokens.input, input);
			ck_assert_mem_eq(&sum, &costs.total, sizeof(sum));
		}
	}
}
END_TEST

static void put_call(int id, const char *when)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "INSERT INTO model_calls (id, file_conversation, model, ts_us, ts_last_us, "
		       "sidechain, cost_pusd) VALUES (%d, 1, 'm', "
		       "CAST(strftime('%%s', '%s') AS INTEGER) * 1000000, 0, 0, 1)",
		       id, when);
	facts_put(text);
}

static void keys(enum bp_costs_by by, const char *want)
{
	char got[512] = "";

	ask(by, false);
	for (size_t i = 0; i < costs.n; i++) {
		size_t len = strlen(got);
		(void)snprintf(got + len, sizeof(got) - len, "%s%s:%" PRId64, len ? " " : "",
			       costs.rows[i].key, costs.rows[i].cost.cost_pusd);
	}
	ck_assert_str_eq(got, want);
}

/* Berlin's clock goes from 02:00 +01:00 to 03:00 +02:00 on Sunday, 2026-03-29, 01:00 UTC. */
START_TEST(days_weeks_and_months_are_those_of_the_zone)
{
	zone("Europe/Berlin");
	put_call(1, "2026-03-28 22:59:00"); /* Saturday 23:59 */
	put_call(2, "2026-03-28 23:00:00"); /* Sunday 00:00 */
	put_call(3, "2026-03-29 00:59:00"); /* Sunday 01:59 */
	put_call(4, "2026-03-29 01:00:00"); /* Sunday 03:00 */
	put_call(5, "2026-03-29 21:59:00"); /* Sunday 23:59 */
	put_call(6, "2026-03-29 22:00:00"); /* Monday 00:00 */
	put_call(7, "2026-03-31 21:59:00"); /* Tuesday, 31st 23:59 */
	put_call(8, "2026-03-31 22:00:00"); /* Wednesday, 1st of April */
	keys(BP_COSTS_DAY, "2026-03-28:1 2026-03-29:4 2026-03-30:1 2026-03-31:1 2026-04-01:1");
	keys(BP_COSTS_WEEK, "2026-03-23:5 2026-03-30:3");
	keys(BP_COSTS_MONTH, "2026-03:7 2026-04:1");
	period.from_us = MARCH + 27 * DAY_US + 23 * INT64_C(3600000000);
	period.until_us = period.from_us + INT64_C(4) * 3600000000;
	keys(BP_COSTS_HOUR, "2026-03-29T00:00+01:00:1 2026-03-29T01:00+01:00:1 "
			    "2026-03-29T03:00+02:00:1");
	ck_assert_str_eq(costs.rows[2].label, "2026-03-29 03:00");
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_total_tells_priced_unpriced_cut_and_reported_apart,
	     ccusage_has_its_own_sums, the_dearest_comes_first_and_no_price_is_no_zero,
	     a_filter_is_the_same_for_every_grouping,
	     every_grouping_has_the_same_total_in_every_zone,
	     days_weeks_and_months_are_those_of_the_zone)
