/* SPDX-License-Identifier: MIT */
/* Rollups never change an answer: the same questions with them, half made, and from facts alone. */
#include "slowpath/rollup_maker.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

#include "query/costs.h"
#include "query/habits_read.h"
#include "query/metrics.h"
#include "query/rules.h"
#include "unit/query/facts.h"

enum { DAYS = 70, FACTS = 300, ROUNDS = 60, SESSIONS = 6 };

#define DAY_US INT64_C(86400000000)

/* 2026-02-20T00:00Z: the clocks of Berlin change on the 29th of March. */
#define START INT64_C(1771545600000000)

static struct bp_sql *reading;
static struct bp_writer_lock *lock;
static struct bp_tz *zones[3];
static uint64_t seed;

static void setup(void)
{
	static const char *const names[] = {"Europe/Berlin", "UTC", "Asia/Kathmandu"};
	struct bp_err err = {0};

	facts_open();
	facts_put("PRAGMA synchronous = OFF");
	ck_assert_ok(bp_sql_open(facts_path, BP_SQL_READ, 1 << 20, &reading, &err), err);
	lock = bp_writer_lock_new();
	for (size_t i = 0; i < 3; i++) {
		ck_assert_ok(bp_tz_load(names[i], &zones[i], &err), err);
	}
	seed = 11;
}

static void teardown(void)
{
	for (size_t i = 0; i < 3; i++) {
		bp_tz_free(zones[i]);
	}
	bp_writer_lock_free(lock);
	bp_sql_close(reading);
	facts_close();
}

static int64_t pick(int64_t n)
{
	uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (int64_t)((z ^ (z >> 31)) % (uint64_t)n);
}

static void put(const char *form, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *form, ...)
{
	char text[1024];
	va_list args;

	va_start(args, form);
	(void)vsnprintf(text, sizeof(text), form, args);
	va_end(args);
	facts_put(text);
}

/* Most facts lie in the evenings of few days, so that quarters have several. */
static int64_t some_time(void)
{
	return START + pick(DAYS) * DAY_US + pick(4) * 6 * 3600 * 1000000 + pick(1200) * 1000000;
}

static void put_calls(int64_t id)
{
	static const int ranks[] = {400, 400, 500, 600, 800, 900, 100};
	static const char *const tools[] = {"Edit", "Bash", "Write", "Read"};
	int64_t ts_us = some_time(), at_us = some_time();

	put("INSERT INTO tool_calls (id, file_conversation, tool, started_us, ended_us, ts_us, "
	    "outcome_rank, error_class, recovered, turn_id, agent_id) VALUES (%" PRId64 ", %" PRId64
	    ", '%s', %" PRId64 ", %" PRId64 ", %" PRId64 ", %d, '%s', %" PRId64 ", %" PRId64
	    ", nullif('a%" PRId64 "', 'a4'))",
	    id, 1 + pick(SESSIONS), tools[pick(4)], ts_us, ts_us + pick(100000000), ts_us,
	    ranks[pick(7)], pick(2) ? "timeout" : "other", pick(2),
	    1 + (ts_us - START) / (10 * DAY_US), pick(9) < 4 ? pick(4) : 4);
	put("INSERT INTO code_changes (id, operation, file_hash, lines_added, lines_removed, "
	    "revision, reverted, repeated) VALUES (%" PRId64 ", '%s', '%016" PRIx64 "', %" PRId64
	    ", 3, %" PRId64 ", %" PRId64 ", %" PRId64 ")",
	    id, pick(2) ? "create" : "edit", (uint64_t)(1 + pick(40)), pick(100), pick(2), pick(2),
	    pick(2));
	put("INSERT INTO permission_requests (id, live_conversation, ts_us, tool_call) VALUES "
	    "(%" PRId64 ", 1, %" PRId64 ", %" PRId64 ")",
	    id, ts_us - pick(9000000), id);
	put("INSERT INTO model_calls (id, file_conversation, model, ts_us, ts_last_us, sidechain, "
	    "agent_id, aborted, input, output, cost_pusd, compat_pusd) VALUES (%" PRId64
	    ", %" PRId64 ", '%s', %" PRId64 ", 0, %d, 'a%" PRId64 "', %d, %" PRId64 ", 3, %s, "
	    "%" PRId64 ")",
	    id, 1 + pick(SESSIONS), pick(2) ? "a" : "b", at_us, pick(3) == 0, pick(4), pick(9) == 0,
	    pick(100), pick(4) ? "7000000" : "NULL", pick(1000000));
}

static void put_rest(int64_t id)
{
	put("INSERT INTO conversation_turns (id, file_conversation, ts_us, human, words, "
	    "length_chars, latency_us, complete_us, think_us, gap_us) VALUES (%" PRId64 ", %" PRId64
	    ", %" PRId64 ", 1, %" PRId64 ", 30, %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
	    ")",
	    id, 1 + pick(SESSIONS), some_time(), pick(50), pick(9000000), pick(90000000),
	    pick(90000000), pick(60000000));
	put("INSERT INTO api_errors (id, file_conversation, ts_us, kind) VALUES (%" PRId64
	    ", %" PRId64 ", %" PRId64 ", 'retry')",
	    id, 1 + pick(SESSIONS), some_time());
	put("INSERT INTO compactions (id, file_conversation, ts_us, counted) VALUES (%" PRId64
	    ", %" PRId64 ", %" PRId64 ", 1)",
	    id, 1 + pick(SESSIONS), some_time());
	for (int i = 0; i < 3; i++) {
		int64_t ts_us = some_time();
		put("INSERT OR REPLACE INTO activity VALUES (%" PRId64 ", %" PRId64 ", %" PRId64
		    ", %" PRId64 ", %" PRId64 ")",
		    1 + pick(SESSIONS), ts_us / 60000000, ts_us, ts_us + 500000, 1 + pick(5));
	}
}

static void put_habits(void);

static void put_facts(void)
{
	facts_put("BEGIN");
	for (int64_t id = 1; id <= SESSIONS; id++) {
		/* The last one is no session, one has no project. */
		put("INSERT INTO conversations (id, external_id, platform, project_hash, "
		    "project_name, project_ts_us, seen, end_ts_us, model_switches) VALUES (%" PRId64
		    ", 's%" PRId64 "', 'p%" PRId64 "', %s, 'n', %" PRId64 ", %d, %s, 2)",
		    id, id, id % 2,
		    id == 2  ? "NULL"
		    : id % 3 ? "'aa'"
			     : "'bb'",
		    id, id < SESSIONS, id % 2 ? "1" : "NULL");
		put("INSERT INTO subagents (id, conversation_id, agent_id, agent_type, started_us, "
		    "ended_us) VALUES (%" PRId64 ", %" PRId64 ", 'a%" PRId64 "', %s, %" PRId64
		    ", %" PRId64 ")",
		    id, id, id % 4, id % 2 ? "'Explore'" : "NULL", START + id * DAY_US,
		    START + id * DAY_US + 5000000);
	}
	for (int64_t id = 1; id <= FACTS; id++) {
		put_calls(id);
		put_rest(id);
	}
	facts_put("COMMIT");
	put_habits();
}

/* --- habits, as the finaliser counts them --- */

enum { QUARTERS = (DAYS + 2) * 96 };

/* What is counted of some sessions, by quarter of an hour, in which calls that wait still do or no
   more. */
struct counted {
	int64_t from_us, until_us, over_us;
	struct bp_habits quarters[2][QUARTERS];
};

static struct bp_habits *of_moment(void *arg, int64_t ts_us)
{
	struct counted *counted = arg;

	return ts_us < counted->from_us || ts_us >= counted->until_us
		       ? NULL
		       : &counted->quarters[ts_us < counted->over_us]
					   [(ts_us - START) / BP_BUCKET_US];
}

static void count_session(int64_t id, struct counted *counted)
{
	struct bp_habit_session session;
	struct bp_err err = {0};

	ck_assert_ok(bp_habit_session_read(reading, id, BP_TIME_FIRST, &session, &err), err);
	struct bp_habit_source source = bp_habit_session_source(&session);
	bp_habits_of(&source, of_moment, counted);
	bp_habit_session_done(&session);
}

static void put_habits(void)
{
	static struct counted counted;
	struct bp_statement *insert = NULL;
	struct bp_err err = {0};
	struct bp_buf bytes;

	bp_buf_init(&bytes, 1 << 20);
	facts_put("BEGIN");
	ck_assert_ok(bp_statement_new(facts,
				      "INSERT INTO session_habits VALUES (?1, ?2, ?3) ON CONFLICT "
				      "DO UPDATE SET habits = excluded.habits WHERE habits <> "
				      "excluded.habits",
				      &insert, &err),
		     err);
	for (int64_t id = 1; id <= SESSIONS; id++) {
		counted = (struct counted){.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
		count_session(id, &counted);
		for (size_t i = 0; i < QUARTERS; i++) {
			bp_buf_clear(&bytes);
			bp_habits_encode(&counted.quarters[0][i], &bytes);
			bp_habits_done(&counted.quarters[0][i]);
			if (bytes.len > 0) {
				bp_bind_int(insert, 1, START + (int64_t)i * BP_BUCKET_US);
				bp_bind_int(insert, 2, id);
				bp_bind_blob(insert, 3, bytes.ptr, bytes.len);
				ck_assert_ok(bp_statement_run(insert, &err), err);
			}
		}
	}
	facts_put("COMMIT");
	bp_statement_free(insert);
	bp_buf_done(&bytes);
}

struct question {
	struct bp_period period;
	struct bp_filter filter;
	struct bp_totals_question totals;
};

/* The stored form of a period's habits. Owns: the caller. */
static struct bp_buf habits_of(const struct question *question, bool from_facts)
{
	static struct counted counted;
	const struct bp_scope scope = {.period = &question->period,
				       .filter = &question->filter,
				       .as_of_us = question->totals.as_of_us};
	struct bp_habits habits = {0};
	struct bp_scope_set set;
	struct bp_err err = {0};
	struct bp_buf bytes;

	bp_buf_init(&bytes, 1 << 20);
	if (!from_facts) {
		ck_assert_ok(bp_habits_read(reading, &scope, &habits, &err), err);
	} else {
		counted = (struct counted){.from_us = question->period.from_us,
					   .until_us = question->period.until_us,
					   .over_us = scope.as_of_us - BP_PENDING_US};
		ck_assert_ok(bp_scope_set_read(reading, scope.filter, &set, &err), err);
		for (int64_t id = 1; id <= SESSIONS; id++) {
			if (bp_scope_set_has(&set, id)) {
				count_session(id, &counted);
			}
		}
		bp_scope_set_done(&set);
		for (size_t i = 0; i < 2 * (size_t)QUARTERS; i++) {
			struct bp_habits *quarter = &counted.quarters[i / QUARTERS][i % QUARTERS];
			struct bp_habit_view view =
				bp_habit_view_at(question->period.tz,
						 START + (int64_t)(i % QUARTERS) * BP_BUCKET_US);
			view.settle = i < QUARTERS ? BP_HABITS_PENDING : BP_HABITS_OVER;
			bp_habits_merge(&habits, quarter, &view);
			bp_habits_done(quarter);
		}
	}
	bp_habits_encode(&habits, &bytes);
	bp_habits_done(&habits);
	return bytes;
}

static struct bp_rollup_maker *new_maker(const struct bp_tz *tz)
{
	struct bp_rollup_maker *maker = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_rollup_maker_new(reading, facts, lock, tz, &maker, &err), err);
	return maker;
}

static void make_quarters(struct bp_rollup_maker *maker)
{
	struct bp_err err = {0};
	bool left = true;

	while (left) {
		ck_assert_ok(bp_rollup_maker_quarters(maker, &left, &err), err);
	}
}

static void make_all(struct bp_rollup_maker *maker)
{
	struct bp_err err = {0};
	bool left = true;

	make_quarters(maker);
	while (left) {
		ck_assert_ok(bp_rollup_maker_span(maker, &left, &err), err);
	}
}

static int64_t number(const char *text)
{
	struct bp_statement *statement = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_statement_new(facts, text, &statement, &err), err);
	ck_assert_ok(bp_statement_step(statement, &err), err);
	int64_t value = bp_column_int(statement, 0);
	bp_statement_free(statement);
	return value;
}

/* Round 0 is everything; then all groupings, zones, filters, whole and cut spans. */
static void choose(struct question *question, int round)
{
	int64_t from = START - DAY_US + pick(DAYS) * DAY_US;

	*question = (struct question){0};
	if (round % 3 != 0) {
		from += pick(DAY_US);
	}
	question->period = (struct bp_period){
		.from_us = round % 7 == 0 ? BP_TIME_FIRST : from,
		.until_us = round % 7 == 0 ? BP_TIME_LAST : from + 1 + pick((DAYS + 2) * DAY_US),
		.tz = zones[round % 3]};
	if (round % 5 == 1) {
		memcpy(question->filter.projects[0], "aa", 3);
		question->filter.n_projects = 1;
	}
	question->filter.platform = round % 11 == 3 ? "p1" : NULL;
	question->filter.tool = round % 13 == 4 ? "Edit" : NULL;
	question->totals = (struct bp_totals_question){
		.by = (enum bp_group_by)(round % (BP_GROUP_DAY + 1)),
		.as_of_us = round % 2 ? START + pick(DAYS * DAY_US) : START + 99 * DAY_US,
		.compat_ccusage = round % 4 == 0};
}

/* What the question's period cost by the hour. Seen to fail: with offsets of 15 minutes taken for hours
 * of UTC, with hours that vanished left in their day. */
static void answer_costs(const struct question *question, struct bp_buf *text)
{
	struct bp_costs costs = {0};
	struct bp_err err = {0};
	const struct bp_costs_question ask = {.period = &question->period,
					      .filter = &question->filter,
					      .by = BP_COSTS_HOUR,
					      .compat_ccusage = question->totals.compat_ccusage};

	ck_assert_ok(bp_costs_read(reading, &ask, &costs, &err), err);
	for (size_t i = 0; i < costs.n; i++) {
		const struct bp_cost *cost = &costs.rows[i].cost;
		bp_buf_printf(
			text, "%s %s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n",
			costs.rows[i].key, costs.rows[i].models, cost->model_calls, cost->cost_pusd,
			cost->unpriced_calls, cost->tokens.input, cost->aborted_tokens.input);
	}
	bp_buf_printf(text, "%" PRId64 " %" PRId64 "\n", costs.total.model_calls,
		      costs.total.cost_pusd);
	bp_costs_done(&costs);
}

/* Every metric of every group, and costs by the hour. Sums of doubles may differ in their last
 * digits. Owns: the caller. */
static char *answer(struct question *question, bool with_costs)
{
	struct bp_groups groups = {0};
	struct bp_err err = {0};
	struct bp_buf text;

	bp_buf_init(&text, 64 << 20);
	question->totals.period = &question->period;
	question->totals.filter = &question->filter;
	ck_assert_ok(bp_totals_read(reading, &question->totals, &groups, &err), err);
	bp_buf_printf(&text, "%zu groups\n", groups.n);
	for (size_t i = 0; i < groups.n; i++) {
		bp_buf_printf(&text, "[%s|%s]", groups.items[i]->key, groups.items[i]->label);
		for (const struct bp_metric *m = bp_metrics; m->name; m++) {
			double value = m->value(&groups.items[i]->totals);
			if (!isnan(value)) {
				bp_buf_printf(&text, " %s=%.9g", m->name, value);
			}
		}
		bp_buf_printf(&text, "\n");
	}
	bp_groups_done(&groups);
	if (with_costs) {
		answer_costs(question, &text);
	}
	return text.ptr;
}

/* Habits have no model and no tool. Seen to fail: with a cut quarter left out, with hours of another
   zone, with what is open counted as over. */
static void check_habits(const struct question *questions)
{
	static int first;

	/* A third of the questions each time. */
	for (int i = first++ % 3; i < ROUNDS; i += 3) {
		struct bp_buf stored = habits_of(&questions[i], false);
		struct bp_buf want = habits_of(&questions[i], true);
		ck_assert_msg(bp_str_eq(bp_buf_str(&stored), bp_buf_str(&want)),
			      "round %d: %zu bytes, from facts %zu", i, stored.len, want.len);
		bp_buf_done(&stored);
		bp_buf_done(&want);
	}
}

/* Ask everything now, and again from facts alone. */
static void check_against_facts(struct bp_rollup_maker *maker)
{
	static struct question questions[ROUNDS];
	char *stored[ROUNDS];
	(void)maker;

	for (int i = 0; i < ROUNDS; i++) {
		choose(&questions[i], i);
		stored[i] = answer(&questions[i], i % 4 == 0);
	}
	check_habits(questions);
	/* What is in another form is not read. */
	facts_put("UPDATE rollup_zone SET format = format + 1");
	for (int i = 0; i < ROUNDS; i++) {
		char *want = answer(&questions[i], i % 4 == 0);
		ck_assert_msg(strcmp(want, stored[i]) == 0, "round %d\n%s\nfrom facts\n%s", i,
			      stored[i], want);
		free(want);
		free(stored[i]);
	}
	facts_put("UPDATE rollup_zone SET format = format - 1");
}

START_TEST(stored_spans_never_change_an_answer)
{
	put_facts();
	struct bp_rollup_maker *maker = new_maker(zones[0]);
	make_all(maker);
	ck_assert_int_eq(number("SELECT count(DISTINCT span) FROM rollups"), 6);
	ck_assert_int_eq(number("SELECT count(DISTINCT span) FROM session_rollups"), 2);
	ck_assert_int_eq(number("SELECT count(*) FROM dirty_span"), 0);
	check_against_facts(maker);
	/* Quarters are dirty. */
	facts_put("UPDATE tool_calls SET outcome_rank = 500 WHERE id % 20 = 0;"
		  "UPDATE model_calls SET input = input + 1000 WHERE id % 31 = 0;");
	put_habits();
	ck_assert_int_lt(number("SELECT count(*) FROM dirty_bucket"), 64);
	check_against_facts(maker);
	/* Their days are, then the months. */
	make_quarters(maker);
	ck_assert_int_gt(number("SELECT count(*) FROM dirty_span WHERE span = 1"), 5);
	check_against_facts(maker);
	struct bp_err err = {0};
	bool left = true;
	for (int i = 0; i < 3; i++) {
		ck_assert_ok(bp_rollup_maker_span(maker, &left, &err), err);
	}
	ck_assert_int_gt(number("SELECT count(*) FROM dirty_span WHERE span = 2"), 0);
	check_against_facts(maker);
	make_all(maker);
	check_against_facts(maker);
	bp_rollup_maker_free(maker);
}
END_TEST

START_TEST(every_change_of_a_fact_is_seen)
{
	static const char *const changes[] = {
		"UPDATE tool_calls SET recovered = 1 - recovered WHERE outcome = 'error'",
		"UPDATE code_changes SET repeated = 1 - repeated WHERE id < 9",
		"UPDATE code_changes SET decided_us = 1771545600000000 + 86400000000000 WHERE id < "
		"9",
		"UPDATE conversation_turns SET think_us = 5, gap_us = 7 WHERE id = 3",
		"UPDATE model_calls SET cost_pusd = 12345000000000 WHERE id = 5",
		"UPDATE model_calls SET file_conversation = 1 WHERE id = 6",
		"UPDATE permission_requests SET tool_call = NULL WHERE id < 9",
		"UPDATE permission_requests SET tool_call = id WHERE id < 9",
		"UPDATE subagents SET agent_type = 'Plan'",
		"UPDATE subagents SET ended_us = ended_us + 60000000 WHERE id = 3",
		"UPDATE subagents SET started_us = started_us - 900000000 WHERE id = 3",
		"INSERT INTO subagents (id, conversation_id, agent_id, started_us, ended_us) "
		"VALUES "
		"(90, 5, 'a3', 1771545600000000, 1771545601000000)",
		"UPDATE activity SET last_us = last_us + 100000 WHERE minute % 5 = 0",
		"UPDATE activity SET events = events + 1 WHERE minute % 7 = 0",
		"INSERT OR IGNORE INTO activity SELECT conversation_id, minute + 2, first_us + "
		"120000000, last_us + 120000000, 1 FROM activity WHERE minute % 13 = 0",
		"DELETE FROM activity WHERE minute % 11 = 0",
		"UPDATE conversations SET project_hash = 'cc' WHERE id = 1",
		"UPDATE conversations SET seen = 1",
		"UPDATE conversations SET seen = 0 WHERE id = 4",
	};
	struct question all = {
		.period = {.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST, .tz = zones[0]},
		.totals = {.by = BP_GROUP_PROJECT, .as_of_us = BP_TIME_LAST}};

	put_facts();
	struct bp_rollup_maker *maker = new_maker(zones[0]);
	make_all(maker);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		facts_put(changes[i]);
		ck_assert_msg(number("SELECT count(*) FROM dirty_bucket") > 0, "%s", changes[i]);
		make_all(maker);
		char *stored = answer(&all, true);
		facts_put("UPDATE rollup_zone SET format = format + 1");
		char *want = answer(&all, true);
		facts_put("UPDATE rollup_zone SET format = format - 1");
		ck_assert_msg(strcmp(stored, want) == 0, "%s\n%s\nfrom facts\n%s", changes[i],
			      stored, want);
		free(stored);
		free(want);
	}
	bp_rollup_maker_free(maker);
}
END_TEST

START_TEST(what_vanishes_leaves_no_row)
{
	put_facts();
	struct bp_rollup_maker *maker = new_maker(zones[0]);
	make_all(maker);
	ck_assert_int_gt(number("SELECT count(*) FROM rollups"), 100);
	facts_put("INSERT INTO dirty_bucket SELECT DISTINCT start_us, 1 FROM rollups WHERE span = 0"
		  " UNION SELECT DISTINCT start_us, 1 FROM session_rollups WHERE span = 0;"
		  "DELETE FROM tool_calls; DELETE FROM model_calls; DELETE FROM api_errors;"
		  "DELETE FROM conversation_turns; DELETE FROM compactions; DELETE FROM activity;"
		  "DELETE FROM subagents; DELETE FROM session_habits");
	make_all(maker);
	ck_assert_int_eq(number("SELECT count(*) FROM rollups"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM session_rollups"), 0);
	bp_rollup_maker_free(maker);
}
END_TEST

START_TEST(another_zone_has_its_own_days)
{
	put_facts();
	struct bp_rollup_maker *maker = new_maker(zones[0]);
	make_all(maker);
	bp_rollup_maker_free(maker);
	/* Quarters stay. */
	int64_t quarters = number("SELECT count(*) FROM rollups WHERE span = 0");
	maker = new_maker(zones[2]);
	ck_assert_int_eq(number("SELECT count(*) FROM dirty_bucket"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM rollups"), quarters);
	ck_assert_int_gt(number("SELECT count(*) FROM dirty_span"), 60);
	check_against_facts(maker);
	make_all(maker);
	/* Nothing begins at midnight of Berlin: Kathmandu is 5:45 ahead of UTC. */
	ck_assert_int_eq(number("SELECT count(*) FROM rollups WHERE span = 1 AND start_us % "
				"86400000000 <> 65700000000"),
			 0);
	check_against_facts(maker);
	bp_rollup_maker_free(maker);
}
END_TEST

START_TEST(rows_in_another_form_are_made_again)
{
	put_facts();
	struct bp_rollup_maker *maker = new_maker(zones[0]);
	make_all(maker);
	bp_rollup_maker_free(maker);
	int64_t rows = number("SELECT count(*) FROM rollups");
	facts_put("UPDATE rollup_zone SET format = format - 1; UPDATE rollups SET sums = x'FF'");
	maker = new_maker(zones[0]);
	ck_assert_int_eq(number("SELECT count(*) FROM rollups"), 0);
	ck_assert_int_gt(number("SELECT count(*) FROM dirty_bucket"), 60);
	make_all(maker);
	ck_assert_int_eq(number("SELECT count(*) FROM rollups"), rows);
	check_against_facts(maker);
	bp_rollup_maker_free(maker);
}
END_TEST

BP_TEST_MAIN(setup, teardown, stored_spans_never_change_an_answer, every_change_of_a_fact_is_seen,
	     what_vanishes_leaves_no_row, another_zone_has_its_own_days,
	     rows_in_another_form_are_made_again)
