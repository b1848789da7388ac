/* SPDX-License-Identifier: MIT */
/* A file of the archive that somebody else wrote: its rows are refused or go back into the log and
 * read there as they stand in the file. Checksums would keep a fuzzer out, so the file is made of the
 * input: each row's values are its bytes, "name=value" lines, an empty line between two rows.
 * Seen to fail: a negative number written as none. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "store/archive_file.h"
#include "store/store.h"
#include "support/event_compare.h"
#include "support/fuzz_scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS_MAX = 8 };

static struct bp_sql *sql;
static struct bp_codec *codec;
static struct bp_raw_writer *writer;
static struct bp_raw_reader *reader;

static void set_up(void)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/t.db", fuzz_scratch());
	BP_ASSERT(bp_sql_open(path, BP_SQL_WRITE, 1 << 20, &sql, NULL) == BP_OK);
	BP_ASSERT(bp_store_migrate(sql, NULL) == BP_OK);
	codec = bp_codec_new();
	BP_ASSERT(bp_codec_store(codec, sql, NULL) == BP_OK);
	BP_ASSERT(bp_raw_writer_new(sql, codec, &writer, NULL) == BP_OK);
}

static int64_t number(struct bp_str text)
{
	int64_t value = 0;
	bool minus = text.len > 0 && text.ptr[0] == '-';

	for (size_t i = minus ? 1 : 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9' ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, text.ptr[i] - '0', &value)) {
			return BP_ABSENT;
		}
	}
	return minus ? value : value == INT64_MIN ? INT64_MAX : -value;
}

static void set(struct bp_raw_row *row, struct bp_str name, struct bp_str value)
{
	struct bp_event *event = &row->event;
	struct field {
		const char *name;
		struct bp_str *text;
		int64_t *number;
	};
#define TEXT(field) {#field, &event->field, NULL},
#define NUMBER(field) {#field, NULL, &event->field},
	const struct field all[] = {EVENT_TEXTS(TEXT)
					    EVENT_NUMBERS(NUMBER){"payload", &event->payload, NULL},
				    {"ts_us", NULL, &event->ts_us},
				    {"sequence", NULL, &row->sequence},
				    {"ingested_us", NULL, &row->ingested_us}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (bp_str_is(name, all[i].name)) {
			if (all[i].text) {
				*all[i].text = value;
			} else {
				*all[i].number = number(value);
			}
		}
	}
	if (bp_str_is(name, "id")) {
		(void)bp_event_id_parse(value, event->id);
	} else if (bp_str_is(name, "level")) {
		event->level = (enum bp_level)(number(value) & 0xFF);
	} else if (bp_str_is(name, "ts_source")) {
		event->ts_source = (enum bp_ts_source)(number(value) & 0xFF);
	} else if (bp_str_is(name, "pv")) {
		event->projection_version = (int)(number(value) & 0xFFFF);
	}
}

static size_t read_rows(struct bp_str text, struct bp_raw_row *rows)
{
	size_t n = 1;

	memset(rows, 0, ROWS_MAX * sizeof(*rows));
	bp_event_init(&rows[0].event);
	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;
		const char *equals = memchr(text.ptr, '=', len);

		if (equals) {
			size_t name = (size_t)(equals - text.ptr);
			set(&rows[n - 1], bp_str_make(text.ptr, name),
			    bp_str_make(equals + 1, len - name - 1));
		} else if (len == 0 && n < ROWS_MAX) {
			bp_event_init(&rows[n++].event);
		}
		len += end ? 1 : 0;
		text = bp_str_make(text.ptr + len, text.len - len);
	}
	return n;
}

static void write_file(const char *path, const struct bp_raw_row *rows, size_t n)
{
	struct bp_archive_writer *file = NULL;
	struct bp_archive_seen seen = {0};

	BP_ASSERT(bp_archive_writer_new(path, "claude_code", "2026-01", &file, NULL) == BP_OK);
	for (size_t i = 0; i < n; i++) {
		BP_ASSERT(bp_archive_writer_add(file, &rows[i], NULL) == BP_OK);
	}
	BP_ASSERT(bp_archive_writer_finish(file, &seen, NULL) == BP_OK);
	BP_ASSERT(seen.rows == (int64_t)n);
	bp_archive_writer_free(file);
}

static void restore(const struct bp_raw_row *row, struct bp_arena *arena)
{
	enum bp_raw_table table = bp_raw_table_of(row->event.platform);
	struct bp_raw_row stored;
	struct bp_err err = {0};
	enum bp_put put = BP_PUT_NEW;
	size_t n = 0;

	enum bp_rc rc = bp_raw_restore(writer, row, true, &put, &err);
	BP_ASSERT(rc == BP_OK || (rc == BP_EINVAL && err.msg[0] != '\0'));
	if (rc == BP_OK && put == BP_PUT_NEW && row->sequence > 0) {
		BP_ASSERT(bp_raw_read_between(reader, table, row->sequence - 1, row->sequence, 1,
					      arena, &stored, &n, NULL) == BP_OK);
		if (n == 1 && memcmp(stored.event.id, row->event.id, sizeof(row->event.id)) == 0) {
			struct bp_raw_row wanted = *row;
			BP_ASSERT(!event_compare(&wanted.event, &stored.event));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_raw_row rows[ROWS_MAX], row;
	struct bp_archive_reader *file = NULL;
	struct bp_arena arena = {0};
	char path[32];
	size_t n = read_rows(bp_str_make((const char *)data, size), rows);
	size_t i = 0;

	if (!sql) {
		set_up();
	}
	int fd = fuzz_file(bp_str_make("", 0), path);
	write_file(path, rows, n);
	BP_ASSERT(bp_archive_reader_open(path, &file, NULL) == BP_OK);
	BP_ASSERT(bp_sql_begin(sql, NULL) == BP_OK);
	BP_ASSERT(bp_raw_writer_begin(writer, NULL) == BP_OK);
	/* A new one: it knows the names of rows that were committed, and these never are. */
	BP_ASSERT(bp_raw_reader_new(sql, codec, &reader, NULL) == BP_OK);
	while (bp_archive_reader_next(file, &arena, &row, NULL) == BP_OK) {
		BP_ASSERT(i < n && bp_raw_row_same(&row, &rows[i]));
		restore(&row, &arena);
		i++;
	}
	BP_ASSERT(i == n);
	bp_raw_reader_free(reader);
	bp_sql_rollback(sql);
	bp_raw_writer_rolled_back(writer);
	bp_archive_reader_free(file);
	(void)close(fd);
	bp_arena_done(&arena);
	return 0;
}
