/* SPDX-License-Identifier: MIT */
/*
 * test_top.c - the live view in a real terminal: what it shows, its keys, sizes, colours, that an
 * event comes by itself, and that the terminal is as before after every way out.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/number.h"
#include "support/run.h"
#include "support/service.h"
#include "support/terminal.h"

#define SESSION "70700001-0000-4000-8000-000000000001"

static struct bp_test_home home;
static struct bp_test_terminal terminal;
static bool there;
static int lines; /* written so far: makes ids unique */

static void setup(void)
{
	lines = 0;
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	there = bp_test_terminal_there();
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

/* --- a session of now --- */

/* A line of the session, now, with these members. */
static void add_line(char *text, size_t cap, const char *members)
{
	char stamp[40];
	struct timespec now;
	struct tm civil;
	size_t at = strlen(text);

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &civil);
	(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &civil);
	lines++;
	(void)snprintf(text + at, cap - at,
		       "{\"sessionId\":\"" SESSION "\",\"cwd\":\"/home/sample/harbour\","
		       "\"version\":\"2.1.0\",\"isSidechain\":false,\"timestamp\":\"%s.%03ldZ\","
		       "\"uuid\":\"70700001-0000-4000-9000-%012d\",%s}\n",
		       stamp, now.tv_nsec / 1000000, lines, members);
}

static void add_call(char *text, size_t cap, const char *tool)
{
	char members[1024];

	(void)snprintf(members, sizeof(members),
		       "\"type\":\"assistant\",\"requestId\":\"req_%d\",\"message\":{\"id\":"
		       "\"msg_top_%d\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5-"
		       "20250929\",\"content\":[{\"type\":\"tool_use\",\"id\":\"toolu_top_%d\","
		       "\"name\":\"%s\",\"input\":{}}],\"usage\":{\"input_tokens\":1000,"
		       "\"output_tokens\":2000,\"cache_read_input_tokens\":30000,"
		       "\"cache_creation_input_tokens\":0}}",
		       lines, lines, lines, tool);
	add_line(text, cap, members);
}

static const char *transcript(void)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%.200s/-home-sample-harbour/" SESSION ".jsonl",
		       home.projects);
	return path;
}

static void write_session(void)
{
	char text[8192] = "";

	add_line(text, sizeof(text),
		 "\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":"
		 "\"please tidy up\"}");
	add_call(text, sizeof(text), "Read");
	add_call(text, sizeof(text), "Grep");
	bp_test_write_file(transcript(), text, strlen(text));
}

static void start(int columns, int rows, const char *command)
{
	struct bp_test_output out;

	write_session();
	bp_test_cli(&home, &out, "import", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
	bp_test_terminal_open(&terminal, &home, columns, rows, command);
}

static void wait_for(const char *part)
{
	free(bp_test_terminal_wait(&terminal, part, true));
}

/* --- tests --- */

START_TEST(it_shows_what_happens_now)
{
	if (!there) {
		return;
	}
	start(80, 24, "exec blueplane top");
	char *screen = bp_test_terminal_wait(&terminal, "Grep", true);
	static const char *const parts[] = {
		"1 active session", "Today",    "events/min", "tokens/min",
		"harbour",          "70700001", "Sessions",   "Tools today",
		"Events",           "66.0k",    "prompt"};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		ck_assert_msg(strstr(screen, parts[i]) != NULL, "no \"%s\" in:\n%s", parts[i],
			      screen);
	}
	free(screen);
	bp_test_terminal_close(&terminal);
}
END_TEST

START_TEST(keys_do_what_help_says)
{
	if (!there) {
		return;
	}
	start(80, 24, "exec blueplane top");
	wait_for("Grep");
	bp_test_terminal_keys(&terminal, "h");
	wait_for("order of sessions");
	bp_test_terminal_keys(&terminal, "?");
	free(bp_test_terminal_wait(&terminal, "order of sessions", false));
	bp_test_terminal_keys(&terminal, "s");
	wait_for("Sessions by tokens");
	bp_test_terminal_keys(&terminal, "s");
	wait_for("Sessions by tools");
	bp_test_terminal_keys(&terminal, "p");
	wait_for("paused");
	bp_test_terminal_keys(&terminal, "Space");
	free(bp_test_terminal_wait(&terminal, "paused", false));
	bp_test_terminal_keys(&terminal, "Down");
	wait_for("Events before");
	bp_test_terminal_keys(&terminal, "Home");
	free(bp_test_terminal_wait(&terminal, "Events before", false));
	bp_test_terminal_keys(&terminal, "q");
	free(bp_test_terminal_wait(&terminal, "Sessions", false));
	bp_test_terminal_close(&terminal);
}
END_TEST

/* At 120 columns tools stand beside sessions, at 80 below them. */
START_TEST(a_new_size_is_taken_at_once)
{
	if (!there) {
		return;
	}
	start(120, 40, "exec blueplane top");
	char *screen = bp_test_terminal_wait(&terminal, "Grep", true);
	const char *sessions = strstr(screen, "Sessions");
	const char *tools = strstr(screen, "Tools today");
	ck_assert(sessions && tools && !memchr(sessions, '\n', (size_t)(tools - sessions)));
	free(screen);
	bp_test_terminal_resize(&terminal, 80, 24);
	for (bool below = false; !below; free(screen)) {
		screen = bp_test_terminal_wait(&terminal, "Tools today", true);
		sessions = strstr(screen, "Sessions");
		tools = strstr(screen, "Tools today");
		below = sessions && tools &&
			memchr(sessions, '\n', (size_t)(tools - sessions)) != NULL;
	}
	bp_test_terminal_close(&terminal);
}
END_TEST

START_TEST(an_event_comes_by_itself)
{
	char text[4096] = "";

	if (!there) {
		return;
	}
	bp_test_service_start(&home);
	start(80, 24, "exec blueplane watch");
	wait_for("Grep");
	add_call(text, sizeof(text), "NotebookRead");
	bp_test_append_file(transcript(), text, strlen(text));
	wait_for("tool NotebookRead");
	bp_test_terminal_close(&terminal);
	bp_test_service_stop(&home);
}
END_TEST

/* An escape sequence that sets a colour (39 is the terminal's own). */
static bool coloured(const char *screen)
{
	for (const char *at = strstr(screen, "\033[3"); at; at = strstr(at + 1, "\033[3")) {
		if (at[3] >= '0' && at[3] <= '7') {
			return true;
		}
	}
	return false;
}

START_TEST(without_colours_there_are_none)
{
	if (!there) {
		return;
	}
	start(80, 24, "NO_COLOR=1 exec blueplane top");
	wait_for("Grep");
	char *screen = bp_test_terminal_screen(&terminal, true);
	ck_assert_msg(!coloured(screen), "coloured: %s", screen);
	free(screen);
	bp_test_terminal_close(&terminal);
	bp_test_terminal_open(&terminal, &home, 80, 24, "exec blueplane top");
	wait_for("Grep");
	screen = bp_test_terminal_screen(&terminal, true);
	ck_assert_msg(coloured(screen), "not coloured: %s", screen);
	free(screen);
	bp_test_terminal_close(&terminal);
}
END_TEST

/* Every way out leaves the main screen, the cursor and the line settings as they were. */
START_TEST(the_terminal_is_put_back)
{
	static const int ends[] = {0, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT};

	if (!there) {
		return;
	}
	start(80, 24,
	      "stty -g > before; while :; do sh -c 'echo $$ > pid; exec blueplane top' "
	      "2>/dev/null; stty -g > after; cmp before after && echo same again; read _; done");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char path[256];
		wait_for("events/min");
		ck_assert_str_eq(bp_test_terminal_format(&terminal, "#{alternate_on}"), "1");
		(void)snprintf(path, sizeof(path), "%s/pid", home.user);
		char *pid = bp_test_read_file(path, NULL);
		ck_assert_ptr_nonnull(pid);
		if (ends[i] == 0) {
			bp_test_terminal_keys(&terminal, "q");
		} else {
			ck_assert_int_eq(kill((pid_t)bp_test_number(pid, 0), ends[i]), 0);
		}
		free(pid);
		wait_for("same again");
		ck_assert_str_eq(bp_test_terminal_format(&terminal, "#{alternate_on}"), "0");
		ck_assert_str_eq(bp_test_terminal_format(&terminal, "#{cursor_flag}"), "1");
		bp_test_terminal_keys(&terminal, "C-l");
		bp_test_terminal_keys(&terminal, "Enter");
	}
	bp_test_terminal_close(&terminal);
}
END_TEST

START_TEST(without_a_terminal_it_says_what_else_there_is)
{
	struct bp_test_output out;

	write_session();
	bp_test_cli(&home, &out, "import", NULL);
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "top", NULL);
	ck_assert_int_eq(out.code, 1);
	ck_assert_ptr_nonnull(strstr(out.err, "top --once"));
	ck_assert_uint_eq(out.out_bytes, 0);
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "top", "--once", NULL);
	ck_assert_int_eq(out.code, 0);
	ck_assert_ptr_nonnull(strstr(out.out, "Tools today"));
	ck_assert_ptr_null(strchr(out.out, '\033'));
	bp_test_output_done(&out);
	cJSON *json = bp_test_cli_json(&home, "top", NULL);
	ck_assert_int_eq((int)bp_test_json_number(json, "today.prompts"), 1);
	ck_assert_int_eq((int)bp_test_json_number(json, "today.tool_calls"), 2);
	ck_assert_str_eq(bp_test_json_text(json, "sessions.0.id"), SESSION);
	ck_assert_int_eq(cJSON_GetArraySize(bp_test_json_at(json, "minutes")), 60);
	ck_assert_int_eq(cJSON_GetArraySize(bp_test_json_at(json, "events")), 5);
	cJSON_Delete(json);
	if (there) {
		bp_test_terminal_open(&terminal, &home, 80, 24,
				      "TERM=nonsense blueplane top; read _");
		wait_for("is not known here: set TERM");
		bp_test_terminal_close(&terminal);
	}
}
END_TEST

BP_TEST_MAIN(setup, teardown, it_shows_what_happens_now, keys_do_what_help_says,
	     a_new_size_is_taken_at_once, an_event_comes_by_itself, without_colours_there_are_none,
	     the_terminal_is_put_back, without_a_terminal_it_says_what_else_there_is)
