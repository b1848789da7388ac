/* SPDX-License-Identifier: MIT */
/**
 * stream.h - Redis Streams: telemetry:events, cdc:events, telemetry:dlq.
 *
 * Why:     the queue between capture and the fast path, and the wake-up of the slow path. Redis
 *          carries work and live values; losing it loses nothing that a restart does not bring back.
 * Threads: a connection belongs to one thread; each stage opens its own.
 */
#ifndef BP_STREAM_STREAM_H
#define BP_STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define BP_STREAM_EVENTS "telemetry:events"
#define BP_STREAM_DLQ "telemetry:dlq"
#define BP_STREAM_CDC "cdc:events"
#define BP_GROUP_PROCESSORS "processors"
#define BP_GROUP_CONVERSATIONS "conversations"

enum { BP_STREAM_ID_BYTES = 44, BP_RUN_ID_BYTES = 41 };

struct bp_redis; /* a connection */

/** Connect to a Unix socket path or "redis://host:port". timeout_ms bounds every command.
 *  Errors: BP_EIO nobody answers. Owns: bp_redis_close(). */
BP_MUSTUSE enum bp_rc bp_redis_open(const char *address, int timeout_ms, struct bp_redis **out,
				    struct bp_err *err);
void bp_redis_close(struct bp_redis *redis);

/**
 * From now on a read that waits (block_ms) ends with BP_ESTOPPED as soon as one of the two
 * descriptors is readable; -1: none. The connection is closed then, as after BP_EIO, because its
 * answer may still come: entries that Redis gave away meanwhile are pending.
 */
void bp_redis_interrupt_by(struct bp_redis *redis, int fd, int other_fd);

/** After any BP_EIO: connect again. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_redis_reconnect(struct bp_redis *redis, struct bp_err *err);

/** For poll(): readable while no command is under way means that the server is gone. -1 when not
 *  connected. Borrowed; another one after every reconnect. */
int bp_redis_fd(const struct bp_redis *redis);

/** The server's run id: when it changes, Redis was restarted. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_redis_run_id(struct bp_redis *redis, char out[BP_RUN_ID_BYTES],
				      struct bp_err *err);

/** One field of an entry. */
struct bp_field {
	struct bp_str name;
	struct bp_str value;
};

/** One entry as read. */
struct bp_entry {
	char id[BP_STREAM_ID_BYTES]; /* "<ms>-<seq>" */
	struct bp_field *fields;
	size_t n_fields;
};

/** The value of a field, absent when the entry has none of that name. */
struct bp_str bp_entry_get(const struct bp_entry *entry, const char *name);

/* Pipelining: appended commands are sent by bp_redis_flush(), which reads every reply. The order
 * of commands is kept. */

/** Append XADD stream id (NULL: "*") fields. Copies everything. */
void bp_redis_xadd(struct bp_redis *redis, const char *stream, const char *id,
		   const struct bp_field *fields, size_t n);

/** Append XACK stream group ids. */
void bp_redis_xack(struct bp_redis *redis, const char *stream, const char *group,
		   const struct bp_entry *entries, size_t n);

/**
 * Append MULTI and EXEC: what was appended in between is done at once, so that who waits for a stream
 * is woken once, by all of it. When Redis refuses one of it, it refuses the whole.
 */
void bp_redis_multi(struct bp_redis *redis);
void bp_redis_exec(struct bp_redis *redis);

/** Append any command given as words. */
void bp_redis_command(struct bp_redis *redis, const struct bp_str *words, size_t n);

/**
 * Send and read all replies.
 * Units:  *out_refused counts error replies (a smaller XADD id is no error: it is counted apart
 *         and ignored). May be NULL.
 * Errors: BP_EIO the connection broke: which commands were done is unknown. BP_ELIMIT Redis is
 *         out of memory (at least one command refused with OOM); the others were done.
 */
BP_MUSTUSE enum bp_rc bp_redis_flush(struct bp_redis *redis, size_t *out_refused,
				     struct bp_err *err);

/** Make stream and group when missing; the group starts at the beginning of the stream.
 *  Errors: BP_EIO; BP_ELIMIT Redis is out of memory. */
BP_MUSTUSE enum bp_rc bp_stream_ensure(struct bp_redis *redis, const char *stream,
				       const char *group, struct bp_err *err);

/**
 * XREADGROUP GROUP group consumer COUNT max BLOCK block_ms STREAMS stream >; block_ms 0: do not
 * wait. block_ms may be longer than the connection's time-out.
 * Shape: *out[*out_n] and everything in it live in the arena. *out_n is 0 when nothing came.
 * Errors: BP_EIO; BP_ENOTFOUND the stream or group is gone (Redis lost its data): ensure again;
 *         BP_ESTOPPED see bp_redis_interrupt_by().
 */
BP_MUSTUSE enum bp_rc bp_stream_read(struct bp_redis *redis, const char *stream, const char *group,
				     const char *consumer, size_t max, int block_ms,
				     struct bp_arena *arena, struct bp_entry **out, size_t *out_n,
				     struct bp_err *err);

/**
 * Read and acknowledge at once (NOACK) entries that are wake-ups: only how many came matters. It
 * saves Redis a record of each delivery in its append-only file. Errors: as bp_stream_read().
 */
BP_MUSTUSE enum bp_rc bp_stream_wake(struct bp_redis *redis, const char *stream, const char *group,
				     const char *consumer, size_t max, int block_ms,
				     struct bp_arena *arena, size_t *out_n, struct bp_err *err);

/**
 * bp_stream_read() in two halves, without BLOCK, so that Redis works while the caller does: _begin sends it
 * and everything appended before, _end gives the entries. Nothing else may use the connection in
 * between. Errors: as bp_stream_read(); _end after a failed _begin is BP_EIO.
 */
BP_MUSTUSE enum bp_rc bp_stream_read_begin(struct bp_redis *redis, const char *stream,
					   const char *group, const char *consumer, size_t max,
					   struct bp_err *err);

/** See bp_stream_read_begin(). Errors: there. */
BP_MUSTUSE enum bp_rc bp_stream_read_end(struct bp_redis *redis, struct bp_arena *arena,
					 struct bp_entry **out, size_t *out_n, struct bp_err *err);

/** XRANGE stream (after end COUNT max: entries in order, whoever has them. after NULL: the first;
 *  end NULL: the last. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_stream_range(struct bp_redis *redis, const char *stream, const char *after,
				      const char *end, size_t max, struct bp_arena *arena,
				      struct bp_entry **out, size_t *out_n, struct bp_err *err);

/** XAUTOCLAIM entries idle for min_idle_ms from other consumers; each with its delivery count.
 *  Errors: BP_EIO; BP_ENOTFOUND the stream or group is gone. */
BP_MUSTUSE enum bp_rc bp_stream_claim(struct bp_redis *redis, const char *stream, const char *group,
				      const char *consumer, int64_t min_idle_ms, size_t max,
				      struct bp_arena *arena, struct bp_entry **out,
				      int64_t **out_deliveries, size_t *out_n, struct bp_err *err);

/** How a stream stands for a group. */
struct bp_stream_state {
	int64_t length;  /* entries kept, also acknowledged ones */
	int64_t lag;     /* not yet delivered to the group */
	int64_t pending; /* delivered, not acknowledged */
	char last_delivered[BP_STREAM_ID_BYTES];
	int64_t memory_bytes; /* MEMORY USAGE of the key */
};

/** Errors: BP_EIO; BP_ENOTFOUND no such stream or group. */
BP_MUSTUSE enum bp_rc bp_stream_state(struct bp_redis *redis, const char *stream, const char *group,
				      struct bp_stream_state *out, struct bp_err *err);

/**
 * Set right how many entries the group has read, when it has read all there are: Redis 7.0 counts
 * wrong after it read its append-only file, and then tells a lag that is not there.
 * Errors: BP_EIO.
 */
BP_MUSTUSE enum bp_rc bp_stream_recount(struct bp_redis *redis, const char *stream,
					const char *group, const char *last_delivered,
					struct bp_err *err);

/** XTRIM stream MINID id (exact): entries below id go. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_stream_trim(struct bp_redis *redis, const char *stream, const char *id,
				     struct bp_err *err);

/** a < b, a == b, a > b as <0, 0, >0, for "<ms>-<seq>". */
int bp_stream_id_cmp(const char *a, const char *b);

#endif
