/* SPDX-License-Identifier: MIT */
#include "cli/print.h"

#include <inttypes.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/wrap.h"

enum {
	COLUMNS_MAX = 32,
	CELL_BYTES = 1024,
	LINE_BYTES = 4096,
	WIDTH_MIN = 40,
	SHRUNK_MIN = 12,
	TAB = 8
};

static bool is_set(const char *name)
{
	const char *value = getenv(name);
	return value && *value;
}

int bp_print_width(int fd)
{
	struct winsize size = {0};
	const char *columns = getenv("COLUMNS");
	bool terminal = isatty(fd) == 1;
	intmax_t width = columns ? strtoimax(columns, NULL, 10) : 0;

	if (terminal && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col) {
		width = size.ws_col;
	}
	if (width <= 0 || width > 10000) {
		width = terminal ? 80 : 0;
	}
	return width > 0 && width < WIDTH_MIN ? WIDTH_MIN : (int)width;
}

void bp_print_init(struct bp_print *print, enum bp_format format, bool no_color)
{
	const char *force = getenv("CLICOLOR_FORCE");
	const char *term = getenv("TERM");
	bool forced = force && *force && strcmp(force, "0") != 0;
	bool dumb = !term || strcmp(term, "dumb") == 0;

	print->format = format;
	print->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	print->width = bp_print_width(STDOUT_FILENO);
	print->color =
		!no_color && !is_set("NO_COLOR") && (forced || (isatty(STDOUT_FILENO) && !dumb));
}

const char *bp_print_color(enum bp_paint paint)
{
	switch (paint) {
	case BP_PAINT_GOOD:
		return "\033[32m";
	case BP_PAINT_BAD:
		return "\033[31m";
	case BP_PAINT_WARN:
		return "\033[33m";
	case BP_PAINT_DIM:
		return "\033[2m";
	case BP_PAINT_NONE:
		break;
	}
	return NULL;
}

/* Print text made safe and broken at width columns; paint (NULL: none) stands before its first
 * painted columns (ASCII). */
static void print_text(const struct bp_print *print, struct bp_str text, int width, int indent,
		       const char *paint, size_t painted)
{
	struct bp_buf safe, lines;

	bp_buf_init(&safe, 4 * text.len + 1);
	bp_buf_init(&lines, 64 * text.len + 64);
	bp_print_clean(&safe, text, print->utf8);
	bp_wrap(&lines, bp_buf_str(&safe), width, indent);
	const char *line = lines.ptr ? lines.ptr : "";
	if (print->color && paint) {
		painted = painted < lines.len ? painted : lines.len;
		(void)printf("%s%.*s\033[0m%s\n", paint, (int)painted, line, line + painted);
	} else {
		(void)printf("%s\n", line);
	}
	bp_buf_done(&lines);
	bp_buf_done(&safe);
}

void bp_print_line(const struct bp_print *print, const char *fmt, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	print_text(print, bp_str_from(text), print->width, 0, NULL, 0);
}

void bp_print_title(const struct bp_print *print, const char *fmt, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	print_text(print, bp_str_from(text), print->width, 0, "\033[1m", SIZE_MAX);
}

void bp_print_field(const struct bp_print *print, enum bp_paint paint, int columns,
		    const char *label, const char *fmt, ...)
{
	char text[LINE_BYTES];
	va_list args;
	int n = snprintf(text, sizeof(text), "%-*.*s", columns, LINE_BYTES / 2, label);

	va_start(args, fmt);
	(void)vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, args);
	va_end(args);
	print_text(print, bp_str_from(text), print->width, columns, bp_print_color(paint),
		   strlen(label));
}

void bp_print_verbatim(const struct bp_print *print, struct bp_str line)
{
	struct bp_buf text;

	/* A tab is no more than blanks here, and those are harmless. */
	bp_buf_init(&text, TAB * line.len + 1);
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] == '\t') {
			bp_buf_printf(&text, "%*s", TAB, "");
		} else {
			bp_buf_add_char(&text, line.ptr[i]);
		}
	}
	print_text(print, bp_buf_str(&text), 0, 0, NULL, 0);
	bp_buf_done(&text);
}
