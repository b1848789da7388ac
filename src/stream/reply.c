/* SPDX-License-Identifier: MIT */
#include "stream/connection.h"

#include <hiredis/hiredis.h>
#include <string.h>

/*
 * hiredis lets its reader build any tree. Ours goes into the caller's arena: no allocation per
 * string, nothing to free per reply.
 */

static struct bp_reply *make(const redisReadTask *task, enum bp_reply_type type)
{
	struct bp_redis *redis = task->privdata;
	struct bp_reply *reply = bp_arena_alloc(redis->replies, sizeof(*reply));

	reply->type = type;
	if (task->parent) {
		struct bp_reply *parent = task->parent->obj;

		parent->items[task->idx] = reply;
	}
	return reply;
}

static void *make_string(const redisReadTask *task, char *text, size_t len)
{
	struct bp_redis *redis = task->privdata;
	struct bp_reply *reply =
		make(task, task->type == REDIS_REPLY_ERROR ? BP_REPLY_ERROR : BP_REPLY_TEXT);

	reply->text = bp_arena_str(redis->replies, bp_str_make(text, len));
	return reply;
}

static void *make_array(const redisReadTask *task, int n)
{
	struct bp_redis *redis = task->privdata;
	struct bp_reply *reply = make(task, BP_REPLY_ARRAY);

	reply->n = n > 0 ? (size_t)n : 0;
	reply->items = bp_arena_alloc(redis->replies, reply->n * sizeof(reply->items[0]));
	return reply;
}

static void *make_integer(const redisReadTask *task, long long value)
{
	struct bp_reply *reply = make(task, BP_REPLY_INTEGER);

	reply->integer = value;
	return reply;
}

static void *make_nil(const redisReadTask *task)
{
	return make(task, BP_REPLY_NIL);
}

static void free_nothing(void *reply)
{
	(void)reply; /* the arena's */
}

static redisReplyObjectFunctions functions = {.createString = make_string,
					      .createArray = make_array,
					      .createInteger = make_integer,
					      .createNil = make_nil,
					      .freeObject = free_nothing};

void bp_reply_attach(struct bp_redis *redis)
{
	redis->context->reader->fn = &functions;
	redis->context->reader->privdata = redis;
}

enum bp_rc bp_reply_error(const struct bp_reply *reply, const char *what, struct bp_err *err)
{
	struct bp_str text = reply->text;
	enum bp_rc rc = BP_EIO;

	if (reply->type != BP_REPLY_ERROR) {
		return bp_err_set(err, BP_EIO, "%s: Redis gave an answer of the wrong kind", what);
	}
	if (bp_str_starts(text, BP_STR("NOGROUP")) ||
	    bp_str_starts(text, BP_STR("ERR no such key"))) {
		rc = BP_ENOTFOUND;
	} else if (bp_str_starts(text, BP_STR("OOM "))) {
		rc = BP_ELIMIT;
	} else if (bp_str_starts(text, BP_STR("LOADING"))) {
		rc = BP_EBUSY;
	}
	return bp_err_set(err, rc, "%s: %.*s", what, BP_STR_ARG(text));
}

int64_t bp_reply_integer(const struct bp_reply *reply, int64_t fallback)
{
	int64_t value = 0;

	if (!reply) {
		return fallback;
	}
	if (reply->type == BP_REPLY_INTEGER) {
		return reply->integer;
	}
	if (reply->type != BP_REPLY_TEXT || reply->text.len == 0 || reply->text.len > 18) {
		return fallback;
	}
	for (size_t i = 0; i < reply->text.len; i++) {
		char digit = reply->text.ptr[i];

		if (digit < '0' || digit > '9') {
			return fallback;
		}
		value = value * 10 + (digit - '0');
	}
	return value;
}

const struct bp_reply *bp_reply_member(const struct bp_reply *reply, const char *name)
{
	if (reply->type != BP_REPLY_ARRAY) {
		return NULL;
	}
	for (size_t i = 0; i + 1 < reply->n; i += 2) {
		if (reply->items[i]->type == BP_REPLY_TEXT &&
		    bp_str_is(reply->items[i]->text, name)) {
			return reply->items[i + 1];
		}
	}
	return NULL;
}

/** False when the item is no entry (deleted since: nil fields). */
static bool read_entry(const struct bp_reply *item, struct bp_arena *arena, struct bp_entry *out)
{
	if (item->type != BP_REPLY_ARRAY || item->n < 2 || item->items[0]->type != BP_REPLY_TEXT ||
	    item->items[1]->type != BP_REPLY_ARRAY ||
	    item->items[0]->text.len >= BP_STREAM_ID_BYTES) {
		return false;
	}
	const struct bp_reply *id = item->items[0];
	const struct bp_reply *pairs = item->items[1];
	memcpy(out->id, id->text.ptr, id->text.len);
	out->id[id->text.len] = '\0';
	out->n_fields = pairs->n / 2;
	out->fields = bp_arena_alloc(arena, out->n_fields * sizeof(out->fields[0]));
	for (size_t i = 0; i < out->n_fields; i++) {
		out->fields[i].name = pairs->items[2 * i]->text;
		out->fields[i].value = pairs->items[2 * i + 1]->text;
	}
	return true;
}

void bp_reply_entries(const struct bp_reply *reply, struct bp_arena *arena, struct bp_entry **out,
		      size_t *out_n)
{
	size_t n = 0;

	*out = NULL;
	*out_n = 0;
	if (!reply || reply->type != BP_REPLY_ARRAY || reply->n == 0) {
		return;
	}
	struct bp_entry *entries = bp_arena_alloc(arena, reply->n * sizeof(*entries));
	for (size_t i = 0; i < reply->n; i++) {
		n += read_entry(reply->items[i], arena, &entries[n]) ? 1 : 0;
	}
	*out = entries;
	*out_n = n;
}

struct bp_str bp_entry_get(const struct bp_entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->n_fields; i++) {
		if (bp_str_is(entry->fields[i].name, name)) {
			return entry->fields[i].value;
		}
	}
	return (struct bp_str){NULL, 0};
}
