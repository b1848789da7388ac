/* SPDX-License-Identifier: MIT */
/**
 * damage.h - who is told when SQLite finds the database damaged.
 *
 * Why:     any statement of any thread can be the first that touches a bad page; all of them pass
 *          one place, so none has to know what happens then.
 * Place:   the daemon says whom to tell; sqlite.c tells.
 * Threads: any, but bp_damage_watch() only while no connection of this process is open.
 */
#ifndef BP_STORE_DAMAGE_H
#define BP_STORE_DAMAGE_H

#include "base/err.h"
#include "base/stop.h"

/** From now on request `stop` when a page, or the header, of the database at path is not what SQLite
 *  wrote; NULL: tell nobody. One path at a time. Owns: borrows stop until the next call.
 *  Errors: BP_EIO no such folder; nobody is told then. */
BP_MUSTUSE enum bp_rc bp_damage_watch(const char *path, struct bp_stop *stop, struct bp_err *err);

/** SQLite found this file damaged. */
void bp_damage_found(const char *path);

#endif
