/* SPDX-License-Identifier: MIT */
/**
 * dead_letters.h - read telemetry:dlq as a whole, for the jobs that show, replay, drop or purge.
 *
 * Threads: one job owns it.
 */
#ifndef BP_DAEMON_DEAD_LETTERS_H
#define BP_DAEMON_DEAD_LETTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "stream/stream.h"

/** items[n] in order of arrival; what they point to lives in the arena. */
struct bp_dead_letters {
	struct bp_arena arena;
	struct bp_entry *items;
	size_t n;
};

/** Errors: BP_EIO; BP_ELIMIT over 100 000 of them. Owns: bp_dead_letters_done(), also on error. */
BP_MUSTUSE enum bp_rc bp_dead_letters_read(struct bp_redis *redis, struct bp_dead_letters *out,
					   struct bp_err *err);
void bp_dead_letters_done(struct bp_dead_letters *letters);

/** Append XDEL telemetry:dlq id (pipelined). */
void bp_dead_letters_delete(struct bp_redis *redis, const struct bp_entry *letter);

#endif
