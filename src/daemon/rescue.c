/* SPDX-License-Identifier: MIT */
#include "daemon/rescue.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "daemon/archiving.h"
#include "query/rescue.h"
#include "store/salvage.h"

enum { SET_ASIDE_MAX = 3, NICE = 10, RETRY_MS = 10000, CACHE_BYTES = 1024 * 1024 };

#define PREFIX "telemetry.db.corrupt-"

/* --- setting aside --- */

struct old_files {
	size_t home_bytes;
	bool remove;
	int n; /* without logs and shared memory */
	int error;
};

static bool look_at_file(const char *path, bool is_dir, void *arg)
{
	struct old_files *files = arg;
	const char *name = path + files->home_bytes + 1;

	if (is_dir || strncmp(name, PREFIX, sizeof(PREFIX) - 1) != 0) {
		return false; /* not what is in folders */
	}
	files->n += strchr(name + sizeof(PREFIX) - 1, '-') ? 0 : 1;
	if (files->remove && unlink(path) != 0) {
		files->error = errno;
	}
	return false;
}

enum bp_rc bp_rescue_delete_old(const struct bp_service *service, struct bp_err *err)
{
	struct old_files files = {.home_bytes = strlen(service->home), .remove = true};

	bp_file_walk(service->home, look_at_file, &files);
	return files.error == 0 ? BP_OK
				: bp_err_set(err, BP_EIO,
					     "cannot delete a database that was set "
					     "aside: %s",
					     strerrordesc_np(files.error));
}

/** "telemetry.db.corrupt-20260102T030405Z", of which there is none yet. */
static enum bp_rc choose_name(const struct bp_service *service, struct bp_rescue *rescue,
			      char path[BP_HOME_PATH_BYTES], struct bp_err *err)
{
	time_t now = (time_t)(rescue->set_aside_us / 1000000);
	struct tm tm;

	for (;; now++) {
		(void)gmtime_r(&now, &tm);
		(void)strftime(rescue->file, sizeof(rescue->file), PREFIX "%Y%m%dT%H%M%SZ", &tm);
		enum bp_rc rc =
			bp_home_file(service->home, rescue->file, path, BP_HOME_PATH_BYTES, err);
		if (rc != BP_OK || access(path, F_OK) != 0) {
			return rc;
		}
	}
}

static enum bp_rc move(const char *from, const char *to, const char *suffix, struct bp_err *err)
{
	char old[BP_HOME_PATH_BYTES + 8];
	char new[BP_HOME_PATH_BYTES + 8];

	(void)snprintf(old, sizeof(old), "%s%s", from, suffix);
	(void)snprintf(new, sizeof(new), "%s%s", to, suffix);
	if (rename(old, new) != 0 && errno != ENOENT) {
		return bp_err_set(err, BP_EIO, "cannot set \"%.120s\" aside: %s", old,
				  strerrordesc_np(errno));
	}
	return BP_OK;
}

enum bp_rc bp_rescue_set_aside(struct bp_service *service, const char *reason, struct bp_err *err)
{
	struct bp_rescue rescue = {.set_aside_us = bp_clock_wall_us()};
	struct old_files old = {.home_bytes = strlen(service->home)};
	char path[BP_HOME_PATH_BYTES];
	char shared[BP_HOME_PATH_BYTES + 8];

	bp_file_walk(service->home, look_at_file, &old);
	if (old.n >= SET_ASIDE_MAX) {
		return bp_err_set(err, BP_ECORRUPT,
				  "the database is damaged, and %d before it were: check the disk, "
				  "then delete \"%.100s/" PREFIX "*\"",
				  old.n, service->home);
	}
	(void)snprintf(rescue.reason, sizeof(rescue.reason), "%s", reason);
	enum bp_rc rc = choose_name(service, &rescue, path, err);
	if (rc == BP_OK) {
		/* Before the rename: a kill behind it must not forget what is to be rescued. */
		rc = bp_rescue_write(service->home, &rescue, err);
	}
	if (rc == BP_OK) {
		rc = move(service->database, path, "", err);
	}
	if (rc == BP_OK) {
		/* With the file it belongs to: it has the last commits. A kill in between loses it,
		 * and nothing with it: the queue has what no checkpoint covers. */
		rc = move(service->database, path, "-wal", err);
	}
	if (rc == BP_OK) {
		(void)snprintf(shared, sizeof(shared), "%s-shm", service->database);
		(void)unlink(shared);
		bp_log_error("the database is damaged (%s); it is set aside as \"%s\", and a new "
			     "one is made of the sources, the archive and what can be read of it",
			     reason, rescue.file);
	}
	return rc;
}

/* --- rescuing --- */

static enum bp_rc open_old(const struct bp_service *service, const struct bp_rescue *rescue,
			   struct bp_sql **out, struct bp_err *err)
{
	char path[BP_HOME_PATH_BYTES];
	enum bp_rc rc = bp_home_file(service->home, rescue->file, path, sizeof(path), err);

	return rc == BP_OK ? bp_sql_open(path, BP_SQL_READ, CACHE_BYTES, out, err) : rc;
}

/** False when there is nothing to do. */
static bool read_task(const struct bp_service *service, struct bp_rescue *out)
{
	char path[BP_HOME_PATH_BYTES];

	return bp_rescue_read(service->home, out, NULL) == BP_OK && !out->done &&
	       bp_home_file(service->home, out->file, path, sizeof(path), NULL) == BP_OK &&
	       access(path, F_OK) == 0;
}

enum bp_rc bp_rescue_begin(struct bp_service *service, struct bp_sql *sql, struct bp_err *err)
{
	struct bp_rescue rescue;
	struct bp_sql *from = NULL;
	int64_t n = 0;

	if (!read_task(service, &rescue)) {
		return BP_OK;
	}
	rescue.opened = open_old(service, &rescue, &from, NULL) == BP_OK;
	enum bp_rc rc = bp_sql_begin(sql, err);
	if (rc == BP_OK && rescue.opened) {
		rc = bp_salvage_purges(from, sql, &n, err);
	}
	rescue.purges_lost = rc == BP_ECORRUPT || !rescue.opened;
	if (rc == BP_OK || rc == BP_ECORRUPT) {
		rc = bp_sql_commit(sql, err);
	}
	if (rc != BP_OK) {
		bp_sql_rollback(sql);
	} else {
		rc = bp_rescue_write(service->home, &rescue, err);
	}
	bp_sql_close(from);
	atomic_store(&service->rescuing, rc == BP_OK);
	return rc;
}

/** What the archive has comes back to the log: its facts went with the database. */
static enum bp_rc rescue_archive(struct bp_archiving *archiving, struct bp_rescue *rescue,
				 struct bp_err *err)
{
	int64_t files = 0;
	enum bp_rc rc = bp_archive_adopt(&archiving->archive, NULL, NULL, &files, err);

	if (rc == BP_OK && files > 0) {
		rescue->archive_files += files;
		rc = bp_archive_recover(&archiving->archive, err);
	}
	return rc;
}

static enum bp_rc rescue_rows(struct bp_archiving *archiving, struct bp_rescue *rescue,
			      struct bp_err *err)
{
	struct bp_salvaged found = {0};
	struct bp_sql *from = NULL;

	if (open_old(archiving->service, rescue, &from, NULL) != BP_OK) {
		rescue->opened = false;
		return BP_OK;
	}
	enum bp_rc rc = bp_salvage_rows(&archiving->archive, from, &found, err);
	bp_sql_close(from);
	if (rc == BP_ECORRUPT) {
		/* Of the old one: the new one's damage would end this service. */
		rescue->opened = false;
		rc = BP_OK;
	}
	rescue->rows += found.rows;
	rescue->unreadable = found.unreadable;
	return rc;
}

static enum bp_rc rescue_all(struct bp_service *service, struct bp_rescue *rescue,
			     struct bp_err *err)
{
	struct bp_archiving archiving;

	bp_service_take_archive(service);
	enum bp_rc rc = bp_archiving_open(service, &archiving, err);
	if (rc == BP_OK) {
		rc = rescue_archive(&archiving, rescue, err);
		if (rc == BP_OK) {
			rc = rescue_rows(&archiving, rescue, err);
		}
		bp_archiving_close(&archiving);
	}
	bp_service_give_archive(service);
	bp_service_rows_changed(service);
	rescue->done = rc == BP_OK;
	/* Also half of it is worth telling. */
	enum bp_rc written = bp_rescue_write(service->home, rescue, rc == BP_OK ? err : NULL);
	return rc == BP_OK ? written : rc;
}

void bp_rescue_run(void *arg)
{
	struct bp_service *service = arg;
	struct bp_rescue rescue;

	if (!read_task(service, &rescue)) {
		return;
	}
	/* Linux keeps a nice value per thread. Refused: it only runs more eagerly. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	do {
		struct bp_err err = {0};
		enum bp_rc rc = rescue_all(service, &rescue, &err);

		if (rc == BP_OK) {
			bp_log_info(
				"rescued from \"%s\": %lld rows that nothing else had yet; %lld "
				"places cannot be read; %lld files of the archive came back",
				rescue.file, (long long)rescue.rows, (long long)rescue.unreadable,
				(long long)rescue.archive_files);
			atomic_store(&service->rescuing, false);
			return;
		}
		if (rc != BP_ESTOPPED) {
			bp_log_warn("cannot rescue rows: %s; trying again in %d s", err.msg,
				    RETRY_MS / 1000);
		}
	} while (!bp_stop_wait(&service->stop, RETRY_MS));
}
