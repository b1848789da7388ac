/* SPDX-License-Identifier: MIT */
#include "store/archive.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/raw_columns.h"
#include "support/run.h"
#include "support/tmpdir.h"

enum { ROWS = 900, KILLS = 24 };

/* 2026-01-31T00:00:00Z: rows are a day apart in thirds, over four months. */
static const int64_t FIRST_US = 1769817600000000;
static const int64_t STEP_US = 10800000000;

static struct bp_sql *sql;
static struct bp_codec *codec;
static struct bp_writer_lock *lock;
static struct bp_raw_writer *writer;
static struct bp_raw_reader *reader;
static struct bp_arena arena;
static struct bp_archive archive;
static struct bp_err err;

static void open_all(void)
{
	ck_assert_ok(bp_sql_open(bp_test_tmpdir("t.db"), BP_SQL_WRITE, 4 << 20, &sql, &err), err);
	ck_assert_ok(bp_store_migrate(sql, &err), err);
	codec = bp_codec_new();
	lock = bp_writer_lock_new();
	ck_assert_ok(bp_codec_store(codec, sql, &err), err);
	ck_assert_ok(bp_raw_writer_new(sql, codec, &writer, &err), err);
	ck_assert_ok(bp_raw_reader_new(sql, codec, &reader, &err), err);
	static char folder[BP_TEST_PATH_BYTES];
	(void)snprintf(folder, sizeof(folder), "%s", bp_test_tmpdir("archive"));
	archive = (struct bp_archive){.sql = sql, .codec = codec, .lock = lock, .folder = folder};
}

static void close_all(void)
{
	bp_raw_writer_free(writer);
	bp_raw_reader_free(reader);
	bp_codec_free(codec);
	bp_writer_lock_free(lock);
	bp_sql_close(sql);
}

static int64_t ask(const char *text)
{
	struct bp_statement *statement = NULL;

	ck_assert_ok(bp_statement_new(sql, text, &statement, &err), err);
	ck_assert_ok(bp_statement_step(statement, &err), err);
	int64_t value = bp_column_int(statement, 0);
	bp_statement_free(statement);
	return value;
}

static void setup(void)
{
	bp_test_tmpdir_make();
	err = (struct bp_err){0};
	open_all();
}

static void teardown(void)
{
	bp_arena_done(&arena);
	arena = (struct bp_arena){0};
	close_all();
	bp_test_tmpdir_remove();
}

static unsigned seed = 1;

static unsigned next_random(void)
{
	seed = seed * 1103515245U + 12345U;
	return seed >> 8;
}

/* Text that may be absent, empty, a UUID, or of any bytes that UTF-8 allows. */
static struct bp_str some_text(void)
{
	static const char *const texts[] = {NULL,
					    "",
					    "x",
					    "01234567-89ab-cdef-0123-456789abcdef",
					    "0123456789abcdef",
					    "\xE6\xBC\xA2\xF0\x9F\xA6\x80",
					    "01234567-89AB-CDEF-0123-456789ABCDEF",
					    "claude-opus-4-5"};

	return bp_str_from(texts[next_random() % 8]);
}

static struct bp_event make_event(unsigned k, char payload[256])
{
	static const char *const platforms[] = {"claude_code", "claude_code", "codex"};
	static const char *const sessions[] = {"s-one", "s-two", "s-three", "s-four", "s-five"};
	struct bp_event event;
	uint8_t random[10] = {(uint8_t)(k >> 8), (uint8_t)k};

	seed = k + 1;
	bp_event_init(&event);
#define FIELD(field, column) event.field = some_text();
	BP_RAW_NAMES(FIELD)
	BP_RAW_UUIDS(FIELD)
	BP_RAW_TEXTS(FIELD)
#undef FIELD
#define FIELD(field, column) event.field = next_random() % 3 ? next_random() : BP_ABSENT;
	BP_RAW_NUMBERS(FIELD)
#undef FIELD
	event.ts_us = FIRST_US + (int64_t)k * STEP_US;
	event.ts_source = (enum bp_ts_source)(k % 3);
	event.projection_version = 7;
	event.level = (enum bp_level)(k % 3);
	event.is_sidechain = k % 2;
	event.is_meta = k % 5 == 0;
	event.platform = bp_str_from(platforms[k % 3]);
	event.session_id = bp_str_from(sessions[k / 7 % 5]);
	event.event_type = k % 4 ? BP_STR("tool_use") : BP_STR("user_prompt");
	event.source = BP_STR("hook");
	bp_event_id_v7(event.ts_us, random, event.id);
	(void)snprintf(payload, 256, "{\"k\":%u,\"text\":\"%.*s\"}", k, (int)(k % 200),
		       "the quick brown fox jumps over the lazy dog the quick brown fox jumps over "
		       "the lazy dog the quick brown fox jumps over the lazy dog the quick brown "
		       "fox jumps over the lazy dog the quick brown fox");
	event.payload = bp_str_from(payload);
	return event;
}

static enum bp_put put_event(unsigned k)
{
	char payload[256];
	struct bp_event event = make_event(k, payload);
	enum bp_put what = BP_PUT_PURGED;
	int64_t sequence = 0;

	ck_assert_ok(bp_raw_put(writer, &event, FIRST_US + k, &what, &sequence, &err), err);
	return what;
}

/* Put all rows; how many were new. */
static int put_all(void)
{
	int n = 0;

	ck_assert_ok(bp_sql_begin(sql, &err), err);
	ck_assert_ok(bp_raw_writer_begin(writer, &err), err);
	for (unsigned k = 0; k < ROWS; k++) {
		n += put_event(k) == BP_PUT_NEW ? 1 : 0;
	}
	ck_assert_ok(bp_sql_commit(sql, &err), err);
	return n;
}

/* Facts of all rows are made. */
static void set_low_water(void)
{
	ck_assert_ok(bp_sql_exec(sql,
				 "INSERT OR REPLACE INTO pool_progress SELECT 'conversations',"
				 " 'claude_row', max(sequence) FROM claude_row;"
				 "INSERT OR REPLACE INTO pool_progress SELECT 'conversations',"
				 " 'other_row', max(sequence) FROM other_row",
				 &err),
		     err);
}

/* The log, row by row, as text: what is the same here is the same in every column. */
static char *dump(void)
{
	struct bp_buf out;
	char hex[BP_EVENT_ID_HEX_BYTES + 1];

	bp_buf_init(&out, 64 << 20);
	for (enum bp_raw_table table = BP_RAW_CLAUDE; table < BP_RAW_TABLES; table++) {
		struct bp_raw_row row;
		int64_t after = 0;
		size_t n = 0;

		for (;; after = row.sequence) {
			bp_arena_clear(&arena);
			ck_assert_ok(bp_raw_read(reader, table, after, 1, &arena, &row, &n, &err),
				     err);
			if (n == 0) {
				break;
			}
			const struct bp_event *e = &row.event;
			bp_event_id_hex(e->id, hex);
			bp_buf_printf(&out, "%d %s %lld %lld %lld %d %d %d %d %d %.*s", (int)table,
				      hex, (long long)row.sequence, (long long)row.ingested_us,
				      (long long)e->ts_us, e->ts_source, e->projection_version,
				      e->level, e->is_sidechain, e->is_meta,
				      BP_STR_ARG(e->payload));
#define FIELD(field, column)                                                                       \
	bp_buf_printf(&out, " %s=%s%.*s", #column, e->field.ptr ? "" : "NULL",                     \
		      BP_STR_ARG(e->field));
			BP_RAW_NAMES(FIELD)
			BP_RAW_UUIDS(FIELD)
			BP_RAW_TEXTS(FIELD)
#undef FIELD
#define FIELD(field, column) bp_buf_printf(&out, " %s=%lld", #column, (long long)e->field);
			BP_RAW_NUMBERS(FIELD)
#undef FIELD
			bp_buf_add_char(&out, '\n');
		}
	}
	ck_assert(bp_buf_ok(&out));
	return out.ptr ? out.ptr : bp_strdup(BP_STR(""));
}

/* How the stored columns are, which the dump does not show: types and compressed bytes aside. */
static int64_t type_sum(void)
{
	return ask("SELECT sum(typeof(uuid) = 'blob') + 1000 * sum(typeof(parent_uuid) = 'text')"
		   " + 1000000 * sum(flags) FROM claude_row");
}

static enum bp_rc move_all(bool keep, int64_t *out_rows)
{
	struct bp_archive_part *parts = NULL;
	size_t n = 0;
	enum bp_rc rc = bp_archive_plan(sql, INT64_MAX, &parts, &n, &err);

	*out_rows = 0;
	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		int64_t rows = 0;
		rc = bp_archive_move(&archive, &parts[i], keep, &rows, &err);
		*out_rows += rows;
	}
	free(parts);
	return rc;
}

static enum bp_rc restore_all(int64_t *out_rows)
{
	struct bp_archive_entry *entries = NULL;
	size_t n = 0;
	enum bp_rc rc = bp_archive_list(sql, NULL, NULL, &entries, &n, &err);

	*out_rows = 0;
	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		int64_t rows = 0;
		rc = bp_archive_restore(&archive, &entries[i], &rows, &err);
		*out_rows += rows;
	}
	free(entries);
	return rc;
}

static int problems;

static void count_problem(void *arg, const char *path, const char *what)
{
	(void)arg;
	(void)fprintf(stderr, "# %s: %s\n", path, what);
	problems++;
}

static int check(void)
{
	problems = 0;
	ck_assert_ok(bp_archive_check(&archive, true, count_problem, NULL, &err), err);
	return problems;
}

START_TEST(rows_leave_and_come_back_as_they_were)
{
	int64_t rows = 0;

	ck_assert_int_eq(put_all(), ROWS);
	set_low_water();
	char *before = dump();
	int64_t types = type_sum();
	ck_assert_ok(move_all(true, &rows), err);
	ck_assert_int_eq(rows, ROWS);
	ck_assert_int_eq(ask("SELECT count(*) FROM claude_row"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM other_row"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM archived_event"), ROWS);
	ck_assert_int_eq(ask("SELECT sum(rows) FROM archive_file WHERE state = 1"), ROWS);
	/* Four months and a day of two platforms. */
	ck_assert_int_eq(ask("SELECT count(*) FROM archive_file"), 10);
	ck_assert_int_eq(ask("SELECT count(DISTINCT external_id) FROM archived_session"), 5);
	ck_assert_int_eq(check(), 0);

	ck_assert_ok(restore_all(&rows), err);
	ck_assert_int_eq(rows, ROWS);
	char *after = dump();
	ck_assert_int_eq(strcmp(before, after), 0);
	ck_assert_int_eq(type_sum(), types);
	ck_assert_int_eq(ask("SELECT count(*) FROM archived_event"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM archive_file"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM archived_session"), 0);
	/* Nothing is left of its folders either. */
	ck_assert_int_eq(check(), 0);
	ck_assert_int_ne(access(bp_test_tmpdir("archive/platform=codex"), F_OK), 0);
	free(before);
	free(after);
}
END_TEST

START_TEST(archived_rows_are_refused_and_deleted_ones_too)
{
	int64_t rows = 0;

	ck_assert_int_eq(put_all(), ROWS);
	set_low_water();
	ck_assert_ok(move_all(true, &rows), err);
	ck_assert_int_eq(put_all(), 0);
	ck_assert_ok(restore_all(&rows), err);
	ck_assert_ok(move_all(false, &rows), err);
	ck_assert_int_eq(rows, ROWS);
	ck_assert_int_eq(ask("SELECT count(*) FROM archive_file"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM archived_session WHERE path = ''"), 10);
	ck_assert_int_eq(put_all(), 0);
	/* Recovery does not unseal what was deleted. */
	ck_assert_ok(bp_archive_recover(&archive, &err), err);
	ck_assert_int_eq(ask("SELECT count(*) FROM archived_session WHERE path = ''"), 10);
}
END_TEST

START_TEST(a_writer_that_was_open_before_sees_what_was_archived)
{
	int64_t rows = 0;
	char payload[256];
	struct bp_event late;
	enum bp_put what = BP_PUT_PURGED;
	int64_t sequence = 0;

	put_all();
	set_low_water();
	ck_assert_ok(move_all(true, &rows), err);
	ck_assert_ok(bp_sql_begin(sql, &err), err);
	ck_assert_ok(bp_raw_writer_begin(writer, &err), err);
	ck_assert_int_eq(put_event(0), BP_PUT_DUPLICATE);
	ck_assert_int_eq(put_event(ROWS - 1), BP_PUT_DUPLICATE);
	late = make_event(ROWS, payload);
	ck_assert_ok(bp_raw_put(writer, &late, 1, &what, &sequence, &err), err);
	ck_assert_int_eq(what, BP_PUT_NEW);
	ck_assert_ok(bp_sql_commit(sql, &err), err);
}
END_TEST

START_TEST(only_old_rows_with_facts_go)
{
	struct bp_archive_part *parts = NULL;
	int64_t rows = 0;
	size_t n = 0;

	put_all();
	ck_assert_ok(bp_archive_plan(sql, INT64_MAX, &parts, &n, &err), err);
	ck_assert_uint_eq(n, 0); /* no facts are made yet */
	free(parts);
	set_low_water();
	/* February has 28 days of 8 rows, January one of 8. */
	int64_t before_us = FIRST_US + 29 * 8 * STEP_US;
	ck_assert_ok(bp_archive_plan(sql, before_us, &parts, &n, &err), err);
	ck_assert_uint_eq(n, 4);
	ck_assert_str_eq(parts[0].month, "2026-01");
	ck_assert_str_eq(parts[0].platform, "claude_code");
	ck_assert_str_eq(parts[3].month, "2026-02");
	ck_assert_str_eq(parts[3].platform, "codex");
	for (size_t i = 0; i < n; i++) {
		rows += parts[i].rows;
	}
	ck_assert_int_eq(rows, 29 * 8);
	ck_assert_ok(bp_archive_move(&archive, &parts[2], true, &rows, &err), err);
	ck_assert_int_eq(rows, parts[2].rows);
	ck_assert_int_eq(ask("SELECT count(*) FROM claude_row"), 600 - rows);
	free(parts);
}
END_TEST

START_TEST(free_pages_are_given_back)
{
	int64_t rows = 0;

	put_all();
	set_low_water();
	ck_assert_ok(move_all(true, &rows), err);
	ck_assert_int_gt(ask("PRAGMA freelist_count"), 0);
	ck_assert_ok(bp_archive_vacuum(&archive, &err), err);
	ck_assert_int_eq(ask("PRAGMA freelist_count"), 0);
}
END_TEST

START_TEST(a_stop_ends_it_and_the_next_run_goes_on)
{
	struct bp_stop stop;
	int64_t rows = 0;

	put_all();
	set_low_water();
	char *before = dump();
	ck_assert_ok(bp_stop_open(&stop, &err), err);
	bp_stop_request(&stop);
	archive.stop = &stop;
	ck_assert_rc(move_all(true, &rows), BP_ESTOPPED);
	archive.stop = NULL;
	bp_stop_close(&stop);
	ck_assert_ok(bp_archive_recover(&archive, &err), err);
	char *after = dump();
	ck_assert_int_eq(strcmp(before, after), 0);
	ck_assert_int_eq(check(), 0);
	free(before);
	free(after);
}
END_TEST

static enum bp_archive_fate drop_session_one(void *arg, struct bp_raw_row *row)
{
	(void)arg;
	if (bp_str_is(row->event.session_id, "s-one")) {
		return BP_ARCHIVE_DROP;
	}
	if (bp_str_is(row->event.session_id, "s-two")) {
		row->event.payload = BP_STR("{\"cut\":1}");
		return BP_ARCHIVE_CHANGED;
	}
	return BP_ARCHIVE_KEEP;
}

static enum bp_archive_fate drop_all(void *arg, struct bp_raw_row *row)
{
	(void)arg;
	(void)row;
	return BP_ARCHIVE_DROP;
}

static int64_t rewrite_all(enum bp_archive_fate (*fate)(void *arg, struct bp_raw_row *row))
{
	struct bp_archive_entry *entries = NULL;
	int64_t dropped = 0;
	size_t n = 0;

	ck_assert_ok(bp_archive_list(sql, NULL, NULL, &entries, &n, &err), err);
	for (size_t i = 0; i < n; i++) {
		int64_t some = 0;
		ck_assert_ok(bp_archive_rewrite(&archive, &entries[i], fate, NULL, &some, &err),
			     err);
		dropped += some;
	}
	free(entries);
	return dropped;
}

START_TEST(a_file_is_rewritten_without_some_rows)
{
	int64_t rows = 0;

	put_all();
	set_low_water();
	int64_t of_one = ask("SELECT (SELECT count(*) FROM claude_row WHERE session = (SELECT id "
			     "FROM name WHERE text = 's-one')) + (SELECT count(*) FROM other_row "
			     "WHERE session = (SELECT id FROM name WHERE text = 's-one'))");
	ck_assert_int_gt(of_one, 100);
	ck_assert_ok(move_all(true, &rows), err);
	ck_assert_int_eq(rewrite_all(drop_session_one), of_one);
	ck_assert_int_eq(check(), 0);
	ck_assert_int_eq(ask("SELECT sum(rows) FROM archive_file"), ROWS - of_one);
	ck_assert_int_eq(ask("SELECT count(*) FROM archived_event"), ROWS - of_one);
	ck_assert_int_eq(ask("SELECT count(*) FROM archived_session WHERE external_id = 's-one'"),
			 0);
	ck_assert_int_gt(ask("SELECT count(*) FROM archived_session WHERE external_id = 's-two'"),
			 5);
	ck_assert_ok(restore_all(&rows), err);
	ck_assert_int_eq(rows, ROWS - of_one);
	char *text = dump();
	ck_assert_ptr_null(strstr(text, "session=s-one"));
	ck_assert_ptr_nonnull(strstr(text, "{\"cut\":1}"));
	free(text);

	set_low_water();
	ck_assert_ok(move_all(true, &rows), err);
	ck_assert_int_eq(rewrite_all(drop_all), rows);
	ck_assert_int_eq(ask("SELECT count(*) FROM archive_file"), 0);
	ck_assert_int_eq(check(), 0);
}
END_TEST

/* One of the operations a kill may hit, in a process of its own. */
static pid_t start_child(int round)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0) {
		return pid;
	}
	int64_t rows = 0;
	open_all();
	enum bp_rc rc = bp_archive_recover(&archive, &err);
	for (int i = 0; rc == BP_OK; i++) {
		rc = (i + round) % 2 ? restore_all(&rows) : move_all(true, &rows);
	}
	_exit(EXIT_FAILURE);
}

/* Killed at any point, nothing is lost and nothing is there twice. */
START_TEST(a_kill_at_any_point_loses_nothing)
{
	int64_t rows = 0;

	put_all();
	set_low_water();
	char *before = dump();
	close_all();
	for (int round = 0; round < KILLS; round++) {
		/* Every second child begins with rows that come back. */
		if (round % 2) {
			open_all();
			ck_assert_ok(move_all(true, &rows), err);
			close_all();
		}
		siginfo_t info = {0};
		sigset_t none;
		struct timespec wait = {0, 2000000L + (long)(next_random() % 100) * 1000000L};
		pid_t pid = start_child(round);

		/* It ends by itself only if something failed. */
		(void)sigemptyset(&none);
		(void)sigaddset(&none, SIGCHLD);
		(void)sigprocmask(SIG_BLOCK, &none, NULL);
		ck_assert_int_eq(sigtimedwait(&none, &info, &wait), -1);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		(void)sigtimedwait(&none, &info, &(struct timespec){0, 1000000});

		open_all();
		ck_assert_ok(bp_archive_recover(&archive, &err), err);
		ck_assert_int_eq(check(), 0);
		ck_assert_int_eq(ask("SELECT (SELECT count(*) FROM claude_row) + (SELECT count(*) "
				     "FROM other_row) + (SELECT coalesce(sum(rows), 0) FROM "
				     "archive_file)"),
				 ROWS);
		ck_assert_int_eq(ask("SELECT count(*) FROM archived_event"),
				 ask("SELECT coalesce(sum(rows), 0) FROM archive_file"));
		ck_assert_int_eq(put_all(), 0);
		ck_assert_ok(restore_all(&rows), err);
		char *after = dump();
		ck_assert_int_eq(strcmp(before, after), 0);
		free(after);
		close_all();
	}
	open_all();
	free(before);
}
END_TEST

START_TEST(a_file_that_was_changed_is_named_and_nothing_is_deleted_for_it)
{
	struct bp_archive_entry *entries = NULL;
	char path[BP_TEST_PATH_BYTES * 2];
	int64_t rows = 0;
	size_t n = 0;

	put_all();
	set_low_water();
	ck_assert_ok(move_all(true, &rows), err);
	ck_assert_ok(bp_archive_list(sql, "2026-02", "codex", &entries, &n, &err), err);
	ck_assert_uint_eq(n, 1);
	(void)snprintf(path, sizeof(path), "%s/%s", archive.folder, entries[0].path);
	FILE *file = fopen(path, "r+be");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseek(file, 100, SEEK_SET), 0);
	ck_assert_int_ne(fputc('!', file), EOF);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(check(), 1);
	ck_assert_rc(bp_archive_restore(&archive, &entries[0], &rows, &err), BP_ECORRUPT);
	ck_assert_int_eq(rows, 0);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(check(), 1);
	free(entries);
}
END_TEST

/* Seen to fail: without bp_archive_adopt() 0 rows are there; with a file taken that cannot be read the
 * recovery ends in BP_ECORRUPT. */
START_TEST(files_of_a_lost_database_are_adopted)
{
	static const char *const files[] = {"t.db", "t.db-wal", "t.db-shm"};
	int64_t rows = 0;
	int64_t n = 0;

	ck_assert_int_eq(put_all(), ROWS);
	set_low_water();
	ck_assert_ok(move_all(true, &rows), err);
	int64_t all = ask("SELECT count(*) FROM archive_file");
	ck_assert_int_gt(all, 2);
	close_all();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)unlink(bp_test_tmpdir(files[i]));
	}
	ck_assert_int_eq(mkdir(bp_test_tmpdir("archive/platform=x"), 0700), 0);
	ck_assert_int_eq(mkdir(bp_test_tmpdir("archive/platform=x/month=2026-01"), 0700), 0);
	bp_test_tmpdir_write("archive/platform=x/month=2026-01/part-1.parquet", "PAR1 is not it");
	open_all();
	ck_assert_ok(bp_archive_adopt(&archive, "2026-02", "codex", &n, &err), err);
	ck_assert_int_eq(n, 1);
	ck_assert_ok(bp_archive_adopt(&archive, NULL, NULL, &n, &err), err);
	ck_assert_int_eq(n, all - 1);
	ck_assert_ok(bp_archive_adopt(&archive, NULL, NULL, &n, &err), err);
	ck_assert_int_eq(n, 0);
	ck_assert_ok(bp_archive_recover(&archive, &err), err);
	ck_assert_int_eq(ask("SELECT (SELECT count(*) FROM claude_row) +"
			     " (SELECT count(*) FROM other_row)"),
			 ROWS);
	ck_assert_int_eq(ask("SELECT count(*) FROM archive_file"), 0);
	ck_assert_int_eq(
		access(bp_test_tmpdir("archive/platform=x/month=2026-01/part-1.parquet"), F_OK), 0);
	/* New ones, for which facts are still to be made. */
	ck_assert_int_eq(ask("SELECT min(sequence) FROM claude_row"), 1);
	ck_assert_int_eq(put_all(), 0);
}
END_TEST

BP_TEST_MAIN(setup, teardown, rows_leave_and_come_back_as_they_were,
	     archived_rows_are_refused_and_deleted_ones_too,
	     a_writer_that_was_open_before_sees_what_was_archived, only_old_rows_with_facts_go,
	     free_pages_are_given_back, a_stop_ends_it_and_the_next_run_goes_on,
	     a_file_is_rewritten_without_some_rows, a_kill_at_any_point_loses_nothing,
	     a_file_that_was_changed_is_named_and_nothing_is_deleted_for_it,
	     files_of_a_lost_database_are_adopted)
