/* SPDX-License-Identifier: MIT */
#include "stream/dlq.h"

#include <stdio.h>

#include "event/timestamp.h"
#include "stream/connection.h"

/* Ids of letters that came too late for their own id. */
#define DLQ_LATE BP_STREAM_DLQ ":late"

enum { KEEP_DAYS = 7, EXTRA_FIELDS = 5 };

/*
 * KEYS: stream, set of late ids. ARGV: id, field, value, ...
 * The id of the entry is the letter's own, so the second XADD of it is refused by Redis. Letters
 * need not come in order though (a retried entry fails after a younger one), and Redis refuses
 * those as well: they get a new id, once, remembered in a set. What is no stream id (a spool
 * file's name) goes the same way.
 */
static const char ADD[] =
	"local new = string.match(ARGV[1], '^%d+%-%d+$')\n"
	"if new then\n"
	"  local r = redis.pcall('XADD', KEYS[1], ARGV[1], unpack(ARGV, 2))\n"
	"  if type(r) ~= 'table' or not r.err then return r end\n"
	"  if not string.find(r.err, 'equal or smaller', 1, true) then return r end\n"
	"  if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) > 0 then return false end\n"
	"end\n"
	"if redis.call('SADD', KEYS[2], ARGV[1]) == 0 then return false end\n"
	"redis.call('EXPIRE', KEYS[2], 691200)\n"
	"return redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))\n";

static const char *const own_names[] = {"reason", "detail", "stream_id", "deliveries", "failed_at"};

static bool is_own(struct bp_str name)
{
	for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++) {
		if (bp_str_is(name, own_names[i])) {
			return true;
		}
	}
	return false;
}

void bp_dlq_add(struct bp_redis *redis, const struct bp_dead_letter *letter)
{
	char failed_at[BP_TIMESTAMP_BYTES];
	const struct bp_entry *entry = letter->entry;
	size_t n_fields = entry ? entry->n_fields : 0;
	size_t n = 0;

	for (size_t i = 0; i < n_fields; i++) {
		n += is_own(entry->fields[i].name) ? 0 : 1;
	}
	(void)bp_timestamp_format(letter->failed_us, failed_at);
	bp_redis_begin(redis, 6 + 2 * (n + EXTRA_FIELDS));
	bp_redis_put(redis, BP_STR("EVAL"));
	bp_redis_put(redis, bp_str_make(ADD, sizeof(ADD) - 1));
	bp_redis_put(redis, BP_STR("2"));
	bp_redis_put(redis, BP_STR(BP_STREAM_DLQ));
	bp_redis_put(redis, BP_STR(DLQ_LATE));
	bp_redis_put(redis, bp_str_from(letter->stream_id));
	for (size_t i = 0; i < n_fields; i++) {
		if (!is_own(entry->fields[i].name)) {
			bp_redis_put(redis, entry->fields[i].name);
			bp_redis_put(redis, entry->fields[i].value);
		}
	}
	bp_redis_put(redis, BP_STR("reason"));
	bp_redis_put(redis, letter->reason);
	bp_redis_put(redis, BP_STR("detail"));
	bp_redis_put(redis, letter->detail);
	bp_redis_put(redis, BP_STR("stream_id"));
	bp_redis_put(redis, bp_str_from(letter->stream_id));
	bp_redis_put(redis, BP_STR("deliveries"));
	bp_redis_put_int(redis, letter->deliveries);
	bp_redis_put(redis, BP_STR("failed_at"));
	bp_redis_put(redis, bp_str_from(failed_at));
}

enum bp_rc bp_dlq_trim(struct bp_redis *redis, int64_t now_us, struct bp_err *err)
{
	char id[BP_STREAM_ID_BYTES];
	int64_t oldest_ms = now_us / 1000 - (int64_t)KEEP_DAYS * 24 * 3600 * 1000;

	if (oldest_ms <= 0) {
		return BP_OK;
	}
	(void)snprintf(id, sizeof(id), "%lld-0", (long long)oldest_ms);
	return bp_stream_trim(redis, BP_STREAM_DLQ, id, err);
}

enum bp_rc bp_dlq_length(struct bp_redis *redis, int64_t *out, struct bp_err *err)
{
	struct bp_reply *reply = NULL;

	bp_redis_begin(redis, 2);
	bp_redis_put(redis, BP_STR("XLEN"));
	bp_redis_put(redis, BP_STR(BP_STREAM_DLQ));
	bp_arena_clear(&redis->scratch);
	enum bp_rc rc = bp_redis_call(redis, &redis->scratch, 0, &reply, 1, err);
	if (rc != BP_OK) {
		return rc;
	}
	if (reply->type != BP_REPLY_INTEGER) {
		return bp_reply_error(reply, "XLEN", err);
	}
	*out = reply->integer;
	return BP_OK;
}
