/* SPDX-License-Identifier: MIT */
#include "cli/print.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "event/utf8.h"

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

enum bp_rc bp_print_json(struct cJSON *value, struct bp_err *err)
{
	char *text = cJSON_PrintUnformatted(value);
	struct bp_buf safe;
	enum bp_rc rc = BP_OK;

	cJSON_Delete(value);
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
