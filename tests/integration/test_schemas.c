/* SPDX-License-Identifier: MIT */
/*
 * test_schemas.c - what commands print with --json is what docs/schema/<command>.json says (JSON
 * Schema 2020-12, checked with python3-jsonschema). A command that has --json needs a schema, and a
 * line here that prints it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/run.h"
#include "support/service.h"

enum { WORDS_MAX = 8 };

static struct bp_test_home home;
static struct bp_test_output out;
static int printed;
static const char *input; /* of the commands that read it */

static void setup(void)
{
	memset(&out, 0, sizeof(out));
	printed = 0;
	input = NULL;
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_output_done(&out);
	bp_test_home_remove(&home);
}

/** `blueplane LINE`, its words divided by single blanks. */
static void run(const char *line)
{
	const char *args[WORDS_MAX + 1] = {NULL};
	char words[700];
	size_t n = 0;

	bp_test_output_done(&out);
	(void)snprintf(words, sizeof(words), "%s", line);
	for (char *at = words; *at; n++) {
		ck_assert_uint_lt(n, WORDS_MAX);
		args[n] = at;
		at += strcspn(at, " ");
		if (*at) {
			*at++ = '\0';
		}
	}
	bp_test_run_program(&home, "blueplane", args, input, input ? strlen(input) : 0, &out);
}

/** Keep what `blueplane LINE --json` prints as json/<command>.<n>.json, outside the home: purge
 *  looks for traces there. */
static void keep(const char *line)
{
	char with[700], path[256];
	size_t n = strcspn(line, " ");

	(void)snprintf(with, sizeof(with), "%s --json", line);
	run(with);
	ck_assert_msg(out.out_bytes > 0, "%s: %d, %s", line, out.code, out.err);
	(void)snprintf(path, sizeof(path), "%s/json/%.*s.%d.json", home.root, (int)n, line,
		       printed++);
	bp_test_write_file(path, out.out, out.out_bytes);
}

/** The id of the dead letter, or of the session, that is listed first. */
static const char *first_id(const char *line, const char *path)
{
	static char id[128];

	run(line);
	cJSON *json = cJSON_Parse(out.out);
	(void)snprintf(id, sizeof(id), "%s", bp_test_json_text(json, path));
	cJSON_Delete(json);
	return id;
}

static void keep_all(const char *const *lines)
{
	for (; *lines; lines++) {
		keep(*lines);
	}
}

/** Two people's exports: the same sample, from another home. */
static void keep_team(void)
{
	struct bp_test_home other;
	struct bp_test_output told;
	char mine[256], theirs[256], line[600];

	(void)snprintf(mine, sizeof(mine), "%s/mine.jsonl", home.root);
	(void)snprintf(theirs, sizeof(theirs), "%s/theirs.jsonl", home.root);
	bp_test_cli(&home, &told, "export", "--anonymize", "-o", mine, NULL);
	ck_assert_msg(told.code == 0, "%s", told.err);
	bp_test_output_done(&told);
	bp_test_home_make(&other, BP_TEST_BIN_DIR);
	bp_test_copy(BP_TEST_SOURCE_DIR "/examples/claude-code/projects", other.projects);
	bp_test_cli(&other, &told, "import", NULL);
	bp_test_output_done(&told);
	bp_test_cli(&other, &told, "export", "--anonymize", "-o", theirs, NULL);
	ck_assert_msg(told.code == 0, "%s", told.err);
	bp_test_output_done(&told);
	bp_test_home_remove(&other);
	(void)snprintf(line, sizeof(line), "team aggregate %s %s", mine, theirs);
	keep(line);
}

/** The limit that was told is one of the line's. */
static void has_limit(void)
{
	cJSON *json = cJSON_Parse(out.out);

	ck_assert_str_eq(bp_test_json_text(json, "limits.0.window"), "five_hour");
	cJSON_Delete(json);
}

static void check_schemas(void)
{
	char json[256];
	const char *const args[] = {BP_TEST_SOURCE_DIR "/tests/support/check_schemas.py",
				    BP_TEST_SOURCE_DIR "/docs/schema", json, NULL};

	(void)snprintf(json, sizeof(json), "%s/json", home.root);
	bp_test_output_done(&out);
	bp_test_run_program(&home, "/usr/bin/python3", args, NULL, 0, &out);
	ck_assert_msg(out.code == 0, "%d\n%.3000s%.1000s", out.code, out.out, out.err);
}

START_TEST(what_is_printed_is_what_the_schemas_say)
{
	/* With nothing recorded, then with the sample, then with a service and a dead letter. */
	static const char *const empty[] = {"status", "doctor", "version", NULL};
	static const char *const full[] = {
		"metrics -p all",
		"metrics -p all --group-by day",
		"metrics -p all --group-by tool",
		"metrics -p all --group-by project",
		"metrics -s last",
		"metrics --since 2026-01-06 --until 2026-01-06",
		"metrics",
		"sessions",
		"analyze last",
		"analyze last --timeline",
		"costs -p all",
		"costs -p all --by session",
		"costs -p all --blocks",
		"costs -p all --reported",
		"costs reprice",
		"stats --days 3000",
		"insights",
		"insights -p all",
		"search bash",
		"search nothing-of-this",
		"top --once",
		"watch --once",
		"export",
		"export --what events",
		"export --what turns",
		"export --what tool_calls",
		"export --what model_calls",
		"export --what metrics",
		"purge --all --dry-run",
		"privacy show",
		"privacy audit",
		"rebuild",
		"archive list",
		"archive --before 2026-01-07 --dry-run",
		"archive --before 2026-01-07 --yes",
		"archive list",
		"archive verify",
		"archive restore --yes",
		"db schema",
		"db verify",
		"db compact",
		"db rescue",
		"config list",
		"config get log.level",
		"config set log.level debug",
		"config reset log.level",
		"config validate",
		"install --dry-run",
		"install",
		"uninstall --dry-run",
		"uninstall",
		NULL,
	};
	static const char *const served[] = {"start", "status", "doctor", "start", NULL};
	static const char *const last[] = {
		"dlq replay --all", "dlq list", "dlq drop --all", "dlq list",
		"restart",          "stop",     "stop",           NULL};
	char line[512];

	keep_all(empty);
	bp_test_copy(BP_TEST_SOURCE_DIR "/examples/claude-code/projects", home.projects);
	keep("import");
	keep_all(full);
	keep_team();
	keep("statusline");
	input = "{\"session_id\":\"x\",\"rate_limits\":{\"five_hour\":{\"used_percentage\":10,"
		"\"resets_at\":4102444800}}}";
	keep("statusline");
	has_limit();
	input = NULL;
	keep("costs");
	(void)snprintf(line, sizeof(line), "db backup %s", bp_test_home_file(&home, "copy.db"));
	keep(line);
	ck_assert_int_eq(unlink(bp_test_home_file(&home, "copy.db")), 0); /* purge would see it */
	keep("purge --session 5a3b1e02 --yes");
	keep_all(served);
	bp_test_write_file(bp_test_home_file(&home, "bad.jsonl"), "not json\n", 9);
	(void)snprintf(line, sizeof(line), "import %s", bp_test_home_file(&home, "bad.jsonl"));
	keep(line);
	keep("status");
	(void)snprintf(line, sizeof(line), "dlq show %s",
		       first_id("dlq list --json", "dead_letters.0.id"));
	keep(line);
	keep_all(last);
	check_schemas();
}
END_TEST

START_TEST(every_command_with_json_has_a_schema)
{
	char line[64], path[256];
	char names[64][32];
	size_t n = 0, with_json = 0;

	run("help");
	for (const char *at = strstr(out.out, "\n  "); at; at = strstr(at + 1, "\n  ")) {
		size_t len = strcspn(at + 3, " \n");
		if (len > 0) {
			ck_assert_uint_lt(n, 64);
			(void)snprintf(names[n++], sizeof(names[0]), "%.*s", (int)len, at + 3);
		}
	}
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(line, sizeof(line), "help %s", names[i]);
		run(line);
		if (!strstr(out.out, " --json ")) {
			continue;
		}
		with_json++;
		(void)snprintf(path, sizeof(path), BP_TEST_SOURCE_DIR "/docs/schema/%s.json",
			       names[i]);
		ck_assert_msg(access(path, R_OK) == 0,
			      "\"%s\" has --json: write docs/schema/%s.json, and let "
			      "test_schemas.c print it",
			      names[i], names[i]);
	}
	ck_assert_uint_gt(with_json, 15);
}
END_TEST

BP_TEST_MAIN(setup, teardown, what_is_printed_is_what_the_schemas_say,
	     every_command_with_json_has_a_schema)
