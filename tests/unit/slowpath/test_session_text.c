/* SPDX-License-Identifier: MIT */
#include "slowpath/session_text.h"

#include "support/fact_world.h"

static struct bp_test_world world;

static void setup(void)
{
	bp_test_tmpdir_make();
	bp_test_world_open(&world);
}

static void teardown(void)
{
	bp_test_world_close(&world);
	bp_test_tmpdir_remove();
}

/* Every text as it is. */
static struct bp_str keep_all(void *arg, const struct bp_text_request *request, bool *out_cut)
{
	static char space[4096];

	(void)arg;
	*out_cut = false;
	return request->value.type == BP_JSON_STRING
		       ? bp_json_text(request->value, space, sizeof(space))
		       : request->text;
}

#define S1 "00000001-0000-4000-8000-000000000001"
#define S2 "00000002-0000-4000-8000-000000000002"
#define LINE(n, session)                                                                           \
	"'isSidechain':false,'cwd':'/w/shop','uuid':'0000000" n                                    \
	"-aaaa-4000-8000-000000000001','sessionId':'" session                                      \
	"','timestamp':'2026-01-02T03:04:0" n ".000Z'"

static const char ONE[] = "{'type':'user'," LINE(
	"1",
	S1) ",'message':{'content':'Mend the Caf\xC3\xA9 parser'}}\n"
	    "{'type':'assistant'," LINE(
		    "2",
		    S1) ",'message':{'id':'m1','model':'claude-opus-4','content':[{'type':"
			"'tool_use','id':'t1','name':'Edit','input':{'file_path':'/w/shop/a.rs',"
			"'old_string':'a','new_string':'b'}},{'type':'tool_use','id':'t2','name':"
			"'Bash','input':{'command':'cargo test'}},{'type':'tool_use','id':'t3',"
			"'name':'mcp__files__read_it','input':{}}]}}\n"
			"{'type':'ai-title','aiTitle':'First title','sessionId':'" S1 "'}\n"
			"{'type':'ai-title','aiTitle':'Second title','sessionId':'" S1 "'}\n"
			"{'type':'summary','summary':'Of another','leafUuid':'99999999-aaaa-4000-"
			"8000-000000000001'}\n";

static const char TWO[] =
	"{'type':'summary','summary':'Of this one','leafUuid':'00000003-aaaa-4000-8000-"
	"000000000001'}\n"
	"{'type':'user'," LINE("3", S2) ",'message':{'content':'\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x83"
					"\xBD rain'}}\n"
					"{'type':'user'," LINE("4", S2) ",'message':{'content':"
									"'again'}}\n";

/** Store and apply a file's lines at a level. */
static void put_lines(const char *text, const char *session, enum bp_level level)
{
	struct bp_err err = {0};
	struct bp_codec *codec = bp_codec_new();
	struct bp_raw_writer *writer = NULL;
	struct bp_test_rows rows;
	char *json = bp_strdup(bp_str_from(text));

	for (char *at = json; *at; at++) {
		*at = (char)(*at == '\'' ? '"' : *at);
	}
	bp_test_rows_init(&rows);
	struct bp_policy *policy = &rows.projector->policy;
	policy->level = level;
	policy->store_prompts = true;
	policy->store_responses = true;
	policy->redact = keep_all;
	bp_test_rows_add_lines(&rows, bp_str_from(json), session, NULL);
	ck_assert_ok(bp_codec_store(codec, world.write, &err), err);
	ck_assert_ok(bp_raw_writer_new(world.write, codec, &writer, &err), err);
	ck_assert_ok(bp_sql_begin(world.write, &err), err);
	for (size_t i = 0; i < rows.n; i++) {
		enum bp_put put;
		int64_t sequence;
		ck_assert_ok(bp_raw_put(writer, &rows.rows[i].event, 1, &put, &sequence, &err),
			     err);
	}
	ck_assert_ok(bp_sql_commit(world.write, &err), err);
	bp_raw_writer_free(writer);
	bp_codec_free(codec);
	bp_test_world_apply(&world, &rows, NULL, rows.n, 100);
	bp_test_world_finalise(&world);
	bp_test_rows_done(&rows);
	free(json);
}

/** One text of the database. Borrowed until the next call. */
static const char *text_of(const char *select)
{
	static char text[4096];
	struct bp_err err = {0};
	struct bp_statement *statement = NULL;

	ck_assert_ok(bp_statement_new(world.read, select, &statement, &err), err);
	enum bp_rc rc = bp_statement_step(statement, &err);
	(void)snprintf(text, sizeof(text), "%.*s",
		       BP_STR_ARG(rc == BP_OK ? bp_column_text(statement, 0) : BP_STR("(none)")));
	bp_statement_free(statement);
	return text;
}

#define ALL                                                                                        \
	"SELECT project || '|' || tools || '|' || models || '|' || extensions || '|' || title"     \
	" || '|' || prompts FROM session_text ORDER BY models = ''"

/** How many sessions the index has for an expression. */
static int64_t found(const char *expression)
{
	char select[256];

	(void)snprintf(select, sizeof(select),
		       "SELECT count(*) FROM session_search WHERE session_search MATCH '%s'",
		       expression);
	return bp_test_world_number(&world, select);
}

START_TEST(each_level_has_its_text)
{
	put_lines(ONE, S1, BP_LEVEL_STRICT);
	ck_assert_str_eq(text_of(ALL), "shop|Bash Edit mcp|claude-opus-4|rs||");
	teardown();
	setup();
	put_lines(ONE, S1, BP_LEVEL_STANDARD);
	ck_assert_str_eq(text_of(ALL), "shop|Bash Edit cargo files mcp read_it|claude-opus-4|rs|"
				       "Second title|");
	ck_assert_str_eq(text_of("SELECT title FROM conversations"), "Second title");
	teardown();
	setup();
	put_lines(ONE, S1, BP_LEVEL_FULL);
	ck_assert_str_eq(text_of(ALL), "shop|Bash Edit cargo files mcp read_it|claude-opus-4|rs|"
				       "Second title|Mend the Caf\xC3\xA9 parser");
}
END_TEST

START_TEST(a_summary_titles_the_session_of_its_leaf_alone)
{
	put_lines(TWO, S2, BP_LEVEL_STANDARD);
	ck_assert_str_eq(text_of("SELECT title FROM conversations"), "Of this one");
	/* The user's own title is the better one, and a late line is seen. */
	put_lines("{'type':'custom-title','customTitle':'Mine','sessionId':'" S2 "'}\n", S2,
		  BP_LEVEL_STANDARD);
	ck_assert_str_eq(text_of("SELECT title FROM conversations"), "Mine");
	ck_assert_int_eq(found("title : Mine"), 1);
	ck_assert_int_eq(found("\"Of this one\""), 0);
	/* One of a session that is not there makes none. */
	put_lines("{'type':'ai-title','aiTitle':'x','sessionId':'" S1 "'}\n", S1,
		  BP_LEVEL_STANDARD);
	ck_assert_int_eq(bp_test_world_number(&world, "SELECT count(*) FROM conversations"), 1);
	ck_assert_int_eq(bp_test_world_number(&world, "SELECT count(*) FROM session_text"), 1);
}
END_TEST

START_TEST(the_index_is_of_the_text)
{
	put_lines(ONE, S1, BP_LEVEL_FULL);
	put_lines(TWO, S2, BP_LEVEL_FULL);
	ck_assert_int_eq(found("cafe"), 1);
	ck_assert_int_eq(found("rain again"), 1);
	/* Two characters out of three, as a phrase of single ones. */
	ck_assert_int_eq(found("\"\xE4\xBA\xAC \xE9\x83\xBD\""), 1);
	ck_assert_int_eq(found("\"\xE9\x83\xBD \xE4\xBA\xAC\""), 0);
	/* An index that differs from its text is an error here. */
	struct bp_err err = {0};
	ck_assert_ok(bp_sql_exec(world.write,
				 "INSERT INTO session_search (session_search, rank) VALUES "
				 "('integrity-check', 1)",
				 &err),
		     err);
	ck_assert_ok(bp_sql_exec(world.write, "DELETE FROM session_text", &err), err);
	ck_assert_int_eq(found("cafe"), 0);
}
END_TEST

START_TEST(text_is_written_when_it_changed)
{
	put_lines(ONE, S1, BP_LEVEL_FULL);
	int64_t before = bp_test_world_number(&world, "PRAGMA data_version");
	struct bp_statement *changes[BP_SESSION_TEXT_CHANGES];
	struct bp_session_text *text = NULL;
	struct bp_arena arena = {0};
	struct bp_err err = {0};
	int64_t id = bp_test_world_number(&world, "SELECT id FROM conversations");

	ck_assert_ok(bp_session_text_new(world.read, world.write, &text, &err), err);
	ck_assert_ok(bp_session_text_read(text, id, &arena, &err), err);
	ck_assert_uint_eq(bp_session_text_changes(text, changes), 0);
	/* A session that is gone loses its text. */
	ck_assert_ok(bp_sql_exec(world.write, "DELETE FROM conversations", &err), err);
	ck_assert_ok(bp_session_text_read(text, id, &arena, &err), err);
	ck_assert_uint_eq(bp_session_text_changes(text, changes), 1);
	ck_assert_ok(bp_statement_run(changes[0], &err), err);
	ck_assert_int_eq(bp_test_world_number(&world, "SELECT count(*) FROM session_text"), 0);
	ck_assert_int_ne(bp_test_world_number(&world, "PRAGMA data_version"), before);
	bp_session_text_free(text);
	bp_arena_done(&arena);
}
END_TEST

START_TEST(an_archived_session_keeps_its_text)
{
	put_lines(ONE, S1, BP_LEVEL_FULL);
	struct bp_err err = {0};
	ck_assert_ok(
		bp_sql_exec(world.write,
			    "INSERT INTO archived_session SELECT platform, external_id, '' FROM "
			    "conversations; DELETE FROM claude_row;"
			    "UPDATE conversations SET title = NULL;"
			    "INSERT INTO dirty_session SELECT id, 1 FROM conversations",
			    &err),
		err);
	bp_test_world_finalise(&world);
	ck_assert_int_eq(found("title : Second prompts : parser"), 1);
	ck_assert_str_eq(text_of("SELECT title FROM conversations"), "Second title");
}
END_TEST

BP_TEST_MAIN(setup, teardown, each_level_has_its_text,
	     a_summary_titles_the_session_of_its_leaf_alone, the_index_is_of_the_text,
	     text_is_written_when_it_changed, an_archived_session_keeps_its_text)
