/* SPDX-License-Identifier: MIT */
#include "stream/dlq.h"

#include "unit/stream/fixture.h"

static void bury(const char *id, const char *reason)
{
	struct bp_field fields[] = {{BP_STR("t"), BP_STR("_dead")},
				    {BP_STR("reason"), BP_STR("old")},
				    {BP_STR("off"), BP_STR("12")}};
	const struct bp_entry entry = {.fields = fields, .n_fields = 3};
	const struct bp_dead_letter letter = {.stream_id = id,
					      .reason = bp_str_from(reason),
					      .detail = BP_STR("why"),
					      .deliveries = 3,
					      .failed_us = 1000000,
					      .entry = &entry};

	bp_dlq_add(redis, &letter);
	flush_all();
}

static struct bp_entry *letters(size_t want)
{
	struct bp_entry *entries = NULL;
	struct bp_err err = {0};
	int64_t length = -1;
	size_t n = 0;

	ck_assert_ok(
		bp_stream_range(redis, BP_STREAM_DLQ, NULL, NULL, 10, &arena, &entries, &n, &err),
		err);
	ck_assert_uint_eq(n, want);
	ck_assert_ok(bp_dlq_length(redis, &length, &err), err);
	ck_assert_uint_eq((size_t)length, want);
	return entries;
}

START_TEST(a_letter_has_the_fields_and_the_reason)
{
	bury("7-1", "malformed");
	struct bp_entry *entries = letters(1);
	ck_assert_str_eq(entries[0].id, "7-1");
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "off"), "12"));
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "reason"), "malformed"));
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "detail"), "why"));
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "stream_id"), "7-1"));
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "deliveries"), "3"));
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "failed_at"), "1970-01-01T00:00:01.000Z"));
	ck_assert_uint_eq(entries[0].n_fields, 7);
}
END_TEST

START_TEST(adding_twice_adds_once_in_any_order)
{
	bury("7-1", "a");
	bury("5-0", "b");
	bury("7-1", "a");
	bury("5-0", "b");
	bury("spool-file", "c");
	bury("spool-file", "c");
	struct bp_entry *entries = letters(3);
	ck_assert(bp_str_is(bp_entry_get(&entries[1], "stream_id"), "5-0"));
	ck_assert(bp_str_is(bp_entry_get(&entries[2], "stream_id"), "spool-file"));
}
END_TEST

START_TEST(letters_are_kept_for_seven_days)
{
	const int64_t day_us = (int64_t)86400 * 1000000;
	struct bp_err err = {0};

	bury("86400000-0", "a");
	bury("172800000-0", "b");
	ck_assert_ok(bp_dlq_trim(redis, 8 * day_us, &err), err);
	(void)letters(2);
	ck_assert_ok(bp_dlq_trim(redis, 8 * day_us + 1000000, &err), err);
	struct bp_entry *entries = letters(1);
	ck_assert_str_eq(entries[0].id, "172800000-0");
}
END_TEST

START_TEST(no_letters_is_zero)
{
	struct bp_err err = {0};

	(void)letters(0);
	ck_assert_ok(bp_dlq_trim(redis, (int64_t)90 * 86400 * 1000000, &err), err);
}
END_TEST

BP_TEST_MAIN(setup_redis, teardown_redis, a_letter_has_the_fields_and_the_reason,
	     adding_twice_adds_once_in_any_order, letters_are_kept_for_seven_days,
	     no_letters_is_zero)
