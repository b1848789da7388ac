/* SPDX-License-Identifier: MIT */
/*
 * The four formats that are text. A row is written into memory that is reserved for the worst case
 * beforehand, so that nothing is checked per byte.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "event/out.h"
#include "event/timestamp.h"
#include "query/export_private.h"

enum {
	NUMBER_BYTES = 40,
	ESCAPED = 6,         /* a byte as JSON: \u00XX */
	MICRO_PER_USD = 12,  /* digits behind the point of a pico-USD */
	PICO_DIGITS = 1 + 19 /* of an int64 */
};

struct column {
	enum bp_export_type type;
	struct bp_str key; /* "name": */
};

struct bp_export_text_form {
	enum bp_export_format format;
	bool sparse, safe_csv;
	void (*clean)(struct bp_buf *out, struct bp_str text);
	const char *what;
	const struct bp_export_column *columns;
	size_t n;
	size_t fixed_bytes; /* of a row: everything but texts */
	struct column *keys;
	char *text;
};

struct bp_export_text_form *bp_export_text_form_new(const struct bp_export *export,
						    const struct bp_export_target *target)
{
	struct bp_export_text_form *form = bp_calloc(1, sizeof(*form));
	size_t bytes = 0;

	*form = (struct bp_export_text_form){.format = target->format,
					     .sparse = export->dataset->sparse,
					     .safe_csv = target->safe_csv,
					     .clean = target->clean,
					     .what = export->dataset->name,
					     .columns = export->columns,
					     .n = export->n_columns};
	for (size_t i = 0; i < form->n; i++) {
		bytes += strlen(form->columns[i].name) + 3;
	}
	form->fixed_bytes = bytes + form->n * (NUMBER_BYTES + 8) + 16;
	form->keys = bp_calloc(form->n + 1, sizeof(form->keys[0]));
	form->text = bp_calloc(bytes + 1, 1);
	char *at = form->text;
	for (size_t i = 0; i < form->n; i++) {
		size_t n = strlen(form->columns[i].name);
		form->keys[i] = (struct column){form->columns[i].type, bp_str_make(at, n + 3)};
		*at++ = '"';
		memcpy(at, form->columns[i].name, n);
		at += n;
		*at++ = '"';
		*at++ = ':';
	}
	return form;
}

void bp_export_text_form_free(struct bp_export_text_form *form)
{
	if (form) {
		free(form->keys);
		free(form->text);
		free(form);
	}
}

bool bp_export_text_divides(const struct bp_export_text_form *form)
{
	return form->format == BP_EXPORT_AS_JSON;
}

/* --- values --- */

static char *write_int(char *at, int64_t value)
{
	char digits[PICO_DIGITS];
	size_t n = 0;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	if (value < 0) {
		*at++ = '-';
	}
	do {
		digits[n++] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	while (n > 0) {
		*at++ = digits[--n];
	}
	return at;
}

/* Exactly: a pico-USD is a whole number. */
static char *write_usd(char *at, int64_t pusd)
{
	enum { PLACES = 12 };
	static const uint64_t one = UINT64_C(1000000000000);
	uint64_t amount = pusd < 0 ? 0 - (uint64_t)pusd : (uint64_t)pusd;
	uint64_t rest = amount % one;

	if (pusd < 0) {
		*at++ = '-';
	}
	at = write_int(at, (int64_t)(amount / one));
	if (rest > 0) {
		*at++ = '.';
		for (int i = PLACES - 1; i >= 0; i--) {
			at[i] = (char)('0' + rest % 10);
			rest /= 10;
		}
		for (at += PLACES; at[-1] == '0'; at--) {
		}
	}
	return at;
}

/* The shortest of three forms that reads back as the same number; the locale is C's for numbers. */
static char *write_real(char *at, double value)
{
	static const int digits[] = {15, 16, 17};
	int n = 0;

	for (size_t i = 0; i < sizeof(digits) / sizeof(digits[0]); i++) {
		n = snprintf(at, NUMBER_BYTES, "%.*g", digits[i], value);
		if (strtod(at, NULL) == value) {
			break;
		}
	}
	return at + n;
}

/* Everything that is no text; false: it is one. */
static bool write_number(char **at, enum bp_export_type type, const struct bp_export_value *value)
{
	switch (type) {
	case BP_EXPORT_INT:
		*at = write_int(*at, value->number);
		return true;
	case BP_EXPORT_USD:
		*at = write_usd(*at, value->number);
		return true;
	case BP_EXPORT_REAL:
		*at = write_real(*at, value->real);
		return true;
	case BP_EXPORT_BOOL:
		memcpy(*at, value->number ? "true" : "false", 5);
		*at += value->number ? 4 : 5;
		return true;
	case BP_EXPORT_TIME:
	case BP_EXPORT_TEXT:
	case BP_EXPORT_JSON:
		break;
	}
	return false;
}

/* Is nothing in it to be escaped or mended? Eight bytes at a time, the rest as eight with blanks; a
 * byte that only looks special costs a second look. */
static bool is_plain(struct bp_str text)
{
	static const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t special = 0;

	for (size_t i = 0; i < text.len; i += 8) {
		uint64_t word = ones * ' ';

		memcpy(&word, text.ptr + i, text.len - i < 8 ? text.len - i : 8);
		/* The top bit is set by bytes from 0x80 on, below 0x20, and by both of these. */
		special |= word | (word - ones * ' ') | ((word ^ ones * '"') - ones) |
			   ((word ^ ones * '\\') - ones);
	}
	return (special & ones * 0x80) == 0;
}

static char *write_json_text(char *at, size_t room, struct bp_str text)
{
	if (is_plain(text)) {
		*at++ = '"';
		if (text.len > 0) {
			memcpy(at, text.ptr, text.len);
		}
		at[text.len] = '"';
		return at + text.len + 1;
	}
	struct bp_out out = bp_out_make(at, room);

	bp_out_text(&out, text);
	return at + out.len;
}

/* JSON that stands on a line of its own: a line end in it can only be a blank between its words. */
static char *write_json(char *at, struct bp_str json)
{
	memcpy(at, json.ptr, json.len);
	if (memchr(at, '\n', json.len) || memchr(at, '\r', json.len)) {
		for (size_t i = 0; i < json.len; i++) {
			at[i] = (char)(at[i] == '\n' || at[i] == '\r' ? ' ' : at[i]);
		}
	}
	return at + json.len;
}

static bool is_missing(enum bp_export_type type, const struct bp_export_value *value)
{
	return value->null || (type == BP_EXPORT_REAL && !isfinite(value->real)) ||
	       (type == BP_EXPORT_JSON && value->text.len == 0);
}

static char *write_time(char *at, int64_t ts_us)
{
	return at + bp_timestamp_format(ts_us, at);
}

/* --- rows --- */

static char *json_row(const struct bp_export_text_form *form, const struct bp_export_value *values,
		      char *at)
{
	*at++ = '{';
	char *first = at;
	for (size_t i = 0; i < form->n; i++) {
		const struct column *column = &form->keys[i];
		const struct bp_export_value *value = &values[i];
		bool missing = is_missing(column->type, value);
		bool is_false = column->type == BP_EXPORT_BOOL && !value->number;

		if (form->sparse && (missing || is_false)) {
			continue;
		}
		if (at > first) {
			*at++ = ',';
		}
		memcpy(at, column->key.ptr, column->key.len);
		at += column->key.len;
		if (missing) {
			memcpy(at, "null", 4);
			at += 4;
		} else if (column->type == BP_EXPORT_TIME) {
			*at++ = '"';
			at = write_time(at, value->number);
			*at++ = '"';
		} else if (column->type == BP_EXPORT_JSON) {
			at = write_json(at, value->text);
		} else if (!write_number(&at, column->type, value)) {
			at = write_json_text(at, ESCAPED * value->text.len + 3, value->text);
		}
	}
	*at++ = '}';
	return at;
}

/* RFC 4180: quoted when it has a quote, a comma, a line end or a blank at an end. */
static char *csv_text(char *at, struct bp_str text, bool safe)
{
	bool formula = safe && text.len > 0 && memchr("=+-@\t\r", text.ptr[0], 6);
	bool quoted = text.len == 0 || text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ';

	for (size_t i = 0; i < text.len && !quoted; i++) {
		char c = text.ptr[i];
		quoted = c == '"' || c == ',' || c == '\n' || c == '\r';
	}
	if (quoted) {
		*at++ = '"';
	}
	if (formula) {
		*at++ = '\'';
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"') {
			*at++ = '"';
		}
		*at++ = text.ptr[i];
	}
	if (quoted) {
		*at++ = '"';
	}
	return at;
}

/* A cell ends at a bar and at a line end; what is markup elsewhere is shown as it is. */
static char *markdown_text(char *at, struct bp_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '\n' || c == '\r') {
			c = ' ';
		}
		if (c != 0 && strchr("|\\`*_<>[]", c)) {
			*at++ = '\\';
		}
		*at++ = c;
	}
	return at;
}

static char *cell(const struct bp_export_text_form *form, enum bp_export_type type,
		  const struct bp_export_value *value, char *at)
{
	if (is_missing(type, value)) {
		return at;
	}
	if (type == BP_EXPORT_TIME) {
		return write_time(at, value->number);
	}
	if (!write_number(&at, type, value)) {
		at = form->format == BP_EXPORT_CSV ? csv_text(at, value->text, form->safe_csv)
						   : markdown_text(at, value->text);
	}
	return at;
}

static char *csv_row(const struct bp_export_text_form *form, const struct bp_export_value *values,
		     char *at)
{
	for (size_t i = 0; i < form->n; i++) {
		if (i > 0) {
			*at++ = ',';
		}
		at = cell(form, form->keys[i].type, &values[i], at);
	}
	*at++ = '\r';
	*at++ = '\n';
	return at;
}

static char *markdown_row(const struct bp_export_text_form *form,
			  const struct bp_export_value *values, char *at)
{
	*at++ = '|';
	for (size_t i = 0; i < form->n; i++) {
		*at++ = ' ';
		at = cell(form, form->keys[i].type, &values[i], at);
		*at++ = ' ';
		*at++ = '|';
	}
	*at++ = '\n';
	return at;
}

static void write_row(const struct bp_export_text_form *form, const struct bp_export_value *values,
		      struct bp_buf *out)
{
	size_t most = form->fixed_bytes;

	for (size_t i = 0; i < form->n; i++) {
		most += ESCAPED * values[i].text.len;
	}
	char *start = bp_buf_reserve(out, most);
	if (!start) {
		return; /* failed for good: whoever flushes says so */
	}
	char *at = start;
	switch (form->format) {
	case BP_EXPORT_AS_JSON:
		*at++ = ',';
		at = json_row(form, values, at);
		break;
	case BP_EXPORT_JSONL:
		at = json_row(form, values, at);
		*at++ = '\n';
		break;
	case BP_EXPORT_CSV:
		at = csv_row(form, values, at);
		break;
	case BP_EXPORT_MARKDOWN:
		at = markdown_row(form, values, at);
		break;
	case BP_EXPORT_PARQUET:
		break;
	}
	BP_ASSERT((size_t)(at - start) <= most);
	out->len += (size_t)(at - start);
	*at = '\0';
}

/* On a terminal: the same row of texts that cannot steer it. */
static void write_clean(const struct bp_export_text_form *form,
			const struct bp_export_value *values, struct bp_buf *out)
{
	struct bp_export_value copy[BP_EXPORT_COLUMNS_MAX];
	struct bp_buf texts[BP_EXPORT_COLUMNS_MAX];

	for (size_t i = 0; i < form->n; i++) {
		copy[i] = values[i];
		bp_buf_init(&texts[i], BP_EXPORT_TEXT_MAX);
		if (values[i].text.ptr) {
			form->clean(&texts[i], values[i].text);
			copy[i].text = texts[i].ptr ? bp_buf_str(&texts[i]) : BP_STR("");
		}
	}
	write_row(form, copy, out);
	for (size_t i = 0; i < form->n; i++) {
		bp_buf_done(&texts[i]);
	}
}

void bp_export_text_row(const struct bp_export_text_form *form,
			const struct bp_export_value *values, struct bp_buf *out)
{
	if (form->clean) {
		write_clean(form, values, out);
	} else {
		write_row(form, values, out);
	}
}

/* --- begin and end --- */

static void markdown_head(const struct bp_export_text_form *form, struct bp_buf *out)
{
	bp_buf_add_char(out, '|');
	for (size_t i = 0; i < form->n; i++) {
		bp_buf_printf(out, " %s |", form->columns[i].name);
	}
	bp_buf_add_str(out, BP_STR("\n|"));
	for (size_t i = 0; i < form->n; i++) {
		enum bp_export_type type = form->columns[i].type;
		bool right =
			type == BP_EXPORT_INT || type == BP_EXPORT_REAL || type == BP_EXPORT_USD;
		bp_buf_add_str(out, right ? BP_STR(" ---: |") : BP_STR(" --- |"));
	}
	bp_buf_add_char(out, '\n');
}

static void csv_head(const struct bp_export_text_form *form, struct bp_buf *out)
{
	for (size_t i = 0; i < form->n; i++) {
		bp_buf_printf(out, "%s%s", i > 0 ? "," : "", form->columns[i].name);
	}
	bp_buf_add_str(out, BP_STR("\r\n"));
}

void bp_export_text_begin(const struct bp_export_text_form *form, struct bp_buf *out)
{
	switch (form->format) {
	case BP_EXPORT_AS_JSON:
		bp_buf_printf(out, "{\"schema_version\":1,\"what\":\"%s\",\"rows\":[", form->what);
		break;
	case BP_EXPORT_CSV:
		csv_head(form, out);
		break;
	case BP_EXPORT_MARKDOWN:
		markdown_head(form, out);
		break;
	case BP_EXPORT_JSONL:
	case BP_EXPORT_PARQUET:
		break;
	}
}

void bp_export_text_end(const struct bp_export_text_form *form, struct bp_buf *out)
{
	if (form->format == BP_EXPORT_AS_JSON) {
		bp_buf_add_str(out, BP_STR("]}\n"));
	}
}
