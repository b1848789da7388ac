/* SPDX-License-Identifier: MIT */
/**
 * wrap.h - lines that end at a blank, not where the screen does.
 *
 * Threads: any; the locale says how wide a character is.
 */
#ifndef BP_CLI_WRAP_H
#define BP_CLI_WRAP_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/** Columns of the screen that text (NUL-terminated) takes in this locale. */
int bp_wrap_columns(const char *text);

/** Append text (NUL-terminated), cut where it is wider than width columns: the last one is then a
 *  mark that something is missing. */
void bp_wrap_cut(struct bp_buf *out, const char *text, int width, bool utf8);

/**
 * Append text in lines of at most width columns; every line but the first begins with indent
 * blanks. A word that is too long for a line stays whole. Without a line end after the last line.
 * Units:  width 0: no limit.
 */
void bp_wrap(struct bp_buf *out, struct bp_str text, int width, int indent);

#endif
