/* SPDX-License-Identifier: MIT */
#include "slowpath/forget.h"

#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "slowpath/fact_id.h"
#include "slowpath/pool.h"
#include "slowpath/replay.h"

/*
 * Temporary tables are in memory (store/sqlite.c): what is to be forgotten reaches no other file.
 * forget_session: whose facts are dropped (what = 1), who else may have contributed to those
 * (what = 2); forget_fact: the facts themselves.
 */
static const char TABLES[] =
	"DROP TABLE IF EXISTS temp.forget_session; DROP TABLE IF EXISTS temp.forget_fact;"
	"CREATE TEMP TABLE forget_session (id INTEGER PRIMARY KEY, what INTEGER NOT NULL);"
	"CREATE TEMP TABLE forget_fact (id INTEGER PRIMARY KEY)";

static const char DROP_TABLES[] = "DROP TABLE IF EXISTS temp.forget_session;"
				  "DROP TABLE IF EXISTS temp.forget_fact";

static const char ADD_SESSION[] =
	"INSERT INTO temp.forget_session VALUES (?1, 1) ON CONFLICT DO UPDATE SET what = 1";

static const char ADD_LINKED[] =
	"INSERT INTO temp.forget_session SELECT other, 1 FROM session_link"
	" WHERE conversation_id IN (SELECT id FROM temp.forget_session) ON CONFLICT DO NOTHING";

#define FACTS_OF(table)                                                                            \
	"INSERT INTO temp.forget_fact SELECT id FROM " table                                       \
	" WHERE live_conversation IN (SELECT id FROM temp.forget_session)"                         \
	" OR asked_conversation IN (SELECT id FROM temp.forget_session)"                           \
	" OR file_conversation IN (SELECT id FROM temp.forget_session)"                            \
	" OR owner_conversation IN (SELECT id FROM temp.forget_session)"                           \
	" ON CONFLICT DO NOTHING;"

static const char ADD_FACTS[] = FACTS_OF("conversation_turns") FACTS_OF("model_calls")
	FACTS_OF("tool_calls") FACTS_OF("api_errors") FACTS_OF(
		"compactions") "INSERT INTO temp.forget_fact SELECT id FROM permission_requests "
			       "WHERE live_conversation"
			       " IN (SELECT id FROM temp.forget_session) ON CONFLICT DO NOTHING";

#define NEIGHBOURS_BY(table, column)                                                               \
	"INSERT INTO temp.forget_session SELECT " column ", 2 FROM " table                         \
	" WHERE id IN (SELECT id FROM temp.forget_fact) AND " column " IS NOT NULL"                \
	" ON CONFLICT DO NOTHING;"
#define NEIGHBOURS_OF(table)                                                                       \
	NEIGHBOURS_BY(table, "live_conversation")                                                  \
	NEIGHBOURS_BY(table, "asked_conversation")                                                 \
	NEIGHBOURS_BY(table, "file_conversation")                                                  \
	NEIGHBOURS_BY(table, "owner_conversation")

static const char ADD_NEIGHBOURS[] =
	"INSERT INTO temp.forget_session SELECT other, 2 FROM session_link WHERE conversation_id IN"
	" (SELECT id FROM temp.forget_session WHERE what = 1) ON CONFLICT DO "
	"NOTHING;" NEIGHBOURS_OF("conversation_turns") NEIGHBOURS_OF("model_calls")
		NEIGHBOURS_OF("tool_calls") NEIGHBOURS_OF("api_errors")
			NEIGHBOURS_OF("compactions");

#define DIRTY_BY(table)                                                                            \
	"INSERT INTO dirty_bucket SELECT DISTINCT ts_us / 900000000 * 900000000, 1 FROM " table    \
	" WHERE id IN (SELECT id FROM temp.forget_fact)"                                           \
	" ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;"

/* Deleting a fact marks no bucket by itself. */
#define MARK_BUCKETS                                                                               \
	DIRTY_BY("conversation_turns")                                                             \
	DIRTY_BY("model_calls")                                                                    \
	DIRTY_BY("tool_calls")                                                                     \
	DIRTY_BY("api_errors")                                                                     \
	DIRTY_BY("compactions")                                                                    \
	"INSERT INTO dirty_bucket SELECT DISTINCT started_us / 900000000 * 900000000, 1 FROM "     \
	"subagents WHERE conversation_id IN (SELECT id FROM temp.forget_session WHERE what = 1)"   \
	" ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;"

#define BY_FACT(table, column)                                                                     \
	"DELETE FROM " table " WHERE " column " IN (SELECT id FROM temp.forget_fact)"
#define BY_SESSION(table, column)                                                                  \
	"DELETE FROM " table " WHERE " column                                                      \
	" IN (SELECT id FROM temp.forget_session WHERE what = 1)"

/* A transaction each: nobody else writes while the pipeline is paused. */
static const char *const DELETES[] = {
	MARK_BUCKETS,
	BY_SESSION("dirty_session", "conversation_id"), /* the writer marks who has rows left */
	BY_FACT("conversation_turns", "id"),
	BY_FACT("model_calls", "id"),
	BY_FACT("file_access", "tool_call"),
	BY_FACT("code_changes", "id"),
	BY_FACT("tool_calls", "id"),
	BY_FACT("permission_requests", "id"),
	BY_FACT("api_errors", "id"),
	BY_FACT("compactions", "id"),
	BY_FACT("fact_alias", "fact_id"),
	"DELETE FROM fact_alias WHERE kind = 'tool' AND key IN (SELECT id FROM subagents WHERE "
	"conversation_id IN (SELECT id FROM temp.forget_session WHERE what = 1))",
	BY_SESSION("subagents", "conversation_id"),
	BY_SESSION("conversations", "id"),
	BY_SESSION("activity", "conversation_id"),
	BY_SESSION("session_text", "conversation_id"),
	BY_SESSION("session_habits", "conversation_id"), /* marks its quarters */
	BY_SESSION("session_event", "conversation_id"),
	BY_SESSION("session_link", "conversation_id"),
	BY_SESSION("session_link", "other"),
};

static const char SESSIONS_LEFT[] =
	"SELECT platform, external_id FROM conversations WHERE id IN (SELECT id FROM "
	"temp.forget_session)";

static const char IS_KNOWN[] = "SELECT 1 FROM conversations WHERE id = ?1";

static const char ROWS_OF[] =
	"SELECT sequence FROM claude_row WHERE session = (SELECT id FROM name WHERE text = ?1)"
	" AND platform = (SELECT id FROM name WHERE text = ?2) ORDER BY sequence";
static const char OTHER_ROWS_OF[] =
	"SELECT sequence FROM other_row WHERE session = (SELECT id FROM name WHERE text = ?1)"
	" AND platform = (SELECT id FROM name WHERE text = ?2) ORDER BY sequence";

/** What is under way. */
struct forgetting {
	struct bp_sql *sql;
	struct bp_writer_lock *lock;
	struct bp_raw_reader *reader;
	struct bp_replay *replay;
	struct bp_arena arena;            /* of one row */
	struct bp_arena names;            /* of the sessions below */
	struct bp_session_name *sessions; /* to be made again */
	size_t n_sessions;
};

int64_t bp_session_fact_id(const struct bp_session_name *session)
{
	return bp_conversation_id(session->platform, session->external_id);
}

void bp_slowpath_interrupt(struct bp_slowpath *slowpath)
{
	bp_stop_request(&slowpath->stop);
}

/** Run text in a transaction under the lock. */
static enum bp_rc write_once(struct forgetting *f, const char *text, struct bp_err *err)
{
	bp_writer_lock_take(f->lock, BP_WRITER_SLOW);
	enum bp_rc rc = bp_sql_begin(f->sql, err);
	if (rc == BP_OK) {
		rc = bp_sql_exec(f->sql, text, err);
		if (rc == BP_OK) {
			rc = bp_sql_commit(f->sql, err);
		}
		if (rc != BP_OK) {
			bp_sql_rollback(f->sql);
		}
	}
	if (rc == BP_OK) {
		bp_store_cap_wal(f->sql);
	}
	bp_writer_lock_give(f->lock);
	return rc;
}

static void add_session(struct forgetting *f, struct bp_str platform, struct bp_str external_id)
{
	f->sessions = bp_realloc(f->sessions, f->n_sessions + 1, sizeof(*f->sessions));
	f->sessions[f->n_sessions++] = (struct bp_session_name){
		.platform = bp_arena_str(&f->names, platform),
		.external_id = bp_arena_str(&f->names, external_id),
	};
}

/** A session may have rows left and no conversation yet. */
static enum bp_rc add_unknown(struct forgetting *f, const struct bp_session_name *sessions,
			      size_t n, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(f->sql, IS_KNOWN, &statement, err);

	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		bp_bind_int(statement, 1, bp_session_fact_id(&sessions[i]));
		rc = bp_statement_step(statement, err);
		if (rc == BP_ENOTFOUND) {
			add_session(f, sessions[i].platform, sessions[i].external_id);
			rc = BP_OK;
		}
		bp_statement_reset(statement);
	}
	bp_statement_free(statement);
	return rc;
}

/** Fill the two temporary tables, and the list of sessions to be made again. */
static enum bp_rc find_what(struct forgetting *f, const struct bp_session_name *sessions, size_t n,
			    struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_sql_exec(f->sql, TABLES, err);

	if (rc == BP_OK) {
		rc = bp_statement_new(f->sql, ADD_SESSION, &statement, err);
	}
	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		bp_bind_int(statement, 1, bp_session_fact_id(&sessions[i]));
		rc = bp_statement_run(statement, err);
	}
	bp_statement_free(statement);
	statement = NULL;
	if (rc == BP_OK) {
		rc = bp_sql_exec(f->sql, ADD_LINKED, err);
	}
	if (rc == BP_OK) {
		rc = bp_sql_exec(f->sql, ADD_FACTS, err);
	}
	if (rc == BP_OK) {
		rc = bp_sql_exec(f->sql, ADD_NEIGHBOURS, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(f->sql, SESSIONS_LEFT, &statement, err);
	}
	while (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK) {
			add_session(f, bp_column_text(statement, 0), bp_column_text(statement, 1));
		}
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? add_unknown(f, sessions, n, err) : rc;
}

static enum bp_rc drop_facts(struct forgetting *f, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; rc == BP_OK && i < sizeof(DELETES) / sizeof(DELETES[0]); i++) {
		rc = write_once(f, DELETES[i], err);
	}
	return rc;
}

/** Join the evidence of one row. */
static enum bp_rc join_row(struct forgetting *f, enum bp_raw_table table, int64_t sequence,
			   struct bp_err *err)
{
	struct bp_raw_row row;
	size_t n = 0;

	bp_arena_clear(&f->arena);
	enum bp_rc rc = bp_raw_read(f->reader, table, sequence - 1, 1, &f->arena, &row, &n, err);

	if (rc != BP_OK || n == 0 || row.sequence != sequence) {
		return rc;
	}
	return bp_replay_row(f->replay, &row, bp_raw_table_name(table), err);
}

/** The sequences of a session's rows in one table, in order. */
static enum bp_rc read_sequences(struct bp_statement *rows, const struct bp_session_name *session,
				 int64_t **out, size_t *out_n, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;
	size_t cap = 0;

	*out = NULL;
	*out_n = 0;
	bp_bind_text(rows, 1, session->external_id);
	bp_bind_text(rows, 2, session->platform);
	while ((rc = bp_statement_step(rows, err)) == BP_OK) {
		if (*out_n == cap) {
			cap = cap ? cap * 2 : 256;
			*out = bp_realloc(*out, cap, sizeof(**out));
		}
		(*out)[(*out_n)++] = bp_column_int(rows, 0);
	}
	bp_statement_reset(rows);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/** Make the facts of a session's rows in one table again. */
static enum bp_rc apply_rows(struct forgetting *f, enum bp_raw_table table,
			     struct bp_statement *rows, const struct bp_session_name *session,
			     struct bp_err *err)
{
	int64_t *sequences = NULL;
	size_t n = 0;
	enum bp_rc rc = read_sequences(rows, session, &sequences, &n, err);

	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		rc = join_row(f, table, sequences[i], err);
	}
	free(sequences);
	return rc;
}

static enum bp_rc make_again(struct forgetting *f, struct bp_err *err)
{
	static const char *const texts[BP_RAW_TABLES] = {
		[BP_RAW_CLAUDE] = ROWS_OF, [BP_RAW_OTHER] = OTHER_ROWS_OF};
	enum bp_rc rc = BP_OK;

	for (int table = 0; rc == BP_OK && table < BP_RAW_TABLES; table++) {
		struct bp_statement *rows = NULL;

		rc = bp_statement_new(f->sql, texts[table], &rows, err);
		for (size_t i = 0; rc == BP_OK && i < f->n_sessions; i++) {
			rc = apply_rows(f, (enum bp_raw_table)table, rows, &f->sessions[i], err);
		}
		bp_statement_free(rows);
	}
	return rc == BP_OK ? bp_replay_flush(f->replay, err) : rc;
}

enum bp_rc bp_slowpath_forget(struct bp_sql *sql, struct bp_writer_lock *lock,
			      struct bp_codec *codec, const char *archive_folder,
			      const struct bp_session_name *sessions, size_t n, struct bp_err *err)
{
	struct forgetting f = {.sql = sql, .lock = lock};
	int64_t rows = 0;
	enum bp_rc rc = bp_replay_new(sql, lock, &f.replay, err);

	if (rc == BP_OK) {
		rc = bp_raw_reader_new(sql, codec, &f.reader, err);
	}
	if (rc == BP_OK) {
		rc = find_what(&f, sessions, n, err);
	}
	if (rc == BP_OK) {
		rc = drop_facts(&f, err);
	}
	if (rc == BP_OK) {
		rc = make_again(&f, err);
	}
	if (rc == BP_OK && archive_folder && f.n_sessions > 0) {
		rc = bp_replay_archive(f.replay, archive_folder, f.sessions, f.n_sessions, NULL,
				       &rows, err);
	}
	if (rc == BP_OK) {
		rc = write_once(&f, DROP_TABLES, err);
	}
	bp_raw_reader_free(f.reader);
	bp_replay_free(f.replay);
	bp_arena_done(&f.arena);
	bp_arena_done(&f.names);
	free(f.sessions);
	return rc;
}

/*
 * What a rebuild that does not read the archive leaves alone: sessions with archived rows, and
 * those that share lines with them, however far.
 */
static const char ADD_UNSEALED[] =
	"WITH RECURSIVE sealed(id) AS (SELECT id FROM conversations AS c WHERE EXISTS (SELECT 1 "
	"FROM"
	" archived_session AS a WHERE a.external_id = c.external_id AND a.platform = c.platform)"
	" UNION SELECT other FROM session_link JOIN sealed ON conversation_id = sealed.id"
	" UNION SELECT conversation_id FROM session_link JOIN sealed ON other = sealed.id)"
	" INSERT INTO temp.forget_session SELECT id, 1 FROM conversations WHERE id NOT IN sealed";

#define IS_KEPT(column)                                                                            \
	column " IN (SELECT id FROM conversations WHERE id NOT IN (SELECT id FROM "                \
	       "temp.forget_session))"
#define KEEP_OF(table)                                                                             \
	"DELETE FROM temp.forget_fact WHERE id IN (SELECT id FROM " table                          \
	" WHERE " IS_KEPT("live_conversation") " OR " IS_KEPT(                                     \
		"asked_conversation") " OR " IS_KEPT("file_conversation") " OR " IS_KEPT("owner_"  \
											 "convers" \
											 "ation") ");"

/* A fact that a sealed session has a part in stays: the rows that are left join it again. */
static const char KEEP_SHARED[] = KEEP_OF("conversation_turns") KEEP_OF("model_calls")
	KEEP_OF("tool_calls") KEEP_OF("api_errors") KEEP_OF("compactions");

/* Rollups are made again, of what stays too. */
static const char MARK_KEPT[] =
	"INSERT INTO dirty_bucket SELECT start_us, 1 FROM (SELECT start_us FROM rollups WHERE span "
	"= 0 UNION SELECT start_us FROM session_rollups WHERE span = 0) WHERE true ON CONFLICT "
	"(bucket_us) DO UPDATE SET generation = generation + 1;"
	"DELETE FROM rollups; DELETE FROM session_rollups; DELETE FROM dirty_span;"
	"DELETE FROM fact_error;"
	"INSERT INTO dirty_session (conversation_id, generation) SELECT id, 1 FROM conversations"
	" WHERE true ON CONFLICT (conversation_id) DO UPDATE SET generation = generation + 1;"
	"DELETE FROM pool_progress WHERE pool = '" BP_POOL_CONVERSATIONS "'";

enum bp_rc bp_slowpath_forget_unsealed(struct bp_sql *sql, struct bp_writer_lock *lock,
				       struct bp_err *err)
{
	struct forgetting f = {.sql = sql, .lock = lock};
	static const char *const texts[] = {TABLES, ADD_UNSEALED, ADD_FACTS, KEEP_SHARED};
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; rc == BP_OK && i < sizeof(texts) / sizeof(texts[0]); i++) {
		rc = bp_sql_exec(sql, texts[i], err);
	}
	if (rc == BP_OK) {
		rc = drop_facts(&f, err);
	}
	if (rc == BP_OK) {
		rc = write_once(&f, MARK_KEPT, err);
	}
	return rc == BP_OK ? write_once(&f, DROP_TABLES, err) : rc;
}
