/* SPDX-License-Identifier: MIT */
/*
 * test_screens.c - what the data commands print on the sample history: tables at 80 and 120
 * columns, CSV, Markdown, JSON (docs: interfaces, JSON contract), exit codes, wrong words, and
 * names that were made to harm.
 */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "support/run.h"
#include "support/service.h"

#define LAST_ID "5a3b1e03-0000-4000-8000-000000000003"

enum { WORDS_MAX = 8 };

static struct bp_test_home home;
static struct bp_test_output out;

static void setup(void)
{
	memset(&out, 0, sizeof(out));
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	(void)setlocale(LC_CTYPE, "C.UTF-8");
}

static void teardown(void)
{
	bp_test_output_done(&out);
	bp_test_home_remove(&home);
}

/** `blueplane LINE`, its words divided by single blanks. Keeps the output in out. */
static void run(const char *line)
{
	const char *args[WORDS_MAX + 1] = {NULL};
	char words[256];
	size_t n = 0;

	bp_test_output_done(&out);
	(void)snprintf(words, sizeof(words), "%s", line);
	for (char *at = words; *at && n < WORDS_MAX; n++) {
		args[n] = at;
		at += strcspn(at, " ");
		if (*at) {
			*at++ = '\0';
		}
	}
	bp_test_run_program(&home, "blueplane", args, NULL, 0, &out);
}

/** The same, which works and has nothing to say beside its data. */
static const char *screen(const char *line)
{
	run(line);
	ck_assert_msg(out.code == 0, "%s: %d, %s", line, out.code, out.err);
	ck_assert_msg(out.err_bytes == 0, "%s: %s", line, out.err);
	return out.out;
}

static void import_sample(void)
{
	bp_test_copy(BP_TEST_SOURCE_DIR "/examples/claude-code/projects", home.projects);
	run("import");
	ck_assert_msg(out.code == 0, "%s", out.err);
	ck_assert_ptr_nonnull(strstr(out.out, "54 lines of 4 files in "));
}

static void has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in: %.2000s", part, text);
}

static void lacks(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) == NULL, "\"%s\" is in: %.2000s", part, text);
}

/** The widest line, in columns of a screen. */
static int widest(const char *text)
{
	mbstate_t state = {0};
	int line = 0, most = 0;

	while (*text) {
		wchar_t c;
		size_t n = mbrtowc(&c, text, strlen(text), &state);
		ck_assert_msg(n != 0 && n <= strlen(text), "broken UTF-8 in: %s", text);
		int columns = c == L'\n' ? 0 : wcwidth(c);
		ck_assert_msg(columns >= 0, "a control character in: %s", text);
		line = c == L'\n' ? 0 : line + columns;
		most = line > most ? line : most;
		text += n;
	}
	return most;
}

/* --- tables --- */

START_TEST(sessions_at_80_columns_leave_the_least_wanted_out)
{
	import_sample();
	bp_test_home_env(&home, "COLUMNS=80");
	ck_assert_str_eq(
		screen("sessions"),
		"Session       Project      Started              Time Tokens  Cost  Accept Status\n"
		"5a3b1e03-0000 harbour-sam\xE2\x80\xA6 2026-01-08 10:00 1:37 min   156k $0.09 "
		"100.0 % "
		"idle\n"
		"5a3b1e02-0000 harbour-sam\xE2\x80\xA6 2026-01-06 14:00 1:12 min   184k $0.16  "
		"66.7 % "
		"idle\n"
		"5a3b1e01-0000 harbour-sam\xE2\x80\xA6 2026-01-05 09:00 4:28 min   180k $0.10 "
		"100.0 % "
		"idle\n"
		"Showing 1-3 of 3 (UTC)\n");
}
END_TEST

START_TEST(sessions_at_120_columns_have_them_all)
{
	import_sample();
	bp_test_home_env(&home, "COLUMNS=120");
	ck_assert_str_eq(
		screen("sessions --sort tokens -n 2"),
		"Session       Platform    Project        Started              Time Prompts Tools "
		"Tokens  Cost  Accept Score Status\n"
		"5a3b1e02-0000 claude_code harbour-sample 2026-01-06 14:00 1:12 min       2     7 "
		"  184k $0.16  66.7 %  75.3 idle\n"
		"5a3b1e01-0000 claude_code harbour-sample 2026-01-05 09:00 4:28 min       2     7 "
		"  180k $0.10 100.0 %  69.6 idle\n"
		"Showing 1-2 of 3 (UTC)\n");
}
END_TEST

START_TEST(metrics_group_and_compare)
{
	import_sample();
	ck_assert_str_eq(screen("metrics -p all --group-by day"),
			 "All time\n"
			 "Day        Sessions Prompts Tools Tokens   Active  Accept Errors\n"
			 "2026-01-05        1       2     7   180k 4:28 min 100.0 % 14.3 %\n"
			 "2026-01-06        1       2     7   184k 1:12 min  66.7 %  0.0 %\n"
			 "2026-01-08        1       2     6   156k 1:37 min 100.0 % 16.7 %\n");
	ck_assert_str_eq(
		screen("metrics -p all --group-by model"),
		"All time\n"
		"Model                      Calls Tokens Input Output Cached Cache hits\n"
		"claude-opus-4-5-20251101       7   133k   154    810   125k     94.3 %\n"
		"claude-sonnet-4-5-20250929    20   387k   447   2195   363k     94.3 %\n");
	screen("metrics --since 2026-01-06 --until 2026-01-06 --trends");
	has(out.out, "2026-01-06 00:00 to 2026-01-07 00:00 (UTC)\n");
	has(out.out, "\nAcceptance rate       66.7 %  \xE2\x86\x93 -33.3 %\n");
	has(out.out, "\nActive time         1:12 min  \xE2\x86\x93 -73.0 %\n");
	/* Berlin's day begins an hour earlier. */
	screen("metrics --since 2026-01-06 --until 2026-01-06 --timezone Europe/Berlin");
	has(out.out, "2026-01-06 00:00 to 2026-01-07 00:00 (Europe/Berlin)\n");
}
END_TEST

START_TEST(charts_are_by_day_or_by_hour_and_fit)
{
	import_sample();
	bp_test_home_env(&home, "COLUMNS=80");
	screen("metrics -p all -f chart");
	ck_assert_int_eq(widest(out.out), 80);
	has(out.out, "All time\nCost by day: $0.35\n$0.20 \xE2\x94\xA4");
	has(out.out, "\n\nTokens by day: 520k\n200k \xE2\x94\xA4");
	has(out.out, "\n       2026-01-05 ");
	has(out.out, " 2026-01-08\n\nActive time by day: 7:17 min\n");
	has(out.out, "\nAcceptance rate by day: 85.7 %\n");
	lacks(out.out, "cache");
	has(screen("metrics -p all -f chart --all"), "\ncache read by day: ");
	has(screen("metrics --since 2026-01-06 --until 2026-01-06 -f chart"),
	    "\nPrompts by hour: 2\n");
	has(out.out, "2026-01-06 00:00  ");
	has(out.out, "  2026-01-06 23:00\n");
	has(screen("metrics -s last -f chart"), "Tokens by hour: 156k\n");
	bp_test_home_env(&home, "LC_ALL=C");
	has(screen("metrics -p all -f chart"), "\n200k |");
	/* Two prompts after 14:00, none else. */
	has(screen("metrics --since 2026-01-06 --until 2026-01-06 -f chart"),
	    "Prompts by hour: 2"
	    "\n"
	    "2 |                                              .          "
	    "                    \n"
	    "  |                                             .''.        "
	    "                    \n"
	    "1 |                                             :  :        "
	    "                    \n"
	    "  |                                            :    :       "
	    "                    \n"
	    "0 |............................................'     :......"
	    "....................\n"
	    "  +---------------------------------------------------------"
	    "--------------------\n"
	    "   2026-01-06 00:00                                         "
	    "    2026-01-06 23:00\n");
	has(screen("metrics --since 2020-01-01 --until 2020-01-01 -f chart"),
	    "Nothing happened in this period.");
	has(screen("costs -p all -f chart"), "Cost by day: $0.35\n");
	has(out.out, "\n\nTokens by day: 520k\n");
	has(screen("costs --since 2026-01-06 --until 2026-01-06 -f chart"),
	    "Tokens by hour: 184k\n");
	has(screen("costs --since 2020-01-01 --until 2020-01-01 -f chart"), "Nothing was spent");
	run("costs -p all -f chart --by model");
	ck_assert_int_eq(out.code, 2);
	has(out.err, "a chart is over time");
	run("metrics -p all -f chart --group-by day");
	ck_assert_int_eq(out.code, 2);
	run("sessions -f chart");
	ck_assert_int_eq(out.code, 2);
	ck_assert_str_eq(out.err, "blueplane: \"sessions\" has no chart; --json is there (see: "
				  "blueplane help sessions)\n");
	bp_test_home_env(&home, "BLUEPLANE_FORMAT=chart");
	has(screen("sessions"), "Session ");
	has(screen("metrics -p all"), "Tokens by day: 520k\n");
}
END_TEST

START_TEST(analyze_shows_the_parts_asked_for)
{
	import_sample();
	ck_assert_str_eq(screen("analyze 5a3b1e03 --tools"),
			 "Session " LAST_ID "\n"
			 "claude_code 2.1.328, project harbour-sample, idle\n"
			 "2026-01-08 10:00 to 2026-01-08 10:01 (UTC)\n"
			 "\n"
			 "Tools\n"
			 "Tool Calls Ok Error Denied Rejected Interrupted Running    p50    p95\n"
			 "Bash     4  3     1      0        0           0       0  4.9 s  5.1 s\n"
			 "Edit     2  2     0      0        0           0       0 150 ms 150 ms\n");
	screen("analyze last --files");
	has(out.out, "\nrst              2        2        0           4             4\n");
	lacks(out.out, "Tools\n");
	screen("analyze last --timeline");
	has(out.out, "\n01-08 10:00:01 prompt ");
	screen("analyze last");
	has(out.out, "\nSession duration    1:37 min\n");
	lacks(out.out, "Timeline");
}
END_TEST

/** The commands that help lists. */
static size_t command_names(char names[64][32])
{
	size_t n = 0;

	screen("help");
	for (const char *at = strstr(out.out, "\n  "); at; at = strstr(at + 1, "\n  ")) {
		size_t len = strcspn(at + 3, " \n");
		if (len > 0) {
			ck_assert_uint_lt(n, 64);
			(void)snprintf(names[n++], sizeof(names[0]), "%.*s", (int)len, at + 3);
		}
	}
	return n;
}

/* Every screen that shows data; a new command adds its row. */
static const char *const SCREENS[] = {
	"sessions",
	"sessions --sort cost",
	"metrics",
	"metrics -p all",
	"metrics -p all --all",
	"metrics -p all --trends",
	"metrics -p all -f chart",
	"metrics -p all --group-by platform",
	"metrics -p all --group-by project",
	"metrics -p all --group-by model",
	"metrics -p all --group-by tool",
	"metrics -p all --group-by hour",
	"metrics -p all --group-by day",
	"metrics -s last",
	"analyze last",
	"analyze last --timeline",
	"analyze last --tools",
	"analyze last --insights",
	"costs -p all",
	"costs -p all -f chart",
	"costs -p all --by session",
	"costs -p all --by project",
	"costs -p all --by model",
	"costs -p all --blocks",
	"costs -p all --reported",
	"stats --days 3000",
	"insights -p all",
	"search a*",
	"top --once --rows 24",
	"privacy show",
	"config",
	"dlq",
	"status",
	"version",
};

/** Every screen in a terminal of this many columns. */
static void walk(const char *columns, int width)
{
	bp_test_home_env(&home, columns);
	for (size_t i = 0; i < sizeof(SCREENS) / sizeof(SCREENS[0]); i++) {
		int most = widest(screen(SCREENS[i]));
		ck_assert_msg(most <= width, "%s: %d columns: %.3000s", SCREENS[i], most, out.out);
	}
}

/** Where the locale has ASCII only, so have the screens. */
static void walk_ascii(void)
{
	bp_test_home_env(&home, "LC_ALL=C");
	bp_test_home_env(&home, "COLUMNS=80");
	for (size_t i = 0; i < sizeof(SCREENS) / sizeof(SCREENS[0]); i++) {
		ck_assert_int_le(widest(screen(SCREENS[i])), 80);
		for (const char *c = out.out; *c; c++) {
			ck_assert_msg((*c >= ' ' && *c <= '~') || *c == '\n',
				      "%s: byte %d in: %.2000s", SCREENS[i], *c, out.out);
		}
	}
}

START_TEST(no_screen_is_wider_than_its_terminal)
{
	import_sample();
	walk("COLUMNS=80", 80);
	walk("COLUMNS=120", 120);
	walk_ascii();
}
END_TEST

START_TEST(no_help_is_wider_than_80_columns)
{
	char names[64][32], line[64];
	size_t n = command_names(names);

	bp_test_home_env(&home, "COLUMNS=80");
	ck_assert_int_le(widest(screen("help")), 80);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(line, sizeof(line), "help %s", names[i]);
		int most = widest(screen(line));
		ck_assert_msg(most <= 80, "%s: %d columns: %s", line, most, out.out);
	}
}
END_TEST

START_TEST(colours_only_where_they_are_wanted)
{
	import_sample();
	lacks(screen("metrics -p all"), "\033");
	bp_test_home_env(&home, "CLICOLOR_FORCE=1");
	has(screen("metrics -p all"), "\033[1mAll time\033[0m\n");
	lacks(screen("metrics -p all --no-color"), "\033");
	lacks(screen("metrics -p all --json"), "\033");
	lacks(screen("metrics -p all -f csv"), "\033");
	bp_test_home_env(&home, "NO_COLOR=1");
	lacks(screen("metrics -p all"), "\033");
}
END_TEST

START_TEST(every_command_of_help_has_help_with_an_example)
{
	char names[64][32], line[64];
	size_t n = command_names(names);

	ck_assert_uint_gt(n, 20);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(line, sizeof(line), "%s --help", names[i]);
		screen(line);
		const char *example = strstr(out.out, "\nexample: blueplane ");
		ck_assert_msg(example != NULL, "%s: no example", names[i]);
		(void)snprintf(line, sizeof(line), " blueplane %s", names[i]);
		has(example, line);
	}
}
END_TEST

/* --- names made to harm --- */

START_TEST(no_name_reaches_the_terminal_as_more_than_a_name)
{
	/* A project of escape sequences, wide characters, a direction mark; a tool and a model. */
	static const char line[] =
		"{\"parentUuid\":null,\"isSidechain\":false,\"userType\":\"external\",\"cwd\":"
		"\"/home/x/\\u001b[31mevil\\u0007\\u202e,\\\"|\\u7db2\\u7db2\\u7db2\\u7db2"
		"\\u7db2\\u7db2\\u7db2\\u7db2\\u7db2\\u7db2\\u7db2\\u7db2\\u7db2\\u7db2\\u7db2\","
		"\"sessionId\":\"5a3b1eff-0000-4000-8000-0000000000ff\",\"version\":\"2.1.328\","
		"\"type\":\"assistant\",\"message\":{\"id\":\"msg_x1\",\"type\":\"message\","
		"\"role\":\"assistant\",\"model\":\"claude-\\u001b[2J-model\",\"content\":[{"
		"\"type\":\"tool_use\",\"id\":\"toolu_x1\",\"name\":\"Evil\\u001b]0;title\\u0007"
		"\\n|`Tool`\",\"input\":{}}],\"stop_reason\":\"tool_use\",\"usage\":{"
		"\"input_tokens\":1,\"output_tokens\":2}},\"requestId\":\"req_x1\",\"uuid\":"
		"\"5a3b1eff-0001-4000-8000-000000000001\",\"timestamp\":"
		"\"2026-01-09T09:00:03.100Z\"}\n";
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/-x/5a3b1eff-0000-4000-8000-0000000000ff.jsonl",
		       home.projects);
	bp_test_write_file(path, line, strlen(line));
	run("import");
	ck_assert_msg(out.code == 0, "%s", out.err);
	walk("COLUMNS=80", 80);
	walk("COLUMNS=120", 120);
	has(screen("sessions"), "\xE7\xB6\xB2");
	lacks(screen("sessions -f csv"), "\033");
	has(out.out, "evil\xEF\xBF\xBD,\"\"|");
	walk_ascii();
}
END_TEST

START_TEST(dead_letters_fit_the_screen_too)
{
	static const char line[] = "not json at all\n";
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/-x/5a3b1eff-0000-4000-8000-0000000000fe.jsonl",
		       home.projects);
	bp_test_write_file(path, line, strlen(line));
	/* They are kept in the queue: one service from the import to the list. */
	bp_test_service_start(&home);
	run("import");
	has(out.out, "1 line of 1 file in ");
	bp_test_home_env(&home, "COLUMNS=80");
	ck_assert_int_le(widest(screen("dlq")), 80);
	has(out.out, " malformed claude_code:");
	has(screen("dlq list -f csv"), "id,failed_at,reason,source,offset,detail\r\n");
	bp_test_service_stop(&home);
}
END_TEST

/* --- CSV, Markdown --- */

START_TEST(csv_is_exact_and_has_the_names_of_json)
{
	import_sample();
	ck_assert_str_eq(
		screen("sessions -f csv -n 1"),
		"id,platform,project,started_at,duration_s,prompts,tool_calls,tokens_total,"
		"cost_usd,acceptance_rate,productivity_score,status\r\n" LAST_ID
		",claude_code,harbour-sample,2026-01-08T10:00:01.000Z,97.2,2,6,155895,0.089925,1,"
		"68.5333333333333,idle\r\n");
	screen("metrics -p all -f csv");
	has(out.out, "metric,value\r\nacceptance_rate,0.857142857142857\r\n");
	has(out.out, "\r\ntokens_total,519756\r\n");
	has(out.out, "\r\ncost_usd,0.353306\r\n");
	screen("metrics -p all --group-by day --format csv");
	has(out.out, "day,metric,value\r\n2026-01-05,acceptance_rate,1\r\n");
	/* Without an option it is the environment that decides. */
	bp_test_home_env(&home, "BLUEPLANE_FORMAT=csv");
	has(screen("metrics -p all"), "metric,value\r\n");
	has(screen("metrics -p all -f table"), "All time\n");
}
END_TEST

START_TEST(markdown_is_a_table_with_its_characters_escaped)
{
	import_sample();
	screen("metrics -p all --format markdown");
	has(out.out, "| metric | value |\n| --- | ---: |\n| acceptance\\_rate | 0.857142857142857 "
		     "|\n");
	screen("analyze last --tools -f markdown");
	has(out.out, "\nTools\n\n| Tool | Calls |");
}
END_TEST

/* --- JSON --- */

static void has_members(const cJSON *json, const char *const *members)
{
	for (; *members; members++) {
		ck_assert_msg(bp_test_json_at(json, *members) != NULL, "no \"%s\"", *members);
	}
	ck_assert_int_eq((int)bp_test_json_number(json, "schema_version"), 1);
}

static int integer(const cJSON *json, const char *path)
{
	return (int)bp_test_json_number(json, path);
}

START_TEST(metrics_json_keeps_its_contract)
{
	static const char *const members[] = {"scope",
					      "period.since",
					      "period.until",
					      "period.timezone",
					      "metrics.acceptance_rate",
					      "metrics.productivity_score",
					      "metrics.tool_error_rate",
					      "metrics.prompts",
					      "metrics.tool_calls",
					      "metrics.tokens_input",
					      "metrics.tokens_output",
					      "metrics.tokens_cache_write_5m",
					      "metrics.tokens_cache_write_1h",
					      "metrics.tokens_cache_read",
					      "metrics.tokens_total",
					      "metrics.cost_usd",
					      "metrics.lines_added",
					      "metrics.lines_removed",
					      "metrics.sessions",
					      "metrics.active_time_s",
					      "metrics.tool_latency_p50_ms",
					      "trends",
					      NULL};

	import_sample();
	cJSON *all = bp_test_cli_json(&home, "metrics", "-p", "all", NULL);
	has_members(all, members);
	ck_assert_str_eq(bp_test_json_text(all, "scope"), "period");
	ck_assert_int_eq(integer(all, "metrics.prompts"), 6);
	ck_assert_int_eq(integer(all, "metrics.tool_calls"), 20);
	ck_assert_int_eq(integer(all, "metrics.tokens_total"), 519756);
	cJSON_Delete(all);

	cJSON *one = bp_test_cli_json(&home, "metrics", "-s", "last", NULL);
	ck_assert_str_eq(bp_test_json_text(one, "scope"), "session");
	ck_assert_str_eq(bp_test_json_text(one, "session"), LAST_ID);
	cJSON_Delete(one);

	cJSON *day = bp_test_cli_json(&home, "metrics", "--since", "2026-01-06", "--until",
				      "2026-01-06", NULL);
	ck_assert_str_eq(bp_test_json_text(day, "period.since"), "2026-01-06T00:00:00.000Z");
	ck_assert_str_eq(bp_test_json_text(day, "trends.acceptance_rate.direction"), "down");
	ck_assert_double_lt(bp_test_json_number(day, "trends.acceptance_rate.change"), -0.33);
	cJSON_Delete(day);

	cJSON *groups = bp_test_cli_json(&home, "metrics", "-p", "all", "--group-by", "tool", NULL);
	ck_assert_str_eq(bp_test_json_text(groups, "groups.0.key"), "Bash");
	ck_assert_int_gt(integer(groups, "groups.0.metrics.tool_calls"), 0);
	cJSON_Delete(groups);
}
END_TEST

START_TEST(sessions_and_analyze_json_keep_their_contract)
{
	static const char *const list_members[] = {"sessions.0.id",
						   "sessions.0.platform",
						   "sessions.0.project",
						   "sessions.0.started_at",
						   "sessions.0.ended_at",
						   "sessions.0.status",
						   "sessions.0.duration_s",
						   "sessions.0.prompts",
						   "sessions.0.tool_calls",
						   "sessions.0.tokens_total",
						   "sessions.0.cost_usd",
						   "sessions.0.acceptance_rate",
						   "sessions.0.productivity_score",
						   "sessions.0.models.0",
						   "total",
						   NULL};
	static const char *const one_members[] = {"session.id",
						  "session.platform",
						  "session.project",
						  "session.started_at",
						  "session.ended_at",
						  "session.status",
						  "session.models.0",
						  "session.app_version",
						  "prompts",
						  "responses",
						  "tool_calls.total",
						  "tool_calls.ok",
						  "tool_calls.error",
						  "tool_calls.denied",
						  "tool_calls.rejected",
						  "tool_calls.interrupted",
						  "tool_calls.pending",
						  "tools.0.tool",
						  "tools.0.calls",
						  "tools.0.ok",
						  "tools.0.error",
						  "tools.0.latency_ms.p50",
						  "tools.0.latency_ms.p95",
						  "tools.0.latency_ms.p99",
						  "tokens.input",
						  "tokens.output",
						  "tokens.cache_write_5m",
						  "tokens.cache_write_1h",
						  "tokens.cache_read",
						  "tokens.reasoning",
						  "tokens.total",
						  "aborted_tokens.total",
						  "aborted_cost_usd",
						  "tokens_by_model.0.tokens.total",
						  "cost_usd",
						  "edits.proposed",
						  "edits.accepted",
						  "edits.rejected",
						  "edits.lines_added",
						  "edits.lines_removed",
						  "files.0.extension",
						  "files.0.edits",
						  "files.0.lines_added",
						  "files.0.lines_removed",
						  "subagents",
						  "compactions",
						  NULL};

	import_sample();
	cJSON *list = bp_test_cli_json(&home, "sessions", NULL);
	has_members(list, list_members);
	ck_assert_int_eq(integer(list, "total"), 3);
	cJSON_Delete(list);

	cJSON *one = bp_test_cli_json(&home, "analyze", "last", NULL);
	has_members(one, one_members);
	ck_assert_str_eq(bp_test_json_text(one, "session.id"), LAST_ID);
	ck_assert_int_eq(integer(one, "tool_calls.total"), 6);
	ck_assert_int_eq(integer(one, "tokens.total"), 155895);
	ck_assert_ptr_null(bp_test_json_at(one, "timeline"));
	cJSON_Delete(one);

	one = bp_test_cli_json(&home, "analyze", "last", "--timeline", NULL);
	ck_assert_ptr_nonnull(bp_test_json_at(one, "timeline.0.kind"));
	cJSON_Delete(one);
}
END_TEST

START_TEST(import_and_status_json_keep_their_contract)
{
	static const char *const import_members[] = {"files",
						     "lines",
						     "rows",
						     "duplicates",
						     "dead_letters",
						     "oversize",
						     "seconds",
						     "by_file.0.path",
						     "by_file.0.lines",
						     "by_file.0.rows",
						     "by_file.0.duplicates",
						     "by_file.0.dead_letters",
						     "by_file.0.oversize",
						     NULL};
	static const char *const status_members[] = {"service.state",
						     "service.pid",
						     "service.uptime_s",
						     "redis",
						     "database.path",
						     "database.bytes",
						     "database.rows",
						     "queue.depth",
						     "queue.dead_letters",
						     "queue.spool_bytes",
						     "pools.0.name",
						     "pools.0.lag",
						     "sources.0.name",
						     "sources.0.enabled",
						     "sources.0.last_event_at",
						     "sources.0.lag_ms",
						     "sources.0.rows",
						     "sources.0.errors",
						     NULL};

	bp_test_copy(BP_TEST_SOURCE_DIR "/examples/claude-code/projects", home.projects);
	cJSON *import = bp_test_cli_json(&home, "import", NULL);
	has_members(import, import_members);
	ck_assert_int_eq(integer(import, "lines"), 54);
	ck_assert_int_eq(integer(import, "rows") + integer(import, "duplicates"), 54);
	cJSON_Delete(import);

	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	has_members(status, status_members);
	ck_assert_str_eq(bp_test_json_text(status, "service.state"), "stopped");
	ck_assert_int_eq(integer(status, "database.rows"), 54);
	cJSON_Delete(status);
}
END_TEST

START_TEST(every_command_with_data_has_one_line_of_json)
{
	static const char *const lines[] = {
		"dlq list",
		"db schema",
		"db verify",
		"config list",
		"config get log.level",
		"config validate",
		"version",
		"purge --all --dry-run",
		"rebuild",
		"install --dry-run",
		"uninstall --dry-run",
		"stop",
		"config set log.level debug",
		"config reset log.level",
	};

	import_sample();
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[128];
		(void)snprintf(line, sizeof(line), "%s --json", lines[i]);
		run(line);
		ck_assert_msg(out.code == 0, "%s: %s", line, out.err);
		cJSON *json = cJSON_Parse(out.out);
		ck_assert_msg(cJSON_IsObject(json), "%s: %s", line, out.out);
		ck_assert_ptr_eq(strchr(out.out, '\n'), out.out + out.out_bytes - 1);
		ck_assert_int_eq(integer(json, "schema_version"), 1);
		cJSON_Delete(json);
	}
}
END_TEST

/* --- wrong words --- */

START_TEST(a_wrong_word_is_one_line_with_the_reason_and_the_cure)
{
	static const struct {
		const char *line;
		int code;
		const char *says[2];
	} cases[] = {
		{"metrisc", 2, {"\"metrisc\"", "\"metrics\""}},
		{"metrics --gruop-by day", 2, {"--gruop-by", "--group-by"}},
		{"metrics -p 5d", 2, {"\"5d\"", "90d"}},
		{"metrics --since someday", 2, {"\"someday\"", "2026-01-31"}},
		{"metrics --since 2026-01-02 --until 2026-01-01", 2, {"2026-01-02", "before"}},
		{"metrics --timezone Nowhere", 2, {"\"Nowhere\"", "Europe/Berlin"}},
		{"metrics -s ffff", 1, {"\"ffff\"", "blueplane sessions"}},
		{"metrics --project nope", 1, {"\"nope\"", "--group-by project"}},
		{"metrics --platform claude_cod", 1, {"claude_cod", "\"claude_code\""}},
		{"sessions --sort size", 2, {"\"size\"", "tokens"}},
		{"sessions -n many", 2, {"\"many\"", "whole number"}},
		{"sessions --min-acceptance 80", 2, {"\"80\"", "0 to 1"}},
		{"analyze", 2, {"analyze", "SESSION"}},
		{"analyze ffff", 1, {"\"ffff\"", "blueplane sessions"}},
		{"analyze 5a3b1e", 1, {"\"5a3b1e\"", ""}},
		{"import /nowhere/at/all", 1, {"/nowhere/at/all", "No such file"}},
		{"import /etc/passwd", 1, {"/etc/passwd", ".jsonl"}},
		{"import --since someday", 2, {"\"someday\"", "2026-01-31"}},
		{"purge", 2, {"--session", "--all"}},
		{"purge --all", 2, {"--yes", "--dry-run"}},
		{"purge --session ffffffff --dry-run", 1, {"ffffffff", "blueplane sessions"}},
		{"purge --session 5a3b1e03 --all --dry-run", 2, {"one of", "--before"}},
		{"dlq lst", 2, {"\"lst\"", "\"list\""}},
		{"dlq show", 2, {"show", "id"}},
		{"dlq replay 1-1", 1, {"\"1-1\"", "dlq list"}},
		{"db", 2, {"db", "verify"}},
		{"db veryfy", 2, {"\"veryfy\"", "\"verify\""}},
		{"db backup", 2, {"backup", "path"}},
		{"config get log.levle", 2, {"\"log.levle\"", "\"log.level\""}},
		{"config set log.level", 2, {"config set", "NAME VALUE"}},
		{"config set log.level loud", 2, {"\"loud\"", "debug"}},
		{"status --wait", 3, {"service", "blueplane start"}},
		{"status --format csv", 2, {"csv", "--json"}},
		{"logs -n some", 2, {"\"some\"", "whole number"}},
		{"logs", 1, {"no log", "blueplane start"}},
		{"install vim", 2, {"\"vim\"", "claude-code"}},
		{"up --json", 2, {"--json", "help up"}},
		{"start now", 2, {"\"now\"", "help start"}},
		{"help metrisc", 2, {"\"metrisc\"", "\"metrics\""}},
		{"costs --by modle", 2, {"\"modle\"", "\"model\""}},
		{"costs --session ffff", 1, {"\"ffff\"", "blueplane sessions"}},
		{"costs repice", 2, {"\"repice\"", "\"reprice\""}},
		{"stats --days x", 2, {"\"x\"", "whole number"}},
		{"stats now", 2, {"\"now\"", "help stats"}},
		{"stats -f chart", 2, {"no chart", "--json"}},
		{"insights -t money", 2, {"\"money\"", "cost"}},
		{"insights --priority urgent", 2, {"\"urgent\"", "high"}},
		{"insights -s ffff", 1, {"\"ffff\"", "blueplane sessions"}},
		{"search", 2, {"search", "TEXT"}},
		{"search -n x a", 2, {"\"x\"", "whole number"}},
		{"search --project nope a", 1, {"\"nope\"", "--group-by project"}},
		{"top", 1, {"terminal", "--once"}},
		{"top now", 2, {"\"now\"", "help top"}},
		{"top --once --rows x", 2, {"\"x\"", "whole number"}},
		{"export --what sesions", 2, {"\"sesions\"", "\"sessions\""}},
		{"export -f xml", 2, {"\"xml\"", "jsonl"}},
		{"export -o /no/such/x.csv", 1, {"/no/such", "No such file"}},
		{"team", 2, {"team", "FILE FILE"}},
		{"team agregate a b", 2, {"\"agregate\"", "\"aggregate\""}},
		{"team aggregate a b", 1, {"\"a\"", "export --anonymize"}},
		{"archive --before someday", 2, {"\"someday\"", "2026-01-31"}},
		{"archive lst", 2, {"\"lst\"", "\"list\""}},
		{"archive list --month 2026-13", 2, {"\"2026-13\"", "2026-01"}},
		{"archive --before 30d", 2, {"--yes", "--dry-run"}},
		{"privacy", 2, {"privacy", "audit"}},
		{"privacy shw", 2, {"\"shw\"", "\"show\""}},
		{"statusline x", 2, {"\"x\"", "help statusline"}},
		{"guard x", 2, {"\"x\"", "help guard"}},
		{"completion", 2, {"completion", "bash"}},
		{"completion powershell", 2, {"\"powershell\"", "zsh"}},
		{"config edit now", 2, {"config edit", "help config"}},
		{"config set budget.daily_usd x", 2, {"\"x\"", "dollars"}},
	};

	import_sample();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run(cases[i].line);
		ck_assert_msg(out.code == cases[i].code, "%s: code %d: %s", cases[i].line, out.code,
			      out.err);
		ck_assert_msg(out.out_bytes == 0, "%s: %s", cases[i].line, out.out);
		ck_assert_msg(strncmp(out.err, "blueplane: ", 11) == 0, "%s: %s", cases[i].line,
			      out.err);
		ck_assert_msg(strchr(out.err, '\n') == out.err + out.err_bytes - 1, "%s: %s",
			      cases[i].line, out.err);
		has(out.err, cases[i].says[0]);
		has(out.err, cases[i].says[1]);
	}
}
END_TEST

START_TEST(before_anything_was_recorded_it_says_how_to_begin)
{
	static const char *const lines[] = {
		"metrics",   "sessions",  "analyze last", "dlq",
		"db verify", "db schema", "rebuild",      "purge --all --dry-run",
	};
	char elsewhere[256];

	(void)snprintf(elsewhere, sizeof(elsewhere), "BLUEPLANE_HOME=%s/none", home.root);
	bp_test_home_env(&home, elsewhere);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		run(lines[i]);
		ck_assert_msg(out.code == 1, "%s: %d", lines[i], out.code);
		has(out.err, "no data yet");
		has(out.err, "blueplane import");
	}
	has(screen("status"), "blueplane up");
	ck_assert_ptr_null(bp_test_read_file(elsewhere + strlen("BLUEPLANE_HOME="), NULL));
}
END_TEST

BP_TEST_MAIN(setup, teardown, sessions_at_80_columns_leave_the_least_wanted_out,
	     sessions_at_120_columns_have_them_all, metrics_group_and_compare,
	     charts_are_by_day_or_by_hour_and_fit, analyze_shows_the_parts_asked_for,
	     no_screen_is_wider_than_its_terminal, no_help_is_wider_than_80_columns,
	     colours_only_where_they_are_wanted, every_command_of_help_has_help_with_an_example,
	     no_name_reaches_the_terminal_as_more_than_a_name, dead_letters_fit_the_screen_too,
	     csv_is_exact_and_has_the_names_of_json,
	     markdown_is_a_table_with_its_characters_escaped, metrics_json_keeps_its_contract,
	     sessions_and_analyze_json_keep_their_contract,
	     import_and_status_json_keep_their_contract,
	     every_command_with_data_has_one_line_of_json,
	     a_wrong_word_is_one_line_with_the_reason_and_the_cure,
	     before_anything_was_recorded_it_says_how_to_begin)
