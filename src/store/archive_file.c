/* SPDX-License-Identifier: MIT */
#include "store/archive_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "event/hash.h"
#include "parquet/parquet.h"
#include "store/raw_columns.h"

/* Memory is that of one group; DuckDB reads groups in parallel. */
enum { ROWS_PER_GROUP = 50000, READ_BYTES = 256 * 1024 };

enum { SEQUENCE, INGESTED, EVENT_ID, TS, TS_SOURCE, PV, LVL, FLAGS, PAYLOAD, N_FIXED };

#define TEXT_COLUMN(field, column) {#column, BP_PARQUET_TEXT, true},
#define NUMBER_COLUMN(field, column) {#column, BP_PARQUET_INT64, true},

static const struct bp_parquet_column columns[] = {
	[SEQUENCE] = {"sequence", BP_PARQUET_INT64, false},
	[INGESTED] = {"ingested_at", BP_PARQUET_TIMESTAMP_US, false},
	[EVENT_ID] = {"event_id", BP_PARQUET_TEXT, false},
	[TS] = {"timestamp", BP_PARQUET_TIMESTAMP_US, false},
	[TS_SOURCE] = {"ts_source", BP_PARQUET_INT64, false},
	[PV] = {"pv", BP_PARQUET_INT64, false},
	[LVL] = {"lvl", BP_PARQUET_INT64, false},
	[FLAGS] = {"flags", BP_PARQUET_INT64, false},
	[PAYLOAD] = {"payload", BP_PARQUET_TEXT, false},
	BP_RAW_NAMES(TEXT_COLUMN) BP_RAW_UUIDS(TEXT_COLUMN) BP_RAW_TEXTS(TEXT_COLUMN)
		BP_RAW_NUMBERS(NUMBER_COLUMN)};

enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* The texts and numbers of an event behind the fixed columns, in their order. */
#define FIELD(field, column) &event->field,
#define EVENT_TEXTS                                                                                \
	{                                                                                          \
		BP_RAW_NAMES(FIELD) BP_RAW_UUIDS(FIELD) BP_RAW_TEXTS(FIELD)                        \
	}
#define EVENT_NUMBERS                                                                              \
	{                                                                                          \
		BP_RAW_NUMBERS(FIELD)                                                              \
	}

enum {
#define COUNT_ONE(field, column) +1
	N_TEXTS = 0 BP_RAW_NAMES(COUNT_ONE) BP_RAW_UUIDS(COUNT_ONE) BP_RAW_TEXTS(COUNT_ONE),
	N_NUMBERS = 0 BP_RAW_NUMBERS(COUNT_ONE)
#undef COUNT_ONE
};

struct bp_archive_writer {
	int fd;
	char *path;
	char *platform;
	char *month;
	struct bp_parquet_writer *parquet;
	struct bp_archive_seen seen;
	struct bp_sha256 sha;
};

static enum bp_rc write_bytes(void *arg, const void *bytes, size_t n, struct bp_err *err)
{
	struct bp_archive_writer *writer = arg;
	enum bp_rc rc = bp_file_write_all(writer->fd, bytes, n, err);

	bp_sha256_add(&writer->sha, bytes, n);
	writer->seen.bytes += (int64_t)n;
	return rc == BP_OK ? rc : bp_err_wrap(err, rc, "%s", writer->path);
}

enum bp_rc bp_archive_writer_new(const char *path, const char *platform, const char *month,
				 struct bp_archive_writer **out, struct bp_err *err)
{
	struct bp_archive_writer *writer = bp_calloc(1, sizeof(*writer));
	enum bp_rc rc = BP_OK;

	writer->path = bp_strdup(bp_str_from(path));
	writer->platform = bp_strdup(bp_str_from(platform));
	writer->month = bp_strdup(bp_str_from(month));
	writer->seen.min_ts_us = INT64_MAX;
	writer->seen.max_ts_us = INT64_MIN;
	bp_sha256_init(&writer->sha);
	writer->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (writer->fd < 0) {
		rc = bp_err_set(err, BP_EIO, "%s: %s", path, strerrordesc_np(errno));
	} else {
		rc = bp_parquet_writer_new(columns, N_COLUMNS, ROWS_PER_GROUP, write_bytes, writer,
					   &writer->parquet, err);
	}
	if (rc != BP_OK) {
		bp_archive_writer_free(writer);
		return rc;
	}
	*out = writer;
	return BP_OK;
}

void bp_archive_writer_free(struct bp_archive_writer *writer)
{
	if (!writer) {
		return;
	}
	bp_parquet_writer_free(writer->parquet);
	if (writer->fd >= 0) {
		(void)close(writer->fd);
	}
	free(writer->path);
	free(writer->platform);
	free(writer->month);
	free(writer);
}

static void set_text(struct bp_parquet_value *value, struct bp_str text)
{
	value->null = text.ptr == NULL;
	value->text = text;
}

static void set_number(struct bp_parquet_value *value, int64_t number)
{
	value->null = number == BP_ABSENT;
	value->number = number;
}

enum bp_rc bp_archive_writer_add(struct bp_archive_writer *writer, const struct bp_raw_row *row,
				 struct bp_err *err)
{
	const struct bp_event *event = &row->event;
	const struct bp_str *const texts[] = EVENT_TEXTS;
	const int64_t *const numbers[] = EVENT_NUMBERS;
	struct bp_parquet_value values[N_COLUMNS] = {0};
	char id[BP_EVENT_ID_HEX_BYTES + 1];

	bp_event_id_hex(event->id, id);
	values[SEQUENCE].number = row->sequence;
	values[INGESTED].number = row->ingested_us;
	values[EVENT_ID].text = bp_str_make(id, BP_EVENT_ID_HEX_BYTES);
	values[TS].number = event->ts_us;
	values[TS_SOURCE].number = event->ts_source;
	values[PV].number = event->projection_version;
	values[LVL].number = event->level;
	values[FLAGS].number = (event->is_sidechain ? BP_RAW_FLAG_SIDECHAIN : 0) |
			       (event->is_meta ? BP_RAW_FLAG_META : 0);
	set_text(&values[PAYLOAD], event->payload);
	for (size_t i = 0; i < N_TEXTS; i++) {
		set_text(&values[N_FIXED + i], *texts[i]);
	}
	for (size_t i = 0; i < N_NUMBERS; i++) {
		set_number(&values[N_FIXED + N_TEXTS + i], *numbers[i]);
	}
	enum bp_rc rc = bp_parquet_writer_row(writer->parquet, values, err);
	if (rc == BP_OK) {
		struct bp_archive_seen *seen = &writer->seen;

		seen->rows++;
		seen->min_ts_us = event->ts_us < seen->min_ts_us ? event->ts_us : seen->min_ts_us;
		seen->max_ts_us = event->ts_us > seen->max_ts_us ? event->ts_us : seen->max_ts_us;
	}
	return rc;
}

enum bp_rc bp_archive_writer_finish(struct bp_archive_writer *writer, struct bp_archive_seen *out,
				    struct bp_err *err)
{
	const char *const metadata[] = {
		"blueplane.archive", "1", "blueplane.platform", writer->platform, "blueplane.month",
		writer->month,       NULL};
	enum bp_rc rc = bp_parquet_writer_finish(writer->parquet, metadata, err);

	if (rc == BP_OK && fsync(writer->fd) != 0) {
		rc = bp_err_set(err, BP_EIO, "%s: fsync: %s", writer->path, strerrordesc_np(errno));
	}
	if (rc == BP_OK) {
		bp_sha256_end(&writer->sha, writer->seen.sha256);
		*out = writer->seen;
	}
	return rc;
}

struct bp_archive_reader {
	char *path;
	struct bp_parquet_reader *parquet;
};

static bool has_our_columns(const struct bp_parquet_reader *parquet)
{
	size_t n = 0;
	const struct bp_parquet_column *there = bp_parquet_reader_columns(parquet, &n);

	for (size_t i = 0; i < n && n == N_COLUMNS; i++) {
		if (strcmp(there[i].name, columns[i].name) != 0 ||
		    there[i].type != columns[i].type || there[i].optional != columns[i].optional) {
			return false;
		}
	}
	return n == N_COLUMNS;
}

enum bp_rc bp_archive_reader_open(const char *path, struct bp_archive_reader **out,
				  struct bp_err *err)
{
	struct bp_archive_reader *reader = bp_calloc(1, sizeof(*reader));
	enum bp_rc rc = bp_parquet_reader_open(path, &reader->parquet, err);

	reader->path = bp_strdup(bp_str_from(path));
	if (rc == BP_OK && !has_our_columns(reader->parquet)) {
		rc = bp_err_set(err, BP_ECORRUPT, "%s: its columns are not those of a row", path);
	}
	if (rc != BP_OK) {
		bp_archive_reader_free(reader);
		return rc;
	}
	*out = reader;
	return BP_OK;
}

void bp_archive_reader_free(struct bp_archive_reader *reader)
{
	if (reader) {
		bp_parquet_reader_free(reader->parquet);
		free(reader->path);
		free(reader);
	}
}

enum bp_rc bp_archive_reader_next(struct bp_archive_reader *reader, struct bp_arena *arena,
				  struct bp_raw_row *out, struct bp_err *err)
{
	struct bp_event *event = &out->event;
	struct bp_str *const texts[] = EVENT_TEXTS;
	int64_t *const numbers[] = EVENT_NUMBERS;
	struct bp_parquet_value values[N_COLUMNS];
	enum bp_rc rc = bp_parquet_reader_next(reader->parquet, values, err);

	if (rc != BP_OK) {
		return rc == BP_ENOTFOUND ? rc : bp_err_wrap(err, rc, "%s", reader->path);
	}
	bp_event_init(event);
	if (!bp_event_id_parse(values[EVENT_ID].text, event->id)) {
		return bp_err_set(err, BP_ECORRUPT, "%s: a row has no event id", reader->path);
	}
	out->sequence = values[SEQUENCE].number;
	out->ingested_us = values[INGESTED].number;
	event->ts_us = values[TS].number;
	event->ts_source = (enum bp_ts_source)values[TS_SOURCE].number;
	event->projection_version = (int)values[PV].number;
	event->level = (enum bp_level)values[LVL].number;
	event->is_sidechain = (values[FLAGS].number & BP_RAW_FLAG_SIDECHAIN) != 0;
	event->is_meta = (values[FLAGS].number & BP_RAW_FLAG_META) != 0;
	event->payload = bp_arena_str(arena, values[PAYLOAD].text);
	for (size_t i = 0; i < N_TEXTS; i++) {
		const struct bp_parquet_value *value = &values[N_FIXED + i];

		*texts[i] =
			value->null ? (struct bp_str){NULL, 0} : bp_arena_str(arena, value->text);
	}
	for (size_t i = 0; i < N_NUMBERS; i++) {
		const struct bp_parquet_value *value = &values[N_FIXED + N_TEXTS + i];

		*numbers[i] = value->null ? BP_ABSENT : value->number;
	}
	return BP_OK;
}

enum bp_rc bp_archive_digest(const char *path, struct bp_archive_seen *out, struct bp_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct bp_sha256 sha;
	int64_t bytes = 0;
	ssize_t n = 0;

	if (fd < 0) {
		return bp_err_set(err, errno == ENOENT ? BP_ENOTFOUND : BP_EIO, "%s: %s", path,
				  strerrordesc_np(errno));
	}
	char *buffer = bp_calloc(READ_BYTES, 1);
	bp_sha256_init(&sha);
	while ((n = read(fd, buffer, READ_BYTES)) > 0) {
		bp_sha256_add(&sha, buffer, (size_t)n);
		bytes += n;
	}
	int why = errno;
	free(buffer);
	(void)close(fd);
	if (n < 0) {
		return bp_err_set(err, BP_EIO, "%s: %s", path, strerrordesc_np(why));
	}
	bp_sha256_end(&sha, out->sha256);
	out->bytes = bytes;
	return BP_OK;
}

static bool same_text(struct bp_str a, struct bp_str b)
{
	return (a.ptr == NULL) == (b.ptr == NULL) && bp_str_eq(a, b);
}

bool bp_raw_row_same(const struct bp_raw_row *a, const struct bp_raw_row *b)
{
	const struct bp_event *event = &a->event;
	const struct bp_str *const texts[] = EVENT_TEXTS;
	const int64_t *const numbers[] = EVENT_NUMBERS;

	event = &b->event;
	const struct bp_str *const other_texts[] = EVENT_TEXTS;
	const int64_t *const other_numbers[] = EVENT_NUMBERS;
	bool same = a->sequence == b->sequence && a->ingested_us == b->ingested_us &&
		    memcmp(a->event.id, b->event.id, sizeof(a->event.id)) == 0 &&
		    a->event.ts_us == b->event.ts_us && a->event.ts_source == b->event.ts_source &&
		    a->event.projection_version == b->event.projection_version &&
		    a->event.level == b->event.level &&
		    a->event.is_sidechain == b->event.is_sidechain &&
		    a->event.is_meta == b->event.is_meta &&
		    same_text(a->event.payload, b->event.payload);
	for (size_t i = 0; i < N_TEXTS; i++) {
		same = same && same_text(*texts[i], *other_texts[i]);
	}
	for (size_t i = 0; i < N_NUMBERS; i++) {
		same = same && *numbers[i] == *other_numbers[i];
	}
	return same;
}
