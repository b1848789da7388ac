/* SPDX-License-Identifier: MIT */
/*
 * The tables of print.h: filled once, printed in any format. For the screen, too, by ourselves:
 * cells are safe and their columns counted when they are filled, and libsmartcols does both again
 * for each, which was a third of the time of a long table.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/print.h"
#include "cli/wrap.h"

enum { COLUMNS_MAX = 32, CELL_BYTES = 1024, SHRUNK_MIN = 12 };

struct cell {
	char *text; /* safe UTF-8 */
	int width;  /* columns of it */
	enum bp_paint paint;
};

struct bp_table {
	struct {
		const char *title;
		enum bp_align align;
		int rank; /* > 0: may be left out */
	} columns[COLUMNS_MAX];
	size_t n_columns;
	struct cell *cells; /* row after row */
	size_t n_rows, cap_rows;
	size_t filled; /* cells of the last row */
};

struct bp_table *bp_table_new(void)
{
	return bp_calloc(1, sizeof(struct bp_table));
}

void bp_table_free(struct bp_table *table)
{
	if (!table) {
		return;
	}
	for (size_t i = 0; i < table->n_rows * table->n_columns; i++) {
		free(table->cells[i].text);
	}
	free(table->cells);
	free(table);
}

void bp_table_column(struct bp_table *table, const char *title, enum bp_align align)
{
	BP_ASSERT(table->n_columns < COLUMNS_MAX && table->n_rows == 0);
	table->columns[table->n_columns].title = title;
	table->columns[table->n_columns].align = align;
	table->columns[table->n_columns].rank = 0;
	table->n_columns++;
}

void bp_table_optional(struct bp_table *table, int rank)
{
	BP_ASSERT(table->n_columns > 0);
	table->columns[table->n_columns - 1].rank = rank;
}

void bp_table_row(struct bp_table *table)
{
	size_t n = table->n_columns;

	if (table->n_rows == table->cap_rows) {
		table->cap_rows = table->cap_rows ? 2 * table->cap_rows : 32;
		table->cells =
			bp_realloc(table->cells, table->cap_rows * n, sizeof(table->cells[0]));
	}
	memset(table->cells + table->n_rows * n, 0, n * sizeof(table->cells[0]));
	table->n_rows++;
	table->filled = 0;
}

void bp_table_cell(struct bp_table *table, enum bp_paint paint, const char *fmt, ...)
{
	char text[CELL_BYTES];
	struct bp_buf safe;
	va_list args;

	BP_ASSERT(table->n_rows > 0 && table->filled < table->n_columns);
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	bp_buf_init(&safe, 4 * sizeof(text));
	bp_print_clean(&safe, bp_str_from(text), true);
	struct cell *cell = table->cells + (table->n_rows - 1) * table->n_columns + table->filled;
	cell->text = bp_strdup(bp_buf_str(&safe));
	cell->width = bp_wrap_columns(cell->text);
	cell->paint = paint;
	table->filled++;
	bp_buf_done(&safe);
}

static const char *cell_text(const struct bp_table *table, size_t row, size_t column)
{
	const char *text = table->cells[row * table->n_columns + column].text;
	return text ? text : "";
}

/* RFC 4180. */
static void print_csv_field(const char *text, bool last)
{
	if (strpbrk(text, ",\"\r\n")) {
		(void)putchar('"');
		for (const char *c = text; *c; c++) {
			(void)fputs(*c == '"' ? "\"\"" : (char[]){*c, '\0'}, stdout);
		}
		(void)putchar('"');
	} else {
		(void)fputs(text, stdout);
	}
	(void)fputs(last ? "\r\n" : ",", stdout);
}

static void print_csv(const struct bp_table *table)
{
	for (size_t column = 0; column < table->n_columns; column++) {
		print_csv_field(table->columns[column].title, column + 1 == table->n_columns);
	}
	for (size_t row = 0; row < table->n_rows; row++) {
		for (size_t column = 0; column < table->n_columns; column++) {
			print_csv_field(cell_text(table, row, column),
					column + 1 == table->n_columns);
		}
	}
}

static void print_markdown_cell(const char *text)
{
	(void)putchar(' ');
	for (const char *c = text; *c; c++) {
		if (strchr("|\\`*_<>[]", *c)) {
			(void)putchar('\\');
		}
		(void)putchar(*c);
	}
	(void)fputs(" |", stdout);
}

static void print_markdown(const struct bp_table *table)
{
	(void)putchar('|');
	for (size_t column = 0; column < table->n_columns; column++) {
		print_markdown_cell(table->columns[column].title);
	}
	(void)fputs("\n|", stdout);
	for (size_t column = 0; column < table->n_columns; column++) {
		(void)fputs(table->columns[column].align == BP_RIGHT ? " ---: |" : " --- |",
			    stdout);
	}
	(void)putchar('\n');
	for (size_t row = 0; row < table->n_rows; row++) {
		(void)putchar('|');
		for (size_t column = 0; column < table->n_columns; column++) {
			print_markdown_cell(cell_text(table, row, column));
		}
		(void)putchar('\n');
	}
}

/* --- fitting the screen --- */

/* How wide each column is on this screen; 0: left out. */
struct fit {
	int widths[COLUMNS_MAX];
};

static int over(const struct bp_table *table, const struct fit *fit, int width)
{
	int total = -1;

	for (size_t i = 0; i < table->n_columns; i++) {
		total += fit->widths[i] ? fit->widths[i] + 1 : 0;
	}
	return total - width;
}

/* Take columns of the screen from the widest column that can be cut. False when none can. */
static bool shrink(const struct bp_table *table, struct fit *fit, int width)
{
	while (over(table, fit, width) > 0) {
		size_t widest = table->n_columns;
		for (size_t i = 0; i < table->n_columns; i++) {
			if (table->columns[i].align == BP_SHRINK && fit->widths[i] > SHRUNK_MIN &&
			    (widest == table->n_columns || fit->widths[i] > fit->widths[widest])) {
				widest = i;
			}
		}
		if (widest == table->n_columns) {
			return false;
		}
		fit->widths[widest]--;
	}
	return true;
}

static bool leave_one_out(const struct bp_table *table, struct fit *fit)
{
	size_t out = table->n_columns;

	for (size_t i = 0; i < table->n_columns; i++) {
		if (fit->widths[i] && table->columns[i].rank > 0 &&
		    (out == table->n_columns ||
		     table->columns[i].rank > table->columns[out].rank)) {
			out = i;
		}
	}
	if (out == table->n_columns) {
		return false;
	}
	fit->widths[out] = 0;
	return true;
}

static void fit_columns(const struct bp_table *table, const struct bp_print *print, struct fit *fit)
{
	struct fit natural;

	for (size_t i = 0; i < table->n_columns; i++) {
		natural.widths[i] = bp_wrap_columns(table->columns[i].title);
		for (size_t row = 0; row < table->n_rows; row++) {
			int width = table->cells[row * table->n_columns + i].width;
			natural.widths[i] = width > natural.widths[i] ? width : natural.widths[i];
		}
	}
	*fit = natural;
	while (print->width && !shrink(table, fit, print->width) &&
	       leave_one_out(table, &natural)) {
		*fit = natural;
	}
}

/* --- the screen --- */

/* A cell as this screen has room for it, and letters. */
struct shown {
	const char *text;
	char *own; /* NULL: the text is the cell's */
	int width;
};

static struct shown show_cell(const struct cell *cell, const struct bp_print *print, int width)
{
	struct shown shown = {.text = cell->text ? cell->text : "", .width = cell->width};
	struct bp_buf safe, fitting;

	if (cell->width <= width && print->utf8) { /* it was made safe for UTF-8 */
		return shown;
	}
	bp_buf_init(&safe, 4 * CELL_BYTES);
	bp_buf_init(&fitting, 4 * CELL_BYTES);
	bp_print_clean(&safe, bp_str_from(shown.text), print->utf8);
	bp_wrap_cut(&fitting, safe.len ? safe.ptr : "", width, print->utf8);
	shown.own = bp_strdup(bp_buf_str(&fitting));
	shown.text = shown.own;
	shown.width = bp_wrap_columns(shown.own);
	bp_buf_done(&safe);
	bp_buf_done(&fitting);
	return shown;
}

static void print_blanks(int n)
{
	for (int i = 0; i < n; i++) {
		(void)putc_unlocked(' ', stdout);
	}
}

/* Nothing stands behind the last column's text. */
static void print_shown(const struct shown *shown, const char *color, int width, bool right,
			bool last)
{
	int blanks = last && !*shown->text ? 0 : width - shown->width;

	color = *shown->text ? color : NULL;
	if (color) {
		(void)fputs_unlocked(color, stdout);
	}
	print_blanks(right ? blanks : 0);
	(void)fputs_unlocked(shown->text, stdout);
	print_blanks(right || last ? 0 : blanks);
	if (color) {
		(void)fputs_unlocked("\033[0m", stdout);
	}
	(void)putc_unlocked(last ? '\n' : ' ', stdout);
}

/* Cutting may leave a column narrower than it had room for. */
static void narrow_columns(const struct bp_table *table, const struct shown *shown, struct fit *fit)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		int widest = fit->widths[i] ? bp_wrap_columns(table->columns[i].title) : 0;
		for (size_t row = 0; row < table->n_rows && fit->widths[i]; row++) {
			int width = shown[row * table->n_columns + i].width;
			widest = width > widest ? width : widest;
		}
		fit->widths[i] = widest;
	}
}

/* row: NULL the titles. */
static void print_line(const struct bp_table *table, const struct bp_print *print,
		       const struct fit *fit, const struct shown *row, const struct cell *cells)
{
	size_t last = table->n_columns;

	while (last > 0 && !fit->widths[last - 1]) {
		last--;
	}
	for (size_t i = 0; i < last; i++) {
		const char *title = table->columns[i].title;
		struct shown head = {.text = title, .width = row ? 0 : bp_wrap_columns(title)};
		if (fit->widths[i]) {
			print_shown(row ? &row[i] : &head,
				    row && print->color ? bp_print_color(cells[i].paint) : NULL,
				    fit->widths[i], table->columns[i].align == BP_RIGHT,
				    i + 1 == last);
		}
	}
}

static void print_screen(const struct bp_table *table, const struct bp_print *print)
{
	size_t n = table->n_rows * table->n_columns;
	struct fit fit;

	if (n == 0) {
		return;
	}
	struct shown *shown = bp_calloc(n, sizeof(*shown));
	fit_columns(table, print, &fit);
	for (size_t i = 0; i < n; i++) {
		int width = fit.widths[i % table->n_columns];
		shown[i] = width ? show_cell(&table->cells[i], print, width) : (struct shown){0};
	}
	narrow_columns(table, shown, &fit);
	print_line(table, print, &fit, NULL, NULL);
	for (size_t i = 0; i < n; i += table->n_columns) {
		print_line(table, print, &fit, shown + i, table->cells + i);
	}
	for (size_t i = 0; i < n; i++) {
		free(shown[i].own);
	}
	free(shown);
}

void bp_table_print(const struct bp_table *table, const struct bp_print *print)
{
	if (print->format == BP_FORMAT_CSV) {
		print_csv(table);
	} else if (print->format == BP_FORMAT_MARKDOWN) {
		print_markdown(table);
	} else {
		print_screen(table, print);
	}
}
