/* SPDX-License-Identifier: MIT */
#include "cli/frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/wrap.h"

enum { PIECE_BYTES = 1024 };

void bp_frame_init(struct bp_frame *frame, int width, int height, bool utf8)
{
	*frame = (struct bp_frame){
		.width = width > 0 ? width : 1, .height = height > 0 ? height : 1, .utf8 = utf8};
	frame->rows = bp_calloc((size_t)frame->height, sizeof(frame->rows[0]));
}

void bp_frame_done(struct bp_frame *frame)
{
	for (int i = 0; i < frame->height; i++) {
		free(frame->rows[i].pieces);
	}
	free(frame->rows);
	bp_arena_done(&frame->text);
	*frame = (struct bp_frame){0};
}

void bp_frame_put(struct bp_frame *frame, struct bp_frame_place place, const char *fmt, ...)
{
	char raw[PIECE_BYTES];
	struct bp_buf safe, fits;
	va_list args;
	int room =
		place.column + place.room > frame->width ? frame->width - place.column : place.room;

	if (place.row < 0 || place.row >= frame->height || place.column < 0 || room <= 0) {
		return;
	}
	va_start(args, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	bp_buf_init(&safe, 4 * PIECE_BYTES);
	bp_print_clean(&safe, bp_str_from(raw), frame->utf8);
	bp_buf_add_char(&safe, '\0');
	bp_buf_init(&fits, 8 * PIECE_BYTES);
	bp_wrap_cut(&fits, safe.ptr, room, frame->utf8);
	const char *text = bp_arena_str(&frame->text, bp_buf_str(&fits)).ptr;
	int columns = bp_wrap_columns(text);
	struct bp_frame_row *row = &frame->rows[place.row];
	if (row->n == row->cap) {
		row->cap = row->cap ? 2 * row->cap : 8;
		row->pieces = bp_realloc(row->pieces, row->cap, sizeof(row->pieces[0]));
	}
	row->pieces[row->n++] = (struct bp_frame_piece){
		.column = place.align == BP_RIGHT ? place.column + room - columns : place.column,
		.columns = columns,
		.paint = place.paint,
		.bold = place.bold,
		.text = text,
	};
	bp_buf_done(&fits);
	bp_buf_done(&safe);
}

static void print_row(const struct bp_frame_row *row, const struct bp_print *print)
{
	int at = 0;

	for (size_t i = 0; i < row->n; i++) {
		const struct bp_frame_piece *piece = &row->pieces[i];
		const char *color = bp_print_color(piece->paint);
		int gap = piece->column > at ? piece->column - at : 0;
		(void)printf("%*s%s%s%s%s", gap, "", print->color && piece->bold ? "\033[1m" : "",
			     print->color && color ? color : "", piece->text,
			     print->color && (color || piece->bold) ? "\033[0m" : "");
		at += gap + piece->columns;
	}
	(void)printf("\n");
}

void bp_frame_print(const struct bp_frame *frame, const struct bp_print *print)
{
	int rows = frame->height;

	while (rows > 0 && frame->rows[rows - 1].n == 0) {
		rows--;
	}
	for (int i = 0; i < rows; i++) {
		print_row(&frame->rows[i], print);
	}
}
