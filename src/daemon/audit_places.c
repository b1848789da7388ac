/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "daemon/audit.h"
#include "store/archive.h"
#include "store/raw.h"

enum {
	READ_ROWS = 500,
	SAY_US = 100 * 1000,
	ENTRIES = 500,
	REDIS_MS = 30000,
	CHUNK_BYTES = 256 * 1024,
	OVERLAP_BYTES = 4096,
	SELECT_BYTES = 8192,
	DECODE_BYTES = 65536
};

static const struct bp_str NONE = {NULL, 0};

static void say(struct bp_audit *audit, const char *step, int64_t done, int64_t total,
		int64_t *next_us)
{
	int64_t now_us = bp_clock_mono_us();

	if (now_us < *next_us) {
		return;
	}
	*next_us = now_us + SAY_US;
	cJSON *progress = cJSON_CreateObject();
	cJSON_AddStringToObject(progress, "step", step);
	if (total > 0) {
		cJSON_AddNumberToObject(progress, "done", (double)done);
		cJSON_AddNumberToObject(progress, "total", (double)total);
	}
	audit->reply->progress(audit->reply, progress);
}

/* --- rows --- */

static enum bp_rc look_at_table(struct bp_audit *audit, struct bp_raw_reader *reader,
				enum bp_raw_table table, int64_t last, struct bp_err *err)
{
	struct bp_raw_row *rows = bp_calloc(READ_ROWS, sizeof(*rows));
	struct bp_arena arena = {0};
	int64_t after = 0;
	int64_t next_us = 0;
	size_t n = 1;
	enum bp_rc rc = BP_OK;

	while (rc == BP_OK && n > 0) {
		bp_arena_clear(&arena);
		rc = bp_raw_read(reader, table, after, READ_ROWS, &arena, rows, &n, err);
		for (size_t i = 0; rc == BP_OK && i < n; i++) {
			char where[64];
			after = rows[i].sequence;
			(void)snprintf(where, sizeof(where), "sequence %" PRId64, after);
			bp_audit_event(audit, bp_raw_table_name(table), where, &rows[i].event);
			audit->rows++;
		}
		say(audit, "rows", after, last, &next_us);
		if (rc == BP_OK && bp_stop_requested(&audit->service->stop)) {
			rc = bp_err_set(err, BP_ESTOPPED, "the service stops");
		}
	}
	bp_arena_done(&arena);
	free(rows);
	return rc;
}

enum bp_rc bp_audit_rows(struct bp_audit *audit, struct bp_err *err)
{
	struct bp_raw_reader *reader = NULL;
	struct bp_codec *codec = bp_codec_new();
	struct bp_sql *sql = NULL;
	enum bp_rc rc = bp_service_sql(audit->service, BP_SQL_READ, &sql, err);

	if (rc == BP_OK) {
		rc = bp_codec_load(codec, sql, err);
	}
	if (rc == BP_OK) {
		rc = bp_raw_reader_new(sql, codec, &reader, err);
	}
	for (int table = 0; rc == BP_OK && table < BP_RAW_TABLES; table++) {
		int64_t last = 0;
		rc = bp_raw_last(sql, (enum bp_raw_table)table, &last, err);
		if (rc == BP_OK) {
			rc = look_at_table(audit, reader, (enum bp_raw_table)table, last, err);
		}
	}
	bp_raw_reader_free(reader);
	bp_sql_close(sql);
	bp_codec_free(codec);
	return rc;
}

/* --- the archive --- */

static enum bp_rc look_at_archived(void *arg, const struct bp_raw_row *row, struct bp_err *err)
{
	struct bp_audit *audit = arg;

	(void)err;
	bp_audit_event(audit, "archive", audit->archive_file, &row->event);
	audit->archived_rows++;
	return BP_OK;
}

enum bp_rc bp_audit_archive(struct bp_audit *audit, struct bp_err *err)
{
	struct bp_archive_entry *entries = NULL;
	struct bp_sql *sql = NULL;
	int64_t next_us = 0;
	size_t n = 0;
	enum bp_rc rc = bp_service_sql(audit->service, BP_SQL_READ, &sql, err);

	if (rc == BP_OK) {
		rc = bp_archive_list(sql, NULL, NULL, &entries, &n, err);
	}
	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		say(audit, "archive", (int64_t)i, (int64_t)n, &next_us);
		(void)snprintf(audit->archive_file, sizeof(audit->archive_file), "%s",
			       entries[i].path);
		rc = bp_archive_rows(audit->service->archive, &entries[i], &audit->service->stop,
				     look_at_archived, audit, err);
	}
	free(entries);
	bp_sql_close(sql);
	return rc;
}

/* --- facts --- */

/* Columns that hold text, with the rule that allows it; all others of these tables hold names. */
static const struct {
	const char *table, *column;
	enum bp_kept what; /* BP_KEPT_N: always allowed */
} TEXTS[] = {
	{"conversations", "title", BP_KEPT_TITLE},
	{"conversations", "project_name", BP_KEPT_PROJECT},
	{"conversations", "models", BP_KEPT_N},
	{"tool_calls", "program", BP_KEPT_PROGRAM},
	{"tool_calls", "mcp_server", BP_KEPT_MCP},
	{"tool_calls", "mcp_tool", BP_KEPT_MCP},
	{"session_text", "title", BP_KEPT_TITLE},
	{"session_text", "prompts", BP_KEPT_PROMPT},
};

static const char *const FACTS[] = {
	"conversations", "conversation_turns", "model_calls",         "tool_calls",  "code_changes",
	"file_access",   "api_errors",         "permission_requests", "compactions", "subagents"};

static bool holds_names(const char *table, const char *column)
{
	bool fact = false;

	for (size_t i = 0; i < sizeof(FACTS) / sizeof(FACTS[0]); i++) {
		fact = fact || strcmp(FACTS[i], table) == 0;
	}
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		if (strcmp(TEXTS[i].table, table) == 0 && strcmp(TEXTS[i].column, column) == 0) {
			return false;
		}
	}
	return fact;
}

/** A kept text that the level does not allow any more. */
static bool is_above(const struct bp_audit *audit, const char *table, const char *column)
{
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		if (strcmp(TEXTS[i].table, table) == 0 && strcmp(TEXTS[i].column, column) == 0) {
			return TEXTS[i].what != BP_KEPT_N &&
			       !bp_kept(&audit->policies[0], TEXTS[i].what);
		}
	}
	return false;
}

/** One column, all rows. The names are the schema's own: no text from outside is in the query. */
static enum bp_rc look_at_column(struct bp_audit *audit, struct bp_sql *sql, const char *table,
				 const char *column, struct bp_err *err)
{
	char query[SELECT_BYTES];
	char place[BP_AUDIT_PLACE_BYTES];
	struct bp_statement *select = NULL;
	bool name = holds_names(table, column);
	bool above = is_above(audit, table, column);

	(void)snprintf(place, sizeof(place), "%.40s.%.40s", table, column);
	(void)snprintf(
		query, sizeof(query),
		"SELECT DISTINCT \"%.100s\" FROM \"%.100s\" WHERE typeof(\"%.100s\") = 'text'",
		column, table, column);
	enum bp_rc rc = bp_statement_new(sql, query, &select, err);
	while (rc == BP_OK && (rc = bp_statement_step(select, err)) == BP_OK) {
		struct bp_str text = bp_column_text(select, 0);
		bp_audit_text(audit, place, "", NONE, text, name);
		if (above && text.len > 0) {
			bp_audit_found(audit, place, "above the level", "", "");
		}
		audit->facts++;
	}
	bp_statement_free(select);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_audit_facts(struct bp_audit *audit, struct bp_err *err)
{
	/* The index's own tables hold the words of session_text; rows were looked at inflated. */
	static const char COLUMNS[] =
		"SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c"
		" WHERE t.type = 'table' AND c.type IN ('TEXT', 'ANY')"
		" AND t.sql NOT LIKE 'CREATE VIRTUAL%' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'"
		" AND t.name NOT LIKE 'session!_search!_%' ESCAPE '!'"
		" AND t.name NOT LIKE '%!_row' ESCAPE '!'";
	struct bp_statement *columns = NULL;
	struct bp_sql *sql = NULL;
	int64_t next_us = 0;
	enum bp_rc rc = bp_service_sql(audit->service, BP_SQL_READ, &sql, err);

	if (rc == BP_OK) {
		rc = bp_statement_new(sql, COLUMNS, &columns, err);
	}
	while (rc == BP_OK && (rc = bp_statement_step(columns, err)) == BP_OK) {
		char *table = bp_strdup(bp_column_text(columns, 0));
		char *column = bp_strdup(bp_column_text(columns, 1));
		say(audit, "facts", 0, 0, &next_us);
		rc = look_at_column(audit, sql, table, column, err);
		free(table);
		free(column);
	}
	bp_statement_free(columns);
	bp_sql_close(sql);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* --- Redis --- */

static void look_at_entry(struct bp_audit *audit, const char *stream, const struct bp_entry *entry,
			  char *space)
{
	struct bp_event event;
	const char *reason = NULL;
	char where[64];

	(void)snprintf(where, sizeof(where), "entry %.40s", entry->id);
	for (size_t i = 0; i < entry->n_fields; i++) {
		struct bp_str value = entry->fields[i].value;
		if (bp_str_is(entry->fields[i].name, "e") &&
		    bp_event_decode(value, space, DECODE_BYTES, &event, &reason)) {
			bp_audit_event(audit, stream, where, &event);
		} else {
			bp_audit_text(audit, stream, where, NONE, value, false);
		}
	}
	audit->entries++;
}

static enum bp_rc look_at_stream(struct bp_audit *audit, struct bp_redis *redis, const char *stream,
				 struct bp_err *err)
{
	struct bp_arena arena = {0};
	struct bp_entry *entries = NULL;
	char after[BP_STREAM_ID_BYTES] = "";
	char *space = bp_calloc(1, DECODE_BYTES);
	int64_t next_us = 0;
	size_t n = 1;
	enum bp_rc rc = BP_OK;

	while (rc == BP_OK && n > 0) {
		bp_arena_clear(&arena);
		rc = bp_stream_range(redis, stream, *after ? after : NULL, NULL, ENTRIES, &arena,
				     &entries, &n, err);
		for (size_t i = 0; rc == BP_OK && i < n; i++) {
			look_at_entry(audit, stream, &entries[i], space);
		}
		if (rc == BP_OK && n > 0) {
			(void)snprintf(after, sizeof(after), "%s", entries[n - 1].id);
		}
		say(audit, "queue", 0, 0, &next_us);
	}
	free(space);
	bp_arena_done(&arena);
	return rc;
}

enum bp_rc bp_audit_redis(struct bp_audit *audit, struct bp_err *err)
{
	static const char *const streams[] = {BP_STREAM_EVENTS, BP_STREAM_DLQ, BP_STREAM_CDC};
	struct bp_redis *redis = NULL;
	enum bp_rc rc = bp_service_redis(audit->service, REDIS_MS, &redis, err);

	for (size_t i = 0; rc == BP_OK && i < sizeof(streams) / sizeof(streams[0]); i++) {
		rc = look_at_stream(audit, redis, streams[i], err);
	}
	bp_redis_close(redis);
	return rc;
}

/* --- files --- */

struct file_walk {
	struct bp_audit *audit;
	const char *home;
	char *chunk; /* OVERLAP_BYTES + CHUNK_BYTES */
	int64_t next_us;
};

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/** Members that hold text, as they stand in a wire event. */
static void look_for_keys(struct bp_audit *audit, const char *name, const char *bytes, size_t n)
{
	for (int i = 0; i < BP_KEPT_N; i++) {
		const char *keys = bp_kept_rules[i].keys;
		while (keys && *keys && !bp_kept(&audit->policies[0], (enum bp_kept)i)) {
			char member[64];
			size_t len = strcspn(keys, " ");
			int used = snprintf(member, sizeof(member), "\"%.*s\":", (int)len, keys);
			if (memmem(bytes, n, member, (size_t)used)) {
				bp_audit_found(audit, name, "above the level",
					       bp_kept_rules[i].name, "");
			}
			keys += len + (keys[len] == ' ' ? 1 : 0);
		}
	}
}

static void look_at_bytes(struct file_walk *walk, const char *name, int fd)
{
	size_t kept = 0;
	ssize_t n;

	while ((n = read(fd, walk->chunk + kept, CHUNK_BYTES)) > 0) {
		size_t len = kept + (size_t)n;
		bp_audit_text(walk->audit, name, "", NONE, bp_str_make(walk->chunk, len), false);
		look_for_keys(walk->audit, name, walk->chunk, len);
		kept = len < OVERLAP_BYTES ? len : OVERLAP_BYTES;
		memmove(walk->chunk, walk->chunk + len - kept, kept);
		say(walk->audit, "files", 0, 0, &walk->next_us);
	}
}

static bool look_at_file(const char *path, bool is_dir, void *arg)
{
	struct file_walk *walk = arg;
	const char *name = path + strlen(walk->home) + 1;
	struct stat st;

	/* The database and the archive were looked at as what they hold; the salt is random; the options are the
	   user's own words. */
	if (is_dir || stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
	    begins(name, "telemetry.db") || strcmp(name, "salt") == 0 ||
	    begins(name, "config.yaml") || begins(name, "run/") || begins(name, "archive/")) {
		return true;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		walk->audit->files++;
		look_at_bytes(walk, name, fd);
		(void)close(fd);
	}
	return true;
}

void bp_audit_files(struct bp_audit *audit)
{
	struct file_walk walk = {.audit = audit, .home = audit->service->home};

	walk.chunk = bp_calloc(1, CHUNK_BYTES + OVERLAP_BYTES);
	bp_file_walk(walk.home, look_at_file, &walk);
	free(walk.chunk);
}
