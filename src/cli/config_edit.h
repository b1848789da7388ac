/* SPDX-License-Identifier: MIT */
/**
 * config_edit.h - `config edit`: the home's config.yaml in the user's editor.
 *
 * Threads: one.
 */
#ifndef BP_CLI_CONFIG_EDIT_H
#define BP_CLI_CONFIG_EDIT_H

#include "cli/cmd.h"

/** Edit a copy; it takes config.yaml's place when it would do, else it is kept for the next try.
 *  Returns an enum bp_exit. */
int bp_config_edit(struct bp_cli *cli);

#endif
