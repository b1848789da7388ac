/* SPDX-License-Identifier: MIT */
#include "event/projection_levels.h"

#include "event/projection.h"

enum { SHORT_CHARS = 200, SHORT_BYTES = 4 * SHORT_CHARS, LONG_BYTES = 65536, PATH_BYTES = 4096 };

const struct bp_kept_rule bp_kept_rules[BP_KEPT_N] = {
	[BP_KEPT_ENVELOPE] = {.name = "envelope",
			      .what = "ids, times, types, model, versions, durations"},
	[BP_KEPT_TOKENS] = {.name = "tokens",
			    .what = "token counts, and what the client says it cost",
			    .opt_out = BP_OPT_OUT_TOKENS},
	[BP_KEPT_MEASURES] = {.name = "measures",
			      .what = "length, words and keyed hash of prompts and answers",
			      .opt_out = BP_OPT_OUT_PROMPTS},
	[BP_KEPT_TOOLS] = {.name = "tools",
			   .what = "tool name (\"mcp\" for MCP tools), outcome, sizes, keyed hash",
			   .opt_out = BP_OPT_OUT_TOOLS},
	[BP_KEPT_EDITS] = {.name = "edits",
			   .what = "file extension, keyed hash of path and content, line counts",
			   .opt_out = BP_OPT_OUT_EDITS | BP_OPT_OUT_TOOLS},
	[BP_KEPT_COMMANDS] = {.name = "commands",
			      .what = "kind of a shell command (test, build, ...), exit code",
			      .opt_out = BP_OPT_OUT_SHELL | BP_OPT_OUT_TOOLS},
	[BP_KEPT_ERRORS] = {.name = "errors",
			    .what = "class of an error, HTTP status",
			    .opt_out = BP_OPT_OUT_ERRORS},
	[BP_KEPT_BRANCH] = {.name = "branch",
			    .what = "keyed hash of the git branch",
			    .opt_out = BP_OPT_OUT_GIT},
	[BP_KEPT_PROJECT] = {.name = "project",
			     .what = "last component of the working folder",
			     .setting = "privacy.project_names"},
	[BP_KEPT_PROGRAM] = {.name = "program",
			     .what = "first word of a shell command",
			     .keys = "program",
			     .level = BP_LEVEL_STANDARD,
			     .opt_out = BP_OPT_OUT_SHELL | BP_OPT_OUT_TOOLS,
			     .max_bytes = BP_EVENT_NAME_MAX},
	[BP_KEPT_MCP] = {.name = "mcp",
			 .what = "names of MCP servers and their tools",
			 .keys = "mcp_server mcp_tool",
			 .level = BP_LEVEL_STANDARD,
			 .opt_out = BP_OPT_OUT_MCP | BP_OPT_OUT_TOOLS,
			 .max_bytes = BP_EVENT_NAME_MAX},
	[BP_KEPT_TITLE] = {.name = "title",
			   .what = "session titles, redacted, 200 characters",
			   .keys = "title",
			   .level = BP_LEVEL_STANDARD,
			   .opt_out = BP_OPT_OUT_PROMPTS,
			   .max_bytes = SHORT_BYTES,
			   .max_chars = SHORT_CHARS},
	[BP_KEPT_ERROR_TEXT] = {.name = "error_text",
				.what = "first line of error messages, redacted, without paths, "
					"200 characters",
				.keys = "error_text",
				.level = BP_LEVEL_STANDARD,
				.opt_out = BP_OPT_OUT_ERRORS,
				.max_bytes = SHORT_BYTES,
				.max_chars = SHORT_CHARS},
	[BP_KEPT_PROMPT] = {.name = "prompt",
			    .what = "text of what a person typed, redacted",
			    .keys = "prompt_text",
			    .level = BP_LEVEL_FULL,
			    .opt_out = BP_OPT_OUT_PROMPTS,
			    .setting = "privacy.store_prompts",
			    .max_bytes = LONG_BYTES,
			    .paths = true},
	[BP_KEPT_ANSWER] = {.name = "answer",
			    .what = "text of the assistant's answers, redacted",
			    .keys = "answer_text",
			    .level = BP_LEVEL_FULL,
			    .opt_out = BP_OPT_OUT_PROMPTS,
			    .setting = "privacy.store_responses",
			    .max_bytes = LONG_BYTES,
			    .paths = true},
	[BP_KEPT_PATH] = {.name = "path",
			  .what = "paths of files, relative to the project",
			  .keys = "path",
			  .level = BP_LEVEL_FULL,
			  .opt_out = BP_OPT_OUT_EDITS | BP_OPT_OUT_TOOLS,
			  .max_bytes = PATH_BYTES,
			  .paths = true},
	[BP_KEPT_INPUT] = {.name = "input",
			   .what = "tool input, redacted",
			   .keys = "input",
			   .level = BP_LEVEL_FULL,
			   .opt_out = BP_OPT_OUT_TOOLS,
			   .max_bytes = LONG_BYTES,
			   .paths = true},
	[BP_KEPT_OUTPUT] = {.name = "output",
			    .what = "tool output, redacted",
			    .keys = "output",
			    .level = BP_LEVEL_FULL,
			    /* A transcript's result does not name its tool. */
			    .opt_out = BP_OPT_OUT_TOOLS | BP_OPT_OUT_SHELL | BP_OPT_OUT_EDITS |
				       BP_OPT_OUT_MCP,
			    .max_bytes = LONG_BYTES,
			    .paths = true},
};

static bool setting_allows(const struct bp_policy *policy, enum bp_kept what)
{
	return what == BP_KEPT_PROJECT  ? policy->project_names
	       : what == BP_KEPT_PROMPT ? policy->store_prompts
	       : what == BP_KEPT_ANSWER ? policy->store_responses
					: true;
}

bool bp_kept(const struct bp_policy *policy, enum bp_kept what)
{
	const struct bp_kept_rule *rule = &bp_kept_rules[what];

	return policy->level >= rule->level && (policy->opt_out & rule->opt_out) == 0 &&
	       setting_allows(policy, what);
}

const char *bp_level_name(enum bp_level level)
{
	return level == BP_LEVEL_FULL ? "full" : level == BP_LEVEL_STANDARD ? "standard" : "strict";
}
