/* SPDX-License-Identifier: MIT */
/*
 * Prices that change: what has no price yet gets one when the service starts; what has one keeps it
 * until somebody asks.
 */
#include "price/amount.h"
#include "slowpath/pool.h"
#include "slowpath/session_facts.h"

static const char PUT_PRICES[] = "INSERT OR REPLACE INTO price_now (one, price_id) VALUES (1, ?1)";

static const char SELECT_UNPRICED[] =
	"SELECT DISTINCT m.model FROM conversations AS c JOIN model_calls AS m"
	" ON m.conversation_id = c.id WHERE c.unpriced_calls > 0 AND m.cost_pusd IS NULL";

static const char MARK_UNPRICED[] =
	"INSERT INTO dirty_session SELECT DISTINCT c.id, 1 FROM conversations AS c"
	" JOIN model_calls AS m ON m.conversation_id = c.id"
	" WHERE c.unpriced_calls > 0 AND m.cost_pusd IS NULL AND m.model = ?1"
	" ON CONFLICT (conversation_id) DO UPDATE SET generation = generation + 1";

/** Mark the sessions of models that got a price. */
static enum bp_rc mark_unpriced(struct bp_sql *sql, const struct bp_prices *prices,
				struct bp_err *err)
{
	struct bp_statement *select = NULL;
	struct bp_statement *mark = NULL;
	enum bp_rc rc = bp_statement_new(sql, SELECT_UNPRICED, &select, err);

	if (rc == BP_OK) {
		rc = bp_statement_new(sql, MARK_UNPRICED, &mark, err);
	}
	while (rc == BP_OK && (rc = bp_statement_step(select, err)) == BP_OK) {
		if (bp_prices_find(prices, bp_column_text(select, 0))) {
			bp_bind_text(mark, 1, bp_column_text(select, 0));
			rc = bp_statement_run(mark, err);
		}
	}
	bp_statement_free(select);
	bp_statement_free(mark);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc put_prices(struct bp_sql *sql, const struct bp_prices *prices, struct bp_err *err)
{
	struct bp_statement *put = NULL;
	enum bp_rc rc = bp_statement_new(sql, PUT_PRICES, &put, err);

	if (rc == BP_OK) {
		bp_bind_text(put, 1, bp_str_from(bp_prices_id(prices)));
		rc = bp_statement_run(put, err);
	}
	bp_statement_free(put);
	return rc;
}

enum bp_rc bp_slowpath_note_prices(struct bp_slowpath *slowpath, struct bp_err *err)
{
	enum { CACHE_BYTES = 1 << 20 };
	struct bp_sql *sql = NULL;
	enum bp_rc rc = bp_sql_open(slowpath->database_path, BP_SQL_WRITE, CACHE_BYTES, &sql, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_writer_lock_take(slowpath->lock, BP_WRITER_SLOW);
	rc = bp_sql_begin(sql, err);
	if (rc == BP_OK) {
		rc = put_prices(sql, slowpath->prices, err);
		if (rc == BP_OK) {
			rc = mark_unpriced(sql, slowpath->prices, err);
		}
		if (rc == BP_OK) {
			rc = bp_sql_commit(sql, err);
		}
		if (rc != BP_OK) {
			bp_sql_rollback(sql);
		}
	}
	bp_writer_lock_give(slowpath->lock);
	bp_sql_close(sql);
	return rc;
}

/* --- the job --- */

/* The list is in memory, and gone with its connection. Sessions are marked in short transactions, a part at a time. */
static const char MAKE_LIST[] = "DROP TABLE IF EXISTS temp.reprice;"
				"CREATE TEMP TABLE reprice (conversation_id INTEGER PRIMARY KEY, "
				"part INTEGER, calls INTEGER)";

static const char FILL_LIST[] =
	"INSERT INTO temp.reprice SELECT conversation_id, row_number() OVER () / 200, calls FROM"
	" (SELECT conversation_id, count(*) AS calls FROM model_calls"
	" WHERE (?1 OR price_id IS NOT ?2) AND ts_us >= coalesce(?3, ts_us) GROUP BY "
	"conversation_id)";

static const char SELECT_STALE[] =
	"SELECT " BP_CALL_COLUMNS " FROM model_calls WHERE (?1 OR price_id IS NOT ?2)"
	" AND conversation_id IN (SELECT conversation_id FROM temp.reprice)";

static const char COUNT_PARTS[] = "SELECT coalesce(max(part) + 1, 0) FROM temp.reprice";

static const char MARK_PART[] =
	"INSERT INTO dirty_session SELECT conversation_id, 1 FROM temp.reprice WHERE part = ?1"
	" ON CONFLICT (conversation_id) DO UPDATE SET generation = generation + 1";

static const char SELECT_LEFT[] =
	"SELECT coalesce(sum(calls), 0), count(*) FROM temp.reprice"
	" WHERE conversation_id IN (SELECT conversation_id FROM dirty_session)";

struct reprice {
	struct bp_slowpath *slowpath;
	const struct bp_reprice_wish *wish;
	struct bp_sql *sql;
	struct bp_repriced result;
};

static enum bp_rc bind_stale(const struct reprice *reprice, const char *text,
			     struct bp_statement **out, struct bp_err *err)
{
	enum bp_rc rc = bp_statement_new(reprice->sql, text, out, err);

	if (rc == BP_OK) {
		bp_bind_int(*out, 1, reprice->wish->all);
		bp_bind_text(*out, 2, bp_str_from(bp_prices_id(reprice->slowpath->prices)));
	}
	return rc;
}

static enum bp_rc list_sessions(struct reprice *reprice, struct bp_err *err)
{
	struct bp_statement *fill = NULL;
	enum bp_rc rc = bp_sql_exec(reprice->sql, MAKE_LIST, err);

	if (rc == BP_OK) {
		rc = bind_stale(reprice, FILL_LIST, &fill, err);
	}
	if (rc == BP_OK) {
		bp_bind_int(fill, 3, reprice->wish->since_us);
		rc = bp_statement_run(fill, err);
	}
	bp_statement_free(fill);
	return rc;
}

static void add_call(struct bp_repriced *sum, const struct bp_call *call)
{
	sum->calls++;
	sum->changed += call->was.cost_pusd != call->is.cost_pusd ||
			call->was.compat_pusd != call->is.compat_pusd;
	if (call->aborted) {
		return;
	}
	if (call->was.cost_pusd != BP_SQL_NULL) {
		sum->before_pusd = bp_pusd_add(sum->before_pusd, call->was.cost_pusd);
	}
	if (call->is.cost_pusd != BP_SQL_NULL) {
		sum->after_pusd = bp_pusd_add(sum->after_pusd, call->is.cost_pusd);
	}
}

/** What the finaliser will compute: the same function of the same call and prices. */
static enum bp_rc sum_calls(struct reprice *reprice, struct bp_err *err)
{
	struct bp_statement *select = NULL;
	struct bp_arena arena = {0};
	struct bp_call call;
	enum bp_rc rc = bind_stale(reprice, SELECT_STALE, &select, err);

	while (rc == BP_OK && (rc = bp_statement_step(select, err)) == BP_OK) {
		bp_arena_clear(&arena);
		bp_call_read(select, &arena, &call);
		bp_finalise_call(&call, reprice->slowpath->prices);
		add_call(&reprice->result, &call);
	}
	bp_statement_free(select);
	bp_arena_done(&arena);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc mark_part(const struct reprice *reprice, struct bp_statement *mark, int64_t part,
			    struct bp_err *err)
{
	bp_writer_lock_take(reprice->slowpath->lock, BP_WRITER_SLOW);
	enum bp_rc rc = bp_sql_begin(reprice->sql, err);
	if (rc == BP_OK) {
		bp_bind_int(mark, 1, part);
		rc = bp_statement_run(mark, err);
		if (rc == BP_OK) {
			rc = bp_sql_commit(reprice->sql, err);
		}
		if (rc != BP_OK) {
			bp_sql_rollback(reprice->sql);
		}
	}
	bp_writer_lock_give(reprice->slowpath->lock);
	return rc;
}

static enum bp_rc mark_sessions(const struct reprice *reprice, struct bp_err *err)
{
	struct bp_statement *count = NULL;
	struct bp_statement *mark = NULL;
	int64_t parts = 0;
	enum bp_rc rc = bp_statement_new(reprice->sql, COUNT_PARTS, &count, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(count, err);
	}
	if (rc == BP_OK) {
		parts = bp_column_int(count, 0);
		bp_statement_reset(count);
		rc = bp_statement_new(reprice->sql, MARK_PART, &mark, err);
	}
	for (int64_t part = 0; part < parts && rc == BP_OK; part++) {
		rc = mark_part(reprice, mark, part, err);
	}
	bp_statement_free(count);
	bp_statement_free(mark);
	/* Also after an error: what is marked is worth a look. */
	bp_slowpath_poke(reprice->slowpath);
	return rc;
}

/** How far it is: sessions of the list that are dirty, then buckets. */
static enum bp_rc look(const struct reprice *reprice, struct bp_statement *left, bool *out_done,
		       struct bp_err *err)
{
	const struct bp_reprice_wish *wish = reprice->wish;
	struct bp_slowpath_lag lag;
	int64_t total = reprice->result.calls;

	enum bp_rc rc = bp_statement_step(left, err);
	if (rc != BP_OK) {
		return rc;
	}
	int64_t calls = bp_column_int(left, 0);
	int64_t sessions = bp_column_int(left, 1);
	bp_statement_reset(left);
	if (wish->progress) {
		wish->progress(calls < total ? total - calls : 0, total, wish->arg);
	}
	rc = bp_slowpath_lag(reprice->sql, &lag, err);
	*out_done = rc == BP_OK && sessions == 0 && lag.buckets == 0;
	return rc;
}

static enum bp_rc wait_done(const struct reprice *reprice, struct bp_err *err)
{
	enum { POLL_MS = 10 };
	struct bp_statement *left = NULL;
	bool done = false;
	enum bp_rc rc = bp_statement_new(reprice->sql, SELECT_LEFT, &left, err);

	while (rc == BP_OK) {
		bp_slowpath_hurry(reprice->slowpath);
		rc = look(reprice, left, &done, err);
		if (rc != BP_OK || done) {
			break;
		}
		if (bp_stop_wait(&reprice->slowpath->stop, POLL_MS)) {
			rc = bp_err_set(err, BP_ESTOPPED,
					"stopped; what is left goes on at the next start");
		}
	}
	bp_statement_free(left);
	return rc;
}

enum bp_rc bp_slowpath_reprice(struct bp_slowpath *slowpath, const struct bp_reprice_wish *wish,
			       struct bp_repriced *out, struct bp_err *err)
{
	enum { CACHE_BYTES = 4 << 20 };
	struct reprice reprice = {.slowpath = slowpath, .wish = wish};
	enum bp_rc rc =
		bp_sql_open(slowpath->database_path, BP_SQL_WRITE, CACHE_BYTES, &reprice.sql, err);

	if (rc != BP_OK) {
		return rc;
	}
	rc = list_sessions(&reprice, err);
	if (rc == BP_OK) {
		rc = sum_calls(&reprice, err);
	}
	if (rc == BP_OK && reprice.result.calls > 0) {
		rc = mark_sessions(&reprice, err);
	}
	if (rc == BP_OK && reprice.result.calls > 0) {
		rc = wait_done(&reprice, err);
	}
	bp_sql_close(reprice.sql);
	if (rc == BP_OK) {
		*out = reprice.result;
	}
	return rc;
}
