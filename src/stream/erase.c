/* SPDX-License-Identifier: MIT */
#include "stream/erase.h"

#include <string.h>

#include "stream/connection.h"

#define DLQ_FRESH BP_STREAM_DLQ ":fresh"
#define DLQ_LATE BP_STREAM_DLQ ":late"

/*
 * KEYS: stream. ARGV: group. 1: erased. 0: it holds work.
 * XINFO's lag may be nil after deletions; then the ids tell.
 */
static const char ERASE[] = "if redis.call('XLEN', KEYS[1]) > 0 then\n"
			    "  local last, delivered = '0-0', nil\n"
			    "  local info = redis.call('XINFO', 'STREAM', KEYS[1])\n"
			    "  for i = 1, #info, 2 do if info[i] == 'last-generated-id' then last "
			    "= info[i + 1] end end\n"
			    "  for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do\n"
			    "    local g = {}\n"
			    "    for i = 1, #group, 2 do g[group[i]] = group[i + 1] end\n"
			    "    if g['name'] == ARGV[1] and g['pending'] == 0 then\n"
			    "      delivered = g['last-delivered-id']\n"
			    "    end\n"
			    "  end\n"
			    "  if delivered ~= last then return 0 end\n"
			    "end\n"
			    "redis.call('DEL', KEYS[1])\n"
			    "redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')\n"
			    "return 1\n";

/* Live values only; the streams are none of these. */
static const char ERASE_LIVE[] =
	"for _, pattern in ipairs({'metric:*', 'leaderboard:*', 'session:*'}) do\n"
	"  for _, key in ipairs(redis.call('KEYS', pattern)) do redis.call('DEL', key) end\n"
	"end\n"
	"return 1\n";

static void put_text(struct bp_redis *redis, const char *text)
{
	bp_redis_put(redis, bp_str_from(text));
}

/** One command, one reply; an error reply is an error. */
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

static enum bp_rc delete_key(struct bp_redis *redis, const char *key, struct bp_err *err)
{
	struct bp_reply *reply = NULL;

	bp_redis_begin(redis, 2);
	put_text(redis, "DEL");
	put_text(redis, key);
	return call_one(redis, "DEL", &reply, err);
}

enum bp_rc bp_erase_stream(struct bp_redis *redis, const char *stream, const char *group,
			   bool *out_done, struct bp_err *err)
{
	struct bp_reply *reply = NULL;

	if (!group) {
		*out_done = true;
		return delete_key(redis, stream, err);
	}
	bp_redis_begin(redis, 5);
	put_text(redis, "EVAL");
	bp_redis_put(redis, bp_str_make(ERASE, sizeof(ERASE) - 1));
	put_text(redis, "1");
	put_text(redis, stream);
	put_text(redis, group);
	enum bp_rc rc = call_one(redis, "EVAL", &reply, err);
	if (rc == BP_OK) {
		*out_done = bp_reply_integer(reply, 0) == 1;
	}
	return rc;
}

enum bp_rc bp_erase_live(struct bp_redis *redis, struct bp_err *err)
{
	struct bp_reply *reply = NULL;

	bp_redis_begin(redis, 3);
	put_text(redis, "EVAL");
	bp_redis_put(redis, bp_str_make(ERASE_LIVE, sizeof(ERASE_LIVE) - 1));
	put_text(redis, "0");
	return call_one(redis, "EVAL", &reply, err);
}

enum bp_rc bp_erase_letters(struct bp_redis *redis, const struct bp_entry *keep, size_t n,
			    struct bp_err *err)
{
	struct bp_reply *reply = NULL;
	size_t refused = 0;
	enum bp_rc rc = delete_key(redis, DLQ_FRESH, err); /* of a purge that was killed */

	for (size_t i = 0; i < n; i++) {
		bp_redis_xadd(redis, DLQ_FRESH, keep[i].id, keep[i].fields, keep[i].n_fields);
	}
	if (rc == BP_OK) {
		rc = bp_redis_flush(redis, &refused, err);
	}
	if (rc == BP_OK && refused > 0) {
		rc = bp_err_set(err, BP_EIO, "Redis refused %zu dead letters", refused);
	}
	if (rc != BP_OK) {
		return rc;
	}
	rc = delete_key(redis, DLQ_LATE, err);
	if (rc == BP_OK && n == 0) {
		return delete_key(redis, BP_STREAM_DLQ, err);
	}
	if (rc == BP_OK) {
		bp_redis_begin(redis, 3);
		put_text(redis, "RENAME");
		put_text(redis, DLQ_FRESH);
		put_text(redis, BP_STREAM_DLQ);
		rc = call_one(redis, "RENAME", &reply, err);
	}
	return rc;
}

enum bp_rc bp_erase_rewrite(struct bp_redis *redis, struct bp_err *err)
{
	struct bp_reply *reply = NULL;

	bp_redis_begin(redis, 1);
	put_text(redis, "BGREWRITEAOF");
	enum bp_rc rc = call_one(redis, "BGREWRITEAOF", &reply, err);
	if (rc != BP_OK && reply && reply->type == BP_REPLY_ERROR &&
	    bp_str_starts(reply->text,
			  BP_STR("ERR Background append only file rewriting already"))) {
		return BP_OK;
	}
	return rc;
}

/** True when INFO's text has the line. */
static bool has_line(struct bp_str info, const char *line)
{
	return info.ptr && memmem(info.ptr, info.len, line, strlen(line)) != NULL;
}

enum bp_rc bp_erase_rewritten(struct bp_redis *redis, bool *out, struct bp_err *err)
{
	struct bp_reply *reply = NULL;

	bp_redis_begin(redis, 2);
	put_text(redis, "INFO");
	put_text(redis, "persistence");
	enum bp_rc rc = call_one(redis, "INFO", &reply, err);
	if (rc != BP_OK) {
		return rc;
	}
	*out = has_line(reply->text, "aof_rewrite_in_progress:0") &&
	       has_line(reply->text, "aof_rewrite_scheduled:0");
	if (*out && has_line(reply->text, "aof_last_bgrewrite_status:err")) {
		return bp_err_set(err, BP_EIO,
				  "Redis could not rewrite its append-only file: is the "
				  "disk full?");
	}
	return BP_OK;
}
