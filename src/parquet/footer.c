/* SPDX-License-Identifier: MIT */
#include "parquet/footer.h"

#include "parquet/format.h"
#include "parquet/thrift.h"

enum {
	NAME_BYTES_MAX = 1024,
	FILE_VERSION = 1,
	/* Field ids of parquet.thrift, by struct. */
	FILE_VERSION_ID = 1,
	FILE_SCHEMA = 2,
	FILE_ROWS = 3,
	FILE_GROUPS = 4,
	FILE_METADATA = 5,
	FILE_CREATED_BY = 6,
	FILE_ORDERS = 7,
	SCHEMA_TYPE = 1,
	SCHEMA_REPETITION = 3,
	SCHEMA_NAME = 4,
	SCHEMA_CHILDREN = 5,
	SCHEMA_CONVERTED = 6,
	SCHEMA_LOGICAL = 10,
	LOGICAL_STRING = 1,
	LOGICAL_TIMESTAMP = 8,
	TIMESTAMP_UTC = 1,
	TIMESTAMP_UNIT = 2,
	UNIT_MICROS = 2,
	GROUP_COLUMNS = 1,
	GROUP_BYTES = 2,
	GROUP_ROWS = 3,
	GROUP_OFFSET = 5,
	GROUP_COMPRESSED = 6,
	CHUNK_OFFSET = 2,
	CHUNK_META = 3,
	META_TYPE = 1,
	META_ENCODINGS = 2,
	META_PATH = 3,
	META_CODEC = 4,
	META_VALUES = 5,
	META_INFLATED = 6,
	META_BYTES = 7,
	META_DATA_PAGE = 9,
	META_STATISTICS = 12,
	STATISTICS_NULLS = 3,
	STATISTICS_MAX = 5,
	STATISTICS_MIN = 6,
	PAIR_KEY = 1,
	PAIR_VALUE = 2,
	ORDER_TYPE = 1,
	PAGE_TYPE = 1,
	PAGE_INFLATED = 2,
	PAGE_BYTES = 3,
	PAGE_CRC = 4,
	PAGE_DATA = 5,
	DATA_VALUES = 1,
	DATA_ENCODING = 2,
	DATA_DEFINITION = 3,
	DATA_REPETITION = 4
};

static const enum bp_parquet_physical physical[] = {
	[BP_PARQUET_BOOL] = BP_PARQUET_PHYSICAL_BOOLEAN,
	[BP_PARQUET_INT64] = BP_PARQUET_PHYSICAL_INT64,
	[BP_PARQUET_DOUBLE] = BP_PARQUET_PHYSICAL_DOUBLE,
	[BP_PARQUET_TEXT] = BP_PARQUET_PHYSICAL_BYTE_ARRAY,
	[BP_PARQUET_BYTES] = BP_PARQUET_PHYSICAL_BYTE_ARRAY,
	[BP_PARQUET_TIMESTAMP_US] = BP_PARQUET_PHYSICAL_INT64,
};

/* Writing. */

static void put_empty(struct bp_thrift_out *out, int id)
{
	bp_thrift_begin(out, id);
	bp_thrift_end(out);
}

static void put_logical(struct bp_thrift_out *out, enum bp_parquet_type type)
{
	if (type == BP_PARQUET_TEXT) {
		bp_thrift_put_i32(out, SCHEMA_CONVERTED, BP_PARQUET_CONVERTED_UTF8);
		bp_thrift_begin(out, SCHEMA_LOGICAL);
		put_empty(out, LOGICAL_STRING);
		bp_thrift_end(out);
	} else if (type == BP_PARQUET_TIMESTAMP_US) {
		bp_thrift_put_i32(out, SCHEMA_CONVERTED, BP_PARQUET_CONVERTED_TIMESTAMP_MICROS);
		bp_thrift_begin(out, SCHEMA_LOGICAL);
		bp_thrift_begin(out, LOGICAL_TIMESTAMP);
		bp_thrift_put_bool(out, TIMESTAMP_UTC, true);
		bp_thrift_begin(out, TIMESTAMP_UNIT);
		put_empty(out, UNIT_MICROS);
		bp_thrift_end(out);
		bp_thrift_end(out);
		bp_thrift_end(out);
	}
}

static void put_column(struct bp_thrift_out *out, const struct bp_parquet_column *column)
{
	bp_thrift_begin(out, 0);
	bp_thrift_put_i32(out, SCHEMA_TYPE, (int32_t)physical[column->type]);
	bp_thrift_put_i32(out, SCHEMA_REPETITION,
			  column->optional ? BP_PARQUET_OPTIONAL : BP_PARQUET_REQUIRED);
	bp_thrift_put_text(out, SCHEMA_NAME, bp_str_from(column->name));
	put_logical(out, column->type);
	bp_thrift_end(out);
}

static void put_schema(struct bp_thrift_out *out, const struct bp_parquet_column *columns, size_t n)
{
	bp_thrift_put_list(out, FILE_SCHEMA, BP_THRIFT_STRUCT, n + 1);
	bp_thrift_begin(out, 0);
	bp_thrift_put_text(out, SCHEMA_NAME, BP_STR("schema"));
	bp_thrift_put_i32(out, SCHEMA_CHILDREN, (int32_t)n);
	bp_thrift_end(out);
	for (size_t i = 0; i < n; i++) {
		put_column(out, &columns[i]);
	}
}

static void put_statistics(struct bp_thrift_out *out, const struct bp_parquet_chunk *chunk)
{
	bp_thrift_begin(out, META_STATISTICS);
	bp_thrift_put_i64(out, STATISTICS_NULLS, chunk->nulls);
	if (chunk->min.ptr && chunk->max.ptr) {
		bp_thrift_put_text(out, STATISTICS_MAX, chunk->max);
		bp_thrift_put_text(out, STATISTICS_MIN, chunk->min);
	}
	bp_thrift_end(out);
}

static void put_chunk(struct bp_thrift_out *out, const struct bp_parquet_column *column,
		      const struct bp_parquet_chunk *chunk)
{
	bp_thrift_begin(out, 0);
	bp_thrift_put_i64(out, CHUNK_OFFSET, chunk->offset);
	bp_thrift_begin(out, CHUNK_META);
	bp_thrift_put_i32(out, META_TYPE, (int32_t)physical[column->type]);
	bp_thrift_put_list(out, META_ENCODINGS, BP_THRIFT_I32, 2);
	bp_thrift_add_i32(out, BP_PARQUET_ENCODING_PLAIN);
	bp_thrift_add_i32(out, BP_PARQUET_ENCODING_RLE);
	bp_thrift_put_list(out, META_PATH, BP_THRIFT_BINARY, 1);
	bp_thrift_add_text(out, bp_str_from(column->name));
	bp_thrift_put_i32(out, META_CODEC, BP_PARQUET_CODEC_ZSTD);
	bp_thrift_put_i64(out, META_VALUES, chunk->rows);
	bp_thrift_put_i64(out, META_INFLATED, chunk->inflated_bytes);
	bp_thrift_put_i64(out, META_BYTES, chunk->bytes);
	bp_thrift_put_i64(out, META_DATA_PAGE, chunk->offset);
	put_statistics(out, chunk);
	bp_thrift_end(out);
	bp_thrift_end(out);
}

void bp_parquet_put_group(struct bp_buf *buf, const struct bp_parquet_column *columns,
			  size_t n_columns, const struct bp_parquet_group *group)
{
	struct bp_thrift_out out;
	int64_t inflated = 0;
	int64_t bytes = 0;

	/* No ordinal: it is an i16, and there may be more groups. */
	bp_thrift_out_init(&out, buf);
	bp_thrift_put_list(&out, GROUP_COLUMNS, BP_THRIFT_STRUCT, n_columns);
	for (size_t i = 0; i < n_columns; i++) {
		put_chunk(&out, &columns[i], &group->chunks[i]);
		inflated += group->chunks[i].inflated_bytes;
		bytes += group->chunks[i].bytes;
	}
	bp_thrift_put_i64(&out, GROUP_BYTES, inflated);
	bp_thrift_put_i64(&out, GROUP_ROWS, group->rows);
	bp_thrift_put_i64(&out, GROUP_OFFSET, group->chunks[0].offset);
	bp_thrift_put_i64(&out, GROUP_COMPRESSED, bytes);
	bp_thrift_end(&out);
}

static void put_metadata(struct bp_thrift_out *out, const char *const *metadata)
{
	size_t n = 0;

	while (metadata && metadata[2 * n]) {
		n++;
	}
	if (n == 0) {
		return;
	}
	bp_thrift_put_list(out, FILE_METADATA, BP_THRIFT_STRUCT, n);
	for (size_t i = 0; i < n; i++) {
		bp_thrift_begin(out, 0);
		bp_thrift_put_text(out, PAIR_KEY, bp_str_from(metadata[2 * i]));
		bp_thrift_put_text(out, PAIR_VALUE, bp_str_from(metadata[2 * i + 1]));
		bp_thrift_end(out);
	}
}

void bp_parquet_put_footer(struct bp_buf *buf, const struct bp_parquet_column *columns,
			   size_t n_columns, int64_t rows, struct bp_str groups, size_t n_groups,
			   const char *const *metadata)
{
	struct bp_thrift_out out;

	bp_thrift_out_init(&out, buf);
	bp_thrift_put_i32(&out, FILE_VERSION_ID, FILE_VERSION);
	put_schema(&out, columns, n_columns);
	bp_thrift_put_i64(&out, FILE_ROWS, rows);
	bp_thrift_put_list(&out, FILE_GROUPS, BP_THRIFT_STRUCT, n_groups);
	bp_buf_add_str(buf, groups);
	put_metadata(&out, metadata);
	bp_thrift_put_text(&out, FILE_CREATED_BY, BP_STR("blueplane version " BP_VERSION));
	/* Without it no reader may trust a text's minimum and maximum. */
	bp_thrift_put_list(&out, FILE_ORDERS, BP_THRIFT_STRUCT, n_columns);
	for (size_t i = 0; i < n_columns; i++) {
		bp_thrift_begin(&out, 0);
		put_empty(&out, ORDER_TYPE);
		bp_thrift_end(&out);
	}
	bp_thrift_end(&out);
}

void bp_parquet_put_page_head(struct bp_buf *buf, const struct bp_parquet_page_head *head)
{
	struct bp_thrift_out out;

	bp_thrift_out_init(&out, buf);
	bp_thrift_put_i32(&out, PAGE_TYPE, BP_PARQUET_DATA_PAGE);
	bp_thrift_put_i32(&out, PAGE_INFLATED, head->inflated_bytes);
	bp_thrift_put_i32(&out, PAGE_BYTES, head->bytes);
	bp_thrift_put_i32(&out, PAGE_CRC, (int32_t)head->crc);
	bp_thrift_begin(&out, PAGE_DATA);
	bp_thrift_put_i32(&out, DATA_VALUES, head->rows);
	bp_thrift_put_i32(&out, DATA_ENCODING, BP_PARQUET_ENCODING_PLAIN);
	bp_thrift_put_i32(&out, DATA_DEFINITION, BP_PARQUET_ENCODING_RLE);
	bp_thrift_put_i32(&out, DATA_REPETITION, BP_PARQUET_ENCODING_RLE);
	bp_thrift_end(&out);
	bp_thrift_end(&out);
}

/* Reading. A struct's reader leaves -1 or NULL where a field was not there. */

struct element {
	struct bp_str name;
	int32_t type;
	int32_t repetition;
	int32_t children;
	int32_t converted;
};

static struct element read_element(struct bp_thrift_in *in)
{
	struct element element = {.type = -1, .repetition = -1, .children = -1, .converted = -1};
	enum bp_thrift_type type;
	int id = 0;

	bp_thrift_enter(in);
	while ((type = bp_thrift_next(in, &id)) != BP_THRIFT_STOP) {
		switch (id) {
		case SCHEMA_TYPE:
			element.type = bp_thrift_get_i32(in, type);
			break;
		case SCHEMA_REPETITION:
			element.repetition = bp_thrift_get_i32(in, type);
			break;
		case SCHEMA_NAME:
			element.name = bp_thrift_get_text(in, type);
			break;
		case SCHEMA_CHILDREN:
			element.children = bp_thrift_get_i32(in, type);
			break;
		case SCHEMA_CONVERTED:
			element.converted = bp_thrift_get_i32(in, type);
			break;
		default:
			bp_thrift_skip(in, type);
		}
	}
	return element;
}

static bool type_of(const struct element *element, enum bp_parquet_type *out)
{
	for (int i = 0; i <= BP_PARQUET_TIMESTAMP_US; i++) {
		int converted = i == BP_PARQUET_TEXT ? BP_PARQUET_CONVERTED_UTF8
				: i == BP_PARQUET_TIMESTAMP_US
					? BP_PARQUET_CONVERTED_TIMESTAMP_MICROS
					: -1;

		if ((int)physical[i] == element->type && converted == element->converted) {
			*out = (enum bp_parquet_type)i;
			return true;
		}
	}
	return false;
}

static bool read_column(struct bp_thrift_in *in, struct bp_arena *arena,
			struct bp_parquet_column *out)
{
	struct element element = read_element(in);

	if (!type_of(&element, &out->type) || element.children > 0 || element.name.len == 0 ||
	    element.name.len > NAME_BYTES_MAX ||
	    (element.repetition != BP_PARQUET_REQUIRED &&
	     element.repetition != BP_PARQUET_OPTIONAL)) {
		return false;
	}
	out->optional = element.repetition == BP_PARQUET_OPTIONAL;
	out->name = bp_arena_str(arena, element.name).ptr;
	return true;
}

static bool read_schema(struct bp_thrift_in *in, enum bp_thrift_type type, struct bp_arena *arena,
			struct bp_parquet_footer *out)
{
	size_t n = bp_thrift_get_list(in, type, BP_THRIFT_STRUCT);

	if (n < 2 || n > BP_PARQUET_COLUMNS_MAX + 1 || out->columns) {
		return false;
	}
	if (read_element(in).children != (int32_t)(n - 1)) {
		return false;
	}
	out->n_columns = n - 1;
	out->columns = bp_arena_alloc(arena, out->n_columns * sizeof(*out->columns));
	for (size_t i = 0; i < out->n_columns; i++) {
		if (!read_column(in, arena, &out->columns[i])) {
			return false;
		}
	}
	return bp_thrift_ok(in);
}

static void read_meta(struct bp_thrift_in *in, int32_t *out_type, int32_t *out_codec,
		      struct bp_parquet_chunk *out)
{
	enum bp_thrift_type type;
	int id = 0;

	bp_thrift_enter(in);
	while ((type = bp_thrift_next(in, &id)) != BP_THRIFT_STOP) {
		switch (id) {
		case META_TYPE:
			*out_type = bp_thrift_get_i32(in, type);
			break;
		case META_CODEC:
			*out_codec = bp_thrift_get_i32(in, type);
			break;
		case META_VALUES:
			out->rows = bp_thrift_get_i64(in, type);
			break;
		case META_INFLATED:
			out->inflated_bytes = bp_thrift_get_i64(in, type);
			break;
		case META_BYTES:
			out->bytes = bp_thrift_get_i64(in, type);
			break;
		case META_DATA_PAGE:
			out->offset = bp_thrift_get_i64(in, type);
			break;
		default:
			bp_thrift_skip(in, type);
		}
	}
}

static bool read_chunk(struct bp_thrift_in *in, const struct bp_parquet_column *column,
		       struct bp_parquet_chunk *out)
{
	enum bp_thrift_type type;
	int32_t codec = -1;
	int32_t kind = -1;
	int id = 0;

	*out = (struct bp_parquet_chunk){.offset = -1, .bytes = -1, .rows = -1};
	bp_thrift_enter(in);
	while ((type = bp_thrift_next(in, &id)) != BP_THRIFT_STOP) {
		if (id == CHUNK_META && type == BP_THRIFT_STRUCT) {
			read_meta(in, &kind, &codec, out);
		} else {
			bp_thrift_skip(in, type);
		}
	}
	return codec == BP_PARQUET_CODEC_ZSTD && kind == (int32_t)physical[column->type] &&
	       out->offset >= BP_PARQUET_MAGIC_BYTES && out->bytes > 0 && out->rows > 0;
}

static bool read_chunks(struct bp_thrift_in *in, enum bp_thrift_type type, struct bp_arena *arena,
			const struct bp_parquet_footer *footer, struct bp_parquet_group *out)
{
	size_t n = bp_thrift_get_list(in, type, BP_THRIFT_STRUCT);

	if (n != footer->n_columns || out->chunks) {
		return false;
	}
	out->chunks = bp_arena_alloc(arena, n * sizeof(*out->chunks));
	for (size_t i = 0; i < n; i++) {
		if (!read_chunk(in, &footer->columns[i], &out->chunks[i])) {
			return false;
		}
	}
	return true;
}

static bool read_group(struct bp_thrift_in *in, struct bp_arena *arena,
		       const struct bp_parquet_footer *footer, struct bp_parquet_group *out)
{
	enum bp_thrift_type type;
	int id = 0;

	*out = (struct bp_parquet_group){.rows = -1};
	bp_thrift_enter(in);
	while ((type = bp_thrift_next(in, &id)) != BP_THRIFT_STOP) {
		if (id == GROUP_COLUMNS) {
			if (!read_chunks(in, type, arena, footer, out)) {
				return false;
			}
		} else if (id == GROUP_ROWS) {
			out->rows = bp_thrift_get_i64(in, type);
		} else {
			bp_thrift_skip(in, type);
		}
	}
	for (size_t i = 0; out->chunks && i < footer->n_columns; i++) {
		if (out->chunks[i].rows != out->rows) {
			return false;
		}
	}
	return out->chunks != NULL;
}

static bool read_groups(struct bp_thrift_in *in, enum bp_thrift_type type, struct bp_arena *arena,
			struct bp_parquet_footer *out)
{
	size_t n = bp_thrift_get_list(in, type, BP_THRIFT_STRUCT);

	/* The schema comes first, or there is nothing to check the groups with. */
	if (!out->columns || out->groups) {
		return false;
	}
	out->groups = bp_arena_alloc(arena, (n + 1) * sizeof(*out->groups));
	for (size_t i = 0; i < n; i++) {
		if (!read_group(in, arena, out, &out->groups[i])) {
			return false;
		}
	}
	out->n_groups = n;
	return true;
}

static const char *text(struct bp_arena *arena, struct bp_thrift_in *in, enum bp_thrift_type type)
{
	return bp_arena_str(arena, bp_thrift_get_text(in, type)).ptr;
}

static bool read_metadata(struct bp_thrift_in *in, enum bp_thrift_type type, struct bp_arena *arena,
			  struct bp_parquet_footer *out)
{
	size_t n = bp_thrift_get_list(in, type, BP_THRIFT_STRUCT);

	out->metadata = bp_arena_alloc(arena, (n + 1) * sizeof(*out->metadata));
	for (size_t i = 0; i < n; i++) {
		struct bp_parquet_pair *pair = &out->metadata[i];
		int id = 0;

		*pair = (struct bp_parquet_pair){"", ""};
		bp_thrift_enter(in);
		while ((type = bp_thrift_next(in, &id)) != BP_THRIFT_STOP) {
			if (id == PAIR_KEY) {
				pair->key = text(arena, in, type);
			} else if (id == PAIR_VALUE) {
				pair->value = text(arena, in, type);
			} else {
				bp_thrift_skip(in, type);
			}
		}
	}
	out->n_metadata = n;
	return bp_thrift_ok(in);
}

static bool read_field(struct bp_thrift_in *in, enum bp_thrift_type type, int id,
		       struct bp_arena *arena, struct bp_parquet_footer *out)
{
	switch (id) {
	case FILE_SCHEMA:
		return read_schema(in, type, arena, out);
	case FILE_ROWS:
		out->rows = bp_thrift_get_i64(in, type);
		return true;
	case FILE_GROUPS:
		return read_groups(in, type, arena, out);
	case FILE_METADATA:
		return read_metadata(in, type, arena, out);
	default:
		bp_thrift_skip(in, type);
		return true;
	}
}

/* The groups' rows are positive (their chunks' are) and add up. */
static bool rows_add_up(const struct bp_parquet_footer *footer)
{
	int64_t left = footer->rows;

	for (size_t i = 0; i < footer->n_groups; i++) {
		if (footer->groups[i].rows > left) {
			return false;
		}
		left -= footer->groups[i].rows;
	}
	return left == 0;
}

enum bp_rc bp_parquet_read_footer(struct bp_str bytes, struct bp_arena *arena,
				  struct bp_parquet_footer *out, struct bp_err *err)
{
	struct bp_parquet_footer footer = {.rows = -1};
	struct bp_thrift_in in;
	enum bp_thrift_type type;
	bool good = true;
	int id = 0;

	bp_thrift_in_init(&in, bytes);
	while (good && (type = bp_thrift_next(&in, &id)) != BP_THRIFT_STOP) {
		good = read_field(&in, type, id, arena, &footer);
	}
	if (!good || !bp_thrift_ok(&in) || in.at != in.end || !footer.groups ||
	    !rows_add_up(&footer)) {
		return bp_err_set(err, BP_ECORRUPT, "the footer is broken, or not one of ours");
	}
	*out = footer;
	return BP_OK;
}

struct data_head {
	int32_t rows;
	int32_t encoding;
	int32_t definition;
	int32_t repetition;
};

static struct data_head read_data_head(struct bp_thrift_in *in, enum bp_thrift_type type)
{
	struct data_head head = {-1, -1, -1, -1};
	int32_t *const fields[] = {[DATA_VALUES] = &head.rows,
				   [DATA_ENCODING] = &head.encoding,
				   [DATA_DEFINITION] = &head.definition,
				   [DATA_REPETITION] = &head.repetition};
	int id = 0;

	if (type != BP_THRIFT_STRUCT) {
		return head;
	}
	bp_thrift_enter(in);
	while ((type = bp_thrift_next(in, &id)) != BP_THRIFT_STOP) {
		if (id >= DATA_VALUES && id <= DATA_REPETITION) {
			*fields[id] = bp_thrift_get_i32(in, type);
		} else {
			bp_thrift_skip(in, type);
		}
	}
	return head;
}

bool bp_parquet_read_page_head(struct bp_str bytes, struct bp_parquet_page_head *out,
			       size_t *out_used)
{
	struct data_head data = {-1, -1, -1, -1};
	int64_t fields[] = {
		[PAGE_TYPE] = -1, [PAGE_INFLATED] = -1, [PAGE_BYTES] = -1, [PAGE_CRC] = INT64_MAX};
	struct bp_thrift_in in;
	enum bp_thrift_type type;
	int id = 0;

	bp_thrift_in_init(&in, bytes);
	while ((type = bp_thrift_next(&in, &id)) != BP_THRIFT_STOP) {
		if (id >= PAGE_TYPE && id <= PAGE_CRC) {
			fields[id] = bp_thrift_get_i32(&in, type);
		} else if (id == PAGE_DATA) {
			data = read_data_head(&in, type);
		} else {
			bp_thrift_skip(&in, type);
		}
	}
	if (!bp_thrift_ok(&in) || fields[PAGE_TYPE] != BP_PARQUET_DATA_PAGE ||
	    fields[PAGE_INFLATED] < 0 || fields[PAGE_BYTES] < 0 || fields[PAGE_CRC] == INT64_MAX ||
	    data.rows <= 0 || data.encoding != BP_PARQUET_ENCODING_PLAIN ||
	    data.definition != BP_PARQUET_ENCODING_RLE ||
	    data.repetition != BP_PARQUET_ENCODING_RLE) {
		return false;
	}
	*out = (struct bp_parquet_page_head){.rows = data.rows,
					     .inflated_bytes = (int32_t)fields[PAGE_INFLATED],
					     .bytes = (int32_t)fields[PAGE_BYTES],
					     .crc = (uint32_t)fields[PAGE_CRC]};
	*out_used = (size_t)((const char *)in.at - bytes.ptr);
	return true;
}
