/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "daemon/purge.h"
#include "query/limits.h"

/* The sample goes first: else the next service would take it into the table again. */
static void remove_sample(const struct bp_purge *purge)
{
	char path[BP_HOME_PATH_BYTES];
	struct bp_limits limits;
	bool old = purge->kind != BP_PURGE_BEFORE;

	if (bp_limits_sample_read(purge->service->home, &limits, NULL) != BP_OK) {
		return;
	}
	for (size_t i = 0; i < limits.n; i++) {
		old = old || limits.items[i].ts_us < purge->before_us;
	}
	if (old && bp_home_file(purge->service->home, "run/limits.json", path, sizeof(path),
				NULL) == BP_OK) {
		(void)unlink(path);
	}
}

enum bp_rc bp_purge_limits(struct bp_purge *purge, struct bp_err *err)
{
	static const char REMOVE[] = "DELETE FROM limit_status WHERE (?1 IS NULL OR platform = ?1) "
				     "AND (?2 IS NULL OR ts_us < ?2)";
	bool before = purge->kind == BP_PURGE_BEFORE;
	struct bp_statement *statement = NULL;

	if (!before && purge->kind != BP_PURGE_ALL && purge->kind != BP_PURGE_PLATFORM) {
		return BP_OK; /* limits are of no session and of no project */
	}
	remove_sample(purge);
	enum bp_rc rc = bp_statement_new(purge->sql, REMOVE, &statement, err);
	if (rc != BP_OK) {
		return rc;
	}
	if (purge->kind == BP_PURGE_PLATFORM) {
		bp_bind_text(statement, 1, purge->key);
	} else {
		bp_bind_null(statement, 1);
	}
	bp_bind_int(statement, 2, before ? purge->before_us : BP_SQL_NULL);
	bp_writer_lock_take(purge->service->lock, BP_WRITER_SLOW);
	rc = bp_statement_run(statement, err);
	bp_writer_lock_give(purge->service->lock);
	bp_statement_free(statement);
	return rc;
}
