/* SPDX-License-Identifier: MIT */
/*
 * One Parquet file, or a folder of them: a part for each platform and month (UTC), as Hive names
 * them. Of a part in progress one row group is in memory, so few are open at once; one that was
 * closed too early is followed by a further part.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "event/timestamp.h"
#include "parquet/parquet.h"
#include "query/export_private.h"

enum {
	ROWS_PER_GROUP = 16384, /* held until they are written */
	PART_ROWS_PER_GROUP = 4096,
	PARTS_OPEN_MAX = 16,
	PROGRESS_ROWS = 4096,
	MONTH_BYTES = 7, /* 2026-01 */
	PATH_BYTES = 128
};

static enum bp_parquet_type type_of(enum bp_export_type type)
{
	switch (type) {
	case BP_EXPORT_INT:
		return BP_PARQUET_INT64;
	case BP_EXPORT_REAL:
	case BP_EXPORT_USD:
		return BP_PARQUET_DOUBLE;
	case BP_EXPORT_BOOL:
		return BP_PARQUET_BOOL;
	case BP_EXPORT_TIME:
		return BP_PARQUET_TIMESTAMP_US;
	case BP_EXPORT_TEXT:
	case BP_EXPORT_JSON:
		break;
	}
	return BP_PARQUET_TEXT;
}

/* A part in progress. */
struct part {
	char path[PATH_BYTES]; /* without its number */
	struct bp_parquet_writer *writer;
	void *sink;
	int64_t used; /* the row that was written last */
};

/* A part that was: how many of that name there are. */
struct count {
	char path[PATH_BYTES];
	int n;
};

struct run {
	struct bp_export *export;
	const struct bp_export_target *target;
	struct bp_parquet_column columns[BP_EXPORT_COLUMNS_MAX];
	size_t platform, time; /* their columns; n_columns: there is none */
	struct part parts[PARTS_OPEN_MAX];
	size_t n;
	struct count *counts;
	size_t n_counts;
	int64_t rows;
};

static enum bp_rc new_writer(struct run *run, size_t rows_per_group, void *sink,
			     struct bp_parquet_writer **out, struct bp_err *err)
{
	return bp_parquet_writer_new(run->columns, run->export->n_columns, rows_per_group,
				     run->target->write, sink, out, err);
}

static enum bp_rc finish_writer(const struct run *run, struct bp_parquet_writer *writer,
				struct bp_err *err)
{
	const char *const metadata[] = {"blueplane.what", run->export->dataset->name,
					"blueplane.schema_version", "1", NULL};

	return bp_parquet_writer_finish(writer, metadata, err);
}

/* --- parts --- */

static enum bp_rc end_part(struct run *run, size_t i, bool complete, struct bp_err *err)
{
	struct part *part = &run->parts[i];
	enum bp_rc rc = complete ? finish_writer(run, part->writer, err) : BP_OK;
	struct bp_err ignored = {0};

	bp_parquet_writer_free(part->writer);
	enum bp_rc ended =
		run->target->part_end(run->target->arg, part->sink, complete && rc == BP_OK,
				      rc == BP_OK ? err : &ignored);
	run->parts[i] = run->parts[--run->n];
	return rc == BP_OK ? ended : rc;
}

static int next_number(struct run *run, const char *path)
{
	for (size_t i = 0; i < run->n_counts; i++) {
		if (strcmp(run->counts[i].path, path) == 0) {
			return run->counts[i].n++;
		}
	}
	run->counts = bp_realloc(run->counts, run->n_counts + 1, sizeof(run->counts[0]));
	struct count *count = &run->counts[run->n_counts++];
	*count = (struct count){.n = 1};
	memcpy(count->path, path, strlen(path) + 1);
	return 0;
}

static enum bp_rc begin_part(struct run *run, const char *path, struct part **out,
			     struct bp_err *err)
{
	char name[PATH_BYTES + 32];
	enum bp_rc rc = BP_OK;

	if (run->n == PARTS_OPEN_MAX) {
		size_t oldest = 0;
		for (size_t i = 1; i < run->n; i++) {
			oldest = run->parts[i].used < run->parts[oldest].used ? i : oldest;
		}
		rc = end_part(run, oldest, true, err);
	}
	struct part part = {.used = run->rows};
	memcpy(part.path, path, strlen(path) + 1);
	(void)snprintf(name, sizeof(name), "%s/part-%d.parquet", path, next_number(run, path));
	if (rc == BP_OK) {
		rc = run->target->part_begin(run->target->arg, name, &part.sink, err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	run->parts[run->n] = part;
	*out = &run->parts[run->n++];
	return new_writer(run, PART_ROWS_PER_GROUP, part.sink, &(*out)->writer, err);
}

/* A name of a folder: of a platform's letters, nothing else reaches a path. */
static void add_word(char *out, struct bp_str text)
{
	static const char none[] = "__HIVE_DEFAULT_PARTITION__";
	size_t n = text.len < 32 ? text.len : 32;

	for (size_t i = 0; i < n; i++) {
		char c = text.ptr[i];
		bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
		out[i] = (char)(fine ? c : '_');
	}
	out[n] = '\0';
	if (n == 0) {
		memcpy(out, none, sizeof(none));
	}
}

static void path_of(const struct run *run, const struct bp_export_value *values,
		    char out[PATH_BYTES])
{
	const size_t n = run->export->n_columns;
	char platform[40], month[40], stamp[BP_TIMESTAMP_BYTES];
	struct bp_str date = {NULL, 0};

	if (run->time < n && !values[run->time].null) {
		date = values[run->time].text;
		if (run->columns[run->time].type == BP_PARQUET_TIMESTAMP_US) {
			date = bp_str_make(stamp,
					   bp_timestamp_format(values[run->time].number, stamp));
		}
	}
	add_word(platform,
		 run->platform < n ? values[run->platform].text : (struct bp_str){NULL, 0});
	add_word(month, bp_str_make(date.ptr, date.len < MONTH_BYTES ? 0 : MONTH_BYTES));
	(void)snprintf(out, PATH_BYTES, "platform=%s/month=%s", platform, month);
}

static enum bp_rc part_of(struct run *run, const struct bp_export_value *values, struct part **out,
			  struct bp_err *err)
{
	char path[PATH_BYTES];

	path_of(run, values, path);
	for (size_t i = 0; i < run->n; i++) {
		if (strcmp(run->parts[i].path, path) == 0) {
			run->parts[i].used = run->rows;
			*out = &run->parts[i];
			return BP_OK;
		}
	}
	return begin_part(run, path, out, err);
}

/* --- rows --- */

static enum bp_rc write_row(const struct run *run, struct bp_parquet_writer *writer,
			    const struct bp_export_value *values, struct bp_err *err)
{
	struct bp_parquet_value row[BP_EXPORT_COLUMNS_MAX];

	for (size_t i = 0; i < run->export->n_columns; i++) {
		const struct bp_export_value *value = &values[i];
		row[i] = (struct bp_parquet_value){.null = value->null,
						   .number = value->number,
						   .real = value->real,
						   .text = value->text};
		if (run->export->columns[i].type == BP_EXPORT_USD) {
			row[i].real = (double)value->number / 1e12;
		}
	}
	return bp_parquet_writer_row(writer, row, err);
}

/* writer NULL: each row into the part it belongs to. */
static enum bp_rc write_rows(struct run *run, struct bp_parquet_writer *writer, struct bp_err *err)
{
	const struct bp_export_target *target = run->target;
	const struct bp_export_value *values;
	enum bp_rc rc;

	while ((rc = bp_export_next(run->export, &values, err)) == BP_OK) {
		struct part *part = NULL;

		run->rows++;
		if (!writer) {
			rc = part_of(run, values, &part, err);
		}
		if (rc == BP_OK) {
			rc = write_row(run, writer ? writer : part->writer, values, err);
		}
		if (rc == BP_OK && target->progress && run->rows % PROGRESS_ROWS == 0) {
			rc = target->progress(target->arg, run->rows, err);
		}
		if (rc != BP_OK) {
			return rc;
		}
	}
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc write_file(struct run *run, struct bp_err *err)
{
	struct bp_parquet_writer *writer = NULL;
	enum bp_rc rc = new_writer(run, ROWS_PER_GROUP, run->target->sink, &writer, err);

	if (rc == BP_OK) {
		rc = write_rows(run, writer, err);
	}
	if (rc == BP_OK) {
		rc = finish_writer(run, writer, err);
	}
	bp_parquet_writer_free(writer);
	return rc;
}

static enum bp_rc write_parts(struct run *run, struct bp_err *err)
{
	enum bp_rc rc = write_rows(run, NULL, err);
	struct bp_err ignored = {0};

	while (run->n > 0) {
		enum bp_rc ended =
			end_part(run, run->n - 1, rc == BP_OK, rc == BP_OK ? err : &ignored);
		rc = rc == BP_OK ? ended : rc;
	}
	free(run->counts);
	return rc;
}

/* The first time of a row says its month: a column of that type, or "date". */
static void find_columns(struct run *run)
{
	const size_t n = run->export->n_columns;

	run->platform = run->time = n;
	for (size_t i = 0; i < n; i++) {
		const struct bp_export_column *column = &run->export->columns[i];

		run->columns[i] = (struct bp_parquet_column){
			.name = column->name, .type = type_of(column->type), .optional = true};
		if (strcmp(column->name, "platform") == 0) {
			run->platform = i;
		}
		if (run->time == n &&
		    (column->type == BP_EXPORT_TIME || strcmp(column->name, "date") == 0)) {
			run->time = i;
		}
	}
}

enum bp_rc bp_export_parquet(struct bp_export *export, const struct bp_export_target *target,
			     int64_t *out_rows, struct bp_err *err)
{
	struct run run = {.export = export, .target = target};

	find_columns(&run);
	enum bp_rc rc = target->part_begin ? write_parts(&run, err) : write_file(&run, err);
	*out_rows = run.rows;
	return rc;
}
