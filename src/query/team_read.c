/* SPDX-License-Identifier: MIT */
/*
 * An anonymized export in any of its four formats, as values in the order of its columns. A file
 * with a column that such an export does not have is refused: it could tell who wrote it.
 */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/money.h"
#include "parquet/parquet.h"
#include "query/team.h"

enum { FILE_BYTES_MAX = 256 << 20, CSV_CELLS_MAX = BP_ANONYMOUS_COLUMN_COUNT };

struct reading {
	struct bp_team *team;
	int64_t rows;
};

static enum bp_rc not_anonymized(struct bp_err *err)
{
	return bp_err_set(
		err, BP_EINVAL,
		"not an anonymized export: make it with \"blueplane export --anonymize\"");
}

static int column_of(struct bp_str name)
{
	for (int i = 0; i < BP_ANONYMOUS_COLUMN_COUNT; i++) {
		if (bp_str_is(name, bp_anonymous_columns[i].name)) {
			return i;
		}
	}
	return -1;
}

static enum bp_rc begin_source(struct bp_team *team, const char *source, struct bp_err *err)
{
	for (size_t i = 0; i < team->n_sources; i++) {
		if (strcmp(team->sources[i], source) == 0) {
			return bp_err_set(
				err, BP_EINVAL,
				"it is the same export as another file (the same source)");
		}
	}
	if (team->n_sources == BP_TEAM_SOURCES_MAX) {
		return bp_err_set(err, BP_ELIMIT, "more than %d files", BP_TEAM_SOURCES_MAX);
	}
	memcpy(team->sources[team->n_sources++], source, BP_ANONYMOUS_SOURCE_BYTES);
	return BP_OK;
}

static enum bp_rc take(struct reading *reading, const struct bp_export_value *values,
		       struct bp_err *err)
{
	struct bp_anonymous_row row;
	enum bp_rc rc = bp_anonymous_read(values, &row, err);

	if (rc == BP_OK && reading->rows++ == 0) {
		rc = begin_source(reading->team, row.source, err);
	}
	if (rc == BP_OK) {
		rc = bp_team_add_row(reading->team, &row, err);
	}
	bp_sketch_done(&row.sketch);
	return rc;
}

static void clear(struct bp_export_value *values)
{
	for (size_t i = 0; i < BP_ANONYMOUS_COLUMN_COUNT; i++) {
		values[i] = (struct bp_export_value){.null = true};
	}
}

/* A number of some format as that column has it. False: it cannot be one. */
static bool from_real(enum bp_export_type type, double real, int64_t *out)
{
	double scaled = type == BP_EXPORT_USD ? real * 1e12 : real;

	if (!(scaled >= 0 && scaled < 9e18)) {
		return false;
	}
	*out = llround(scaled);
	return true;
}

/* --- json and jsonl --- */

static enum bp_rc take_object(struct reading *reading, const cJSON *object, struct bp_err *err)
{
	struct bp_export_value values[BP_ANONYMOUS_COLUMN_COUNT];
	const cJSON *member;

	clear(values);
	if (!cJSON_IsObject(object)) {
		return not_anonymized(err);
	}
	cJSON_ArrayForEach (member, object) {
		int i = column_of(bp_str_from(member->string));
		if (i < 0) {
			return not_anonymized(err);
		}
		if (cJSON_IsNull(member)) {
			continue;
		}
		bool text = bp_anonymous_columns[i].type == BP_EXPORT_TEXT;
		values[i].null = false;
		if (text && cJSON_IsString(member)) {
			values[i].text = bp_str_from(member->valuestring);
		} else if (text || !cJSON_IsNumber(member) ||
			   !from_real(bp_anonymous_columns[i].type, member->valuedouble,
				      &values[i].number)) {
			return not_anonymized(err);
		}
	}
	return take(reading, values, err);
}

static enum bp_rc read_json(struct reading *reading, struct bp_str text, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	while (rc == BP_OK && text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t n = end ? (size_t)(end - text.ptr) : text.len;
		cJSON *value = cJSON_ParseWithLength(text.ptr, n);
		const cJSON *rows = cJSON_GetObjectItemCaseSensitive(value, "rows");
		const cJSON *row;
		if (cJSON_IsArray(rows)) {
			cJSON_ArrayForEach (row, rows) {
				rc = rc == BP_OK ? take_object(reading, row, err) : rc;
			}
		} else {
			rc = take_object(reading, value, err);
		}
		cJSON_Delete(value);
		n += end ? 1 : 0;
		text.ptr += n;
		text.len -= n;
	}
	return rc;
}

/* --- csv --- */

/* The cells of one record; quoted ones are unquoted in place. False: too many, or a quote that does
 * not end. */
static bool split(char **at, const char *end, struct bp_str *cells, size_t *out_n)
{
	char *from = *at;
	size_t n = 0;
	bool more = true;

	while (more) {
		if (n == CSV_CELLS_MAX) {
			return false;
		}
		char *to = from;
		char *start = from;
		if (from < end && *from == '"') {
			from++;
			while (from < end && (*from != '"' || (from + 1 < end && from[1] == '"'))) {
				from += *from == '"' ? 1 : 0;
				*to++ = *from++;
			}
			if (from == end) {
				return false;
			}
			from++;
		} else {
			while (from < end && *from != ',' && *from != '\n' && *from != '\r') {
				*to++ = *from++;
			}
		}
		cells[n++] = bp_str_make(start, (size_t)(to - start));
		more = from < end && *from == ',';
		from += more ? 1 : 0;
	}
	from += from < end && *from == '\r' ? 1 : 0;
	from += from < end && *from == '\n' ? 1 : 0;
	*at = from;
	*out_n = n;
	return true;
}

/* Digits and a point, and nothing else: the one form an export writes. */
static bool cell_number(enum bp_export_type type, struct bp_str cell, int64_t *out)
{
	int64_t pusd = 0;

	if (type == BP_EXPORT_USD) {
		return bp_money_parse(cell, out);
	}
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.ptr[i] < '0' || cell.ptr[i] > '9' || i == 18) {
			return false;
		}
		pusd = pusd * 10 + (cell.ptr[i] - '0');
	}
	*out = pusd;
	return true;
}

static enum bp_rc take_cells(struct reading *reading, const int *columns, size_t n,
			     const struct bp_str *cells, struct bp_err *err)
{
	struct bp_export_value values[BP_ANONYMOUS_COLUMN_COUNT];

	clear(values);
	for (size_t i = 0; i < n; i++) {
		struct bp_export_value *value = &values[columns[i]];
		enum bp_export_type type = bp_anonymous_columns[columns[i]].type;
		if (cells[i].len == 0) {
			continue;
		}
		value->null = false;
		if (type == BP_EXPORT_TEXT) {
			value->text = cells[i];
		} else if (!cell_number(type, cells[i], &value->number)) {
			return not_anonymized(err);
		}
	}
	return take(reading, values, err);
}

static enum bp_rc read_csv(struct reading *reading, struct bp_buf *text, struct bp_err *err)
{
	struct bp_str cells[CSV_CELLS_MAX];
	int columns[CSV_CELLS_MAX];
	char *at = text->ptr;
	const char *end = text->ptr + text->len;
	size_t n = 0, found = 0;
	enum bp_rc rc = BP_OK;

	if (!split(&at, end, cells, &n)) {
		return not_anonymized(err);
	}
	for (size_t i = 0; i < n; i++) {
		columns[i] = column_of(cells[i]);
		if (columns[i] < 0) {
			return not_anonymized(err);
		}
	}
	while (rc == BP_OK && at < end) {
		if (!split(&at, end, cells, &found) || found != n) {
			return not_anonymized(err);
		}
		rc = take_cells(reading, columns, n, cells, err);
	}
	return rc;
}

/* --- parquet --- */

static enum bp_rc take_values(struct reading *reading, const struct bp_parquet_column *columns,
			      size_t n, const struct bp_parquet_value *row, struct bp_err *err)
{
	struct bp_export_value values[BP_ANONYMOUS_COLUMN_COUNT];

	clear(values);
	for (size_t i = 0; i < n; i++) {
		int at = column_of(bp_str_from(columns[i].name));
		enum bp_export_type type = at >= 0 ? bp_anonymous_columns[at].type : BP_EXPORT_JSON;
		enum bp_parquet_type want = type == BP_EXPORT_TEXT  ? BP_PARQUET_TEXT
					    : type == BP_EXPORT_USD ? BP_PARQUET_DOUBLE
								    : BP_PARQUET_INT64;
		if (at < 0 || columns[i].type != want) {
			return not_anonymized(err);
		}
		values[at] = (struct bp_export_value){
			.null = row[i].null, .number = row[i].number, .text = row[i].text};
		if (type == BP_EXPORT_USD && !row[i].null &&
		    !from_real(type, row[i].real, &values[at].number)) {
			return not_anonymized(err);
		}
	}
	return take(reading, values, err);
}

static enum bp_rc read_parquet(struct reading *reading, const char *path, struct bp_err *err)
{
	struct bp_parquet_reader *reader = NULL;
	enum bp_rc rc = bp_parquet_reader_open(path, &reader, err);

	if (rc != BP_OK) {
		return rc;
	}
	size_t n = 0;
	const struct bp_parquet_column *columns = bp_parquet_reader_columns(reader, &n);
	struct bp_parquet_value *row = bp_calloc(n + 1, sizeof(*row));
	while (rc == BP_OK && (rc = bp_parquet_reader_next(reader, row, err)) == BP_OK) {
		rc = take_values(reading, columns, n, row, err);
	}
	free(row);
	bp_parquet_reader_free(reader);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_team_add(struct bp_team *team, const char *path, struct bp_err *err)
{
	struct reading reading = {.team = team};
	struct bp_buf text;

	bp_buf_init(&text, FILE_BYTES_MAX);
	enum bp_rc rc = bp_file_read(path, &text, err);
	if (rc == BP_OK && bp_str_starts(bp_buf_str(&text), BP_STR("PAR1"))) {
		rc = read_parquet(&reading, path, err);
	} else if (rc == BP_OK && bp_str_starts(bp_buf_str(&text), BP_STR("{"))) {
		rc = read_json(&reading, bp_buf_str(&text), err);
	} else if (rc == BP_OK && text.len > 0) {
		rc = read_csv(&reading, &text, err);
	}
	bp_buf_done(&text);
	if (rc == BP_OK && reading.rows == 0) {
		rc = not_anonymized(err);
	}
	if (rc == BP_ENOTFOUND) {
		return bp_err_set(err, rc,
				  "there is no file \"%.120s\"; \"blueplane export --anonymize -o "
				  "FILE\" writes one",
				  path);
	}
	return rc == BP_OK ? rc : bp_err_wrap(err, rc, "\"%.120s\"", path);
}
