/* SPDX-License-Identifier: MIT */
/*
 * Prices that change: what has no price yet gets one when the service starts; what has one keeps it
 * until somebody asks.
 */
#include "slowpath/pool.h"

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
