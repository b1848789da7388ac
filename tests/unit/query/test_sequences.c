/* SPDX-License-Identifier: MIT */
#include "query/sequences.h"

#include <math.h>

#include "unit/query/calls.h"

static struct bp_habits all, early, late;

static void setup(void)
{
	calls_open();
}

static void teardown(void)
{
	bp_habits_done(&all);
	bp_habits_done(&early);
	bp_habits_done(&late);
	calls_close();
}

/** How often the tools "A B" or "A B C" follow each other. */
static int64_t count(const char *text)
{
	char key[128];

	(void)snprintf(key, sizeof(key), "%s", text);
	for (char *c = key; *c; c++) {
		*c = *c == ' ' ? BP_HABIT_BETWEEN : *c;
	}
	const struct bp_habit *habit = bp_habits_find(&all, BP_HABIT_SEQUENCE, bp_str_from(key));
	return habit ? habit->values[BP_SEQUENCE_COUNT] : 0;
}

/* Turn a: Read Edit Bash Read Edit; turn b: Read Edit (rejected). An agent in turn a: Grep Read. */
static void put_story(void)
{
	put_session(1, "one", 0, 100);
	int64_t a = put_prompt(1, 0), b = put_prompt(1, 50);
	(void)put_call(1, a, 1, "Read", CALL_OK, 1);
	(void)put_call(1, a, 2, "Edit", CALL_ERROR, 1);
	(void)put_call(1, a, 3, "Bash", CALL_OK, 1);
	(void)put_call(1, a, 4, "Read", CALL_OK, 1);
	(void)put_call(1, a, 5, "Edit", CALL_OK, 1);
	(void)put_agent_call(1, a, 2, "x", "Grep");
	(void)put_agent_call(1, a, 3, "x", "Read");
	(void)put_call(1, b, 51, "Read", CALL_OK, 1);
	(void)put_call(1, b, 52, "Read", CALL_OK, 1);
	(void)put_call(1, b, 53, "Edit", CALL_REJECTED, 1);
}

START_TEST(sequences_stay_inside_a_turn_of_one_agent)
{
	put_story();
	put_habits(1);
	read_habits(&all);
	/* Twice in turn a, once in b. */
	ck_assert_int_eq(count("Read Edit"), 3);
	ck_assert_int_eq(count("Edit Bash"), 1);
	ck_assert_int_eq(count("Bash Read"), 1);
	ck_assert_int_eq(count("Read Read"), 1);
	ck_assert_int_eq(count("Grep Read"), 1);
	/* From turn a into b, and from an agent to the main line: never. */
	ck_assert_int_eq(count("Edit Read"), 0);
	ck_assert_int_eq(count("Read Grep"), 0);
	ck_assert_int_eq(count("Bash Read Edit"), 1);
	ck_assert_int_eq(count("Read Read Edit"), 1);
	/* 5 pairs; Read Edit Bash, Edit Bash Read, Bash Read Edit, Read Read Edit. */
	struct bp_sequences sequences = bp_sequences_of(&all);
	ck_assert_uint_eq(sequences.n, 9);
	ck_assert_int_eq(sequences.items[0].count, 3);
	ck_assert_int_eq(bp_str_is(sequences.items[0].tools[1], "Edit"), 1);
	/* As often: fewer tools first, then by name. */
	ck_assert_int_eq(bp_str_is(sequences.items[1].tools[0], "Bash"), 1);
	ck_assert_uint_eq(sequences.items[1].n, 2);
	ck_assert_uint_eq(sequences.items[8].n, 3);
}
END_TEST

START_TEST(the_most_frequent_of_many_are_told)
{
	char name[16];

	put_story();
	for (int i = 0; i < 60; i++) {
		int64_t turn = put_prompt(1, 200 + i);
		(void)snprintf(name, sizeof(name), "tool%02d", i);
		(void)put_call(1, turn, 200 + i, name, CALL_OK, 1);
		(void)put_call(1, turn, 200 + i, i == 7 ? "Other" : name, CALL_OK, 1);
	}
	put_habits(1);
	read_habits(&all);
	struct bp_sequences sequences = bp_sequences_of(&all);
	ck_assert_uint_eq(sequences.n, BP_SEQUENCES_MAX);
	ck_assert_int_eq(sequences.items[0].count, 3);
	ck_assert_int_eq(count("tool07 Other"), 1);
	/* Pairs of the story, then those of the turns by name; no triple comes before a pair. */
	ck_assert_int_eq(bp_str_is(sequences.items[19].tools[0], "tool14"), 1);
}
END_TEST

START_TEST(the_cosine_compares_two_times)
{
	put_story();
	calls_period.until_us = CALLS_T + 50 * CALLS_S;
	read_habits(&early);
	calls_period = (struct bp_period){.from_us = CALLS_T + 50 * CALLS_S,
					  .until_us = CALLS_T + 100 * CALLS_S,
					  .tz = calls_tz};
	read_habits(&late);
	/* Early: Read Edit 2, Edit Bash, Bash Read, Grep Read, three triples: length sqrt(4 + 6).
	 * Late: Read Read, Read Edit, Read Read Edit: sqrt(3). In common: Read Edit, 2 x 1. */
	ck_assert_double_eq_tol(bp_sequences_cosine(&early, &late), 2 / sqrt(30), 1e-12);
	ck_assert_double_eq_tol(bp_sequences_cosine(&early, &early), 1, 1e-12);
	ck_assert_int_eq(isnan(bp_sequences_cosine(&early, &all)), 1);
}
END_TEST

START_TEST(patterns_tell_how_turns_went_on_and_ended)
{
	put_story();
	int64_t c = put_prompt(1, 60), d = put_prompt(1, 70);
	(void)put_call(1, c, 61, "Read", CALL_OK, 1);
	(void)put_call(1, c, 62, "Edit", CALL_OK, 1);
	(void)put_call(1, d, 71, "Read", CALL_DENIED, 1);
	put_habits(1);
	read_habits(&all);
	struct bp_patterns patterns = bp_patterns_of(&all);
	/* Read Edit (b: rejected, c: good); Read Edit Bash Read (a: cut at four, ended ok); Read
	 * (d: nothing ran). */
	ck_assert_uint_eq(patterns.n, 3);
	ck_assert_uint_eq(patterns.items[0].n, 2);
	ck_assert_int_eq(patterns.items[0].turns, 2);
	ck_assert_int_eq(patterns.items[0].succeeded, 1);
	for (size_t i = 1; i < 3; i++) {
		ck_assert_int_eq(patterns.items[i].turns, 1);
		ck_assert_int_eq(patterns.items[i].succeeded, patterns.items[i].n == 4);
	}
}
END_TEST

BP_TEST_MAIN(setup, teardown, sequences_stay_inside_a_turn_of_one_agent,
	     the_most_frequent_of_many_are_told, the_cosine_compares_two_times,
	     patterns_tell_how_turns_went_on_and_ended)
