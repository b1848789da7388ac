/* SPDX-License-Identifier: MIT */
/* The jobs `archive`, `archive_list`, `archive_restore`, `archive_verify`: rows to Parquet files,
 * and back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "daemon/archiving.h"
#include "daemon/job.h"

static const int64_t DAY_US = 86400000000;
static const int64_t SAY_US = 100000;

/** Progress goes out a few times a second. */
struct talk {
	struct bp_job_reply *reply;
	int64_t said_us;
};

static void say(void *arg, const char *step, int64_t done, int64_t total)
{
	struct talk *talk = arg;
	int64_t now_us = bp_clock_mono_us();

	if (now_us - talk->said_us < SAY_US) {
		return;
	}
	talk->said_us = now_us;
	cJSON *progress = cJSON_CreateObject();
	cJSON_AddStringToObject(progress, "step", step);
	cJSON_AddNumberToObject(progress, "done", (double)done);
	cJSON_AddNumberToObject(progress, "total", (double)total);
	talk->reply->progress(talk->reply, progress);
}

static cJSON *new_result(void)
{
	cJSON *result = cJSON_CreateObject();

	cJSON_AddNumberToObject(result, "schema_version", 1);
	return result;
}

/** What is older goes: as asked, else by retention.raw_days. */
static enum bp_rc read_before(const struct bp_service *service, const cJSON *args, int64_t *out,
			      struct bp_err *err)
{
	const cJSON *before = cJSON_GetObjectItemCaseSensitive(args, "before_us");
	int64_t days = service->settings.daemon.raw_days;

	if (cJSON_IsNumber(before)) {
		*out = llround(before->valuedouble);
	} else if (days == 0) {
		return bp_err_set(err, BP_EINVAL, "retention.raw_days is 0: say --before");
	} else {
		*out = bp_clock_wall_us() - days * DAY_US;
	}
	return BP_OK;
}

static enum bp_rc plan(struct bp_archiving *archiving, int64_t before_us, cJSON **out,
		       struct bp_err *err)
{
	struct bp_archive_part *parts = NULL;
	int64_t rows = 0;
	size_t n = 0;
	enum bp_rc rc = bp_archive_plan(archiving->archive.sql, before_us, &parts, &n, err);

	if (rc != BP_OK) {
		return rc;
	}
	*out = new_result();
	cJSON_AddTrueToObject(*out, "dry_run");
	cJSON_AddBoolToObject(*out, "keep", archiving->service->settings.daemon.raw_fate == 0);
	cJSON *array = cJSON_AddArrayToObject(*out, "partitions");
	for (size_t i = 0; i < n; i++) {
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "platform", parts[i].platform);
		cJSON_AddStringToObject(item, "month", parts[i].month);
		cJSON_AddNumberToObject(item, "rows", (double)parts[i].rows);
		cJSON_AddItemToArray(array, item);
		rows += parts[i].rows;
	}
	cJSON_AddNumberToObject(*out, "rows", (double)rows);
	free(parts);
	return BP_OK;
}

static enum bp_rc move(struct bp_archiving *archiving, int64_t before_us, cJSON **out,
		       struct bp_err *err)
{
	bool keep = archiving->service->settings.daemon.raw_fate == 0;
	int64_t start_us = bp_clock_mono_us();
	int64_t rows = 0;
	enum bp_rc rc = bp_archiving_run(archiving, before_us, keep, &rows, err);

	if (rc == BP_OK) {
		*out = new_result();
		cJSON_AddNumberToObject(*out, "rows", (double)rows);
		cJSON_AddBoolToObject(*out, "keep", keep);
		cJSON_AddNumberToObject(*out, "seconds",
					(double)(bp_clock_mono_us() - start_us) / 1e6);
	}
	return rc;
}

/** Hold the archive, open it, do it. */
static enum bp_rc with_archive(struct bp_service *service, const cJSON *args,
			       struct bp_job_reply *reply, cJSON **out,
			       enum bp_rc (*work)(struct bp_archiving *archiving, const cJSON *args,
						  cJSON **out, struct bp_err *err),
			       struct bp_err *err)
{
	struct talk talk = {.reply = reply};
	struct bp_archiving archiving;

	bp_service_take_archive(service);
	enum bp_rc rc = bp_archiving_open(service, &archiving, err);
	if (rc == BP_OK) {
		archiving.archive.progress = say;
		archiving.archive.arg = &talk;
		rc = work(&archiving, args, out, err);
		bp_archiving_close(&archiving);
	}
	bp_service_give_archive(service);
	return rc;
}

static enum bp_rc archive(struct bp_archiving *archiving, const cJSON *args, cJSON **out,
			  struct bp_err *err)
{
	int64_t before_us = 0;
	enum bp_rc rc = read_before(archiving->service, args, &before_us, err);

	if (rc != BP_OK) {
		return rc;
	}
	return bp_job_flag(args, "dry_run") ? plan(archiving, before_us, out, err)
					    : move(archiving, before_us, out, err);
}

static enum bp_rc run_archive(struct bp_service *service, const cJSON *args,
			      struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	return with_archive(service, args, reply, out_result, archive, err);
}

const struct bp_job bp_job_archive = {.name = "archive", .run = run_archive};

static void add_entry(cJSON *array, const struct bp_archive_entry *entry)
{
	static const char *const states[] = {[BP_ARCHIVE_LEAVING] = "interrupted",
					     [BP_ARCHIVE_WHOLE] = "whole",
					     [BP_ARCHIVE_RESTORED] = "interrupted",
					     [BP_ARCHIVE_GONE] = "interrupted"};
	char hex[2 * BP_ARCHIVE_SHA256_BYTES + 1];
	cJSON *item = cJSON_CreateObject();

	for (size_t i = 0; i < BP_ARCHIVE_SHA256_BYTES; i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", entry->seen.sha256[i]);
	}
	cJSON_AddStringToObject(item, "path", entry->path);
	cJSON_AddStringToObject(item, "platform", entry->platform);
	cJSON_AddStringToObject(item, "month", entry->month);
	cJSON_AddStringToObject(item, "state", states[entry->state]);
	cJSON_AddNumberToObject(item, "rows", (double)entry->seen.rows);
	cJSON_AddNumberToObject(item, "bytes", (double)entry->seen.bytes);
	cJSON_AddNumberToObject(item, "min_ts_us", (double)entry->seen.min_ts_us);
	cJSON_AddNumberToObject(item, "max_ts_us", (double)entry->seen.max_ts_us);
	cJSON_AddNumberToObject(item, "written_us", (double)entry->written_us);
	cJSON_AddStringToObject(item, "sha256", hex);
	cJSON_AddItemToArray(array, item);
}

static enum bp_rc run_list(struct bp_service *service, const cJSON *args,
			   struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	struct bp_archive_entry *entries = NULL;
	struct bp_sql *sql = NULL;
	int64_t rows = 0;
	int64_t bytes = 0;
	size_t n = 0;
	enum bp_rc rc = bp_service_sql(service, BP_SQL_READ, &sql, err);

	(void)reply;
	if (rc == BP_OK) {
		rc = bp_archive_list(sql, bp_job_text(args, "month"), bp_job_text(args, "platform"),
				     &entries, &n, err);
	}
	bp_sql_close(sql);
	if (rc != BP_OK) {
		return rc;
	}
	*out_result = new_result();
	cJSON *array = cJSON_AddArrayToObject(*out_result, "files");
	for (size_t i = 0; i < n; i++) {
		add_entry(array, &entries[i]);
		rows += entries[i].seen.rows;
		bytes += entries[i].seen.bytes;
	}
	cJSON_AddNumberToObject(*out_result, "rows", (double)rows);
	cJSON_AddNumberToObject(*out_result, "bytes", (double)bytes);
	free(entries);
	return BP_OK;
}

const struct bp_job bp_job_archive_list = {.name = "archive_list", .run = run_list};

static enum bp_rc restore(struct bp_archiving *archiving, const cJSON *args, cJSON **out,
			  struct bp_err *err)
{
	const struct bp_archive *from = &archiving->archive;
	struct bp_archive_entry *entries = NULL;
	int64_t rows = 0;
	size_t n = 0;
	int64_t adopted = 0;
	/* Also files of a database that was lost. */
	enum bp_rc rc = bp_archive_adopt(from, bp_job_text(args, "month"),
					 bp_job_text(args, "platform"), &adopted, err);

	if (rc == BP_OK) {
		rc = bp_archive_list(from->sql, bp_job_text(args, "month"),
				     bp_job_text(args, "platform"), &entries, &n, err);
	}
	if (rc == BP_OK && n == 0) {
		rc = bp_err_set(err, BP_ENOTFOUND,
				"there is no such file; see: blueplane archive "
				"list");
	}
	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		int64_t some = 0;

		rc = bp_archive_restore(from, &entries[i], &some, err);
		rows += some;
	}
	free(entries);
	if (rows > 0) {
		bp_service_rows_changed(archiving->service);
	}
	if (rc == BP_OK) {
		*out = new_result();
		cJSON_AddNumberToObject(*out, "files", (double)n);
		cJSON_AddNumberToObject(*out, "rows", (double)rows);
	}
	return rc;
}

static enum bp_rc run_restore(struct bp_service *service, const cJSON *args,
			      struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	return with_archive(service, args, reply, out_result, restore, err);
}

const struct bp_job bp_job_archive_restore = {.name = "archive_restore", .run = run_restore};

static void add_problem(void *arg, const char *path, const char *what)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "path", path);
	cJSON_AddStringToObject(item, "problem", what);
	cJSON_AddItemToArray(arg, item);
}

static enum bp_rc run_verify(struct bp_service *service, const cJSON *args,
			     struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	struct talk talk = {.reply = reply};
	struct bp_archive archive = {
		.folder = service->archive, .stop = &service->stop, .progress = say, .arg = &talk};
	cJSON *problems = cJSON_CreateArray();

	(void)args;
	bp_service_take_archive(service);
	enum bp_rc rc = bp_service_sql(service, BP_SQL_READ, &archive.sql, err);
	if (rc == BP_OK) {
		rc = bp_archive_check(&archive, true, add_problem, problems, err);
	}
	bp_sql_close(archive.sql);
	bp_service_give_archive(service);
	if (rc != BP_OK) {
		cJSON_Delete(problems);
		return rc;
	}
	*out_result = new_result();
	cJSON_AddBoolToObject(*out_result, "ok", cJSON_GetArraySize(problems) == 0);
	cJSON_AddItemToObject(*out_result, "problems", problems);
	return BP_OK;
}

const struct bp_job bp_job_archive_verify = {.name = "archive_verify", .run = run_verify};
