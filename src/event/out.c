/* SPDX-License-Identifier: MIT */
#include "event/out.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "event/utf8.h"

static const char hex_digits[] = "0123456789abcdef";

struct bp_out bp_out_make(char *space, size_t cap)
{
	return (struct bp_out){.ptr = space, .cap = cap};
}

struct bp_str bp_out_str(const struct bp_out *out)
{
	return bp_str_make(out->ptr, out->len);
}

/** Reserve n bytes; NULL when they do not fit, and from then on. */
static char *reserve(struct bp_out *out, size_t n)
{
	if (out->full || n > out->cap - out->len) {
		out->full = true;
		return NULL;
	}
	char *at = out->ptr + out->len;
	out->len += n;
	return at;
}

static void put(struct bp_out *out, const char *bytes, size_t n)
{
	char *at = reserve(out, n);

	if (at && n > 0) {
		memcpy(at, bytes, n);
	}
}

static void put_char(struct bp_out *out, char c)
{
	char *at = reserve(out, 1);

	if (at) {
		*at = c;
	}
}

static void begin_value(struct bp_out *out)
{
	if (out->comma) {
		put_char(out, ',');
	}
	out->comma = true;
}

static void open_container(struct bp_out *out, char bracket)
{
	begin_value(out);
	put_char(out, bracket);
	out->comma = false;
}

static void close_container(struct bp_out *out, char bracket)
{
	put_char(out, bracket);
	out->comma = true;
}

void bp_out_object(struct bp_out *out)
{
	open_container(out, '{');
}

void bp_out_object_end(struct bp_out *out)
{
	close_container(out, '}');
}

void bp_out_array(struct bp_out *out)
{
	open_container(out, '[');
}

void bp_out_array_end(struct bp_out *out)
{
	close_container(out, ']');
}

/** How many of the n bytes stand for themselves: printable ASCII but quote and backslash. */
static size_t plain_run(const unsigned char *bytes, size_t n)
{
	size_t i = 0;

#ifdef __SSE2__
	for (; n - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
		/* Signed: bytes from 0x80 on are negative, so one comparison finds them and controls. */
		__m128i special =
			_mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)),
				     _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
						  _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
		unsigned int hits = (unsigned int)_mm_movemask_epi8(special);
		if (hits) {
			return i + (size_t)__builtin_ctz(hits);
		}
	}
#endif
	while (i < n && bytes[i] >= 0x20 && bytes[i] < 0x80 && bytes[i] != '"' &&
	       bytes[i] != '\\') {
		i++;
	}
	return i;
}

static void put_escape(struct bp_out *out, unsigned char c)
{
	static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
				       ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};

	if (c < sizeof(letters) && letters[c] != 0) {
		put(out, (const char[]){'\\', letters[c]}, 2);
	} else {
		put(out,
		    (const char[]){'\\', 'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15]}, 6);
	}
}

static void put_string(struct bp_out *out, struct bp_str text)
{
	const unsigned char *bytes = (const unsigned char *)text.ptr;
	size_t i = 0;

	put_char(out, '"');
	while (i < text.len && !out->full) {
		size_t run = plain_run(bytes + i, text.len - i);
		put(out, text.ptr + i, run);
		i += run;
		if (i == text.len) {
			break;
		}
		if (bytes[i] < 0x80) {
			put_escape(out, bytes[i++]);
			continue;
		}
		size_t n = bp_utf8_sequence(bytes + i, text.len - i);
		put(out, n ? text.ptr + i : "\xEF\xBF\xBD", n ? n : 3);
		i += n ? n : 1;
	}
	put_char(out, '"');
}

void bp_out_key(struct bp_out *out, struct bp_str key)
{
	begin_value(out);
	put_string(out, key);
	put_char(out, ':');
	out->comma = false;
}

void bp_out_text(struct bp_out *out, struct bp_str text)
{
	begin_value(out);
	put_string(out, text);
}

void bp_out_int(struct bp_out *out, int64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	/* Negated as unsigned: the smallest number has no positive twin. */
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	begin_value(out);
	if (value < 0) {
		put_char(out, '-');
	}
	put(out, digits + at, sizeof(digits) - at);
}

void bp_out_bool(struct bp_out *out, bool value)
{
	bp_out_raw(out, value ? BP_STR("true") : BP_STR("false"));
}

void bp_out_raw(struct bp_out *out, struct bp_str json)
{
	begin_value(out);
	put(out, json.ptr, json.len);
}

void bp_out_member_text(struct bp_out *out, struct bp_str key, struct bp_str text)
{
	if (text.ptr) {
		bp_out_key(out, key);
		bp_out_text(out, text);
	}
}

void bp_out_member_int(struct bp_out *out, struct bp_str key, int64_t value)
{
	if (value != INT64_MIN) {
		bp_out_key(out, key);
		bp_out_int(out, value);
	}
}

void bp_out_member_flag(struct bp_out *out, struct bp_str key, bool value)
{
	if (value) {
		bp_out_key(out, key);
		bp_out_bool(out, true);
	}
}
