/* SPDX-License-Identifier: MIT */
#include "slowpath/owner.h"

#include "slowpath/fact_id.h"
#include "support/fact_world.h"

static struct bp_test_world world;
static struct bp_test_rows rows;

static void setup(void)
{
	bp_test_tmpdir_make();
	bp_test_world_open(&world);
	bp_test_rows_init(&rows);
}

static void teardown(void)
{
	bp_test_rows_done(&rows);
	bp_test_world_close(&world);
	bp_test_tmpdir_remove();
}

#define SESSION_A "aaaaaaaa-0000-4000-8000-000000000001"
#define SESSION_B "bbbbbbbb-0000-4000-8000-000000000002"

#define QUEUE(session, second)                                                                     \
	"{\"type\":\"queue-operation\",\"operation\":\"enqueue\",\"timestamp\":"                   \
	"\"2026-01-02T03:04:" second ".000Z\",\"sessionId\":\"" session "\"}\n"
#define PROMPT(session, uuid, second)                                                              \
	"{\"type\":\"user\",\"isSidechain\":false,\"uuid\":\"" uuid "\",\"sessionId\":\"" session  \
	"\",\"timestamp\":\"2026-01-02T03:04:" second                                              \
	".000Z\",\"cwd\":\"/w\",\"message\":{\"role\":\"user\",\"content\":\"hello\"}}\n"
#define ANSWER(session, uuid, message, second)                                                     \
	"{\"type\":\"assistant\",\"isSidechain\":false,\"uuid\":\"" uuid                           \
	"\",\"sessionId\":\"" session "\",\"timestamp\":\"2026-01-02T03:04:" second                \
	".000Z\",\"cwd\":\"/w\",\"message\":{\"id\":\"" message                                    \
	"\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[{\"type\":\"text\","               \
	"\"text\":\"hi\"}],\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}}\n"

#define UUID1 "00000000-0000-4000-8000-000000000011"
#define UUID2 "00000000-0000-4000-8000-000000000012"
#define UUID3 "00000000-0000-4000-8000-000000000013"

#define ORIGINAL                                                                                   \
	QUEUE(SESSION_A, "01")                                                                     \
	PROMPT(SESSION_A, UUID1, "02") ANSWER(SESSION_A, UUID2, "msg_1", "03")
#define FORK                                                                                       \
	PROMPT(SESSION_B, UUID1, "02")                                                             \
	ANSWER(SESSION_B, UUID2, "msg_1", "03")                                                    \
	PROMPT(SESSION_B, UUID3, "40")

#define CALL(session)                                                                              \
	"{\"type\":\"assistant\",\"isSidechain\":false,\"uuid\":"                                  \
	"\"00000000-0000-4000-8000-000000000014\",\"sessionId\":\"" session                        \
	"\",\"timestamp\":\"2026-01-02T03:04:05.000Z\",\"message\":{\"id\":\"msg_2\",\"role\":"    \
	"\"assistant\",\"model\":\"m\",\"content\":[{\"type\":\"tool_use\",\"id\":\"toolu_1\","    \
	"\"name\":\"Bash\",\"input\":{\"command\":\"ls\"}}]}}\n"
#define HOOK                                                                                       \
	"{\"session_id\":\"" SESSION_A "\",\"cwd\":\"/w\",\"hook_event_name\":\"PreToolUse\","     \
	"\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"ls\"},\"tool_use_id\":\"toolu_1\"}"  \
	"\n"

static void add(const char *session, const char *text)
{
	bp_test_rows_add_lines(&rows, bp_str_from(text), session, NULL);
}

static void run(void)
{
	bp_test_world_apply(&world, &rows, NULL, rows.n, 3);
	bp_test_world_finalise(&world);
}

static void check_the_original_owns_the_copies(void)
{
	char select[256];
	int64_t a = bp_conversation_id(BP_STR("claude_code"), BP_STR(SESSION_A));

	(void)snprintf(select, sizeof(select),
		       "SELECT count(*) FROM model_calls WHERE conversation_id = %" PRId64, a);
	ck_assert_int_eq(bp_test_world_number(&world, select), 1);
	(void)snprintf(select, sizeof(select),
		       "SELECT prompts FROM conversations WHERE id = %" PRId64, a);
	ck_assert_int_eq(bp_test_world_number(&world, select), 1);
	(void)snprintf(select, sizeof(select),
		       "SELECT prompts FROM conversations WHERE id <> %" PRId64, a);
	ck_assert_int_eq(bp_test_world_number(&world, select), 1);
	/* The copies make no time in the fork: it began with its own first line. */
	(void)snprintf(
		select, sizeof(select),
		"SELECT first_event_us / 1000000 %% 60 FROM conversations WHERE id <> %" PRId64, a);
	ck_assert_int_eq(bp_test_world_number(&world, select), 40);
}

START_TEST(a_fork_does_not_own_what_it_copied)
{
	add(SESSION_A, ORIGINAL);
	add(SESSION_B, FORK);
	run();
	check_the_original_owns_the_copies();
}
END_TEST

START_TEST(it_is_the_same_when_the_fork_is_read_first)
{
	add(SESSION_B, FORK);
	run();
	add(SESSION_A, ORIGINAL);
	run();
	check_the_original_owns_the_copies();
}
END_TEST

START_TEST(a_session_all_of_whose_lines_were_copied_is_the_original)
{
	add(SESSION_B, FORK);
	add(SESSION_A, PROMPT(SESSION_A, UUID1, "02") ANSWER(SESSION_A, UUID2, "msg_1", "03"));
	run();
	check_the_original_owns_the_copies();
}
END_TEST

START_TEST(sessions_without_copies_have_no_links)
{
	add(SESSION_A, ORIGINAL);
	add(SESSION_B, PROMPT(SESSION_B, UUID3, "40"));
	run();
	ck_assert_int_eq(bp_test_world_number(&world, "SELECT count(*) FROM session_link"), 0);
}
END_TEST

START_TEST(a_hook_that_comes_later_decides_and_leaves_no_trace_of_births)
{
	struct bp_buf births_first;
	struct bp_buf together;
	bp_buf_init(&births_first, 1 << 20);
	bp_buf_init(&together, 1 << 20);
	add(SESSION_A, ORIGINAL CALL(SESSION_A));
	add(SESSION_B, FORK CALL(SESSION_B));
	run();
	ck_assert_int_eq(bp_test_world_number(
				 &world, "SELECT owner_conversation IS NOT NULL FROM tool_calls"),
			 1);
	bp_test_rows_add_hooks(&rows, BP_STR(HOOK));
	run();
	bp_test_world_dump(&world, &births_first);
	bp_test_world_clear(&world);
	run();
	bp_test_world_dump(&world, &together);
	ck_assert_msg(strcmp(births_first.ptr, together.ptr) == 0, "facts differ");
	bp_buf_done(&births_first);
	bp_buf_done(&together);
}
END_TEST

START_TEST(an_id_that_two_sessions_use_by_chance_counts_once_in_any_order)
{
	struct bp_buf first;
	struct bp_buf second;
	bp_buf_init(&first, 1 << 20);
	bp_buf_init(&second, 1 << 20);
	add(SESSION_A, PROMPT(SESSION_A, UUID1, "02") ANSWER(SESSION_A, UUID2, "1", "03"));
	run();
	add(SESSION_B, ANSWER(SESSION_B, UUID3, "1", "40"));
	run();
	bp_test_world_dump(&world, &first);
	ck_assert_int_eq(bp_test_world_number(&world, "SELECT total(responses) FROM conversations"),
			 1);
	bp_test_world_clear(&world);
	bp_test_rows_done(&rows);
	bp_test_rows_init(&rows);
	add(SESSION_B, ANSWER(SESSION_B, UUID3, "1", "40"));
	run();
	add(SESSION_A, PROMPT(SESSION_A, UUID1, "02") ANSWER(SESSION_A, UUID2, "1", "03"));
	run();
	bp_test_world_dump(&world, &second);
	ck_assert_msg(strcmp(first.ptr, second.ptr) == 0, "facts differ");
	bp_buf_done(&first);
	bp_buf_done(&second);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_fork_does_not_own_what_it_copied,
	     it_is_the_same_when_the_fork_is_read_first,
	     a_session_all_of_whose_lines_were_copied_is_the_original,
	     sessions_without_copies_have_no_links,
	     a_hook_that_comes_later_decides_and_leaves_no_trace_of_births,
	     an_id_that_two_sessions_use_by_chance_counts_once_in_any_order)
