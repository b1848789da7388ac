/* SPDX-License-Identifier: MIT */
/*
 * The levels above strict over the whole system: what each keeps, what none keeps (secrets), that
 * the numbers are the same at all of them, that what is kept is found, audited and purged.
 */
#include <cjson/cJSON.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "capture/redactor.h"
#include "store/codec.h"
#include "support/fact_world.h"
#include "support/redis.h"
#include "support/service.h"

enum { FILE_MAX = 16 << 20, DUMP_MAX = 64 << 20, REPLY_BYTES = 16 << 20, FOLDERS = 16 };

#define S1 "1e7e1000-0000-4000-8000-000000000001"
#define S2 "1e7e1000-0000-4000-8000-000000000002"
#define KEY                                                                                        \
	"sk-"                                                                                      \
	"ant-api03-levelsecretlevelsecret1"
#define PASSWORD "hunter2levelsecret"
#define MAIL "levelsecret@example.org"

/* One word in each place, and a secret in each place that text can come from. */
#define LINE(n, session)                                                                           \
	"\"isSidechain\":false,\"cwd\":\"/home/levelhome/shop\",\"gitBranch\":\"levelbranch\","    \
	"\"version\":\"2.1.300\",\"uuid\":\"1e7e2000-0000-4000-8000-00000000000" n                 \
	"\",\"sessionId\":\"" session "\",\"timestamp\":\"2026-01-02T03:04:0" n ".000Z\""
#define RESULT(n, session, id, error, text)                                                        \
	"{\"type\":\"user\"," LINE(n, session) ",\"message\":{\"role\":\"user\",\"content\":[{"    \
					       "\"type\":\"tool_result\",\"tool_use_id\":\"" id    \
					       "\",\"is_error\":" error ",\"content\":\"" text     \
					       "\"}]}}\n"

static const char ONE[] = "{\"type\":\"user\"," LINE(
	"1", S1) ",\"message\":{\"role\":\"user\",\"content\":"
		 "\"levelprompt: use " KEY " and mail " MAIL "\"}}\n"
		 "{\"type\":\"assistant\"," LINE(
			 "2", S1) ",\"message\":{\"id\":\"msg_1\",\"model\":"
				  "\"claude-opus-4\",\"usage\":{\"input_tokens\":10,\"output_"
				  "tokens\":20},\"content\":[{"
				  "\"type\":\"thinking\",\"thinking\":\"levelthinking\"},{\"type\":"
				  "\"text\",\"text\":"
				  "\"levelanswer password=" PASSWORD
				  "\"},{\"type\":\"tool_use\",\"id\":\"toolu_1\","
				  "\"name\":\"Bash\",\"input\":{\"command\":\"levelprogram "
				  "--password " PASSWORD " levelargument\",\"password\":\"" PASSWORD
				  "\"}},{\"type\":\"tool_use\",\"id\":"
				  "\"toolu_2\",\"name\":\"mcp__levelserver__leveltool\",\"input\":{"
				  "\"q\":\"levelquery\"}},{"
				  "\"type\":\"tool_use\",\"id\":\"toolu_3\",\"name\":\"Edit\","
				  "\"input\":{\"file_path\":"
				  "\"/home/levelhome/shop/"
				  "levelpath.rs\",\"old_string\":\"levelold\",\"new_string\":"
				  "\"levelnew " MAIL
				  "\"}}]}}\n" RESULT("3", S1, "toolu_1", "true",
						     "Exit code 1\\nleveloutput " KEY)
					  RESULT("4", S1, "toolu_2", "true",
						 "levelerror at /home/levelhome/shop/x " MAIL)
						  RESULT("5", S1, "toolu_3", "false",
							 "levelok https://u:" PASSWORD
							 "@host/") "{\"type\":\"ai-title\","
								   "\"aiTitle\":\"leveltitle " MAIL
								   "\",\"sessionId\":\"" S1 "\"}\n";

static const char TWO[] = "{\"type\":\"user\"," LINE(
	"6", S2) ",\"message\":{\"role\":\"user\","
		 "\"content\":\"\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x83\xBD otherprompt\"}}\n";

static struct bp_test_home home;
static struct bp_err err;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

/* --- everything that is kept, as one text --- */

static struct bp_buf kept;

static int add_file(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	size_t n = 0;

	(void)where;
	if (kind == FTW_F && S_ISREG(st->st_mode) && !strstr(path, "config.yaml")) {
		char *bytes = bp_test_read_file(path, &n);
		bp_buf_add(&kept, bytes, bytes ? n : 0);
		free(bytes);
	}
	return 0;
}

static void add_rows(void)
{
	struct bp_codec *codec = bp_codec_new();
	struct bp_statement *rows = NULL;
	struct bp_sql *sql = NULL;

	ck_assert_ok(
		bp_sql_open(bp_test_home_file(&home, "telemetry.db"), BP_SQL_READ, 0, &sql, &err),
		err);
	ck_assert_ok(bp_codec_load(codec, sql, &err), err);
	ck_assert_ok(bp_statement_new(sql, "SELECT event_data FROM claude_row", &rows, &err), err);
	while (bp_statement_step(rows, &err) == BP_OK) {
		ck_assert_ok(bp_codec_unpack(codec, bp_column_blob(rows, 0), &kept, &err), err);
	}
	bp_statement_free(rows);
	bp_sql_close(sql);
	bp_codec_free(codec);
}

static void add_stream(void)
{
	struct bp_test_redis redis = {0};
	char *reply = bp_calloc(REPLY_BYTES, 1);

	(void)snprintf(redis.socket, sizeof(redis.socket), "%s",
		       bp_test_home_file(&home, "redis/redis.sock"));
	ck_assert(bp_test_redis_command(&redis, "XRANGE telemetry:events - +", reply, REPLY_BYTES));
	ck_assert_ptr_nonnull(strstr(reply, "session_id"));
	bp_buf_add_str(&kept, bp_str_from(reply));
	free(reply);
}

static void collect(void)
{
	bp_buf_clear(&kept);
	ck_assert_int_eq(nftw(home.home, add_file, FOLDERS, FTW_PHYS), 0);
	add_rows();
	add_stream();
	ck_assert(bp_buf_ok(&kept));
}

static bool is_kept(const char *word)
{
	return memmem(kept.ptr, kept.len, word, strlen(word)) != NULL;
}

/* --- a home at a level --- */

static void write_session(const char *session, const char *text)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/-levelproject/%s.jsonl", home.projects, session);
	bp_test_write_file(path, text, strlen(text));
}

static void start_at(const char *config)
{
	bp_test_write_file(bp_test_home_file(&home, "config.yaml"), config, strlen(config));
	write_session(S1, ONE);
	write_session(S2, TWO);
	bp_test_service_start(&home);
	bp_test_wait_final(&home);
}

/** How many sessions `search` finds. */
static int64_t found(const char *text)
{
	cJSON *json = bp_test_cli_json(&home, "search", text, NULL);
	int64_t total = (int64_t)bp_test_json_number(json, "total");

	cJSON_Delete(json);
	return total;
}

/** The audit's exit code; *out_text what it printed. Owns: free(). */
static int audit(char **out_text)
{
	struct bp_test_output output;

	bp_test_cli(&home, &output, "privacy", "audit", "--json", NULL);
	*out_text = bp_strdup(bp_str_make(output.out, output.out_bytes));
	int code = output.code;
	bp_test_output_done(&output);
	return code;
}

static void assert_clean(void)
{
	char *text = NULL;
	int code = audit(&text);

	ck_assert_msg(code == 0 && strstr(text, "\"clean\""), "%d: %s", code, text);
	free(text);
}

enum where { STRICT = 1, STANDARD = 2, FULL = 4 };

/* At which levels each word is anywhere. */
static const struct {
	const char *word;
	int where;
} WORDS[] = {
	{"levelprogram", STANDARD | FULL},
	{"levelserver", STANDARD | FULL},
	{"leveltool", STANDARD | FULL},
	{"leveltitle", STANDARD | FULL},
	{"levelerror", STANDARD | FULL},
	{"levelprompt", FULL},
	{"levelanswer", FULL},
	{"levelargument", FULL},
	{"levelquery", FULL},
	{"levelpath", FULL},
	{"levelold", FULL},
	{"levelnew", FULL},
	{"leveloutput", FULL},
	{"levelok", FULL},
	{"otherprompt", FULL},
	{"levelthinking", 0},
	{"levelbranch", 0},
	{"levelsecret", 0},
	{"shop/x", FULL},
};

static void assert_words(int where)
{
	collect();
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		bool should = (WORDS[i].where & where) != 0;
		ck_assert_msg(is_kept(WORDS[i].word) == should, "%s is %skept", WORDS[i].word,
			      should ? "not " : "");
	}
}

START_TEST(strict_keeps_no_word)
{
	bp_buf_init(&kept, 512 << 20);
	start_at("{}\n");
	assert_words(STRICT);
	ck_assert_int_eq(found("shop"), 2);
	ck_assert_int_eq(found("leveltitle"), 0);
	assert_clean();
	struct bp_test_output output;
	bp_test_cli(&home, &output, "search", "levelprompt", NULL);
	ck_assert_msg(output.code == 0 && strstr(output.out, "privacy.level full"), "%s",
		      output.out);
	bp_test_output_done(&output);
	bp_buf_done(&kept);
}
END_TEST

START_TEST(standard_keeps_names_titles_and_errors)
{
	bp_buf_init(&kept, 512 << 20);
	start_at("privacy:\n  level: standard\n");
	assert_words(STANDARD);
	ck_assert(!is_kept("levelhome"));
	ck_assert(is_kept("levelerror at [redacted:path] [redacted:email]"));
	ck_assert_int_eq(found("title:leveltitle tool:levelprogram levelserver"), 1);
	ck_assert_int_eq(found("levelprompt"), 0);
	assert_clean();
	bp_buf_done(&kept);
}
END_TEST

START_TEST(full_keeps_text_without_secrets)
{
	bp_buf_init(&kept, 512 << 20);
	/* Of this platform alone. */
	start_at("privacy:\n  platforms:\n    claude_code: full\n");
	assert_words(FULL);
	ck_assert(is_kept("levelprompt: use [redacted:anthropic_key] and mail [redacted:email]"));
	ck_assert(is_kept("levelanswer password=[redacted:password]"));
	ck_assert_int_eq(found("prompt:levelprompt"), 1);
	ck_assert_int_eq(found("\xE4\xBA\xAC\xE9\x83\xBD"), 1);
	assert_clean();
	bp_buf_done(&kept);
}
END_TEST

START_TEST(the_halves_of_full_leave_their_text_out)
{
	bp_buf_init(&kept, 512 << 20);
	start_at("privacy:\n  level: full\n  store_prompts: false\n  store_responses: false\n");
	collect();
	ck_assert(!is_kept("levelprompt") && !is_kept("levelanswer") && is_kept("leveloutput"));
	assert_clean();
	bp_buf_done(&kept);
}
END_TEST

/* Seen to fail: with the reason of an opt-out mistaken; with hooks shown at the level. */
START_TEST(show_says_what_is_kept)
{
	start_at("privacy:\n  level: standard\n  opt_out: [errors]\n");
	cJSON *json = bp_test_cli_json(&home, "privacy", "show", NULL);
	const cJSON *rule = NULL;
	int seen = 0;

	ck_assert_str_eq(bp_test_json_text(json, "platforms.0.level"), "standard");
	ck_assert_str_eq(bp_test_json_text(json, "platforms.1.source"), "hooks");
	ck_assert_str_eq(bp_test_json_text(json, "platforms.1.level"), "strict");
	cJSON_ArrayForEach (rule, bp_test_json_at(json, "platforms.0.kept")) {
		const char *name = bp_test_json_text(rule, "name");
		bool is = cJSON_IsTrue(bp_test_json_at(rule, "kept")) != 0;
		if (strcmp(name, "title") == 0) {
			ck_assert(is);
			seen++;
		} else if (strcmp(name, "error_text") == 0) {
			ck_assert(!is);
			ck_assert_str_eq(bp_test_json_text(rule, "not_kept_for"), "opt_out");
			seen++;
		} else if (strcmp(name, "prompt") == 0) {
			ck_assert(!is);
			ck_assert_str_eq(bp_test_json_text(rule, "not_kept_for"), "level");
			seen++;
		}
	}
	ck_assert_int_eq(seen, 3);
	cJSON_Delete(json);
}
END_TEST

START_TEST(the_audit_sees_what_should_not_be_there)
{
	char *text = NULL;

	start_at("privacy:\n  level: full\n");
	assert_clean();
	/* A line of the log with a secret. */
	const char *line = "careless: password=" PASSWORD "\n";
	bp_test_append_file(bp_test_home_file(&home, "log/blueplaned.log"), line, strlen(line));
	ck_assert_int_eq(audit(&text), 1);
	ck_assert_msg(strstr(text, "blueplaned.log") && strstr(text, "secret: password"), "%s",
		      text);
	ck_assert_ptr_null(strstr(text, PASSWORD)); /* where, never what */
	free(text);
	/* A lower level from now on: what is there is above it, in rows, facts and the queue. */
	bp_test_service_stop(&home);
	const char *strict = "privacy:\n  level: strict\n";
	bp_test_write_file(bp_test_home_file(&home, "config.yaml"), strict, strlen(strict));
	bp_test_service_start(&home);
	ck_assert_int_eq(audit(&text), 1);
	static const char *const places[] = {
		"claude_row",       "conversations.title",     "session_text.prompts",
		"telemetry:events", "above the level: prompt", "above the level: output"};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		ck_assert_msg(strstr(text, places[i]), "%s is not in %s", places[i], text);
	}
	free(text);
}
END_TEST

START_TEST(the_archive_is_looked_into)
{
	char *text = NULL;

	start_at("privacy:\n  level: full\n");
	cJSON_Delete(bp_test_cli_json(&home, "archive", "--before", "2100-01-01", "--yes", NULL));
	ck_assert_int_eq(found("prompt:levelprompt title:leveltitle"), 1);
	assert_clean();
	bp_test_service_stop(&home);
	const char *strict = "privacy:\n  level: strict\n";
	bp_test_write_file(bp_test_home_file(&home, "config.yaml"), strict, strlen(strict));
	bp_test_service_start(&home);
	ck_assert_int_eq(audit(&text), 1);
	ck_assert_msg(strstr(text, "\"archive\"") && !strstr(text, "\"claude_row\""), "%s", text);
	free(text);
}
END_TEST

START_TEST(a_purged_session_leaves_no_word_and_a_rebuild_the_same_text)
{
	struct bp_test_output output;

	bp_buf_init(&kept, 512 << 20);
	start_at("privacy:\n  level: full\n");
	ck_assert_int_eq(found("prompt:levelprompt"), 1);
	cJSON_Delete(bp_test_cli_json(&home, "rebuild", NULL));
	ck_assert_int_eq(found("prompt:levelprompt tool:levelprogram title:leveltitle"), 1);
	bp_test_cli(&home, &output, "purge", "--session", S1, "--yes", NULL);
	ck_assert_msg(output.code == 0, "%s", output.err);
	bp_test_output_done(&output);
	bp_test_service_stop(&home);
	bp_buf_clear(&kept);
	ck_assert_int_eq(nftw(home.home, add_file, FOLDERS, FTW_PHYS), 0);
	add_rows();
	static const char *const words[] = {"levelprompt", "leveltitle", "levelprogram",
					    "leveloutput", "levelserver"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		ck_assert_msg(!is_kept(words[i]), "%s is left", words[i]);
	}
	ck_assert(is_kept("otherprompt"));
	ck_assert_int_eq(found("otherprompt"), 1);
	bp_buf_done(&kept);
}
END_TEST

/* --- the numbers --- */

#define SAMPLE BP_TEST_SOURCE_DIR "/examples/claude-code/projects"

static struct bp_test_world world;
static struct bp_redactor *redactor;
static enum bp_level level;
static bool told; /* some row is at the level, with text */

static void add_lines(const char *text, size_t n, const char *session)
{
	struct bp_test_rows rows;

	bp_test_rows_init(&rows);
	struct bp_policy *policy = &rows.projector->policy;
	policy->level = level;
	policy->store_prompts = true;
	policy->store_responses = true;
	policy->redact = bp_redactor_text;
	policy->redact_arg = redactor;
	bp_test_rows_add_lines(&rows, bp_str_make(text, n), session, NULL);
	for (size_t i = 0; i < rows.n; i++) {
		struct bp_str payload = rows.rows[i].event.payload;
		ck_assert_int_eq(rows.rows[i].event.level, level);
		told = told || memmem(payload.ptr, payload.len, "_text\":[", 8);
	}
	bp_test_world_apply(&world, &rows, NULL, rows.n, 64);
	bp_test_rows_done(&rows);
}

static int add_transcript(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	if (kind == FTW_F && bp_str_ends(bp_str_from(path), BP_STR(".jsonl"))) {
		char session[256];
		size_t n = 0;
		char *text = bp_test_read_file(path, &n);
		(void)snprintf(session, sizeof(session), "%.*s",
			       (int)(strlen(path + where->base) - strlen(".jsonl")),
			       path + where->base);
		add_lines(text, n, session);
		free(text);
	}
	return 0;
}

/** All facts of the sample, and of the lines above, at a level; without the columns of text. */
static void dump_at(enum bp_level at, struct bp_buf *out)
{
	level = at;
	told = false;
	bp_test_tmpdir_make();
	bp_test_world_open(&world);
	ck_assert_int_eq(nftw(SAMPLE, add_transcript, FOLDERS, FTW_PHYS), 0);
	add_lines(ONE, strlen(ONE), S1);
	bp_test_world_finalise(&world);
	ck_assert_int_eq(bp_test_world_number(&world, "SELECT count(program) > 0 FROM tool_calls"),
			 at > BP_LEVEL_STRICT);
	ck_assert_ok(bp_sql_exec(world.write,
				 "UPDATE tool_calls SET program = NULL, mcp_server = NULL,"
				 " mcp_tool = NULL; UPDATE conversations SET title = NULL",
				 &err),
		     err);
	bp_test_world_dump(&world, out);
	bp_test_world_close(&world);
	bp_test_tmpdir_remove();
}

START_TEST(facts_are_the_same_at_every_level)
{
	struct bp_buf dumps[3];

	ck_assert_ok(bp_redactor_new(&redactor, &err), err);
	for (int i = 0; i < 3; i++) {
		bp_buf_init(&dumps[i], DUMP_MAX);
		dump_at((enum bp_level)i, &dumps[i]);
		ck_assert_int_eq(told, i == BP_LEVEL_FULL);
		ck_assert_uint_gt(dumps[i].len, 10000);
		ck_assert_msg(bp_str_eq(bp_buf_str(&dumps[0]), bp_buf_str(&dumps[i])), "level %d",
			      i);
	}
	for (int i = 0; i < 3; i++) {
		bp_buf_done(&dumps[i]);
	}
	bp_redactor_free(redactor);
}
END_TEST

BP_TEST_MAIN(setup, teardown, strict_keeps_no_word, standard_keeps_names_titles_and_errors,
	     full_keeps_text_without_secrets, the_halves_of_full_leave_their_text_out,
	     show_says_what_is_kept, the_audit_sees_what_should_not_be_there,
	     the_archive_is_looked_into,
	     a_purged_session_leaves_no_word_and_a_rebuild_the_same_text,
	     facts_are_the_same_at_every_level)
