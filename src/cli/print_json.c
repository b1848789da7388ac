/* SPDX-License-Identifier: MIT */
/*
 * JSON as cJSON_PrintUnformatted() prints it, byte for byte, but for what could steer a terminal. Our
 * own, because answers are mostly whole numbers: cJSON prints each as a floating one and reads it
 * back, which was half the time of a long answer.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/print.h"
#include "cli/print_safe.h"
#include "event/utf8.h"

enum { NUMBER_BYTES = 32, PIECE_BYTES = 1 << 16, TEXT_BYTES_MAX = 1 << 30, DEPTH_MAX = 64 };

/* Below this a whole number has at most the 15 digits that cJSON prints, none of them behind an
 * exponent. */
#define WHOLE_MAX 1e15

struct printing {
	struct bp_buf text;
	bool failed; /* stdout */
};

static void flush(struct printing *printing)
{
	struct bp_buf *text = &printing->text;

	if (text->len > 0 && fwrite(text->ptr, 1, text->len, stdout) != text->len) {
		printing->failed = true;
	}
	bp_buf_clear(text);
}

static void print_whole(struct bp_buf *out, int64_t value)
{
	char digits[NUMBER_BYTES];
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0) {
		digits[--at] = '-';
	}
	bp_buf_add(out, digits + at, sizeof(digits) - at);
}

static void print_number(struct bp_buf *out, const cJSON *number)
{
	double value = number->valuedouble;

	if (fabs(value) < WHOLE_MAX && trunc(value) == value && (value != 0 || !signbit(value))) {
		print_whole(out, (int64_t)value);
		return;
	}
	char *text = cJSON_PrintUnformatted(number);
	bp_buf_add_str(out, text ? bp_str_from(text) : BP_STR("null"));
	cJSON_free(text);
}

/* How many bytes from at on stand in JSON as they are: most of what there is. */
static size_t plain_run(struct bp_str text, size_t at)
{
	size_t i = at;

	while (i < text.len && text.ptr[i] >= ' ' && text.ptr[i] <= '~' && text.ptr[i] != '"' &&
	       text.ptr[i] != '\\') {
		i++;
	}
	return i - at;
}

static void print_point(struct bp_buf *out, unsigned int point)
{
	static const char letters[] = "\"\\\b\f\n\r\t", escapes[] = "\"\\bfnrt";
	const char *letter = point > 0 && point < 0x80 ? strchr(letters, (int)point) : NULL;

	if (letter) {
		bp_buf_printf(out, "\\%c", escapes[letter - letters]);
	} else if (point >= 0x10000) {
		bp_buf_printf(out, "\\u%04x\\u%04x", 0xD800 + ((point - 0x10000) >> 10),
			      0xDC00 + ((point - 0x10000) & 0x3FF));
	} else {
		bp_buf_printf(out, "\\u%04x", point);
	}
}

/* Nothing may be lost: what could steer a terminal is escaped, broken UTF-8 replaced. */
static void print_string(struct bp_buf *out, const char *string)
{
	struct bp_str text = bp_str_from(string ? string : "");

	bp_buf_add_char(out, '"');
	for (size_t i = 0; i < text.len;) {
		size_t run = plain_run(text, i);
		if (run > 0) {
			bp_buf_add(out, text.ptr + i, run);
			i += run;
			continue;
		}
		const unsigned char *bytes = (const unsigned char *)text.ptr + i;
		size_t n = bp_utf8_sequence(bytes, text.len - i);
		unsigned int point = n ? bp_print_decode(bytes, n) : 0xFFFD;
		if (n > 1 && !bp_print_steers(point)) {
			bp_buf_add(out, bytes, n);
		} else {
			print_point(out, point);
		}
		i += n ? n : 1;
	}
	bp_buf_add_char(out, '"');
}

static void print_value(struct printing *printing, const cJSON *value, int depth);

static void print_items(struct printing *printing, const cJSON *value, int depth)
{
	struct bp_buf *out = &printing->text;
	bool object = cJSON_IsObject(value);

	BP_ASSERT(depth < DEPTH_MAX); /* ours are made level by level, in code */
	bp_buf_add_char(out, object ? '{' : '[');
	for (const cJSON *item = value->child; item; item = item->next) {
		if (object) {
			print_string(out, item->string);
			bp_buf_add_char(out, ':');
		}
		print_value(printing, item, depth + 1);
		if (item->next) {
			bp_buf_add_char(out, ',');
		}
	}
	bp_buf_add_char(out, object ? '}' : ']');
	if (out->len > PIECE_BYTES) {
		flush(printing);
	}
}

static void print_value(struct printing *printing, const cJSON *value, int depth)
{
	struct bp_buf *out = &printing->text;

	if (cJSON_IsNumber(value)) {
		print_number(out, value);
	} else if (cJSON_IsString(value)) {
		print_string(out, value->valuestring);
	} else if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
		print_items(printing, value, depth);
	} else if (cJSON_IsBool(value)) {
		bp_buf_add_str(out, cJSON_IsTrue(value) ? BP_STR("true") : BP_STR("false"));
	} else {
		bp_buf_add_str(out, BP_STR("null"));
	}
}

enum bp_rc bp_print_json(struct cJSON *value, struct bp_err *err)
{
	struct printing printing = {.failed = false};
	enum bp_rc rc = BP_OK;

	bp_buf_init(&printing.text, TEXT_BYTES_MAX);
	print_value(&printing, value, 0);
	cJSON_Delete(value);
	bp_buf_add_char(&printing.text, '\n');
	if (!bp_buf_ok(&printing.text)) {
		rc = bp_err_set(err, BP_ELIMIT, "the answer is too large for JSON");
	} else {
		flush(&printing);
	}
	if (rc == BP_OK && printing.failed) {
		rc = bp_err_set(err, BP_EIO, "cannot write the output: %s", strerrordesc_np(errno));
	}
	bp_buf_done(&printing.text);
	return rc;
}
