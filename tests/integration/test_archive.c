/* SPDX-License-Identifier: MIT */
/*
 * test_archive.c - rows leave the log for Parquet files and come back: every number stays, a second
 * import brings nothing back, rebuild and purge know the files, and retention runs by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/out.h"
#include "store/archive_file.h"
#include "store/raw.h"
#include "support/npm.h"
#include "support/run.h"
#include "support/service.h"

#define SAMPLE BP_TEST_SOURCE_DIR "/examples/claude-code/projects"
#define ONE "5a3b1e01-0000-4000-8000-000000000001"

enum { ROWS_AT_ONCE = 100, WIRE_BYTES = 1 << 20, ROUNDS = 6 };

static struct bp_test_home home;
static struct bp_err err;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

static int number(const cJSON *json, const char *name)
{
	return (int)bp_test_json_number(json, name);
}

/** The number in a command's answer. */
static int ask(const char *path, const char *verb, const char *first, const char *second)
{
	cJSON *json = bp_test_cli_json(&home, verb, first, second, NULL);
	int value = number(json, path);

	cJSON_Delete(json);
	return value;
}

static char *answer(const char *verb, const char *a, const char *b, const char *c, const char *d)
{
	struct bp_test_output out;

	bp_test_cli(&home, &out, verb, "--json", a, b, c, d, NULL);
	ck_assert_msg(out.code == 0, "%s %s: %s", verb, a, out.err);
	/* What it projects from the present hour changes with it. */
	cJSON *json = cJSON_Parse(out.out);
	cJSON_DeleteItemFromObject(json, "month");
	cJSON_DeleteItemFromObject(json, "active_block");
	char *text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	bp_test_output_done(&out);
	return text;
}

/** They are the same; if not, print where they begin to differ. */
static void check_same(const char *a, const char *b, const char *when)
{
	size_t i = 0;

	while (a[i] && a[i] == b[i]) {
		i++;
	}
	ck_assert_msg(a[i] == b[i], "%s: at byte %zu: %.200s, not %.200s", when, i,
		      b + (i < 60 ? 0 : i - 60), a + (i < 60 ? 0 : i - 60));
}

enum { ANSWERS = 6 };

/** What the commands say of all time. */
static void ask_all(char *answers[ANSWERS])
{
	answers[0] = answer("metrics", "-p", "all", "--group-by", "project");
	answers[1] = answer("costs", "-p", "all", "--by", "model");
	answers[2] = answer("costs", "-p", "all", "--by", "session");
	answers[3] = answer("sessions", "-n", "100", "--sort", "started");
	answers[4] = answer("analyze", ONE, "--timeline", "--tools", "--files");
	answers[5] = answer("costs", "-p", "all", "--by", "day");
}

static void check_all(char *before[ANSWERS], const char *when)
{
	char *now[ANSWERS];

	ask_all(now);
	for (int i = 0; i < ANSWERS; i++) {
		check_same(before[i], now[i], when);
		free(now[i]);
	}
}

static void done_all(char *answers[ANSWERS])
{
	for (int i = 0; i < ANSWERS; i++) {
		free(answers[i]);
	}
}

/** Every row of the log with all its columns, the payload inflated, as text. Owns: free(). */
static char *dump_rows(void)
{
	static struct bp_raw_row rows[ROWS_AT_ONCE];
	struct bp_codec *codec = bp_codec_new();
	struct bp_raw_reader *reader = NULL;
	struct bp_arena arena = {0};
	struct bp_sql *sql = NULL;
	struct bp_buf dump;
	int64_t after = 0;
	size_t n = 1;
	char *wire = bp_calloc(1, WIRE_BYTES);

	bp_buf_init(&dump, 64 << 20);
	ck_assert_ok(
		bp_sql_open(bp_test_home_file(&home, "telemetry.db"), BP_SQL_READ, 0, &sql, &err),
		err);
	ck_assert_ok(bp_codec_load(codec, sql, &err), err);
	ck_assert_ok(bp_raw_reader_new(sql, codec, &reader, &err), err);
	while (n > 0) {
		ck_assert_ok(bp_raw_read(reader, BP_RAW_CLAUDE, after, ROWS_AT_ONCE, &arena, rows,
					 &n, &err),
			     err);
		for (size_t i = 0; i < n; i++) {
			struct bp_out out = bp_out_make(wire, WIRE_BYTES);

			bp_event_encode(&rows[i].event, &out);
			after = rows[i].sequence;
			bp_buf_printf(&dump, "%lld %lld %d %d ", (long long)after,
				      (long long)rows[i].ingested_us, rows[i].event.is_sidechain,
				      rows[i].event.is_meta);
			bp_buf_add_str(&dump, bp_out_str(&out));
			bp_buf_add_char(&dump, '\n');
		}
		bp_arena_clear(&arena);
	}
	bp_raw_reader_free(reader);
	bp_sql_close(sql);
	bp_codec_free(codec);
	bp_arena_done(&arena);
	free(wire);
	ck_assert(bp_buf_ok(&dump));
	return dump.ptr ? dump.ptr : bp_strdup(BP_STR(""));
}

/** Archive every row that is older than tomorrow; how many went. */
static int archive_all(void)
{
	cJSON *json = bp_test_cli_json(&home, "archive", "--before", "2100-01-01", "--yes", NULL);
	int rows = number(json, "rows");

	ck_assert(cJSON_IsTrue(bp_test_json_at(json, "keep")));
	cJSON_Delete(json);
	return rows;
}

static void check_verified(void)
{
	cJSON *json = bp_test_cli_json(&home, "archive", "verify", NULL);

	ck_assert(cJSON_IsTrue(bp_test_json_at(json, "ok")));
	cJSON_Delete(json);
	json = bp_test_cli_json(&home, "db", "verify", NULL);
	ck_assert(cJSON_IsTrue(bp_test_json_at(json, "ok")));
	cJSON_Delete(json);
}

static void read_with_duckdb(int rows)
{
	char text[16];
	const char *args[] = {bp_test_home_file(&home, "archive"), text, NULL};

	(void)snprintf(text, sizeof(text), "%d", rows);
	if (bp_test_npm(BP_TEST_SOURCE_DIR, BP_TEST_BIN_DIR)) {
		ck_assert_int_eq(bp_test_npm_run("read_archive.mjs", args, NULL), 0);
	}
}

START_TEST(every_number_stays_and_every_row_comes_back)
{
	char *before[ANSWERS];

	bp_test_service_start(&home);
	int rows = ask("rows", "import", SAMPLE, NULL);
	ck_assert_int_gt(rows, 40);
	ask_all(before);
	char *log = dump_rows();

	cJSON *plan =
		bp_test_cli_json(&home, "archive", "--before", "2100-01-01", "--dry-run", NULL);
	ck_assert_int_eq(number(plan, "rows"), rows);
	cJSON_Delete(plan);
	ck_assert_int_eq(ask("database.rows", "status", NULL, NULL), rows);
	ck_assert_int_eq(archive_all(), rows);
	ck_assert_int_eq(ask("database.rows", "status", NULL, NULL), 0);
	ck_assert_int_eq(ask("rows", "archive", "list", NULL), rows);
	check_verified();
	check_all(before, "archived");
	read_with_duckdb(rows);

	/* From where it was, and from a place of which no checkpoint says that it was read. */
	bp_test_copy(SAMPLE, home.projects);
	for (int i = 0; i < 2; i++) {
		cJSON *again = bp_test_cli_json(&home, "import", i ? home.projects : SAMPLE, NULL);
		ck_assert_int_eq(number(again, "rows"), 0);
		ck_assert_int_eq(number(again, "lines"), rows);
		ck_assert_int_eq(number(again, "duplicates"), number(again, "lines"));
		cJSON_Delete(again);
	}
	ck_assert_int_eq(ask("database.rows", "status", NULL, NULL), 0);

	ck_assert_int_eq(ask("rows", "rebuild", NULL, NULL), 0);
	check_all(before, "rebuilt");
	ck_assert_int_eq(ask("rows", "rebuild", "--from-archive", NULL), rows);
	check_all(before, "rebuilt from the archive");

	ck_assert_int_eq(ask("rows", "archive", "restore", NULL), rows);
	char *back = dump_rows();
	ck_assert_int_eq(strcmp(log, back), 0);
	ck_assert_int_eq(ask("rows", "archive", "list", NULL), 0);
	check_all(before, "restored");
	ck_assert_int_eq(ask("rows", "rebuild", NULL, NULL), rows);
	check_all(before, "rebuilt from restored rows");
	bp_test_service_stop(&home);
	free(log);
	free(back);
	done_all(before);
}
END_TEST

/* Half of the sessions are archived: a rebuild makes only the others anew. */
START_TEST(a_rebuild_leaves_sealed_sessions_alone)
{
	char *before[ANSWERS];

	bp_test_service_start(&home);
	int rows = ask("rows", "import", SAMPLE, NULL);
	ask_all(before);
	cJSON *some = bp_test_cli_json(&home, "archive", "--before", "2026-01-07", "--yes", NULL);
	int gone = number(some, "rows");
	cJSON_Delete(some);
	ck_assert_msg(gone > 0 && gone < rows, "%d of %d rows went: choose another day", gone,
		      rows);
	ck_assert_int_eq(ask("rows", "rebuild", NULL, NULL), rows - gone);
	check_all(before, "rebuilt");
	ck_assert_int_eq(ask("rows", "rebuild", "--from-archive", NULL), rows);
	check_all(before, "rebuilt from the archive");
	bp_test_service_stop(&home);
	done_all(before);
}
END_TEST

/** Rows of the archive that hold the text, and all of them. */
static int search_archive(const char *needle, int *out_all)
{
	cJSON *list = bp_test_cli_json(&home, "archive", "list", NULL);
	const cJSON *file = NULL;
	char *wire = bp_calloc(1, WIRE_BYTES);
	int hits = 0;

	*out_all = 0;
	cJSON_ArrayForEach (file, bp_test_json_at(list, "files")) {
		char path[512];
		struct bp_archive_reader *reader = NULL;
		struct bp_arena arena = {0};
		struct bp_raw_row row;

		(void)snprintf(path, sizeof(path), "%s/%s", bp_test_home_file(&home, "archive"),
			       bp_test_json_text(file, "path"));
		ck_assert_ok(bp_archive_reader_open(path, &reader, &err), err);
		while (bp_archive_reader_next(reader, &arena, &row, &err) == BP_OK) {
			struct bp_out out = bp_out_make(wire, WIRE_BYTES);

			bp_event_encode(&row.event, &out);
			struct bp_str text = bp_out_str(&out);
			hits += memmem(text.ptr, text.len, needle, strlen(needle)) ? 1 : 0;
			++*out_all;
		}
		bp_archive_reader_free(reader);
		bp_arena_done(&arena);
	}
	cJSON_Delete(list);
	free(wire);
	return hits;
}

START_TEST(a_purge_reaches_the_archive)
{
	int all = 0;
	int left = 0;

	bp_test_service_start(&home);
	int rows = ask("rows", "import", SAMPLE, NULL);
	ck_assert_int_eq(archive_all(), rows);
	int hits = search_archive(ONE, &all);
	ck_assert_int_gt(hits, 5);
	ck_assert_int_eq(all, rows);
	cJSON *plan = bp_test_cli_json(&home, "purge", "--session", ONE, "--dry-run", NULL);
	int planned = number(plan, "archived_rows");
	ck_assert_int_gt(planned, 5);
	ck_assert_int_eq(number(plan, "rows"), 0);
	cJSON_Delete(plan);

	cJSON *result = bp_test_cli_json(&home, "purge", "--session", ONE, "--yes", NULL);
	ck_assert_int_eq(number(result, "archived_rows"), planned);
	cJSON_Delete(result);
	ck_assert_int_eq(search_archive(ONE, &left), 0);
	ck_assert_int_eq(left, all - planned);
	check_verified();

	/* What is left is what a rebuild of what is left gives; the purged one stays away. */
	char *numbers = answer("costs", "-p", "all", "--by", "session");
	ck_assert_ptr_null(strstr(numbers, ONE));
	ck_assert_int_eq(ask("rows", "rebuild", "--from-archive", NULL), left);
	char *rebuilt = answer("costs", "-p", "all", "--by", "session");
	check_same(numbers, rebuilt, "rebuilt");
	ck_assert_int_eq(ask("rows", "import", SAMPLE, NULL), 0);
	ck_assert_int_eq(ask("rows", "archive", "restore", NULL), left);
	char *log = dump_rows();
	ck_assert_ptr_null(strstr(log, ONE));
	bp_test_service_stop(&home);
	free(numbers);
	free(rebuilt);
	free(log);
}
END_TEST

/* Started again with another retention, the service archives by itself. */
START_TEST(retention_runs_by_itself)
{
	bp_test_service_start(&home);
	int rows = ask("rows", "import", SAMPLE, NULL);
	bp_test_service_stop(&home);
	bp_test_home_env(&home, "BLUEPLANE_RETENTION_RAW_DAYS=1");
	bp_test_home_env(&home, "BLUEPLANE_RETENTION_DELAY=0s");
	bp_test_service_start(&home);
	/* Each question waits for its answer; ctest's limit ends it. */
	while (ask("rows", "archive", "list", NULL) < rows ||
	       ask("database.rows", "status", NULL, NULL) > 0) {
	}
	check_verified();
	bp_test_service_stop(&home);
}
END_TEST

START_TEST(retention_deletes_when_it_is_told_to)
{
	bp_test_service_start(&home);
	int rows = ask("rows", "import", SAMPLE, NULL);
	char *numbers = answer("costs", "-p", "all", "--by", "session");
	bp_test_service_stop(&home);
	bp_test_home_env(&home, "BLUEPLANE_RETENTION_RAW_DAYS=1");
	bp_test_home_env(&home, "BLUEPLANE_RETENTION_RAW=delete");
	bp_test_home_env(&home, "BLUEPLANE_RETENTION_DELAY=0s");
	bp_test_service_start(&home);
	while (ask("database.rows", "status", NULL, NULL) > 0) {
	}
	ck_assert_int_gt(rows, 0);
	ck_assert_int_eq(ask("rows", "archive", "list", NULL), 0);
	ck_assert_int_eq(ask("rows", "import", SAMPLE, NULL), 0);
	char *after = answer("costs", "-p", "all", "--by", "session");
	check_same(numbers, after, "deleted");
	bp_test_service_stop(&home);

	/* Facts go too when that is asked for. */
	bp_test_home_env(&home, "BLUEPLANE_RETENTION_FACTS_DAYS=2");
	bp_test_service_start(&home);
	while (ask("total", "sessions", NULL, NULL) > 0) {
	}
	bp_test_service_stop(&home);
	free(numbers);
	free(after);
}
END_TEST

/** So many lines of a session in the middle of each of the first months of 2026: rows, few facts. */
static void write_months(int months, int lines)
{
	char path[2 * BP_TEST_HOME_PATH_BYTES];
	struct bp_buf text;

	bp_buf_init(&text, 64 << 20);
	for (int i = 0; i < months * lines; i++) {
		int month = 1 + i / lines;
		bp_buf_printf(&text,
			      "{\"type\":\"system\",\"subtype\":\"away_summary\",\"content\":\"x\","
			      "\"isSidechain\":false,\"uuid\":\"5a3b1e%02d-0000-4000-8000-%012x\","
			      "\"sessionId\":\"month%02d\",\"cwd\":\"/w\",\"version\":\"2.1.328\","
			      "\"timestamp\":\"2026-%02d-15T%02d:%02d:%02d.000Z\"}\n",
			      month, (unsigned)i * 2654435761U, month, month, i / 60 / 60 % 24,
			      i / 60 % 60, i % 60);
	}
	ck_assert(bp_buf_ok(&text));
	(void)snprintf(path, sizeof(path), "%s/-w/months.jsonl", home.projects);
	bp_test_write_file(path, text.ptr, text.len);
	bp_buf_done(&text);
}

/** Rows of the log before a month. */
static int rows_before(const char *month)
{
	struct bp_test_output out;
	int n = 0;

	bp_test_cli(&home, &out, "export", "--what", "events", "-f", "jsonl", "--end", month, NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	for (const char *c = out.out; *c; c++) {
		n += *c == '\n';
	}
	bp_test_output_done(&out);
	return n;
}

/* Seen to fail: without the limit; with the newest month first; with everything that is old. */
START_TEST(over_its_limit_the_oldest_months_go_until_it_fits)
{
	enum { MONTHS = 6, LINES = 1500, LIMIT_BYTES = 2000000 };
	struct stat st;
	char next[16];

	write_months(MONTHS, LINES);
	bp_test_service_start(&home);
	ck_assert_int_eq(ask("rows", "import", home.projects, NULL), MONTHS * LINES);
	bp_test_service_stop(&home);
	ck_assert_int_eq(stat(bp_test_home_file(&home, "telemetry.db"), &st), 0);
	ck_assert_int_gt((int)st.st_size, LIMIT_BYTES + 500000);
	bp_test_home_env(&home, "BLUEPLANE_RETENTION_RAW_DAYS=0");
	bp_test_home_env(&home, "BLUEPLANE_STORAGE_MAX_MB=2");
	bp_test_home_env(&home, "BLUEPLANE_RETENTION_DELAY=0s");
	bp_test_service_start(&home);
	/* Each question waits for its answer; ctest's limit ends it. */
	do {
		(void)ask("rows", "archive", "list", NULL);
		ck_assert_int_eq(stat(bp_test_home_file(&home, "telemetry.db"), &st), 0);
	} while (st.st_size > LIMIT_BYTES);
	bp_test_service_stop(&home);
	int archived = ask("rows", "archive", "list", NULL);
	int left = ask("database.rows", "status", NULL, NULL);
	ck_assert_int_eq(archived + left, MONTHS * LINES);
	/* Whole months, no more of them than it takes. */
	ck_assert_int_eq(archived % LINES, 0);
	ck_assert_int_gt(left, 0);
	(void)snprintf(next, sizeof(next), "2026-%02d-01", archived / LINES + 1);
	ck_assert_int_eq(rows_before(next), 0);
	check_verified();
}
END_TEST

/* The service is killed while it archives or restores; the next one ends what was begun. */
START_TEST(a_killed_service_loses_nothing)
{
	char *before[ANSWERS];

	bp_test_service_start(&home);
	int rows = ask("rows", "import", SAMPLE, NULL);
	ask_all(before);
	char *log = dump_rows();
	bp_test_service_stop(&home);
	bp_test_home_env(&home, "BLUEPLANE_RETENTION_RAW_DAYS=1");
	bp_test_home_env(&home, "BLUEPLANE_RETENTION_DELAY=0s");
	for (int i = 0; i < ROUNDS; i++) {
		/* It archives from its start on; the kill comes at another point each time. */
		bp_test_service_start(&home);
		for (int k = 0; k < i; k++) {
			(void)ask("rows", "archive", "list", NULL);
		}
		bp_test_service_kill(&home, true);
	}
	bp_test_home_env(&home, "BLUEPLANE_RETENTION_RAW_DAYS=0");
	bp_test_service_start(&home);
	/* With retention off somebody has to look: an archive run with nothing to do. */
	cJSON_Delete(bp_test_cli_json(&home, "archive", "--before", "2000-01-01", "--yes", NULL));
	check_verified();
	ck_assert_int_eq(ask("rows", "archive", "list", NULL) +
				 ask("database.rows", "status", NULL, NULL),
			 rows);
	check_all(before, "after kills");
	if (ask("rows", "archive", "list", NULL) > 0) {
		cJSON_Delete(bp_test_cli_json(&home, "archive", "restore", NULL));
	}
	char *back = dump_rows();
	ck_assert_int_eq(strcmp(log, back), 0);
	bp_test_service_stop(&home);
	free(log);
	free(back);
	done_all(before);
}
END_TEST

BP_TEST_MAIN(setup, teardown, every_number_stays_and_every_row_comes_back,
	     a_rebuild_leaves_sealed_sessions_alone, a_purge_reaches_the_archive,
	     retention_runs_by_itself, retention_deletes_when_it_is_told_to,
	     over_its_limit_the_oldest_months_go_until_it_fits, a_killed_service_loses_nothing)
