/* SPDX-License-Identifier: MIT */
/* The jobs `db_verify`, `db_compact` and `db_backup`: care for the database file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/home.h"
#include "base/mem.h"
#include "daemon/job.h"
#include "daemon/service.h"
#include "store/archive.h"
#include "store/raw.h"

enum { READ_ROWS = 500, SAY_ROWS = 50000, PROBLEMS_MAX = 50 };

static int64_t file_bytes(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/** PRAGMA integrity_check: "ok", or what is wrong. */
static enum bp_rc check_pages(struct bp_sql *sql, cJSON *problems, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, "PRAGMA integrity_check(20)", &statement, err);

	while (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK && !bp_str_is(bp_column_text(statement, 0), "ok")) {
			char text[256];

			(void)snprintf(text, sizeof(text), "%.*s",
				       BP_STR_ARG(bp_column_text(statement, 0)));
			cJSON_AddItemToArray(problems, cJSON_CreateString(text));
		}
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/** What archive_file says, against the folder. */
static void add_problem(void *arg, const char *path, const char *what)
{
	cJSON *problems = arg;
	char text[BP_ERR_MSG_BYTES + BP_ARCHIVE_PATH_BYTES];

	if (cJSON_GetArraySize(problems) < PROBLEMS_MAX) {
		(void)snprintf(text, sizeof(text), "archive/%s: %s", path, what);
		cJSON_AddItemToArray(problems, cJSON_CreateString(text));
	}
}

static enum bp_rc check_archive(struct bp_service *service, struct bp_sql *sql, cJSON *problems,
				struct bp_err *err)
{
	const struct bp_archive archive = {
		.sql = sql, .folder = service->archive, .stop = &service->stop};

	return bp_archive_check(&archive, false, add_problem, problems, err);
}

struct verify_run {
	struct bp_service *service;
	struct bp_job_reply *reply;
	struct bp_arena arena;
	struct bp_raw_row *rows; /* READ_ROWS of them */
	int64_t checked;
	int64_t broken;
};

/** Inflate every row of a table. */
static enum bp_rc check_rows(struct verify_run *run, struct bp_raw_reader *reader,
			     enum bp_raw_table table, struct bp_err *err)
{
	int64_t after = 0;

	for (;;) {
		size_t n = 0;

		bp_arena_clear(&run->arena);
		enum bp_rc rc = bp_raw_read(reader, table, after, READ_ROWS, &run->arena, run->rows,
					    &n, err);
		if (rc != BP_OK || n == 0) {
			return rc;
		}
		for (size_t i = 0; i < n; i++) {
			run->broken += run->rows[i].event.payload.ptr ? 0 : 1;
		}
		after = run->rows[n - 1].sequence;
		if (run->checked / SAY_ROWS != (run->checked + (int64_t)n) / SAY_ROWS) {
			cJSON *progress = cJSON_CreateObject();
			cJSON_AddNumberToObject(progress, "rows", (double)run->checked);
			run->reply->progress(run->reply, progress);
		}
		run->checked += (int64_t)n;
		if (bp_stop_requested(&run->service->stop)) {
			return bp_err_set(err, BP_ESTOPPED, "the service stops");
		}
	}
}

static enum bp_rc run_verify(struct bp_service *service, const cJSON *args,
			     struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	struct verify_run run = {.service = service, .reply = reply};
	struct bp_sql *sql = NULL;
	struct bp_codec *codec = bp_codec_new();
	struct bp_raw_reader *reader = NULL;
	cJSON *problems = cJSON_CreateArray();

	(void)args;
	run.rows = bp_calloc(READ_ROWS, sizeof(*run.rows));
	enum bp_rc rc = bp_service_sql(service, BP_SQL_READ, &sql, err);
	if (rc == BP_OK) {
		rc = check_pages(sql, problems, err);
	}
	if (rc == BP_OK) {
		bp_service_take_archive(service);
		rc = check_archive(service, sql, problems, err);
		bp_service_give_archive(service);
	}
	if (rc == BP_OK) {
		rc = bp_codec_load(codec, sql, err);
	}
	if (rc == BP_OK) {
		rc = bp_raw_reader_new(sql, codec, &reader, err);
	}
	for (int table = 0; rc == BP_OK && table < BP_RAW_TABLES; table++) {
		rc = check_rows(&run, reader, (enum bp_raw_table)table, err);
	}
	if (rc == BP_OK) {
		bool fine = run.broken == 0 && cJSON_GetArraySize(problems) == 0;

		*out_result = cJSON_CreateObject();
		cJSON_AddNumberToObject(*out_result, "schema_version", 1);
		cJSON_AddBoolToObject(*out_result, "ok", fine);
		cJSON_AddNumberToObject(*out_result, "rows", (double)run.checked);
		cJSON_AddNumberToObject(*out_result, "broken_rows", (double)run.broken);
		cJSON_AddItemToObject(*out_result, "problems", problems);
		problems = NULL;
	}
	cJSON_Delete(problems);
	bp_raw_reader_free(reader);
	bp_codec_free(codec);
	bp_sql_close(sql);
	bp_arena_done(&run.arena);
	free(run.rows);
	return rc;
}

const struct bp_job bp_job_verify = {.name = "db_verify", .run = run_verify};

static enum bp_rc run_compact(struct bp_service *service, const cJSON *args,
			      struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	struct bp_sql *sql = NULL;
	int64_t before = file_bytes(service->database);

	(void)args;
	(void)reply;
	bp_service_take_archive(service);
	enum bp_rc rc = bp_service_sql(service, BP_SQL_WRITE, &sql, err);
	if (rc != BP_OK) {
		bp_service_give_archive(service);
		return rc;
	}
	/* Both paths hold still: VACUUM needs the database for itself, and events wait in Redis. */
	bp_fastpath_pause(service->fastpath, true);
	bp_slowpath_pause(service->slowpath, true);
	bp_writer_lock_take(service->lock, BP_WRITER_SLOW);
	/* A database can be larger than the memory; main.c keeps its temporary file in the home. */
	rc = bp_sql_exec(sql, "PRAGMA temp_store = FILE; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)",
			 err);
	bp_writer_lock_give(service->lock);
	bp_slowpath_pause(service->slowpath, false);
	bp_fastpath_pause(service->fastpath, false);
	bp_sql_close(sql);
	bp_service_give_archive(service);
	if (rc == BP_OK) {
		*out_result = cJSON_CreateObject();
		cJSON_AddNumberToObject(*out_result, "schema_version", 1);
		cJSON_AddNumberToObject(*out_result, "bytes_before", (double)before);
		cJSON_AddNumberToObject(*out_result, "bytes_after",
					(double)file_bytes(service->database));
	}
	return rc;
}

const struct bp_job bp_job_compact = {.name = "db_compact", .run = run_compact};

/* The copy is made in the home, where alone the service may write; who asked moves it. */
static enum bp_rc run_backup(struct bp_service *service, const cJSON *args,
			     struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	static const char INTO[] = "VACUUM INTO ?1";
	char path[BP_HOME_PATH_BYTES];
	struct bp_statement *statement = NULL;
	struct bp_sql *sql = NULL;

	(void)reply;
	(void)args;
	enum bp_rc rc = bp_home_file(service->home, "run/backup.db", path, sizeof(path), err);
	if (rc != BP_OK) {
		return rc;
	}
	(void)unlink(path); /* of one that was cut short: jobs run one at a time */
	/* A write connection, as a reader may not even write elsewhere; the log goes on meanwhile. */
	rc = bp_service_sql(service, BP_SQL_WRITE, &sql, err);
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, INTO, &statement, err);
	}
	if (rc == BP_OK) {
		bp_bind_text(statement, 1, bp_str_from(path));
		rc = bp_statement_run(statement, err);
	}
	bp_statement_free(statement);
	bp_sql_close(sql);
	if (rc != BP_OK) {
		(void)unlink(path);
		return bp_err_wrap(err, rc, "backup");
	}
	*out_result = cJSON_CreateObject();
	cJSON_AddNumberToObject(*out_result, "schema_version", 1);
	cJSON_AddStringToObject(*out_result, "path", path);
	cJSON_AddNumberToObject(*out_result, "bytes", (double)file_bytes(path));
	return BP_OK;
}

const struct bp_job bp_job_backup = {.name = "db_backup", .run = run_backup};
