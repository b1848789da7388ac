/* SPDX-License-Identifier: MIT */
#include "event/json.h"

#include "event/utf8.h"

enum { PIECE_BYTES = 4096, ESCAPE_BYTES_MAX = 4, REPLACEMENT = 0xFFFD };

/** Four hex digits at p; -1 when they are not there. */
static int read_hex4(const char *p, const char *end)
{
	int value = 0;

	if (end - p < 4) {
		return -1;
	}
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0) {
			return -1;
		}
		value = value * 16 + digit;
	}
	return value;
}

/** The code point of "\uXXXX" at p, a surrogate pair taken together; *after is behind it. */
static unsigned int read_unicode(const char *p, const char *end, const char **after)
{
	int high = read_hex4(p + 2, end);

	if (high < 0) {
		*after = p + 2;
		return REPLACEMENT;
	}
	*after = p + 6;
	if (high < 0xD800 || high > 0xDFFF) {
		return (unsigned int)high;
	}
	if (high < 0xDC00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
		int low = read_hex4(p + 8, end);
		if (low >= 0xDC00 && low <= 0xDFFF) {
			*after = p + 12;
			return 0x10000u + ((unsigned int)(high - 0xD800) << 10) +
			       (unsigned int)(low - 0xDC00);
		}
	}
	return REPLACEMENT;
}

/** Decode the escape at *at (a backslash); returns the bytes written. */
static size_t decode_escape(const char **at, const char *end, char out[ESCAPE_BYTES_MAX])
{
	static const char letters[] = {['"'] = '"',  ['/'] = '/',  ['\\'] = '\\', ['b'] = '\b',
				       ['f'] = '\f', ['n'] = '\n', ['r'] = '\r',  ['t'] = '\t'};
	const char *p = *at;
	unsigned char c = end - p >= 2 ? (unsigned char)p[1] : 0;

	if (c < sizeof(letters) && letters[c] != 0) {
		out[0] = letters[c];
		*at = p + 2;
		return 1;
	}
	if (c == 'u') {
		return bp_utf8_put(read_unicode(p, end, at), out);
	}
	/* Only the backslash is bad: what follows may be the first byte of a longer character. */
	*at = p + 1;
	return bp_utf8_put(REPLACEMENT, out);
}

struct bp_json_text bp_json_text_start(struct bp_json value)
{
	if (value.type != BP_JSON_STRING || value.len < 2) {
		return (struct bp_json_text){NULL, NULL};
	}
	return (struct bp_json_text){value.ptr + 1, value.ptr + value.len - 1};
}

size_t bp_json_text_next(struct bp_json_text *text, char *space, size_t cap)
{
	size_t used = 0;

	while (text->at < text->end && used < cap) {
		if (*text->at == '\\') {
			if (cap - used < ESCAPE_BYTES_MAX) {
				break;
			}
			used += decode_escape(&text->at, text->end, space + used);
			continue;
		}
		size_t left = (size_t)(text->end - text->at);
		size_t n = left < cap - used ? left : cap - used;
		const char *backslash = memchr(text->at, '\\', n);
		n = backslash ? (size_t)(backslash - text->at) : n;
		memcpy(space + used, text->at, n);
		used += n;
		text->at += n;
	}
	return used;
}

struct bp_str bp_json_text(struct bp_json value, char *space, size_t cap)
{
	struct bp_json_text text = bp_json_text_start(value);
	size_t raw = (size_t)(text.end - text.at), used = 0;

	if (!text.at) {
		return (struct bp_str){NULL, 0};
	}
	if (raw == 0 || !memchr(text.at, '\\', raw)) {
		return bp_str_make(text.at, raw);
	}
	while (text.at < text.end) {
		char piece[ESCAPE_BYTES_MAX];
		const char *from = piece;
		size_t n;
		if (*text.at == '\\') {
			n = decode_escape(&text.at, text.end, piece);
		} else {
			const char *stop = memchr(text.at, '\\', (size_t)(text.end - text.at));
			from = text.at;
			text.at = stop ? stop : text.end;
			n = (size_t)(text.at - from);
		}
		if (n > cap - used) {
			return (struct bp_str){NULL, 0};
		}
		memcpy(space + used, from, n);
		used += n;
	}
	return bp_str_make(space, used);
}

bool bp_json_text_starts(struct bp_json value, struct bp_str prefix)
{
	struct bp_json_text text = bp_json_text_start(value);
	char piece[256];
	size_t done = 0, n;

	if (!text.at) {
		return false;
	}
	while (done < prefix.len && (n = bp_json_text_next(&text, piece, sizeof(piece))) > 0) {
		size_t left = prefix.len - done;
		n = n < left ? n : left;
		if (memcmp(piece, prefix.ptr + done, n) != 0) {
			return false;
		}
		done += n;
	}
	return done == prefix.len;
}

bool bp_json_text_contains(struct bp_json value, struct bp_str needle)
{
	struct bp_json_text text = bp_json_text_start(value);
	size_t raw = (size_t)(text.end - text.at);
	char piece[PIECE_BYTES];
	size_t held = 0, n;

	if (!text.at || needle.len > sizeof(piece) / 2) {
		return false;
	}
	if (needle.len == 0) {
		return true;
	}
	if (raw > 0 && !memchr(text.at, '\\', raw)) {
		return memmem(text.at, raw, needle.ptr, needle.len) != NULL;
	}
	while ((n = bp_json_text_next(&text, piece + held, sizeof(piece) - held)) > 0) {
		n += held;
		if (memmem(piece, n, needle.ptr, needle.len)) {
			return true;
		}
		/* A needle may lie across the border of two pieces. */
		held = n < needle.len - 1 ? n : needle.len - 1;
		memmove(piece, piece + n - held, held);
	}
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct bp_json_measure bp_json_measure(struct bp_json value)
{
	struct bp_json_text text = bp_json_text_start(value);
	struct bp_json_measure measure = {0};
	char piece[PIECE_BYTES], last = '\n';
	size_t n;

	while ((n = bp_json_text_next(&text, piece, sizeof(piece))) > 0) {
		measure.bytes += (int64_t)n;
		for (size_t i = 0; i < n; i++) {
			char c = piece[i];
			/* Continuation bytes are not the start of a character. */
			measure.chars += ((unsigned char)c & 0xC0) != 0x80;
			measure.words += is_blank(last) && !is_blank(c);
			measure.lines += c == '\n';
			last = c;
		}
	}
	measure.lines += last != '\n';
	return measure;
}
