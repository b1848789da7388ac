/* SPDX-License-Identifier: MIT */
#include "cli/print.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "event/utf8.h"

enum { NUMBER_BYTES = 32, DEPTH_MAX = 64, MONEY_DIGITS = 12 };

#define WHOLE_MAX 1e15 /* below, a whole number has 15 digits at most, and "%g" no exponent */
#define FIXED_MIN 1e-4 /* below, "%g" has an exponent */
#define MONEY_UNITS UINT64_C(1000000000000) /* in a dollar */

/* Control characters, and marks that reorder or hide what stands around them. */
static bool steers(unsigned int point)
{
	return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0xAD || point == 0x61C ||
	       (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
	       (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF ||
	       (point >= 0xFFF9 && point <= 0xFFFB) || (point >= 0xE0000 && point <= 0xE0FFF);
}

static unsigned int decode(const unsigned char *bytes, size_t n)
{
	static const unsigned char lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	unsigned int point = bytes[0] & lead_mask[n];

	for (size_t i = 1; i < n; i++) {
		point = point << 6 | (bytes[i] & 0x3F);
	}
	return point;
}

/* How many bytes from at on can neither steer nor be broken: most of what there is. */
static size_t plain_run(struct bp_str text, size_t at)
{
	size_t i = at;

	while (i < text.len && text.ptr[i] >= ' ' && text.ptr[i] <= '~') {
		i++;
	}
	return i - at;
}

void bp_print_clean(struct bp_buf *out, struct bp_str text, bool utf8)
{
	const char *const replacement = utf8 ? "\xEF\xBF\xBD" : "?";

	for (size_t i = 0; i < text.len;) {
		size_t run = plain_run(text, i);
		if (run > 0) {
			bp_buf_add(out, text.ptr + i, run);
			i += run;
			continue;
		}
		const unsigned char *bytes = (const unsigned char *)text.ptr + i;
		size_t n = bp_utf8_sequence(bytes, text.len - i);
		unsigned int point = n ? decode(bytes, n) : 0;
		if (n == 0 || steers(point) || (n > 1 && !utf8)) {
			bp_buf_add_str(out, bp_str_from(replacement));
		} else {
			bp_buf_add(out, bytes, n);
		}
		i += n ? n : 1;
	}
}

/* In JSON nothing may be lost: what could steer a terminal is escaped, broken UTF-8 replaced. */
static void clean_json(struct bp_buf *out, struct bp_str text)
{
	for (size_t i = 0; i < text.len;) {
		size_t run = plain_run(text, i);
		if (run > 0) {
			bp_buf_add(out, text.ptr + i, run);
			i += run;
			continue;
		}
		const unsigned char *bytes = (const unsigned char *)text.ptr + i;
		size_t n = bp_utf8_sequence(bytes, text.len - i);
		unsigned int point = n ? decode(bytes, n) : 0xFFFD;
		if (n != 0 && !steers(point)) {
			bp_buf_add(out, bytes, n);
		} else if (point >= 0x10000) {
			bp_buf_printf(out, "\\u%04x\\u%04x", 0xD800 + ((point - 0x10000) >> 10),
				      0xDC00 + ((point - 0x10000) & 0x3FF));
		} else {
			bp_buf_printf(out, "\\u%04x", point);
		}
		i += n ? n : 1;
	}
}

/* --- numbers, of which answers are made --- */

/* The digits of n, right-aligned; with zeros in front up to `at_least` of them. Where they begin. */
static char *digits_of(char *end, uint64_t n, int at_least)
{
	char *at = end;

	for (; n > 0 || end - at < at_least; n /= 10) {
		*--at = (char)('0' + n % 10);
	}
	return at;
}

/*
 * The text that cJSON gives a number ("%1.15g", when that reads back as the same), for those that are
 * most: whole ones, and money, which has up to 12 digits behind the point. Both have 15 digits at most
 * together, so these are the 15 of "%g". Absent for any other.
 */
static struct bp_str number_text(char space[NUMBER_BYTES], double value)
{
	double size = fabs(value);
	bool whole = size < WHOLE_MAX && trunc(size) == size;
	char *end = space + NUMBER_BYTES;
	char *at = end;

	if (whole && (size > 0 || !signbit(value))) {
		at = digits_of(end, (uint64_t)size, 1);
	} else if (size >= FIXED_MIN && size < WHOLE_MAX / (double)MONEY_UNITS) {
		uint64_t units = (uint64_t)(size * (double)MONEY_UNITS + 0.5);
		if ((double)units / (double)MONEY_UNITS != size) {
			return (struct bp_str){0};
		}
		at = digits_of(end, units % MONEY_UNITS, MONEY_DIGITS);
		*--at = '.';
		at = digits_of(at, units / MONEY_UNITS, 1);
		while (end[-1] == '0') {
			end--;
		}
	} else {
		return (struct bp_str){0};
	}
	if (value < 0) {
		*--at = '-';
	}
	return bp_str_make(at, (size_t)(end - at));
}

/* Numbers become the text they will be printed as: cJSON prints each as a floating one, reads it back
 * and compares, which was half the time of a long answer. */
static void spell_numbers(struct cJSON *value, struct bp_arena *texts, int depth)
{
	char space[NUMBER_BYTES];

	BP_ASSERT(depth < DEPTH_MAX); /* ours are made level by level, in code */
	for (cJSON *item = value; item; item = item->next) {
		if (cJSON_IsNumber(item)) {
			struct bp_str text = number_text(space, item->valuedouble);
			if (text.ptr) {
				item->valuestring =
					(char *)(uintptr_t)bp_arena_str(texts, text).ptr;
				item->type = (item->type & ~0xFF) | cJSON_Raw | cJSON_IsReference;
			}
		} else if (item->child) {
			spell_numbers(item->child, texts, depth + 1);
		}
	}
}

enum bp_rc bp_print_json(struct cJSON *value, struct bp_err *err)
{
	struct bp_arena texts = {0};
	spell_numbers(value, &texts, 0);
	char *text = cJSON_PrintUnformatted(value);
	struct bp_buf safe;
	enum bp_rc rc = BP_OK;

	cJSON_Delete(value);
	bp_arena_done(&texts);
	if (!text) {
		return bp_err_set(err, BP_ELIMIT, "the answer is too large for JSON");
	}
	struct bp_str plain = bp_str_from(text);
	bp_buf_init(&safe, 6 * plain.len + 2);
	clean_json(&safe, plain);
	bp_buf_add_char(&safe, '\n');
	if (fwrite(safe.ptr, 1, safe.len, stdout) != safe.len) {
		rc = bp_err_set(err, BP_EIO, "cannot write the output: %s", strerrordesc_np(errno));
	}
	bp_buf_done(&safe);
	cJSON_free(text);
	return rc;
}
