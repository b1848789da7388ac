/* SPDX-License-Identifier: MIT */
#include "query/rollups.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/bucket_code.h"
#include "query/cover.h"

struct reading {
	struct bp_sql *sql;
	const struct bp_rollups_question *question;
	const struct bp_bucket_sink *sink;
	bool pending_is_over;             /* of what is being read now */
	struct bp_statement *rows;        /* stored buckets */
	struct bp_statement *sessions;    /* stored sums of sessions */
	struct bp_bucket_reader *buckets; /* of facts; NULL until needed */
	struct bp_bucket bucket; /* the stored one that is told; what is of facts stays 0 */
};

static void end_pending(struct bp_bucket_sums *sums)
{
	sums->tools_interrupted += sums->tools_pending;
	sums->tools_pending = 0;
}

static enum bp_rc pass_bucket(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	const struct reading *reading = arg;

	if ((reading->question->no_tools && bucket->tool.len > 0) ||
	    !bp_filter_match(reading->question->filter, bucket->platform, bucket->project_hash,
			     bucket->model, bucket->tool)) {
		return BP_OK;
	}
	bool settles = bucket->sums.tools_pending != 0 || reading->question->habits;
	if (!reading->pending_is_over || !settles) {
		return reading->sink->bucket(bucket, reading->sink->arg, err);
	}
	struct bp_bucket over = *bucket;
	end_pending(&over.sums);
	over.pending_is_over = true;
	return reading->sink->bucket(&over, reading->sink->arg, err);
}

static enum bp_rc pass_session(const struct bp_session_bucket *bucket, void *arg,
			       struct bp_err *err)
{
	const struct reading *reading = arg;

	if (reading->question->no_calls && bucket->model.len > 0) {
		return BP_OK;
	}
	if (!reading->pending_is_over || bucket->sums.tools_pending == 0) {
		return reading->sink->session(bucket, reading->sink->arg, err);
	}
	struct bp_session_bucket over = *bucket;
	end_pending(&over.sums);
	return reading->sink->session(&over, reading->sink->arg, err);
}

/* --- facts --- */

static enum bp_rc read_range(struct reading *reading, int64_t from_us, int64_t until_us,
			     struct bp_err *err)
{
	const struct bp_filter *filter = reading->question->filter;
	const struct bp_bucket_sink sink = {
		.bucket = reading->sink->bucket && !reading->question->hours_of_calls ? pass_bucket
										      : NULL,
		.session = reading->sink->session ? pass_session : NULL,
		.arg = reading,
		.habits = reading->question->habits,
	};
	enum bp_rc rc = BP_OK;

	if (from_us >= until_us) {
		return BP_OK;
	}
	if (!reading->buckets) {
		rc = bp_bucket_reader_new(reading->sql, &reading->buckets, err);
	}
	return rc == BP_OK
		       ? bp_bucket_reader_read(reading->buckets,
					       filter->one_session ? &filter->conversation : NULL,
					       from_us, until_us, &sink, err)
		       : rc;
}

/* Facts of a stretch, in two where calls cease to be pending. */
static enum bp_rc read_facts(struct reading *reading, const struct bp_cover_piece *piece,
			     struct bp_err *err)
{
	int64_t cut = reading->question->pending_before_us;

	cut = cut < piece->from_us ? piece->from_us : cut > piece->until_us ? piece->until_us : cut;
	reading->pending_is_over = true;
	enum bp_rc rc = read_range(reading, piece->from_us, cut, err);
	reading->pending_is_over = false;
	return rc == BP_OK ? read_range(reading, cut, piece->until_us, err) : rc;
}

/* --- stored --- */

static enum bp_rc take_row(struct reading *reading, struct bp_statement *row, struct bp_err *err)
{
	struct bp_bucket *bucket = &reading->bucket;

	bucket->bucket_us = bp_column_int(row, 0);
	bucket->platform = bp_column_text(row, 1);
	bucket->project_hash = bp_column_text(row, 2);
	bucket->model = bp_column_text(row, 3);
	bucket->tool = bp_column_text(row, 4);
	bucket->agent_type = bp_column_text(row, 5);
	bucket->stored_sketches = bp_column_blob(row, 7);
	bucket->stored_files = bp_column_blob(row, 8);
	bucket->stored_habits = bp_column_blob(row, 9);
	enum bp_rc rc = bp_bucket_sums_decode(&bucket->sums, bp_column_blob(row, 6), err);

	return rc == BP_OK ? pass_bucket(bucket, reading, err) : rc;
}

static enum bp_rc take_session_row(struct reading *reading, struct bp_statement *row,
				   struct bp_err *err)
{
	struct bp_session_bucket bucket = {.bucket_us = bp_column_int(row, 0),
					   .conversation = bp_column_int(row, 1),
					   .model = bp_column_text(row, 2)};
	enum bp_rc rc = bp_bucket_sums_decode(&bucket.sums, bp_column_blob(row, 3), err);

	return rc == BP_OK ? pass_session(&bucket, reading, err) : rc;
}

static enum bp_rc step_all(struct reading *reading, struct bp_statement *statement,
			   enum bp_rollup_span span, const struct bp_cover_piece *piece,
			   enum bp_rc (*take)(struct reading *reading, struct bp_statement *row,
					      struct bp_err *err),
			   struct bp_err *err)
{
	enum bp_rc rc;

	bp_bind_int(statement, 1, span);
	bp_bind_int(statement, 2, piece->from_us);
	bp_bind_int(statement, 3, piece->until_us);
	while ((rc = bp_statement_step(statement, err)) == BP_OK) {
		rc = take(reading, statement, err);
		if (rc != BP_OK) {
			break;
		}
	}
	bp_statement_reset(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc read_stored(struct reading *reading, const struct bp_cover_piece *piece,
			      struct bp_err *err)
{
	const struct bp_rollups_question *question = reading->question;
	bool all = !question->by_project && question->filter->n_projects == 0;
	enum bp_rollup_span span = piece->span;
	enum bp_rc rc = BP_OK;

	/* Right for every span of the piece: it was made of those that end before it, or begin
	   behind it. */
	reading->pending_is_over = piece->until_us <= question->pending_before_us;
	if (question->hours_of_calls) {
		return span == BP_ROLLUP_DAY
			       ? step_all(reading, reading->rows, BP_ROLLUP_HOUR_CALLS, piece,
					  take_row, err)
			       : step_all(reading, reading->sessions, BP_ROLLUP_QUARTER, piece,
					  take_session_row, err);
	}
	if (all && span != BP_ROLLUP_QUARTER) {
		span = span == BP_ROLLUP_DAY ? BP_ROLLUP_DAY_ALL : BP_ROLLUP_MONTH_ALL;
	}
	if (reading->sink->bucket) {
		rc = step_all(reading, reading->rows, span, piece, take_row, err);
	}
	if (rc == BP_OK && reading->sink->session) {
		span = piece->span == BP_ROLLUP_QUARTER ? BP_ROLLUP_QUARTER : BP_ROLLUP_DAY;
		rc = step_all(reading, reading->sessions, span, piece, take_session_row, err);
	}
	return rc;
}

#define ROWS(values, where)                                                                        \
	"SELECT start_us, platform, project_hash, model, tool, agent_type, sums, " values          \
	" FROM rollups WHERE span = ?1 AND start_us >= ?2 AND start_us < ?3" where

#define SESSION_ROWS(where)                                                                        \
	"SELECT start_us, conversation_id, model, sums FROM session_rollups WHERE span = ?1 AND "  \
	"start_us >= ?2 AND start_us < ?3" where

static enum bp_rc prepare(struct reading *reading, struct bp_err *err)
{
	static const char ALL[] = ROWS("sketches, files, NULL", "");
	static const char NO_TOOLS[] = ROWS("sketches, files, NULL", " AND tool = ''");
	static const char HABITS[] =
		ROWS("NULL, NULL, habits", " AND habits IS NOT NULL AND model = '' AND tool = ''");
	static const char SESSIONS[] = SESSION_ROWS("");
	static const char NO_CALLS[] = SESSION_ROWS(" AND model = ''");
	const char *rows = reading->question->habits     ? HABITS
			   : reading->question->no_tools ? NO_TOOLS
							 : ALL;
	enum bp_rc rc = bp_statement_new(reading->sql, rows, &reading->rows, err);

	return rc == BP_OK && reading->sink->session
		       ? bp_statement_new(reading->sql,
					  reading->question->no_calls ? NO_CALLS : SESSIONS,
					  &reading->sessions, err)
		       : rc;
}

enum bp_rc bp_rollups_read(struct bp_sql *sql, const struct bp_rollups_question *question,
			   const struct bp_bucket_sink *sink, struct bp_err *err)
{
	struct reading reading = {.sql = sql, .question = question, .sink = sink};
	struct bp_cover cover = {0};
	enum bp_rc rc = bp_cover_find(sql, question, &cover, err);

	if (rc == BP_OK) {
		rc = prepare(&reading, err);
	}
	for (size_t i = 0; i < cover.n && rc == BP_OK; i++) {
		rc = cover.pieces[i].stored ? read_stored(&reading, &cover.pieces[i], err)
					    : read_facts(&reading, &cover.pieces[i], err);
	}
	bp_statement_free(reading.rows);
	bp_statement_free(reading.sessions);
	bp_bucket_reader_free(reading.buckets);
	bp_cover_done(&cover);
	return rc;
}
