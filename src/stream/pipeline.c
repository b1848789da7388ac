/* SPDX-License-Identifier: MIT */
#include "stream/connection.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

enum {
	KEEP_BYTES = 4 * 1024 * 1024, /* of a pipeline's memory between two batches */
	SCRATCH_REPLIES = 256,        /* replies between two clears */
	BLOCK_GRAIN_MS = 500 /* Redis ends a BLOCK at a tick of its timer (hz 10), or later */
};

/** "<mark><number>\r\n" */
static void put_header(struct bp_redis *redis, char mark, size_t number)
{
	char text[24];
	size_t at = sizeof(text);

	text[--at] = '\n';
	text[--at] = '\r';
	do {
		text[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	text[--at] = mark;
	bp_buf_add(&redis->out, text + at, sizeof(text) - at);
}

void bp_redis_begin(struct bp_redis *redis, size_t n)
{
	put_header(redis, '*', n);
	redis->pending++;
}

void bp_redis_put(struct bp_redis *redis, struct bp_str word)
{
	put_header(redis, '$', word.len);
	bp_buf_add_str(&redis->out, word);
	bp_buf_add(&redis->out, "\r\n", 2);
}

void bp_redis_put_int(struct bp_redis *redis, int64_t word)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%lld", (long long)word);

	bp_redis_put(redis, bp_str_make(text, (size_t)n));
}

void bp_redis_xadd(struct bp_redis *redis, const char *stream, const char *id,
		   const struct bp_field *fields, size_t n)
{
	bp_redis_begin(redis, 3 + 2 * n);
	bp_redis_put(redis, BP_STR("XADD"));
	bp_redis_put(redis, bp_str_from(stream));
	bp_redis_put(redis, bp_str_from(id ? id : "*"));
	for (size_t i = 0; i < n; i++) {
		bp_redis_put(redis, fields[i].name);
		bp_redis_put(redis, fields[i].value);
	}
}

void bp_redis_xack(struct bp_redis *redis, const char *stream, const char *group,
		   const struct bp_entry *entries, size_t n)
{
	if (n == 0) {
		return;
	}
	bp_redis_begin(redis, 3 + n);
	bp_redis_put(redis, BP_STR("XACK"));
	bp_redis_put(redis, bp_str_from(stream));
	bp_redis_put(redis, bp_str_from(group));
	for (size_t i = 0; i < n; i++) {
		bp_redis_put(redis, bp_str_from(entries[i].id));
	}
}

void bp_redis_command(struct bp_redis *redis, const struct bp_str *words, size_t n)
{
	bp_redis_begin(redis, n);
	for (size_t i = 0; i < n; i++) {
		bp_redis_put(redis, words[i]);
	}
}

void bp_redis_multi(struct bp_redis *redis)
{
	bp_redis_begin(redis, 1);
	bp_redis_put(redis, BP_STR("MULTI"));
}

void bp_redis_exec(struct bp_redis *redis)
{
	bp_redis_begin(redis, 1);
	bp_redis_put(redis, BP_STR("EXEC"));
}

static void forget(struct bp_redis *redis)
{
	redisFree(redis->context);
	redis->context = NULL;
	bp_buf_clear(&redis->out);
	redis->pending = 0;
	redis->refused = 0;
	redis->out_of_memory = false;
}

/** The connection is of no use any more. */
static enum bp_rc broken(struct bp_redis *redis, const char *why, struct bp_err *err)
{
	enum bp_rc rc = bp_err_set(err, BP_EIO, "Redis at \"%s\": %s", redis->address, why);

	forget(redis);
	return rc;
}

static enum bp_rc send_all(struct bp_redis *redis, struct bp_err *err)
{
	const char *at = redis->out.ptr;
	size_t left = redis->out.len;

	while (left > 0) {
		ssize_t n = send(redis->context->fd, at, left, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return broken(redis,
				      errno == EAGAIN ? "did not take a command in time"
						      : strerrordesc_np(errno),
				      err);
		}
		at += n;
		left -= (size_t)n;
	}
	if (redis->out.cap > KEEP_BYTES) {
		bp_buf_done(&redis->out);
	}
	bp_buf_clear(&redis->out);
	return BP_OK;
}

/** Wait for the first byte of a reply that the server holds back on purpose. */
static enum bp_rc wait_reply(struct bp_redis *redis, int wait_ms, struct bp_err *err)
{
	int64_t until_us = bp_clock_mono_us() + (int64_t)wait_ms * 1000;
	/* poll() passes over a negative descriptor. */
	struct pollfd waits[] = {{.fd = redis->context->fd, .events = POLLIN},
				 {.fd = redis->interrupt_fds[0], .events = POLLIN},
				 {.fd = redis->interrupt_fds[1], .events = POLLIN}};

	for (;;) {
		int64_t left_ms = (until_us - bp_clock_mono_us() + 999) / 1000;
		int n = poll(waits, sizeof(waits) / sizeof(waits[0]),
			     left_ms > 0 ? (int)left_ms : 0);

		if (n > 0 && waits[0].revents) {
			return BP_OK;
		}
		if (n > 0) {
			forget(redis);
			return bp_err_set(err, BP_ESTOPPED,
					  "Redis at \"%s\": somebody else wants us",
					  redis->address);
		}
		if (n < 0 && errno != EINTR) {
			return broken(redis, strerrordesc_np(errno), err);
		}
		if (n == 0) {
			return broken(redis, "did not answer in time", err);
		}
	}
}

static enum bp_rc next_reply(struct bp_redis *redis, struct bp_arena *arena, struct bp_reply **out,
			     struct bp_err *err)
{
	void *reply = NULL;

	redis->replies = arena;
	errno = 0;
	if (redisGetReply(redis->context, &reply) != REDIS_OK || !reply) {
		bool late = redis->context->err == REDIS_ERR_IO && errno == EAGAIN;
		char why[sizeof(redis->context->errstr)];

		(void)snprintf(why, sizeof(why), "%s",
			       late ? "did not answer in time" : redis->context->errstr);
		return broken(redis, why, err);
	}
	*out = reply;
	return BP_OK;
}

/** What a reply that nobody looks at means for bp_redis_flush(). */
static void account_one(struct bp_redis *redis, const struct bp_reply *reply)
{
	static const char there[] = "ERR The ID specified in XADD is equal or smaller";

	if (reply->type != BP_REPLY_ERROR) {
		return;
	}
	if (bp_str_starts(reply->text, bp_str_make(there, sizeof(there) - 1))) {
		redis->already++;
		return;
	}
	redis->refused++;
	if (bp_str_starts(reply->text, BP_STR("OOM "))) {
		redis->out_of_memory = true;
	}
}

static void account(struct bp_redis *redis, const struct bp_reply *reply)
{
	account_one(redis, reply);
	/* EXEC's: a reply for each command. */
	for (size_t i = 0; reply->type == BP_REPLY_ARRAY && i < reply->n; i++) {
		account_one(redis, reply->items[i]);
	}
}

static enum bp_rc skip_replies(struct bp_redis *redis, size_t n, struct bp_err *err)
{
	struct bp_reply *reply = NULL;

	for (size_t i = 0; i < n; i++) {
		if (i % SCRATCH_REPLIES == 0) {
			bp_arena_clear(&redis->scratch);
		}
		enum bp_rc rc = next_reply(redis, &redis->scratch, &reply, err);
		if (rc != BP_OK) {
			return rc;
		}
		account(redis, reply);
	}
	return BP_OK;
}

enum bp_rc bp_redis_send(struct bp_redis *redis, struct bp_err *err)
{
	if (!redis->context) {
		bp_buf_clear(&redis->out);
		redis->pending = 0;
		return bp_err_set(err, BP_EIO, "Redis at \"%s\": not connected", redis->address);
	}
	if (!bp_buf_ok(&redis->out)) {
		return broken(redis, "the pipeline is too large", err);
	}
	return send_all(redis, err);
}

enum bp_rc bp_redis_call(struct bp_redis *redis, struct bp_arena *arena, int wait_ms,
			 struct bp_reply **out, size_t n, struct bp_err *err)
{
	size_t before = redis->pending - n;

	BP_ASSERT(redis->pending >= n);
	if (!redis->context) {
		bp_buf_clear(&redis->out);
		redis->pending = 0;
		return bp_err_set(err, BP_EIO, "Redis at \"%s\": not connected", redis->address);
	}
	if (!bp_buf_ok(&redis->out)) {
		return broken(redis, "the pipeline is too large", err);
	}
	redis->pending = 0;
	enum bp_rc rc = send_all(redis, err);
	if (rc == BP_OK) {
		rc = skip_replies(redis, before, err);
	}
	/* It may have come with the replies before it, and lie in the reader. */
	bool here = rc == BP_OK && redis->context->reader->pos < redis->context->reader->len;
	if (rc == BP_OK && wait_ms > 0 && !here) {
		rc = wait_reply(redis, wait_ms + BLOCK_GRAIN_MS + redis->timeout_ms, err);
	}
	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		rc = next_reply(redis, arena, &out[i], err);
	}
	return rc;
}

enum bp_rc bp_redis_flush(struct bp_redis *redis, size_t *out_refused, struct bp_err *err)
{
	enum bp_rc rc = bp_redis_call(redis, &redis->scratch, 0, NULL, 0, err);
	size_t refused = redis->refused;
	bool out_of_memory = redis->out_of_memory;

	redis->refused = 0;
	redis->out_of_memory = false;
	if (rc != BP_OK) {
		return rc;
	}
	if (out_refused) {
		*out_refused = refused;
	}
	if (out_of_memory) {
		return bp_err_set(err, BP_ELIMIT, "Redis is out of memory: %zu commands refused",
				  refused);
	}
	return BP_OK;
}
