/* SPDX-License-Identifier: MIT */
#include "daemon/limits.h"

#include <sys/stat.h>

#include "base/home.h"
#include "base/log.h"
#include "daemon/service.h"

enum { LOOK_MS = 1000 };

enum bp_rc bp_limits_store(struct bp_sql *sql, const struct bp_limits *limits, int *out_rows,
			   struct bp_err *err)
{
	/* A row older than the newest comes too late to be a change. */
	static const char STORE[] =
		"INSERT INTO limit_status (platform, window, ts_us, used_percent, resets_us) "
		"SELECT "
		"?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM (SELECT ts_us, used_percent, "
		"resets_us FROM limit_status WHERE platform = ?1 AND window = ?2 ORDER BY ts_us "
		"DESC LIMIT 1) WHERE ts_us >= ?3 OR (used_percent = ?4 AND resets_us IS ?5))";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, STORE, &statement, err);

	*out_rows = 0;
	for (size_t i = 0; i < limits->n && rc == BP_OK; i++) {
		const struct bp_limit *limit = &limits->items[i];
		bp_bind_text(statement, 1, bp_str_from(limit->platform));
		bp_bind_text(statement, 2, bp_str_from(limit->window));
		bp_bind_int(statement, 3, limit->ts_us);
		bp_bind_real(statement, 4, limit->used_percent);
		bp_bind_int(statement, 5, limit->resets_us);
		rc = bp_statement_run(statement, err);
		*out_rows += rc == BP_OK ? (int)bp_sql_changes(sql) : 0;
	}
	bp_statement_free(statement);
	return rc;
}

/* The connection is opened when there is something to store, and closed again: seldom enough. */
static enum bp_rc store_sample(struct bp_service *service, const struct bp_limits *limits,
			       struct bp_err *err)
{
	struct bp_sql *sql = NULL;
	int rows = 0;
	enum bp_rc rc = bp_service_sql(service, BP_SQL_WRITE, &sql, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_writer_lock_take(service->lock, BP_WRITER_SLOW);
	rc = bp_sql_begin(sql, err);
	if (rc == BP_OK) {
		rc = bp_limits_store(sql, limits, &rows, err);
		rc = rc == BP_OK && rows > 0 ? bp_sql_commit(sql, err) : rc;
	}
	bp_sql_rollback(sql);
	bp_writer_lock_give(service->lock);
	bp_sql_close(sql);
	return rc;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

void bp_limits_run(void *arg)
{
	struct bp_service *service = arg;
	struct stat seen = {0}, now;
	char path[BP_HOME_PATH_BYTES];
	struct bp_limits limits;
	struct bp_err err = {0};

	if (bp_home_file(service->home, "run/limits.json", path, sizeof(path), &err) != BP_OK) {
		bp_log_warn("%s; official limits are not kept", err.msg);
		return;
	}
	do {
		if (stat(path, &now) != 0 || same_file(&now, &seen)) {
			continue;
		}
		seen = now;
		enum bp_rc rc = bp_limits_sample_read(service->home, &limits, &err);
		if (rc == BP_OK) {
			rc = store_sample(service, &limits, &err);
		}
		if (rc != BP_OK) {
			bp_log_warn("official limits: %s; waiting for the next", err.msg);
		}
	} while (!bp_stop_wait(&service->stop, LOOK_MS));
}
