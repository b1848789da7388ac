/* SPDX-License-Identifier: MIT */
#include "slowpath/fact_tables.h"

#include "slowpath/fact_set.h"
#include "support/fact_world.h"

static struct bp_test_world world;
static uint64_t random_state;

static void setup(void)
{
	random_state = 42;
	bp_test_tmpdir_make();
	bp_test_world_open(&world);
}

static void teardown(void)
{
	bp_test_world_close(&world);
	bp_test_tmpdir_remove();
}

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/** Few different values, so that ties and conflicts are frequent; a third of them absent. */
static void random_values(const struct bp_fact_schema *schema, struct bp_fact_value *values)
{
	static const char *const texts[] = {"a", "b", "ba"};

	bool group = true; /* the key of the group is there: followers come with their key */

	bp_fact_values_init(values);
	for (size_t i = 0; i < schema->n; i++) {
		bool always = schema->columns[i].fallback != BP_ABSENT ||
			      strcmp(schema->columns[i].name, "agent_id") == 0 ||
			      strcmp(schema->columns[i].name, "external_id") == 0 ||
			      strcmp(schema->columns[i].name, "platform") == 0;
		bool follows = schema->columns[i].merge == BP_MERGE_FOLLOW;
		bool there = always || next_random() % 3 != 0;
		group = follows ? group : there;
		if (!there || (follows && !group)) {
			continue;
		}
		if (schema->columns[i].type == BP_FACT_INT) {
			values[i].number = (int64_t)(next_random() % 3);
		} else {
			values[i].text = bp_str_from(texts[next_random() % 3]);
		}
	}
	/* One conversation has one name: that is what its id says. */
	if (schema == &bp_fact_schemas[BP_FACT_CONVERSATION]) {
		values[BP_CONVERSATION_external_id].text = BP_STR("s");
		values[BP_CONVERSATION_platform].text = BP_STR("p");
	}
}

static void write_set(void)
{
	struct bp_err err = {0};
	bool done = false;
	bool linked = false;

	bp_fact_writer_restart(world.writer);
	while (!done) {
		ck_assert_ok(bp_sql_begin(world.write, &err), err);
		ck_assert_ok(bp_fact_writer_write(world.writer, world.set, world.lock, &done,
						  &linked, &err),
			     err);
		ck_assert_ok(bp_sql_commit(world.write, &err), err);
	}
	bp_fact_set_clear(world.set);
}

START_TEST(joining_in_memory_and_in_sql_give_the_same_row_in_any_order)
{
	enum { PIECES = 5, ROUNDS = 40 };
	for (int table = 0; table < BP_FACT_TABLE_COUNT; table++) {
		const struct bp_fact_schema *schema = &bp_fact_schemas[table];
		for (int round = 0; round < ROUNDS; round++) {
			struct bp_fact_value pieces[PIECES][BP_FACT_COLUMNS_MAX];
			struct bp_buf memory;
			struct bp_buf sql;
			bp_buf_init(&memory, 1 << 20);
			bp_buf_init(&sql, 1 << 20);
			for (int i = 0; i < PIECES; i++) {
				random_values(schema, pieces[i]);
			}
			for (int i = 0; i < PIECES; i++) {
				bp_fact_set_join(world.set, (enum bp_fact_table)table, 7,
						 pieces[i]);
			}
			write_set();
			bp_test_world_dump(&world, &memory);
			bp_test_world_clear(&world);
			for (int i = PIECES - 1; i >= 0; i--) {
				int repeat = 1 + (int)(next_random() % 2);
				for (int k = 0; k < repeat; k++) {
					bp_fact_set_join(world.set, (enum bp_fact_table)table, 7,
							 pieces[i]);
					write_set();
				}
			}
			bp_test_world_dump(&world, &sql);
			bp_test_world_clear(&world);
			ck_assert_msg(strcmp(memory.ptr, sql.ptr) == 0,
				      "%s, round %d:\nmemory %s\nsql    %s", schema->name, round,
				      memory.ptr, sql.ptr);
			bp_buf_done(&memory);
			bp_buf_done(&sql);
		}
	}
}
END_TEST

START_TEST(a_main_line_beats_a_side_line_with_larger_counts)
{
	struct bp_fact_value main_line[BP_FACT_COLUMNS_MAX];
	struct bp_fact_value side_line[BP_FACT_COLUMNS_MAX];
	bp_fact_values_init(main_line);
	main_line[BP_MODEL_CALL_ts_us].number = 5;
	main_line[BP_MODEL_CALL_ts_last_us].number = 5;
	main_line[BP_MODEL_CALL_sidechain].number = 0;
	main_line[BP_MODEL_CALL_cache_read].number = 100;
	memcpy(side_line, main_line, sizeof(main_line));
	side_line[BP_MODEL_CALL_sidechain].number = 1;
	side_line[BP_MODEL_CALL_cache_read].number = 60000;
	bp_fact_set_join(world.set, BP_FACT_MODEL_CALL, 1, side_line);
	bp_fact_set_join(world.set, BP_FACT_MODEL_CALL, 1, main_line);
	bp_fact_set_join(world.set, BP_FACT_MODEL_CALL, 1, side_line);
	write_set();
	ck_assert_int_eq(bp_test_world_number(&world, "SELECT cache_read FROM model_calls"), 100);
}
END_TEST

START_TEST(a_changed_fact_dirties_the_bucket_it_left_and_the_one_it_came_to)
{
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	bp_fact_values_init(values);
	values[BP_TOOL_CALL_ts_us].number = INT64_C(900000000) * 5 + 1;
	bp_fact_set_join(world.set, BP_FACT_TOOL_CALL, 1, values);
	write_set();
	values[BP_TOOL_CALL_ts_us].number = INT64_C(900000000) * 3 + 1;
	bp_fact_set_join(world.set, BP_FACT_TOOL_CALL, 1, values);
	write_set();
	ck_assert_int_eq(bp_test_world_number(&world, "SELECT sum(bucket_us) FROM dirty_bucket"),
			 INT64_C(900000000) * 8);
}
END_TEST

BP_TEST_MAIN(setup, teardown, joining_in_memory_and_in_sql_give_the_same_row_in_any_order,
	     a_main_line_beats_a_side_line_with_larger_counts,
	     a_changed_fact_dirties_the_bucket_it_left_and_the_one_it_came_to)
