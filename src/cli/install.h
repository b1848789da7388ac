/* SPDX-License-Identifier: MIT */
/**
 * install.h - our hook in Claude Code's settings, for `install`, `uninstall`, `up` and `doctor`.
 *
 * Threads: one.
 */
#ifndef BP_CLI_INSTALL_H
#define BP_CLI_INSTALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/** Where its settings are: $CLAUDE_CONFIG_DIR, else ~/.claude, then settings.json. Errors:
 *  BP_ENOTFOUND no HOME; BP_ELIMIT. */
BP_MUSTUSE enum bp_rc bp_claude_settings_path(char *out, size_t cap, struct bp_err *err);

/** True when Claude Code was used here: its folder is there. */
bool bp_claude_present(void);

/** What is installed only when it is asked for, as bits. */
enum { BP_INSTALL_STATUSLINE = 1, BP_INSTALL_GUARD = 2 };

/**
 * Install into (or uninstall from) Claude Code's settings.
 * Shape:  out_diff is appended to. Errors: those of capture/install.h; BP_ENOTFOUND no
 *         blueplane-hook.
 */
BP_MUSTUSE enum bp_rc bp_claude_install(const char *home, bool install, unsigned extras,
					bool dry_run, struct bp_buf *out_diff, bool *out_changed,
					struct bp_err *err);

#endif
