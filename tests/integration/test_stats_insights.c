/* SPDX-License-Identifier: MIT */
/*
 * test_stats_insights.c - a history made line by line, imported, and what stats, insights and
 * analyze say of it: every number worked out here, screens that fit, names that harm nobody.
 *
 * The history, one session of 2026-03-10 from 12:00:00 UTC on:
 *	prompt 1	40 Bash calls (2 s each, a minute apart); of five the first two fail
 *			with exit code 1: 16 errors of 40
 *	13:00:00	prompt 2: 12 Edits of the same main.c, each 1 line removed, 2 added, a minute
 *			apart; then one Edit of other.py that is rejected
 * Each call is a response of its own: 40 of claude-sonnet-4-5, 13 of claude-opus-4-5.
 */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/buf.h"
#include "support/run.h"
#include "support/service.h"

#define SESSION "77770001-0000-4000-8000-000000000001"
#define SONNET "claude-sonnet-4-5-20250929"
#define OPUS "claude-opus-4-5-20251101"
#define DAY "--since", "2026-03-10", "--until", "2026-03-10"

enum { BASH_CALLS = 40, EDITS = 12, WORDS_MAX = 12 };

static struct bp_test_home home;
static struct bp_test_output out;
static struct bp_buf history;
static int n_lines;

/* --- the history --- */

static void __attribute__((format(printf, 1, 2))) add(const char *fmt, ...)
{
	char text[4096];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ck_assert_int_lt(n, (int)sizeof(text));
	bp_buf_add(&history, text, (size_t)n);
}

/* A line's envelope, up to its message; seconds after noon. */
static void begin_line(const char *type, int at_s)
{
	add("{\"parentUuid\":null,\"isSidechain\":false,\"userType\":\"external\",\"cwd\":"
	    "\"/home/x/hand-made\",\"sessionId\":\"" SESSION
	    "\",\"version\":\"2.1.328\",\"type\":\"%s\",\"uuid\":"
	    "\"77770001-0000-4000-8000-%012d\",\"timestamp\":\"2026-03-10T%02d:%02d:%02d.000Z\",",
	    type, ++n_lines, 12 + at_s / 3600, at_s / 60 % 60, at_s % 60);
}

static void add_prompt(int at_s)
{
	begin_line("user", at_s);
	add("\"message\":{\"role\":\"user\",\"content\":\"please do\"}}\n");
}

static void add_call(int number, int at_s, const char *model, const char *tool, const char *input)
{
	begin_line("assistant", at_s);
	add("\"requestId\":\"req_%d\",\"message\":{\"id\":\"msg_%d\",\"type\":\"message\","
	    "\"role\":\"assistant\",\"model\":\"%s\",\"content\":[{\"type\":\"tool_use\",\"id\":"
	    "\"toolu_%d\",\"name\":\"%s\",\"input\":%s}],\"stop_reason\":\"tool_use\",\"usage\":{"
	    "\"input_tokens\":10,\"output_tokens\":20,\"cache_read_input_tokens\":100}}}\n",
	    number, number, model, number, tool, input);
}

static void add_result(int number, int at_s, const char *content, bool error, const char *rest)
{
	begin_line("user", at_s);
	add("\"message\":{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	    "\"tool_use_id\":\"toolu_%d\",\"content\":\"%s\"%s}]}%s}\n",
	    number, content, error ? ",\"is_error\":true" : "", rest);
}

static void add_edit(int number, int at_s)
{
	add_call(number, at_s, OPUS, "Edit",
		 "{\"file_path\":\"/home/x/hand-made/main.c\",\"old_string\":\"a\","
		 "\"new_string\":\"b\\nc\"}");
	add_result(number, at_s + 1, "The file has been updated.", false,
		   ",\"toolUseResult\":{\"filePath\":\"/home/x/hand-made/main.c\",\"oldString\":"
		   "\"a\",\"newString\":\"b\\nc\",\"structuredPatch\":[{\"oldStart\":1,"
		   "\"oldLines\":1,\"newStart\":1,\"newLines\":2,\"lines\":[\"-a\",\"+b\",\"+c\"]"
		   "}]}");
}

static void write_history(void)
{
	char path[256];

	n_lines = 0;
	bp_buf_init(&history, 1 << 20);
	add_prompt(0);
	for (int i = 0; i < BASH_CALLS; i++) {
		add_call(i, 60 * i + 5, SONNET, "Bash", "{\"command\":\"make\"}");
		if (i % 5 < 2) {
			add_result(i, 60 * i + 7, "Exit code 1\\nno", true,
				   ",\"toolUseResult\":\"Error: Exit code 1\\nno\"");
		} else {
			add_result(i, 60 * i + 7, "done", false, "");
		}
	}
	add_prompt(3600);
	for (int i = 0; i < EDITS; i++) {
		add_edit(BASH_CALLS + i, 3600 + 60 * i + 5);
	}
	add_call(99, 3600 + 60 * EDITS + 5, OPUS, "Edit",
		 "{\"file_path\":\"/home/x/hand-made/other.py\",\"old_string\":\"a\","
		 "\"new_string\":\"b\"}");
	add_result(99, 3600 + 60 * EDITS + 9,
		   "The user doesn't want to proceed with this tool use. The tool use was rejected "
		   "(eg. if it was a file edit, the new_string was NOT written to the file). STOP "
		   "what you are doing and wait for the user to tell you how to proceed.",
		   true,
		   ",\"toolUseResult\":\"User rejected tool use\",\"toolDenialKind\":"
		   "\"user-rejected\"");
	(void)snprintf(path, sizeof(path), "%s/-x/" SESSION ".jsonl", home.projects);
	bp_test_write_file(path, history.ptr, history.len);
	bp_buf_done(&history);
}

/* --- running --- */

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

/** `PROGRAM LINE`, words divided by single blanks. Keeps the output in out. */
static void run_program(const char *program, const char *line)
{
	const char *args[WORDS_MAX + 1] = {NULL};
	char words[512];
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
	bp_test_run_program(&home, program, args, NULL, 0, &out);
}

static const char *screen(const char *line)
{
	run_program("blueplane", line);
	ck_assert_msg(out.code == 0, "%s: %d, %s", line, out.code, out.err);
	ck_assert_msg(out.err_bytes == 0, "%s: %s", line, out.err);
	return out.out;
}

static void import_history(void)
{
	write_history();
	run_program("blueplane", "import");
	ck_assert_msg(out.code == 0, "%s", out.err);
}

static void has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in: %s", part, text);
}

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

static void number(const cJSON *json, const char *path, double want)
{
	double got = bp_test_json_number(json, path);

	ck_assert_msg(got >= want - 1e-9 && got <= want + 1e-9, "%s: got %.12g, want %.12g", path,
		      got, want);
}

static void text(const cJSON *json, const char *path, const char *want)
{
	ck_assert_str_eq(bp_test_json_text(json, path), want);
}

/* --- tests --- */

START_TEST(stats_have_the_numbers_of_the_history)
{
	import_history();
	cJSON *json = bp_test_cli_json(&home, "stats", DAY, NULL);
	number(json, "schema_version", 1);
	number(json, "metrics.tool_calls", BASH_CALLS + EDITS + 1);
	number(json, "metrics.prompts", 2);
	/* 16 errors of 52 that ran: the rejected one did not. */
	number(json, "metrics.tool_error_rate", 16.0 / 52);
	text(json, "models.0.model", OPUS);
	number(json, "models.0.share", 13.0 / 53);
	number(json, "models.1.share", 40.0 / 53);
	number(json, "models.1.tokens.total", 40 * 130);
	text(json, "tools.0.tool", "Bash");
	number(json, "tools.0.tool_error_rate", 0.4);
	text(json, "files.0.extension", "c");
	number(json, "files.0.edits", EDITS);
	number(json, "files.0.lines_added", 2 * EDITS);
	number(json, "files.0.lines_removed", EDITS);
	text(json, "files.1.extension", "py");
	number(json, "files.1.rejected", 1);
	/* 40 Bash in a row: 39 pairs, 38 triples; 13 Edits: 12 and 11. */
	text(json, "sequences.0.tools.0", "Bash");
	number(json, "sequences.0.count", 39);
	number(json, "sequences.1.count", 38);
	number(json, "sequences.2.count", 12);
	/* The first turn's last call (39) was ok; the second ended in a rejection. */
	number(json, "patterns.0.turns", 1);
	number(json, "patterns.0.success_rate",
	       strcmp(bp_test_json_text(json, "patterns.0.tools.0"), "Bash") == 0);
	number(json, "phases.edit.calls", EDITS + 1);
	number(json, "hours.12.tool_calls", BASH_CALLS);
	number(json, "hours.12.latency_ms.p50", 2000);
	number(json, "hours.13.tool_calls", EDITS + 1);
	number(json, "hours.13.acceptance_rate", 12.0 / 13);
	text(json, "error_classes.0.class", "exit_code");
	number(json, "error_classes.0.count", 16);
	number(json, "context.used_peak", 110);
	ck_assert_int_eq(cJSON_IsNull(bp_test_json_at(json, "learning")), 1);
	cJSON_Delete(json);

	/* A period of two weeks has weeks to compare; another zone has other hours. */
	json = bp_test_cli_json(&home, "stats", "--since", "2026-02-20", "--until", "2026-03-10",
				"--timezone", "Europe/Berlin", NULL);
	number(json, "learning.days", 1);
	number(json, "hours.13.tool_calls", BASH_CALLS);
	cJSON_Delete(json);
}
END_TEST

START_TEST(insights_name_the_numbers_they_rest_on)
{
	import_history();
	cJSON *json = bp_test_cli_json(&home, "insights", DAY, NULL);
	number(json, "schema_version", 1);
	number(json, "sessions", 1);
	text(json, "compared_with.since", "2026-03-09T00:00:00.000Z");
	/* 40 % of 40: urgent, so before the file that was edited 12 times. */
	text(json, "insights.0.kind", "tool_fails");
	text(json, "insights.0.type", "errors");
	text(json, "insights.0.priority", "high");
	text(json, "insights.0.scope", "Bash");
	number(json, "insights.0.evidence.calls", BASH_CALLS);
	number(json, "insights.0.evidence.errors", 16);
	number(json, "insights.0.evidence.error_rate", 0.4);
	text(json, "insights.0.evidence.error_class", "exit_code");
	text(json, "insights.1.kind", "file_edited_again");
	text(json, "insights.1.priority", "low");
	text(json, "insights.1.scope", SESSION);
	number(json, "insights.1.evidence.edits", EDITS);
	text(json, "insights.1.evidence.extension", "c");
	ck_assert_ptr_null(bp_test_json_at(json, "insights.2"));
	cJSON_Delete(json);

	json = bp_test_cli_json(&home, "insights", DAY, "-t", "patterns", NULL);
	text(json, "insights.0.kind", "file_edited_again");
	ck_assert_ptr_null(bp_test_json_at(json, "insights.1"));
	cJSON_Delete(json);
	json = bp_test_cli_json(&home, "insights", DAY, "--priority", "medium", NULL);
	ck_assert_ptr_null(bp_test_json_at(json, "insights.0"));
	cJSON_Delete(json);
	/* The days around have nothing to say. */
	json = bp_test_cli_json(&home, "insights", "--since", "2026-03-11", "--until", "2026-03-11",
				NULL);
	number(json, "sessions", 0);
	ck_assert_ptr_null(bp_test_json_at(json, "insights.0"));
	cJSON_Delete(json);
	has(screen("insights --since 2026-03-11 --until 2026-03-11"), "Nothing stands out");

	has(screen("insights --since 2026-03-10 --until 2026-03-10"),
	    "\nhigh    Bash fails in 40.0 % of its calls [errors]\n"
	    "        16 of 40 calls failed; 16 of these errors are of class exit_code.\n");
	has(out.out, "\n1 high, 0 medium, 1 low; from 1 session, against the period just before\n");
}
END_TEST

START_TEST(analyze_has_the_parts_of_a_session)
{
	import_history();
	cJSON *json = bp_test_cli_json(&home, "analyze", "last", "--insights", NULL);
	number(json, "turns.0.number", 1);
	text(json, "turns.0.at", "2026-03-10T12:00:00.000Z");
	number(json, "turns.0.tool_calls", BASH_CALLS);
	number(json, "turns.0.errors", 16);
	number(json, "turns.0.response_ms", 5000);
	number(json, "turns.1.edits_ok", EDITS);
	number(json, "turns.1.edits_rejected", 1);
	text(json, "turns.1.model", OPUS);
	text(json, "phase_spans.0.phase", "verify"); /* make builds */
	number(json, "phase_spans.0.calls", BASH_CALLS);
	text(json, "phase_spans.1.phase", "edit");
	number(json, "phase_spans.1.calls", EDITS + 1);
	number(json, "context.used_avg", 110);
	number(json, "files.0.edits", EDITS);
	text(json, "insights.0.kind", "tool_fails");
	cJSON_Delete(json);
	has(screen("analyze last"), "\nTurns\n");
	has(out.out, "\nContext\n110 tokens on average, 110 at most, never compacted\n");
	has(screen("analyze last --insights"), "Bash fails in 40.0 % of its calls");
	ck_assert_ptr_null(strstr(out.out, "\nTurns\n"));
}
END_TEST

START_TEST(an_analysis_is_written_once)
{
	char line[512], path[256];

	import_history();
	(void)snprintf(path, sizeof(path), "%s/one.json", home.root);
	(void)snprintf(line, sizeof(line), "analyze last --export %s", path);
	ck_assert_str_eq(screen(line), "");
	char *text_of = bp_test_read_file(path, NULL);
	cJSON *json = cJSON_Parse(text_of);
	ck_assert_ptr_nonnull(json);
	ck_assert_ptr_nonnull(bp_test_json_at(json, "timeline.0"));
	text(json, "insights.0.kind", "tool_fails");
	cJSON_Delete(json);
	free(text_of);
	run_program("blueplane", line);
	ck_assert_int_eq(out.code, 1);
	has(out.err, "--overwrite");
	(void)snprintf(line, sizeof(line), "analyze last --export %s --overwrite", path);
	(void)screen(line);

	(void)snprintf(path, sizeof(path), "%s/one.md", home.root);
	(void)snprintf(line, sizeof(line), "analyze last --export %s", path);
	ck_assert_str_eq(screen(line), "");
	text_of = bp_test_read_file(path, NULL);
	has(text_of, "\n| Tool | Calls | Ok |");
	has(text_of, "\nTimeline\n\n| Time | What |");
	free(text_of);
	run_program("blueplane", "analyze last --export one.txt");
	ck_assert_int_eq(out.code, 2);
	has(out.err, ".json");
}
END_TEST

START_TEST(the_old_name_offers_two_commands)
{
	import_history();
	run_program("llm-telemetry", "stats --days 36500");
	ck_assert_int_eq(out.code, 0);
	has(out.out, "\nTools\n");
	run_program("llm-telemetry", "");
	ck_assert_int_eq(out.code, 0);
	has(out.out, "\n  stats ");
	has(out.out, "\n  costs ");
	ck_assert_ptr_null(strstr(out.out, "purge"));
	run_program("llm-telemetry", "purge --all --yes");
	ck_assert_int_eq(out.code, 2);
	has(out.err, "\"purge\"");
}
END_TEST

/* A tool, a model and a file of names made to harm. */
static void import_hostile(void)
{
	char path[256];

	n_lines = 0;
	bp_buf_init(&history, 1 << 20);
	add_prompt(0);
	for (int i = 0; i < BASH_CALLS; i++) {
		add_call(i, 60 * i + 5,
			 "claude-\\u001b[2J-\\u7db2\\u7db2\\u7db2\\u7db2\\u7db2-model",
			 i % 2 ? "Edit" : "Evil\\u001b]0;title\\u0007\\n|`Tool\\u202e`",
			 "{\"file_path\":\"/home/x/hand-made/a.\\u001b[31mc\",\"old_string\":\"a\","
			 "\"new_string\":\"b\"}");
		add_result(i, 60 * i + 7, "Exit code 1\\nno", true, "");
	}
	(void)snprintf(path, sizeof(path), "%s/-x/" SESSION ".jsonl", home.projects);
	bp_test_write_file(path, history.ptr, history.len);
	bp_buf_done(&history);
	run_program("blueplane", "import");
	ck_assert_msg(out.code == 0, "%s", out.err);
}

START_TEST(screens_fit_and_no_name_harms)
{
	static const char *const lines[] = {
		"stats --since 2026-02-10 --until 2026-03-10",
		"stats -p all",
		"insights -p all",
		"insights -s last",
		"analyze last",
		"analyze last --insights",
		"help stats",
		"help insights",
		"help analyze",
	};
	enum { N = sizeof(lines) / sizeof(lines[0]) };

	import_hostile();
	ck_assert_ptr_null(strchr(screen("stats -p all -f csv"), '\033'));
	ck_assert_ptr_null(strchr(screen("insights -p all -f csv"), '\033'));
	for (size_t i = 0; i < N; i++) {
		bp_test_home_env(&home, "COLUMNS=80");
		int narrow = widest(screen(lines[i]));
		bp_test_home_env(&home, "COLUMNS=120");
		int wide = widest(screen(lines[i]));
		ck_assert_msg(narrow <= 80 && wide <= 120, "%s: %d, %d", lines[i], narrow, wide);
	}
	bp_test_home_env(&home, "LC_ALL=C");
	for (size_t i = 0; i < N; i++) {
		screen(lines[i]);
		for (const char *c = out.out; *c; c++) {
			ck_assert_msg((*c >= ' ' && *c <= '~') || *c == '\n', "%s: byte %d",
				      lines[i], *c);
		}
	}
}
END_TEST

START_TEST(csv_and_markdown_have_what_the_screen_has)
{
	import_history();
	screen("stats --since 2026-03-10 --until 2026-03-10 -f csv");
	ck_assert_int_eq(strncmp(out.out, "section,key,metric,value\r\n", 26), 0);
	has(out.out, "\ntool,Bash,tool_error_rate,0.4\r\n");
	has(out.out, "\nfile,c,edits,12\r\n");
	has(out.out, "\nhour,12,tool_calls,40\r\n");
	has(screen("stats --since 2026-03-10 --until 2026-03-10 -f markdown"),
	    "\nTools\n\n| Tool | Calls | Share | Success | p50 | p95 |\n");
	screen("insights --since 2026-03-10 --until 2026-03-10 -f csv");
	ck_assert_int_eq(strncmp(out.out, "priority,type,kind,scope,title,detail,action\r\n", 46),
			 0);
	has(out.out, "\nhigh,errors,tool_fails,Bash,");
}
END_TEST

BP_TEST_MAIN(setup, teardown, stats_have_the_numbers_of_the_history,
	     insights_name_the_numbers_they_rest_on, analyze_has_the_parts_of_a_session,
	     an_analysis_is_written_once, the_old_name_offers_two_commands,
	     screens_fit_and_no_name_harms, csv_and_markdown_have_what_the_screen_has)
