/* SPDX-License-Identifier: MIT */
#include "slowpath/forget.h"

#include "slowpath/fact_id.h"
#include "support/fact_world.h"

static struct bp_test_world world;
static struct bp_test_rows rows;
static struct bp_codec *codec;
static struct bp_err err;

static void setup(void)
{
	memset(&err, 0, sizeof(err));
	bp_test_tmpdir_make();
	bp_test_world_open(&world);
	bp_test_rows_init(&rows);
	codec = bp_codec_new();
	ck_assert_ok(bp_codec_store(codec, world.write, &err), err);
}

static void teardown(void)
{
	bp_codec_free(codec);
	bp_test_rows_done(&rows);
	bp_test_world_close(&world);
	bp_test_tmpdir_remove();
}

#define SESSION_A "aaaaaaaa-0000-4000-8000-000000000001"
#define SESSION_B "bbbbbbbb-0000-4000-8000-000000000002"
#define SESSION_C "cccccccc-0000-4000-8000-000000000003"
#define SESSION_D "dddddddd-0000-4000-8000-000000000004"

#define LINE(session, type, n, second, message)                                                    \
	"{\"type\":\"" type                                                                        \
	"\",\"isSidechain\":false,\"uuid\":\"00000000-0000-4000-8000-0000000000" n                 \
	"\",\"sessionId\":\"" session "\",\"timestamp\":\"2026-01-02T03:04:" second                \
	".000Z\",\"cwd\":\"/w\",\"requestId\":\"req_" n "\",\"message\":" message "}\n"
#define PROMPT(session, n, second)                                                                 \
	LINE(session, "user", n, second, "{\"role\":\"user\",\"content\":\"hello\"}")
#define CALL(session, n, second)                                                                   \
	LINE(session, "assistant", n, second,                                                      \
	     "{\"id\":\"msg_" n                                                                    \
	     "\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[{\"type\":"                   \
	     "\"tool_use\",\"id\":\"toolu_" n "\",\"name\":\"Edit\",\"input\":{\"file_path\":"     \
	     "\"/w/"                                                                               \
	     "a.c\",\"old_string\":\"a\",\"new_string\":\"b\"}}],\"usage\":{\"input_tokens\":1,"   \
	     "\"output_tokens\":2}}")
#define RESULT(session, n, call, second)                                                           \
	LINE(session, "user", n, second,                                                           \
	     "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"          \
	     "\"toolu_" call "\",\"content\":\"ok\"}]}")

/* B is a fork of A, C a fork of B after A's part, D has nothing to do with them. */
#define TEXT_A                                                                                     \
	PROMPT(SESSION_A, "11", "01")                                                              \
	CALL(SESSION_A, "12", "02") RESULT(SESSION_A, "13", "12", "03")
#define TEXT_B                                                                                     \
	PROMPT(SESSION_B, "11", "01")                                                              \
	CALL(SESSION_B, "12", "02")                                                                \
	PROMPT(SESSION_B, "21", "11")                                                              \
	CALL(SESSION_B, "22", "12") RESULT(SESSION_B, "23", "22", "13")
#define TEXT_C                                                                                     \
	PROMPT(SESSION_C, "21", "11")                                                              \
	CALL(SESSION_C, "22", "12")                                                                \
	RESULT(SESSION_C, "23", "22", "13") PROMPT(SESSION_C, "31", "21")
#define TEXT_D                                                                                     \
	PROMPT(SESSION_D, "41", "31")                                                              \
	CALL(SESSION_D, "42", "32") RESULT(SESSION_D, "43", "42", "33")

/** Everything but the sessions whose letter is in `without`. */
static void make_rows(const char *without)
{
	static const struct {
		char letter;
		const char *session, *text;
	} all[] = {{'a', SESSION_A, TEXT_A},
		   {'b', SESSION_B, TEXT_B},
		   {'c', SESSION_C, TEXT_C},
		   {'d', SESSION_D, TEXT_D}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!strchr(without, all[i].letter)) {
			bp_test_rows_add_lines(&rows, bp_str_from(all[i].text), all[i].session,
					       NULL);
		}
	}
}

/** Into the log as well: what is left of it is read again. */
static void store_rows(void)
{
	struct bp_raw_writer *writer = NULL;

	ck_assert_ok(bp_raw_writer_new(world.write, codec, &writer, &err), err);
	ck_assert_ok(bp_sql_begin(world.write, &err), err);
	for (size_t i = 0; i < rows.n; i++) {
		enum bp_put put = BP_PUT_PURGED;
		int64_t sequence = 0;
		ck_assert_ok(bp_raw_put(writer, &rows.rows[i].event, 1, &put, &sequence, &err),
			     err);
		ck_assert_int_eq(put, BP_PUT_NEW);
	}
	ck_assert_ok(bp_sql_commit(world.write, &err), err);
	bp_raw_writer_free(writer);
}

/** The facts as text. Owns: free(). */
static char *facts(void)
{
	struct bp_buf dump;

	bp_test_world_finalise(&world);
	bp_buf_init(&dump, 1 << 24);
	bp_test_world_dump(&world, &dump);
	return dump.ptr; /* NULL: none at all */
}

static void delete_rows_of(const char *session)
{
	static const char DELETE[] = "DELETE FROM claude_row WHERE session = (SELECT id FROM name "
				     "WHERE text = ?1)";
	struct bp_statement *statement = NULL;

	ck_assert_ok(bp_statement_new(world.write, DELETE, &statement, &err), err);
	bp_bind_text(statement, 1, bp_str_from(session));
	ck_assert_ok(bp_statement_run(statement, &err), err);
	ck_assert_int_gt(bp_sql_changes(world.write), 0);
	bp_statement_free(statement);
}

/** Store all, forget one, and compare with never having had it. */
static void check_forgetting(const char *letter, const char *session)
{
	const struct bp_session_name name = {.platform = BP_STR("claude_code"),
					     .external_id = bp_str_from(session)};

	make_rows(letter);
	bp_test_world_apply(&world, &rows, NULL, rows.n, 3);
	char *want = facts();
	bp_test_world_clear(&world);
	bp_test_rows_done(&rows);
	bp_test_rows_init(&rows);

	make_rows("");
	store_rows();
	bp_test_world_apply(&world, &rows, NULL, rows.n, 3);
	char *before = facts();
	ck_assert_str_ne(before, want);
	delete_rows_of(session);
	ck_assert_ok(bp_slowpath_forget(world.write, world.lock, codec, NULL, &name, 1, &err), err);
	char *after = facts();
	ck_assert_str_eq(after, want);
	free(want);
	free(before);
	free(after);
}

START_TEST(forgetting_the_original_leaves_its_forks_as_if_it_had_never_been)
{
	check_forgetting("a", SESSION_A);
}
END_TEST

START_TEST(forgetting_the_middle_leaves_both_sides)
{
	check_forgetting("b", SESSION_B);
}
END_TEST

START_TEST(forgetting_the_last_fork_leaves_the_others)
{
	check_forgetting("c", SESSION_C);
}
END_TEST

START_TEST(forgetting_a_session_alone_touches_no_other)
{
	check_forgetting("d", SESSION_D);
}
END_TEST

START_TEST(the_buckets_of_what_went_are_dirty)
{
	static const char COUNT[] = "SELECT count(*) FROM dirty_bucket";
	const struct bp_session_name name = {.platform = BP_STR("claude_code"),
					     .external_id = BP_STR(SESSION_D)};

	make_rows("");
	store_rows();
	bp_test_world_apply(&world, &rows, NULL, rows.n, 3);
	bp_test_world_finalise(&world);
	ck_assert_ok(bp_sql_exec(world.write, "DELETE FROM dirty_bucket", &err), err);
	delete_rows_of(SESSION_D);
	ck_assert_int_eq(bp_test_world_number(&world, COUNT), 0);
	ck_assert_ok(bp_slowpath_forget(world.write, world.lock, codec, NULL, &name, 1, &err), err);
	/* Its own, and the one before, into which the gap before its first event could reach. */
	ck_assert_int_eq(bp_test_world_number(&world, COUNT), 2);
}
END_TEST

BP_TEST_MAIN(setup, teardown, forgetting_the_original_leaves_its_forks_as_if_it_had_never_been,
	     forgetting_the_middle_leaves_both_sides, forgetting_the_last_fork_leaves_the_others,
	     forgetting_a_session_alone_touches_no_other, the_buckets_of_what_went_are_dirty)
