/* SPDX-License-Identifier: MIT */
#include "query/status.h"

#include <cjson/cJSON.h>
#include <stddef.h>

#include "event/json.h"
#include "event/timestamp.h"
#include "query/rescue.h"

enum { LARGE_LOG = 500 * 1000 };

/** Run a query of one row; its columns go to out[n]. */
static enum bp_rc ask(struct bp_sql *sql, const char *text, int64_t parameter, int64_t *out, int n,
		      struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, text, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	if (parameter != BP_SQL_NULL) {
		bp_bind_int(statement, 1, parameter);
	}
	rc = bp_statement_step(statement, err);
	for (int i = 0; rc == BP_OK && i < n; i++) {
		out[i] = bp_column_int(statement, i);
	}
	bp_statement_free(statement);
	return rc;
}

static const char CLAUDE_ROWS[] =
	"SELECT count(*), ifnull(sum(source IS (SELECT id FROM name WHERE text = 'hook')), 0), "
	"max(sequence) FROM claude_row WHERE sequence > ?1";
static const char OTHER_ROWS[] =
	"SELECT count(*), ifnull(sum(source IS (SELECT id FROM name WHERE text = 'hook')), 0), "
	"max(sequence) FROM other_row WHERE sequence > ?1";
static const char ALL_ROWS[] =
	"SELECT (SELECT count(*) FROM claude_row) + (SELECT count(*) FROM other_row)";
static const char LAST_ROW[] = "SELECT max(sequence) FROM claude_row";

static enum bp_rc count_table(struct bp_sql *sql, const char *text, int64_t *sequence,
			      struct bp_status_rows *rows, struct bp_err *err)
{
	int64_t out[3] = {0};
	enum bp_rc rc = ask(sql, text, *sequence, out, 3, err);

	if (rc == BP_OK) {
		rows->total += out[0];
		rows->hooks += out[1];
		*sequence = out[2] == BP_SQL_NULL ? *sequence : out[2];
	}
	return rc;
}

enum bp_rc bp_status_count(struct bp_sql *sql, bool whole, struct bp_status_rows *rows,
			   struct bp_err *err)
{
	int64_t last = 0;
	enum bp_rc rc = ask(sql, LAST_ROW, BP_SQL_NULL, &last, 1, err);

	if (rc != BP_OK) {
		return rc;
	}
	if (!whole && rows->total == 0 && last > LARGE_LOG) {
		rows->hooks = BP_SQL_NULL;
		return ask(sql, ALL_ROWS, BP_SQL_NULL, &rows->total, 1, err);
	}
	rc = count_table(sql, CLAUDE_ROWS, &rows->claude_sequence, rows, err);
	return rc == BP_OK ? count_table(sql, OTHER_ROWS, &rows->other_sequence, rows, err) : rc;
}

static const char CONVERSATIONS_LAG[] =
	"SELECT (SELECT count(*) FROM claude_row WHERE sequence > ifnull((SELECT low_water "
	"FROM pool_progress WHERE pool = 'conversations' AND tbl = 'claude_row'), 0)) + "
	"(SELECT count(*) FROM other_row WHERE sequence > ifnull((SELECT low_water "
	"FROM pool_progress WHERE pool = 'conversations' AND tbl = 'other_row'), 0)) + "
	"(SELECT count(*) FROM dirty_session)";
static const char METRICS_LAG[] =
	"SELECT (SELECT count(*) FROM dirty_bucket) + (SELECT count(*) FROM dirty_span)";
static const char FACT_ERRORS[] = "SELECT count(*) FROM fact_error";
/* ';' comes after ':'. */
static const char FILES[] = "SELECT value FROM capture_checkpoint WHERE key >= 'claude_code:' AND "
			    "key < 'claude_code;'";
static const char LAST_HOOK[] =
	"SELECT max(ts_us) FROM (SELECT ts_us FROM claude_row WHERE source IS (SELECT id FROM name "
	"WHERE text = 'hook') ORDER BY sequence DESC LIMIT 1)";

/* What files say together. They are thousands: SQLite's JSON took three quarters of `status`. */
struct files {
	int64_t lost;       /* lines not stored */
	int64_t last_ts_us; /* BP_SQL_NULL: no event yet */
};

static void take_file(struct files *files, struct bp_str checkpoint)
{
	enum { DEAD, OVERSIZE, TS, KEYS };
	/* In the order in which they are written. */
	const struct bp_str keys[] = {[DEAD] = BP_STR("dead_letters"),
				      [OVERSIZE] = BP_STR("oversize"),
				      [TS] = BP_STR("ts")};
	struct bp_json root, found[KEYS];
	int64_t n;

	if (!bp_json_open(checkpoint, &root)) {
		return;
	}
	bp_json_pick(root, keys, found, KEYS);
	for (int i = DEAD; i <= OVERSIZE; i++) {
		files->lost += bp_json_int(found[i], &n) ? n : 0;
	}
	if (bp_json_int(found[TS], &n) &&
	    (files->last_ts_us == BP_SQL_NULL || n > files->last_ts_us)) {
		files->last_ts_us = n;
	}
}

static enum bp_rc read_files(struct bp_sql *sql, struct files *out, struct bp_err *err)
{
	struct bp_statement *row = NULL;
	enum bp_rc rc = bp_statement_new(sql, FILES, &row, err);

	*out = (struct files){.last_ts_us = BP_SQL_NULL};
	while (rc == BP_OK) {
		rc = bp_statement_step(row, err);
		if (rc == BP_OK) {
			take_file(out, bp_column_text(row, 0));
		}
	}
	bp_statement_free(row);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_status_read(struct bp_sql *sql, struct bp_status *status, struct bp_err *err)
{
	struct files files;
	int64_t last_hook = BP_SQL_NULL;
	bool hooks_seen = status->rows.hooks != BP_SQL_NULL && status->rows.hooks > 0;
	enum bp_rc rc =
		ask(sql, CONVERSATIONS_LAG, BP_SQL_NULL, &status->conversations_lag, 1, err);

	if (rc == BP_OK) {
		rc = ask(sql, METRICS_LAG, BP_SQL_NULL, &status->metrics_lag, 1, err);
	}
	if (rc == BP_OK) {
		rc = ask(sql, FACT_ERRORS, BP_SQL_NULL, &status->fact_errors, 1, err);
	}
	if (rc == BP_OK) {
		rc = read_files(sql, &files, err);
	}
	if (rc == BP_OK && hooks_seen) {
		rc = ask(sql, LAST_HOOK, BP_SQL_NULL, &last_hook, 1, err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	bool counted = status->rows.hooks != BP_SQL_NULL;
	status->sources[0] = (struct bp_status_source){
		.name = "claude_code",
		.enabled = true,
		.last_event_us = files.last_ts_us,
		.lag_ms = BP_SQL_NULL,
		.rows = counted ? status->rows.total - status->rows.hooks : BP_SQL_NULL,
		.errors = files.lost,
	};
	status->sources[1] = (struct bp_status_source){
		.name = "hooks",
		.enabled = true,
		.last_event_us = last_hook,
		.lag_ms = BP_SQL_NULL,
		.rows = status->rows.hooks,
	};
	status->n_sources = 2;
	return BP_OK;
}

const char *bp_status_level(int64_t depth)
{
	return depth < 1000 ? "green" : depth < 10000 ? "yellow" : depth < 50000 ? "orange" : "red";
}

static void add_number(cJSON *to, const char *name, int64_t value)
{
	if (value == BP_SQL_NULL) {
		cJSON_AddNullToObject(to, name);
	} else {
		cJSON_AddNumberToObject(to, name, (double)value);
	}
}

static void add_time(cJSON *to, const char *name, int64_t ts_us)
{
	char text[BP_TIMESTAMP_BYTES];

	if (ts_us == BP_SQL_NULL) {
		cJSON_AddNullToObject(to, name);
	} else {
		(void)bp_timestamp_format(ts_us, text);
		cJSON_AddStringToObject(to, name, text);
	}
}

static void add_pool(cJSON *pools, const char *name, int64_t lag)
{
	cJSON *pool = cJSON_CreateObject();

	cJSON_AddStringToObject(pool, "name", name);
	add_number(pool, "lag", lag);
	cJSON_AddItemToArray(pools, pool);
}

static void add_source(cJSON *sources, const struct bp_status_source *from)
{
	cJSON *source = cJSON_CreateObject();

	cJSON_AddStringToObject(source, "name", from->name);
	cJSON_AddBoolToObject(source, "enabled", from->enabled);
	add_time(source, "last_event_at", from->last_event_us);
	add_number(source, "lag_ms", from->lag_ms);
	add_number(source, "rows", from->rows);
	add_number(source, "errors", from->errors);
	cJSON_AddItemToArray(sources, source);
}

struct cJSON *bp_status_json(const struct bp_status *status)
{
	cJSON *root = cJSON_CreateObject();

	cJSON_AddNumberToObject(root, "schema_version", 1);
	cJSON *service = cJSON_AddObjectToObject(root, "service");
	cJSON_AddStringToObject(service, "state", status->state);
	add_number(service, "pid", status->pid);
	add_number(service, "uptime_s", status->uptime_s);
	cJSON_AddStringToObject(service, "version", status->version);
	cJSON *redis = cJSON_AddObjectToObject(root, "redis");
	cJSON_AddStringToObject(redis, "state", status->redis_state);
	cJSON_AddBoolToObject(redis, "private", status->redis_private);
	add_number(redis, "pid", status->redis_pid);
	add_number(redis, "restarts", status->redis_restarts);
	cJSON *database = cJSON_AddObjectToObject(root, "database");
	cJSON_AddStringToObject(database, "path", status->database_path);
	add_number(database, "bytes", status->database_bytes);
	add_number(database, "rows", status->rows.total);
	if (status->database_error) {
		cJSON_AddStringToObject(database, "error", status->database_error);
	} else {
		cJSON_AddNullToObject(database, "error");
	}
	cJSON_AddItemToObject(database, "set_aside",
			      status->home ? bp_rescue_json(status->home) : cJSON_CreateNull());
	cJSON *queue = cJSON_AddObjectToObject(root, "queue");
	add_number(queue, "depth", status->queue_depth);
	if (status->queue_depth == BP_SQL_NULL) {
		cJSON_AddNullToObject(queue, "level");
	} else {
		cJSON_AddStringToObject(queue, "level", bp_status_level(status->queue_depth));
	}
	add_number(queue, "dead_letters", status->dead_letters);
	add_number(queue, "spool_files", status->spool_files);
	add_number(queue, "spool_bytes", status->spool_bytes);
	add_number(queue, "spool_lost", status->spool_lost);
	cJSON *pools = cJSON_AddArrayToObject(root, "pools");
	add_pool(pools, "conversations", status->conversations_lag);
	add_pool(pools, "metrics", status->metrics_lag);
	add_number(root, "fact_errors", status->fact_errors);
	cJSON *sources = cJSON_AddArrayToObject(root, "sources");
	for (size_t i = 0; i < status->n_sources; i++) {
		add_source(sources, &status->sources[i]);
	}
	return root;
}
