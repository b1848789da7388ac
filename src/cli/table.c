/* SPDX-License-Identifier: MIT */
/* The tables of print.h: filled once, printed in any format. */
#include <libsmartcols/libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "cli/print.h"
#include "cli/wrap.h"

enum { COLUMNS_MAX = 32, CELL_BYTES = 1024, SHRUNK_MIN = 12, LONG_ROWS = 64 };

struct cell {
	const char *text; /* safe UTF-8, in the table's arena; NULL: empty */
	int len;          /* of a plain one: bytes and columns */
	bool plain;       /* printable ASCII: harmless and as wide as it is long */
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
	bool odd;      /* some cell is not plain */
	struct bp_arena texts;
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
	bp_arena_done(&table->texts);
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

/* A backslash is left out: libsmartcols escapes what looks like an escape of its own. */
static bool is_plain(struct bp_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < ' ' || text.ptr[i] > '~' || text.ptr[i] == '\\') {
			return false;
		}
	}
	return true;
}

void bp_table_cell(struct bp_table *table, enum bp_paint paint, const char *fmt, ...)
{
	char space[CELL_BYTES];
	struct bp_str text;
	struct bp_buf safe;
	va_list args;

	BP_ASSERT(table->n_rows > 0 && table->filled < table->n_columns);
	va_start(args, fmt);
	if (strcmp(fmt, "%s") == 0) { /* most cells */
		const char *whole = va_arg(args, const char *);
		text = bp_str_make(whole, strnlen(whole, sizeof(space) - 1));
	} else {
		(void)vsnprintf(space, sizeof(space), fmt, args);
		text = bp_str_from(space);
	}
	va_end(args);
	struct cell *cell = table->cells + (table->n_rows - 1) * table->n_columns + table->filled;
	*cell = (struct cell){.plain = is_plain(text), .len = (int)text.len, .paint = paint};
	bp_buf_init(&safe, 4 * sizeof(space));
	if (!cell->plain) {
		bp_print_clean(&safe, text, true);
		text = bp_buf_str(&safe);
		table->odd = true;
	}
	cell->text = bp_arena_str(&table->texts, text).ptr;
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

static int cell_width(const struct bp_table *table, size_t row, size_t column)
{
	const struct cell *cell = &table->cells[row * table->n_columns + column];
	return cell->plain || !cell->text ? cell->len : bp_wrap_columns(cell->text);
}

static int over(const struct bp_table *table, const struct fit *fit, int width)
{
	int total = -1;

	for (size_t i = 0; i < table->n_columns; i++) {
		total += fit->widths[i] ? fit->widths[i] + 1 : 0;
	}
	return total - width;
}

static bool can_shrink(enum bp_align align)
{
	return align == BP_SHRINK || align == BP_WRAP;
}

/* Take columns of the screen from the widest column that can be cut. False when none can. */
static bool shrink(const struct bp_table *table, struct fit *fit, int width)
{
	while (over(table, fit, width) > 0) {
		size_t widest = table->n_columns;
		for (size_t i = 0; i < table->n_columns; i++) {
			if (can_shrink(table->columns[i].align) && fit->widths[i] > SHRUNK_MIN &&
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

/* False: something has to be cut. */
static bool fit_columns(const struct bp_table *table, const struct bp_print *print, struct fit *fit)
{
	struct fit natural = {0};

	for (size_t i = 0; i < table->n_columns; i++) {
		natural.widths[i] = bp_wrap_columns(table->columns[i].title);
		for (size_t row = 0; row < table->n_rows; row++) {
			int width = cell_width(table, row, i);
			natural.widths[i] = width > natural.widths[i] ? width : natural.widths[i];
		}
	}
	*fit = natural;
	while (print->width && !shrink(table, fit, print->width) &&
	       leave_one_out(table, &natural)) {
		*fit = natural;
	}
	return memcmp(fit->widths, natural.widths, table->n_columns * sizeof(fit->widths[0])) == 0;
}

/* --- the screen --- */

static void fill_line(const struct bp_table *table, const struct bp_print *print,
		      const struct fit *fit, size_t row, struct libscols_line *line)
{
	struct bp_buf safe, short_text;
	size_t at = 0;

	bp_buf_init(&safe, 4 * CELL_BYTES);
	bp_buf_init(&short_text, 4 * CELL_BYTES);
	for (size_t column = 0; column < table->n_columns; column++) {
		const struct cell *cell = table->cells + row * table->n_columns + column;
		if (!fit->widths[column]) {
			continue;
		}
		bp_buf_clear(&safe);
		bp_print_clean(&safe, bp_str_from(cell->text ? cell->text : ""), print->utf8);
		const char *text = safe.len ? safe.ptr : "";
		if (bp_wrap_columns(text) > fit->widths[column]) {
			bp_buf_clear(&short_text);
			if (table->columns[column].align == BP_WRAP) {
				bp_wrap(&short_text, bp_str_from(text), fit->widths[column], 0);
			} else {
				bp_wrap_cut(&short_text, text, fit->widths[column], print->utf8);
			}
			text = short_text.ptr;
		}
		BP_ASSERT(scols_line_set_data(line, at, text) == 0);
		if (print->color && bp_print_color(cell->paint)) {
			(void)scols_cell_set_color(scols_line_get_cell(line, at),
						   bp_print_color(cell->paint));
		}
		at++;
	}
	bp_buf_done(&safe);
	bp_buf_done(&short_text);
}

static void add_column(struct libscols_table *screen, const char *title, enum bp_align align)
{
	int flags = align == BP_RIGHT ? SCOLS_FL_RIGHT : align == BP_WRAP ? SCOLS_FL_WRAP : 0;
	struct libscols_column *column = scols_table_new_column(screen, title, 0, flags);

	BP_ASSERT(column);
	if (align == BP_WRAP) {
		/* The lines are ours: libsmartcols only sets them below each other. */
		(void)scols_column_set_safechars(column, "\n");
		(void)scols_column_set_wrapfunc(column, scols_wrapnl_chunksize,
						scols_wrapnl_nextchunk, NULL);
	}
}

/* --- long tables --- */

static void add_blanks(struct bp_buf *out, int n)
{
	for (int i = 0; i < n; i++) {
		bp_buf_add_char(out, ' ');
	}
}

/* As libsmartcols: a colour takes the blanks in, nothing stands behind the last column's text. */
static void add_plain(struct bp_buf *out, struct bp_str text, const char *color, int width,
		      bool right, bool last)
{
	int blanks = last && text.len == 0 ? 0 : width - (int)text.len;

	bp_buf_add_str(out, bp_str_from(color));
	add_blanks(out, right ? blanks : 0);
	bp_buf_add_str(out, text);
	add_blanks(out, right || last ? 0 : blanks);
	bp_buf_add_str(out, color ? BP_STR("\033[0m") : BP_STR(""));
	bp_buf_add_char(out, last ? '\n' : ' ');
}

/*
 * A long table of plain cells that all have room: libsmartcols would measure each of them twice more,
 * character by character, which is half the time of a thousand lines. Any other is its.
 */
static void print_long(const struct bp_table *table, const struct bp_print *print,
		       const struct fit *fit)
{
	size_t last = table->n_columns - 1;
	struct bp_buf out;

	while (last > 0 && !fit->widths[last]) {
		last--;
	}
	bp_buf_init(&out, SIZE_MAX / 2);
	for (size_t line = 0; line <= table->n_rows; line++) {
		const struct cell *cells =
			line ? table->cells + (line - 1) * table->n_columns : NULL;
		for (size_t i = 0; i <= last; i++) {
			struct bp_str text =
				cells ? bp_str_make(cells[i].text, (size_t)cells[i].len)
				      : bp_str_from(table->columns[i].title);
			if (fit->widths[i]) {
				add_plain(&out, text,
					  cells && print->color ? bp_print_color(cells[i].paint)
								: NULL,
					  fit->widths[i], table->columns[i].align == BP_RIGHT,
					  i == last);
			}
		}
	}
	(void)fwrite(out.ptr, 1, out.len, stdout);
	bp_buf_done(&out);
}

/* --- any table --- */

static void print_screen(const struct bp_table *table, const struct bp_print *print)
{
	struct fit fit;

	if (fit_columns(table, print, &fit) && !table->odd && table->n_rows >= LONG_ROWS) {
		print_long(table, print, &fit);
		return;
	}
	struct libscols_table *screen = scols_new_table();
	BP_ASSERT(screen);
	(void)scols_table_enable_colors(screen, print->color);
	(void)scols_table_enable_ascii(screen, !print->utf8);
	/* The columns fit already: no second opinion. */
	(void)scols_table_set_termforce(screen, SCOLS_TERMFORCE_NEVER);
	for (size_t column = 0; column < table->n_columns; column++) {
		if (fit.widths[column]) {
			add_column(screen, table->columns[column].title,
				   table->columns[column].align);
		}
	}
	for (size_t row = 0; row < table->n_rows; row++) {
		struct libscols_line *line = scols_table_new_line(screen, NULL);
		BP_ASSERT(line);
		fill_line(table, print, &fit, row, line);
	}
	(void)scols_print_table(screen);
	scols_unref_table(screen);
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
