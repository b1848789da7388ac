/* SPDX-License-Identifier: MIT */
/**
 * connection.h - inside src/stream: a connection, its pipeline and its replies.
 *
 * Why:     hiredis parses; we format and send ourselves. hiredis 0.14 sends with write(), which
 *          raises SIGPIPE in programs that do not ignore it, and allocates twice per command.
 * Contract: after BP_EIO or BP_ESTOPPED the connection is closed and its pipeline forgotten; only
 *          bp_redis_reconnect() brings it back.
 */
#ifndef BP_STREAM_CONNECTION_H
#define BP_STREAM_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "stream/stream.h"

struct redisContext;

enum bp_reply_type {
	BP_REPLY_NIL,
	BP_REPLY_TEXT,
	BP_REPLY_ERROR,
	BP_REPLY_INTEGER,
	BP_REPLY_ARRAY
};

/** A reply; it and everything in it live in the arena that was given for it. */
struct bp_reply {
	enum bp_reply_type type;
	int64_t integer;
	struct bp_str text; /* TEXT and ERROR; NUL-terminated */
	size_t n;           /* ARRAY */
	struct bp_reply **items;
};

struct bp_redis {
	struct redisContext *context; /* NULL while not connected */
	char *address;
	int timeout_ms;
	int interrupt_fds[2];     /* see bp_redis_interrupt_by() */
	struct bp_buf out;        /* commands not yet sent, as RESP */
	size_t pending;           /* commands in it, and sent ones whose replies nobody took */
	struct bp_arena *replies; /* where the reply being parsed goes */
	struct bp_arena scratch;  /* of replies that nobody keeps */
	size_t refused;           /* error replies since the last flush */
	size_t already;           /* XADDs whose id was there, ever */
	bool out_of_memory;       /* an OOM among them */
};

/** Start a command of n words, then put them. */
void bp_redis_begin(struct bp_redis *redis, size_t n);
void bp_redis_put(struct bp_redis *redis, struct bp_str word);
void bp_redis_put_int(struct bp_redis *redis, int64_t word);

/**
 * Send what is pending; keep the replies of the last n commands in out[n] (all in the arena) and
 * account for the ones before them as bp_redis_flush() does, which tells of them later.
 * wait_ms: how long the server may hold back the first of them on purpose (BLOCK).
 * Errors: BP_EIO; BP_ESTOPPED see bp_redis_interrupt_by(). An error reply is no error here: look at
 * its type.
 */
BP_MUSTUSE enum bp_rc bp_redis_call(struct bp_redis *redis, struct bp_arena *arena, int wait_ms,
				    struct bp_reply **out, size_t n, struct bp_err *err);

/** Send what is pending now and leave the replies to the next call. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_redis_send(struct bp_redis *redis, struct bp_err *err);

/** The error of an unexpected reply: NOGROUP and a missing key are BP_ENOTFOUND, OOM is BP_ELIMIT,
 *  LOADING BP_EBUSY, everything else BP_EIO. */
enum bp_rc bp_reply_error(const struct bp_reply *reply, const char *what, struct bp_err *err);

/** The integer of an INTEGER or numeric TEXT reply, else fallback. */
int64_t bp_reply_integer(const struct bp_reply *reply, int64_t fallback);

/** The value after a name in a flat [name, value, ...] array; NULL when it has none. */
const struct bp_reply *bp_reply_member(const struct bp_reply *reply, const char *name);

/** Entries out of [[id, [field, value, ...]], ...]; deleted ones (nil) are left out. */
void bp_reply_entries(const struct bp_reply *reply, struct bp_arena *arena, struct bp_entry **out,
		      size_t *out_n);

/** Make the hiredis reader of this connection build struct bp_reply in redis->replies. */
void bp_reply_attach(struct bp_redis *redis);

#endif
