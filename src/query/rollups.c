/* SPDX-License-Identifier: MIT */
#include "query/rollups.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

/* More pieces than this (an import is running): one pass over the facts costs less. */
enum { PIECES_MAX = 64 };

/* A stretch of time that is read from facts. */
struct piece {
	int64_t from_us, until_us;
};

struct reading {
	struct bp_sql *sql;
	const struct bp_filter *filter;
	int64_t pending_before_us;
	bool pending_is_over; /* of what is being read now */
	bp_bucket_each each;
	void *arg;
};

static int64_t bucket_of(int64_t ts_us)
{
	int64_t rest = ts_us % BP_BUCKET_US;
	return ts_us - (rest < 0 ? rest + BP_BUCKET_US : rest);
}

static enum bp_rc pass_on(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	const struct reading *reading = arg;

	if (!bp_filter_match(reading->filter, bucket->platform, bucket->project_hash, bucket->model,
			     bucket->tool)) {
		return BP_OK;
	}
	if (!reading->pending_is_over || bucket->sums.tools_pending == 0) {
		return reading->each(bucket, reading->arg, err);
	}
	struct bp_bucket over = *bucket;
	over.sums.tools_interrupted += over.sums.tools_pending;
	over.sums.tools_pending = 0;
	return reading->each(&over, reading->arg, err);
}

static enum bp_rc read_range(struct reading *reading, int64_t from_us, int64_t until_us,
			     struct bp_err *err)
{
	if (from_us >= until_us) {
		return BP_OK;
	}
	if (reading->filter->one_session) {
		return bp_buckets_read_session(reading->sql, reading->filter->conversation, from_us,
					       until_us, pass_on, reading, err);
	}
	return bp_buckets_read(reading->sql, from_us, until_us, pass_on, reading, err);
}

/* Facts of a stretch, in two where calls cease to be pending. */
static enum bp_rc read_facts(struct reading *reading, struct piece piece, struct bp_err *err)
{
	int64_t cut = reading->pending_before_us;

	cut = cut < piece.from_us ? piece.from_us : cut > piece.until_us ? piece.until_us : cut;
	reading->pending_is_over = true;
	enum bp_rc rc = read_range(reading, piece.from_us, cut, err);
	reading->pending_is_over = false;
	return rc == BP_OK ? read_range(reading, cut, piece.until_us, err) : rc;
}

static enum bp_rc read_row(struct reading *reading, struct bp_statement *statement,
			   struct bp_err *err)
{
	struct bp_bucket bucket = {.bucket_us = bp_column_int(statement, 0),
				   .platform = bp_column_text(statement, 1),
				   .project_hash = bp_column_text(statement, 2),
				   .model = bp_column_text(statement, 3),
				   .tool = bp_column_text(statement, 4)};
	enum bp_rc rc = BP_OK;
	int column = 5;

#define TAKE(name) bucket.sums.name = bp_column_int(statement, column++);
	BP_BUCKET_SUMS(TAKE)
#undef TAKE
	struct bp_str sketch = bp_column_blob(statement, column);
	if (sketch.len > 0) {
		rc = bp_sketch_decode(&bucket.latency, sketch);
		if (rc != BP_OK) {
			rc = bp_err_set(err, rc,
					"a rollup's latencies cannot be read: run "
					"\"blueplane rebuild\"");
		}
	}
	reading->pending_is_over = bucket.bucket_us + BP_BUCKET_US <= reading->pending_before_us;
	if (rc == BP_OK) {
		rc = pass_on(&bucket, reading, err);
	}
	bp_sketch_done(&bucket.latency);
	return rc;
}

/* Stored buckets that begin in [from, until), both multiples of a bucket. */
static enum bp_rc read_stored(struct reading *reading, int64_t from_us, int64_t until_us,
			      struct bp_err *err)
{
	static const char ROLLUPS[] = "SELECT " BP_BUCKET_COLUMNS
				      " FROM rollups WHERE bucket_us >= ?1 AND bucket_us < ?2";
	struct bp_statement *statement = NULL;

	if (from_us >= until_us) {
		return BP_OK;
	}
	enum bp_rc rc = bp_statement_new(reading->sql, ROLLUPS, &statement, err);
	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, from_us);
	bp_bind_int(statement, 2, until_us);
	for (rc = bp_statement_step(statement, err); rc == BP_OK;) {
		rc = read_row(reading, statement, err);
		if (rc == BP_OK) {
			rc = bp_statement_step(statement, err);
		}
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* Add a stretch behind the last one, joining what touches. False: too many. */
static bool add_piece(struct piece *pieces, size_t *n, int64_t from_us, int64_t until_us)
{
	if (from_us >= until_us) {
		return true;
	}
	if (*n > 0 && from_us <= pieces[*n - 1].until_us) {
		if (until_us > pieces[*n - 1].until_us) {
			pieces[*n - 1].until_us = until_us;
		}
		return true;
	}
	if (*n == PIECES_MAX) {
		return false;
	}
	pieces[(*n)++] = (struct piece){.from_us = from_us, .until_us = until_us};
	return true;
}

/*
 * What must be read from facts, in order: both cut ends, dirty buckets, the bucket in which calls
 * cease to be pending. *out_all: too many pieces, read everything.
 */
static enum bp_rc find_pieces(struct reading *reading, const struct bp_period *period,
			      struct piece *pieces, size_t *n, bool *out_all, struct bp_err *err)
{
	/* The pending bucket joins as if it were dirty, so that the list stays sorted. */
	static const char DIRTY[] =
		"SELECT bucket_us FROM dirty_bucket WHERE bucket_us > ?1 - 900000000 AND bucket_us "
		"< ?2 UNION SELECT ?3 WHERE ?3 > ?1 - 900000000 AND ?3 < ?2 ORDER BY 1";
	struct bp_statement *statement = NULL;
	int64_t first = bucket_of(period->from_us);
	int64_t last = bucket_of(period->until_us);
	bool fits = true;
	enum bp_rc rc = bp_statement_new(reading->sql, DIRTY, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, period->from_us);
	bp_bind_int(statement, 2, period->until_us);
	bp_bind_int(statement, 3, bucket_of(reading->pending_before_us));
	if (first != period->from_us) {
		int64_t end = first + BP_BUCKET_US;
		fits = add_piece(pieces, n, period->from_us,
				 end < period->until_us ? end : period->until_us);
	}
	for (rc = bp_statement_step(statement, err); rc == BP_OK && fits;
	     rc = bp_statement_step(statement, err)) {
		int64_t from = bp_column_int(statement, 0);
		int64_t until = from + BP_BUCKET_US;
		fits = add_piece(pieces, n, from > period->from_us ? from : period->from_us,
				 until < period->until_us ? until : period->until_us);
	}
	bp_statement_free(statement);
	if (fits && last != period->until_us) {
		fits = add_piece(pieces, n, last > period->from_us ? last : period->from_us,
				 period->until_us);
	}
	*out_all = !fits;
	return rc == BP_ENOTFOUND || !fits ? BP_OK : rc;
}

enum bp_rc bp_rollups_read(struct bp_sql *sql, const struct bp_period *period,
			   const struct bp_filter *filter, int64_t pending_before_us,
			   bp_bucket_each each, void *arg, struct bp_err *err)
{
	struct reading reading = {.sql = sql,
				  .filter = filter,
				  .pending_before_us = pending_before_us,
				  .each = each,
				  .arg = arg};
	struct piece whole = {.from_us = period->from_us, .until_us = period->until_us};
	struct piece pieces[PIECES_MAX];
	size_t n = 0;
	bool all = filter->one_session; /* rollups do not know sessions */
	enum bp_rc rc = BP_OK;

	if (!all) {
		rc = find_pieces(&reading, period, pieces, &n, &all, err);
	}
	if (rc != BP_OK || all) {
		return rc == BP_OK ? read_facts(&reading, whole, err) : rc;
	}
	int64_t at = whole.from_us;
	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		rc = read_stored(&reading, at, pieces[i].from_us, err);
		if (rc == BP_OK) {
			rc = read_facts(&reading, pieces[i], err);
		}
		at = pieces[i].until_us;
	}
	return rc == BP_OK ? read_stored(&reading, at, whole.until_us, err) : rc;
}
