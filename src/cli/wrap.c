/* SPDX-License-Identifier: MIT */
#include "cli/wrap.h"

#include <string.h>
#include <wchar.h>

static int columns_of(struct bp_str text)
{
	mbstate_t state = {0};
	int width = 0;

	while (text.len > 0) {
		if (*text.ptr >= ' ' && *text.ptr <= '~') { /* most of what there is */
			width++;
			text.ptr++;
			text.len--;
			continue;
		}
		wchar_t c;
		size_t used = mbrtowc(&c, text.ptr, text.len, &state);
		bool broken = used == 0 || used > text.len;
		int columns = broken ? 1 : wcwidth(c);

		if (broken) {
			used = 1;
			memset(&state, 0, sizeof(state));
		}
		width += columns > 0 ? columns : 0;
		text.ptr += used;
		text.len -= used;
	}
	return width;
}

int bp_wrap_columns(const char *text)
{
	return columns_of(bp_str_from(text));
}

void bp_wrap_cut(struct bp_buf *out, const char *text, int width, bool utf8)
{
	mbstate_t state = {0};
	int left = width - 1;

	if (bp_wrap_columns(text) <= width) {
		bp_buf_add_str(out, bp_str_from(text));
		return;
	}
	for (size_t n = bp_str_from(text).len; n > 0;) {
		wchar_t c;
		size_t used = mbrtowc(&c, text, n, &state);
		bool broken = used == 0 || used > n;
		int columns = broken ? 1 : wcwidth(c);

		if (broken) {
			used = 1;
			memset(&state, 0, sizeof(state));
		}
		left -= columns > 0 ? columns : 0;
		if (left < 0) {
			break;
		}
		bp_buf_add(out, text, used);
		text += used;
		n -= used;
	}
	if (width > 0) {
		bp_buf_add_str(out, bp_str_from(utf8 ? "\xE2\x80\xA6" : "~"));
	}
}

static size_t run_of(struct bp_str text, size_t from, bool blanks)
{
	size_t to = from;

	while (to < text.len && (text.ptr[to] == ' ') == blanks) {
		to++;
	}
	return to;
}

void bp_wrap(struct bp_buf *out, struct bp_str text, int width, int indent)
{
	int at = 0;
	bool fresh = true; /* no word in this line yet */

	for (size_t i = 0; i < text.len;) {
		size_t word = run_of(text, i, true);
		size_t end = run_of(text, word, false);
		int gap = (int)(word - i);
		int columns = columns_of((struct bp_str){text.ptr + word, end - word});

		if (width > 0 && !fresh && columns > 0 && at + gap + columns > width) {
			bp_buf_printf(out, "\n%*s", indent, "");
			at = indent;
			gap = 0;
		}
		if (end > word || width == 0) { /* no blanks at the end */
			bp_buf_printf(out, "%*s", gap, "");
			bp_buf_add(out, text.ptr + word, end - word);
		}
		at += gap + columns;
		fresh = false;
		i = end;
	}
}
