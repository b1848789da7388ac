/* SPDX-License-Identifier: MIT */
/* Which rows answer. That they never change an answer is asked in slowpath/test_rollup_maker.c,
   which has them made. */
#include "query/rollups.h"

#include <inttypes.h>

#include "query/bucket_code.h"
#include "unit/query/facts.h"

#define DAY_US INT64_C(86400000000)

/* 2026-03-01T00:00Z; March has 31 days, April 30. */
#define MARCH INT64_C(1772323200000000)

static struct bp_tz *utc, *paris;

static void setup(void)
{
	struct bp_err err = {0};

	facts_open();
	ck_assert_ok(bp_tz_load("UTC", &utc, &err), err);
	ck_assert_ok(bp_tz_load("Europe/Paris", &paris, &err), err);
	char text[96];
	(void)snprintf(text, sizeof(text), "INSERT INTO rollup_zone VALUES ('UTC', %d)",
		       BP_BUCKET_FORMAT);
	facts_put(text);
}

static void teardown(void)
{
	bp_tz_free(utc);
	bp_tz_free(paris);
	facts_close();
}

/* A row whose prompts tell that it was read. */
static void put_row(int span, int64_t start_us, const char *project, int64_t prompts)
{
	struct bp_bucket_sums sums = {.prompts = prompts, .tools_pending = 1};
	struct bp_statement *put = NULL;
	struct bp_err err = {0};
	struct bp_buf buf;

	bp_buf_init(&buf, 1000);
	bp_bucket_sums_encode(&sums, &buf);
	ck_assert_ok(bp_statement_new(facts,
				      "INSERT INTO rollups (span, start_us, platform, "
				      "project_hash, model, tool, agent_type, sums) VALUES (?1, "
				      "?2, 'p', ?3, '', '', '', ?4)",
				      &put, &err),
		     err);
	bp_bind_int(put, 1, span);
	bp_bind_int(put, 2, start_us);
	bp_bind_text(put, 3, bp_str_from(project));
	bp_bind_blob(put, 4, buf.ptr, buf.len);
	ck_assert_ok(bp_statement_run(put, &err), err);
	bp_statement_free(put);
	bp_buf_done(&buf);
}

/* Quarters 1, days 1000, days of all projects 10 000, months 1 000 000, of all 10 000 000; each
   twice as much where it says so. Nothing is a fact. */
static void put_spans(void)
{
	for (int day = 0; day < 61; day++) {
		put_row(BP_ROLLUP_QUARTER, MARCH + day * DAY_US, "aa", 1);
		put_row(BP_ROLLUP_QUARTER, MARCH + day * DAY_US + 40 * BP_BUCKET_US, "bb", 1);
		put_row(BP_ROLLUP_DAY, MARCH + day * DAY_US, "aa", 1000);
		put_row(BP_ROLLUP_DAY_ALL, MARCH + day * DAY_US, "", 10000);
	}
	for (int month = 0; month < 2; month++) {
		put_row(BP_ROLLUP_MONTH, MARCH + month * 31 * DAY_US, "aa", 1000000);
		put_row(BP_ROLLUP_MONTH_ALL, MARCH + month * 31 * DAY_US, "", 10000000);
	}
}

static enum bp_rc add(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	(void)err;
	bp_bucket_sums_add(arg, &bucket->sums);
	return BP_OK;
}

static struct bp_bucket_sums ask(int64_t from_us, int64_t until_us, const struct bp_tz *tz,
				 enum bp_rollup_span largest, bool by_project,
				 int64_t pending_before_us)
{
	const struct bp_period period = {.from_us = from_us, .until_us = until_us, .tz = tz};
	const struct bp_filter filter = {0};
	const struct bp_rollups_question question = {.period = &period,
						     .filter = &filter,
						     .pending_before_us = pending_before_us,
						     .largest = largest,
						     .by_project = by_project};
	struct bp_bucket_sums sums = {0};
	const struct bp_bucket_sink sink = {.bucket = add, .arg = &sums};
	struct bp_err err = {0};

	ck_assert_ok(bp_rollups_read(facts, &question, &sink, &err), err);
	return sums;
}

static int64_t prompts(int64_t from_us, int64_t until_us, enum bp_rollup_span largest)
{
	return ask(from_us, until_us, utc, largest, false, BP_TIME_LAST).prompts;
}

START_TEST(the_largest_spans_that_fit_answer)
{
	put_spans();
	/* Two months. */
	ck_assert_int_eq(prompts(BP_TIME_FIRST, BP_TIME_LAST, BP_ROLLUP_MONTH), 20000000);
	/* The last of March, which is no month, and April. */
	ck_assert_int_eq(prompts(MARCH + 30 * DAY_US, BP_TIME_LAST, BP_ROLLUP_MONTH), 10010000);
	/* From noon: no quarter is left of that day; then 29 days and April. */
	ck_assert_int_eq(prompts(MARCH + DAY_US + DAY_US / 2, BP_TIME_LAST, BP_ROLLUP_MONTH),
			 10000000 + 29 * 10000);
	/* From the second quarter: the one at 10:00 is left. */
	ck_assert_int_eq(prompts(MARCH + DAY_US + BP_BUCKET_US, BP_TIME_LAST, BP_ROLLUP_MONTH),
			 10000000 + 29 * 10000 + 1);
	/* Groups of days want no months, groups of hours no days. */
	ck_assert_int_eq(prompts(BP_TIME_FIRST, BP_TIME_LAST, BP_ROLLUP_DAY), 61 * 10000);
	ck_assert_int_eq(prompts(BP_TIME_FIRST, BP_TIME_LAST, BP_ROLLUP_QUARTER), 61 * 2);
	/* By project. */
	ck_assert_int_eq(
		ask(BP_TIME_FIRST, BP_TIME_LAST, utc, BP_ROLLUP_MONTH, true, BP_TIME_LAST).prompts,
		2000000);
}
END_TEST

START_TEST(what_is_dirty_is_not_read)
{
	char text[128];

	put_spans();
	/* A day of March: its two quarters, 30 days, April. */
	(void)snprintf(text, sizeof(text), "INSERT INTO dirty_span VALUES (1, %" PRId64 ")",
		       MARCH + 3 * DAY_US);
	facts_put(text);
	ck_assert_int_eq(prompts(BP_TIME_FIRST, BP_TIME_LAST, BP_ROLLUP_MONTH),
			 10000000 + 30 * 10000 + 2);
	/* The month alone: its 31 days. */
	(void)snprintf(text, sizeof(text),
		       "DELETE FROM dirty_span; INSERT INTO dirty_span VALUES (2, %" PRId64 ")",
		       MARCH);
	facts_put(text);
	ck_assert_int_eq(prompts(BP_TIME_FIRST, BP_TIME_LAST, BP_ROLLUP_MONTH),
			 10000000 + 31 * 10000);
	/* A quarter: it comes from facts, of which there are none; the other one of its day. */
	(void)snprintf(text, sizeof(text),
		       "DELETE FROM dirty_span; INSERT INTO dirty_bucket VALUES (%" PRId64 ", 1)",
		       MARCH + 3 * DAY_US);
	facts_put(text);
	ck_assert_int_eq(prompts(BP_TIME_FIRST, BP_TIME_LAST, BP_ROLLUP_MONTH),
			 10000000 + 30 * 10000 + 1);
	/* So many of them that facts alone answer. */
	(void)snprintf(text, sizeof(text),
		       "INSERT OR IGNORE INTO dirty_bucket SELECT start_us, 1 FROM rollups WHERE "
		       "span = 0");
	facts_put(text);
	ck_assert_int_eq(prompts(BP_TIME_FIRST, BP_TIME_LAST, BP_ROLLUP_MONTH), 0);
}
END_TEST

START_TEST(days_of_another_zone_are_not_those_that_are_stored)
{
	put_spans();
	/* Days of Paris are made of quarters; a whole is a whole in any zone. */
	ck_assert_int_eq(
		ask(BP_TIME_FIRST, BP_TIME_LAST, paris, BP_ROLLUP_DAY, false, BP_TIME_LAST).prompts,
		61 * 2);
	ck_assert_int_eq(
		ask(BP_TIME_FIRST, BP_TIME_LAST, paris, BP_ROLLUP_MONTH, false, BP_TIME_LAST)
			.prompts,
		20000000);
	/* Rows of another form are not read at all. */
	facts_put("UPDATE rollup_zone SET format = format + 1");
	ck_assert_int_eq(prompts(BP_TIME_FIRST, BP_TIME_LAST, BP_ROLLUP_MONTH), 0);
}
END_TEST

START_TEST(a_span_in_which_calls_cease_to_be_pending_is_not_read_as_one)
{
	struct bp_bucket_sums sums;

	put_spans();
	/* At noon of the third of April: March is over, of April two days and two quarters; 27 days
	   are not. (Every row has one pending call.) */
	sums = ask(BP_TIME_FIRST, BP_TIME_LAST, utc, BP_ROLLUP_MONTH, false,
		   MARCH + 33 * DAY_US + DAY_US / 2);
	ck_assert_int_eq(sums.tools_interrupted, 1 + 2 + 2);
	ck_assert_int_eq(sums.tools_pending, 27);
	/* Where April begins: March is over, April is not. */
	sums = ask(BP_TIME_FIRST, BP_TIME_LAST, utc, BP_ROLLUP_MONTH, false, MARCH + 31 * DAY_US);
	ck_assert_int_eq(sums.tools_interrupted, 1);
	ck_assert_int_eq(sums.tools_pending, 1);
	/* Long before and long after. */
	sums = ask(BP_TIME_FIRST, BP_TIME_LAST, utc, BP_ROLLUP_MONTH, false, 0);
	ck_assert_int_eq(sums.tools_pending, 2);
	sums = ask(BP_TIME_FIRST, BP_TIME_LAST, utc, BP_ROLLUP_MONTH, false, BP_TIME_LAST);
	ck_assert_int_eq(sums.tools_interrupted, 2);
}
END_TEST

START_TEST(a_pending_call_in_a_cut_quarter_is_asked_for_its_own_time)
{
	struct bp_bucket_sums sums;

	/* One pending call in each of three dirty quarters, 1 s into it. */
	facts_put("INSERT INTO tool_calls (id, tool, ts_us) VALUES (1, 'Bash', 900001000000),"
		  " (2, 'Bash', 900901000000), (3, 'Bash', 901801000000)");
	/* The cut lies just behind the second: it and the first are over. */
	sums = ask(BP_TIME_FIRST, BP_TIME_LAST, utc, BP_ROLLUP_MONTH, false, INT64_C(900901000001));
	ck_assert_int_eq(sums.tools_interrupted, 2);
	ck_assert_int_eq(sums.tools_pending, 1);
	sums = ask(BP_TIME_FIRST, BP_TIME_LAST, utc, BP_ROLLUP_MONTH, false, INT64_C(900901000000));
	ck_assert_int_eq(sums.tools_interrupted, 1);
	ck_assert_int_eq(sums.tools_pending, 2);
}
END_TEST

BP_TEST_MAIN(setup, teardown, the_largest_spans_that_fit_answer, what_is_dirty_is_not_read,
	     days_of_another_zone_are_not_those_that_are_stored,
	     a_span_in_which_calls_cease_to_be_pending_is_not_read_as_one,
	     a_pending_call_in_a_cut_quarter_is_asked_for_its_own_time)
