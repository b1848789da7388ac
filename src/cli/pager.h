/* SPDX-License-Identifier: MIT */
/**
 * pager.h - what is longer than the screen is read page by page.
 *
 * Why:     the output is held back in memory and counted: a short one is printed as it is, whatever
 *          the pager can do, and a pager that does not work loses nothing.
 * Place:   main.c holds commands that have `pages`; their colours and width were decided before.
 * Pager:   $BLUEPLANE_PAGER, else $PAGER, else less; "" or "cat": none. With less: -FRX.
 * Threads: one.
 */
#ifndef BP_CLI_PAGER_H
#define BP_CLI_PAGER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/** Output that is held back. All zero: nothing is. */
struct bp_pager {
	bool holds;
	int terminal; /* the real stdout */
	int rows, width;
	const char *command; /* for sh -c; borrowed from the environment */
};

/** Hold stdout back from here on, when it is a terminal with somebody before it and a pager is
 *  wanted. Never fails: without, output goes where it went. */
void bp_pager_hold(struct bp_pager *pager);

/** Let it through and hold nothing more: for a command that finds it wants the terminal itself. */
void bp_pager_release(struct bp_pager *pager);

/** Show what was held, in the pager when it is longer than the screen; returns when it is read.
 *  False when it could not be written. */
bool bp_pager_show(struct bp_pager *pager);

/** Lines that text takes on a screen of width columns, colours counted as nothing. */
size_t bp_pager_lines(struct bp_str text, int width);

#endif
