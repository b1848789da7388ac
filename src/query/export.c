/* SPDX-License-Identifier: MIT */
#include "query/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/database.h"
#include "query/export_private.h"

enum { FLUSH_BYTES = 256 * 1024, PROGRESS_ROWS = 4096 };

const char *const bp_export_names[] = {"sessions",    "events", "turns",   "tool_calls",
				       "model_calls", "costs",  "metrics", NULL};

static const struct bp_export_dataset *const DATASETS[] = {
	&bp_export_sessions,    &bp_export_events, &bp_export_turns,   &bp_export_tool_calls,
	&bp_export_model_calls, &bp_export_costs,  &bp_export_metrics,
};

const char *const bp_export_formats[] = {"jsonl", "json", "csv", "markdown", "parquet", NULL};

const struct bp_export_dataset *bp_export_find(const char *name)
{
	for (size_t i = 0; i < sizeof(DATASETS) / sizeof(DATASETS[0]); i++) {
		if (strcmp(DATASETS[i]->name, name) == 0) {
			return DATASETS[i];
		}
	}
	return NULL;
}

/* In the order of enum bp_export_key. */
static const char *const KEYS[] = {"platform", "project", "session", "model", "tool", "type"};
enum { N_KEYS = sizeof(KEYS) / sizeof(KEYS[0]) };

bool bp_export_may_filter(const struct bp_export_dataset *dataset, struct bp_str key)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (bp_str_is(key, KEYS[i])) {
			return (dataset->filters >> i & 1) != 0;
		}
	}
	return false;
}

void bp_export_filters(const struct bp_export_dataset *dataset, char out[BP_EXPORT_KEYS_BYTES])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < N_KEYS; i++) {
		if (dataset->filters >> i & 1) {
			int more = snprintf(out + n, BP_EXPORT_KEYS_BYTES - n, "%s%s",
					    n > 0 ? ", " : "", KEYS[i]);
			n += (size_t)more;
			BP_ASSERT(more > 0 && n < BP_EXPORT_KEYS_BYTES);
		}
	}
}

enum bp_rc bp_export_open(const struct bp_export_question *question, struct bp_export **out,
			  struct bp_err *err)
{
	const struct bp_export_dataset *dataset = question->dataset;
	struct bp_export *export = NULL;
	struct bp_sql *sql = NULL;
	enum bp_rc rc = dataset->log ? bp_query_open_log(question->database, &sql, err)
				     : bp_query_open(question->database, &sql, err);

	if (rc == BP_OK) {
		/* One moment from the first row to the last. */
		rc = bp_query_begin(sql, err);
	}
	if (rc == BP_OK) {
		rc = dataset->open(question, sql, &export, err);
	}
	if (export) {
		export->question = question;
		export->dataset = dataset;
		export->sql = sql;
		sql = NULL;
	}
	bp_sql_close(sql);
	if (rc != BP_OK) {
		bp_export_close(export);
		return rc;
	}
	*out = export;
	return BP_OK;
}

void bp_export_close(struct bp_export *export)
{
	if (export) {
		struct bp_sql *sql = export->sql;

		export->dataset->close(export);
		bp_query_end(sql);
		bp_sql_close(sql);
	}
}

const struct bp_export_column *bp_export_columns(const struct bp_export *export, size_t *out_n)
{
	*out_n = export->n_columns;
	return export->columns;
}

enum bp_rc bp_export_next(struct bp_export *export, const struct bp_export_value **out_values,
			  struct bp_err *err)
{
	enum bp_rc rc = export->dataset->next(export, err);

	if (rc == BP_OK) {
		*out_values = export->values;
	}
	return rc;
}

static enum bp_rc flush(const struct bp_export_target *target, struct bp_buf *text, size_t least,
			struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	if (!bp_buf_ok(text)) {
		return bp_err_set(err, BP_ELIMIT, "a row is too large");
	}
	if (text->len >= least && text->len > 0) {
		rc = target->write(target->sink, text->ptr, text->len, err);
		bp_buf_clear(text);
	}
	return rc;
}

static enum bp_rc report(const struct bp_export_target *target, int64_t rows, struct bp_err *err)
{
	return target->progress && rows % PROGRESS_ROWS == 0
		       ? target->progress(target->arg, rows, err)
		       : BP_OK;
}

/* Rows one after the other. */
static enum bp_rc write_rows(struct bp_export *export, const struct bp_export_text_form *form,
			     const struct bp_export_target *target, int64_t *out_rows,
			     struct bp_err *err)
{
	const struct bp_export_value *values;
	struct bp_buf text;
	int64_t rows = 0;
	enum bp_rc rc;

	bp_buf_init(&text, BP_EXPORT_TEXT_MAX);
	while ((rc = bp_export_next(export, &values, err)) == BP_OK) {
		bp_export_text_row(form, values, &text);
		if (rows++ == 0 && bp_export_text_divides(form)) {
			bp_buf_consume(&text, 1);
		}
		rc = flush(target, &text, FLUSH_BYTES, err);
		if (rc == BP_OK) {
			rc = report(target, rows, err);
		}
		if (rc != BP_OK) {
			break;
		}
	}
	if (rc == BP_ENOTFOUND) {
		rc = flush(target, &text, 0, err);
	}
	bp_buf_done(&text);
	*out_rows = rows;
	return rc;
}

static enum bp_rc write_text(struct bp_export *export, const struct bp_export_target *target,
			     int64_t *out_rows, struct bp_err *err)
{
	struct bp_export_text_form *form = bp_export_text_form_new(export, target);
	struct bp_buf text;

	bp_buf_init(&text, BP_EXPORT_TEXT_MAX);
	bp_export_text_begin(form, &text);
	enum bp_rc rc = flush(target, &text, 0, err);
	if (rc == BP_OK) {
		rc = export->dataset->log ? bp_export_pieces(export, form, target, out_rows, err)
					  : write_rows(export, form, target, out_rows, err);
	}
	if (rc == BP_OK) {
		bp_export_text_end(form, &text);
		rc = flush(target, &text, 0, err);
	}
	bp_buf_done(&text);
	bp_export_text_form_free(form);
	return rc;
}

enum bp_rc bp_export_run(const struct bp_export_question *question,
			 const struct bp_export_target *target, int64_t *out_rows,
			 struct bp_err *err)
{
	struct bp_export *export = NULL;
	enum bp_rc rc = bp_export_open(question, &export, err);

	if (rc == BP_OK) {
		rc = target->format == BP_EXPORT_PARQUET
			     ? bp_export_parquet(export, target, out_rows, err)
			     : write_text(export, target, out_rows, err);
		bp_export_close(export);
	}
	return rc;
}
