/* SPDX-License-Identifier: MIT */
/**
 * install.h - put our hook into an assistant's settings, and take it out again.
 *
 * Why:     hooks tell what transcripts do not: permissions, session ends, durations.
 * Contract: text splices only; what is not ours keeps its every byte, also its order, indentation
 *          and line ends. Doing it twice changes nothing. The file is replaced atomically and a
 *          dated copy of the old one stays beside it. Uninstall gives the old bytes back when
 *          the file is still as we left it, else it takes out only our entries.
 * Shape:   ours is every command handler whose program is called blueplane-hook, wherever it is, and
 *          what ends in "/blueplane guard" or, as the status line, "/blueplane statusline".
 * Place:   the CLI's `install` and `uninstall`.
 */
#ifndef BP_CAPTURE_INSTALL_H
#define BP_CAPTURE_INSTALL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct bp_install_options {
	const char *settings_path; /* ~/.claude/settings.json; links are followed */
	const char *hook_command;  /* as the assistant's shell will run it; uninstall needs none */
	const char *guard_command; /* NULL: not asked for */
	const char *statusline_command; /* NULL: not asked for */
	const char *home; /* for the record of what was there before; NULL: none is kept */
	bool dry_run;     /* only the difference, nothing is written */
};

/**
 * The command of a hook: its absolute path, and --home when the home is not the default (NULL
 * when it is), quoted for sh.
 */
void bp_install_command(const char *hook_path, const char *home, struct bp_buf *out);

/** The command of the guard or the status line, verb "guard" or "statusline": as
 *  bp_install_command(). */
void bp_install_verb_command(const char *program_path, const char *home, const char *verb,
			     struct bp_buf *out);

/**
 * Add our hook to every event we record, or bring its command up to date.
 * Shape:  out_diff: a unified diff of the change, empty when there is none. May be NULL.
 * Errors: BP_EINVAL the file is not JSON (with line and column), its hooks have another shape, or
 *         it has another status line;
 *         BP_ELIMIT it is larger than 16 MiB; BP_EBUSY somebody else wrote it meanwhile; BP_EIO.
 *         The file is untouched.
 */
BP_MUSTUSE enum bp_rc bp_install_claude(const struct bp_install_options *options,
					struct bp_buf *out_diff, bool *out_changed,
					struct bp_err *err);

/** Take it out. Shape: as bp_install_claude(). Errors: as bp_install_claude(). */
BP_MUSTUSE enum bp_rc bp_uninstall_claude(const struct bp_install_options *options,
					  struct bp_buf *out_diff, bool *out_changed,
					  struct bp_err *err);

#endif
