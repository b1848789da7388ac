/* SPDX-License-Identifier: MIT */
#include "stream/erase.h"

#include <poll.h>
#include <string.h>

#include "stream/dlq.h"
#include "unit/stream/fixture.h"

static struct bp_err err;

static void deliver(size_t want, bool acknowledge)
{
	struct bp_entry *entries = NULL;
	size_t n = 0;

	ck_assert_ok(bp_stream_read(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, "one", 10, 0,
				    &arena, &entries, &n, &err),
		     err);
	ck_assert_uint_eq(n, want);
	if (acknowledge) {
		bp_redis_xack(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, entries, n);
		flush_all();
	}
}

static bool erase(void)
{
	bool done = false;

	ck_assert_ok(bp_erase_stream(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &done, &err),
		     err);
	return done;
}

START_TEST(a_stream_that_holds_work_is_not_erased)
{
	ck_assert_ok(bp_stream_ensure(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &err), err);
	put(NULL, "a");
	flush_all();
	ck_assert(!erase()); /* not delivered */
	deliver(1, false);
	ck_assert(!erase()); /* not acknowledged */
}
END_TEST

START_TEST(a_finished_stream_is_erased_and_works_again)
{
	struct bp_stream_state state;

	ck_assert_ok(bp_stream_ensure(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &err), err);
	put(NULL, "a");
	flush_all();
	deliver(1, true);
	ck_assert(erase());
	ck_assert_ok(bp_stream_state(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &state, &err),
		     err);
	ck_assert_int_eq(state.length, 0);
	put(NULL, "b");
	flush_all();
	deliver(1, true);
	ck_assert(erase());
	ck_assert(erase()); /* an empty one as well */
}
END_TEST

START_TEST(a_stream_that_was_never_there_is_made)
{
	ck_assert(erase());
	put(NULL, "a");
	flush_all();
	deliver(1, true);
}
END_TEST

static void add_letter(const char *id)
{
	const struct bp_dead_letter letter = {
		.stream_id = id, .reason = BP_STR("not_json"), .deliveries = 1, .failed_us = 1};

	bp_dlq_add(redis, &letter);
	flush_all();
}

static int64_t letters(void)
{
	int64_t n = 0;

	ck_assert_ok(bp_dlq_length(redis, &n, &err), err);
	return n;
}

START_TEST(the_letters_that_are_kept_stay_under_their_ids)
{
	struct bp_entry *entries = NULL;
	size_t n = 0;

	add_letter("1-0");
	add_letter("2-0");
	add_letter("3-0");
	ck_assert_ok(
		bp_stream_range(redis, BP_STREAM_DLQ, NULL, NULL, 10, &arena, &entries, &n, &err),
		err);
	ck_assert_uint_eq(n, 3);
	ck_assert_ok(bp_erase_letters(redis, &entries[1], 2, &err), err);
	ck_assert_int_eq(letters(), 2);
	ck_assert_ok(
		bp_stream_range(redis, BP_STREAM_DLQ, NULL, NULL, 10, &arena, &entries, &n, &err),
		err);
	ck_assert_str_eq(entries[0].id, "2-0");
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "reason"), "not_json"));
	ck_assert_ok(bp_erase_letters(redis, NULL, 0, &err), err);
	ck_assert_int_eq(letters(), 0);
}
END_TEST

START_TEST(live_values_go_and_streams_stay)
{
	const struct bp_str words[] = {BP_STR("HSET"), BP_STR("metric:latest:realtime"),
				       BP_STR("active_sessions"), BP_STR("1")};
	const struct bp_str exists[] = {BP_STR("XADD"), BP_STR("metric:latest:realtime"),
					BP_STR("*"), BP_STR("a"), BP_STR("b")};
	size_t refused = 0;

	put(NULL, "a");
	bp_redis_command(redis, words, 4);
	flush_all();
	ck_assert_ok(bp_erase_live(redis, &err), err);
	/* A stream can only be made under that name when the hash is gone. */
	bp_redis_command(redis, exists, 5);
	ck_assert_ok(bp_redis_flush(redis, &refused, &err), err);
	ck_assert_uint_eq(refused, 0);
	ck_assert(!erase()); /* "a" is still there */
}
END_TEST

START_TEST(the_append_only_file_is_rewritten)
{
	bool done = false;

	put(NULL, "a");
	flush_all();
	ck_assert_ok(bp_erase_rewrite(redis, &err), err);
	while (!done) {
		ck_assert_ok(bp_erase_rewritten(redis, &done, &err), err);
		(void)poll(NULL, 0, 5);
	}
}
END_TEST

static void setup(void)
{
	memset(&err, 0, sizeof(err));
	setup_redis();
}

BP_TEST_MAIN(setup, teardown_redis, a_stream_that_holds_work_is_not_erased,
	     a_finished_stream_is_erased_and_works_again, a_stream_that_was_never_there_is_made,
	     the_letters_that_are_kept_stay_under_their_ids, live_values_go_and_streams_stay,
	     the_append_only_file_is_rewritten)
