/* SPDX-License-Identifier: MIT */
#include "daemon/archivist.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/archiving.h"
#include "slowpath/forget.h"

static const int64_t DAY_US = 86400000000;
static const int64_t MB = 1000000;

enum { NICE = 10, FORGET_SESSIONS = 500 };

/** Rows that are too old. */
static enum bp_rc end_rows(struct bp_archiving *archiving, struct bp_err *err)
{
	const struct bp_daemon_config *config = &archiving->service->settings.daemon;
	int64_t rows = 0;

	if (config->raw_days == 0) {
		return BP_OK;
	}
	enum bp_rc rc = bp_archiving_run(archiving, bp_clock_wall_us() - config->raw_days * DAY_US,
					 config->raw_fate == 0, &rows, err);
	if (rows > 0) {
		bp_log_info("%lld rows older than %lld days were %s", (long long)rows,
			    (long long)config->raw_days,
			    config->raw_fate == 0 ? "archived" : "deleted");
	}
	return rc;
}

/** The database is too large: the oldest month goes, then the next, but never today. */
static enum bp_rc end_size(struct bp_archiving *archiving, struct bp_err *err)
{
	const struct bp_daemon_config *config = &archiving->service->settings.daemon;
	struct bp_sql *sql = archiving->archive.sql;
	int64_t until_us = bp_clock_wall_us() - DAY_US;
	int64_t bytes = 0;
	int64_t rows = 0;

	for (;;) {
		struct bp_archive_part *parts = NULL;
		size_t n = 0;
		enum bp_rc rc = bp_archiving_database_bytes(sql, &bytes, err);

		if (rc != BP_OK || config->max_mb == 0 || bytes <= config->max_mb * MB) {
			return rc;
		}
		rc = bp_archive_plan(sql, until_us, &parts, &n, err);
		if (rc == BP_OK && n > 0) {
			rc = bp_archive_move(&archiving->archive, &parts[0], config->raw_fate == 0,
					     &rows, err);
		}
		free(parts);
		if (rc != BP_OK || n == 0 || rows == 0) {
			bp_log_warn("the database has %lld MB, over storage.max_mb (%lld), and no "
				    "more old rows; the numbers are kept: see retention.facts_days",
				    (long long)(bytes / MB), (long long)config->max_mb);
			return rc;
		}
		bp_service_rows_changed(archiving->service);
		rc = bp_archive_vacuum(&archiving->archive, err);
		if (rc != BP_OK) {
			return rc;
		}
	}
}

/* Sessions that ended before ?1 and have no rows in the log any more. */
static const char OLD_SESSIONS[] =
	"SELECT platform, external_id FROM conversations AS c WHERE last_event_us < ?1"
	" AND NOT EXISTS (SELECT 1 FROM claude_row WHERE session = (SELECT id FROM name"
	" WHERE text = c.external_id))"
	" AND NOT EXISTS (SELECT 1 FROM other_row WHERE session = (SELECT id FROM name"
	" WHERE text = c.external_id)) LIMIT ?2";

static enum bp_rc read_old_sessions(struct bp_sql *sql, int64_t before_us, struct bp_arena *arena,
				    struct bp_session_name *out, size_t *out_n, struct bp_err *err)
{
	struct bp_statement *query = NULL;
	enum bp_rc rc = bp_statement_new(sql, OLD_SESSIONS, &query, err);
	size_t n = 0;

	if (rc == BP_OK) {
		bp_bind_int(query, 1, before_us);
		bp_bind_int(query, 2, FORGET_SESSIONS);
	}
	while (rc == BP_OK && (rc = bp_statement_step(query, err)) == BP_OK) {
		out[n].platform = bp_arena_str(arena, bp_column_text(query, 0));
		out[n++].external_id = bp_arena_str(arena, bp_column_text(query, 1));
	}
	bp_statement_free(query);
	*out_n = n;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/** Facts that are too old. Not made again from the archive: only `rebuild --from-archive` would. */
static enum bp_rc end_facts(struct bp_archiving *archiving, struct bp_err *err)
{
	struct bp_service *service = archiving->service;
	const struct bp_archive *archive = &archiving->archive;
	int64_t before_us = bp_clock_wall_us() - service->settings.daemon.facts_days * DAY_US;
	struct bp_session_name *sessions = bp_calloc(FORGET_SESSIONS, sizeof(*sessions));
	struct bp_arena arena = {0};
	enum bp_rc rc = BP_OK;
	size_t n = 1;

	while (rc == BP_OK && n > 0 && service->settings.daemon.facts_days > 0) {
		bp_arena_clear(&arena);
		rc = read_old_sessions(archive->sql, before_us, &arena, sessions, &n, err);
		if (rc == BP_OK && n > 0) {
			bp_slowpath_pause(service->slowpath, true);
			rc = bp_slowpath_forget(archive->sql, archive->lock, archive->codec, NULL,
						sessions, n, err);
			bp_slowpath_pause(service->slowpath, false);
			bp_log_info("%zu sessions older than %lld days were forgotten", n,
				    (long long)service->settings.daemon.facts_days);
		}
		if (rc == BP_OK && bp_stop_requested(&service->stop)) {
			rc = bp_err_set(err, BP_ESTOPPED, "the service stops");
		}
	}
	bp_arena_done(&arena);
	free(sessions);
	return rc;
}

static enum bp_rc look_once(struct bp_service *service, struct bp_err *err)
{
	struct bp_archiving archiving;

	bp_service_take_archive(service);
	enum bp_rc rc = bp_archiving_open(service, &archiving, err);
	if (rc == BP_OK) {
		rc = end_rows(&archiving, err);
		if (rc == BP_OK) {
			rc = end_size(&archiving, err);
		}
		if (rc == BP_OK) {
			rc = end_facts(&archiving, err);
		}
		bp_archiving_close(&archiving);
	}
	bp_service_give_archive(service);
	return rc;
}

void bp_archivist_run(void *arg)
{
	struct bp_service *service = arg;
	int64_t pause_us = service->settings.daemon.first_us;

	/* Linux keeps a nice value per thread. Refused: it only runs more eagerly. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	while (!bp_stop_wait(&service->stop, (int)(pause_us / 1000))) {
		struct bp_err err = {0};
		enum bp_rc rc = look_once(service, &err);

		if (rc != BP_OK && rc != BP_ESTOPPED) {
			bp_log_warn("retention: %s; trying again in a day", err.msg);
		}
		pause_us = DAY_US;
	}
}
