/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/home.h"
#include "base/mem.h"
#include "event/hash.h"
#include "store/checkpoint.h"
#include "torture/torture.h"

enum {
	CACHE_BYTES = 16 * 1024 * 1024,
	OUTPUT_BYTES_MAX = 16 * 1024 * 1024,
	DUMP_BYTES_MAX = 1024 * 1024 * 1024,
	SAID_MAX = 20,
	LOSS_US = 2 * 1000 * 1000 /* a kill -9 of Redis may cost so much of hook-only events */
};

static void fail(struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void fail(struct check *check, const char *format, ...)
{
	va_list list;

	if (check->failures++ >= SAID_MAX) {
		return;
	}
	(void)fputs("FAILED: ", stdout);
	va_start(list, format);
	(void)vprintf(format, list);
	va_end(list);
	(void)fputs("\n", stdout);
}

static struct bp_sql *open_database(const struct check *check)
{
	char path[TORTURE_PATH_BYTES * 2];
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};

	(void)snprintf(path, sizeof(path), "%s/telemetry.db", check->home->home);
	if (bp_sql_open(path, BP_SQL_READ, CACHE_BYTES, &sql, &err) != BP_OK) {
		torture_give_up("%s", err.msg);
	}
	return sql;
}

static struct bp_statement *select_of(struct bp_sql *sql, const char *text)
{
	struct bp_statement *statement = NULL;
	struct bp_err err = {0};

	if (bp_statement_new(sql, text, &statement, &err) != BP_OK) {
		torture_give_up("%s: %s", text, err.msg);
	}
	return statement;
}

static int64_t number_of(struct bp_sql *sql, const char *text)
{
	struct bp_statement *statement = select_of(sql, text);
	struct bp_err err = {0};

	if (bp_statement_step(statement, &err) != BP_OK) {
		torture_give_up("%s: %s", text, err.msg);
	}
	int64_t number = bp_column_int(statement, 0);
	bp_statement_free(statement);
	return number;
}

/** The stored checkpoint of a file. */
static bool load(const struct check *check, struct bp_sql *sql, const struct world_file *file,
		 struct bp_checkpoint *out)
{
	unsigned char salt[BP_SALT_BYTES];
	struct bp_hash_key key;
	struct bp_err err = {0};
	char name[64];

	if (bp_home_salt(check->home->home, salt, &err) != BP_OK) {
		torture_give_up("%s", err.msg);
	}
	bp_hash_key_init(&key, salt);
	(void)snprintf(name, sizeof(name), "claude_code:%s",
		       bp_hash_path(&key, bp_str_from(file->path), (struct bp_str){NULL, 0}).text);
	return bp_checkpoint_load(sql, bp_str_from(name), out, &err) == BP_OK;
}

/** Where the last line of a file ends; blank ones and half ones behind it do not count. */
static bool stands_at_end(const struct world_file *file, const struct bp_checkpoint *at)
{
	struct stat st;
	char rest[4096];

	if (stat(file->path, &st) != 0 || at->at.inode != (int64_t)st.st_ino ||
	    at->at.to_bytes > st.st_size || st.st_size - at->at.to_bytes >= (int64_t)sizeof(rest)) {
		return false;
	}
	FILE *stream = fopen(file->path, "re");
	if (!stream) {
		return false;
	}
	(void)fseek(stream, (long)at->at.to_bytes, SEEK_SET);
	size_t n = fread(rest, 1, sizeof(rest) - 1, stream);
	(void)fclose(stream);
	rest[n] = '\0';
	return strspn(rest, " \t\r\n") == n ||
	       (file->open_end && strspn(rest, " \t\r\n") == n - 20 && !strchr(rest, '}'));
}

bool check_arrived(struct check *check)
{
	struct bp_sql *sql = open_database(check);
	bool arrived = true;

	for (size_t i = 0; arrived && i < check->world->n_files; i++) {
		const struct world_file *file = &check->world->files[i];
		struct bp_checkpoint at;

		arrived = file->lines == 0 ||
			  (load(check, sql, file, &at) && stands_at_end(file, &at));
	}
	bp_sql_close(sql);
	return arrived;
}

static void check_file(struct check *check, struct bp_sql *sql, const struct world_file *file)
{
	struct bp_checkpoint at = {0};
	const char *name = strrchr(file->path, '/') + 1;

	if (!load(check, sql, file, &at)) {
		if (file->lines > 0) {
			fail(check, "%s: %lld lines, and no checkpoint", name,
			     (long long)file->lines);
		}
		return;
	}
	if (!stands_at_end(file, &at)) {
		fail(check, "%s: stored up to byte %lld, which is not its end", name,
		     (long long)at.at.to_bytes);
	}
	if (at.lines != at.rows + at.duplicates + at.dead_letters + at.oversize + at.purged) {
		fail(check,
		     "%s: %lld lines are not %lld rows + %lld duplicates + %lld dead letters + "
		     "%lld oversize",
		     name, (long long)at.lines, (long long)at.rows, (long long)at.duplicates,
		     (long long)at.dead_letters, (long long)at.oversize);
	}
	if (at.lines != file->lines || at.dead_letters != file->dead ||
	    at.oversize != file->oversize || at.purged != 0) {
		fail(check,
		     "%s (generation %lld): counted %lld lines, %lld dead, %lld oversize; it has "
		     "%lld, %lld, %lld",
		     name, (long long)at.at.generation, (long long)at.lines,
		     (long long)at.dead_letters, (long long)at.oversize, (long long)file->lines,
		     (long long)file->dead, (long long)file->oversize);
	}
	check->rows += at.rows;
	check->duplicates += at.duplicates;
	check->generations += at.at.generation;
}

static void expect(struct check *check, const char *what, int64_t got, int64_t want)
{
	if (got != want) {
		fail(check, "%s: %lld, should be %lld", what, (long long)got, (long long)want);
	}
}

static void check_rows(struct check *check, struct bp_sql *sql)
{
	const struct world_truth *truth = &check->world->truth;

	expect(check, "rows of transcripts",
	       number_of(sql, "SELECT count(*) FROM claude_row WHERE source <>"
			      " coalesce((SELECT id FROM name WHERE text = 'hook'), -1)"),
	       truth->rows);
	expect(check, "event ids that are not unique",
	       number_of(sql, "SELECT count(*) - count(DISTINCT event_id) FROM claude_row"), 0);
	expect(check, "rows of other platforms", number_of(sql, "SELECT count(*) FROM other_row"),
	       0);
	expect(check, "rows that made no fact", number_of(sql, "SELECT count(*) FROM fact_error"),
	       0);
	struct bp_statement *check_all_pages = select_of(sql, "PRAGMA integrity_check");
	struct bp_err err = {0};
	if (bp_statement_step(check_all_pages, &err) != BP_OK ||
	    !bp_str_is(bp_column_text(check_all_pages, 0), "ok")) {
		fail(check, "the database fails its integrity check");
	}
	bp_statement_free(check_all_pages);
}

static void check_facts(struct check *check, struct bp_sql *sql)
{
	const struct world_truth *truth = &check->world->truth;

	expect(check, "prompts",
	       number_of(sql, "SELECT count(*) FROM conversation_turns WHERE from_line = 1"
			      " AND human = 1 AND is_sidechain = 0"),
	       truth->prompts);
	expect(check, "model calls", number_of(sql, "SELECT count(*) FROM model_calls"),
	       truth->model_calls);
	expect(check, "output tokens",
	       number_of(sql, "SELECT coalesce(sum(output), 0) FROM model_calls"),
	       truth->output_tokens);
	expect(check, "tool calls", number_of(sql, "SELECT count(*) FROM tool_calls"),
	       truth->tool_calls);
}

/** What `blueplane metrics` prints of all time. */
static void check_metrics(struct check *check)
{
	struct bp_buf text;

	bp_buf_init(&text, OUTPUT_BYTES_MAX);
	int code = run_blueplane(check->home, &text, "metrics", "--json", "--period=all");
	cJSON *root = cJSON_Parse(text.ptr ? text.ptr : "");
	const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(root, "metrics");
	const cJSON *prompts = cJSON_GetObjectItemCaseSensitive(metrics, "prompts");
	if (code != 0 || !cJSON_IsNumber(prompts)) {
		fail(check, "blueplane metrics --json: exit code %d, and no number of prompts",
		     code);
	} else if (llround(prompts->valuedouble) < check->world->truth.prompts) {
		/* Prompts that only a hook told of come on top. */
		fail(check, "blueplane metrics: %.0f prompts, the files alone have %lld",
		     prompts->valuedouble, (long long)check->world->truth.prompts);
	}
	cJSON_Delete(root);
	bp_buf_done(&text);
}

/** How long before the death of a Redis a missing hook was answered, BP_SQL_NULL: no excuse. */
static int64_t loss_age(const struct check *check, const struct hook_call *call, bool *emptied)
{
	int64_t best_us = BP_SQL_NULL;

	for (size_t i = 0; i < check->n_deaths; i++) {
		const struct redis_death *death = &check->deaths[i];
		int64_t age_us = death->at_us - call->end_us;

		if (call->start_us <= death->at_us &&
		    (best_us == BP_SQL_NULL || age_us < best_us)) {
			best_us = age_us;
			*emptied = death->emptied;
		}
	}
	return best_us;
}

static void check_hooks(struct check *check, struct bp_sql *sql)
{
	static const char select[] = "SELECT count(*) FROM claude_row WHERE session = (SELECT id "
				     "FROM name WHERE text = ?1)";
	struct bp_statement *statement = select_of(sql, select);
	struct bp_err err = {0};

	for (size_t i = 0; i < check->hooks->n; i++) {
		const struct hook_call *call = &check->hooks->calls[i];
		char name[32];
		bool emptied = false;

		(void)snprintf(name, sizeof(name), "hook-%zu", i);
		bp_bind_text(statement, 1, bp_str_from(name));
		int64_t n = bp_statement_step(statement, &err) == BP_OK
				    ? bp_column_int(statement, 0)
				    : -1;
		bp_statement_reset(statement);
		if (n == 1) {
			check->hooks_stored++;
			continue;
		}
		int64_t age_us = loss_age(check, call, &emptied);
		if (n != 0) {
			fail(check, "the event of %s is stored %lld times", name, (long long)n);
		} else if (age_us == BP_SQL_NULL || (!emptied && age_us > LOSS_US)) {
			fail(check,
			     "the event of %s is lost, answered %lld ms before Redis was killed "
			     "(-1: never was)",
			     name, age_us == BP_SQL_NULL ? -1 : (long long)(age_us / 1000));
		}
		if (n == 0) {
			int64_t *oldest_us =
				emptied ? &check->oldest_emptied_us : &check->oldest_us;

			*(emptied ? &check->lost_emptied : &check->lost) += 1;
			*oldest_us = age_us > *oldest_us ? age_us : *oldest_us;
		}
	}
	bp_statement_free(statement);
	if (check->hooks->bad > 0) {
		fail(check, "%lld hooks printed something or did not exit 0",
		     (long long)check->hooks->bad);
	}
}

static void add_bytes(struct bp_buf *out, struct bp_str bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char byte = (unsigned char)bytes.ptr[i];

		if (byte < 32 || byte > 126) {
			bp_buf_printf(out, "\\%02x", byte);
		} else {
			bp_buf_add_char(out, (char)byte);
		}
	}
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/** A table as sorted lines: equal text is equal facts. */
static void dump_table(struct bp_sql *sql, const char *table, struct bp_buf *out)
{
	char *select = bp_asprintf("SELECT * FROM \"%s\"", table);
	struct bp_statement *statement = select_of(sql, select);
	struct bp_err err = {0};
	struct bp_buf line;
	char **lines = NULL;
	size_t n = 0;

	bp_buf_init(&line, DUMP_BYTES_MAX);
	while (bp_statement_step(statement, &err) == BP_OK) {
		bp_buf_clear(&line);
		bp_buf_printf(&line, "%s", table);
		for (int i = 0; i < bp_column_count(statement); i++) {
			bp_buf_printf(&line, "|%s", bp_column_is_null(statement, i) ? "NULL" : "");
			add_bytes(&line, bp_column_blob(statement, i));
		}
		if ((n & (n - 1)) == 0) {
			lines = bp_realloc(lines, n ? n * 2 : 1, sizeof(*lines));
		}
		lines[n++] = bp_strdup(bp_buf_str(&line));
	}
	bp_statement_free(statement);
	if (n > 1) {
		qsort(lines, n, sizeof(*lines), compare_lines);
	}
	for (size_t i = 0; i < n; i++) {
		bp_buf_printf(out, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
	free(select);
	bp_buf_done(&line);
}

/** Everything that is derived from the log. */
static void dump_facts(struct bp_sql *sql, struct bp_buf *out)
{
	struct bp_statement *tables = select_of(
		sql,
		"SELECT name FROM sqlite_master WHERE type = 'table'"
		/* An index of words remembers in which order it was written; its text is compared. */
		" AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'session_search%'"
		" AND name NOT IN ('name', 'zlib_dictionary', 'blob',"
		" 'claude_row', 'other_row', 'capture_checkpoint', 'pool_progress', 'tombstone')"
		" ORDER BY name");
	struct bp_err err = {0};

	while (bp_statement_step(tables, &err) == BP_OK) {
		char *table = bp_strdup(bp_column_text(tables, 0));
		dump_table(sql, table, out);
		free(table);
	}
	bp_statement_free(tables);
}

/** The first line in which two dumps differ. */
static void tell_difference(struct check *check, const char *before, const char *after)
{
	size_t i = 0;

	while (before[i] && before[i] == after[i]) {
		i++;
	}
	while (i > 0 && before[i - 1] != '\n') {
		i--;
	}
	fail(check, "a rebuild gives other facts: \"%.*s\" became \"%.*s\"",
	     (int)strcspn(before + i, "\n"), before + i, (int)strcspn(after + i, "\n"), after + i);
}

static void check_rebuild(struct check *check, struct bp_sql *sql)
{
	struct bp_buf before;
	struct bp_buf after;

	bp_buf_init(&before, DUMP_BYTES_MAX);
	bp_buf_init(&after, DUMP_BYTES_MAX);
	dump_facts(sql, &before);
	int code = run_blueplane(check->home, NULL, "rebuild", NULL, NULL);
	expect(check, "exit code of blueplane rebuild", code, 0);
	dump_facts(sql, &after);
	if (before.len == 0 || strcmp(before.ptr, after.ptr ? after.ptr : "") != 0) {
		tell_difference(check, before.ptr ? before.ptr : "", after.ptr ? after.ptr : "");
	}
	bp_buf_done(&before);
	bp_buf_done(&after);
}

void check_all(struct check *check)
{
	struct bp_sql *sql = open_database(check);

	for (size_t i = 0; i < check->world->n_files; i++) {
		check_file(check, sql, &check->world->files[i]);
	}
	check_rows(check, sql);
	check_facts(check, sql);
	check_hooks(check, sql);
	check_metrics(check);
	check_rebuild(check, sql);
	bp_sql_close(sql);
}
