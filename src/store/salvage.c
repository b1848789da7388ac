/* SPDX-License-Identifier: MIT */
#include "store/salvage.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/archive_private.h"

enum {
	CHUNK_ROWS = 256,
	ONE_BY_ONE = 4096, /* places behind one another; a page has some ten rows */
	LEAP_MAX = 1024,   /* beyond: a whole branch of the tree is gone */
	UNKNOWN_END = 1000 * 1000 * 1000
};

/* --- what was purged --- */

static const char READ_PURGES[] = "SELECT scope, key_hash, until_us FROM tombstone";
static const char PUT_PURGE[] =
	"INSERT INTO tombstone (scope, key_hash, until_us) VALUES (?1, ?2, ?3)"
	" ON CONFLICT (scope, key_hash) DO UPDATE SET until_us = max(until_us, excluded.until_us)";

enum bp_rc bp_salvage_purges(struct bp_sql *from, struct bp_sql *to, int64_t *out,
			     struct bp_err *err)
{
	struct bp_statement *read = NULL;
	struct bp_statement *put = NULL;
	enum bp_rc rc = bp_statement_new(to, PUT_PURGE, &put, err);

	*out = 0;
	if (rc == BP_OK) {
		rc = bp_statement_new(from, READ_PURGES, &read, err);
	}
	while (rc == BP_OK && (rc = bp_statement_step(read, err)) == BP_OK) {
		bp_bind_text(put, 1, bp_column_text(read, 0));
		bp_bind_text(put, 2, bp_column_text(read, 1));
		bp_bind_int(put, 3, bp_column_int(read, 2));
		rc = bp_statement_run(put, err);
		*out += rc == BP_OK ? 1 : 0;
	}
	bp_statement_free(read);
	bp_statement_free(put);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* --- rows --- */

struct salvaging {
	const struct bp_archive *into;
	struct bp_sql *from;
	struct bp_codec *codec; /* knows the dictionaries of `from` */
	struct bp_raw_reader *reader;
	struct bp_raw_writer *writer;
	struct bp_arena arena;
	struct bp_raw_row *rows; /* CHUNK_ROWS */
	struct bp_salvaged *out;
};

/** Whether everything that a row must have could be read. */
static bool is_whole(const struct bp_event *event)
{
	return event->payload.ptr && event->platform.ptr && event->session_id.ptr &&
	       event->event_type.ptr && event->source.ptr;
}

static enum bp_rc put_row(struct salvaging *salvaging, const struct bp_raw_row *row,
			  struct bp_err *err)
{
	enum bp_put put = BP_PUT_NEW;

	if (!is_whole(&row->event)) {
		salvaging->out->unreadable++;
		return BP_OK;
	}
	enum bp_rc rc = bp_raw_restore(salvaging->writer, row, false, &put, err);
	if (rc == BP_EINVAL) {
		/* A column holds what no row may hold. */
		salvaging->out->unreadable++;
		return BP_OK;
	}
	if (rc == BP_OK) {
		*(put == BP_PUT_NEW ? &salvaging->out->rows : &salvaging->out->known) += 1;
	}
	return rc;
}

/** Put n rows, in as many transactions as it takes. */
static enum bp_rc put_rows(struct salvaging *salvaging, size_t n, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; rc == BP_OK && i < n;) {
		struct bp_archive_step step;
		struct bp_salvaged before = *salvaging->out;

		rc = bp_archive_begin(salvaging->into, &step, err);
		if (rc != BP_OK) {
			return rc;
		}
		do {
			rc = put_row(salvaging, &salvaging->rows[i++], err);
		} while (rc == BP_OK && i < n && !bp_archive_due(&step));
		rc = bp_archive_end(&step, rc, err);
		if (rc != BP_OK) {
			bp_raw_writer_rolled_back(salvaging->writer);
			*salvaging->out = before;
		}
	}
	return rc;
}

static enum bp_rc salvage_table(struct salvaging *salvaging, enum bp_raw_table table,
				struct bp_err *err)
{
	const struct bp_archive *into = salvaging->into;
	size_t room = CHUNK_ROWS;
	int64_t after = 0;
	int64_t end = UNKNOWN_END;
	int64_t failures = 0;
	int64_t leap = 1;
	enum bp_rc rc = BP_OK;

	if (bp_raw_last(salvaging->from, table, &end, NULL) != BP_OK) {
		end = UNKNOWN_END;
	}
	while (rc == BP_OK && after < end) {
		size_t n = 0;

		bp_arena_clear(&salvaging->arena);
		if (bp_raw_read(salvaging->reader, table, after, room, &salvaging->arena,
				salvaging->rows, &n, NULL) == BP_OK) {
			if (n == 0) {
				break;
			}
			after = salvaging->rows[n - 1].sequence;
			rc = put_rows(salvaging, n, err);
			room = room * 2 < CHUNK_ROWS ? room * 2 : CHUNK_ROWS;
			failures = 0;
			leap = 1;
		} else if (room > 1) {
			room = 1;
		} else {
			leap = ++failures > ONE_BY_ONE && leap < LEAP_MAX ? leap * 2 : leap;
			after += leap;
			salvaging->out->unreadable += leap;
		}
		if (into->progress) {
			into->progress(into->arg, "rescuing", after, end);
		}
		if (rc == BP_OK) {
			rc = bp_archive_stopped(into->stop, err);
		}
	}
	return rc;
}

/* --- limits --- */

static const char READ_LIMITS[] =
	"SELECT platform, window, ts_us, used_percent, resets_us FROM limit_status";
static const char PUT_LIMIT[] = "INSERT INTO limit_status (platform, window, ts_us, used_percent,"
				" resets_us) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";

/** A few rows a day: what the plan's limits were once. Those behind a bad page are lost. */
static enum bp_rc salvage_limits(struct salvaging *salvaging, struct bp_err *err)
{
	struct bp_statement *read = NULL;
	struct bp_statement *put = NULL;
	struct bp_archive_step step;
	enum bp_rc rc = bp_statement_new(salvaging->into->sql, PUT_LIMIT, &put, err);

	if (rc == BP_OK) {
		rc = bp_archive_begin(salvaging->into, &step, err);
	}
	if (rc != BP_OK) {
		bp_statement_free(put);
		return rc;
	}
	if (bp_statement_new(salvaging->from, READ_LIMITS, &read, NULL) == BP_OK) {
		while (rc == BP_OK && bp_statement_step(read, NULL) == BP_OK) {
			bp_bind_text(put, 1, bp_column_text(read, 0));
			bp_bind_text(put, 2, bp_column_text(read, 1));
			bp_bind_int(put, 3, bp_column_int(read, 2));
			bp_bind_real(put, 4, bp_column_real(read, 3));
			bp_bind_int(put, 5, bp_column_int(read, 4));
			rc = bp_statement_run(put, err);
			rc = rc == BP_EINVAL ? BP_OK : rc;
		}
	}
	rc = bp_archive_end(&step, rc, err);
	bp_statement_free(read);
	bp_statement_free(put);
	return rc;
}

enum bp_rc bp_salvage_rows(const struct bp_archive *into, struct bp_sql *from,
			   struct bp_salvaged *out, struct bp_err *err)
{
	struct salvaging salvaging = {.into = into, .from = from, .out = out};
	enum bp_rc rc = bp_raw_writer_new(into->sql, into->codec, &salvaging.writer, err);

	*out = (struct bp_salvaged){0};
	salvaging.codec = bp_codec_new();
	salvaging.rows = bp_calloc(CHUNK_ROWS, sizeof(*salvaging.rows));
	/* Rows of the dictionary that is built in are read all the same. */
	(void)(bp_codec_load(salvaging.codec, from, NULL) == BP_OK);
	if (rc == BP_OK) {
		rc = bp_raw_reader_new(from, salvaging.codec, &salvaging.reader, err);
	}
	for (int table = 0; rc == BP_OK && table < BP_RAW_TABLES; table++) {
		rc = salvage_table(&salvaging, (enum bp_raw_table)table, err);
	}
	if (rc == BP_OK) {
		rc = salvage_limits(&salvaging, err);
	}
	bp_raw_reader_free(salvaging.reader);
	bp_raw_writer_free(salvaging.writer);
	bp_codec_free(salvaging.codec);
	bp_arena_done(&salvaging.arena);
	free(salvaging.rows);
	return rc;
}
