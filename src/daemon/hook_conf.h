/* SPDX-License-Identifier: MIT */
/**
 * hook_conf.h - write run/hook.conf, all that blueplane-hook ever reads.
 *
 * Shape:   src/hook/README.md; replaced by rename, so a hook reads the old one or the new one.
 * Threads: any.
 */
#ifndef BP_DAEMON_HOOK_CONF_H
#define BP_DAEMON_HOOK_CONF_H

#include "base/err.h"
#include "daemon/settings.h"

/** Errors: BP_EIO the old file stays; those of bp_home_salt(). */
BP_MUSTUSE enum bp_rc bp_hook_conf_write(const char *home, const struct bp_daemon_config *config,
					 struct bp_err *err);

#endif
