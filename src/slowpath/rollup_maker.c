/* SPDX-License-Identifier: MIT */
#include "slowpath/rollup_maker.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "query/bucket_code.h"
#include "query/bucket_map.h"
#include "query/rollup_span.h"
#include "slowpath/pool.h"
#include "slowpath/span_rows.h"

static const char SELECT_DIRTY[] =
	"SELECT bucket_us, generation FROM dirty_bucket ORDER BY bucket_us DESC LIMIT 64";
static const char SELECT_DIRTY_SPAN[] =
	"SELECT span, start_us FROM dirty_span ORDER BY span, start_us DESC LIMIT 1";
static const char CLEAN[] = "DELETE FROM dirty_bucket WHERE bucket_us = ?1 AND generation = ?2";
static const char CLEAN_SPAN[] = "DELETE FROM dirty_span WHERE span = ?1 AND start_us = ?2";
static const char MARK_SPAN[] =
	"INSERT INTO dirty_span (span, start_us) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

/* Days anew: they are of another zone. */
static const char DROP_SPANS[] = "DELETE FROM rollups WHERE span <> 0;"
				 "DELETE FROM session_rollups WHERE span <> 0;"
				 "DELETE FROM dirty_span";

/* Everything anew: rows cannot be read. */
static const char DROP_ALL[] =
	"INSERT INTO dirty_bucket SELECT start_us, 1 FROM (SELECT start_us FROM rollups WHERE span "
	"= 0 UNION SELECT start_us FROM session_rollups WHERE span = 0) WHERE true ON CONFLICT "
	"(bucket_us) DO UPDATE SET generation = generation + 1;"
	"DELETE FROM rollups; DELETE FROM session_rollups; DELETE FROM dirty_span";

static const char SELECT_QUARTERS[] = "SELECT DISTINCT start_us FROM rollups WHERE span = 0 UNION "
				      "SELECT DISTINCT start_us FROM session_rollups WHERE span = "
				      "0";
static const char PUT_ZONE[] = "INSERT INTO rollup_zone (name, format) VALUES (?1, ?2)";

enum {
	DIRTY_MAX = 64,
	TOGETHER = 8 /* quarters that are written in one transaction */
};

struct dirty {
	int64_t bucket_us, generation;
};

struct bp_rollup_maker {
	struct bp_sql *read, *write; /* borrowed */
	struct bp_writer_lock *lock; /* borrowed */
	const struct bp_tz *tz;      /* borrowed */
	struct bp_bucket_reader *facts;
	struct bp_span_rows *rows[TOGETHER];
	struct bp_span_rows *now; /* the one that is put together */
	struct bp_statement *dirty, *dirty_span, *clean, *clean_span, *mark_span;
};

/* --- the zone --- */

static enum bp_rc mark_day(struct bp_rollup_maker *maker, int64_t quarter_us, struct bp_err *err)
{
	bp_bind_int(maker->mark_span, 1, BP_ROLLUP_DAY);
	bp_bind_int(maker->mark_span, 2,
		    bp_rollup_span_of(maker->tz, BP_ROLLUP_DAY, quarter_us).from_us);
	return bp_statement_run(maker->mark_span, err);
}

static enum bp_rc mark_days(struct bp_rollup_maker *maker, struct bp_err *err)
{
	struct bp_statement *quarters = NULL;
	enum bp_rc rc = bp_statement_new(maker->write, SELECT_QUARTERS, &quarters, err);

	if (rc != BP_OK) {
		return rc;
	}
	while ((rc = bp_statement_step(quarters, err)) == BP_OK) {
		rc = mark_day(maker, bp_column_int(quarters, 0), err);
		if (rc != BP_OK) {
			break;
		}
	}
	bp_statement_free(quarters);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc put_zone(struct bp_rollup_maker *maker, bool same_format, struct bp_err *err)
{
	struct bp_statement *put = NULL;
	enum bp_rc rc = bp_sql_exec(maker->write, same_format ? DROP_SPANS : DROP_ALL, err);

	if (rc == BP_OK) {
		rc = mark_days(maker, err);
	}
	if (rc == BP_OK) {
		rc = bp_sql_exec(maker->write, "DELETE FROM rollup_zone", err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(maker->write, PUT_ZONE, &put, err);
	}
	if (rc == BP_OK) {
		bp_bind_text(put, 1, bp_str_from(bp_tz_name(maker->tz)));
		bp_bind_int(put, 2, BP_BUCKET_FORMAT);
		rc = bp_statement_run(put, err);
	}
	bp_statement_free(put);
	return rc;
}

static enum bp_rc begin_write(struct bp_rollup_maker *maker, struct bp_err *err)
{
	bp_writer_lock_take(maker->lock, BP_WRITER_SLOW);
	enum bp_rc rc = bp_sql_begin(maker->write, err);
	if (rc != BP_OK) {
		bp_writer_lock_give(maker->lock);
	}
	return rc;
}

/* Commit, or roll back when rc is a failure. */
static enum bp_rc end_write(struct bp_rollup_maker *maker, enum bp_rc rc, struct bp_err *err)
{
	if (rc == BP_OK) {
		rc = bp_sql_commit(maker->write, err);
	}
	if (rc != BP_OK) {
		bp_sql_rollback(maker->write);
	}
	bp_writer_lock_give(maker->lock);
	if (rc == BP_OK) {
		bp_store_cap_wal(maker->write);
	}
	return rc;
}

static enum bp_rc check_zone(struct bp_rollup_maker *maker, struct bp_err *err)
{
	struct bp_rollup_zone zone;
	enum bp_rc rc = bp_rollup_zone_read(maker->read, &zone, err);

	if (rc != BP_OK ||
	    (zone.format == BP_BUCKET_FORMAT && strcmp(zone.name, bp_tz_name(maker->tz)) == 0)) {
		return rc;
	}
	rc = begin_write(maker, err);
	return rc == BP_OK ? end_write(maker, put_zone(maker, zone.format == BP_BUCKET_FORMAT, err),
				       err)
			   : rc;
}

enum bp_rc bp_rollup_maker_new(struct bp_sql *read, struct bp_sql *write,
			       struct bp_writer_lock *lock, const struct bp_tz *tz,
			       struct bp_rollup_maker **out, struct bp_err *err)
{
	struct bp_rollup_maker *maker = bp_calloc(1, sizeof(*maker));
	const struct {
		struct bp_sql *sql;
		const char *text;
		struct bp_statement **statement;
	} statements[] = {
		{read, SELECT_DIRTY, &maker->dirty},
		{read, SELECT_DIRTY_SPAN, &maker->dirty_span},
		{write, CLEAN, &maker->clean},
		{write, CLEAN_SPAN, &maker->clean_span},
		{write, MARK_SPAN, &maker->mark_span},
	};

	maker->read = read;
	maker->write = write;
	maker->lock = lock;
	maker->tz = tz;
	enum bp_rc rc = bp_bucket_reader_new(read, &maker->facts, err);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && rc == BP_OK; i++) {
		rc = bp_statement_new(statements[i].sql, statements[i].text,
				      statements[i].statement, err);
	}
	for (size_t i = 0; i < TOGETHER && rc == BP_OK; i++) {
		rc = bp_span_rows_new(read, write, tz, &maker->rows[i], err);
	}
	if (rc == BP_OK) {
		rc = check_zone(maker, err);
	}
	if (rc != BP_OK) {
		bp_rollup_maker_free(maker);
		return rc;
	}
	*out = maker;
	return BP_OK;
}

void bp_rollup_maker_free(struct bp_rollup_maker *maker)
{
	if (!maker) {
		return;
	}
	bp_statement_free(maker->dirty);
	bp_statement_free(maker->dirty_span);
	bp_statement_free(maker->clean);
	bp_statement_free(maker->clean_span);
	bp_statement_free(maker->mark_span);
	bp_bucket_reader_free(maker->facts);
	for (size_t i = 0; i < TOGETHER; i++) {
		bp_span_rows_free(maker->rows[i]);
	}
	free(maker);
}

/* --- quarters --- */

static enum bp_rc keep_bucket(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct bp_rollup_maker *maker = arg;
	return bp_span_rows_add(maker->now, BP_ROLLUP_QUARTER, bucket, err);
}

static enum bp_rc keep_session(const struct bp_session_bucket *bucket, void *arg,
			       struct bp_err *err)
{
	struct bp_rollup_maker *maker = arg;

	(void)err; /* cannot fail */
	bp_span_rows_add_session(maker->now, bucket);
	return BP_OK;
}

static enum bp_rc read_quarter(struct bp_rollup_maker *maker, struct bp_span_rows *rows,
			       int64_t bucket_us, struct bp_err *err)
{
	const struct bp_bucket_sink sink = {
		.bucket = keep_bucket, .session = keep_session, .arg = maker, .habits = true};

	maker->now = rows;
	bp_span_rows_begin(rows, BP_ROLLUP_QUARTER, bucket_us);
	enum bp_rc rc = bp_bucket_reader_read(maker->facts, NULL, bucket_us,
					      bucket_us + BP_BUCKET_US, &sink, err);
	return rc == BP_OK ? bp_span_rows_compare(rows, err) : rc;
}

static enum bp_rc write_quarter(struct bp_rollup_maker *maker, struct bp_span_rows *rows,
				const struct dirty *dirty, struct bp_err *err)
{
	enum bp_rc rc = bp_span_rows_write(rows, err);

	if (rc == BP_OK) {
		rc = mark_day(maker, dirty->bucket_us, err);
	}
	if (rc == BP_OK) {
		bp_bind_int(maker->clean, 1, dirty->bucket_us);
		bp_bind_int(maker->clean, 2, dirty->generation);
		rc = bp_statement_run(maker->clean, err);
	}
	return rc;
}

/** Write what was read, in as few transactions as the others' patience allows. */
static enum bp_rc write_quarters(struct bp_rollup_maker *maker, const struct dirty *dirty, size_t n,
				 struct bp_err *err)
{
	enum bp_rc rc = BP_OK;
	size_t i = 0;

	while (i < n && rc == BP_OK) {
		rc = begin_write(maker, err);
		if (rc != BP_OK) {
			break;
		}
		int64_t opened_us = bp_clock_mono_us();
		do {
			rc = write_quarter(maker, maker->rows[i], &dirty[i], err);
			i++;
		} while (i < n && rc == BP_OK && !bp_slowpath_held_long(maker->lock, opened_us));
		rc = end_write(maker, rc, err);
	}
	return rc;
}

/** They are read one by one, without the lock. */
static enum bp_rc make_quarters(struct bp_rollup_maker *maker, const struct dirty *dirty, size_t n,
				struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		rc = read_quarter(maker, maker->rows[i], dirty[i].bucket_us, err);
	}
	return rc == BP_OK ? write_quarters(maker, dirty, n, err) : rc;
}

static enum bp_rc read_dirty(struct bp_rollup_maker *maker, struct dirty *out, size_t *out_n,
			     struct bp_err *err)
{
	enum bp_rc rc;
	size_t n = 0;

	while ((rc = bp_statement_step(maker->dirty, err)) == BP_OK) {
		BP_ASSERT(n < DIRTY_MAX);
		out[n++] = (struct dirty){.bucket_us = bp_column_int(maker->dirty, 0),
					  .generation = bp_column_int(maker->dirty, 1)};
	}
	bp_statement_reset(maker->dirty);
	*out_n = n;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_rollup_maker_quarters(struct bp_rollup_maker *maker, bool *out_left,
				    struct bp_err *err)
{
	struct dirty dirty[DIRTY_MAX];
	size_t n = 0;
	enum bp_rc rc = read_dirty(maker, dirty, &n, err);

	*out_left = n == DIRTY_MAX;
	for (size_t i = 0; i < n && rc == BP_OK; i += TOGETHER) {
		rc = make_quarters(maker, &dirty[i], n - i < TOGETHER ? n - i : TOGETHER, err);
	}
	return rc;
}

/* --- days and months --- */

static enum bp_rc write_span(struct bp_rollup_maker *maker, enum bp_rollup_span span,
			     int64_t start_us, struct bp_err *err)
{
	enum bp_rc rc = bp_span_rows_write(maker->rows[0], err);

	if (rc == BP_OK && span == BP_ROLLUP_DAY) {
		bp_bind_int(maker->mark_span, 1, BP_ROLLUP_MONTH);
		bp_bind_int(maker->mark_span, 2,
			    bp_rollup_span_of(maker->tz, BP_ROLLUP_MONTH, start_us).from_us);
		rc = bp_statement_run(maker->mark_span, err);
	}
	if (rc == BP_OK) {
		bp_bind_int(maker->clean_span, 1, span);
		bp_bind_int(maker->clean_span, 2, start_us);
		rc = bp_statement_run(maker->clean_span, err);
	}
	return rc;
}

enum bp_rc bp_rollup_maker_span(struct bp_rollup_maker *maker, bool *out_left, struct bp_err *err)
{
	enum bp_rollup_span span = BP_ROLLUP_DAY;
	int64_t start_us = 0;
	enum bp_rc rc = bp_statement_step(maker->dirty_span, err);

	*out_left = rc == BP_OK;
	if (rc == BP_OK) {
		span = (enum bp_rollup_span)bp_column_int(maker->dirty_span, 0);
		start_us = bp_column_int(maker->dirty_span, 1);
	}
	bp_statement_reset(maker->dirty_span);
	if (rc != BP_OK) {
		return rc == BP_ENOTFOUND ? BP_OK : rc;
	}
	int64_t until_us = bp_rollup_span_of(maker->tz, span, start_us).until_us;
	bp_span_rows_begin(maker->rows[0], span, start_us);
	rc = bp_span_rows_gather(maker->rows[0], until_us, err);
	if (rc == BP_OK) {
		rc = bp_span_rows_compare(maker->rows[0], err);
	}
	if (rc == BP_OK) {
		rc = begin_write(maker, err);
	}
	return rc == BP_OK ? end_write(maker, write_span(maker, span, start_us, err), err) : rc;
}
