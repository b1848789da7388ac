/* SPDX-License-Identifier: MIT */
#include "stream/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <string.h>
#include <sys/time.h>

#include "base/mem.h"

enum {
	PIPELINE_BYTES_MAX = 512 * 1024 * 1024, /* a caller that passes this forgot to flush */
	HOST_BYTES = 256
};

static struct timeval timeout_of(int ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

/** Split "host:port" (or "[v6]:port"). False when it is not that. */
static bool split_host(struct bp_str text, char host[HOST_BYTES], int *port)
{
	const char *colon = memrchr(text.ptr, ':', text.len);
	size_t host_len = colon ? (size_t)(colon - text.ptr) : text.len;
	int number = 0;

	if (host_len >= 2 && text.ptr[0] == '[' && text.ptr[host_len - 1] == ']') {
		text = bp_str_make(text.ptr + 1, text.len - 1);
		host_len -= 2;
	}
	if (host_len == 0 || host_len >= HOST_BYTES) {
		return false;
	}
	memcpy(host, text.ptr, host_len);
	host[host_len] = '\0';
	if (!colon) {
		*port = 6379;
		return true;
	}
	const char *end = text.ptr + text.len;
	for (const char *digit = colon + 1; digit < end && *digit != '/'; digit++) {
		if (*digit < '0' || *digit > '9' || number > 65535) {
			return false;
		}
		number = number * 10 + (*digit - '0');
	}
	*port = number;
	return number > 0 && number <= 65535;
}

static struct redisContext *connect_to(const struct bp_redis *redis)
{
	static const struct bp_str scheme = {"redis://", 8};
	struct bp_str address = bp_str_from(redis->address);
	struct timeval timeout = timeout_of(redis->timeout_ms);
	char host[HOST_BYTES];
	int port = 0;

	if (!bp_str_starts(address, scheme)) {
		return redisConnectUnixWithTimeout(redis->address, timeout);
	}
	address = bp_str_make(address.ptr + scheme.len, address.len - scheme.len);
	if (!split_host(address, host, &port)) {
		return NULL;
	}
	return redisConnectWithTimeout(host, port, timeout);
}

static void disconnect(struct bp_redis *redis)
{
	if (redis->context) {
		redisFree(redis->context);
		redis->context = NULL;
	}
	bp_buf_clear(&redis->out);
	redis->pending = 0;
	redis->refused = 0;
	redis->out_of_memory = false;
}

static enum bp_rc ping(struct bp_redis *redis, struct bp_err *err)
{
	struct bp_reply *reply = NULL;

	bp_redis_begin(redis, 1);
	bp_redis_put(redis, BP_STR("PING"));
	bp_arena_clear(&redis->scratch);
	enum bp_rc rc = bp_redis_call(redis, &redis->scratch, 0, &reply, 1, err);
	if (rc == BP_OK && reply->type == BP_REPLY_ERROR) {
		/* Not ready (LOADING) and not allowed (NOAUTH) alike: nobody answers there. */
		rc = bp_err_set(err, BP_EIO, "no Redis at \"%s\": %.*s", redis->address,
				BP_STR_ARG(reply->text));
		disconnect(redis);
	}
	return rc;
}

enum bp_rc bp_redis_reconnect(struct bp_redis *redis, struct bp_err *err)
{
	disconnect(redis);
	redisContext *context = connect_to(redis);
	if (!context) {
		return bp_err_set(err, BP_EIO, "\"%s\" is no address of a Redis", redis->address);
	}
	if (context->err) {
		(void)bp_err_set(err, BP_EIO, "no Redis at \"%s\": %s", redis->address,
				 context->errstr);
		redisFree(context);
		return BP_EIO;
	}
	/* hiredis 0.14 opens its sockets without it; a child must not inherit them. */
	(void)fcntl(context->fd, F_SETFD, FD_CLOEXEC);
	if (redisSetTimeout(context, timeout_of(redis->timeout_ms)) != REDIS_OK) {
		redisFree(context);
		return bp_err_set(err, BP_EIO, "no time limit for Redis: %s",
				  strerrordesc_np(errno));
	}
	redis->context = context;
	bp_reply_attach(redis);
	return ping(redis, err);
}

enum bp_rc bp_redis_open(const char *address, int timeout_ms, struct bp_redis **out,
			 struct bp_err *err)
{
	struct bp_redis *redis = bp_calloc(1, sizeof(*redis));

	redis->address = bp_strdup(bp_str_from(address));
	redis->timeout_ms = timeout_ms > 0 ? timeout_ms : 1;
	bp_redis_interrupt_by(redis, -1, -1);
	bp_buf_init(&redis->out, PIPELINE_BYTES_MAX);
	enum bp_rc rc = bp_redis_reconnect(redis, err);
	if (rc != BP_OK) {
		bp_redis_close(redis);
		return rc;
	}
	*out = redis;
	return BP_OK;
}

void bp_redis_close(struct bp_redis *redis)
{
	if (!redis) {
		return;
	}
	disconnect(redis);
	bp_buf_done(&redis->out);
	bp_arena_done(&redis->scratch);
	free(redis->address);
	free(redis);
}

void bp_redis_interrupt_by(struct bp_redis *redis, int fd, int other_fd)
{
	redis->interrupt_fds[0] = fd;
	redis->interrupt_fds[1] = other_fd;
}

int bp_redis_fd(const struct bp_redis *redis)
{
	return redis->context ? redis->context->fd : -1;
}

enum bp_rc bp_redis_run_id(struct bp_redis *redis, char out[BP_RUN_ID_BYTES], struct bp_err *err)
{
	static const char name[] = "run_id:";
	struct bp_reply *reply = NULL;

	bp_redis_begin(redis, 2);
	bp_redis_put(redis, BP_STR("INFO"));
	bp_redis_put(redis, BP_STR("server"));
	bp_arena_clear(&redis->scratch);
	enum bp_rc rc = bp_redis_call(redis, &redis->scratch, 0, &reply, 1, err);
	if (rc != BP_OK) {
		return rc;
	}
	const char *at = reply->type == BP_REPLY_TEXT ? strstr(reply->text.ptr, name) : NULL;
	size_t len = at ? strcspn(at + sizeof(name) - 1, "\r\n") : 0;
	if (len == 0 || len >= BP_RUN_ID_BYTES) {
		return bp_err_set(err, BP_EIO, "Redis tells no run id");
	}
	memcpy(out, at + sizeof(name) - 1, len);
	out[len] = '\0';
	return BP_OK;
}
