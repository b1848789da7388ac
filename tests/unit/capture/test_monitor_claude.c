/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "capture/monitor.h"

#include "support/run.h"

static struct bp_paths paths;
static struct bp_capture_config config;

static void setup(void)
{
	ck_assert_int_eq(setenv("HOME", "/h", 1), 0);
	ck_assert_int_eq(unsetenv("CLAUDE_CONFIG_DIR"), 0);
	ck_assert_int_eq(unsetenv("XDG_CONFIG_HOME"), 0);
	config = (struct bp_capture_config){.claude_enabled = true};
}

static void teardown(void)
{
	bp_paths_done(&paths);
}

static void roots(void)
{
	bp_paths_done(&paths);
	bp_monitor_claude.roots(&config, &paths);
}

START_TEST(roots_are_the_known_places)
{
	roots();
	ck_assert_uint_eq(paths.n, 2);
	ck_assert_str_eq(paths.items[0], "/h/.claude/projects");
	ck_assert_str_eq(paths.items[1], "/h/.config/claude/projects");
	ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "/x", 1), 0);
	roots();
	ck_assert_uint_eq(paths.n, 3);
	ck_assert_str_eq(paths.items[1], "/x/claude/projects");
}
END_TEST

START_TEST(the_environment_may_name_several)
{
	ck_assert_int_eq(setenv("CLAUDE_CONFIG_DIR", "/a, /b/projects/,,~/c,/a", 1), 0);
	roots();
	ck_assert_uint_eq(paths.n, 5);
	ck_assert_str_eq(paths.items[0], "/a/projects");
	ck_assert_str_eq(paths.items[1], "/b/projects");
	ck_assert_str_eq(paths.items[2], "/h/c/projects");
}
END_TEST

START_TEST(the_config_comes_before_everything)
{
	char one[] = "/only";
	char *list[] = {one, NULL};

	ck_assert_int_eq(setenv("CLAUDE_CONFIG_DIR", "/a", 1), 0);
	config.claude_roots = list;
	roots();
	ck_assert_uint_eq(paths.n, 1);
	ck_assert_str_eq(paths.items[0], "/only/projects");
}
END_TEST

static bool wants(const char *path)
{
	return bp_monitor_claude.wants_file(bp_str_from(path));
}

static bool named(const char *path)
{
	return bp_monitor_claude.named(bp_str_from(path));
}

START_TEST(transcripts_are_jsonl_but_not_the_history)
{
	ck_assert(wants("/p/a.jsonl"));
	ck_assert(wants("/p/s/subagents/workflows/wf_1/journal.jsonl"));
	ck_assert(!wants("/p/history.jsonl"));
	ck_assert(!wants("/p/agent-1.meta.json"));
	ck_assert(!wants("/p/.jsonl"));
	ck_assert(!wants("/p/a.jsonl.bak"));
	ck_assert(!bp_monitor_claude.wants_folder(BP_STR("tool-results")));
	ck_assert(bp_monitor_claude.wants_folder(BP_STR("subagents")));
}
END_TEST

START_TEST(session_and_agent_files_are_known_by_name)
{
	ck_assert(named("/x/6f9f1d2e-0c1b-4c7e-9b7a-0123456789AB.jsonl"));
	ck_assert(named("/x/agent-1a2b3c4.jsonl"));
	ck_assert(!named("/x/agent-.jsonl"));
	ck_assert(!named("/x/notes.jsonl"));
	ck_assert(!named("/x/6f9f1d2e-0c1b-4c7e-9b7a-0123456789AB.json"));
}
END_TEST

static void assert_origin(const char *path, const char *session, const char *agent)
{
	struct bp_line_origin origin = {0};

	bp_monitor_claude.origin(bp_str_from(path), &origin);
	ck_assert_msg(bp_str_is(origin.session_from_path, session), "%s: session %.*s", path,
		      BP_STR_ARG(origin.session_from_path));
	ck_assert_msg(bp_str_is(origin.agent_from_path, agent), "%s: agent %.*s", path,
		      BP_STR_ARG(origin.agent_from_path));
}

START_TEST(the_path_tells_session_and_agent)
{
	assert_origin("/c/projects/-p/s1.jsonl", "s1", "");
	assert_origin("/c/projects/-p/agent-7f.jsonl", "agent-7f", "7f");
	assert_origin("/c/projects/-p/s1/subagents/agent-7f.jsonl", "s1", "7f");
	assert_origin("/c/projects/-p/s1/subagents/workflows/wf_1/agent-7f.jsonl", "s1", "7f");
	assert_origin("/c/projects/-p/s1/subagents/workflows/wf_1/journal.jsonl", "s1", "");
	assert_origin("/c/projects/-p/6f9f1d2e-0c1b-4c7e-9b7a-0123456789ab/workflows/wf_1/j.jsonl",
		      "6f9f1d2e-0c1b-4c7e-9b7a-0123456789ab", "");
	assert_origin("/c/workflows/s1.jsonl", "s1", "");
}
END_TEST

BP_TEST_MAIN(setup, teardown, roots_are_the_known_places, the_environment_may_name_several,
	     the_config_comes_before_everything, transcripts_are_jsonl_but_not_the_history,
	     session_and_agent_files_are_known_by_name, the_path_tells_session_and_agent)
