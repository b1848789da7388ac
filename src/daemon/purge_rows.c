/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "capture/monitor.h"
#include "daemon/purge.h"
#include "event/hash.h"
#include "store/raw.h"

enum { READ_ROWS = 500, KEY_BYTES = 96 };

#define IS_SESSION                                                                                 \
	"session = (SELECT id FROM name WHERE text = ?1) AND platform = (SELECT id FROM name "     \
	"WHERE text = ?2)"
#define IS_PROJECT "project = (SELECT id FROM name WHERE text = ?1)"
#define IS_BEFORE "ts_us < ?1"

/* A condition, for each of the two tables: count and delete. */
struct condition {
	const char *count[BP_RAW_TABLES];
	const char *remove[BP_RAW_TABLES];
};

#define CONDITION(where)                                                                           \
	{                                                                                          \
		.count = {[BP_RAW_CLAUDE] = "SELECT count(*) FROM claude_row WHERE " where,        \
			  [BP_RAW_OTHER] = "SELECT count(*) FROM other_row WHERE " where},         \
		.remove = {[BP_RAW_CLAUDE] = "DELETE FROM claude_row WHERE " where,                \
			   [BP_RAW_OTHER] = "DELETE FROM other_row WHERE " where},                 \
	}

static const struct condition of_session = CONDITION(IS_SESSION);
static const struct condition of_project = CONDITION(IS_PROJECT);
static const struct condition of_before = CONDITION(IS_BEFORE);

/** Do something in a transaction under the writer lock. */
static enum bp_rc begin(struct bp_purge *purge, struct bp_err *err)
{
	bp_writer_lock_take(purge->service->lock, BP_WRITER_SLOW);
	enum bp_rc rc = bp_sql_begin(purge->sql, err);
	if (rc != BP_OK) {
		bp_writer_lock_give(purge->service->lock);
	}
	return rc;
}

static enum bp_rc finish(struct bp_purge *purge, enum bp_rc rc, struct bp_err *err)
{
	if (rc == BP_OK) {
		rc = bp_sql_commit(purge->sql, err);
	}
	if (rc != BP_OK) {
		bp_sql_rollback(purge->sql);
	} else {
		bp_store_cap_wal(purge->sql);
	}
	bp_writer_lock_give(purge->service->lock);
	return rc;
}

/** Run text with ?1 (text or before_us) and ?2; a query's first column goes to *out. */
static enum bp_rc run_one(struct bp_purge *purge, const char *text, struct bp_str first,
			  struct bp_str second, int64_t *out, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(purge->sql, text, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	if (first.ptr) {
		bp_bind_text(statement, 1, first);
	} else {
		bp_bind_int(statement, 1, purge->before_us);
	}
	if (second.ptr) {
		bp_bind_text(statement, 2, second);
	}
	rc = bp_statement_step(statement, err);
	if (rc == BP_OK && out) {
		*out = bp_column_int(statement, 0);
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc apply(struct bp_purge *purge, const struct condition *condition, bool only_count,
			struct bp_str first, struct bp_str second, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (int table = 0; rc == BP_OK && table < BP_RAW_TABLES; table++) {
		int64_t n = 0;

		rc = run_one(purge, condition->count[table], first, second, &n, err);
		purge->rows += n;
		if (rc != BP_OK || only_count || n == 0) {
			continue;
		}
		rc = begin(purge, err);
		if (rc == BP_OK) {
			rc = finish(
				purge,
				run_one(purge, condition->remove[table], first, second, NULL, err),
				err);
		}
	}
	return rc;
}

/** Count the rows of the scope, and delete them unless only_count. */
static enum bp_rc each_condition(struct bp_purge *purge, bool only_count, struct bp_err *err)
{
	const struct bp_str none = {NULL, 0};
	enum bp_rc rc = BP_OK;

	purge->rows = 0;
	if (purge->kind == BP_PURGE_BEFORE) {
		return apply(purge, &of_before, only_count, none, none, err);
	}
	for (size_t i = 0; rc == BP_OK && i < purge->n_whole; i++) {
		rc = apply(purge, &of_session, only_count, purge->sessions[i].external_id,
			   purge->sessions[i].platform, err);
	}
	if (only_count && purge->kind == BP_PURGE_PROJECT) {
		return rc; /* rows of a whole session would be counted twice */
	}
	for (size_t i = 0; rc == BP_OK && i < purge->n_projects; i++) {
		rc = apply(purge, &of_project, only_count, purge->projects[i], none, err);
	}
	return rc;
}

enum bp_rc bp_purge_count(struct bp_purge *purge, struct bp_err *err)
{
	return each_condition(purge, true, err);
}

static const char PUT_TOMBSTONE[] =
	"INSERT INTO tombstone (scope, key_hash, until_us) VALUES (?1, ?2, ?3) ON CONFLICT "
	"(scope, key_hash) DO UPDATE SET until_us = max(until_us, excluded.until_us)";
static const char DROP_TOMBSTONE[] =
	"DELETE FROM tombstone WHERE scope = ?1 AND key_hash = ?2 AND until_us <= ?3";

static void hash_key(struct bp_str key, char hex[2 * BP_SHA256_BYTES + 1])
{
	unsigned char hash[BP_SHA256_BYTES];
	struct bp_sha256 sha;

	hex[0] = '\0';
	if (key.len == 0) {
		return; /* "all" has none */
	}
	bp_sha256_init(&sha);
	bp_sha256_add(&sha, key.ptr, key.len);
	bp_sha256_end(&sha, hash);
	for (size_t i = 0; i < sizeof(hash); i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	}
}

static enum bp_rc put_tombstone(struct bp_statement *statement, const char *scope,
				struct bp_str key, int64_t until_us, struct bp_err *err)
{
	char hex[2 * BP_SHA256_BYTES + 1];

	hash_key(key, hex);
	bp_bind_text(statement, 1, bp_str_from(scope));
	bp_bind_text(statement, 2, bp_str_from(hex));
	bp_bind_int(statement, 3, until_us);
	return bp_statement_run(statement, err);
}

static enum bp_rc put_tombstones(struct bp_purge *purge, struct bp_err *err)
{
	const struct bp_str none = BP_STR("");
	struct bp_statement *statement = NULL;
	int64_t now_us = bp_clock_wall_us();
	enum bp_rc rc = bp_statement_new(purge->sql,
					 purge->allow_recapture ? DROP_TOMBSTONE : PUT_TOMBSTONE,
					 &statement, err);

	if (rc == BP_OK) {
		rc = begin(purge, err);
	}
	if (rc != BP_OK) {
		bp_statement_free(statement);
		return rc;
	}
	if (purge->kind == BP_PURGE_BEFORE) {
		rc = put_tombstone(statement, "all", none, purge->before_us - 1, err);
	} else if (purge->kind == BP_PURGE_ALL) {
		rc = put_tombstone(statement, "all", none, now_us, err);
	} else if (purge->kind == BP_PURGE_PLATFORM) {
		rc = put_tombstone(statement, "platform", purge->key, now_us, err);
	}
	for (size_t i = 0; rc == BP_OK && i < purge->n_projects; i++) {
		rc = put_tombstone(statement, "project", purge->projects[i], now_us, err);
	}
	bool by_session = purge->kind == BP_PURGE_SESSION || purge->kind == BP_PURGE_PROJECT;
	for (size_t i = 0; rc == BP_OK && by_session && i < purge->n_whole; i++) {
		rc = put_tombstone(statement, "session", purge->sessions[i].external_id, now_us,
				   err);
	}
	rc = finish(purge, rc, err);
	bp_statement_free(statement);
	return rc;
}

static const char HAS_TOMBSTONE[] =
	"SELECT 1 FROM tombstone WHERE scope = 'session' AND key_hash = ?1";

enum bp_rc bp_purge_was_purged(struct bp_purge *purge, bool *out, struct bp_err *err)
{
	char hex[2 * BP_SHA256_BYTES + 1];
	int64_t found = 0;

	hash_key(purge->key, hex);
	enum bp_rc rc = run_one(purge, HAS_TOMBSTONE, bp_str_from(hex), (struct bp_str){NULL, 0},
				&found, err);
	*out = found == 1;
	return rc;
}

static const char DROP_ERRORS[] =
	"DELETE FROM fact_error WHERE (tbl = 'claude_row' AND sequence NOT IN (SELECT sequence "
	"FROM claude_row)) OR (tbl = 'other_row' AND sequence NOT IN (SELECT sequence FROM "
	"other_row))";

enum bp_rc bp_purge_rows(struct bp_purge *purge, struct bp_err *err)
{
	/* First: from here on nothing of it gets in again, also after a crash. */
	enum bp_rc rc = put_tombstones(purge, err);

	if (rc == BP_OK) {
		rc = each_condition(purge, false, err);
	}
	if (rc == BP_OK) {
		rc = begin(purge, err);
	}
	if (rc == BP_OK) {
		rc = finish(purge, bp_sql_exec(purge->sql, DROP_ERRORS, err), err);
	}
	bp_service_rows_changed(purge->service);
	return rc;
}

bool bp_purge_cut_mention(const struct bp_purge *purge, struct bp_str payload, struct bp_buf *out)
{
	static const char key[] = "\"asked_session\":\"";
	const char *at = memmem(payload.ptr, payload.len, key, sizeof(key) - 1);

	if (!at) {
		return false;
	}
	const char *end = payload.ptr + payload.len;
	const char *id = at + sizeof(key) - 1;
	const char *quote = memchr(id, '"', (size_t)(end - id));
	if (!quote || !bp_purge_has_session(purge, bp_str_make(id, (size_t)(quote - id)))) {
		return false;
	}
	const char *after = quote + 1;
	if (after < end && *after == ',') {
		after++;
	} else if (at > payload.ptr && at[-1] == ',') {
		at--;
	}
	bp_buf_clear(out);
	bp_buf_add(out, payload.ptr, (size_t)(at - payload.ptr));
	bp_buf_add(out, after, (size_t)(end - after));
	return bp_buf_ok(out);
}

static const char *const put_data[BP_RAW_TABLES] = {
	[BP_RAW_CLAUDE] = "UPDATE claude_row SET event_data = ?2 WHERE sequence = ?1",
	[BP_RAW_OTHER] = "UPDATE other_row SET event_data = ?2 WHERE sequence = ?1",
};

/** Rewrite one row's payload. */
static enum bp_rc rewrite_row(struct bp_purge *purge, enum bp_raw_table table, int64_t sequence,
			      struct bp_str payload, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	struct bp_buf packed;
	enum bp_rc rc = bp_statement_new(purge->sql, put_data[table], &statement, err);

	bp_buf_init(&packed, 2 * BP_EVENT_BYTES_MAX);
	bp_codec_pack(purge->codec, payload, &packed);
	if (rc == BP_OK) {
		rc = begin(purge, err);
	}
	if (rc == BP_OK) {
		bp_bind_int(statement, 1, sequence);
		bp_bind_blob(statement, 2, packed.ptr, packed.len);
		rc = finish(purge, bp_statement_run(statement, err), err);
	}
	bp_statement_free(statement);
	bp_buf_done(&packed);
	return rc;
}

void bp_purge_touch_session(struct bp_purge *purge, const struct bp_event *event)
{
	for (size_t i = purge->n_whole; i < purge->n_sessions; i++) {
		if (bp_str_eq(purge->sessions[i].external_id, event->session_id)) {
			return;
		}
	}
	const struct bp_session_name session = {
		.platform = bp_arena_str(&purge->arena, event->platform),
		.external_id = bp_arena_str(&purge->arena, event->session_id),
	};
	bp_purge_add_session(purge, &session);
}

enum bp_rc bp_purge_mentions(struct bp_purge *purge, struct bp_err *err)
{
	struct bp_raw_reader *reader = NULL;
	struct bp_raw_row *rows = bp_calloc(READ_ROWS, sizeof(*rows));
	struct bp_arena arena = {0};
	struct bp_buf text;
	enum bp_rc rc = bp_raw_reader_new(purge->sql, purge->codec, &reader, err);

	bp_buf_init(&text, BP_EVENT_BYTES_MAX);
	for (int table = 0; rc == BP_OK && table < BP_RAW_TABLES; table++) {
		int64_t after = 0;
		size_t n = purge->n_whole > 0 ? 1 : 0;

		while (rc == BP_OK && n > 0) {
			bp_arena_clear(&arena);
			rc = bp_raw_read(reader, (enum bp_raw_table)table, after, READ_ROWS, &arena,
					 rows, &n, err);
			for (size_t i = 0; rc == BP_OK && i < n; i++) {
				after = rows[i].sequence;
				if (rows[i].event.payload.ptr &&
				    bp_purge_cut_mention(purge, rows[i].event.payload, &text)) {
					bp_purge_touch_session(purge, &rows[i].event);
					rc = rewrite_row(purge, (enum bp_raw_table)table, after,
							 bp_buf_str(&text), err);
				}
			}
		}
	}
	bp_raw_reader_free(reader);
	bp_buf_done(&text);
	bp_arena_done(&arena);
	free(rows);
	return rc;
}

#define NAMES_OF(table)                                                                            \
	"SELECT platform FROM " table " UNION SELECT session FROM " table " UNION SELECT type "    \
	"FROM " table " UNION SELECT hook_type FROM " table " UNION SELECT source FROM " table     \
	" UNION SELECT project FROM " table " UNION SELECT project_name FROM " table               \
	" UNION SELECT branch FROM " table " UNION SELECT app_version FROM " table                 \
	" UNION SELECT model FROM " table " UNION SELECT tool FROM " table                         \
	" UNION SELECT stop_reason FROM " table " UNION SELECT subtype FROM " table                \
	" UNION SELECT severity FROM " table " UNION SELECT operation FROM " table                 \
	" UNION SELECT service_tier FROM " table

/* NULL among the names in use would make every NOT IN unknown. */
static const char DROP_NAMES[] = "WITH used (id) AS (" NAMES_OF("claude_row") " UNION " NAMES_OF(
	"other_row") ") "
		     "DELETE FROM name WHERE id NOT IN (SELECT id FROM used WHERE id IS NOT NULL)";

enum bp_rc bp_purge_names(struct bp_purge *purge, struct bp_err *err)
{
	enum bp_rc rc = begin(purge, err);

	return rc == BP_OK ? finish(purge, bp_sql_exec(purge->sql, DROP_NAMES, err), err) : rc;
}

static const char DROP_CHECKPOINT[] = "DELETE FROM capture_checkpoint WHERE key = ?1";
static const char DROP_CHECKPOINTS[] = "DELETE FROM capture_checkpoint";

struct file_walk {
	struct bp_purge *purge;
	const struct bp_monitor *monitor;
	struct bp_statement *drop;
	const struct bp_hash_key *key;
	enum bp_rc rc;
	struct bp_err *err;
};

static bool forget_file(const char *path, bool is_dir, void *arg)
{
	struct file_walk *walk = arg;
	struct bp_line_origin origin = {0};
	char name[KEY_BYTES];

	if (is_dir || walk->rc != BP_OK || !walk->monitor->wants_file(bp_str_from(path))) {
		return true;
	}
	walk->monitor->origin(bp_str_from(path), &origin);
	if (bp_purge_has_session(walk->purge, origin.session_from_path)) {
		struct bp_hash_hex hash =
			bp_hash_path(walk->key, bp_str_from(path), (struct bp_str){NULL, 0});

		(void)snprintf(name, sizeof(name), "%s:%s", walk->monitor->name, hash.text);
		bp_bind_text(walk->drop, 1, bp_str_from(name));
		walk->rc = bp_statement_run(walk->drop, walk->err);
	}
	return true;
}

/** Those of the files below the monitors' roots that belong to a purged session alone. */
static enum bp_rc forget_files(struct bp_purge *purge, struct bp_err *err)
{
	unsigned char salt[BP_SALT_BYTES];
	struct bp_hash_key key;
	struct file_walk walk = {.purge = purge, .key = &key, .err = err};
	enum bp_rc rc = bp_home_salt(purge->service->home, salt, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_hash_key_init(&key, salt);
	rc = bp_statement_new(purge->sql, DROP_CHECKPOINT, &walk.drop, err);
	for (size_t i = 0; rc == BP_OK && bp_monitors[i]; i++) {
		struct bp_paths roots = {0};

		walk.monitor = bp_monitors[i];
		if (!walk.monitor->roots) {
			continue;
		}
		walk.monitor->roots(&purge->service->settings.capture, &roots);
		for (size_t r = 0; r < roots.n; r++) {
			bp_file_walk(roots.items[r], forget_file, &walk);
		}
		bp_paths_done(&roots);
		rc = walk.rc;
	}
	bp_statement_free(walk.drop);
	return rc;
}

enum bp_rc bp_purge_checkpoints(struct bp_purge *purge, struct bp_err *err)
{
	enum bp_rc rc = begin(purge, err);

	if (rc != BP_OK) {
		return rc;
	}
	if (purge->kind == BP_PURGE_ALL || purge->allow_recapture) {
		/* To be read again from the start: what is still stored counts as a duplicate. */
		rc = bp_sql_exec(purge->sql, DROP_CHECKPOINTS, err);
	} else {
		rc = forget_files(purge, err);
	}
	return finish(purge, rc, err);
}

enum bp_rc bp_purge_text(struct bp_purge *purge, bool *out_text, struct bp_err *err)
{
	static const char HAS_TEXT[] = "SELECT EXISTS (SELECT 1 FROM claude_row WHERE lvl > 0), "
				       "EXISTS (SELECT 1 FROM session_text WHERE title <> '' OR "
				       "prompts <> '')";
	struct bp_statement *has = NULL;
	enum bp_rc rc = bp_statement_new(purge->sql, HAS_TEXT, &has, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(has, err);
	}
	if (rc == BP_OK) {
		*out_text = bp_column_int(has, 0) != 0 || bp_column_int(has, 1) != 0;
	}
	bp_statement_free(has);
	return rc;
}

enum bp_rc bp_purge_index(struct bp_purge *purge, struct bp_err *err)
{
	bp_writer_lock_take(purge->service->lock, BP_WRITER_SLOW);
	enum bp_rc rc = bp_sql_exec(purge->sql,
				    "INSERT INTO session_search (session_search) "
				    "VALUES ('rebuild')",
				    err);
	bp_writer_lock_give(purge->service->lock);
	return rc;
}

enum bp_rc bp_purge_space(struct bp_purge *purge, bool whole, struct bp_err *err)
{
	bp_writer_lock_take(purge->service->lock, BP_WRITER_SLOW);
	enum bp_rc rc = bp_sql_exec(purge->sql,
				    whole ? "PRAGMA temp_store = FILE; VACUUM; "
					    "PRAGMA temp_store = MEMORY"
					  : "PRAGMA incremental_vacuum",
				    err);
	if (rc == BP_OK) {
		rc = bp_sql_exec(purge->sql, "PRAGMA wal_checkpoint(TRUNCATE)", err);
	}
	bp_writer_lock_give(purge->service->lock);
	return rc;
}
