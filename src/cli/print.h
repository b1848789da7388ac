/* SPDX-License-Identifier: MIT */
/**
 * print.h - data to stdout: tables, CSV, Markdown, JSON; nothing in it can steer a terminal.
 *
 * Why:     one table is filled once and printed in any format. Every cell is made safe here: no
 *          control character, no direction mark, no broken UTF-8 of the data reaches the screen.
 * Threads: one.
 */
#ifndef BP_CLI_PRINT_H
#define BP_CLI_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct cJSON;

enum bp_format {
	BP_FORMAT_TABLE,
	BP_FORMAT_JSON,
	BP_FORMAT_CSV,
	BP_FORMAT_MARKDOWN,
	BP_FORMAT_CHART /* only of commands that have charts */
};

/** How stdout wants it. */
struct bp_print {
	enum bp_format format;
	bool color; /* escape sequences of our own are welcome */
	bool utf8;  /* the locale can show more than ASCII */
	int width;  /* columns of the screen; 0: no limit (not a terminal) */
};

/** Find out: locale (setlocale was called), NO_COLOR, CLICOLOR_FORCE, terminal, its width. */
void bp_print_init(struct bp_print *print, enum bp_format format, bool no_color);

/** Append text made safe to show; utf8: keep what is not ASCII. */
void bp_print_clean(struct bp_buf *out, struct bp_str text, bool utf8);

/** Print a JSON value compact on one line, made safe for a terminal. Takes value: it is freed.
 *  Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_print_json(struct cJSON *value, struct bp_err *err);

/** Columns of the terminal behind fd, or of COLUMNS; 0: neither, so no limit. */
int bp_print_width(int fd);

/** Print a line to stdout, made safe; what is not ASCII only where the locale has it. Longer than
 *  the screen: broken at a blank. */
void bp_print_line(const struct bp_print *print, const char *fmt, ...) BP_PRINTF(2, 3);

/** As bp_print_line, bold where colours are on. */
void bp_print_title(const struct bp_print *print, const char *fmt, ...) BP_PRINTF(2, 3);

/** A line of something that has lines of its own (a log, SQL): made safe, never broken. */
void bp_print_verbatim(const struct bp_print *print, struct bp_str line);

enum bp_align {
	BP_LEFT,
	BP_RIGHT,
	BP_SHRINK, /* left; the first to be cut when the screen is narrow */
	BP_WRAP    /* as BP_SHRINK, but broken at blanks: nothing of it is lost (words of ours) */
};

enum bp_paint { BP_PAINT_NONE, BP_PAINT_GOOD, BP_PAINT_BAD, BP_PAINT_WARN, BP_PAINT_DIM };

/** The escape sequence that begins a colour; NULL: none. */
const char *bp_print_color(enum bp_paint paint);

/** As bp_print_line, "label   text": text begins at a column, and so do the lines it is broken to;
 *  the label (ASCII) is painted. */
void bp_print_field(const struct bp_print *print, enum bp_paint paint, int columns,
		    const char *label, const char *fmt, ...) BP_PRINTF(5, 6);

struct bp_table;

/** Owns: the caller, bp_table_free(). */
struct bp_table *bp_table_new(void);
void bp_table_free(struct bp_table *table);

/** Add a column, before the first row. */
void bp_table_column(struct bp_table *table, const char *title, enum bp_align align);

/** The column added last may be left out on a narrow screen; the highest rank (> 0) goes first. */
void bp_table_optional(struct bp_table *table, int rank);

/** Begin a row, then add its cells from the left; missing ones are empty. */
void bp_table_row(struct bp_table *table);
void bp_table_cell(struct bp_table *table, enum bp_paint paint, const char *fmt, ...)
	BP_PRINTF(3, 4);

/** Print it in print->format (JSON is printed as a table: commands make their own JSON). */
void bp_table_print(const struct bp_table *table, const struct bp_print *print);

#endif
