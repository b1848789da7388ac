/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/mem.h"
#include "store/names.h"
#include "store/raw.h"
#include "store/raw_columns.h"
#include "store/tombstone.h"
#include "store/uuid.h"

/* A payload is at most half an event; a stored block adds next to nothing. */
enum { PACKED_BYTES_MAX = 2 * BP_EVENT_BYTES_MAX, LAST_NAME_BYTES = 48 };

#define COUNT_ONE(field, column) +1
enum {
	N_FIXED = 8,
	N_NAMES = 0 BP_RAW_NAMES(COUNT_ONE),
	N_UUIDS = 0 BP_RAW_UUIDS(COUNT_ONE),
	N_TEXTS = 0 BP_RAW_TEXTS(COUNT_ONE),
	N_NUMBERS = 0 BP_RAW_NUMBERS(COUNT_ONE)
};

static const char *const inserts[] = {
	[BP_RAW_CLAUDE] = "INSERT INTO claude_row (" BP_RAW_COLUMNS ") VALUES (" BP_RAW_PARAMETERS
			  ") ON CONFLICT (event_id) DO NOTHING",
	[BP_RAW_OTHER] = "INSERT INTO other_row (" BP_RAW_COLUMNS ") VALUES (" BP_RAW_PARAMETERS
			 ") ON CONFLICT (event_id) DO NOTHING",
};

/* A row that comes back: its old sequence is the last parameter. */
static const char *const restores[] = {
	[BP_RAW_CLAUDE] =
		"INSERT INTO claude_row (" BP_RAW_COLUMNS ", sequence) VALUES (" BP_RAW_PARAMETERS
		", ?) ON CONFLICT (event_id) DO NOTHING",
	[BP_RAW_OTHER] =
		"INSERT INTO other_row (" BP_RAW_COLUMNS ", sequence) VALUES (" BP_RAW_PARAMETERS
		", ?) ON CONFLICT (event_id) DO NOTHING",
};

static const char *const takens[] = {
	[BP_RAW_CLAUDE] = "SELECT 1 FROM claude_row WHERE sequence = ?1",
	[BP_RAW_OTHER] = "SELECT 1 FROM other_row WHERE sequence = ?1",
};

/* A row that another projection made, or that tells more or less than the level allows now. */
static const char *const outdated[] = {
	[BP_RAW_CLAUDE] = "DELETE FROM claude_row WHERE event_id = ?1 AND (pv <> ?2 OR lvl <> ?3)",
	[BP_RAW_OTHER] = "DELETE FROM other_row WHERE event_id = ?1 AND (pv <> ?2 OR lvl <> ?3)",
};

/* The last name of a column, and its id: most columns hardly ever change. */
struct last_name {
	int64_t id; /* 0: none */
	size_t len;
	char text[LAST_NAME_BYTES];
};

struct bp_raw_writer {
	struct bp_sql *sql;     /* borrowed */
	struct bp_codec *codec; /* borrowed */
	struct bp_names *names;
	struct bp_tombstones *tombstones;
	struct bp_statement *insert[BP_RAW_TABLES];
	struct bp_statement *restore[BP_RAW_TABLES];  /* NULL until something is restored */
	struct bp_statement *taken[BP_RAW_TABLES];    /* the same */
	struct bp_statement *outdated[BP_RAW_TABLES]; /* NULL until something is replaced */
	struct bp_statement *last_archived;
	struct bp_statement *is_archived;
	bool any_archived;                       /* there are archived rows ... */
	uint8_t max_archived[BP_EVENT_ID_BYTES]; /* ... and this is the highest id of them */
	struct bp_buf packed;
	struct last_name last[N_NAMES];
};

static void forget_names(struct bp_raw_writer *writer)
{
	memset(writer->last, 0, sizeof(writer->last));
	bp_names_forget(writer->names);
}

enum bp_rc bp_raw_writer_reload(struct bp_raw_writer *writer, struct bp_err *err)
{
	struct bp_tombstones *tombstones = NULL;
	enum bp_rc rc = bp_tombstones_load(writer->sql, &tombstones, err);

	if (rc == BP_OK) {
		bp_tombstones_free(writer->tombstones);
		writer->tombstones = tombstones;
		/* A purge deletes names that nothing uses any more. */
		forget_names(writer);
	}
	return rc;
}

enum bp_rc bp_raw_writer_new(struct bp_sql *sql, struct bp_codec *codec, struct bp_raw_writer **out,
			     struct bp_err *err)
{
	struct bp_raw_writer *writer = bp_calloc(1, sizeof(*writer));
	enum bp_rc rc = bp_names_new(sql, &writer->names, err);

	writer->sql = sql;
	writer->codec = codec;
	bp_buf_init(&writer->packed, PACKED_BYTES_MAX);
	for (size_t i = 0; rc == BP_OK && i < BP_RAW_TABLES; i++) {
		rc = bp_statement_new(sql, inserts[i], &writer->insert[i], err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, "SELECT max(event_id) FROM archived_event",
				      &writer->last_archived, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, "SELECT 1 FROM archived_event WHERE event_id = ?1",
				      &writer->is_archived, err);
	}
	if (rc == BP_OK) {
		rc = bp_raw_writer_reload(writer, err);
	}
	if (rc != BP_OK) {
		bp_raw_writer_free(writer);
		return rc;
	}
	*out = writer;
	return BP_OK;
}

void bp_raw_writer_free(struct bp_raw_writer *writer)
{
	if (writer) {
		for (size_t i = 0; i < BP_RAW_TABLES; i++) {
			bp_statement_free(writer->insert[i]);
			bp_statement_free(writer->restore[i]);
			bp_statement_free(writer->taken[i]);
			bp_statement_free(writer->outdated[i]);
		}
		bp_statement_free(writer->last_archived);
		bp_statement_free(writer->is_archived);
		bp_tombstones_free(writer->tombstones);
		bp_names_free(writer->names);
		bp_buf_done(&writer->packed);
		free(writer);
	}
}

void bp_raw_writer_rolled_back(struct bp_raw_writer *writer)
{
	forget_names(writer);
}

static enum bp_rc name_id(struct bp_raw_writer *writer, struct last_name *last, struct bp_str text,
			  int64_t *out, struct bp_err *err)
{
	if (last->id != 0 && text.len == last->len && text.ptr &&
	    memcmp(text.ptr, last->text, text.len) == 0) {
		*out = last->id;
		return BP_OK;
	}
	enum bp_rc rc = bp_names_id(writer->names, text, out, err);
	if (rc == BP_OK && text.ptr && text.len <= LAST_NAME_BYTES) {
		last->id = *out;
		last->len = text.len;
		memcpy(last->text, text.ptr, text.len);
	}
	return rc;
}

static enum bp_rc bind_names(struct bp_raw_writer *writer, struct bp_statement *insert,
			     const struct bp_event *event, int i, struct bp_err *err)
{
#define FIELD(field, column) &event->field,
	const struct bp_str *const texts[] = {BP_RAW_NAMES(FIELD)};
#undef FIELD

	for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
		int64_t id = BP_SQL_NULL;
		enum bp_rc rc = name_id(writer, &writer->last[k], *texts[k], &id, err);

		if (rc != BP_OK) {
			return rc;
		}
		bp_bind_int(insert, i++, id);
	}
	return BP_OK;
}

static void bind_uuid(struct bp_statement *insert, int i, struct bp_str text,
		      unsigned char space[BP_UUID_BYTES])
{
	if (bp_uuid_pack(text, space)) {
		bp_bind_blob(insert, i, space, BP_UUID_BYTES);
	} else {
		bp_bind_text(insert, i, text);
	}
}

static void bind_rest(struct bp_statement *insert, const struct bp_event *event, int i,
		      unsigned char uuids[N_UUIDS][BP_UUID_BYTES])
{
	size_t k = 0;

#define UUID(field, column) bind_uuid(insert, i++, event->field, uuids[k++]);
	BP_RAW_UUIDS(UUID)
#undef UUID
#define TEXT(field, column) bp_bind_text(insert, i++, event->field);
	BP_RAW_TEXTS(TEXT)
#undef TEXT
#define NUMBER(field, column) bp_bind_int(insert, i++, event->field);
	BP_RAW_NUMBERS(NUMBER)
#undef NUMBER
}

static void bind_fixed(struct bp_raw_writer *writer, struct bp_statement *insert,
		       const struct bp_event *event, int64_t now_us)
{
	int flags = (event->is_sidechain ? BP_RAW_FLAG_SIDECHAIN : 0) |
		    (event->is_meta ? BP_RAW_FLAG_META : 0);

	bp_buf_clear(&writer->packed);
	bp_codec_pack(writer->codec, event->payload.ptr ? event->payload : BP_STR("{}"),
		      &writer->packed);
	bp_bind_int(insert, 1, now_us);
	bp_bind_blob(insert, 2, event->id, BP_EVENT_ID_BYTES);
	bp_bind_int(insert, 3, event->ts_us);
	bp_bind_int(insert, 4, event->ts_source);
	bp_bind_int(insert, 5, event->projection_version);
	bp_bind_int(insert, 6, event->level);
	bp_bind_int(insert, 7, flags);
	bp_bind_blob(insert, N_FIXED, writer->packed.ptr, writer->packed.len);
}

/** Bind all columns of an event and insert it. */
static enum bp_rc insert_event(struct bp_raw_writer *writer, struct bp_statement *insert,
			       const struct bp_event *event, int64_t ingested_us,
			       enum bp_put *out_put, struct bp_err *err)
{
	unsigned char uuids[N_UUIDS][BP_UUID_BYTES];
	enum bp_rc rc = bind_names(writer, insert, event, N_FIXED + 1, err);

	if (rc != BP_OK) {
		return rc;
	}
	bind_fixed(writer, insert, event, ingested_us);
	bind_rest(insert, event, N_FIXED + N_NAMES + 1, uuids);
	rc = bp_statement_run(insert, err);
	if (rc == BP_OK) {
		*out_put = bp_sql_changes(writer->sql) == 1 ? BP_PUT_NEW : BP_PUT_DUPLICATE;
	}
	return rc;
}

enum bp_rc bp_raw_writer_begin(struct bp_raw_writer *writer, struct bp_err *err)
{
	enum bp_rc rc = bp_statement_step(writer->last_archived, err);

	if (rc == BP_OK) {
		struct bp_str id = bp_column_blob(writer->last_archived, 0);

		writer->any_archived = id.len == BP_EVENT_ID_BYTES;
		if (writer->any_archived) {
			memcpy(writer->max_archived, id.ptr, BP_EVENT_ID_BYTES);
		}
	}
	bp_statement_reset(writer->last_archived);
	return rc;
}

/** Ids begin with their time: what happens now is above all that was archived, and not looked up. */
static enum bp_rc find_archived(struct bp_raw_writer *writer, const struct bp_event *event,
				bool *out, struct bp_err *err)
{
	*out = false;
	if (!writer->any_archived ||
	    memcmp(event->id, writer->max_archived, BP_EVENT_ID_BYTES) > 0) {
		return BP_OK;
	}
	bp_bind_blob(writer->is_archived, 1, event->id, BP_EVENT_ID_BYTES);
	enum bp_rc rc = bp_statement_step(writer->is_archived, err);
	bp_statement_reset(writer->is_archived);
	*out = rc == BP_OK;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/** Take away the event's row where it is outdated. *out: it was. */
static enum bp_rc delete_outdated(struct bp_raw_writer *writer, const struct bp_event *event,
				  bool *out, struct bp_err *err)
{
	enum bp_raw_table table = bp_raw_table_of(event->platform);
	enum bp_rc rc = BP_OK;

	if (!writer->outdated[table]) {
		rc = bp_sql_exec(writer->sql, "PRAGMA secure_delete = ON", err);
		if (rc == BP_OK) {
			rc = bp_statement_new(writer->sql, outdated[table],
					      &writer->outdated[table], err);
		}
	}
	if (rc != BP_OK) {
		return rc;
	}
	struct bp_statement *statement = writer->outdated[table];
	bp_bind_blob(statement, 1, event->id, BP_EVENT_ID_BYTES);
	bp_bind_int(statement, 2, event->projection_version);
	bp_bind_int(statement, 3, event->level);
	rc = bp_statement_run(statement, err);
	*out = rc == BP_OK && bp_sql_changes(writer->sql) == 1;
	return rc;
}

static enum bp_rc put_event(struct bp_raw_writer *writer, const struct bp_event *event,
			    bool replace, int64_t now_us, enum bp_put *out_put,
			    int64_t *out_sequence, struct bp_err *err)
{
	struct bp_statement *insert = writer->insert[bp_raw_table_of(event->platform)];
	bool was_outdated = false;
	bool archived = false;

	if (bp_tombstones_cover(writer->tombstones, event)) {
		*out_put = BP_PUT_PURGED;
		return BP_OK;
	}
	enum bp_rc rc = find_archived(writer, event, &archived, err);
	if (rc != BP_OK || archived) {
		*out_put = BP_PUT_DUPLICATE;
		return rc;
	}
	rc = insert_event(writer, insert, event, now_us, out_put, err);
	if (rc == BP_OK && *out_put == BP_PUT_DUPLICATE && replace) {
		rc = delete_outdated(writer, event, &was_outdated, err);
	}
	if (rc == BP_OK && was_outdated) {
		rc = insert_event(writer, insert, event, now_us, out_put, err);
	}
	if (rc == BP_OK && *out_put == BP_PUT_NEW) {
		*out_sequence = bp_sql_last_rowid(writer->sql);
	}
	return rc;
}

enum bp_rc bp_raw_put(struct bp_raw_writer *writer, const struct bp_event *event, int64_t now_us,
		      enum bp_put *out_put, int64_t *out_sequence, struct bp_err *err)
{
	return put_event(writer, event, false, now_us, out_put, out_sequence, err);
}

enum bp_rc bp_raw_replace(struct bp_raw_writer *writer, const struct bp_event *event,
			  int64_t now_us, enum bp_put *out_put, int64_t *out_sequence,
			  struct bp_err *err)
{
	return put_event(writer, event, true, now_us, out_put, out_sequence, err);
}

/** The sequence that the row may have: its own, or (BP_SQL_NULL) the next one. */
static enum bp_rc free_sequence(struct bp_statement *taken, int64_t wanted, int64_t *out,
				struct bp_err *err)
{
	bp_bind_int(taken, 1, wanted);
	enum bp_rc rc = bp_statement_step(taken, err);
	bp_statement_reset(taken);
	*out = rc == BP_ENOTFOUND ? wanted : BP_SQL_NULL;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_raw_restore(struct bp_raw_writer *writer, const struct bp_raw_row *row,
			  bool keep_sequence, enum bp_put *out_put, struct bp_err *err)
{
	enum bp_raw_table table = bp_raw_table_of(row->event.platform);
	int64_t sequence = BP_SQL_NULL;
	enum bp_rc rc = BP_OK;

	if (bp_tombstones_cover(writer->tombstones, &row->event)) {
		*out_put = BP_PUT_PURGED;
		return BP_OK;
	}
	if (!writer->restore[table]) {
		rc = bp_statement_new(writer->sql, restores[table], &writer->restore[table], err);
	}
	if (rc == BP_OK && !writer->taken[table]) {
		rc = bp_statement_new(writer->sql, takens[table], &writer->taken[table], err);
	}
	if (rc == BP_OK && keep_sequence) {
		rc = free_sequence(writer->taken[table], row->sequence, &sequence, err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(writer->restore[table], N_FIXED + N_NAMES + N_UUIDS + N_TEXTS + N_NUMBERS + 1,
		    sequence);
	return insert_event(writer, writer->restore[table], &row->event, row->ingested_us, out_put,
			    err);
}
