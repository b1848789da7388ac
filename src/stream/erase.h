/* SPDX-License-Identifier: MIT */
/**
 * erase.h - make Redis forget, in memory and in its append-only file.
 *
 * Why:     trimmed stream nodes and deleted entries keep their text in the AOF; only DEL of the key
 *          and a rewrite of the file remove it (privacy.md 4).
 * Threads: the job that purges, with a connection of its own.
 */
#ifndef BP_STREAM_ERASE_H
#define BP_STREAM_ERASE_H

#include <stdbool.h>

#include "base/err.h"
#include "stream/stream.h"

/**
 * Delete a stream and make it again with its group, in one step, but only when every entry of it
 * was delivered and acknowledged. group NULL: there is none, delete it as it is.
 * *out_done false: something was added meanwhile; nothing was changed. Errors: BP_EIO.
 */
BP_MUSTUSE enum bp_rc bp_erase_stream(struct bp_redis *redis, const char *stream, const char *group,
				      bool *out_done, struct bp_err *err);

/** Delete every live value: series, hashes, leaderboards. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_erase_live(struct bp_redis *redis, struct bp_err *err);

/**
 * Replace the dead letters by keep[n], under their own ids.
 * Errors: BP_EIO: either the old ones or the new ones are there.
 */
BP_MUSTUSE enum bp_rc bp_erase_letters(struct bp_redis *redis, const struct bp_entry *keep,
				       size_t n, struct bp_err *err);

/** Start BGREWRITEAOF. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_erase_rewrite(struct bp_redis *redis, struct bp_err *err);

/** True when no rewrite of the AOF runs or waits. Errors: BP_EIO; also when the last one failed. */
BP_MUSTUSE enum bp_rc bp_erase_rewritten(struct bp_redis *redis, bool *out, struct bp_err *err);

#endif
