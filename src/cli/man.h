/* SPDX-License-Identifier: MIT */
/**
 * man.h - the manual page blueplane(1), made from the tables of commands and options.
 *
 * Threads: pure function over a bp_buf.
 */
#ifndef BP_CLI_MAN_H
#define BP_CLI_MAN_H

#include "base/buf.h"

enum { BP_MAN_BYTES_MAX = 1024 * 1024 };

/** Append the page in man(7): a section per command, files, environment, exit status. */
void bp_man_page(struct bp_buf *out);

#endif
