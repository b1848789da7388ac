/* SPDX-License-Identifier: MIT */
/**
 * completion.h - scripts that let a shell complete words of `blueplane`, made from the tables.
 *
 * Why:     a new command or option is completed without anybody writing it down a second time.
 * Threads: pure functions over a bp_buf.
 */
#ifndef BP_CLI_COMPLETION_H
#define BP_CLI_COMPLETION_H

#include <stdbool.h>

#include "base/buf.h"
#include "cli/cmd.h"

enum { BP_COMPLETION_BYTES_MAX = 1024 * 1024 };

/** Append the script: to be sourced (bash, fish), or as _blueplane in $fpath (zsh). */
void bp_completion_bash(struct bp_buf *out);
void bp_completion_zsh(struct bp_buf *out);
void bp_completion_fish(struct bp_buf *out);

/** Is the option's value the name of a file? */
bool bp_completion_is_path(const struct bp_option_row *row);

/** Append the choices of an option that the command can have, a blank between two. False: none. */
bool bp_completion_choices(struct bp_buf *out, const struct bp_command *command,
			   const struct bp_option_row *row);

/** Append text in single quotes as shells of the Bourne family and fish read it. */
void bp_completion_quote(struct bp_buf *out, const char *text);

#endif
