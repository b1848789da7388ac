/* SPDX-License-Identifier: MIT */
/*
 * test_projection_data.c - every recorded transcript and hook, where the recordings are.
 *
 * $BLUEPLANE_REAL_DATA or <source>/../shared/data; without it the tests say so and pass. Nothing of
 * a recording's text is printed.
 */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event/json.h"
#include "support/run.h"
#include "unit/event/projected.h"

enum { CALLS_MAX = 4096, PROMPTS_MAX = 1024, ID_BYTES = 64, WINDOW = 24 };

/* What is known of one call: as the slow path merges it. */
struct call {
	char id[ID_BYTES];
	int64_t rank;
	int64_t added, removed;
	bool edit, exact;
	char weak; /* d r e of a rank 32 */
};

struct scenario {
	struct call calls[CALLS_MAX];
	size_t n_calls;
	char prompts[PROMPTS_MAX][ID_BYTES];
	size_t n_prompts;
};

static struct scenario seen;
static char root[1024];
static size_t n_lines;
static size_t n_malformed;
static bool have_data;

static char *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	ck_assert_ptr_nonnull(file);
	struct stat status;
	ck_assert_int_eq(fstat(fileno(file), &status), 0);
	*len = (size_t)status.st_size;
	char *text = malloc(*len + 1);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(fread(text, 1, *len, file), *len);
	text[*len] = '\0';
	(void)fclose(file);
	return text;
}

static void setup(void)
{
	const char *data = getenv("BLUEPLANE_REAL_DATA");

	(void)snprintf(root, sizeof(root), "%s",
		       data ? data : BP_TEST_SOURCE_DIR "/../shared/data");
	have_data = access(root, R_OK) == 0;
	if (!have_data) {
		(void)printf("no recordings at \"%s\": skipped (set BLUEPLANE_REAL_DATA)\n", root);
	}
	/* Without project names no piece of a path may pass either. */
	test_policy(0, false, false);
	n_lines = 0;
	n_malformed = 0;
	memset(&seen, 0, sizeof(seen));
}

static bool wire_has(struct bp_str wire, const char *text, size_t n)
{
	return memmem(wire.ptr, wire.len, text, n) != NULL;
}

/* Its whole, its beginning and its end: as it stood in the JSON. */
static void assert_not_in(struct bp_str wire, struct bp_json value)
{
	const char *text = value.ptr + 1;
	size_t n = value.len - 2;

	if (n < 12 || !memchr(text, ' ', n)) {
		return;
	}
	bool leaks = wire_has(wire, text, n);
	if (n > WINDOW && memchr(text, ' ', WINDOW)) {
		leaks = leaks || wire_has(wire, text, WINDOW);
	}
	if (n > WINDOW && memchr(text + n - WINDOW, ' ', WINDOW)) {
		leaks = leaks || wire_has(wire, text + n - WINDOW, WINDOW);
	}
	ck_assert_msg(!leaks, "a text of %zu bytes is in the projection of a %.*s", n,
		      BP_STR_ARG(test_event.hook_type));
}

static void assert_no_text_in(struct bp_str wire, struct bp_json value)
{
	struct bp_json_iter iter = bp_json_each(value);
	struct bp_str key;
	struct bp_json each;

	if (value.type == BP_JSON_STRING) {
		assert_not_in(wire, value);
	} else if (value.type == BP_JSON_OBJECT) {
		while (bp_json_next_member(&iter, &key, &each)) {
			assert_no_text_in(wire, each);
		}
	} else if (value.type == BP_JSON_ARRAY) {
		while (bp_json_next_element(&iter, &each)) {
			assert_no_text_in(wire, each);
		}
	}
}

static struct call *call_of(struct bp_json id)
{
	char space[ID_BYTES];
	struct bp_str text = bp_json_text(id, space, sizeof(space));

	if (!text.ptr || text.len >= ID_BYTES) {
		return NULL;
	}
	for (size_t i = 0; i < seen.n_calls; i++) {
		if (bp_str_is(text, seen.calls[i].id)) {
			return &seen.calls[i];
		}
	}
	ck_assert_uint_lt(seen.n_calls, CALLS_MAX);
	struct call *call = &seen.calls[seen.n_calls++];
	memcpy(call->id, text.ptr, text.len);
	return call;
}

static void take_items(struct bp_json items)
{
	struct bp_json_iter iter = bp_json_each(items);
	struct bp_json item;

	while (bp_json_next_element(&iter, &item)) {
		struct call *call = call_of(bp_json_get(item, BP_STR("id")));
		struct bp_json edit = bp_json_get(item, BP_STR("edit"));
		struct bp_json weak = bp_json_get(item, BP_STR("weak"));
		int64_t rank = 10;
		bool exact = bp_json_true(bp_json_get(edit, BP_STR("exact")));
		if (!call) {
			continue;
		}
		(void)bp_json_int(bp_json_get(item, BP_STR("rank")), &rank);
		if (rank > call->rank) {
			call->rank = rank;
			call->weak = (char)(weak.type == BP_JSON_STRING ? weak.ptr[1] : ' ');
		}
		if (edit.type == BP_JSON_OBJECT && (!call->exact || exact)) {
			call->edit = true;
			call->exact = exact;
			(void)bp_json_int(bp_json_get(edit, BP_STR("added")), &call->added);
			(void)bp_json_int(bp_json_get(edit, BP_STR("removed")), &call->removed);
		}
	}
}

static void take_prompt(void)
{
	/* A forked session copies the line with its uuid; a hook has only the prompt's id. */
	struct bp_str id = test_event.uuid.ptr ? test_event.uuid : test_event.prompt_id;

	if (!id.ptr) {
		return; /* old hooks have none */
	}
	for (size_t i = 0; i < seen.n_prompts; i++) {
		if (bp_str_is(id, seen.prompts[i])) {
			return;
		}
	}
	ck_assert_uint_lt(seen.n_prompts, PROMPTS_MAX);
	ck_assert_uint_lt(id.len, ID_BYTES);
	memcpy(seen.prompts[seen.n_prompts++], id.ptr, id.len);
}

static void check_event(struct bp_json source)
{
	char space[16384];
	struct bp_event again;
	struct bp_json payload;
	const char *reason = NULL;
	const char *wire = wire_of(&test_event);
	struct bp_str text = bp_str_from(wire);

	assert_no_text_in(text, source);
	ck_assert_msg(bp_event_decode(text, space, sizeof(space), &again, &reason), "%s", reason);
	ck_assert(bp_json_open(test_event.payload, &payload));
	ck_assert_int_eq(payload.type, BP_JSON_OBJECT);
	take_items(bp_json_get(payload, BP_STR("tools")));
	take_items(bp_json_get(payload, BP_STR("results")));
	if (bp_json_true(bp_json_get(payload, BP_STR("human")))) {
		take_prompt();
	}
}

static void take_line(struct bp_str line, bool is_hook)
{
	struct bp_json source;

	n_lines++;
	enum bp_projected result = is_hook ? project_hook_text(line) : project_line_text(line);
	ck_assert_int_ne(result, BP_PROJECT_TOO_LARGE);
	if (result == BP_PROJECT_MALFORMED) {
		n_malformed++;
		return;
	}
	ck_assert(bp_json_open(line, &source));
	check_event(source);
}

static void take_lines(const char *path, bool is_hook)
{
	size_t len = 0;
	char *text = read_file(path, &len);

	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		if (n > 0) {
			take_line(bp_str_make(text + at, n), is_hook);
		}
		at += n + 1;
	}
	free(text);
}

/* A file of one hook, or of a list of hooks. */
static void take_hooks(const char *path)
{
	size_t len = 0;
	char *text = read_file(path, &len);
	struct bp_json value;
	struct bp_json hook;

	if (bp_json_open(bp_str_make(text, len), &value) && value.type == BP_JSON_ARRAY) {
		struct bp_json_iter iter = bp_json_each(value);
		while (bp_json_next_element(&iter, &hook)) {
			take_line(bp_str_make(hook.ptr, hook.len), true);
		}
	} else {
		take_line(bp_str_make(text, len), true);
	}
	free(text);
}

static bool ends(const char *text, const char *suffix)
{
	return bp_str_ends(bp_str_from(text), bp_str_from(suffix));
}

static void walk(const char *folder, const char *suffix, void (*take)(const char *path))
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	ck_assert_msg(dir != NULL, "no folder");
	while ((entry = readdir(dir)) != NULL) {
		char path[2048];
		struct stat status;
		if (entry->d_name[0] == '.') {
			continue;
		}
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		ck_assert_int_eq(stat(path, &status), 0);
		if (S_ISDIR(status.st_mode)) {
			walk(path, suffix, take);
		} else if (ends(path, suffix)) {
			take(path);
		}
	}
	(void)closedir(dir);
}

static void take_transcript(const char *path)
{
	take_lines(path, false);
}

static void take_hook_file(const char *path)
{
	take_hooks(path);
}

static void take_folder(const char *below, const char *suffix, void (*take)(const char *path))
{
	char folder[1536];

	(void)snprintf(folder, sizeof(folder), "%s/%s", root, below);
	walk(folder, suffix, take);
}

/* The truth of evidence.md 4: calls by outcome, prompts, lines. by_hooks: what hooks cannot know. */
static const struct truth {
	const char *scenario;
	size_t ok, error, denied, rejected, prompts;
	int64_t added, removed;
	size_t pending_by_hooks;
} TRUTHS[] = {
	{"api_error_exhausted", 0, 0, 0, 0, 1, 0, 0, 0},
	{"api_error_fatal", 1, 0, 0, 0, 1, 0, 0, 0},
	{"api_error_retry", 1, 0, 0, 0, 1, 0, 0, 0},
	{"bash_error", 1, 3, 0, 0, 1, 0, 0, 0},
	{"basic_tools", 4, 0, 0, 0, 1, 4, 1, 0},
	{"bg_bash", 2, 0, 0, 0, 1, 0, 0, 0},
	{"bulk", 80, 0, 0, 0, 1, 40, 0, 0},
	{"compact", 2, 0, 0, 0, 2, 0, 0, 0},
	{"edit_fail", 2, 2, 0, 0, 1, 1, 1, 0},
	{"git_commit", 2, 0, 0, 0, 1, 3, 0, 0},
	{"hook_block", 0, 0, 1, 0, 1, 0, 0, 0},
	{"interactive", 1, 0, 0, 1, 3, 0, 0, 1},
	{"max_turns", 2, 0, 0, 0, 1, 0, 0, 0},
	{"mcp", 1, 1, 0, 0, 1, 0, 0, 0},
	{"parallel_tools", 3, 1, 0, 0, 1, 0, 0, 0},
	{"perm_denied", 1, 0, 3, 0, 1, 0, 0, 0},
	{"plain_text", 0, 0, 0, 0, 1, 0, 0, 0},
	{"resume", 4, 0, 0, 0, 4, 2, 1, 0},
	{"sigint", 1, 0, 0, 0, 1, 0, 0, 0},
	{"sigkill", 1, 0, 0, 0, 1, 0, 0, 0},
	{"sigterm", 1, 0, 0, 0, 1, 0, 0, 0},
	{"stream_drop", 1, 0, 0, 0, 1, 0, 0, 0},
	{"subagent", 6, 1, 0, 0, 1, 1, 0, 0},
	{"subagent_fg", 6, 1, 0, 0, 1, 1, 0, 0},
	{"thinking", 1, 0, 0, 0, 1, 0, 0, 0},
	{"todo_tasks", 3, 0, 0, 0, 1, 0, 0, 0},
	{"two_at_once", 4, 0, 0, 0, 2, 2, 0, 0},
	{"unicode", 5, 0, 0, 0, 1, 3, 1, 0},
};

static void assert_truth(const struct truth *truth, bool by_hooks)
{
	size_t ok = 0;
	size_t error = 0;
	size_t denied = 0;
	size_t rejected = 0;
	size_t pending = 0;
	int64_t added = 0;
	int64_t removed = 0;

	for (size_t i = 0; i < seen.n_calls; i++) {
		const struct call *call = &seen.calls[i];
		bool weak = call->rank == 32;
		ok += call->rank == 40 ? 1 : 0;
		error += call->rank == 50 || (weak && call->weak == 'e') ? 1 : 0;
		denied += call->rank == 80 || (weak && call->weak == 'd') ? 1 : 0;
		rejected += call->rank == 90 || (weak && call->weak == 'r') ? 1 : 0;
		pending += call->rank == 10 ? 1 : 0;
		added += call->rank == 40 && call->edit ? call->added : 0;
		removed += call->rank == 40 && call->edit ? call->removed : 0;
	}
	size_t want_pending = by_hooks ? truth->pending_by_hooks : 0;
	ck_assert_msg(ok == truth->ok && error == truth->error && denied == truth->denied &&
			      rejected == truth->rejected - want_pending && pending == want_pending,
		      "%s: ok %zu error %zu denied %zu rejected %zu pending %zu", truth->scenario,
		      ok, error, denied, rejected, pending);
	ck_assert_msg(added == truth->added && removed == truth->removed, "%s: +%lld -%lld",
		      truth->scenario, (long long)added, (long long)removed);
	ck_assert_msg(seen.n_prompts == truth->prompts, "%s: %zu prompts", truth->scenario,
		      seen.n_prompts);
}

START_TEST(recorded_transcripts_give_the_true_outcomes)
{
	for (size_t i = 0; have_data && i < sizeof(TRUTHS) / sizeof(TRUTHS[0]); i++) {
		char below[256];
		memset(&seen, 0, sizeof(seen));
		(void)snprintf(below, sizeof(below), "recorded/claude/transcripts/%s",
			       TRUTHS[i].scenario);
		take_folder(below, ".jsonl", take_transcript);
		assert_truth(&TRUTHS[i], false);
	}
	ck_assert_uint_eq(n_malformed, 0);
}
END_TEST

START_TEST(recorded_hooks_give_the_true_outcomes)
{
	for (size_t i = 0; have_data && i < sizeof(TRUTHS) / sizeof(TRUTHS[0]); i++) {
		char below[256];
		memset(&seen, 0, sizeof(seen));
		(void)snprintf(below, sizeof(below), "recorded/claude/hooks/raw/%s",
			       TRUTHS[i].scenario);
		take_folder(below, ".json", take_hook_file);
		assert_truth(&TRUTHS[i], true);
	}
	ck_assert_uint_eq(n_malformed, 0);
}
END_TEST

START_TEST(public_transcripts_of_many_versions_project)
{
	if (have_data) {
		take_folder("real/claude-code", ".jsonl", take_transcript);
		ck_assert_uint_gt(n_lines, 1000);
		ck_assert_uint_le(n_malformed * 100, n_lines);
	}
}
END_TEST

START_TEST(public_hooks_of_many_versions_project)
{
	if (have_data) {
		take_folder("real/claude-hooks", ".json", take_hook_file);
		ck_assert_uint_gt(n_lines, 1000);
		ck_assert_uint_eq(n_malformed, 0);
	}
}
END_TEST

BP_TEST_MAIN(setup, NULL, recorded_transcripts_give_the_true_outcomes,
	     recorded_hooks_give_the_true_outcomes, public_transcripts_of_many_versions_project,
	     public_hooks_of_many_versions_project)
