/* SPDX-License-Identifier: MIT */
/*
 * The log as it is, through the store's reader: the views look every name up in a sub-select, which
 * takes ten times as long. Its connection sees the log and no fact.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "query/export_private.h"
#include "store/raw.h"

enum {
	BATCH_ROWS = 256,
	PIECE_SEQUENCES = 2048,
	EVENT_FILTERS =
		BP_EXPORT_BY_OWNER | BP_EXPORT_BY_MODEL | BP_EXPORT_BY_TOOL | BP_EXPORT_BY_TYPE
};

/* Where in a row a column is. */
enum kind { SEQUENCE, INGESTED, EVENT_ID, TS, FLAG, STR, NUMBER, PAYLOAD, UNKNOWN };

struct field {
	enum kind kind;
	size_t offset; /* in struct bp_event */
};

#define AT(field) offsetof(struct bp_event, field)
#define STRING(field) X(#field, BP_EXPORT_TEXT, STR, AT(field))
#define COUNT(field) X(#field, BP_EXPORT_INT, NUMBER, AT(field))
/* One line a column: name, type, kind, place. */
#define EVENT_COLUMNS                                                                              \
	X("sequence", BP_EXPORT_INT, SEQUENCE, 0)                                                  \
	X("event_id", BP_EXPORT_TEXT, EVENT_ID, AT(id))                                            \
	X("timestamp", BP_EXPORT_TIME, TS, AT(ts_us))                                              \
	X("ingested_at", BP_EXPORT_TIME, INGESTED, 0)                                              \
	STRING(platform)                                                                           \
	STRING(session_id)                                                                         \
	STRING(event_type)                                                                         \
	STRING(hook_type)                                                                          \
	STRING(source)                                                                             \
	STRING(project_hash)                                                                       \
	STRING(project_name)                                                                       \
	STRING(git_branch_hash)                                                                    \
	STRING(app_version)                                                                        \
	STRING(model)                                                                              \
	STRING(tool_name)                                                                          \
	STRING(uuid)                                                                               \
	STRING(parent_uuid)                                                                        \
	STRING(prompt_id)                                                                          \
	STRING(request_id)                                                                         \
	STRING(message_id)                                                                         \
	STRING(agent_id)                                                                           \
	X("is_sidechain", BP_EXPORT_BOOL, FLAG, AT(is_sidechain))                                  \
	X("is_meta", BP_EXPORT_BOOL, FLAG, AT(is_meta))                                            \
	STRING(stop_reason)                                                                        \
	STRING(subtype)                                                                            \
	STRING(severity)                                                                           \
	STRING(operation)                                                                          \
	STRING(service_tier)                                                                       \
	COUNT(input_tokens)                                                                        \
	COUNT(output_tokens)                                                                       \
	COUNT(cache_read_tokens)                                                                   \
	COUNT(cache_write_tokens)                                                                  \
	COUNT(cache_write_5m_tokens)                                                               \
	COUNT(cache_write_1h_tokens)                                                               \
	COUNT(duration_ms)                                                                         \
	COUNT(lines_added)                                                                         \
	COUNT(lines_removed)                                                                       \
	COUNT(tool_calls_count)                                                                    \
	X("payload", BP_EXPORT_JSON, PAYLOAD, AT(payload))

/* The seeds' line: {event_type,timestamp,session_id,user_id,app_version,payload}. Nothing here
   knows a user's id, so it is null. */
#define APP_COLUMNS                                                                                \
	STRING(event_type)                                                                         \
	X("timestamp", BP_EXPORT_TIME, TS, AT(ts_us))                                              \
	STRING(session_id)                                                                         \
	X("user_id", BP_EXPORT_TEXT, UNKNOWN, 0)                                                   \
	STRING(app_version)                                                                        \
	X("payload", BP_EXPORT_JSON, PAYLOAD, AT(payload))

#define X(title, of_type, what, place) {title, of_type},
static const struct bp_export_column COLUMNS[] = {EVENT_COLUMNS};
static const struct bp_export_column APP[] = {APP_COLUMNS};
#undef X
#define X(title, of_type, what, place) {what, place},
static const struct field FIELDS[] = {EVENT_COLUMNS};
static const struct field APP_FIELDS[] = {APP_COLUMNS};
#undef X

struct events {
	struct bp_export export;
	const struct field *fields;
	struct bp_codec *codec;
	struct bp_raw_reader *reader;
	struct bp_arena arena;
	struct bp_raw_row rows[BATCH_ROWS];
	size_t n, at;
	struct bp_export_piece piece;
	bool one_piece; /* the next table is not for us */
	char id[BP_EVENT_ID_HEX_BYTES + 1];
};

static struct bp_export_value value_of(struct events *events, const struct bp_raw_row *row,
				       const struct field *field)
{
	const char *at = (const char *)&row->event + field->offset;

	switch (field->kind) {
	case SEQUENCE:
		return bp_export_int(row->sequence);
	case INGESTED:
		return bp_export_int(row->ingested_us);
	case EVENT_ID:
		bp_event_id_hex(row->event.id, events->id);
		return bp_export_text(bp_str_make(events->id, BP_EVENT_ID_HEX_BYTES));
	case FLAG:
		return bp_export_int(*(const bool *)(const void *)at);
	case TS:
	case NUMBER:
		return bp_export_int(*(const int64_t *)(const void *)at);
	case STR:
	case PAYLOAD:
		return bp_export_text(*(const struct bp_str *)(const void *)at);
	case UNKNOWN:
		break;
	}
	return (struct bp_export_value){.null = true};
}

static bool wanted(const struct bp_export_question *question, const struct bp_raw_row *row)
{
	const struct bp_event *event = &row->event;

	return event->ts_us >= question->period->from_us &&
	       event->ts_us < question->period->until_us &&
	       (!question->event_type || bp_str_is(event->event_type, question->event_type)) &&
	       (!question->session_id || bp_str_is(event->session_id, question->session_id)) &&
	       bp_filter_match(question->filter, event->platform, event->project_hash, event->model,
			       event->tool_name);
}

static enum bp_rc next_batch(struct events *events, struct bp_err *err)
{
	struct bp_export_piece *piece = &events->piece;

	for (;;) {
		bp_arena_clear(&events->arena);
		events->at = 0;
		enum bp_rc rc = bp_raw_read_between(events->reader, (enum bp_raw_table)piece->table,
						    piece->after, piece->until, BATCH_ROWS,
						    &events->arena, events->rows, &events->n, err);
		if (rc != BP_OK) {
			return rc;
		}
		if (events->n > 0) {
			piece->after = events->rows[events->n - 1].sequence;
			return BP_OK;
		}
		if (events->one_piece || piece->table + 1 >= BP_RAW_TABLES) {
			return BP_ENOTFOUND;
		}
		*piece = (struct bp_export_piece){.table = piece->table + 1, .until = INT64_MAX};
	}
}

static enum bp_rc next(struct bp_export *export, struct bp_err *err)
{
	struct events *events = (struct events *)export;

	for (;;) {
		if (events->at == events->n) {
			enum bp_rc rc = next_batch(events, err);
			if (rc != BP_OK) {
				events->n = events->at = 0;
				return rc;
			}
		}
		const struct bp_raw_row *row = &events->rows[events->at++];
		if (!wanted(export->question, row)) {
			continue;
		}
		for (size_t i = 0; i < export->n_columns; i++) {
			export->values[i] = value_of(events, row, &events->fields[i]);
		}
		return BP_OK;
	}
}

static void done(struct bp_export *export)
{
	struct events *events = (struct events *)export;

	bp_raw_reader_free(events->reader);
	bp_codec_free(events->codec);
	bp_arena_done(&events->arena);
	free(events);
}

static enum bp_rc open_with(struct bp_sql *sql, const struct bp_export_column *columns,
			    const struct field *fields, size_t n, struct bp_export **out,
			    struct bp_err *err)
{
	struct events *events = bp_calloc(1, sizeof(*events));

	events->export.columns = columns;
	events->export.n_columns = n;
	events->fields = fields;
	events->piece.until = INT64_MAX;
	events->codec = bp_codec_new();
	*out = &events->export;
	enum bp_rc rc = bp_codec_load(events->codec, sql, err);
	if (rc == BP_OK) {
		rc = bp_raw_reader_new(sql, events->codec, &events->reader, err);
	}
	return rc;
}

static enum bp_rc open_events(const struct bp_export_question *question, struct bp_sql *sql,
			      struct bp_export **out, struct bp_err *err)
{
	(void)question;
	return open_with(sql, COLUMNS, FIELDS, sizeof(FIELDS) / sizeof(FIELDS[0]), out, err);
}

static enum bp_rc open_app(const struct bp_export_question *question, struct bp_sql *sql,
			   struct bp_export **out, struct bp_err *err)
{
	(void)question;
	return open_with(sql, APP, APP_FIELDS, sizeof(APP_FIELDS) / sizeof(APP_FIELDS[0]), out,
			 err);
}

const struct bp_export_dataset bp_export_events = {.name = "events",
						   .sparse = true,
						   .log = true,
						   .filters = EVENT_FILTERS,
						   .open = open_events,
						   .next = next,
						   .close = done};

const struct bp_export_dataset bp_export_app = {.name = "events",
						.log = true,
						.filters = EVENT_FILTERS,
						.open = open_app,
						.next = next,
						.close = done};

enum bp_rc bp_export_events_pieces(struct bp_export *events, struct bp_export_piece **out,
				   size_t *out_n, struct bp_err *err)
{
	struct bp_export_piece *pieces = NULL;
	size_t n = 0, cap = 0;

	for (int table = 0; table < BP_RAW_TABLES; table++) {
		int64_t first = 0, last = 0;
		enum bp_rc rc =
			bp_raw_range(events->sql, (enum bp_raw_table)table, &first, &last, err);
		if (rc != BP_OK) {
			free(pieces);
			return rc;
		}
		for (int64_t after = first - 1; last > 0 && after < last;
		     after += PIECE_SEQUENCES) {
			if (n == cap) {
				cap = cap ? 2 * cap : 64;
				pieces = bp_realloc(pieces, cap, sizeof(pieces[0]));
			}
			pieces[n++] = (struct bp_export_piece){
				table, after,
				last - after < PIECE_SEQUENCES ? last : after + PIECE_SEQUENCES};
		}
	}
	*out = pieces;
	*out_n = n;
	return BP_OK;
}

void bp_export_events_piece(struct bp_export *export, const struct bp_export_piece *piece)
{
	struct events *events = (struct events *)export;

	events->piece = *piece;
	events->one_piece = true;
	events->n = events->at = 0;
}
