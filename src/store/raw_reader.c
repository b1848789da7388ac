/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "store/names.h"
#include "store/raw.h"
#include "store/raw_columns.h"
#include "store/uuid.h"

/* Columns of the statements below, before those of raw_columns.h. */
enum { SEQUENCE, INGESTED_US, EVENT_ID, TS_US, TS_SOURCE, PV, LVL, FLAGS, EVENT_DATA, N_FIXED };

/* Not "sequence > ?1": that would look the row ?1 up, which may be on a page that cannot be read
 * (salvage.c). */
static const char *const selects[] = {
	[BP_RAW_CLAUDE] = "SELECT sequence, " BP_RAW_COLUMNS
			  " FROM claude_row WHERE sequence >= ?1 + 1 AND sequence <= ?3 "
			  "ORDER BY sequence LIMIT ?2",
	[BP_RAW_OTHER] = "SELECT sequence, " BP_RAW_COLUMNS
			 " FROM other_row WHERE sequence >= ?1 + 1 AND sequence <= ?3 "
			 "ORDER BY sequence LIMIT ?2",
};

struct bp_raw_reader {
	struct bp_codec *codec; /* borrowed */
	struct bp_names *names;
	struct bp_statement *select[BP_RAW_TABLES];
	struct bp_buf payload;
};

enum bp_rc bp_raw_reader_new(struct bp_sql *sql, struct bp_codec *codec, struct bp_raw_reader **out,
			     struct bp_err *err)
{
	struct bp_raw_reader *reader = bp_calloc(1, sizeof(*reader));
	enum bp_rc rc = bp_names_new(sql, &reader->names, err);

	reader->codec = codec;
	bp_buf_init(&reader->payload, BP_EVENT_BYTES_MAX);
	for (size_t i = 0; rc == BP_OK && i < BP_RAW_TABLES; i++) {
		rc = bp_statement_new(sql, selects[i], &reader->select[i], err);
	}
	if (rc != BP_OK) {
		bp_raw_reader_free(reader);
		return rc;
	}
	*out = reader;
	return BP_OK;
}

void bp_raw_reader_free(struct bp_raw_reader *reader)
{
	if (reader) {
		for (size_t i = 0; i < BP_RAW_TABLES; i++) {
			bp_statement_free(reader->select[i]);
		}
		bp_names_free(reader->names);
		bp_buf_done(&reader->payload);
		free(reader);
	}
}

static enum bp_rc read_names(struct bp_raw_reader *reader, struct bp_statement *select, int i,
			     struct bp_arena *arena, struct bp_event *out, struct bp_err *err)
{
#define FIELD(field, column) &out->field,
	struct bp_str *const texts[] = {BP_RAW_NAMES(FIELD)};
#undef FIELD

	for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
		struct bp_str text;
		enum bp_rc rc =
			bp_names_text(reader->names, bp_column_int(select, i++), &text, err);

		if (rc != BP_OK) {
			return rc;
		}
		*texts[k] = bp_arena_str(arena, text);
	}
	return BP_OK;
}

static struct bp_str read_uuid(struct bp_statement *select, int i, struct bp_arena *arena)
{
	struct bp_str value = bp_column_blob(select, i);

	/* A text of 16 bytes is possible too: the type tells them apart. */
	if (value.len == BP_UUID_BYTES && bp_column_is_blob(select, i)) {
		char *text = bp_arena_alloc(arena, BP_UUID_TEXT_BYTES + 1);

		bp_uuid_text((const unsigned char *)value.ptr, text);
		return bp_str_make(text, BP_UUID_TEXT_BYTES);
	}
	return bp_arena_str(arena, value);
}

static void read_rest(struct bp_statement *select, int i, struct bp_arena *arena,
		      struct bp_event *out)
{
#define UUID(field, column) out->field = read_uuid(select, i++, arena);
	BP_RAW_UUIDS(UUID)
#undef UUID
#define TEXT(field, column) out->field = bp_arena_str(arena, bp_column_text(select, i++));
	BP_RAW_TEXTS(TEXT)
#undef TEXT
#define NUMBER(field, column) out->field = bp_column_int(select, i++);
	BP_RAW_NUMBERS(NUMBER)
#undef NUMBER
}

static void read_payload(struct bp_raw_reader *reader, struct bp_str packed, struct bp_arena *arena,
			 struct bp_event *out)
{
	bp_buf_clear(&reader->payload);
	out->payload = (struct bp_str){NULL, 0};
	/* A row that cannot be inflated has no payload; `db verify` names it. */
	if (bp_codec_unpack(reader->codec, packed, &reader->payload, NULL) == BP_OK) {
		out->payload = bp_arena_str(arena, bp_buf_str(&reader->payload));
	}
}

static enum bp_rc read_row(struct bp_raw_reader *reader, struct bp_statement *select,
			   struct bp_arena *arena, struct bp_raw_row *out, struct bp_err *err)
{
	struct bp_event *event = &out->event;
	struct bp_str id = bp_column_blob(select, EVENT_ID);
	int64_t flags = bp_column_int(select, FLAGS);

	bp_event_init(event);
	if (id.len != BP_EVENT_ID_BYTES) {
		return bp_err_set(err, BP_ECORRUPT, "row %lld has no event id",
				  (long long)bp_column_int(select, SEQUENCE));
	}
	memcpy(event->id, id.ptr, BP_EVENT_ID_BYTES);
	out->sequence = bp_column_int(select, SEQUENCE);
	out->ingested_us = bp_column_int(select, INGESTED_US);
	event->ts_us = bp_column_int(select, TS_US);
	event->ts_source = (enum bp_ts_source)bp_column_int(select, TS_SOURCE);
	event->projection_version = (int)bp_column_int(select, PV);
	event->level = (enum bp_level)bp_column_int(select, LVL);
	event->is_sidechain = (flags & BP_RAW_FLAG_SIDECHAIN) != 0;
	event->is_meta = (flags & BP_RAW_FLAG_META) != 0;
	read_payload(reader, bp_column_blob(select, EVENT_DATA), arena, event);
#define COUNT_ONE(field, column) +1
	read_rest(select, N_FIXED BP_RAW_NAMES(COUNT_ONE), arena, event);
#undef COUNT_ONE
	/* While the statement is open, so that the names are of the same snapshot. */
	return read_names(reader, select, N_FIXED, arena, event, err);
}

enum bp_rc bp_raw_read_between(struct bp_raw_reader *reader, enum bp_raw_table table, int64_t after,
			       int64_t until, size_t max, struct bp_arena *arena,
			       struct bp_raw_row *out, size_t *out_n, struct bp_err *err)
{
	struct bp_statement *select = reader->select[table];
	enum bp_rc rc = BP_OK;
	size_t n = 0;

	bp_bind_int(select, 1, after);
	bp_bind_int(select, 2, (int64_t)max);
	bp_bind_int(select, 3, until);
	while (n < max && (rc = bp_statement_step(select, err)) == BP_OK) {
		rc = read_row(reader, select, arena, &out[n], err);
		if (rc != BP_OK) {
			break;
		}
		n++;
	}
	bp_statement_reset(select);
	if (rc != BP_OK && rc != BP_ENOTFOUND) {
		return rc;
	}
	*out_n = n;
	return BP_OK;
}

enum bp_rc bp_raw_read(struct bp_raw_reader *reader, enum bp_raw_table table, int64_t after,
		       size_t max, struct bp_arena *arena, struct bp_raw_row *out, size_t *out_n,
		       struct bp_err *err)
{
	return bp_raw_read_between(reader, table, after, INT64_MAX, max, arena, out, out_n, err);
}

enum bp_rc bp_raw_range(struct bp_sql *sql, enum bp_raw_table table, int64_t *out_first,
			int64_t *out_last, struct bp_err *err)
{
	/* Two statements' worth: SQLite looks up a single min or max, and scans for both. */
	static const char *const ranges[] = {
		[BP_RAW_CLAUDE] = "SELECT ifnull((SELECT min(sequence) FROM claude_row), 0), "
				  "ifnull((SELECT max(sequence) FROM claude_row), 0)",
		[BP_RAW_OTHER] = "SELECT ifnull((SELECT min(sequence) FROM other_row), 0), "
				 "ifnull((SELECT max(sequence) FROM other_row), 0)",
	};
	struct bp_statement *range = NULL;
	enum bp_rc rc = bp_statement_new(sql, ranges[table], &range, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(range, err);
	}
	if (rc == BP_OK) {
		*out_first = bp_column_int(range, 0);
		*out_last = bp_column_int(range, 1);
	}
	bp_statement_free(range);
	return rc;
}
