/* SPDX-License-Identifier: MIT */
#include "query/anonymous.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store/sqlite.h"

static const char OTHER[] = "other";
static const char *const KINDS[] = {"day", "model", "tool", NULL};

const struct bp_export_column bp_anonymous_columns[BP_ANONYMOUS_COLUMN_COUNT] = {
	{"source", BP_EXPORT_TEXT},
	{"date", BP_EXPORT_TEXT},
	{"platform", BP_EXPORT_TEXT},
	{"row", BP_EXPORT_TEXT},
	{"model_family", BP_EXPORT_TEXT},
	{"tool", BP_EXPORT_TEXT},
	{"extension", BP_EXPORT_TEXT},
#define COLUMN(name, type, kind) {#name, type},
	BP_ANONYMOUS_SUMS(COLUMN)
#undef COLUMN
		{"sketch", BP_EXPORT_TEXT},
};
enum { SOURCE, DATE, PLATFORM, ROW, FAMILY, TOOL, EXTENSION, SUMS };
enum { SKETCH = BP_ANONYMOUS_COLUMN_COUNT - 1 };

static const enum bp_anonymous_kind SUM_KINDS[] = {
#define KIND(name, type, kind) kind,
	BP_ANONYMOUS_SUMS(KIND)
#undef KIND
};

/* --- the lists --- */

static const char *const PLATFORMS[] = {"claude_code", "cursor",   "codex", "gemini", "copilot",
					"zeroclaw",    "opencode", "app",   OTHER,    NULL};

static const char *const TOOLS[] = {"Agent",        "AskUserQuestion",
				    "Bash",         "BashOutput",
				    "Edit",         "EnterPlanMode",
				    "ExitPlanMode", "Glob",
				    "Grep",         "KillBash",
				    "KillShell",    "LS",
				    "LSP",          "MultiEdit",
				    "Monitor",      "NotebookEdit",
				    "NotebookRead", "Read",
				    "Skill",        "SlashCommand",
				    "Task",         "TaskCreate",
				    "TaskGet",      "TaskList",
				    "TaskOutput",   "TaskStop",
				    "TaskUpdate",   "TodoRead",
				    "TodoWrite",    "ToolSearch",
				    "WebFetch",     "WebSearch",
				    "Write",        "apply_patch",
				    "shell",        "mcp",
				    OTHER,          NULL};

/* Of common languages and formats: a name of one's own could tell whose project it is. */
static const char *const EXTENSIONS[] = {
	"astro", "bash", "bat",  "c",   "cc",     "cfg",     "clj",    "cmake", "conf", "cpp",
	"cs",    "css",  "csv",  "cu",  "cxx",    "dart",    "diff",   "ex",    "exs",  "env",
	"erl",   "fish", "fs",   "go",  "gradle", "graphql", "groovy", "h",     "hcl",  "hpp",
	"hs",    "htm",  "html", "hxx", "ini",    "ipynb",   "java",   "jl",    "js",   "json",
	"jsonl", "jsx",  "kt",   "kts", "less",   "lock",    "log",    "lua",   "m",    "mak",
	"md",    "mdx",  "mjs",  "mk",  "ml",     "mm",      "nix",    "patch", "php",  "pl",
	"proto", "ps1",  "py",   "pyi", "r",      "rb",      "rs",     "rst",   "s",    "sass",
	"scala", "scss", "sh",   "sql", "svelte", "svg",     "swift",  "tex",   "tf",   "toml",
	"ts",    "tsv",  "tsx",  "txt", "vim",    "vue",     "xml",    "yaml",  "yml",  "zig",
	"zsh",   OTHER,  NULL};

/* Looked for in a model's name from the top: the first that is in it. */
static const char *const FAMILIES[] = {
	"opus", "sonnet",   "haiku", "fable", "claude",  "codex", "gpt-5", "gpt-4",
	"gpt",  "o1",       "o3",    "o4",    "gemini",  "grok",  "llama", "mistral",
	"qwen", "deepseek", "kimi",  "glm",   "minimax", OTHER,   NULL};

static const char *in_list(const char *const *list, struct bp_str name)
{
	for (; *list; list++) {
		if (bp_str_is(name, *list)) {
			return *list;
		}
	}
	return NULL;
}

static const char *or_other(const char *const *list, struct bp_str name)
{
	const char *found = in_list(list, name);

	return found ? found : OTHER;
}

const char *bp_anonymous_platform(struct bp_str name)
{
	return or_other(PLATFORMS, name);
}

const char *bp_anonymous_tool(struct bp_str name)
{
	return bp_str_starts(name, BP_STR("mcp_")) ? "mcp" : or_other(TOOLS, name);
}

const char *bp_anonymous_extension(struct bp_str name)
{
	return or_other(EXTENSIONS, name);
}

const char *bp_anonymous_family(struct bp_str model)
{
	for (const char *const *family = FAMILIES; *family; family++) {
		if (model.len > 0 && memmem(model.ptr, model.len, *family, strlen(*family))) {
			return *family;
		}
	}
	return OTHER;
}

/* --- a row as values --- */

static void write_sketch(const struct bp_sketch *sketch, struct bp_buf *text)
{
	static const char hex[] = "0123456789abcdef";
	struct bp_buf bytes;

	bp_buf_init(&bytes, BP_SKETCH_BYTES_MAX);
	bp_sketch_encode(sketch, &bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned byte = (unsigned char)bytes.ptr[i];
		bp_buf_add_char(text, hex[byte >> 4]);
		bp_buf_add_char(text, hex[byte & 15]);
	}
	bp_buf_done(&bytes);
}

void bp_anonymous_values(const struct bp_anonymous_row *row, struct bp_export_value *values,
			 struct bp_buf *text)
{
	const int64_t *sums = (const int64_t *)&row->sums;
	const char *const keys[BP_ANONYMOUS_KEY_COUNT] = {
		row->source, row->date, row->platform, KINDS[row->kind],
		row->family, row->tool, row->extension};

	for (size_t i = 0; i < BP_ANONYMOUS_COLUMN_COUNT; i++) {
		values[i] = (struct bp_export_value){.null = true};
	}
	for (size_t i = 0; i < BP_ANONYMOUS_KEY_COUNT; i++) {
		values[i] = (struct bp_export_value){.null = keys[i] == NULL,
						     .text = bp_str_from(keys[i])};
	}
	for (size_t i = 0; i < BP_ANONYMOUS_SUM_COUNT; i++) {
		if (SUM_KINDS[i] == row->kind) {
			values[SUMS + i] = (struct bp_export_value){.null = sums[i] == BP_SQL_NULL,
								    .number = sums[i]};
		}
	}
	bp_buf_clear(text);
	if (row->sketch.count > 0) {
		write_sketch(&row->sketch, text);
		values[SKETCH] = (struct bp_export_value){.text = bp_buf_str(text)};
	}
}

/* --- and back --- */

static bool is_hex(struct bp_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
			return false;
		}
	}
	return true;
}

static bool is_date(struct bp_str text)
{
	static const char form[] = "0000-00-00";

	if (text.len != sizeof(form) - 1) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (form[i] == '-' ? c != '-' : c < '0' || c > '9') {
			return false;
		}
	}
	return true;
}

static enum bp_rc refuse(size_t column, struct bp_err *err)
{
	return bp_err_set(err, BP_EINVAL, "\"%s\" has a value that no anonymized export has",
			  bp_anonymous_columns[column].name);
}

/* A word of a list; absent exactly when this kind of row has none. */
static bool read_word(const struct bp_export_value *value, const char *const *list, bool wanted,
		      const char **out)
{
	bool absent = value->null || value->text.len == 0;

	*out = absent ? NULL : in_list(list, value->text);
	return absent ? !wanted : wanted && *out;
}

static bool read_sketch(const struct bp_export_value *value, struct bp_sketch *out)
{
	struct bp_str text = value->text;
	struct bp_buf bytes;
	bool fine = is_hex(text) && text.len % 2 == 0;

	bp_buf_init(&bytes, BP_SKETCH_BYTES_MAX);
	for (size_t i = 0; fine && i + 1 < text.len; i += 2) {
		unsigned high = (unsigned char)text.ptr[i], low = (unsigned char)text.ptr[i + 1];
		high = high <= '9' ? high - '0' : high - 'a' + 10;
		low = low <= '9' ? low - '0' : low - 'a' + 10;
		bp_buf_add_char(&bytes, (char)(high << 4 | low));
	}
	fine = fine && bp_buf_ok(&bytes) && bp_sketch_decode(out, bp_buf_str(&bytes)) == BP_OK;
	bp_buf_done(&bytes);
	return fine;
}

static enum bp_rc read_keys(const struct bp_export_value *values, struct bp_anonymous_row *out,
			    struct bp_err *err)
{
	struct bp_str source = values[SOURCE].text, date = values[DATE].text;
	size_t kind = 0;

	if (source.len != BP_ANONYMOUS_SOURCE_BYTES - 1 || !is_hex(source)) {
		return refuse(SOURCE, err);
	}
	if (!is_date(date)) {
		return refuse(DATE, err);
	}
	while (KINDS[kind] && !bp_str_is(values[ROW].text, KINDS[kind])) {
		kind++;
	}
	if (!KINDS[kind]) {
		return refuse(ROW, err);
	}
	memcpy(out->source, source.ptr, source.len);
	memcpy(out->date, date.ptr, date.len);
	out->kind = (enum bp_anonymous_kind)kind;
	if (!read_word(&values[PLATFORM], PLATFORMS, true, &out->platform)) {
		return refuse(PLATFORM, err);
	}
	if (!read_word(&values[FAMILY], FAMILIES, out->kind == BP_ANONYMOUS_MODEL, &out->family)) {
		return refuse(FAMILY, err);
	}
	if (!read_word(&values[TOOL], TOOLS, out->kind == BP_ANONYMOUS_TOOL, &out->tool)) {
		return refuse(TOOL, err);
	}
	/* A tool that edits no file has none. */
	bool has_extension = !values[EXTENSION].null && values[EXTENSION].text.len > 0;
	if (!read_word(&values[EXTENSION], EXTENSIONS, has_extension, &out->extension) ||
	    (has_extension && out->kind != BP_ANONYMOUS_TOOL)) {
		return refuse(EXTENSION, err);
	}
	return BP_OK;
}

enum bp_rc bp_anonymous_read(const struct bp_export_value *values, struct bp_anonymous_row *out,
			     struct bp_err *err)
{
	int64_t *sums = (int64_t *)&out->sums;

	*out = (struct bp_anonymous_row){.source = ""};
	enum bp_rc rc = read_keys(values, out, err);
	for (size_t i = 0; rc == BP_OK && i < BP_ANONYMOUS_SUM_COUNT; i++) {
		const struct bp_export_value *value = &values[SUMS + i];
		if (value->null) {
			continue; /* of another kind of row, or a cost that is not known */
		}
		if (SUM_KINDS[i] != out->kind || value->number < 0) {
			rc = refuse(SUMS + i, err);
		}
		sums[i] = value->number;
	}
	bool sketch = !values[SKETCH].null && values[SKETCH].text.len > 0;
	if (rc == BP_OK && sketch &&
	    (out->kind == BP_ANONYMOUS_MODEL || !read_sketch(&values[SKETCH], &out->sketch))) {
		rc = refuse(SKETCH, err);
	}
	return rc;
}
