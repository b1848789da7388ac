/* SPDX-License-Identifier: MIT */
#include "stream/spool.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "stream/dlq.h"

#include "unit/stream/fixture.h"

static const char *home(void)
{
	return bp_test_tmpdir("home");
}

/** A wire event whose id ends in number. */
static void spool(int number)
{
	char id[40];
	char text[512];
	struct bp_err err = {0};

	(void)snprintf(id, sizeof(id), "0190000000007000800000000000%04x", (unsigned)number);
	(void)snprintf(
		text, sizeof(text),
		"{\"v\":1,\"id\":\"%s\",\"timestamp\":\"2025-11-09T12:34:56.789Z\","
		"\"platform\":\"claude_code\",\"session_id\":\"s\",\"event_type\":\"tool_use\","
		"\"source\":\"hook\",\"pv\":1,\"metadata\":{},"
		"\"trace\":{},\"payload\":{}}",
		id);
	ck_assert_ok(bp_spool_add(home(), id, bp_str_from(text), &err), err);
}

static size_t replay(size_t max)
{
	struct bp_err err = {0};
	size_t n = 99;

	ck_assert_ok(bp_spool_replay(home(), redis, max, &n, &err), err);
	return n;
}

static struct bp_entry *entries_of(const char *stream, size_t want)
{
	struct bp_entry *entries = NULL;
	struct bp_err err = {0};
	size_t n = 0;

	ck_assert_ok(bp_stream_range(redis, stream, NULL, NULL, 1000, &arena, &entries, &n, &err),
		     err);
	ck_assert_uint_eq(n, want);
	return entries;
}

START_TEST(events_come_back_in_the_order_of_their_ids)
{
	struct bp_spool_state state;

	spool(3);
	spool(1);
	spool(2);
	bp_spool_state(home(), &state);
	ck_assert_int_eq(state.files, 3);
	ck_assert_int_gt(state.bytes, 600);
	ck_assert_uint_eq(replay(2), 2);
	ck_assert_uint_eq(replay(2), 1);
	ck_assert_uint_eq(replay(2), 0);
	struct bp_entry *entries = entries_of(BP_STREAM_EVENTS, 3);
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "id"), "01900000000070008000000000000001"));
	ck_assert(bp_str_is(bp_entry_get(&entries[2], "id"), "01900000000070008000000000000003"));
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "p"), "claude_code"));
	ck_assert(bp_str_is(bp_entry_get(&entries[0], "t"), "tool_use"));
	ck_assert_ptr_nonnull(bp_entry_get(&entries[0], "e").ptr);
	bp_spool_state(home(), &state);
	ck_assert_int_eq(state.files, 0);
}
END_TEST

START_TEST(files_are_private)
{
	struct stat st;

	spool(1);
	ck_assert_int_eq(
		stat(bp_test_tmpdir("home/spool/new/01900000000070008000000000000001"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(bp_test_tmpdir("home/spool/new"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
}
END_TEST

START_TEST(a_file_that_is_no_event_is_a_dead_letter_by_name_without_text)
{
	spool(1);
	bp_test_tmpdir_write("home/spool/new/broken", "secret prompt, not JSON");
	char *large = bp_calloc(1, (1 << 20) + 100);
	memset(large, 'x', (1 << 20) + 99);
	bp_test_tmpdir_write("home/spool/new/large", large);
	free(large);
	ck_assert_int_eq(mkdir(bp_test_tmpdir("home/spool/new/folder"), 0700), 0);
	ck_assert_uint_eq(replay(10), 3);
	ck_assert_uint_eq(replay(10), 0);
	(void)entries_of(BP_STREAM_EVENTS, 1);
	struct bp_entry *letters = entries_of(BP_STREAM_DLQ, 2);
	ck_assert(bp_str_is(bp_entry_get(&letters[0], "stream_id"), "broken"));
	ck_assert(bp_str_is(bp_entry_get(&letters[0], "reason"), "not_json"));
	ck_assert(bp_str_is(bp_entry_get(&letters[1], "reason"), "too_large"));
	for (size_t i = 0; i < letters[0].n_fields; i++) {
		struct bp_str value = letters[0].fields[i].value;
		ck_assert_ptr_null(memmem(value.ptr, value.len, "secret", 6));
	}
}
END_TEST

START_TEST(files_stay_when_redis_does_not_answer)
{
	struct bp_spool_state state;
	struct bp_err err = {0};
	size_t n = 0;

	spool(1);
	ck_assert_int_eq(kill(bp_server_pid(server), SIGKILL), 0);
	ck_assert_rc(bp_spool_replay(home(), redis, 10, &n, &err), BP_EIO);
	bp_spool_state(home(), &state);
	ck_assert_int_eq(state.files, 1);
	ck_assert_ok(bp_server_restart(server, &err), err);
	ck_assert_ok(bp_redis_reconnect(redis, &err), err);
	ck_assert_uint_eq(replay(10), 1);
	(void)entries_of(BP_STREAM_EVENTS, 1);
}
END_TEST

START_TEST(a_full_spool_counts_what_it_loses)
{
	struct bp_spool_state state;
	struct bp_err err = {0};
	char name[64];

	spool(1);
	/* 257 sparse files of 1 MiB: over 256 MB without the disk. */
	for (int i = 0; i < 257; i++) {
		(void)snprintf(name, sizeof(name), "home/spool/new/f%03d", i);
		bp_test_tmpdir_write(name, "");
		ck_assert_int_eq(truncate(bp_test_tmpdir(name), 1 << 20), 0);
	}
	ck_assert_rc(bp_spool_add(home(), "02", BP_STR("{}"), &err), BP_ELIMIT);
	ck_assert_rc(bp_spool_add(home(), "03", BP_STR("{}"), &err), BP_ELIMIT);
	bp_spool_state(home(), &state);
	ck_assert_int_eq(state.lost, 2);
	ck_assert_int_eq(state.files, 258);
}
END_TEST

START_TEST(no_spool_is_empty)
{
	struct bp_spool_state state;

	bp_spool_state(bp_test_tmpdir("nowhere"), &state);
	ck_assert_int_eq(state.files + state.bytes + state.lost, 0);
	ck_assert_uint_eq(replay(10), 0);
}
END_TEST

BP_TEST_MAIN(setup_redis, teardown_redis, events_come_back_in_the_order_of_their_ids,
	     files_are_private, a_file_that_is_no_event_is_a_dead_letter_by_name_without_text,
	     files_stay_when_redis_does_not_answer, a_full_spool_counts_what_it_loses,
	     no_spool_is_empty)
