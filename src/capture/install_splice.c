/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/mem.h"
#include "capture/install_parts.h"

/** A container's item as it stands in the text, with its key. */
struct item {
	size_t start, end; /* offsets in the text */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t offset_of(const struct bp_buf *text, const char *ptr)
{
	return (size_t)(ptr - text->ptr);
}

/** The items of a container; *out_n of them. Owns: the caller, free(). */
static struct item *list_items(const struct bp_buf *text, struct bp_json container, size_t *out_n)
{
	struct bp_json_iter iter = bp_json_each(container);
	struct item *items = NULL;
	struct bp_json value;
	struct bp_str key = {NULL, 0};
	size_t n = 0;
	bool object = container.type == BP_JSON_OBJECT;

	while (object ? bp_json_next_member(&iter, &key, &value)
		      : bp_json_next_element(&iter, &value)) {
		items = bp_realloc(items, n + 1, sizeof(*items));
		items[n].start = offset_of(text, object ? key.ptr - 1 : value.ptr);
		items[n].end = offset_of(text, value.ptr + value.len);
		n++;
	}
	*out_n = n;
	return items;
}

/** Replace the bytes from..to. */
static void splice(struct bp_buf *text, size_t from, size_t to, struct bp_str with)
{
	struct bp_buf out;

	bp_buf_init(&out, text->max);
	bp_buf_add(&out, text->ptr, from);
	bp_buf_add_str(&out, with);
	bp_buf_add(&out, text->ptr + to, text->len - to);
	bp_buf_clear(text);
	bp_buf_add_str(text, bp_buf_str(&out));
	text->failed = text->failed || !bp_buf_ok(&out);
	bp_buf_done(&out);
}

struct bp_json_style bp_json_style(struct bp_str text, struct bp_json root)
{
	struct bp_json_style style = {.pretty = true, .unit = "  ", .eol = "\n"};
	const char *at = root.ptr + 1;
	const char *end = root.ptr + root.len - 1;
	const char *line = NULL;

	if (memmem(text.ptr, text.len, "\r\n", 2)) {
		memcpy(style.eol, "\r\n", 3);
	}
	while (at < end && is_blank(*at)) {
		if (*at == '\n') {
			line = at + 1;
		}
		at++;
	}
	if (at == end) {
		return style; /* empty */
	}
	style.pretty = line != NULL;
	if (line && at > line && (size_t)(at - line) < sizeof(style.unit)) {
		memset(style.unit, 0, sizeof(style.unit));
		memcpy(style.unit, line, (size_t)(at - line));
	}
	return style;
}

/** The blanks that the line of an offset begins with. */
static struct bp_str indent_at(const struct bp_buf *text, size_t at)
{
	size_t start = at;
	size_t end = 0;

	while (start > 0 && text->ptr[start - 1] != '\n') {
		start--;
	}
	end = start;
	while (end < text->len && (text->ptr[end] == ' ' || text->ptr[end] == '\t')) {
		end++;
	}
	return bp_str_make(text->ptr + start, end - start);
}

static void new_line(struct bp_buf *out, const struct bp_json_style *style, struct bp_str indent,
		     size_t depth)
{
	bp_buf_add_str(out, bp_str_from(style->eol));
	bp_buf_add_str(out, indent);
	for (size_t i = 0; i < depth; i++) {
		bp_buf_add_str(out, bp_str_from(style->unit));
	}
}

/** Compact JSON laid out over lines; indent is that of the line it begins on. */
static void lay_out(struct bp_buf *out, struct bp_str json, const struct bp_json_style *style,
		    struct bp_str indent)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < json.len; i++) {
		char c = json.ptr[i];

		if (in_string || c == '"') {
			bp_buf_add_char(out, c);
			if (c == '\\') {
				bp_buf_add_char(out, json.ptr[++i]);
			} else if (c == '"') {
				in_string = !in_string;
			}
		} else if (c == '{' || c == '[') {
			bp_buf_add_char(out, c);
			if (json.ptr[i + 1] == '}' || json.ptr[i + 1] == ']') {
				bp_buf_add_char(out, json.ptr[++i]);
			} else {
				new_line(out, style, indent, ++depth);
			}
		} else if (c == '}' || c == ']') {
			new_line(out, style, indent, --depth);
			bp_buf_add_char(out, c);
		} else {
			bp_buf_add_char(out, c);
			if (c == ',') {
				new_line(out, style, indent, depth);
			} else if (c == ':') {
				bp_buf_add_char(out, ' ');
			}
		}
	}
}

static void put_item(struct bp_buf *out, struct bp_str key, struct bp_str item,
		     const struct bp_json_style *style, bool pretty, struct bp_str indent)
{
	if (key.ptr) {
		bp_buf_add_char(out, '"');
		bp_buf_add_str(out, key);
		bp_buf_add_str(out, pretty ? BP_STR("\": ") : BP_STR("\":"));
	}
	if (pretty) {
		lay_out(out, item, style, indent);
	} else {
		bp_buf_add_str(out, item);
	}
}

/** Into an empty container: what is between the brackets goes. */
static void fill(struct bp_buf *text, struct bp_json container, struct bp_str key,
		 struct bp_str item, const struct bp_json_style *style)
{
	size_t open = offset_of(text, container.ptr);
	size_t close = open + container.len - 1;
	struct bp_buf out;
	struct bp_buf indent;

	bp_buf_init(&out, BP_INSTALL_BYTES_MAX);
	bp_buf_init(&indent, BP_INSTALL_BYTES_MAX);
	bp_buf_add_str(&indent, indent_at(text, open));
	if (style->pretty) {
		struct bp_buf inner;

		bp_buf_init(&inner, BP_INSTALL_BYTES_MAX);
		bp_buf_add_str(&inner, bp_buf_str(&indent));
		bp_buf_add_str(&inner, bp_str_from(style->unit));
		new_line(&out, style, bp_buf_str(&inner), 0);
		put_item(&out, key, item, style, true, bp_buf_str(&inner));
		new_line(&out, style, bp_buf_str(&indent), 0);
		bp_buf_done(&inner);
	} else {
		put_item(&out, key, item, style, false, (struct bp_str){NULL, 0});
	}
	splice(text, open + 1, close, bp_buf_str(&out));
	bp_buf_done(&out);
	bp_buf_done(&indent);
}

void bp_json_insert(struct bp_buf *text, struct bp_json container, struct bp_str key,
		    struct bp_str item, const struct bp_json_style *style)
{
	size_t n = 0;
	struct item *items = list_items(text, container, &n);
	struct bp_buf out;

	if (n == 0) {
		fill(text, container, key, item, style);
		free(items);
		return;
	}
	size_t open = offset_of(text, container.ptr);
	size_t at = items[n - 1].end;
	bool lines = memchr(text->ptr + open, '\n', items[0].start - open) != NULL;
	bp_buf_init(&out, BP_INSTALL_BYTES_MAX);
	bp_buf_add_char(&out, ',');
	if (lines) {
		struct bp_str indent = indent_at(text, items[0].start);

		new_line(&out, style, indent, 0);
		put_item(&out, key, item, style, true, indent);
	} else {
		/* As between the others, else nothing. */
		if (n > 1 && text->ptr[items[1].start - 1] == ' ') {
			bp_buf_add_char(&out, ' ');
		}
		put_item(&out, key, item, style, false, (struct bp_str){NULL, 0});
	}
	splice(text, at, at, bp_buf_str(&out));
	bp_buf_done(&out);
	free(items);
}

void bp_json_remove(struct bp_buf *text, struct bp_json container, size_t i)
{
	const struct bp_str nothing = {NULL, 0};
	size_t n = 0;
	struct item *items = list_items(text, container, &n);

	BP_ASSERT(i < n);
	if (n == 1) {
		/* Nothing is left: no blanks either. */
		size_t open = offset_of(text, container.ptr);

		splice(text, open + 1, open + container.len - 1, nothing);
	} else if (i + 1 < n) {
		splice(text, items[i].start, items[i + 1].start, nothing);
	} else {
		splice(text, items[i - 1].end, items[i].end, nothing);
	}
	free(items);
}

void bp_json_replace(struct bp_buf *text, struct bp_json value, struct bp_str bytes)
{
	size_t at = offset_of(text, value.ptr);

	splice(text, at, at + value.len, bytes);
}
