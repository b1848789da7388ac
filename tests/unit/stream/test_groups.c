/* SPDX-License-Identifier: MIT */
#include "base/bell.h"
#include "base/clock.h"

#include "unit/stream/fixture.h"

static const char GROUP[] = BP_GROUP_PROCESSORS;

static struct bp_entry *read_n(const char *consumer, size_t max, int block_ms, size_t want)
{
	struct bp_entry *entries = NULL;
	struct bp_err err = {0};
	size_t n = 99;

	ck_assert_ok(bp_stream_read(redis, BP_STREAM_EVENTS, GROUP, consumer, max, block_ms, &arena,
				    &entries, &n, &err),
		     err);
	ck_assert_uint_eq(n, want);
	return entries;
}

static void ensure(void)
{
	struct bp_err err = {0};

	ck_assert_ok(bp_stream_ensure(redis, BP_STREAM_EVENTS, GROUP, &err), err);
}

static struct bp_stream_state state(void)
{
	struct bp_stream_state out = {0};
	struct bp_err err = {0};

	ck_assert_ok(bp_stream_state(redis, BP_STREAM_EVENTS, GROUP, &out, &err), err);
	return out;
}

START_TEST(a_group_made_late_starts_at_the_beginning)
{
	put(NULL, "a");
	flush_all();
	ensure();
	ensure();
	struct bp_entry *entries = read_n("one", 10, 0, 1);
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "id"), "a"));
}
END_TEST

START_TEST(a_missing_group_is_not_found)
{
	struct bp_entry *entries = NULL;
	struct bp_stream_state out;
	struct bp_err err = {0};
	size_t n = 0;

	ck_assert_rc(bp_stream_read(redis, BP_STREAM_EVENTS, GROUP, "one", 10, 10, &arena, &entries,
				    &n, &err),
		     BP_ENOTFOUND);
	ck_assert_rc(bp_stream_state(redis, BP_STREAM_EVENTS, GROUP, &out, &err), BP_ENOTFOUND);
	put(NULL, "a");
	flush_all();
	ck_assert_rc(bp_stream_state(redis, BP_STREAM_EVENTS, GROUP, &out, &err), BP_ENOTFOUND);
	ck_assert_rc(bp_stream_read(redis, BP_STREAM_EVENTS, GROUP, "one", 10, 10, &arena, &entries,
				    &n, &err),
		     BP_ENOTFOUND);
}
END_TEST

START_TEST(a_block_longer_than_the_timeout_is_waited_for)
{
	struct bp_err err = {0};

	ensure();
	bp_redis_close(redis);
	ck_assert_ok(bp_redis_open(bp_server_address(server), 30, &redis, &err), err);
	int64_t start_us = bp_clock_mono_us();
	(void)read_n("one", 10, 200, 0);
	ck_assert_int_ge(bp_clock_mono_us() - start_us, 190000);
	put(NULL, "a");
	flush_all();
	(void)read_n("one", 10, 60000, 1);
}
END_TEST

/* Seen to fail: a wait that looks at Redis alone lasts its whole minute, beyond ctest's limit. */
START_TEST(a_read_that_waits_can_be_interrupted)
{
	struct bp_entry *entries = NULL;
	struct bp_err err = {0};
	struct bp_bell bell;
	size_t n = 0;

	ensure();
	ck_assert_ok(bp_bell_open(&bell, &err), err);
	bp_redis_interrupt_by(redis, -1, bell.fd);
	put(NULL, "a");
	flush_all();
	bp_bell_ring(&bell);
	/* What is there comes all the same, and commands that do not wait do not look. */
	(void)read_n("one", 10, 0, 1);
	ck_assert_rc(bp_stream_read(redis, BP_STREAM_EVENTS, GROUP, "one", 10, 60000, &arena,
				    &entries, &n, &err),
		     BP_ESTOPPED);
	ck_assert_int_eq(bp_redis_fd(redis), -1);
	ck_assert_ok(bp_redis_reconnect(redis, &err), err);
	ck_assert_rc(bp_stream_read(redis, BP_STREAM_EVENTS, GROUP, "one", 10, 60000, &arena,
				    &entries, &n, &err),
		     BP_ESTOPPED);
	bp_bell_clear(&bell);
	ck_assert_ok(bp_redis_reconnect(redis, &err), err);
	put(NULL, "b");
	flush_all();
	(void)read_n("one", 10, 60000, 1);
	bp_bell_close(&bell);
}
END_TEST

START_TEST(wake_ups_are_acknowledged_when_read)
{
	struct bp_err err = {0};
	size_t n = 0;

	ensure();
	put(NULL, "a");
	put(NULL, "b");
	flush_all();
	ck_assert_ok(
		bp_stream_wake(redis, BP_STREAM_EVENTS, GROUP, "one", 10, 10, &arena, &n, &err),
		err);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(state().pending, 0);
	ck_assert_int_eq(state().lag, 0);
}
END_TEST

START_TEST(state_counts_lag_and_pending)
{
	ensure();
	for (int i = 0; i < 10; i++) {
		put(NULL, "a");
	}
	flush_all();
	struct bp_stream_state before = state();
	ck_assert_int_eq(before.lag, 10);
	ck_assert_int_eq(before.pending, 0);
	ck_assert_str_eq(before.last_delivered, "0-0");
	struct bp_entry *entries = read_n("one", 4, 0, 4);
	struct bp_stream_state between = state();
	ck_assert_int_eq(between.lag, 6);
	ck_assert_int_eq(between.pending, 4);
	ck_assert_str_eq(between.last_delivered, entries[3].id);
	bp_redis_xack(redis, BP_STREAM_EVENTS, GROUP, entries, 4);
	flush_all();
	struct bp_stream_state after = state();
	ck_assert_int_eq(after.pending, 0);
	ck_assert_int_eq(after.length, 10);
	ck_assert_int_gt(after.memory_bytes, 0);
}
END_TEST

START_TEST(lag_is_known_after_trimming_and_deleting)
{
	struct bp_err err = {0};

	ensure();
	for (int i = 0; i < 10; i++) {
		put(NULL, "a");
	}
	flush_all();
	struct bp_entry *entries = read_n("one", 10, 0, 10);
	bp_redis_xack(redis, BP_STREAM_EVENTS, GROUP, entries, 10);
	flush_all();
	ck_assert_ok(bp_stream_trim(redis, BP_STREAM_EVENTS, entries[8].id, &err), err);
	ck_assert_int_eq(state().lag, 0);
	ck_assert_int_eq(state().length, 2);
	put(NULL, "b");
	flush_all();
	ck_assert_int_eq(state().lag, 1);
	const struct bp_str del[] = {BP_STR("XDEL"), BP_STR(BP_STREAM_EVENTS),
				     bp_str_from(entries[9].id)};
	bp_redis_command(redis, del, 3);
	flush_all();
	ck_assert_int_ge(state().lag, 1);
	(void)read_n("one", 10, 0, 1);
	ck_assert_int_eq(state().lag, 0);
}
END_TEST

/* What Redis 7.0 makes of its append-only file: entries-read is behind, the lag is not there. */
START_TEST(a_lag_that_redis_miscounts_is_not_told)
{
	struct bp_err err = {0};

	ensure();
	for (int i = 0; i < 10; i++) {
		put(NULL, "a");
	}
	flush_all();
	struct bp_entry *entries = read_n("one", 10, 0, 10);
	bp_redis_xack(redis, BP_STREAM_EVENTS, GROUP, entries, 10);
	flush_all();
	const char *last = entries[9].id;
	ck_assert_ok(bp_stream_trim(redis, BP_STREAM_EVENTS, last, &err), err);
	const struct bp_str wrong[] = {
		BP_STR("XGROUP"), BP_STR("SETID"),   BP_STR(BP_STREAM_EVENTS),
		BP_STR(GROUP),    bp_str_from(last), BP_STR("ENTRIESREAD"),
		BP_STR("4")};
	bp_redis_command(redis, wrong, 7);
	flush_all();
	ck_assert_int_eq(state().lag, 0);
	put(NULL, "b");
	flush_all();
	ck_assert_int_ge(state().lag, 1);
	/* Not all is read: the count stays. Then it is set right. */
	ck_assert_ok(bp_stream_recount(redis, BP_STREAM_EVENTS, GROUP, last, &err), err);
	(void)read_n("one", 10, 0, 1);
	ck_assert_ok(
		bp_stream_recount(redis, BP_STREAM_EVENTS, GROUP, state().last_delivered, &err),
		err);
	put(NULL, "c");
	flush_all();
	ck_assert_int_eq(state().lag, 1);
}
END_TEST

START_TEST(claimed_entries_tell_their_deliveries)
{
	struct bp_entry *entries = NULL;
	int64_t *deliveries = NULL;
	struct bp_err err = {0};
	size_t n = 0;

	ensure();
	put(NULL, "a");
	put(NULL, "b");
	flush_all();
	(void)read_n("one", 10, 0, 2);
	ck_assert_ok(bp_stream_claim(redis, BP_STREAM_EVENTS, GROUP, "two", 0, 10, &arena, &entries,
				     &deliveries, &n, &err),
		     err);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(deliveries[0], 2);
	ck_assert_ok(bp_stream_claim(redis, BP_STREAM_EVENTS, GROUP, "two", 0, 1, &arena, &entries,
				     &deliveries, &n, &err),
		     err);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(deliveries[0], 3);
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "id"), "a"));
	ck_assert_ok(bp_stream_claim(redis, BP_STREAM_EVENTS, GROUP, "two", 60000, 10, &arena,
				     &entries, &deliveries, &n, &err),
		     err);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(ranges_go_on_after_an_id)
{
	struct bp_entry *entries = NULL;
	struct bp_err err = {0};
	size_t n = 0;

	put("1-1", "a");
	put("1-2", "b");
	put("2-0", "c");
	flush_all();
	ck_assert_ok(bp_stream_range(redis, BP_STREAM_EVENTS, "1-1", "1-9", 10, &arena, &entries,
				     &n, &err),
		     err);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(entries[0].id, "1-2");
	ck_assert_ok(
		bp_stream_range(redis, "no:stream", NULL, NULL, 10, &arena, &entries, &n, &err),
		err);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(a_read_may_be_asked_for_and_taken_later)
{
	struct bp_err err = {0};
	struct bp_entry *entries = NULL;
	size_t n = 9;

	ck_assert_ok(bp_stream_ensure(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &err), err);
	put("1-1", "a");
	put("1-2", "b");
	ck_assert_ok(
		bp_stream_read_begin(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, "me", 10, &err),
		err);
	ck_assert_ok(bp_stream_read_end(redis, &arena, &entries, &n, &err), err);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(entries[1].id, "1-2");
	ck_assert_ok(
		bp_stream_read_begin(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, "me", 10, &err),
		err);
	ck_assert_ok(bp_stream_read_end(redis, &arena, &entries, &n, &err), err);
	ck_assert_uint_eq(n, 0);
	ck_assert_rc(bp_stream_read_end(redis, &arena, &entries, &n, &err), BP_EIO);
}
END_TEST

BP_TEST_MAIN(setup_redis, teardown_redis, a_group_made_late_starts_at_the_beginning,
	     a_missing_group_is_not_found, a_block_longer_than_the_timeout_is_waited_for,
	     a_read_that_waits_can_be_interrupted, wake_ups_are_acknowledged_when_read,
	     state_counts_lag_and_pending, lag_is_known_after_trimming_and_deleting,
	     a_lag_that_redis_miscounts_is_not_told, claimed_entries_tell_their_deliveries,
	     ranges_go_on_after_an_id, a_read_may_be_asked_for_and_taken_later)
