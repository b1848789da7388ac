/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "parquet/parquet.h"
#include "query/export_private.h"

enum {
	ROWS_PER_GROUP = 16384, /* held until they are written */
	PROGRESS_ROWS = 4096
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

static struct bp_parquet_value value_of(enum bp_export_type type,
					const struct bp_export_value *value)
{
	struct bp_parquet_value out = {.null = value->null,
				       .number = value->number,
				       .real = value->real,
				       .text = value->text};

	if (type == BP_EXPORT_USD) {
		out.real = (double)value->number / 1e12;
	}
	return out;
}

static enum bp_rc write_rows(struct bp_export *export, const struct bp_export_target *target,
			     struct bp_parquet_writer *writer, int64_t *out_rows,
			     struct bp_err *err)
{
	struct bp_parquet_value row[BP_EXPORT_COLUMNS_MAX];
	const struct bp_export_value *values;
	enum bp_rc rc;

	*out_rows = 0;
	while ((rc = bp_export_next(export, &values, err)) == BP_OK) {
		for (size_t i = 0; i < export->n_columns; i++) {
			row[i] = value_of(export->columns[i].type, &values[i]);
		}
		rc = bp_parquet_writer_row(writer, row, err);
		++*out_rows;
		if (rc == BP_OK && target->progress && *out_rows % PROGRESS_ROWS == 0) {
			rc = target->progress(target->arg, *out_rows, err);
		}
		if (rc != BP_OK) {
			return rc;
		}
	}
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_export_parquet(struct bp_export *export, const struct bp_export_target *target,
			     int64_t *out_rows, struct bp_err *err)
{
	struct bp_parquet_column columns[BP_EXPORT_COLUMNS_MAX];
	const char *const metadata[] = {"blueplane.what", export->dataset->name,
					"blueplane.schema_version", "1", NULL};
	struct bp_parquet_writer *writer = NULL;

	for (size_t i = 0; i < export->n_columns; i++) {
		columns[i] = (struct bp_parquet_column){.name = export->columns[i].name,
							.type = type_of(export->columns[i].type),
							.optional = true};
	}
	enum bp_rc rc = bp_parquet_writer_new(columns, export->n_columns, ROWS_PER_GROUP,
					      target->write, target->arg, &writer, err);
	if (rc == BP_OK) {
		rc = write_rows(export, target, writer, out_rows, err);
	}
	if (rc == BP_OK) {
		rc = bp_parquet_writer_finish(writer, metadata, err);
	}
	bp_parquet_writer_free(writer);
	return rc;
}
