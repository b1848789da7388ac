/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "slowpath/fact_set.h"
#include "slowpath/fact_set_items.h"
#include "slowpath/pool.h"

static const char INSERT_ALIAS[] =
	"INSERT INTO fact_alias (kind, platform, key, fact_id) VALUES (?1, ?2, ?3, ?4)"
	" ON CONFLICT DO NOTHING";

static const char INSERT_EVENT[] =
	"INSERT INTO session_event (conversation_id, event_key) VALUES (?1, ?2)"
	" ON CONFLICT DO NOTHING";

/* Both ways round, so that either session finds the other. */
static const char INSERT_LINK[] = "INSERT INTO session_link (conversation_id, other)"
				  " SELECT ?1, conversation_id FROM session_event"
				  " WHERE event_key = ?2 AND conversation_id <> ?1"
				  " UNION ALL SELECT conversation_id, ?1 FROM session_event"
				  " WHERE event_key = ?2 AND conversation_id <> ?1"
				  " ON CONFLICT DO NOTHING";

static const char INSERT_ERROR[] =
	"INSERT INTO fact_error (tbl, sequence, reason) VALUES (?1, ?2, ?3)"
	" ON CONFLICT DO NOTHING";

static const char MARK_DIRTY[] =
	"INSERT INTO dirty_session (conversation_id, generation) VALUES (?1, 1)"
	" ON CONFLICT (conversation_id) DO UPDATE SET generation = generation + 1";

/* A session's births decide what its neighbours own, and theirs what their neighbours own. */
static const char MARK_NEIGHBOURS[] =
	"INSERT INTO dirty_session (conversation_id, generation)"
	" SELECT other, 1 FROM ("
	"SELECT other FROM session_link WHERE conversation_id = ?1"
	" UNION SELECT b.other FROM session_link AS a JOIN session_link AS b"
	" ON b.conversation_id = a.other WHERE a.conversation_id = ?1)"
	" WHERE true ON CONFLICT (conversation_id) DO UPDATE SET generation = generation + 1";

enum {
	CHECK_EVERY = 4, /* items between two looks at the clock */
	ASKED = 1        /* where asked_conversation stands in BP_OWNED_COLUMNS */
};
_Static_assert((int)BP_TOOL_CALL_asked_conversation == ASKED, "BP_OWNED_COLUMNS stands first");

/** The kinds of items in the order in which they are written. */
enum step { STEP_FACTS, STEP_ALIASES, STEP_EVENTS, STEP_ERRORS, STEP_SESSIONS, STEP_DONE };

struct bp_fact_writer {
	struct bp_sql *sql; /* borrowed */
	struct bp_statement *upserts[BP_FACT_TABLE_COUNT];
	struct bp_statement *holders[BP_FACT_TABLE_COUNT]; /* NULL: no session owns such facts */
	struct bp_statement *alias;
	struct bp_statement *event;
	struct bp_statement *link;
	struct bp_statement *error;
	struct bp_statement *dirty;
	struct bp_statement *neighbours;
	/* Where the last call stopped. */
	enum step step;
	size_t table;
	const void *next; /* the item to go on with, NULL: the first of the step */
	bool linked;
};

enum bp_rc bp_fact_writer_new(struct bp_sql *sql, struct bp_fact_writer **out, struct bp_err *err)
{
	struct bp_fact_writer *writer = bp_calloc(1, sizeof(*writer));
	struct {
		const char *text;
		struct bp_statement **statement;
	} plain[] = {
		{INSERT_ALIAS, &writer->alias}, {INSERT_EVENT, &writer->event},
		{INSERT_LINK, &writer->link},   {INSERT_ERROR, &writer->error},
		{MARK_DIRTY, &writer->dirty},   {MARK_NEIGHBOURS, &writer->neighbours},
	};
	struct bp_buf text;
	enum bp_rc rc = BP_OK;

	writer->sql = sql;
	bp_buf_init(&text, 65536);
	for (size_t i = 0; i < BP_FACT_TABLE_COUNT && rc == BP_OK; i++) {
		bp_buf_clear(&text);
		bp_fact_upsert_sql(&bp_fact_schemas[i], &text);
		BP_ASSERT(bp_buf_ok(&text));
		rc = bp_statement_new(sql, text.ptr, &writer->upserts[i], err);
		if (rc == BP_OK && bp_fact_schemas[i].owned) {
			bp_buf_clear(&text);
			bp_buf_printf(&text, "SELECT conversation_id FROM %s WHERE id = ?1",
				      bp_fact_schemas[i].name);
			rc = bp_statement_new(sql, text.ptr, &writer->holders[i], err);
		}
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]) && rc == BP_OK; i++) {
		rc = bp_statement_new(sql, plain[i].text, plain[i].statement, err);
	}
	bp_buf_done(&text);
	if (rc != BP_OK) {
		bp_fact_writer_free(writer);
		return rc;
	}
	*out = writer;
	return BP_OK;
}

void bp_fact_writer_free(struct bp_fact_writer *writer)
{
	if (writer == NULL) {
		return;
	}
	for (size_t i = 0; i < BP_FACT_TABLE_COUNT; i++) {
		bp_statement_free(writer->upserts[i]);
		bp_statement_free(writer->holders[i]);
	}
	bp_statement_free(writer->alias);
	bp_statement_free(writer->event);
	bp_statement_free(writer->link);
	bp_statement_free(writer->error);
	bp_statement_free(writer->dirty);
	bp_statement_free(writer->neighbours);
	free(writer);
}

void bp_fact_writer_restart(struct bp_fact_writer *writer)
{
	writer->step = STEP_FACTS;
	writer->table = 0;
	writer->next = NULL;
	writer->linked = false;
}

/** A session that is not of this set: its totals change too. */
static enum bp_rc mark_other(struct bp_fact_writer *writer, const struct bp_fact_set *set,
			     int64_t conversation_id, struct bp_err *err)
{
	const struct bp_session_item *session = NULL;

	HASH_FIND(hh, set->sessions, &conversation_id, sizeof(conversation_id), session);
	if (session != NULL || conversation_id == BP_SQL_NULL) {
		return BP_OK; /* marked with the rest of the set */
	}
	bp_bind_int(writer->dirty, 1, conversation_id);
	writer->linked = true;
	return bp_statement_run(writer->dirty, err);
}

/**
 * An id that is not unique (gateways count calls from 1) makes one fact of lines of two sessions
 * that are no copies, so no link tells of it. The session that has the fact may lose it now, and
 * one that asked for a copied line may get it: both are done again. Any other that can get it is of
 * this set.
 */
static enum bp_rc mark_holders(struct bp_fact_writer *writer, const struct bp_fact_set *set,
			       size_t table, const struct bp_fact_item *item, struct bp_err *err)
{
	struct bp_statement *holder = writer->holders[table];

	bp_bind_int(holder, 1, item->id);
	enum bp_rc rc = bp_statement_step(holder, err);
	if (rc != BP_OK) {
		return rc == BP_ENOTFOUND ? mark_other(writer, set, item->values[ASKED].number, err)
					  : rc;
	}
	int64_t was = bp_column_int(holder, 0);
	bp_statement_reset(holder);
	rc = mark_other(writer, set, was, err);
	return rc == BP_OK ? mark_other(writer, set, item->values[ASKED].number, err) : rc;
}

static void bind_fact(struct bp_statement *upsert, const struct bp_fact_schema *schema,
		      const struct bp_fact_item *item)
{
	bp_bind_int(upsert, 1, item->id);
	for (size_t i = 0; i < schema->n; i++) {
		const struct bp_fact_column *column = &schema->columns[i];
		const struct bp_fact_value *value = &item->values[i];
		int parameter = (int)i + 2;
		if (column->type == BP_FACT_TEXT) {
			bp_bind_text(upsert, parameter, value->text);
		} else if (column->type == BP_FACT_BLOB) {
			bp_bind_blob(upsert, parameter, value->text.ptr, value->text.len);
		} else {
			bp_bind_int(upsert, parameter,
				    value->number == BP_ABSENT ? column->fallback : value->number);
		}
	}
}

static enum bp_rc write_fact(struct bp_fact_writer *writer, const struct bp_fact_set *set,
			     size_t table, const struct bp_fact_item *item, struct bp_err *err)
{
	struct bp_statement *upsert = writer->upserts[table];
	enum bp_rc rc =
		writer->holders[table] ? mark_holders(writer, set, table, item, err) : BP_OK;

	if (rc == BP_OK) {
		bind_fact(upsert, &bp_fact_schemas[table], item);
		rc = bp_statement_run(upsert, err);
	}
	return rc;
}

static enum bp_rc write_event(struct bp_fact_writer *writer, const struct bp_event_item *item,
			      struct bp_err *err)
{
	bp_bind_int(writer->event, 1, item->conversation_id);
	bp_bind_blob(writer->event, 2, item->key, sizeof(item->key));
	enum bp_rc rc = bp_statement_run(writer->event, err);
	if (rc != BP_OK || !item->shareable || bp_sql_changes(writer->sql) == 0) {
		return rc;
	}
	bp_bind_int(writer->link, 1, item->conversation_id);
	bp_bind_blob(writer->link, 2, item->key, sizeof(item->key));
	return bp_statement_run(writer->link, err);
}

static enum bp_rc write_alias(struct bp_fact_writer *writer, const struct bp_alias_item *item,
			      struct bp_err *err)
{
	bp_bind_text(writer->alias, 1, bp_str_from(item->kind));
	bp_bind_text(writer->alias, 2, item->platform);
	bp_bind_int(writer->alias, 3, item->key);
	bp_bind_int(writer->alias, 4, item->fact_id);
	return bp_statement_run(writer->alias, err);
}

static enum bp_rc write_error(struct bp_fact_writer *writer, const struct bp_error_item *item,
			      struct bp_err *err)
{
	bp_bind_text(writer->error, 1, bp_str_from(item->table));
	bp_bind_int(writer->error, 2, item->sequence);
	bp_bind_text(writer->error, 3, bp_str_from(item->reason));
	return bp_statement_run(writer->error, err);
}

static enum bp_rc write_session(struct bp_fact_writer *writer, const struct bp_session_item *item,
				struct bp_err *err)
{
	bp_bind_int(writer->dirty, 1, item->conversation_id);
	enum bp_rc rc = bp_statement_run(writer->dirty, err);
	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(writer->neighbours, 1, item->conversation_id);
	rc = bp_statement_run(writer->neighbours, err);
	if (rc == BP_OK && bp_sql_changes(writer->sql) > 0) {
		writer->linked = true;
	}
	return rc;
}

/** The first item of the present step (and table). */
static const void *first_item(const struct bp_fact_writer *writer, const struct bp_fact_set *set)
{
	switch (writer->step) {
	case STEP_FACTS:
		return set->facts[writer->table];
	case STEP_ALIASES:
		return set->aliases;
	case STEP_EVENTS:
		return set->events;
	case STEP_ERRORS:
		return set->errors;
	case STEP_SESSIONS:
		return set->sessions;
	case STEP_DONE:
		break;
	}
	return NULL;
}

/** Write one item and give the one after it. */
static enum bp_rc write_item(struct bp_fact_writer *writer, const struct bp_fact_set *set,
			     const void *item, const void **next, struct bp_err *err)
{
	switch (writer->step) {
	case STEP_FACTS:
		*next = ((const struct bp_fact_item *)item)->hh.next;
		return write_fact(writer, set, writer->table, item, err);
	case STEP_ALIASES:
		*next = ((const struct bp_alias_item *)item)->next;
		return write_alias(writer, item, err);
	case STEP_EVENTS:
		*next = ((const struct bp_event_item *)item)->next;
		return write_event(writer, item, err);
	case STEP_ERRORS:
		*next = ((const struct bp_error_item *)item)->next;
		return write_error(writer, item, err);
	case STEP_SESSIONS:
		*next = ((const struct bp_session_item *)item)->hh.next;
		return write_session(writer, item, err);
	case STEP_DONE:
		break;
	}
	*next = NULL;
	return BP_OK;
}

static void next_step(struct bp_fact_writer *writer)
{
	if (writer->step == STEP_FACTS && writer->table + 1 < BP_FACT_TABLE_COUNT) {
		writer->table++;
	} else {
		writer->table = 0;
		writer->step++;
	}
}

enum bp_rc bp_fact_writer_write(struct bp_fact_writer *writer, const struct bp_fact_set *set,
				const struct bp_writer_lock *lock, bool *out_done, bool *out_linked,
				struct bp_err *err)
{
	const int64_t begun_us = bp_clock_mono_us();
	unsigned n = 0;

	while (writer->step != STEP_DONE) {
		const void *item = writer->next ? writer->next : first_item(writer, set);
		writer->next = NULL;
		while (item != NULL) {
			const void *next = NULL;
			enum bp_rc rc = write_item(writer, set, item, &next, err);
			if (rc != BP_OK) {
				return rc;
			}
			item = next;
			if (item != NULL && ++n % CHECK_EVERY == 0 &&
			    bp_slowpath_held_long(lock, begun_us)) {
				writer->next = item;
				*out_done = false;
				return BP_OK;
			}
		}
		next_step(writer);
	}
	*out_done = true;
	*out_linked = writer->linked;
	return BP_OK;
}
