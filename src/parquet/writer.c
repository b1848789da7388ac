/* SPDX-License-Identifier: MIT */
#include "parquet/parquet.h"

#include <string.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "parquet/crc32.h"
#include "parquet/footer.h"
#include "parquet/format.h"
#include "parquet/page.h"

enum {
	ZSTD_LEVEL = 3,
	/* A page may pass its size by one value; a group by one page of each column. */
	VALUES_BYTES_MAX = BP_PARQUET_PAGE_BYTES + BP_PARQUET_TEXT_BYTES_MAX + 64,
	PAGE_ROWS_MAX = 128 * 1024,
	CHUNK_BYTES_MAX = 1024 * 1024 * 1024
};

/* One column of the row group that is being filled. */
struct column {
	struct bp_buf levels;   /* of the page that is being filled: one byte per row */
	struct bp_buf values;   /* of the same: PLAIN */
	struct bp_buf pages;    /* finished pages with their headers */
	size_t page_rows;       /* rows of the page that is being filled */
	int64_t inflated;       /* bytes of pages if nothing were compressed */
	int64_t nulls;          /* of the group */
	int64_t min;            /* of the group: numbers */
	int64_t max;            /* the same */
	struct bp_buf min_text; /* of the group: texts */
	struct bp_buf max_text; /* the same */
	bool any;               /* min and max are of something */
	bool long_text;         /* a text was too long to be a minimum or maximum */
};

struct bp_parquet_writer {
	const struct bp_parquet_column *columns;
	size_t n_columns;
	size_t rows_per_group;
	enum bp_rc (*write)(void *arg, const void *bytes, size_t n, struct bp_err *err);
	void *arg;
	ZSTD_CCtx *zstd;
	struct column *state;
	struct bp_buf page;   /* one page, not compressed */
	struct bp_buf groups; /* the footer's row groups so far */
	size_t n_groups;
	int64_t offset; /* bytes written */
	int64_t rows;   /* of the file */
	size_t group_rows;
	size_t group_bytes; /* held by the group's columns */
	enum bp_rc failed;  /* write's answer once it failed */
};

static enum bp_rc write_out(struct bp_parquet_writer *writer, const void *bytes, size_t n,
			    struct bp_err *err)
{
	enum bp_rc rc = writer->write(writer->arg, bytes, n, err);

	writer->failed = rc;
	writer->offset += (int64_t)n;
	return rc;
}

static bool is_text(enum bp_parquet_type type)
{
	return type == BP_PARQUET_TEXT || type == BP_PARQUET_BYTES;
}

static bool columns_are_good(const struct bp_parquet_column *columns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!columns[i].name || !columns[i].name[0]) {
			return false;
		}
	}
	return n > 0 && n <= BP_PARQUET_COLUMNS_MAX;
}

static void init_column(struct column *column)
{
	bp_buf_init(&column->levels, PAGE_ROWS_MAX);
	bp_buf_init(&column->values, VALUES_BYTES_MAX);
	bp_buf_init(&column->pages, CHUNK_BYTES_MAX);
	bp_buf_init(&column->min_text, BP_PARQUET_STAT_BYTES_MAX);
	bp_buf_init(&column->max_text, BP_PARQUET_STAT_BYTES_MAX);
}

enum bp_rc bp_parquet_writer_new(const struct bp_parquet_column *columns, size_t n_columns,
				 size_t rows_per_group,
				 enum bp_rc (*write)(void *arg, const void *bytes, size_t n,
						     struct bp_err *err),
				 void *arg, struct bp_parquet_writer **out, struct bp_err *err)
{
	if (!columns_are_good(columns, n_columns) || rows_per_group == 0) {
		return bp_err_set(err, BP_EINVAL, "a Parquet file has 1 to %d named columns",
				  BP_PARQUET_COLUMNS_MAX);
	}
	struct bp_parquet_writer *writer = bp_calloc(1, sizeof(*writer));
	writer->columns = columns;
	writer->n_columns = n_columns;
	writer->rows_per_group = rows_per_group;
	writer->write = write;
	writer->arg = arg;
	writer->state = bp_calloc(n_columns, sizeof(*writer->state));
	for (size_t i = 0; i < n_columns; i++) {
		init_column(&writer->state[i]);
	}
	bp_buf_init(&writer->page, VALUES_BYTES_MAX + PAGE_ROWS_MAX);
	bp_buf_init(&writer->groups, BP_PARQUET_FOOTER_BYTES_MAX / 2);
	writer->zstd = ZSTD_createCCtx();
	BP_ASSERT(writer->zstd);
	(void)ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	enum bp_rc rc = write_out(writer, BP_PARQUET_MAGIC, BP_PARQUET_MAGIC_BYTES, err);
	if (rc != BP_OK) {
		bp_parquet_writer_free(writer);
		return rc;
	}
	*out = writer;
	return BP_OK;
}

void bp_parquet_writer_free(struct bp_parquet_writer *writer)
{
	if (!writer) {
		return;
	}
	for (size_t i = 0; i < writer->n_columns; i++) {
		struct column *column = &writer->state[i];

		bp_buf_done(&column->levels);
		bp_buf_done(&column->values);
		bp_buf_done(&column->pages);
		bp_buf_done(&column->min_text);
		bp_buf_done(&column->max_text);
	}
	bp_buf_done(&writer->page);
	bp_buf_done(&writer->groups);
	(void)ZSTD_freeCCtx(writer->zstd);
	free(writer->state);
	free(writer);
}

/* The page that was filled goes, compressed, behind the column's others. */
static void end_page(struct bp_parquet_writer *writer, size_t i)
{
	struct column *column = &writer->state[i];

	if (column->page_rows == 0) {
		return;
	}
	bp_buf_clear(&writer->page);
	bp_page_encode(&writer->columns[i], &column->levels, &column->values, &writer->page);
	BP_ASSERT(bp_buf_ok(&writer->page));
	struct bp_str raw = bp_buf_str(&writer->page);
	size_t bound = ZSTD_compressBound(raw.len);
	char *packed = bp_calloc(bound, 1);
	size_t n = ZSTD_compress2(writer->zstd, packed, bound, raw.ptr, raw.len);
	BP_ASSERT(!ZSTD_isError(n));
	size_t before = column->pages.len;
	bp_parquet_put_page_head(&column->pages, &(struct bp_parquet_page_head){
							 .rows = (int32_t)column->page_rows,
							 .inflated_bytes = (int32_t)raw.len,
							 .bytes = (int32_t)n,
							 .crc = bp_crc32(bp_str_make(packed, n)),
						 });
	column->inflated += (int64_t)(column->pages.len - before + raw.len);
	bp_buf_add(&column->pages, packed, n);
	BP_ASSERT(bp_buf_ok(&column->pages));
	free(packed);
	writer->group_bytes += column->pages.len - before;
	writer->group_bytes -= column->values.len;
	column->page_rows = 0;
	bp_buf_clear(&column->levels);
	bp_buf_clear(&column->values);
}

static void describe(const struct bp_parquet_column *column, struct column *state, int64_t offset,
		     size_t rows, struct bp_parquet_chunk *out)
{
	*out = (struct bp_parquet_chunk){.offset = offset,
					 .bytes = (int64_t)state->pages.len,
					 .inflated_bytes = state->inflated,
					 .rows = (int64_t)rows,
					 .nulls = state->nulls};
	if (!state->any || state->long_text) {
		return;
	}
	if (is_text(column->type)) {
		out->min = bp_buf_str(&state->min_text);
		out->max = bp_buf_str(&state->max_text);
	} else {
		out->min = bp_str_make((const char *)&state->min, sizeof(state->min));
		out->max = bp_str_make((const char *)&state->max, sizeof(state->max));
	}
}

static void begin_group(struct bp_parquet_writer *writer)
{
	for (size_t i = 0; i < writer->n_columns; i++) {
		struct column *column = &writer->state[i];

		bp_buf_clear(&column->pages);
		column->inflated = 0;
		column->nulls = 0;
		column->any = false;
		column->long_text = false;
	}
	writer->group_rows = 0;
	writer->group_bytes = 0;
}

static enum bp_rc end_group(struct bp_parquet_writer *writer, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	if (writer->group_rows == 0) {
		return BP_OK;
	}
	struct bp_parquet_group group = {.rows = (int64_t)writer->group_rows};
	group.chunks = bp_calloc(writer->n_columns, sizeof(*group.chunks));
	for (size_t i = 0; i < writer->n_columns && rc == BP_OK; i++) {
		struct bp_buf *pages = &writer->state[i].pages;

		end_page(writer, i);
		describe(&writer->columns[i], &writer->state[i], writer->offset, writer->group_rows,
			 &group.chunks[i]);
		rc = write_out(writer, pages->ptr, pages->len, err);
	}
	bp_parquet_put_group(&writer->groups, writer->columns, writer->n_columns, &group);
	free(group.chunks);
	if (rc == BP_OK && !bp_buf_ok(&writer->groups)) {
		rc = writer->failed = bp_err_set(err, BP_ELIMIT, "too many row groups in one file");
	}
	writer->n_groups++;
	begin_group(writer);
	return rc;
}

static void note_text(struct column *column, struct bp_str text)
{
	if (text.len > BP_PARQUET_STAT_BYTES_MAX) {
		column->long_text = true;
	}
	if (column->long_text) {
		return;
	}
	if (!column->any || bp_str_cmp(text, bp_buf_str(&column->min_text)) < 0) {
		bp_buf_clear(&column->min_text);
		bp_buf_add_str(&column->min_text, text);
	}
	if (!column->any || bp_str_cmp(text, bp_buf_str(&column->max_text)) > 0) {
		bp_buf_clear(&column->max_text);
		bp_buf_add_str(&column->max_text, text);
	}
	column->any = true;
}

static void note_number(struct column *column, int64_t number)
{
	if (!column->any || number < column->min) {
		column->min = number;
	}
	if (!column->any || number > column->max) {
		column->max = number;
	}
	column->any = true;
}

static void add_value(struct bp_parquet_writer *writer, size_t i,
		      const struct bp_parquet_value *value)
{
	const struct bp_parquet_column *column = &writer->columns[i];
	struct column *state = &writer->state[i];
	size_t before = state->values.len;

	if (column->optional) {
		bp_buf_add_char(&state->levels, value->null ? 0 : 1);
	}
	state->page_rows++;
	if (value->null) {
		state->nulls++;
	} else {
		bp_page_add_value(&state->values, column->type, value);
		if (is_text(column->type)) {
			note_text(state, value->text);
		} else if (column->type == BP_PARQUET_INT64 ||
			   column->type == BP_PARQUET_TIMESTAMP_US) {
			note_number(state, value->number);
		}
	}
	BP_ASSERT(bp_buf_ok(&state->values) && bp_buf_ok(&state->levels));
	writer->group_bytes += state->values.len - before;
	if (state->values.len >= BP_PARQUET_PAGE_BYTES || state->page_rows == PAGE_ROWS_MAX) {
		end_page(writer, i);
	}
}

static enum bp_rc check_row(const struct bp_parquet_writer *writer,
			    const struct bp_parquet_value *values, struct bp_err *err)
{
	for (size_t i = 0; i < writer->n_columns; i++) {
		const struct bp_parquet_column *column = &writer->columns[i];

		if (values[i].null && !column->optional) {
			return bp_err_set(err, BP_EINVAL, "null in the required column \"%s\"",
					  column->name);
		}
		if (!values[i].null && is_text(column->type) &&
		    values[i].text.len > BP_PARQUET_TEXT_BYTES_MAX) {
			return bp_err_set(
				err, BP_ELIMIT, "%zu bytes in the column \"%s\", at most %d",
				values[i].text.len, column->name, BP_PARQUET_TEXT_BYTES_MAX);
		}
	}
	return BP_OK;
}

enum bp_rc bp_parquet_writer_row(struct bp_parquet_writer *writer,
				 const struct bp_parquet_value *values, struct bp_err *err)
{
	if (writer->failed) {
		return bp_err_set(err, writer->failed, "writing the file failed before");
	}
	enum bp_rc rc = check_row(writer, values, err);
	if (rc != BP_OK) {
		return rc;
	}
	for (size_t i = 0; i < writer->n_columns; i++) {
		add_value(writer, i, &values[i]);
	}
	writer->rows++;
	writer->group_rows++;
	if (writer->group_rows >= writer->rows_per_group ||
	    writer->group_bytes >= BP_PARQUET_GROUP_BYTES_MAX) {
		rc = end_group(writer, err);
	}
	return rc;
}

static void put_tail(struct bp_buf *footer)
{
	char tail[BP_PARQUET_LENGTH_BYTES];
	uint32_t length = (uint32_t)(footer->len - BP_PARQUET_SEAL_BYTES);
	uint32_t crc = bp_crc32(bp_str_make(footer->ptr + BP_PARQUET_SEAL_BYTES, length));

	memcpy(footer->ptr + BP_PARQUET_MAGIC_BYTES, &crc, sizeof(crc));
	memcpy(tail, &length, sizeof(length));
	bp_buf_add(footer, tail, sizeof(tail));
	bp_buf_add(footer, BP_PARQUET_MAGIC, BP_PARQUET_MAGIC_BYTES);
}

enum bp_rc bp_parquet_writer_finish(struct bp_parquet_writer *writer, const char *const *metadata,
				    struct bp_err *err)
{
	struct bp_buf footer;

	if (writer->failed) {
		return bp_err_set(err, writer->failed, "writing the file failed before");
	}
	enum bp_rc rc = end_group(writer, err);
	if (rc != BP_OK) {
		return rc;
	}
	bp_buf_init(&footer, BP_PARQUET_FOOTER_BYTES_MAX);
	bp_buf_add(&footer, BP_PARQUET_SEAL "\0\0\0\0", BP_PARQUET_SEAL_BYTES);
	bp_parquet_put_footer(&footer, writer->columns, writer->n_columns, writer->rows,
			      bp_buf_str(&writer->groups), writer->n_groups, metadata);
	if (bp_buf_ok(&footer)) {
		put_tail(&footer);
		rc = write_out(writer, footer.ptr, footer.len, err);
	} else {
		rc = bp_err_set(err, BP_ELIMIT, "the footer is too large");
	}
	bp_buf_done(&footer);
	/* It has its end: what is added now would be lost. */
	writer->failed = rc == BP_OK ? BP_EINVAL : rc;
	return rc;
}
