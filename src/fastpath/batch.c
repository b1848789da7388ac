/* SPDX-License-Identifier: MIT */
#include "fastpath/batch.h"

#include <string.h>

#include "base/mem.h"
#include "fastpath/progress.h"
#include "store/checkpoint.h"

enum { SPACE_BYTES = 16384, KEY_BYTES_MAX = 256 };

struct bp_batch {
	struct bp_sql *sql;
	struct bp_codec *codec;
	struct bp_raw_writer *writer;
	struct bp_progress *progress;
	char space[SPACE_BYTES]; /* decoded texts of one event */
};

enum bp_rc bp_batch_open(const char *database_path, int64_t cache_bytes, struct bp_batch **out,
			 struct bp_err *err)
{
	struct bp_batch *batch = bp_calloc(1, sizeof(*batch));
	enum bp_rc rc = bp_sql_open(database_path, BP_SQL_WRITE, cache_bytes, &batch->sql, err);

	if (rc == BP_OK) {
		batch->codec = bp_codec_new();
		batch->progress = bp_progress_new(batch->sql);
		rc = bp_codec_store(batch->codec, batch->sql, err);
	}
	if (rc == BP_OK) {
		rc = bp_raw_writer_new(batch->sql, batch->codec, &batch->writer, err);
	}
	if (rc != BP_OK) {
		bp_batch_close(batch);
		return rc;
	}
	*out = batch;
	return BP_OK;
}

void bp_batch_close(struct bp_batch *batch)
{
	if (batch) {
		bp_raw_writer_free(batch->writer);
		bp_progress_free(batch->progress);
		bp_codec_free(batch->codec);
		bp_sql_close(batch->sql);
		free(batch);
	}
}

enum bp_rc bp_batch_reload(struct bp_batch *batch, struct bp_err *err)
{
	bp_progress_forget(batch->progress);
	return bp_raw_writer_reload(batch->writer, err);
}

struct bp_sql *bp_batch_sql(struct bp_batch *batch)
{
	return batch->sql;
}

/* A text of the event that must outlive the next one's decoding. */
static struct bp_str keep(const struct bp_batch *batch, struct bp_arena *arena, struct bp_str text)
{
	bool in_space = text.ptr >= batch->space && text.ptr < batch->space + SPACE_BYTES;

	return in_space ? bp_arena_str(arena, text) : text;
}

static void die(struct bp_outcome *out, struct bp_str reason)
{
	out->kind = BP_OUTCOME_DEAD;
	out->reason = reason;
}

static enum bp_rc store_event(struct bp_batch *batch, const struct bp_event *event, bool replace,
			      int64_t now_us, struct bp_arena *arena, struct bp_outcome *out,
			      struct bp_err *err)
{
	enum bp_put put = BP_PUT_NEW;
	enum bp_rc rc =
		replace ? bp_raw_replace(batch->writer, event, now_us, &put, &out->sequence, err)
			: bp_raw_put(batch->writer, event, now_us, &put, &out->sequence, err);

	if (rc == BP_EINVAL) {
		die(out, BP_STR("constraint"));
		out->detail = bp_arena_str(arena, bp_str_from(err->msg));
		return BP_OK;
	}
	if (rc != BP_OK) {
		return rc;
	}
	switch (put) {
	case BP_PUT_DUPLICATE:
		out->kind = BP_OUTCOME_DUPLICATE;
		return BP_OK;
	case BP_PUT_PURGED:
		out->kind = BP_OUTCOME_PURGED;
		return BP_OK;
	case BP_PUT_NEW:
		break;
	}
	out->kind = BP_OUTCOME_ROW;
	out->table = bp_raw_table_of(event->platform);
	out->ts_us = event->ts_us;
	memcpy(out->id, event->id, sizeof(out->id));
	out->platform = keep(batch, arena, event->platform);
	out->session_id = keep(batch, arena, event->session_id);
	out->event_type = keep(batch, arena, event->event_type);
	return BP_OK;
}

/* A line that never became an event says why; anything else should be one. */
static enum bp_rc store_entry(struct bp_batch *batch, const struct bp_entry *entry, int64_t now_us,
			      struct bp_arena *arena, struct bp_outcome *out, struct bp_err *err)
{
	struct bp_event event;
	struct bp_str text = bp_entry_get(entry, "e");
	const char *reason = NULL;

	if (bp_str_is(bp_entry_get(entry, "t"), "_dead")) {
		struct bp_str why = bp_entry_get(entry, "reason");

		die(out, why.len > 0 ? why : BP_STR("unknown"));
		return BP_OK;
	}
	if (!text.ptr) {
		die(out, BP_STR("no_event"));
		return BP_OK;
	}
	if (!bp_event_decode(text, batch->space, sizeof(batch->space), &event, &reason)) {
		die(out, bp_str_from(reason));
		return BP_OK;
	}
	/* The source was read again to replace what is outdated. */
	bool replace = bp_entry_get(entry, "r").ptr != NULL;
	return store_event(batch, &event, replace, now_us, arena, out, err);
}

static enum bp_line_fate fate_of(const struct bp_outcome *outcome)
{
	switch (outcome->kind) {
	case BP_OUTCOME_DUPLICATE:
		return BP_LINE_DUPLICATE;
	case BP_OUTCOME_PURGED:
		return BP_LINE_PURGED;
	case BP_OUTCOME_DEAD:
		return bp_str_is(outcome->reason, "oversize") ? BP_LINE_OVERSIZE : BP_LINE_DEAD;
	case BP_OUTCOME_ROW:
	case BP_OUTCOME_GAP: /* dropped before it is counted */
		break;
	}
	return BP_LINE_ROW;
}

/* Entries of sources that can be read again carry where they stand. */
static enum bp_rc store_line(struct bp_batch *batch, const struct bp_entry *entry,
			     struct bp_str key, bool again, int64_t now_us, struct bp_arena *arena,
			     struct bp_outcome *out, struct bp_err *err)
{
	struct bp_checkpoint_step step;
	struct bp_source *source = NULL;

	if (key.len == 0 || key.len > KEY_BYTES_MAX ||
	    !bp_checkpoint_step_decode(bp_entry_get(entry, "cv"), &step)) {
		die(out, BP_STR("bad_checkpoint"));
		return BP_OK;
	}
	enum bp_rc rc = bp_progress_get(batch->progress, key, &source, err);
	if (rc != BP_OK) {
		return rc;
	}
	enum bp_step_fit fit = bp_checkpoint_fit(bp_source_stored(source), &step);
	if (fit == BP_STEP_GAP) {
		out->kind = BP_OUTCOME_GAP;
		return BP_OK;
	}
	rc = store_entry(batch, entry, now_us, arena, out, err);
	if (rc == BP_OK && fit == BP_STEP_NEXT) {
		bp_progress_apply(batch->progress, source, &step, fate_of(out));
	} else if (rc == BP_OK && !again && out->kind == BP_OUTCOME_DEAD) {
		/* Read again after a rewind: its letter was sent under another entry's id. */
		out->kind = BP_OUTCOME_DUPLICATE;
	}
	return rc;
}

enum bp_rc bp_batch_store(struct bp_batch *batch, const struct bp_entry *entries, size_t n,
			  bool again, int64_t now_us, struct bp_arena *arena,
			  struct bp_outcome *out, struct bp_err *err)
{
	enum bp_rc rc = bp_sql_begin(batch->sql, err);

	if (rc == BP_OK) {
		rc = bp_raw_writer_begin(batch->writer, err);
	}
	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		struct bp_str key = bp_entry_get(&entries[i], "ck");

		out[i] = (struct bp_outcome){0};
		rc = key.ptr ? store_line(batch, &entries[i], key, again, now_us, arena, &out[i],
					  err)
			     : store_entry(batch, &entries[i], now_us, arena, &out[i], err);
	}
	if (rc == BP_OK) {
		rc = bp_progress_save(batch->progress, now_us, err);
	}
	if (rc == BP_OK) {
		rc = bp_sql_commit(batch->sql, err);
	}
	if (rc != BP_OK) {
		bp_sql_rollback(batch->sql);
		bp_raw_writer_rolled_back(batch->writer);
		bp_progress_forget(batch->progress);
		return rc;
	}
	bp_progress_trim(batch->progress);
	return BP_OK;
}
