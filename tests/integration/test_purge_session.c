/* SPDX-License-Identifier: MIT */
/*
 * test_purge_session.c - after `purge --session X` no file of the home holds a byte of X: not raw,
 * not as 16 bytes, not in an inflated row, not in the AOF or the WAL; it does not come back; what
 * others told stays, and is what a rebuild makes of it.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/mem.h"
#include "store/raw.h"
#include "support/run.h"
#include "support/service.h"

#define SAMPLE BP_TEST_SOURCE_DIR "/examples/claude-code/projects"
#define FOLDER "-home-sample-harbour-sample"
#define PURGED "5a3b1e01-0000-4000-8000-000000000001"
#define KEPT "5a3b1e03-0000-4000-8000-000000000003"
#define FORK "5a3b1e09-0000-4000-8000-000000000009"

enum { FORK_BYTES = 65536, OPEN_FOLDERS = 16, ROWS_AT_ONCE = 100 };

static const unsigned char purged_bytes[16] = {0x5a, 0x3b, 0x1e, 0x01, 0x00, 0x00, 0x40, 0x00,
					       0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01};

static struct bp_test_home home;
static struct bp_err err;
static char found[512]; /* the first file with a trace */
static int searched;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

static bool has(const char *bytes, size_t n)
{
	return memmem(bytes, n, PURGED, sizeof(PURGED) - 1) != NULL ||
	       memmem(bytes, n, purged_bytes, sizeof(purged_bytes)) != NULL;
}

static int search_file(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	size_t n = 0;

	(void)where;
	if (kind == FTW_F && S_ISREG(st->st_mode)) {
		char *bytes = bp_test_read_file(path, &n);
		searched++;
		if (bytes && has(bytes, n) && !found[0]) {
			(void)snprintf(found, sizeof(found), "%s", path);
		}
		free(bytes);
	}
	return 0;
}

/** How many rows hold it once they are inflated. */
static int search_rows(void)
{
	static struct bp_raw_row rows[ROWS_AT_ONCE];
	struct bp_codec *codec = bp_codec_new();
	struct bp_raw_reader *reader = NULL;
	struct bp_arena arena = {0};
	struct bp_sql *sql = NULL;
	int64_t after = 0;
	size_t n = 1;
	int hits = 0;

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
			after = rows[i].sequence;
			ck_assert_ptr_nonnull(rows[i].event.payload.ptr);
			hits += has(rows[i].event.payload.ptr, rows[i].event.payload.len) ||
				bp_str_is(rows[i].event.session_id, PURGED);
		}
	}
	bp_raw_reader_free(reader);
	bp_sql_close(sql);
	bp_codec_free(codec);
	bp_arena_done(&arena);
	return hits;
}

/** Nothing of it anywhere. */
static void assert_no_trace(void)
{
	found[0] = '\0';
	searched = 0;
	ck_assert_int_eq(nftw(home.home, search_file, OPEN_FOLDERS, FTW_PHYS), 0);
	ck_assert_msg(!found[0], "a trace in %s", found);
	ck_assert_int_gt(searched, 5);
	ck_assert_int_eq(search_rows(), 0);
}

/** A session that was forked from the purged one: its lines copied, and a line of its own. */
static void write_fork(void)
{
	char from[512];
	char to[512];
	char *text = bp_calloc(1, FORK_BYTES);
	size_t len = 0;

	(void)snprintf(from, sizeof(from), "%s/" FOLDER "/" PURGED ".jsonl", home.projects);
	(void)snprintf(to, sizeof(to), "%s/" FOLDER "/" FORK ".jsonl", home.projects);
	char *lines = bp_test_read_file(from, NULL);
	for (char *line = lines; *line;) {
		char *end = strchr(line, '\n');
		char *id = strstr(line, PURGED);
		*end = '\0';
		ck_assert_ptr_nonnull(id);
		/* "...","sessionId":"FORK","requestSessionId":"PURGED",... as 2.1.328 writes it */
		int n = snprintf(text + len, FORK_BYTES - len,
				 "%.*s" FORK "\",\"requestSessionId\":\"" PURGED "%s\n",
				 (int)(id - line), line, id + sizeof(PURGED) - 1);
		len += (size_t)n;
		ck_assert_uint_lt(len, FORK_BYTES - 1024);
		line = end + 1;
	}
	int n = snprintf(text + len, FORK_BYTES - len,
			 "{\"parentUuid\":null,\"isSidechain\":false,\"cwd\":\"/home/sample/"
			 "harbour-sample\",\"sessionId\":\"" FORK "\",\"version\":\"2.1.328\","
			 "\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"SAMPLE: "
			 "once more\"},\"uuid\":\"5a3b1e09-0001-4000-8000-000000000001\","
			 "\"timestamp\":\"2026-01-05T12:00:00.000Z\"}\n");
	bp_test_write_file(to, text, len + (size_t)n);
	free(lines);
	free(text);
}

static void send_hooks(void)
{
	static const char live[] = "{\"session_id\":\"" PURGED "\",\"cwd\":\"/home/sample/"
				   "harbour-sample\",\"hook_event_name\":\"SessionEnd\","
				   "\"reason\":\"exit\"}";
	bp_test_hook(&home, live, sizeof(live) - 1);
}

static char *numbers(const char *session)
{
	cJSON *json = session ? bp_test_cli_json(&home, "analyze", session, "--timeline", NULL)
			      : bp_test_cli_json(&home, "metrics", "-p", "all", NULL);
	char *text = cJSON_PrintUnformatted(json);

	cJSON_Delete(json);
	return text;
}

static void assert_same(const char *session, char *before)
{
	char *after = numbers(session);

	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}

static void assert_unknown(void)
{
	struct bp_test_output out;

	bp_test_cli(&home, &out, "analyze", PURGED, "--json", NULL);
	ck_assert_int_eq(out.code, 1);
	ck_assert_uint_eq(out.out_bytes, 0);
	bp_test_output_done(&out);
}

static void purge(void)
{
	cJSON *result = bp_test_cli_json(&home, "purge", "--session", PURGED, "--yes", NULL);

	ck_assert_int_gt((int)bp_test_json_number(result, "rows"), 15);
	ck_assert_int_gt((int)bp_test_json_number(result, "files_searched"), 5);
	cJSON_Delete(result);
}

START_TEST(no_byte_is_left_and_it_does_not_come_back)
{
	bp_test_copy(SAMPLE, home.projects);
	write_fork();
	bp_test_service_start(&home);
	bp_test_wait_final(&home);
	send_hooks();
	bp_test_wait_final(&home);
	ck_assert_int_gt(search_rows(), 15);
	char *kept = numbers(KEPT);

	purge();
	assert_no_trace();
	assert_unknown();
	assert_same(KEPT, kept);

	/* What the fork copied is its own now, and what a rebuild makes of it. */
	char *fork_numbers = numbers(FORK);
	char *all = numbers(NULL);
	cJSON *fork = cJSON_Parse(fork_numbers);
	ck_assert_int_eq((int)bp_test_json_number(fork, "prompts"), 3);
	cJSON_Delete(fork);
	struct bp_test_output out;
	bp_test_cli(&home, &out, "rebuild", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
	assert_same(FORK, fork_numbers);
	assert_same(NULL, all);

	/* Its file is still there, and is read again. */
	bp_test_service_stop(&home);
	bp_test_service_start(&home);
	cJSON *import = bp_test_cli_json(&home, "import", NULL);
	ck_assert_int_eq((int)bp_test_json_number(import, "rows"), 0);
	ck_assert_int_eq((int)bp_test_json_number(import, "purged"), 18);
	cJSON_Delete(import);
	assert_unknown();
	assert_no_trace();
	bp_test_service_stop(&home);
	assert_no_trace();
}
END_TEST

START_TEST(a_purge_works_without_a_service_and_shows_what_would_go)
{
	bp_test_copy(SAMPLE, home.projects);
	cJSON *import = bp_test_cli_json(&home, "import", NULL);
	int rows = (int)bp_test_json_number(import, "rows");
	cJSON_Delete(import);

	cJSON *plan = bp_test_cli_json(&home, "purge", "--session", PURGED, "--dry-run", NULL);
	ck_assert_int_eq((int)bp_test_json_number(plan, "sessions"), 1);
	ck_assert_int_eq((int)bp_test_json_number(plan, "rows"), 18);
	cJSON_Delete(plan);
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	ck_assert_int_eq((int)bp_test_json_number(status, "database.rows"), rows);
	cJSON_Delete(status);

	/* Nobody to ask, and not told to go on: nothing happens. */
	struct bp_test_output out;
	bp_test_cli(&home, &out, "purge", "--session", PURGED, NULL);
	ck_assert_int_eq(out.code, 2);
	bp_test_output_done(&out);

	purge();
	assert_no_trace();
	assert_unknown();
}
END_TEST

START_TEST(with_allow_recapture_it_comes_back)
{
	bp_test_copy(SAMPLE, home.projects);
	cJSON *import = bp_test_cli_json(&home, "import", NULL);
	int rows = (int)bp_test_json_number(import, "rows");
	cJSON_Delete(import);
	cJSON_Delete(bp_test_cli_json(&home, "purge", "--session", PURGED, "--yes",
				      "--allow-recapture", NULL));
	assert_unknown();
	import = bp_test_cli_json(&home, "import", NULL);
	ck_assert_int_eq((int)bp_test_json_number(import, "rows"), 18);
	cJSON_Delete(import);
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	ck_assert_int_eq((int)bp_test_json_number(status, "database.rows"), rows);
	cJSON_Delete(status);
}
END_TEST

START_TEST(everything_can_be_purged)
{
	bp_test_copy(SAMPLE, home.projects);
	bp_test_service_start(&home);
	bp_test_wait_final(&home);
	cJSON_Delete(bp_test_cli_json(&home, "import", NULL));
	cJSON_Delete(bp_test_cli_json(&home, "purge", "--all", "--yes", NULL));
	assert_no_trace();
	cJSON *sessions = bp_test_cli_json(&home, "sessions", NULL);
	ck_assert_int_eq((int)bp_test_json_number(sessions, "total"), 0);
	cJSON_Delete(sessions);
	bp_test_service_stop(&home);
}
END_TEST

BP_TEST_MAIN(setup, teardown, no_byte_is_left_and_it_does_not_come_back,
	     a_purge_works_without_a_service_and_shows_what_would_go,
	     with_allow_recapture_it_comes_back, everything_can_be_purged)
