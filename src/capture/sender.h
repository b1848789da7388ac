/* SPDX-License-Identifier: MIT */
/**
 * sender.h - the capture thread's end of telemetry:events: groups, depth, and trust.
 *
 * Why:     entries go in pipelines of a few hundred; the queue may not grow past its depth; and
 *          whenever it is unknown what became of an entry, sources must be read again.
 * Contract: `distrust` counts the times that something sent may be lost: the connection broke, an
 *          entry was refused, Redis was restarted or its stream is gone. Who sends remembers the
 *          count and starts again at the checkpoints when it has changed.
 * Threads: the capture thread.
 */
#ifndef BP_CAPTURE_SENDER_H
#define BP_CAPTURE_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "event/event.h"
#include "stream/stream.h"

enum { BP_SENDER_GROUP_EVENTS = 500, BP_SENDER_GROUP_BYTES = 1024 * 1024 };

struct bp_sender {
	const char *address;
	struct bp_redis *redis; /* NULL before the first connection */
	bool connected;
	char run_id[BP_RUN_ID_BYTES];
	int64_t depth_max;
	int64_t room; /* entries that may be added before the depth is looked at again */
	size_t group_events, group_bytes;
	int64_t retry_mono_us; /* not before, after a failure */
	int64_t retry_us;      /* grows with each */
	uint64_t distrust;
	int64_t errors;
	struct bp_log_gate gate;
};

void bp_sender_init(struct bp_sender *sender, const char *address, int64_t depth_max);
void bp_sender_done(struct bp_sender *sender);

/** Be connected, with stream and group there. False: not now, see retry_mono_us. */
bool bp_sender_ready(struct bp_sender *sender, int64_t mono_us);

/** How many entries may be added now; 0: the queue is full, or not ready. */
int64_t bp_sender_room(struct bp_sender *sender);

/** Lag and pending of the queue. False: unknown. */
bool bp_sender_depth(struct bp_sender *sender, int64_t *out);

/** Readable when the server is gone; -1 when not connected. */
int bp_sender_fd(const struct bp_sender *sender);

/** Compare the run id; distrusts when it changed. */
void bp_sender_check_server(struct bp_sender *sender);

/** Append an entry; bp_sender_full() says when to flush. */
void bp_sender_add(struct bp_sender *sender, const struct bp_field *fields, size_t n);
bool bp_sender_full(const struct bp_sender *sender);

/** Send what was appended. False: distrusted. */
bool bp_sender_flush(struct bp_sender *sender);

/** Something sent may be lost; wait a moment before going on. */
void bp_sender_distrust(struct bp_sender *sender, enum bp_rc rc, const char *what,
			const struct bp_err *err);

#endif
