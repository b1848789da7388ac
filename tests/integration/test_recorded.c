/* SPDX-License-Identifier: MIT */
/*
 * Recorded sessions of a real client through the real programs: `blueplane import`,
 * `blueplane-hook` and the service give the totals that the mock model served, from transcripts
 * alone, from hooks alone, from both, and the same facts byte for byte in any order.
 *
 * What a source cannot know is a table below, by scenario, field and amount: a difference that is
 * not in it fails, and so does an entry that no longer differs. The data is not part of the
 * project: BLUEPLANE_REAL_DATA names its folder, else ../shared/data is tried.
 */
#include <dirent.h>
#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fact_world.h"
#include "support/number.h"
#include "support/service.h"

enum { DUMP_MAX = 256 << 20, PATH_BYTES = 1024, SESSIONS_MAX = 4 };

static struct bp_test_home home;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

static const char *data_folder(const char *below)
{
	static char path[PATH_BYTES];
	const char *root = getenv("BLUEPLANE_REAL_DATA");

	(void)snprintf(path, sizeof(path), "%s/%s",
		       root ? root : BP_TEST_SOURCE_DIR "/../shared/data", below);
	if (access(path, R_OK) != 0) {
		(void)printf("skipped: no recorded data at '%s' (set BLUEPLANE_REAL_DATA)\n", path);
		return NULL;
	}
	return path;
}

/* --- what is compared --- */

enum field {
	TOOL_CALLS,
	OK,
	ERROR_,
	DENIED,
	REJECTED,
	PENDING,
	PROMPTS,
	SESSIONS,
	COMPACTIONS,
	SUBAGENTS,
	ADDED,
	REMOVED,
	RESPONSES, /* from here on what no hook of Claude Code knows */
	INPUT,
	CACHE_WRITE,
	CACHE_READ,
	OUTPUT,
	ABORTED,
	FIELDS
};

static const char *const field_names[FIELDS] = {
	[TOOL_CALLS] = "tool calls",
	[OK] = "ok",
	[ERROR_] = "error",
	[DENIED] = "denied",
	[REJECTED] = "rejected",
	[PENDING] = "pending",
	[PROMPTS] = "prompts",
	[SESSIONS] = "sessions",
	[COMPACTIONS] = "compactions",
	[SUBAGENTS] = "sub-agents",
	[ADDED] = "lines added",
	[REMOVED] = "lines removed",
	[RESPONSES] = "responses",
	[INPUT] = "input tokens",
	[CACHE_WRITE] = "cache write",
	[CACHE_READ] = "cache read",
	[OUTPUT] = "output tokens",
	[ABORTED] = "aborted streams",
};

struct totals {
	int64_t of[FIELDS];
};

/* evidence.md 4: what ORACLE.tsv does not list. */
static const struct {
	const char *scenario;
	int64_t prompts, sessions, compactions, subagents, added, removed;
} table[] = {
	{"api_error_exhausted", 1, 1, 0, 0, 0, 0},
	{"api_error_fatal", 1, 1, 0, 0, 0, 0},
	{"api_error_retry", 1, 1, 0, 0, 0, 0},
	{"bash_error", 1, 1, 0, 0, 0, 0},
	{"basic_tools", 1, 1, 0, 0, 4, 1},
	{"bg_bash", 1, 1, 0, 0, 0, 0},
	{"bulk", 1, 1, 0, 0, 40, 0},
	{"compact", 2, 1, 1, 0, 0, 0},
	{"edit_fail", 1, 1, 0, 0, 1, 1},
	{"git_commit", 1, 1, 0, 0, 3, 0},
	{"hook_block", 1, 1, 0, 0, 0, 0},
	{"interactive", 3, 1, 1, 0, 0, 0},
	{"max_turns", 1, 1, 0, 0, 0, 0},
	{"mcp", 1, 1, 0, 0, 0, 0},
	{"parallel_tools", 1, 1, 0, 0, 0, 0},
	{"perm_denied", 1, 1, 0, 0, 0, 0},
	{"plain_text", 1, 1, 0, 0, 0, 0},
	{"resume", 4, 2, 0, 0, 2, 1},
	{"sigint", 1, 1, 0, 0, 0, 0},
	{"sigkill", 1, 1, 0, 0, 0, 0},
	{"sigterm", 1, 1, 0, 0, 0, 0},
	{"stream_drop", 1, 1, 0, 0, 0, 0},
	{"subagent", 1, 1, 0, 3, 1, 0},
	{"subagent_fg", 1, 1, 0, 3, 1, 0},
	{"thinking", 1, 1, 0, 0, 0, 0},
	{"todo_tasks", 1, 1, 0, 0, 0, 0},
	{"two_at_once", 2, 2, 0, 0, 2, 0},
	{"unicode", 1, 1, 0, 0, 3, 1},
};
enum { SCENARIOS = sizeof(table) / sizeof(table[0]) };

enum source { FILES = 1, HOOKS = 2, BOTH = 4 };

/* evidence.md 4.1, by name. Hooks know of no response and no token at all (3.1). */
static const struct {
	const char *scenario;
	unsigned sources;
	enum field field;
	int64_t truth, got;
	const char *cause;
} exceptions[] = {
	{"compact", FILES | BOTH, RESPONSES, 5, 4, "the compaction's response is in no transcript"},
	{"compact", FILES | BOTH, INPUT, 440, 352, "the same"},
	{"compact", FILES | BOTH, CACHE_WRITE, 7730, 6184, "the same"},
	{"compact", FILES | BOTH, CACHE_READ, 105070, 84056, "the same"},
	{"compact", FILES | BOTH, OUTPUT, 1670, 1336, "the same"},
	{"interactive", FILES | BOTH, RESPONSES, 4, 3, "the same"},
	{"interactive", FILES | BOTH, INPUT, 672, 502, "the same"},
	{"interactive", FILES | BOTH, CACHE_WRITE, 8424, 6304, "the same"},
	{"interactive", FILES | BOTH, CACHE_READ, 88216, 66136, "the same"},
	{"interactive", FILES | BOTH, OUTPUT, 2296, 1716, "the same"},
	{"interactive", HOOKS, REJECTED, 1, 0, "no hook tells of a user's rejection"},
	{"interactive", HOOKS, PENDING, 0, 1, "the same"},
	{"sigkill", FILES | BOTH, ABORTED, 1, 0, "the cut stream left no record"},
	{"sigterm", FILES | BOTH, ABORTED, 1, 0, "the same"},
	{"stream_drop", FILES | BOTH, ABORTED, 1, 0, "the same"},
};

/** What is served: a line of ORACLE.tsv by position, and the table above. */
static struct totals read_truth(size_t scenario)
{
	enum { PASS = 2, SCENARIO = 3, COLUMNS = 32 };
	static const struct {
		enum field field;
		size_t column;
	} columns[] = {{RESPONSES, 6}, {INPUT, 7},    {CACHE_WRITE, 8}, {CACHE_READ, 9},
		       {OUTPUT, 10},   {ABORTED, 11}, {TOOL_CALLS, 15}, {OK, 16},
		       {ERROR_, 17},   {DENIED, 18},  {REJECTED, 19}};
	struct totals truth = {.of = {[PROMPTS] = table[scenario].prompts,
				      [SESSIONS] = table[scenario].sessions,
				      [COMPACTIONS] = table[scenario].compactions,
				      [SUBAGENTS] = table[scenario].subagents,
				      [ADDED] = table[scenario].added,
				      [REMOVED] = table[scenario].removed}};
	size_t bytes = 0;
	char *text = bp_test_read_file(data_folder("recorded/claude/ORACLE.tsv"), &bytes);
	struct bp_str rest = bp_str_make(text, bytes);
	struct bp_str line;
	bool found = false;

	while (!found && bp_line_next(&rest, &line)) {
		struct bp_str fields[COLUMNS] = {{0}};
		size_t n = 0;
		size_t at = 0;
		for (size_t i = 0; i <= line.len && n < COLUMNS; i++) {
			if (i == line.len || line.ptr[i] == '\t') {
				fields[n++] = bp_str_make(line.ptr + at, i - at);
				at = i + 1;
			}
		}
		found = bp_str_is(fields[PASS], "json_default") &&
			bp_str_is(fields[SCENARIO], table[scenario].scenario);
		for (size_t i = 0; found && i < sizeof(columns) / sizeof(columns[0]); i++) {
			truth.of[columns[i].field] =
				bp_test_number(fields[columns[i].column].ptr, 0);
		}
	}
	free(text);
	ck_assert_msg(found, "%s is not in the oracle", table[scenario].scenario);
	return truth;
}

/** What a source can know of it. */
static struct totals expected(size_t scenario, enum source source)
{
	struct totals want = read_truth(scenario);

	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
		if ((exceptions[i].sources & source) == 0 ||
		    strcmp(exceptions[i].scenario, table[scenario].scenario) != 0) {
			continue;
		}
		ck_assert_int_eq(want.of[exceptions[i].field], exceptions[i].truth);
		want.of[exceptions[i].field] = exceptions[i].got;
	}
	for (int field = RESPONSES; source == HOOKS && field < FIELDS; field++) {
		want.of[field] = 0;
	}
	return want;
}

/* --- what the programs say --- */

static int64_t number(const cJSON *root, const char *path)
{
	return llround(bp_test_json_number(root, path));
}

static void add_metrics(const cJSON *json, const char *prefix, struct totals *sum)
{
	static const struct {
		enum field field;
		const char *name;
	} names[] = {
		{TOOL_CALLS, "tool_calls"},
		{OK, "tool_calls_ok"},
		{ERROR_, "tool_calls_error"},
		{DENIED, "tool_calls_denied"},
		{REJECTED, "tool_calls_rejected"},
		{PENDING, "tool_calls_pending"},
		{PENDING, "tool_calls_interrupted"},
		{PROMPTS, "prompts"},
		{SESSIONS, "sessions"},
		{COMPACTIONS, "compactions"},
		{SUBAGENTS, "subagents"},
		{ADDED, "lines_added"},
		{REMOVED, "lines_removed"},
		{RESPONSES, "responses"},
		{INPUT, "tokens_input"},
		{CACHE_WRITE, "tokens_cache_write_5m"},
		{CACHE_WRITE, "tokens_cache_write_1h"},
		{CACHE_READ, "tokens_cache_read"},
		{OUTPUT, "tokens_output"},
		{ABORTED, "aborted_calls"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "%s.%s", prefix, names[i].name);
		sum->of[names[i].field] += number(json, path);
	}
}

static void add_analysis(const cJSON *json, struct totals *sum)
{
	sum->of[SESSIONS]++;
	sum->of[TOOL_CALLS] += number(json, "tool_calls.total");
	sum->of[OK] += number(json, "tool_calls.ok");
	sum->of[ERROR_] += number(json, "tool_calls.error");
	sum->of[DENIED] += number(json, "tool_calls.denied");
	sum->of[REJECTED] += number(json, "tool_calls.rejected");
	sum->of[PENDING] += number(json, "tool_calls.pending");
	/* After 30 minutes a call without an end is shown as interrupted. */
	sum->of[PENDING] += number(json, "tool_calls.interrupted");
	sum->of[PROMPTS] += number(json, "prompts");
	sum->of[COMPACTIONS] += number(json, "compactions");
	sum->of[SUBAGENTS] += cJSON_GetArraySize(bp_test_json_at(json, "subagents"));
	sum->of[ADDED] += number(json, "edits.lines_added");
	sum->of[REMOVED] += number(json, "edits.lines_removed");
	sum->of[RESPONSES] += number(json, "responses");
	sum->of[INPUT] += number(json, "tokens.input");
	sum->of[CACHE_WRITE] += number(json, "tokens.cache_write_5m");
	sum->of[CACHE_WRITE] += number(json, "tokens.cache_write_1h");
	sum->of[CACHE_READ] += number(json, "tokens.cache_read");
	sum->of[OUTPUT] += number(json, "tokens.output");
	/* analyze shows no count of cut streams but in its metrics. */
	sum->of[ABORTED] += number(json, "metrics.aborted_calls");
}

static void check(const char *scenario, const char *command, const struct totals *want,
		  const struct totals *got)
{
	for (int field = 0; field < FIELDS; field++) {
		ck_assert_msg(got->of[field] == want->of[field],
			      "%s, %s: %s: %" PRId64 ", expected %" PRId64, scenario, command,
			      field_names[field], got->of[field], want->of[field]);
	}
}

/* nftw() gives its callback no argument. */
static struct {
	char of[SESSIONS_MAX][64];
	size_t n;
} sessions;

static int add_session(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	const char *name = path + where->base;
	size_t n = strlen(name);

	(void)st;
	if (kind == FTW_F && n > 6 && strcmp(name + n - 6, ".jsonl") == 0 &&
	    !strstr(path, "/subagents/")) {
		ck_assert_uint_lt(sessions.n, SESSIONS_MAX);
		(void)snprintf(sessions.of[sessions.n++], 64, "%.*s", (int)n - 6, name);
	}
	return 0;
}

/** The scenario's sessions by the names of its transcripts. */
static void find_sessions(const char *scenario)
{
	char below[PATH_BYTES];

	sessions.n = 0;
	(void)snprintf(below, sizeof(below), "recorded/claude/transcripts/%s", scenario);
	ck_assert_int_eq(nftw(data_folder(below), add_session, 8, FTW_PHYS), 0);
}

/** Every scenario, each of its sessions, and all of them together. */
static void check_all(enum source source)
{
	struct totals all = {{0}};
	struct totals got_all = {{0}};

	for (size_t i = 0; i < SCENARIOS; i++) {
		struct totals want = expected(i, source);
		struct totals analyzed = {{0}};
		struct totals measured = {{0}};
		find_sessions(table[i].scenario);
		for (size_t s = 0; s < sessions.n; s++) {
			cJSON *json = bp_test_cli_json(&home, "analyze", sessions.of[s], NULL);
			add_analysis(json, &analyzed);
			cJSON_Delete(json);
			json = bp_test_cli_json(&home, "metrics", "-s", sessions.of[s], NULL);
			add_metrics(json, "metrics", &measured);
			cJSON_Delete(json);
		}
		check(table[i].scenario, "analyze", &want, &analyzed);
		check(table[i].scenario, "metrics -s", &want, &measured);
		for (int field = 0; field < FIELDS; field++) {
			all.of[field] += want.of[field];
		}
	}
	cJSON *json = bp_test_cli_json(&home, "metrics", "-p", "all", NULL);
	add_metrics(json, "metrics", &got_all);
	cJSON_Delete(json);
	check("all scenarios", "metrics -p all", &all, &got_all);
	json = bp_test_cli_json(&home, "sessions", "-n", "1000", NULL);
	ck_assert_int_eq(number(json, "total"), all.of[SESSIONS]);
	cJSON_Delete(json);
}

/* --- in --- */

/** As the assistant leaves them: every project folder below HOME/.claude/projects. */
static void place_transcripts(const char *to)
{
	for (size_t i = 0; i < SCENARIOS; i++) {
		char below[PATH_BYTES];
		(void)snprintf(below, sizeof(below), "recorded/claude/transcripts/%s",
			       table[i].scenario);
		bp_test_copy(data_folder(below), to);
	}
}

static void check_import(const cJSON *json)
{
	const cJSON *file = NULL;

	cJSON_ArrayForEach (file, bp_test_json_at(json, "by_file")) {
		ck_assert_int_eq(number(file, "lines"),
				 number(file, "rows") + number(file, "duplicates") +
					 number(file, "dead_letters") + number(file, "oversize"));
	}
	ck_assert_int_eq(number(json, "dead_letters"), 0);
	ck_assert_int_gt(number(json, "lines"), 1000);
}

static void import(const char *path)
{
	cJSON *json = bp_test_cli_json(&home, "import", path, NULL);

	check_import(json);
	cJSON_Delete(json);
}

/** Every recorded payload through blueplane-hook, one process each. */
static size_t send_hooks(void)
{
	size_t sent = 0;

	for (size_t i = 0; i < SCENARIOS; i++) {
		char below[PATH_BYTES];
		struct bp_str line;
		size_t bytes = 0;
		(void)snprintf(below, sizeof(below), "recorded/claude/hooks/%s.jsonl",
			       table[i].scenario);
		char *text = bp_test_read_file(data_folder(below), &bytes);
		ck_assert_ptr_nonnull(text);
		struct bp_str rest = bp_str_make(text, bytes);
		while (bp_line_next(&rest, &line)) {
			bp_test_hook(&home, line.ptr, line.len);
			sent++;
		}
		free(text);
	}
	return sent;
}

START_TEST(transcripts_alone_give_the_served_totals)
{
	if (!data_folder("recorded/claude/ORACLE.tsv")) {
		return;
	}
	place_transcripts(home.projects);
	bp_test_service_start(&home);
	/* The service reads the folder itself; the import waits until all of it is in. */
	import(NULL);
	check_all(FILES);
	import(home.projects);
	check_all(FILES);
	bp_test_service_stop(&home);
}
END_TEST

START_TEST(without_a_service_the_import_gives_the_same)
{
	if (!data_folder("recorded/claude/ORACLE.tsv")) {
		return;
	}
	place_transcripts(home.projects);
	import(home.projects);
	check_all(FILES);
}
END_TEST

START_TEST(hooks_alone_and_then_with_transcripts_give_the_served_totals)
{
	if (!data_folder("recorded/claude/ORACLE.tsv")) {
		return;
	}
	bp_test_service_start(&home);
	size_t sent = send_hooks();
	ck_assert_uint_gt(sent, 500);
	bp_test_wait_final(&home);
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	ck_assert_int_eq(number(status, "database.rows"), (int64_t)sent);
	cJSON_Delete(status);
	check_all(HOOKS);
	place_transcripts(home.projects);
	import(NULL);
	check_all(BOTH);
	bp_test_service_stop(&home);
}
END_TEST

/* --- any order --- */

/* The same paths and the same salt in every home: ids are hashes of both. */
static char shared[64];

static void shared_setup(void)
{
	(void)snprintf(shared, sizeof(shared), "/tmp/bp-order-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(shared));
}

static const char *shared_file(const char *name)
{
	static char paths[4][PATH_BYTES];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, PATH_BYTES, "%s/%s", shared, name);
	return path;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static void fresh_home(void)
{
	bp_test_home_remove(&home);
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	bp_test_copy(shared_file("salt"), bp_test_home_file(&home, "salt"));
	bp_test_service_start(&home);
}

/** Let the service find the hooks' events in its spool, as after a time without Redis. */
static void spool_hooks(void)
{
	const struct dirent *entry;
	DIR *dir = opendir(shared_file("spool"));

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL) {
		char from[PATH_BYTES];
		char name[300];
		if (entry->d_name[0] == '.') {
			continue;
		}
		(void)snprintf(from, sizeof(from), "%s/spool/%s", shared, entry->d_name);
		(void)snprintf(name, sizeof(name), "spool/tmp/%s", entry->d_name);
		bp_test_copy(from, bp_test_home_file(&home, name));
		const char *tmp = bp_test_home_file(&home, name);
		(void)snprintf(name, sizeof(name), "spool/new/%s", entry->d_name);
		ck_assert_int_eq(rename(tmp, bp_test_home_file(&home, name)), 0);
	}
	(void)closedir(dir);
	bp_test_wait_final(&home);
}

static int64_t rows(void)
{
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	int64_t n = number(status, "database.rows");

	ck_assert_int_eq(number(status, "fact_errors"), 0);
	cJSON_Delete(status);
	return n;
}

static void dump(struct bp_buf *out)
{
	struct bp_test_world world = {0};
	struct bp_err err = {0};

	bp_buf_init(out, DUMP_MAX);
	ck_assert_ok(bp_sql_open(bp_test_home_file(&home, "telemetry.db"), BP_SQL_READ, 1 << 22,
				 &world.read, &err),
		     err);
	bp_test_world_dump(&world, out);
	bp_sql_close(world.read);
}

static void check_same(const char *order, const struct bp_buf *first, int64_t first_rows)
{
	struct bp_buf again;
	size_t at = 0;

	ck_assert_int_eq(rows(), first_rows);
	dump(&again);
	while (at < first->len && at < again.len && first->ptr[at] == again.ptr[at]) {
		at++;
	}
	if (at < first->len || at < again.len) {
		while (at > 0 && first->ptr[at - 1] != '\n') {
			at--;
		}
		ck_abort_msg("%s: other facts:\n%.700s\n%.700s", order, first->ptr + at,
			     again.ptr + at);
	}
	bp_buf_done(&again);
}

/** Leave the first half of every transcript, cut within a line. */
static int cut_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)where;
	return kind == FTW_F ? truncate(path, st->st_size / 2) : 0;
}

static void make_spool(void)
{
	/* Once up, so that there is a salt and a hook.conf; then away. */
	bp_test_service_start(&home);
	bp_test_service_stop(&home);
	size_t sent = send_hooks();
	ck_assert_int_eq(rename(bp_test_home_file(&home, "spool/new"), shared_file("spool")), 0);
	ck_assert_int_eq(rename(bp_test_home_file(&home, "salt"), shared_file("salt")), 0);
	ck_assert_uint_gt(sent, 500);
}

START_TEST(facts_are_the_same_byte_for_byte_in_any_order)
{
	struct bp_buf first;

	if (!data_folder("recorded/claude/ORACLE.tsv")) {
		return;
	}
	shared_setup();
	make_spool();
	place_transcripts(shared_file("projects"));

	fresh_home();
	spool_hooks();
	import(shared_file("projects"));
	int64_t n = rows();
	ck_assert_int_gt(n, 1500);
	dump(&first);

	fresh_home();
	import(shared_file("projects"));
	spool_hooks();
	check_same("import before hooks", &first, n);

	fresh_home();
	import(shared_file("projects"));
	spool_hooks();
	import(shared_file("projects"));
	check_same("import twice, hooks between", &first, n);

	fresh_home();
	ck_assert_int_eq(nftw(shared_file("projects"), cut_one, 8, FTW_PHYS), 0);
	cJSON_Delete(bp_test_cli_json(&home, "import", shared_file("projects"), NULL));
	spool_hooks();
	place_transcripts(shared_file("projects"));
	import(shared_file("projects"));
	check_same("half of every file, hooks, the other half", &first, n);

	bp_buf_done(&first);
	ck_assert_int_eq(nftw(shared, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}
END_TEST

BP_TEST_MAIN(setup, teardown, transcripts_alone_give_the_served_totals,
	     without_a_service_the_import_gives_the_same,
	     hooks_alone_and_then_with_transcripts_give_the_served_totals,
	     facts_are_the_same_byte_for_byte_in_any_order)
