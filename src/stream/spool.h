/* SPDX-License-Identifier: MIT */
/**
 * spool.h - the maildir of events that found no Redis.
 *
 * Shape:   spool/tmp/<id> is being written, spool/new/<id> waits; one wire event JSON each. At
 *          100 000 files or 256 MB further events are counted in spool/lost: one byte of that file
 *          for each (appended, so that it needs no lock).
 * Threads: any process may add; only the capture thread of the service replays.
 */
#ifndef BP_STREAM_SPOOL_H
#define BP_STREAM_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "stream/stream.h"

/** Add one event file: write, fsync, rename. Errors: BP_EIO; BP_ELIMIT full (counted as lost). */
BP_MUSTUSE enum bp_rc bp_spool_add(const char *home, const char *id_hex, struct bp_str event_json,
				   struct bp_err *err);

/**
 * XADD up to max waiting events in name (time) order and delete their files after the replies.
 * A file that is no event goes to the dead letters by name and reason.
 * *out_n files were dealt with; 0: nothing waits. A file that cannot be read stays and is passed
 * over. Errors: BP_EIO Redis, BP_ELIMIT Redis is out of memory; the files stay.
 */
BP_MUSTUSE enum bp_rc bp_spool_replay(const char *home, struct bp_redis *redis, size_t max,
				      size_t *out_n, struct bp_err *err);

struct bp_spool_state {
	int64_t files, bytes, lost;
};

/** How full it is; zeroes when there is none. */
void bp_spool_state(const char *home, struct bp_spool_state *out);

#endif
