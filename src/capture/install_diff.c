/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "capture/install_parts.h"

enum { CONTEXT = 3, CELLS_MAX = 16 * 1024 * 1024 };

struct lines {
	struct bp_str *items; /* with their '\n' */
	size_t n;
};

static struct lines split(struct bp_str text)
{
	struct lines lines = {0};

	for (size_t at = 0; at < text.len;) {
		const char *end = memchr(text.ptr + at, '\n', text.len - at);
		size_t len = end ? (size_t)(end - text.ptr) + 1 - at : text.len - at;

		lines.items = bp_realloc(lines.items, lines.n + 1, sizeof(lines.items[0]));
		lines.items[lines.n++] = bp_str_make(text.ptr + at, len);
		at += len;
	}
	return lines;
}

/* What becomes of each line: kept in both, only before, only after. */
struct edit {
	char mark; /* ' ' '-' '+' */
	struct bp_str line;
	size_t before, after; /* lines of either text that come before it */
};

struct script {
	struct edit *items;
	size_t n;
	size_t before, after;
};

static void add(struct script *script, char mark, struct bp_str line)
{
	script->items[script->n++] = (struct edit){
		.mark = mark, .line = line, .before = script->before, .after = script->after};
	script->before += mark != '+' ? 1 : 0;
	script->after += mark != '-' ? 1 : 0;
}

/** The longest common subsequence of the middle parts decides; too large ones have none. */
static void compare(struct script *script, const struct bp_str *a, size_t n, const struct bp_str *b,
		    size_t m)
{
	size_t i = 0;
	size_t k = 0;

	if (n > 0 && m > 0 && (n + 1) <= CELLS_MAX / (m + 1)) {
		/* length[i][k]: common lines of a[i..] and b[k..] */
		uint32_t *length = bp_calloc((n + 1) * (m + 1), sizeof(*length));

		for (size_t r = n; r-- > 0;) {
			for (size_t c = m; c-- > 0;) {
				uint32_t down = length[(r + 1) * (m + 1) + c];
				uint32_t right = length[r * (m + 1) + c + 1];

				length[r * (m + 1) + c] =
					bp_str_eq(a[r], b[c])
						? length[(r + 1) * (m + 1) + c + 1] + 1
						: (down > right ? down : right);
			}
		}
		while (i < n && k < m) {
			if (bp_str_eq(a[i], b[k])) {
				add(script, ' ', a[i++]);
				k++;
			} else if (length[(i + 1) * (m + 1) + k] >= length[i * (m + 1) + k + 1]) {
				add(script, '-', a[i++]);
			} else {
				add(script, '+', b[k++]);
			}
		}
		free(length);
	}
	while (i < n) {
		add(script, '-', a[i++]);
	}
	while (k < m) {
		add(script, '+', b[k++]);
	}
}

static void print_range(struct bp_buf *out, char mark, size_t start, size_t n)
{
	bp_buf_printf(out, "%c%zu", mark, n == 0 ? start : start + 1);
	if (n != 1) {
		bp_buf_printf(out, ",%zu", n);
	}
}

static void print_hunk(const struct script *script, size_t from, size_t to, struct bp_buf *out)
{
	size_t before = 0;
	size_t after = 0;

	for (size_t i = from; i < to; i++) {
		before += script->items[i].mark != '+' ? 1 : 0;
		after += script->items[i].mark != '-' ? 1 : 0;
	}
	bp_buf_add_str(out, BP_STR("@@ "));
	print_range(out, '-', script->items[from].before, before);
	bp_buf_add_char(out, ' ');
	print_range(out, '+', script->items[from].after, after);
	bp_buf_add_str(out, BP_STR(" @@\n"));
	for (size_t i = from; i < to; i++) {
		struct bp_str line = script->items[i].line;

		bp_buf_add_char(out, script->items[i].mark);
		bp_buf_add_str(out, line);
		if (line.len == 0 || line.ptr[line.len - 1] != '\n') {
			bp_buf_add_str(out, BP_STR("\n\\ No newline at end of file\n"));
		}
	}
}

static void print(const struct script *script, struct bp_buf *out)
{
	size_t i = 0;

	while (i < script->n) {
		if (script->items[i].mark == ' ') {
			i++;
			continue;
		}
		size_t from = i > CONTEXT ? i - CONTEXT : 0;
		size_t last = i; /* the last change of this hunk */
		for (; i < script->n && i <= last + 2 * CONTEXT; i++) {
			if (script->items[i].mark != ' ') {
				last = i;
			}
		}
		size_t to = last + 1 + CONTEXT < script->n ? last + 1 + CONTEXT : script->n;
		print_hunk(script, from, to, out);
		i = to;
	}
}

void bp_diff_unified(struct bp_str before, struct bp_str after, const char *name,
		     struct bp_buf *out)
{
	if (bp_str_eq(before, after)) {
		return;
	}
	struct lines a = split(before);
	struct lines b = split(after);
	struct script script = {.items = bp_calloc(a.n + b.n + 1, sizeof(struct edit))};
	size_t head = 0;
	size_t tail = 0;

	while (head < a.n && head < b.n && bp_str_eq(a.items[head], b.items[head])) {
		add(&script, ' ', a.items[head++]);
	}
	while (tail < a.n - head && tail < b.n - head &&
	       bp_str_eq(a.items[a.n - 1 - tail], b.items[b.n - 1 - tail])) {
		tail++;
	}
	compare(&script, a.items + head, a.n - head - tail, b.items + head, b.n - head - tail);
	for (size_t i = a.n - tail; i < a.n; i++) {
		add(&script, ' ', a.items[i]);
	}
	bp_buf_printf(out, "--- %s\n+++ %s\n", name, name);
	print(&script, out);
	free(script.items);
	free(a.items);
	free(b.items);
}
