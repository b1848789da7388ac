/* SPDX-License-Identifier: MIT */
#include "query/sequences.h"

#include <math.h>

#include "unit/query/calls.h"

static struct bp_tool_steps steps;
static struct bp_sequences all, early, late;
static struct bp_patterns patterns;

static void setup(void)
{
	calls_open();
}

static void teardown(void)
{
	bp_sequences_done(&all);
	bp_sequences_done(&early);
	bp_sequences_done(&late);
	bp_patterns_done(&patterns);
	bp_tool_steps_done(&steps);
	calls_close();
}

static void read_steps(void)
{
	struct bp_err err = {0};

	ck_assert_ok(bp_tool_steps_read(facts, &calls_scope, &steps, &err), err);
}

/** How often the tools "A B" or "A B C" follow each other. */
static int64_t count(const struct bp_sequences *sequences, const char *text)
{
	for (size_t i = 0; i < sequences->n; i++) {
		const struct bp_sequence *one = &sequences->items[i];
		char name[128] = "";
		for (size_t k = 0; k < one->n; k++) {
			size_t len = strlen(name);
			(void)snprintf(name + len, sizeof(name) - len, "%s%s", k ? " " : "",
				       steps.names[one->tools[k]]);
		}
		if (strcmp(name, text) == 0) {
			return one->count;
		}
	}
	return 0;
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
	read_steps();
	all = bp_sequences_of(&steps, BP_TIME_FIRST, BP_TIME_LAST);
	/* Twice in turn a, once in b. */
	ck_assert_int_eq(count(&all, "Read Edit"), 3);
	ck_assert_int_eq(count(&all, "Edit Bash"), 1);
	ck_assert_int_eq(count(&all, "Bash Read"), 1);
	ck_assert_int_eq(count(&all, "Read Read"), 1);
	ck_assert_int_eq(count(&all, "Grep Read"), 1);
	/* From turn a into b, and from an agent to the main line: never. */
	ck_assert_int_eq(count(&all, "Edit Read"), 0);
	ck_assert_int_eq(count(&all, "Read Grep"), 0);
	ck_assert_int_eq(count(&all, "Bash Read Edit"), 1);
	ck_assert_int_eq(count(&all, "Read Read Edit"), 1);
	/* 5 pairs; Read Edit Bash, Edit Bash Read, Bash Read Edit, Read Read Edit. */
	ck_assert_uint_eq(all.n, 9);
	ck_assert_int_eq(all.items[0].count, 3);
}
END_TEST

START_TEST(many_names_are_counted_as_few_are)
{
	char name[16];

	put_story();
	for (int i = 0; i < 60; i++) { /* of turns with one step: no sequences */
		(void)snprintf(name, sizeof(name), "tool%d", i);
		(void)put_call(1, put_prompt(1, 200 + i), 200 + i, name, CALL_OK, 1);
	}
	read_steps();
	all = bp_sequences_of(&steps, BP_TIME_FIRST, BP_TIME_LAST);
	ck_assert_uint_eq(all.n, 9);
	ck_assert_int_eq(count(&all, "Read Edit"), 3);
	ck_assert_int_eq(count(&all, "Read Read Edit"), 1);
}
END_TEST

START_TEST(the_cosine_compares_two_times)
{
	put_story();
	read_steps();
	early = bp_sequences_of(&steps, BP_TIME_FIRST, CALLS_T + 50 * CALLS_S);
	late = bp_sequences_of(&steps, CALLS_T + 50 * CALLS_S, BP_TIME_LAST);
	/* Early: Read Edit 2, Edit Bash, Bash Read, Grep Read, three triples: length sqrt(4 + 6).
	 * Late: Read Read, Read Edit, Read Read Edit: sqrt(3). In common: Read Edit, 2 x 1. */
	ck_assert_double_eq_tol(bp_sequences_cosine(&early, &late), 2 / sqrt(30), 1e-12);
	ck_assert_double_eq_tol(bp_sequences_cosine(&early, &early), 1, 1e-12);
	all = bp_sequences_of(&steps, BP_TIME_FIRST, BP_TIME_FIRST);
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
	read_steps();
	patterns = bp_patterns_of(&steps);
	/* Read Edit (b: rejected, c: good); Read Edit Bash Read (a: cut at four, ended ok); Read
	 * (d: nothing ran). */
	ck_assert_int_eq(patterns.turns, 4);
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
	     many_names_are_counted_as_few_are, the_cosine_compares_two_times,
	     patterns_tell_how_turns_went_on_and_ended)
