/* SPDX-License-Identifier: MIT */
/**
 * dlq.h - telemetry:dlq, where an entry goes that cannot be a row.
 *
 * Privacy: an entry that came from a source line never carries its text, only where it stands.
 * Contract: added under the id of the stream entry it speaks of, so adding twice adds once.
 */
#ifndef BP_STREAM_DLQ_H
#define BP_STREAM_DLQ_H

#include "stream/stream.h"

/** Why and where. */
struct bp_dead_letter {
	const char *stream_id; /* of the entry; also the dead letter's own id */
	struct bp_str reason;  /* not_json too_large constraint oversize ... */
	struct bp_str detail;  /* what the store said; never payload text */
	int64_t deliveries;
	int64_t failed_us;
	const struct bp_entry
		*entry; /* the original fields (e only for events that were projected) */
};

/** Append (pipelined: bp_redis_flush()). */
void bp_dlq_add(struct bp_redis *redis, const struct bp_dead_letter *letter);

/** XTRIM everything older than 7 days. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_dlq_trim(struct bp_redis *redis, int64_t now_us, struct bp_err *err);

/** Number of dead letters. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_dlq_length(struct bp_redis *redis, int64_t *out, struct bp_err *err);

#endif
