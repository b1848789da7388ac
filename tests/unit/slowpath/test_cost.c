/* SPDX-License-Identifier: MIT */
/*
 * What calls and sessions cost, from the lines of a transcript to the reprice job.
 */
#include <string.h>

#include "slowpath/session_facts.h"
#include "slowpath/slowpath.h"
#include "support/fact_world.h"
#include "support/rollup_sums.h"

static struct bp_test_world world;
static struct bp_prices *prices;
static struct bp_writer_lock *lock;
static struct bp_slowpath *slowpath;

static void setup(void)
{
	struct bp_err err = {0};

	bp_test_tmpdir_make();
	bp_test_world_open(&world);
	ck_assert_ok(bp_prices_new(NULL, &prices, &err), err);
	lock = bp_writer_lock_new();
	slowpath = NULL;
}

static void teardown(void)
{
	bp_slowpath_stop(slowpath);
	bp_writer_lock_free(lock);
	bp_prices_free(prices);
	bp_test_world_close(&world);
	bp_test_tmpdir_remove();
}

static int64_t number(const char *select)
{
	return bp_test_world_number(&world, select);
}

static void set_prices(const char *override)
{
	struct bp_err err = {0};
	char *list[] = {bp_strdup(bp_str_from(override)), NULL};

	bp_prices_free(prices);
	prices = NULL;
	ck_assert_ok(bp_prices_new(list, &prices, &err), err);
	free(list[0]);
}

/* --- one call --- */

START_TEST(a_model_without_a_price_costs_what_was_reported_or_is_unknown)
{
	struct bp_call call = {.model = BP_STR("claude-opus-5-5"),
			       .usage = {.input = 1000},
			       .reported_pusd = BP_SQL_NULL,
			       .text_chars = BP_SQL_NULL};

	bp_finalise_call(&call, prices);
	ck_assert_int_eq(call.is.cost_pusd, BP_SQL_NULL);
	ck_assert_int_eq(call.is.compat_pusd, BP_SQL_NULL);
	ck_assert_uint_eq(call.is.price_id.len, 0);
	call.reported_pusd = 77;
	bp_finalise_call(&call, prices);
	ck_assert_int_eq(call.is.cost_pusd, 77);
	ck_assert_int_eq(call.is.compat_pusd, 77);
	ck_assert(bp_str_is(call.is.price_id, "reported"));
}
END_TEST

START_TEST(what_was_reported_goes_before_only_by_ccusages_rules)
{
	/* 1k x 5 USD per million */
	struct bp_call call = {.model = BP_STR("claude-opus-4-5"),
			       .usage = {.input = 1000},
			       .reported_pusd = 0,
			       .text_chars = BP_SQL_NULL};

	bp_finalise_call(&call, prices);
	ck_assert_int_eq(call.is.cost_pusd, INT64_C(5000000000));
	ck_assert_int_eq(call.is.compat_pusd, 0);
	ck_assert(bp_str_is(call.is.price_id, bp_prices_id(prices)));
}
END_TEST

START_TEST(a_cut_stream_costs_its_prompt_and_a_quarter_of_its_characters)
{
	/* sonnet: 1k x 3, and 72 / 4 = 18 tokens x 15; ccusage takes the 7 tokens of the line. */
	struct bp_call call = {.model = BP_STR("claude-sonnet-4-5"),
			       .aborted = true,
			       .usage = {.input = 1000, .output = 7},
			       .reported_pusd = BP_SQL_NULL,
			       .text_chars = 72};

	bp_finalise_call(&call, prices);
	ck_assert_int_eq(call.is.cost_pusd, INT64_C(3000000000) + INT64_C(270000000));
	ck_assert_int_eq(call.is.compat_pusd, INT64_C(3000000000) + INT64_C(105000000));
	call.text_chars = BP_SQL_NULL; /* the user keeps no lengths */
	bp_finalise_call(&call, prices);
	ck_assert_int_eq(call.is.cost_pusd, INT64_C(3000000000));
}
END_TEST

START_TEST(a_session_sums_what_has_a_price_and_counts_the_rest)
{
	struct bp_call calls[] = {
		{.is = {.cost_pusd = 5, .compat_pusd = 4}},
		{.is = {.cost_pusd = BP_SQL_NULL, .compat_pusd = BP_SQL_NULL}},
		{.is = {.cost_pusd = 7, .compat_pusd = 8}},
		{.is = {.cost_pusd = 100, .compat_pusd = 200}, .aborted = true},
		{.is = {.cost_pusd = BP_SQL_NULL, .compat_pusd = BP_SQL_NULL}, .aborted = true},
	};
	const struct bp_session_facts facts = {.calls = calls, .n_calls = 5};
	struct bp_conversation_final out = {0};

	bp_finalise_costs(&facts, &out);
	ck_assert_int_eq(out.cost_pusd, 12);
	ck_assert_int_eq(out.compat_pusd, 12);
	ck_assert_int_eq(out.aborted_cost_pusd, 100);
	ck_assert_int_eq(out.unpriced_calls, 1);
	const struct bp_session_facts none = {.calls = calls + 1, .n_calls = 1};
	bp_finalise_costs(&none, &out);
	ck_assert_int_eq(out.cost_pusd, BP_SQL_NULL);
	ck_assert_int_eq(out.unpriced_calls, 1);
}
END_TEST

/* --- lines --- */

/* One response in two lines, the second with more output and a higher costUSD; a replay of it in a
 * side line, dearer; one in the US with three searches and two advisors; unknown models. ' is ". */
static const char STORY[] =
	"{'type':'assistant','sessionId':'s1','uuid':'u1','timestamp':'2026-05-01T10:00:00.000Z',"
	"'costUSD':0.001,'message':{'id':'m1','model':'claude-opus-4-8',"
	"'usage':{'input_tokens':1000,'output_tokens':1}}}\n"
	"{'type':'assistant','sessionId':'s1','uuid':'u2','timestamp':'2026-05-01T10:00:01.000Z',"
	"'costUSD':0.0125,'message':{'id':'m1','model':'claude-opus-4-8',"
	"'usage':{'input_tokens':1000,'output_tokens':300}}}\n"
	"{'type':'assistant','sessionId':'s1','uuid':'u3','timestamp':'2026-05-01T10:00:02.000Z',"
	"'isSidechain':true,'costUSD':9.5,'message':{'id':'m1','model':'claude-opus-4-8',"
	"'usage':{'input_tokens':9000,'output_tokens':900}}}\n"
	"{'type':'assistant','sessionId':'s1','uuid':'u4','timestamp':'2026-05-01T10:00:03.000Z',"
	"'message':{'id':'m2','model':'claude-opus-4-8',"
	"'usage':{'input_tokens':100,'output_tokens':10,'inference_geo':'us',"
	"'server_tool_use':{'web_search_requests':3},'iterations':["
	"{'type':'message','input_tokens':100,'output_tokens':10},"
	"{'type':'advisor_message','model':'claude-opus-5','input_tokens':200,'output_tokens':20,"
	"'cache_creation':{'ephemeral_5m_input_tokens':0,'ephemeral_1h_input_tokens':8}},"
	"{'type':'advisor_message','model':'claude-haiku-4-5','input_tokens':400,"
	"'output_tokens':40,'cache_creation_input_tokens':16}]}}}\n"
	"{'type':'assistant','sessionId':'s1','uuid':'u5','timestamp':'2026-05-01T10:00:04.000Z',"
	"'message':{'id':'m3','model':'unheard-of-1',"
	"'usage':{'input_tokens':5,'output_tokens':5}}}\n"
	"{'type':'assistant','sessionId':'s1','uuid':'u6','timestamp':'2026-05-01T10:00:05.000Z',"
	"'costUSD':0.5,'message':{'id':'m4','model':'unheard-of-2',"
	"'usage':{'input_tokens':5,'output_tokens':5,'iterations':["
	"{'type':'advisor_message','model':'claude-haiku-4-5','input_tokens':800}]}}}\n"
	"{'type':'assistant','sessionId':'s1','uuid':'u7','timestamp':'2026-05-01T10:00:06.000Z',"
	"'message':{'id':'m5','model':'<synthetic>',"
	"'usage':{'input_tokens':0,'output_tokens':0}}}\n"
	"{'type':'cost-state','sessionId':'s1','totalCostUSD':0.0184898999999}\n"
	"{'type':'cost-state','sessionId':'s1','totalCostUSD':0.0321424499999}\n"
	"{'type':'cost-state','sessionId':'s2','totalCostUSD':0}\n";

/** The story's rows in that order; NULL: as they stand there. */
static void tell(const size_t *order, size_t n)
{
	struct bp_test_rows rows;
	char text[sizeof(STORY)];

	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = STORY[i] == '\'' ? '"' : STORY[i];
	}
	bp_test_rows_init(&rows);
	bp_test_rows_add_lines(&rows, bp_str_from(text), "s1", NULL);
	ck_assert_uint_eq(rows.malformed, 0);
	bp_test_world_apply(&world, &rows, order, order ? n : rows.n, 3);
	bp_test_world_finalise(&world);
	bp_test_rows_done(&rows);
}

#define CALL(input, column) number("SELECT " column " FROM model_calls WHERE input = " #input)

START_TEST(lines_give_reports_places_advisors_and_the_clients_total)
{
	tell(NULL, 0);
	/* m1, m2, its two advisors, m3, m4, its advisor; no call of <synthetic>. */
	ck_assert_int_eq(number("SELECT count(*) FROM model_calls"), 7);
	/* The main lines' largest report; the side line's is not theirs. 1k x 5 + 300 x 25 */
	ck_assert_int_eq(CALL(1000, "reported_pusd"), INT64_C(12500000000));
	ck_assert_int_eq(CALL(1000, "compat_pusd"), INT64_C(12500000000));
	ck_assert_int_eq(CALL(1000, "cost_pusd"), INT64_C(12500000000));
	/* (100 x 5 + 10 x 25) x 1.1 + 3 x 0.01 USD */
	ck_assert_int_eq(CALL(100, "cost_pusd"), INT64_C(30825000000));
	ck_assert_int_eq(CALL(100, "compat_pusd"), INT64_C(750000000));
	/* 200 x 5 + 20 x 25 + 8 x 10 (an hour); 400 x 1 + 40 x 5 + 16 x 1.25 (5 minutes) */
	ck_assert_int_eq(CALL(200, "cost_pusd"), INT64_C(1580000000));
	ck_assert_int_eq(CALL(400, "cost_pusd"), INT64_C(620000000));
	ck_assert_int_eq(CALL(800, "cost_pusd"), INT64_C(800000000));
	ck_assert_int_eq(number("SELECT unpriced_calls FROM conversations"), 1);
	ck_assert_int_eq(number("SELECT cost_pusd IS NULL FROM model_calls"
				" WHERE model = 'unheard-of-1'"),
			 1);
	ck_assert_int_eq(number("SELECT cost_pusd FROM model_calls WHERE model = 'unheard-of-2'"),
			 INT64_C(500000000000));
	ck_assert_int_eq(number("SELECT cost_pusd FROM conversations"),
			 INT64_C(12500000000) + INT64_C(30825000000) + INT64_C(1580000000) +
				 INT64_C(620000000) + INT64_C(800000000) + INT64_C(500000000000));
	ck_assert_int_eq(number("SELECT client_cost_pusd FROM conversations"),
			 INT64_C(32142449999) + 1);
	/* A total of nothing is no session. */
	ck_assert_int_eq(number("SELECT count(*) FROM conversations"), 1);
}
END_TEST

START_TEST(costs_do_not_depend_on_order_or_repetition)
{
	enum { ROWS = 10, ROUNDS = 20 };
	struct bp_buf first;
	uint64_t random_state = 88172645463325252u;

	bp_buf_init(&first, 1 << 20);
	tell(NULL, 0);
	bp_test_world_dump(&world, &first);
	ck_assert_ptr_nonnull(strstr(first.ptr, "|12500000000|"));
	for (int round = 0; round < ROUNDS; round++) {
		size_t order[2 * ROWS];
		struct bp_buf again;
		for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
			order[i] = i % ROWS;
		}
		for (size_t i = sizeof(order) / sizeof(order[0]); i > 1; i--) {
			random_state = random_state * 6364136223846793005u + 1442695040888963407u;
			size_t j = (random_state >> 33) % i;
			size_t swap = order[i - 1];
			order[i - 1] = order[j];
			order[j] = swap;
		}
		bp_test_world_clear(&world);
		bp_buf_init(&again, 1 << 20);
		tell(order, sizeof(order) / sizeof(order[0]));
		bp_test_world_dump(&world, &again);
		ck_assert_msg(strcmp(first.ptr, again.ptr) == 0, "round %d:\n%s\n%s", round,
			      first.ptr, again.ptr);
		bp_buf_done(&again);
	}
	bp_buf_done(&first);
}
END_TEST

/* --- prices that change --- */

static void start(void)
{
	struct bp_err err = {0};
	const struct bp_slowpath_deps deps = {
		.redis_address = bp_test_tmpdir("no.sock"),
		.database_path = bp_test_tmpdir("facts.db"),
		.lock = lock,
		.prices = prices,
		.config = {.workers = 2,
			   .debounce_us = 250000,
			   .debounce_max_us = 2000000,
			   .cache_bytes = 1 << 20},
	};

	bp_slowpath_stop(slowpath);
	slowpath = NULL;
	ck_assert_ok(bp_slowpath_start(&deps, &slowpath, &err), err);
}

/** The facts have no event for this: the lag is asked until it is 0. ctest's limit ends it. */
static void wait_final(void)
{
	struct bp_err err = {0};
	struct bp_slowpath_lag lag = {.rows = 1};

	while (lag.rows + lag.sessions + lag.buckets > 0) {
		bp_slowpath_hurry(slowpath);
		ck_assert_ok(bp_slowpath_lag(world.read, &lag, &err), err);
	}
}

START_TEST(a_start_with_other_prices_prices_only_what_had_none)
{
	tell(NULL, 0);
	set_prices("claude-opus-4-8 input=50");
	start();
	wait_final();
	ck_assert_int_eq(CALL(1000, "cost_pusd"), INT64_C(12500000000));
	ck_assert_int_eq(number("SELECT count(*) FROM model_calls, price_now AS now"
				" WHERE model_calls.price_id = now.price_id"),
			 0);
	set_prices("unheard-of-1 input=2 output=4");
	start();
	wait_final();
	/* 5 x 2 + 5 x 4; the rest of its session follows: the finaliser is one function. */
	ck_assert_int_eq(number("SELECT cost_pusd FROM model_calls WHERE model = 'unheard-of-1'"),
			 30000000);
	ck_assert_int_eq(number("SELECT unpriced_calls FROM conversations"), 0);
}
END_TEST

struct said {
	int64_t last, total;
	int n;
};

static void hear(int64_t done, int64_t total, void *arg)
{
	struct said *said = arg;

	ck_assert_int_le(done, total);
	*said = (struct said){.last = done, .total = total, .n = said->n + 1};
}

static struct bp_repriced reprice(bool all, int64_t since_us)
{
	struct bp_err err = {0};
	struct bp_repriced out = {0};
	struct said said = {0};
	const struct bp_reprice_wish wish = {
		.all = all, .since_us = since_us, .progress = hear, .arg = &said};

	ck_assert_ok(bp_slowpath_reprice(slowpath, &wish, &out, &err), err);
	ck_assert_int_eq(said.last, out.calls);
	ck_assert_int_eq(said.total, out.calls);
	ck_assert(said.n > 0 || out.calls == 0);
	return out;
}

START_TEST(reprice_computes_what_other_prices_computed)
{
	tell(NULL, 0);
	int64_t before = number("SELECT cost_pusd FROM conversations");
	set_prices("claude-opus-4-8 input=50");
	start();
	struct bp_repriced done = reprice(false, BP_SQL_NULL);
	/* m1: 1k x 45 more; m2: 100 x 45 x 1.1 more. All seven have other prices or none. */
	int64_t more = INT64_C(45000000000) + INT64_C(4950000000);
	ck_assert_int_eq(done.calls, 7);
	ck_assert_int_eq(done.changed, 2);
	ck_assert_int_eq(done.before_pusd, before);
	ck_assert_int_eq(done.after_pusd, before + more);
	ck_assert_int_eq(number("SELECT cost_pusd FROM conversations"), before + more);
	ck_assert_int_eq(number("SELECT sum(cost_pusd) FROM model_calls"), before + more);
	ck_assert_int_eq(bp_test_rollup_sums(world.read).cost_pusd, before + more);
	/* Again: only what has no table; with --all everything; neither changes a thing. */
	done = reprice(false, BP_SQL_NULL);
	ck_assert_int_eq(done.calls, 2);
	ck_assert_int_eq(done.changed, 0);
	done = reprice(true, BP_SQL_NULL);
	ck_assert_int_eq(done.calls, 7);
	ck_assert_int_eq(done.changed, 0);
	ck_assert_int_eq(done.before_pusd, done.after_pusd);
}
END_TEST

START_TEST(reprice_leaves_sessions_before_since)
{
	tell(NULL, 0);
	int64_t before = number("SELECT cost_pusd FROM conversations");
	set_prices("claude-opus-4-8 input=50");
	start();
	struct bp_repriced done = reprice(false, number("SELECT max(ts_us) + 1 FROM model_calls"));
	ck_assert_int_eq(done.calls, 0);
	ck_assert_int_eq(number("SELECT cost_pusd FROM conversations"), before);
	done = reprice(false, number("SELECT max(ts_us) FROM model_calls"));
	ck_assert_int_eq(done.changed, 2);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_model_without_a_price_costs_what_was_reported_or_is_unknown,
	     what_was_reported_goes_before_only_by_ccusages_rules,
	     a_cut_stream_costs_its_prompt_and_a_quarter_of_its_characters,
	     a_session_sums_what_has_a_price_and_counts_the_rest,
	     lines_give_reports_places_advisors_and_the_clients_total,
	     costs_do_not_depend_on_order_or_repetition,
	     a_start_with_other_prices_prices_only_what_had_none,
	     reprice_computes_what_other_prices_computed, reprice_leaves_sessions_before_since)
