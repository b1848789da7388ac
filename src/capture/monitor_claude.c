/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "capture/monitor.h"

/*
 * Claude Code's transcripts (docs/formats: 1.1): <config>/projects/<folder>/<session>.jsonl, and
 * sub-agents either beside it as agent-<id>.jsonl (2.0) or below
 * <session>/subagents/.../agent-<id>.jsonl (2.1), with journals of workflows among them.
 */

static const struct bp_str END = {".jsonl", 6};
static const struct bp_str AGENT = {"agent-", 6};

static bool enabled(const struct bp_capture_config *config)
{
	return config->claude_enabled;
}

static struct bp_str without_slashes(struct bp_str path)
{
	while (path.len > 1 && path.ptr[path.len - 1] == '/') {
		path.len--;
	}
	return path;
}

/** A config folder or its projects folder, "~/" allowed. */
static void add_root(struct bp_paths *out, struct bp_str given)
{
	const char *home = getenv("HOME");
	const char *prefix = "";

	while (given.len > 0 && (given.ptr[0] == ' ')) {
		given = bp_str_make(given.ptr + 1, given.len - 1);
	}
	while (given.len > 0 && given.ptr[given.len - 1] == ' ') {
		given.len--;
	}
	if (bp_str_starts(given, BP_STR("~/")) && home) {
		given = bp_str_make(given.ptr + 1, given.len - 1);
		prefix = home;
	}
	given = without_slashes(given);
	if (given.len == 0) {
		return;
	}
	bool whole = bp_str_is(given, "projects") || bp_str_ends(given, BP_STR("/projects"));
	bp_paths_add(out,
		     bp_asprintf("%s%.*s%s", prefix, BP_STR_ARG(given), whole ? "" : "/projects"));
}

static void roots(const struct bp_capture_config *config, struct bp_paths *out)
{
	const char *list = getenv("CLAUDE_CONFIG_DIR");
	const char *home = getenv("HOME");
	const char *config_home = getenv("XDG_CONFIG_HOME");

	if (config->claude_roots && config->claude_roots[0]) {
		for (size_t i = 0; config->claude_roots[i]; i++) {
			add_root(out, bp_str_from(config->claude_roots[i]));
		}
		return;
	}
	while (list && *list) {
		size_t len = strcspn(list, ",");

		add_root(out, bp_str_make(list, len));
		list += len + (list[len] == ',' ? 1 : 0);
	}
	if (home && *home) {
		bp_paths_add(out, bp_asprintf("%s/.claude/projects", home));
	}
	if (config_home && config_home[0] == '/') {
		bp_paths_add(out, bp_asprintf("%s/claude/projects", config_home));
	}
	if (home && *home) {
		bp_paths_add(out, bp_asprintf("%s/.config/claude/projects", home));
	}
}

/** Large outputs of tools and memories lie there, no transcripts. */
static bool wants_folder(struct bp_str name)
{
	return !bp_str_is(name, "tool-results") && !bp_str_is(name, "memory") &&
	       !bp_str_is(name, "file-history");
}

static struct bp_str file_name(struct bp_str path)
{
	const char *slash = path.len > 0 ? memrchr(path.ptr, '/', path.len) : NULL;

	return slash ? bp_str_make(slash + 1, path.len - (size_t)(slash + 1 - path.ptr)) : path;
}

static bool wants_file(struct bp_str path)
{
	struct bp_str name = file_name(path);

	return name.len > END.len && bp_str_ends(name, END) && !bp_str_is(name, "history.jsonl");
}

static bool is_uuid(struct bp_str text)
{
	if (text.len != 36) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? c != '-'
			 : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
			     (c >= 'A' && c <= 'F'))) {
			return false;
		}
	}
	return true;
}

static struct bp_str stem_of(struct bp_str path)
{
	struct bp_str name = file_name(path);

	return bp_str_ends(name, END) ? bp_str_make(name.ptr, name.len - END.len) : name;
}

static bool named(struct bp_str path)
{
	struct bp_str stem = stem_of(path);

	return wants_file(path) &&
	       (is_uuid(stem) || (bp_str_starts(stem, AGENT) && stem.len > AGENT.len));
}

/** The folder before "subagents" or "workflows" in the path; absent when there is none. */
static struct bp_str session_folder(struct bp_str path)
{
	struct bp_str before = {NULL, 0};
	const char *at = path.ptr;
	const char *end = path.ptr + path.len;

	while (at < end) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		struct bp_str part = bp_str_make(at, (size_t)((slash ? slash : end) - at));

		if (slash && before.len > 0 &&
		    (bp_str_is(part, "subagents") ||
		     (bp_str_is(part, "workflows") && is_uuid(before)))) {
			return before;
		}
		before = part;
		at = slash ? slash + 1 : end;
	}
	return (struct bp_str){NULL, 0};
}

static void origin(struct bp_str path, struct bp_line_origin *out)
{
	struct bp_str stem = stem_of(path);
	struct bp_str session = session_folder(path);

	out->session_from_path = session.ptr ? session : stem;
	out->agent_from_path = (struct bp_str){NULL, 0};
	if (bp_str_starts(stem, AGENT) && stem.len > AGENT.len) {
		out->agent_from_path = bp_str_make(stem.ptr + AGENT.len, stem.len - AGENT.len);
	}
}

const struct bp_monitor bp_monitor_claude = {
	.name = "claude_code",
	.enabled = enabled,
	.roots = roots,
	.wants_folder = wants_folder,
	.wants_file = wants_file,
	.named = named,
	.recognise = bp_project_claude_recognise,
	.origin = origin,
	.project = bp_project_claude_line,
};
