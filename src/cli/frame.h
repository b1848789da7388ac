/* SPDX-License-Identifier: MIT */
/**
 * frame.h - a screen put together piece by piece, then printed or shown full-screen.
 *
 * Why:     what a view looks like is one function, tested without a terminal; who shows it is
 *          another.
 * Shape:   rows of pieces, each at a column; everything is made safe and cut to its room.
 * Threads: one.
 */
#ifndef BP_CLI_FRAME_H
#define BP_CLI_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "cli/print.h"

/** One piece of a row. */
struct bp_frame_piece {
	int column;  /* where it begins, from 0 */
	int columns; /* how many it takes, at most its room */
	enum bp_paint paint;
	bool bold;
	const char *text; /* safe for a terminal, in the frame's arena */
};

struct bp_frame_row {
	struct bp_frame_piece *pieces; /* by column */
	size_t n, cap;
};

struct bp_frame {
	int width, height;
	bool utf8;
	struct bp_frame_row *rows; /* height of them */
	struct bp_arena text;
};

/** An empty frame. Owns: bp_frame_done(). */
void bp_frame_init(struct bp_frame *frame, int width, int height, bool utf8);
void bp_frame_done(struct bp_frame *frame);

/** Where a piece goes, and how. */
struct bp_frame_place {
	int row, column;
	int room; /* columns; longer text is cut, with an ellipsis */
	enum bp_align align;
	enum bp_paint paint;
	bool bold;
};

/** Put text into its place; what is outside of the frame is left out. Pieces of a row are put from
 *  left to right. */
void bp_frame_put(struct bp_frame *frame, struct bp_frame_place place, const char *fmt, ...)
	BP_PRINTF(3, 4);

/** Print it to stdout, colours as print wants; rows below the last piece are left out. */
void bp_frame_print(const struct bp_frame *frame, const struct bp_print *print);

#endif
