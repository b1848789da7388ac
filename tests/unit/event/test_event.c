/* SPDX-License-Identifier: MIT */
#include "event/event.h"

#include <check.h>

#include "support/run.h"

START_TEST(a_new_event_knows_nothing)
{
	struct bp_event event;

	bp_event_init(&event);
	ck_assert_ptr_null(event.session_id.ptr);
	ck_assert_int_eq(event.input_tokens, BP_ABSENT);
	ck_assert_int_eq(event.tool_calls_count, BP_ABSENT);
	ck_assert(bp_str_is(event.payload, "{}"));
	ck_assert_int_eq(event.level, BP_LEVEL_STRICT);
}
END_TEST

START_TEST(priorities_are_those_of_the_design)
{
	ck_assert_int_eq(bp_event_priority(BP_STR("user_prompt")), 1);
	ck_assert_int_eq(bp_event_priority(BP_STR("acceptance_decision")), 1);
	ck_assert_int_eq(bp_event_priority(BP_STR("tool_use")), 2);
	ck_assert_int_eq(bp_event_priority(BP_STR("tool_result")), 2);
	ck_assert_int_eq(bp_event_priority(BP_STR("model_call")), 2);
	ck_assert_int_eq(bp_event_priority(BP_STR("assistant_response")), 2);
	ck_assert_int_eq(bp_event_priority(BP_STR("cost")), 3);
	ck_assert_int_eq(bp_event_priority(BP_STR("session_start")), 4);
	ck_assert_int_eq(bp_event_priority(BP_STR("session_end")), 4);
	ck_assert_int_eq(bp_event_priority(BP_STR("notification")), 5);
	ck_assert_int_eq(bp_event_priority(BP_STR("never heard of")), 5);
	ck_assert_int_eq(bp_event_priority((struct bp_str){NULL, 0}), 5);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, a_new_event_knows_nothing, priorities_are_those_of_the_design)
