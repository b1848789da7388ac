/* SPDX-License-Identifier: MIT */
/**
 * line.h - lines out of a stream of bytes, with a maximum length.
 *
 * Threads: one thread owns a splitter.
 */
#ifndef BP_BASE_LINE_H
#define BP_BASE_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/**
 * Take the next '\n'-terminated line off *rest.
 * Shape: *out is without "\n" and without a "\r" before it. False when no '\n' is left; *rest then
 *        holds the unterminated tail.
 */
bool bp_line_next(struct bp_str *rest, struct bp_str *out);

#endif
