/* SPDX-License-Identifier: MIT */
/*
 * What recorded sessions cost: to the nano-dollar what the client itself says, or different by a
 * known amount for a known reason. The recording that was made with OTLP in protobuf has no
 * transcripts and no totals, so there is nothing of it to compare here.
 */
#include "price/amount.h"
#include "support/recorded.h"

enum { NANO = 1000, PICO_PLACES = 12 };

static struct bp_test_world world;

static void setup(void)
{
	bp_test_tmpdir_make();
	bp_test_world_open(&world);
}

static void teardown(void)
{
	bp_test_world_close(&world);
	bp_test_tmpdir_remove();
}

/* Every scenario whose client gave a total: 21 are equal. */
static const char *const equal[] = {
	"api_error_exhausted",
	"api_error_fatal",
	"api_error_retry",
	"bash_error",
	"basic_tools",
	"bg_bash",
	"bulk",
	"edit_fail",
	"hook_block",
	"max_turns",
	"mcp",
	"perm_denied",
	"plain_text",
	"resume",
	"stream_drop",
	"subagent",
	"subagent_fg",
	"thinking",
	"todo_tasks",
	"two_at_once",
	"unicode",
};
enum { EQUALS = sizeof(equal) / sizeof(equal[0]) };

/* The four others, and three without a total; nano-USD. The compaction's own request is in no
 * transcript; the two unpriced ones ran on a model that the table does not know. */
static const struct differs {
	const char *scenario;
	int64_t cost, aborted;  /* of the transcripts */
	int64_t compaction;     /* what the request for a summary cost: not in the transcript */
	int64_t unpriced_calls; /* of a model without a price: then cost is not known */
	int64_t client;         /* its total; where it printed none, its cost-state line */
	bool printed;
} differing[] = {
	{.scenario = "compact",
	 .cost = 72979050,
	 .compaction = 18244200,
	 .client = 91223250,
	 .printed = true},
	{.scenario = "git_commit", .unpriced_calls = 3, .client = 66459600, .printed = true},
	{.scenario = "parallel_tools", .unpriced_calls = 2, .client = 24966800, .printed = true},
	{.scenario = "sigint",
	 .cost = 18489900,
	 .aborted = 13652550,
	 .client = 32142450,
	 .printed = true},
	{.scenario = "interactive",
	 .cost = 74270550,
	 .aborted = 16831200,
	 .compaction = 24976500,
	 .client = 116078250},
	{.scenario = "sigterm", .cost = 18655200, .client = 18655200},
	{.scenario = "sigkill", .cost = 18818250, .client = 0},
};
enum { DIFFERING = sizeof(differing) / sizeof(differing[0]) };

/* --- the client's own totals --- */

static int64_t nano(int64_t pusd)
{
	return (pusd + NANO / 2) / NANO;
}

/** Nano-USD of every run's result, the last one of a lineage; -1 without any. */
static int64_t read_client_total(const char *scenario)
{
	struct bp_buf text;
	struct bp_err err = {0};
	struct bp_json root;
	struct bp_json run;
	char below[256];
	int64_t sum = 0;
	int64_t last = -1;
	/* The total is cumulative over resume and fork; these two are two lineages. */
	bool add = strcmp(scenario, "two_at_once") == 0;

	(void)snprintf(below, sizeof(below), "recorded/claude/oracle/%s.json", scenario);
	bp_buf_init(&text, BP_TEST_FILE_MAX);
	ck_assert_ok(bp_file_read(bp_test_data_folder(below), &text, &err), err);
	ck_assert(bp_json_open(bp_buf_str(&text), &root));
	struct bp_json_iter iter = bp_json_each(bp_json_get(root, BP_STR("runs")));
	while (bp_json_next_element(&iter, &run)) {
		struct bp_json total =
			bp_json_get(bp_json_get(run, BP_STR("result")), BP_STR("total_cost_usd"));
		int64_t pusd;
		if (total.type == BP_JSON_NUMBER) {
			ck_assert(bp_decimal_read(bp_str_make(total.ptr, total.len), PICO_PLACES,
						  &pusd));
			last = nano(pusd);
			sum += last;
		}
	}
	bp_buf_done(&text);
	return add ? sum : last;
}

/* --- what we say --- */

static void load(const char *scenario, bool hooks)
{
	struct bp_test_rows rows;
	char below[256];

	bp_test_rows_init(&rows);
	(void)snprintf(below, sizeof(below), "recorded/claude/transcripts/%s", scenario);
	bp_file_walk(bp_test_data_folder(below), bp_test_add_transcript, &rows);
	if (hooks) {
		(void)snprintf(below, sizeof(below), "recorded/claude/hooks/%s.jsonl", scenario);
		bp_test_add_hook_file(&rows, bp_test_data_folder(below));
	}
	ck_assert_uint_gt(rows.n, 0);
	bp_test_world_apply(&world, &rows, NULL, rows.n, 100);
	bp_test_world_finalise(&world);
	bp_test_rows_done(&rows);
}

static int64_t number(const char *select)
{
	return bp_test_world_number(&world, select);
}

/** A sum of the facts in nano-USD; no place below that is taken. */
static int64_t exact_nano(const char *scenario, const char *select)
{
	int64_t pusd = number(select);

	ck_assert_msg(pusd % NANO == 0, "%s: %" PRId64 " pico-USD", scenario, pusd);
	return pusd / NANO;
}

#define SAME(what, got, want)                                                                      \
	ck_assert_msg((got) == (want), "%s: %s is %" PRId64 ", expected %" PRId64, scenario, what, \
		      (int64_t)(got), (int64_t)(want))

/** Sessions are the sums of their calls, whoever is asked. */
static void check_sums(const char *scenario)
{
	SAME("cost of sessions", number("SELECT coalesce(sum(cost_pusd), 0) FROM conversations"),
	     number("SELECT coalesce(sum(cost_pusd), 0) FROM model_calls WHERE aborted = 0"));
	SAME("cost of cut streams",
	     number("SELECT coalesce(sum(aborted_cost_pusd), 0) FROM conversations"),
	     number("SELECT coalesce(sum(cost_pusd), 0) FROM model_calls WHERE aborted = 1"));
	SAME("unpriced calls", number("SELECT coalesce(sum(unpriced_calls), 0) FROM conversations"),
	     number("SELECT count(*) FROM model_calls WHERE aborted = 0 AND cost_pusd IS NULL"));
	SAME("calls without a table",
	     number("SELECT count(*) FROM model_calls"
		    " WHERE (price_id IS NULL) <> (cost_pusd IS NULL)"),
	     0);
}

static bool no_data(void)
{
	return bp_test_data_folder("recorded/claude/ORACLE.tsv") == NULL;
}

START_TEST(the_cost_is_the_clients_total_to_the_nano_dollar)
{
	for (size_t i = 0; i < EQUALS && !no_data(); i++) {
		const char *scenario = equal[i];
		load(scenario, false);
		check_sums(scenario);
		SAME("cost",
		     exact_nano(scenario, "SELECT coalesce(sum(cost_pusd), 0) FROM conversations"),
		     read_client_total(scenario));
		SAME("cut streams", number("SELECT count(*) FROM model_calls WHERE aborted"), 0);
		SAME("unpriced", number("SELECT sum(unpriced_calls) FROM conversations"), 0);
		bp_test_world_clear(&world);
	}
}
END_TEST

START_TEST(hooks_add_nothing_to_the_cost)
{
	for (size_t i = 0; i < EQUALS && !no_data(); i++) {
		const char *scenario = equal[i];
		load(scenario, true);
		SAME("cost",
		     exact_nano(scenario, "SELECT coalesce(sum(cost_pusd), 0) FROM conversations"),
		     read_client_total(scenario));
		bp_test_world_clear(&world);
	}
}
END_TEST

static void check_differing(const struct differs *one)
{
	const char *scenario = one->scenario;

	check_sums(scenario);
	SAME("cost", exact_nano(scenario, "SELECT coalesce(sum(cost_pusd), 0) FROM conversations"),
	     one->cost);
	SAME("cost is not known", number("SELECT max(cost_pusd IS NULL) FROM conversations"),
	     one->unpriced_calls > 0);
	SAME("cost of cut streams",
	     exact_nano(scenario, "SELECT sum(aborted_cost_pusd) FROM conversations"),
	     one->aborted);
	SAME("unpriced calls", number("SELECT sum(unpriced_calls) FROM conversations"),
	     one->unpriced_calls);
	SAME("the client's total", read_client_total(scenario), one->printed ? one->client : -1);
	if (one->unpriced_calls == 0 && one->client > 0) {
		SAME("cost + cut streams + compaction", one->cost + one->aborted + one->compaction,
		     one->client);
	}
	if (!one->printed) {
		SAME("cost-state",
		     nano(number("SELECT coalesce(max(client_cost_pusd), 0) FROM conversations")),
		     one->client);
	}
}

START_TEST(where_it_differs_amount_and_cause_are_known)
{
	for (size_t i = 0; i < DIFFERING && !no_data(); i++) {
		load(differing[i].scenario, false);
		check_differing(&differing[i]);
		bp_test_world_clear(&world);
	}
}
END_TEST

START_TEST(an_unknown_model_that_is_given_its_price_costs_what_the_client_says)
{
	/* What fits the recorded responses; writes are the usual 1.25 and 2 times input. */
	char *given[] = {(char[]){"claude-opus-5-5 input=4 output=20 cache_read=0.2"}, NULL};
	static const char *const unknown[] = {"git_commit", "parallel_tools"};
	struct bp_err err = {0};

	bp_finaliser_free(world.finaliser);
	bp_prices_free(world.prices);
	ck_assert_ok(bp_prices_new(given, &world.prices, &err), err);
	ck_assert_ok(bp_finaliser_new(world.read, world.write, world.lock, world.prices,
				      &world.finaliser, &err),
		     err);
	for (size_t i = 0; i < 2 && !no_data(); i++) {
		const char *scenario = unknown[i];
		load(scenario, false);
		SAME("cost", exact_nano(scenario, "SELECT sum(cost_pusd) FROM conversations"),
		     read_client_total(scenario));
		bp_test_world_clear(&world);
	}
}
END_TEST

START_TEST(every_scenario_is_in_one_of_the_two_lists)
{
	size_t with_total = EQUALS;

	for (size_t i = 0; i < DIFFERING; i++) {
		with_total += differing[i].printed;
	}
	ck_assert_uint_eq(EQUALS, 21);
	ck_assert_uint_eq(with_total, 25);
	ck_assert_uint_eq(EQUALS + DIFFERING, 28);
}
END_TEST

BP_TEST_MAIN(setup, teardown, the_cost_is_the_clients_total_to_the_nano_dollar,
	     hooks_add_nothing_to_the_cost, where_it_differs_amount_and_cause_are_known,
	     an_unknown_model_that_is_given_its_price_costs_what_the_client_says,
	     every_scenario_is_in_one_of_the_two_lists)
