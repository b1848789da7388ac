/* SPDX-License-Identifier: MIT */
#include "stream/connection.h"

#include <stdio.h>
#include <string.h>

enum { CLAIM_SCANS_MAX = 64 }; /* XAUTOCLAIM looks at ten times COUNT each time */

static void put_text(struct bp_redis *redis, const char *text)
{
	bp_redis_put(redis, bp_str_from(text));
}

/** One command, one reply in the connection's own memory; an error reply is an error. */
static enum bp_rc call_one(struct bp_redis *redis, const char *what, struct bp_reply **out,
			   struct bp_err *err)
{
	bp_arena_clear(&redis->scratch);
	enum bp_rc rc = bp_redis_call(redis, &redis->scratch, 0, out, 1, err);
	if (rc == BP_OK && (*out)->type == BP_REPLY_ERROR) {
		rc = bp_reply_error(*out, what, err);
	}
	return rc;
}

enum bp_rc bp_stream_ensure(struct bp_redis *redis, const char *stream, const char *group,
			    struct bp_err *err)
{
	struct bp_reply *reply = NULL;

	bp_redis_begin(redis, 6);
	put_text(redis, "XGROUP");
	put_text(redis, "CREATE");
	put_text(redis, stream);
	put_text(redis, group);
	put_text(redis, "0");
	put_text(redis, "MKSTREAM");
	enum bp_rc rc = call_one(redis, "XGROUP CREATE", &reply, err);
	if (rc != BP_OK && reply && reply->type == BP_REPLY_ERROR &&
	    bp_str_starts(reply->text, BP_STR("BUSYGROUP"))) {
		return BP_OK;
	}
	return rc;
}

static void put_read(struct bp_redis *redis, const char *stream, const char *group,
		     const char *consumer, size_t max, int block_ms, bool noack)
{
	bool block = block_ms > 0; /* BLOCK 0 would be for ever */

	bp_redis_begin(redis, 9u + (block ? 2u : 0u) + (noack ? 1u : 0u));
	put_text(redis, "XREADGROUP");
	put_text(redis, "GROUP");
	put_text(redis, group);
	put_text(redis, consumer);
	put_text(redis, "COUNT");
	bp_redis_put_int(redis, (int64_t)max);
	if (block) {
		put_text(redis, "BLOCK");
		bp_redis_put_int(redis, block_ms);
	}
	if (noack) {
		put_text(redis, "NOACK");
	}
	put_text(redis, "STREAMS");
	put_text(redis, stream);
	put_text(redis, ">");
}

static enum bp_rc take_read(struct bp_redis *redis, int block_ms, struct bp_arena *arena,
			    struct bp_entry **out, size_t *out_n, struct bp_err *err)
{
	struct bp_reply *reply = NULL;
	enum bp_rc rc = bp_redis_call(redis, arena, block_ms > 0 ? block_ms : 0, &reply, 1, err);

	if (rc != BP_OK) {
		return rc;
	}
	if (reply->type == BP_REPLY_ERROR) {
		/* UNBLOCKED: the stream was deleted while we waited for it. */
		rc = bp_reply_error(reply, "XREADGROUP", err);
		return bp_str_starts(reply->text, BP_STR("UNBLOCKED")) ? BP_ENOTFOUND : rc;
	}
	/* [[stream, entries]] */
	const struct bp_reply *entries = NULL;
	if (reply->type == BP_REPLY_ARRAY && reply->n > 0 &&
	    reply->items[0]->type == BP_REPLY_ARRAY && reply->items[0]->n > 1) {
		entries = reply->items[0]->items[1];
	}
	bp_reply_entries(entries, arena, out, out_n);
	return BP_OK;
}

enum bp_rc bp_stream_read(struct bp_redis *redis, const char *stream, const char *group,
			  const char *consumer, size_t max, int block_ms, struct bp_arena *arena,
			  struct bp_entry **out, size_t *out_n, struct bp_err *err)
{
	put_read(redis, stream, group, consumer, max, block_ms, false);
	return take_read(redis, block_ms, arena, out, out_n, err);
}

enum bp_rc bp_stream_wake(struct bp_redis *redis, const char *stream, const char *group,
			  const char *consumer, size_t max, int block_ms, struct bp_arena *arena,
			  size_t *out_n, struct bp_err *err)
{
	struct bp_entry *entries = NULL;

	put_read(redis, stream, group, consumer, max, block_ms, true);
	return take_read(redis, block_ms, arena, &entries, out_n, err);
}

enum bp_rc bp_stream_read_begin(struct bp_redis *redis, const char *stream, const char *group,
				const char *consumer, size_t max, struct bp_err *err)
{
	put_read(redis, stream, group, consumer, max, 0, false);
	return bp_redis_send(redis, err);
}

enum bp_rc bp_stream_read_end(struct bp_redis *redis, struct bp_arena *arena, struct bp_entry **out,
			      size_t *out_n, struct bp_err *err)
{
	if (redis->pending == 0) {
		return bp_err_set(err, BP_EIO, "Redis at \"%s\": nothing was asked",
				  redis->address);
	}
	return take_read(redis, 0, arena, out, out_n, err);
}

enum bp_rc bp_stream_range(struct bp_redis *redis, const char *stream, const char *after,
			   const char *end, size_t max, struct bp_arena *arena,
			   struct bp_entry **out, size_t *out_n, struct bp_err *err)
{
	struct bp_reply *reply = NULL;
	char start[BP_STREAM_ID_BYTES + 1] = "-";

	if (after) {
		(void)snprintf(start, sizeof(start), "(%s", after);
	}
	bp_redis_begin(redis, 6);
	put_text(redis, "XRANGE");
	put_text(redis, stream);
	put_text(redis, start);
	put_text(redis, end ? end : "+");
	put_text(redis, "COUNT");
	bp_redis_put_int(redis, (int64_t)max);
	enum bp_rc rc = bp_redis_call(redis, arena, 0, &reply, 1, err);
	if (rc == BP_OK && reply->type == BP_REPLY_ERROR) {
		rc = bp_reply_error(reply, "XRANGE", err);
	}
	if (rc == BP_OK) {
		bp_reply_entries(reply, arena, out, out_n);
	}
	return rc;
}

/** How often each of the claimed entries was delivered: XPENDING for each, in one pipeline. */
static enum bp_rc read_deliveries(struct bp_redis *redis, const char *stream, const char *group,
				  const struct bp_entry *entries, size_t n, struct bp_arena *arena,
				  int64_t **out, struct bp_err *err)
{
	struct bp_reply **replies = bp_arena_alloc(arena, n * sizeof(struct bp_reply *));
	int64_t *deliveries = bp_arena_alloc(arena, n * sizeof(*deliveries));

	for (size_t i = 0; i < n; i++) {
		bp_redis_begin(redis, 6);
		put_text(redis, "XPENDING");
		put_text(redis, stream);
		put_text(redis, group);
		put_text(redis, entries[i].id);
		put_text(redis, entries[i].id);
		put_text(redis, "1");
	}
	enum bp_rc rc = bp_redis_call(redis, arena, 0, replies, n, err);
	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		const struct bp_reply *rows = replies[i];

		deliveries[i] = 1;
		if (rows->type == BP_REPLY_ARRAY && rows->n == 1 &&
		    rows->items[0]->type == BP_REPLY_ARRAY && rows->items[0]->n >= 4) {
			deliveries[i] = bp_reply_integer(rows->items[0]->items[3], 1);
		}
	}
	*out = deliveries;
	return rc;
}

enum bp_rc bp_stream_claim(struct bp_redis *redis, const char *stream, const char *group,
			   const char *consumer, int64_t min_idle_ms, size_t max,
			   struct bp_arena *arena, struct bp_entry **out, int64_t **out_deliveries,
			   size_t *out_n, struct bp_err *err)
{
	struct bp_str cursor = BP_STR("0-0");
	struct bp_entry *entries = NULL;
	size_t n = 0;

	for (int scan = 0; scan < CLAIM_SCANS_MAX && n == 0; scan++) {
		struct bp_reply *reply = NULL;

		bp_redis_begin(redis, 8);
		put_text(redis, "XAUTOCLAIM");
		put_text(redis, stream);
		put_text(redis, group);
		put_text(redis, consumer);
		bp_redis_put_int(redis, min_idle_ms);
		bp_redis_put(redis, cursor);
		put_text(redis, "COUNT");
		bp_redis_put_int(redis, (int64_t)max);
		enum bp_rc rc = bp_redis_call(redis, arena, 0, &reply, 1, err);
		if (rc != BP_OK) {
			return rc;
		}
		if (reply->type != BP_REPLY_ARRAY || reply->n < 2) {
			return bp_reply_error(reply, "XAUTOCLAIM", err);
		}
		bp_reply_entries(reply->items[1], arena, &entries, &n);
		cursor = reply->items[0]->text;
		if (bp_str_is(cursor, "0-0")) {
			break;
		}
	}
	int64_t *deliveries = NULL;
	if (n > 0) {
		enum bp_rc rc =
			read_deliveries(redis, stream, group, entries, n, arena, &deliveries, err);
		if (rc != BP_OK) {
			return rc;
		}
	}
	*out = entries;
	*out_deliveries = deliveries;
	*out_n = n;
	return BP_OK;
}

/** Entries behind the last delivered one, when Redis has lost count (after an XDEL): none or all. */
static enum bp_rc guess_lag(struct bp_redis *redis, const char *stream,
			    struct bp_stream_state *state, struct bp_err *err)
{
	struct bp_arena arena = {0};
	struct bp_entry *entries = NULL;
	size_t n = 0;
	enum bp_rc rc = bp_stream_range(redis, stream, state->last_delivered, NULL, 1, &arena,
					&entries, &n, err);

	bp_arena_done(&arena);
	state->lag = n > 0 ? state->length : 0;
	return rc;
}

static const struct bp_reply *find_group(const struct bp_reply *groups, const char *group)
{
	for (size_t i = 0; groups->type == BP_REPLY_ARRAY && i < groups->n; i++) {
		const struct bp_reply *name = bp_reply_member(groups->items[i], "name");

		if (name && bp_str_is(name->text, group)) {
			return groups->items[i];
		}
	}
	return NULL;
}

enum bp_rc bp_stream_state(struct bp_redis *redis, const char *stream, const char *group,
			   struct bp_stream_state *out, struct bp_err *err)
{
	struct bp_reply *replies[3] = {NULL};
	struct bp_stream_state state = {0};

	bp_redis_begin(redis, 3);
	put_text(redis, "XINFO");
	put_text(redis, "GROUPS");
	put_text(redis, stream);
	bp_redis_begin(redis, 2);
	put_text(redis, "XLEN");
	put_text(redis, stream);
	bp_redis_begin(redis, 3);
	put_text(redis, "MEMORY");
	put_text(redis, "USAGE");
	put_text(redis, stream);
	bp_arena_clear(&redis->scratch);
	enum bp_rc rc = bp_redis_call(redis, &redis->scratch, 0, replies, 3, err);
	if (rc != BP_OK) {
		return rc;
	}
	if (replies[0]->type != BP_REPLY_ARRAY) {
		return bp_reply_error(replies[0], "XINFO GROUPS", err);
	}
	const struct bp_reply *found = find_group(replies[0], group);
	if (!found) {
		return bp_err_set(err, BP_ENOTFOUND, "stream \"%s\" has no group \"%s\"", stream,
				  group);
	}
	state.length = bp_reply_integer(replies[1], 0);
	state.memory_bytes = bp_reply_integer(replies[2], 0);
	state.pending = bp_reply_integer(bp_reply_member(found, "pending"), 0);
	state.lag = bp_reply_integer(bp_reply_member(found, "lag"), -1);
	const struct bp_reply *last = bp_reply_member(found, "last-delivered-id");
	(void)snprintf(state.last_delivered, sizeof(state.last_delivered), "%.*s",
		       last ? (int)last->text.len : 3, last ? last->text.ptr : "0-0");
	/* More than there is: Redis 7.0 miscounts after its append-only file was read. */
	if (state.lag < 0 || state.lag > state.length) {
		rc = guess_lag(redis, stream, &state, err);
	}
	if (rc == BP_OK) {
		*out = state;
	}
	return rc;
}

enum bp_rc bp_stream_recount(struct bp_redis *redis, const char *stream, const char *group,
			     const char *last_delivered, struct bp_err *err)
{
	struct bp_reply *reply = NULL;

	bp_redis_begin(redis, 3);
	put_text(redis, "XINFO");
	put_text(redis, "STREAM");
	put_text(redis, stream);
	enum bp_rc rc = call_one(redis, "XINFO STREAM", &reply, err);
	if (rc != BP_OK) {
		return rc;
	}
	const struct bp_reply *last = bp_reply_member(reply, "last-generated-id");
	int64_t added = bp_reply_integer(bp_reply_member(reply, "entries-added"), -1);
	if (added < 0 || !last || !bp_str_is(last->text, last_delivered)) {
		return BP_OK;
	}
	bp_redis_begin(redis, 7);
	put_text(redis, "XGROUP");
	put_text(redis, "SETID");
	put_text(redis, stream);
	put_text(redis, group);
	put_text(redis, last_delivered);
	put_text(redis, "ENTRIESREAD");
	bp_redis_put_int(redis, added);
	return call_one(redis, "XGROUP SETID", &reply, err);
}

enum bp_rc bp_stream_trim(struct bp_redis *redis, const char *stream, const char *id,
			  struct bp_err *err)
{
	struct bp_reply *reply = NULL;

	bp_redis_begin(redis, 4);
	put_text(redis, "XTRIM");
	put_text(redis, stream);
	put_text(redis, "MINID");
	put_text(redis, id);
	return call_one(redis, "XTRIM", &reply, err);
}
