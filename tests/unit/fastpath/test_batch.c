/* SPDX-License-Identifier: MIT */
#include "fastpath/batch.h"

#include "unit/fastpath/scene.h"

static struct bp_batch *batch;
static struct bp_arena arena;
static struct bp_outcome outcomes[64];

static void set_up(void)
{
	struct bp_err err = {0};

	scene_set_up();
	ck_assert_ok(bp_batch_open(scene_path, 1 << 20, &batch, &err), err);
}

static void tear_down(void)
{
	bp_batch_close(batch);
	bp_arena_done(&arena);
	scene_tear_down();
}

static enum bp_rc store_all(size_t want)
{
	struct bp_err err = {0};
	struct bp_entry *entries = NULL;
	size_t n = 0;

	scene_flush();
	bp_arena_clear(&arena);
	ck_assert_ok(bp_stream_range(scene_redis, BP_STREAM_EVENTS, NULL, NULL, 64, &arena,
				     &entries, &n, &err),
		     err);
	ck_assert_uint_eq(n, want);
	return bp_batch_store(batch, entries, n, false, 5, &arena, outcomes, &err);
}

START_TEST(the_next_line_advances_an_old_one_is_stored_again_a_gap_is_dropped)
{
	const struct bp_checkpoint_step first = scene_step(0, 10);
	const struct bp_checkpoint_step second = scene_step(10, 20);
	const struct bp_checkpoint_step fourth = scene_step(30, 40);
	struct bp_event event;

	event = scene_event(1);
	scene_add(&event, &first);
	scene_add(&event, &first);
	event = scene_event(4);
	scene_add(&event, &fourth);
	event = scene_event(2);
	scene_add(&event, &second);
	ck_assert_rc(store_all(4), BP_OK);
	ck_assert_int_eq(outcomes[0].kind, BP_OUTCOME_ROW);
	ck_assert_int_eq(outcomes[1].kind, BP_OUTCOME_DUPLICATE);
	ck_assert_int_eq(outcomes[2].kind, BP_OUTCOME_GAP);
	ck_assert_int_eq(outcomes[3].kind, BP_OUTCOME_ROW);
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 2);
	struct bp_checkpoint stored = scene_stored();
	ck_assert_int_eq(stored.at.to_bytes, 20);
	ck_assert_int_eq(stored.lines, 2);
	ck_assert_int_eq(stored.rows, 2);
	ck_assert_int_eq(stored.duplicates, 0);
	ck_assert_str_eq(stored.path_hash, "aaaa");
}
END_TEST

START_TEST(every_fate_of_a_line_is_counted)
{
	struct bp_checkpoint_step step;
	struct bp_event event = scene_event(1);

	scene_exec("INSERT INTO tombstone VALUES ('platform', "
		   "'a172cedcae47474b615c54d510a5d84a8dea3032e958587430b413538be3f333', "
		   "9000000000000000)"); /* SHA-256 of "app" */
	struct bp_err err = {0};
	ck_assert_ok(bp_batch_reload(batch, &err), err);
	step = scene_step(0, 10);
	scene_add(&event, &step);
	step = scene_step(10, 20);
	scene_add(&event, &step);
	step = scene_step(20, 30);
	scene_add_dead("not_json", &step);
	step = scene_step(30, 40);
	scene_add_dead("oversize", &step);
	step = scene_step(40, 50);
	event = scene_event(2);
	event.platform = BP_STR("app");
	scene_add(&event, &step);
	step = scene_step(50, 60);
	event = scene_event(3);
	event.source = bp_str_from(NULL);
	scene_add(&event, &step);
	ck_assert_rc(store_all(6), BP_OK);
	struct bp_checkpoint stored = scene_stored();
	ck_assert_int_eq(stored.lines, 6);
	ck_assert_int_eq(stored.rows, 1);
	ck_assert_int_eq(stored.duplicates, 1);
	ck_assert_int_eq(stored.dead_letters, 2);
	ck_assert_int_eq(stored.oversize, 1);
	ck_assert_int_eq(stored.purged, 1);
	ck_assert(bp_str_is(outcomes[5].reason, "constraint"));
	ck_assert_ptr_nonnull(outcomes[5].detail.ptr);
}
END_TEST

START_TEST(a_checkpoint_that_is_none_is_a_dead_letter)
{
	const struct bp_event event = scene_event(1);
	const struct bp_field fields[] = {{BP_STR("e"), scene_wire(&event)},
					  {BP_STR("ck"), BP_STR("t:aaaa")},
					  {BP_STR("cv"), BP_STR("{\"from\":0}")}};

	bp_redis_xadd(scene_redis, BP_STREAM_EVENTS, NULL, fields, 3);
	ck_assert_rc(store_all(1), BP_OK);
	ck_assert_int_eq(outcomes[0].kind, BP_OUTCOME_DEAD);
	ck_assert(bp_str_is(outcomes[0].reason, "bad_checkpoint"));
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 0);
}
END_TEST

START_TEST(a_full_disk_stores_nothing_and_the_same_entries_are_stored_later)
{
	struct bp_err err = {0};
	static char payload[40000];
	struct bp_event event = scene_event(1);
	int64_t from = 0;
	uint64_t random = 1;

	payload[0] = '{';
	payload[1] = '"';
	for (size_t i = 2; i < sizeof(payload) - 5; i++) {
		random = random * 6364136223846793005U + 1442695040888963407U;
		payload[i] = (char)('a' + (random >> 33) % 26);
	}
	memcpy(payload + sizeof(payload) - 5, "\":1}", 4);
	for (unsigned k = 1; k <= 20; k++) {
		const struct bp_checkpoint_step step = scene_step(from, from + 10);

		from += 10;
		event = scene_event(k);
		event.payload = bp_str_make(payload, sizeof(payload) - 1);
		scene_add(&event, &step);
	}
	int64_t pages = scene_ask("PRAGMA page_count");
	char pragma[64];
	(void)snprintf(pragma, sizeof(pragma), "PRAGMA max_page_count = %lld",
		       (long long)pages + 20);
	ck_assert_ok(bp_sql_exec(bp_batch_sql(batch), pragma, &err), err);
	ck_assert_rc(store_all(20), BP_ELIMIT);
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 0);
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM capture_checkpoint"), 0);
	ck_assert_rc(store_all(20), BP_ELIMIT);
	ck_assert_ok(bp_sql_exec(bp_batch_sql(batch), "PRAGMA max_page_count = 1000000", &err),
		     err);
	ck_assert_rc(store_all(20), BP_OK);
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 20);
	ck_assert_int_eq(scene_stored().rows, 20);
	ck_assert_int_eq(scene_stored().at.to_bytes, 200);
}
END_TEST

START_TEST(escaped_texts_survive_the_next_event)
{
	scene_add_raw(BP_STR("{\"v\":1,\"id\":\"00000000000000000000000000000001\","
			     "\"timestamp\":\"2025-11-09T12:34:56.789Z\",\"platform\":\"app\","
			     "\"session_id\":\"s\\u00e9\",\"event_type\":\"t\\/1\","
			     "\"source\":\"hook\",\"payload\":{}}"));
	scene_add_raw(BP_STR("{\"v\":1,\"id\":\"00000000000000000000000000000002\","
			     "\"timestamp\":\"2025-11-09T12:34:56.789Z\",\"platform\":\"app\","
			     "\"session_id\":\"x\\u00e9\",\"event_type\":\"u\\/2\","
			     "\"source\":\"hook\",\"payload\":{}}"));
	ck_assert_rc(store_all(2), BP_OK);
	ck_assert(bp_str_is(outcomes[0].session_id, "s\xc3\xa9"));
	ck_assert(bp_str_is(outcomes[0].event_type, "t/1"));
	ck_assert(bp_str_is(outcomes[1].session_id, "x\xc3\xa9"));
	ck_assert_int_eq(outcomes[0].table, BP_RAW_OTHER);
}
END_TEST

BP_TEST_MAIN(set_up, tear_down, the_next_line_advances_an_old_one_is_stored_again_a_gap_is_dropped,
	     every_fate_of_a_line_is_counted, a_checkpoint_that_is_none_is_a_dead_letter,
	     a_full_disk_stores_nothing_and_the_same_entries_are_stored_later,
	     escaped_texts_survive_the_next_event)
