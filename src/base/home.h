/* SPDX-License-Identifier: MIT */
/**
 * home.h - the one folder everything is kept in: where it is, that it is private, what is below.
 *
 * Why:     the promise "everything stays here, and nobody else reads it" begins with this folder.
 * Shape:   config.yaml, telemetry.db, salt, redis/, spool/{tmp,new}/, run/, log/, archive/.
 * Threads: any.
 */
#ifndef BP_BASE_HOME_H
#define BP_BASE_HOME_H

#include <stddef.h>

#include "base/err.h"

enum { BP_HOME_PATH_BYTES = 1024 };

/**
 * Where the home is: $BLUEPLANE_HOME, else $HOME/.blueplane.
 * Shape:  absolute, NUL-terminated, without a slash at its end.
 * Errors: BP_ENOTFOUND neither variable is set; BP_EINVAL not absolute and the working folder is
 *         gone; BP_ELIMIT longer than cap.
 */
BP_MUSTUSE enum bp_rc bp_home_path(char *out, size_t cap, struct bp_err *err);

/**
 * Look whether a home is there, is ours and is private; the message ends in the command that
 * mends it.
 * Errors: BP_ENOTFOUND there is none; BP_EINVAL not a folder, somebody else's, not writable, or
 *         others may read it.
 */
BP_MUSTUSE enum bp_rc bp_home_check(const char *home, struct bp_err *err);

/** Join home and name ("run/lock"). Errors: BP_ELIMIT longer than cap. */
BP_MUSTUSE enum bp_rc bp_home_file(const char *home, const char *name, char *out, size_t cap,
				   struct bp_err *err);

/**
 * Make what is missing of the tree, folders 0700, and once the salt: 32 random bytes, 0600.
 * A home that is there already must pass bp_home_check() first. Safe against a second process.
 * Errors: those of bp_home_check(); BP_EIO cannot be made (the message names path and reason).
 */
BP_MUSTUSE enum bp_rc bp_home_make(const char *home, struct bp_err *err);

/** Read the salt. Errors: BP_ENOTFOUND none yet; BP_ECORRUPT not 32 bytes; BP_EIO. */
BP_MUSTUSE enum bp_rc bp_home_salt(const char *home, unsigned char out[32], struct bp_err *err);

#endif
