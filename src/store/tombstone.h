/* SPDX-License-Identifier: MIT */
/**
 * tombstone.h - what was purged and must not come back.
 *
 * Shape:   read into memory once; a hash of the id, so that the table itself tells nobody which
 *          session was purged.
 * Place:   inside src/store.
 * Threads: one thread owns it.
 */
#ifndef BP_STORE_TOMBSTONE_H
#define BP_STORE_TOMBSTONE_H

#include <stdbool.h>

#include "base/err.h"
#include "event/event.h"
#include "store/sqlite.h"

struct bp_tombstones;

/** Errors: BP_EIO, BP_ECORRUPT. Owns: the caller, bp_tombstones_free(). */
BP_MUSTUSE enum bp_rc bp_tombstones_load(struct bp_sql *sql, struct bp_tombstones **out,
					 struct bp_err *err);
void bp_tombstones_free(struct bp_tombstones *tombstones);

/** True when the event is of a purged scope (also by `asked_session` of a copied line) and not newer
 *  than the purge. */
bool bp_tombstones_cover(const struct bp_tombstones *tombstones, const struct bp_event *event);

#endif
