/* SPDX-License-Identifier: MIT */
#include "event/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "event/json_scan.h"

enum { PICK_MAX = 64, QUOTE_NEAR_BYTES = 64 };

static inline const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
		p++;
	}
	return p;
}

/** From just inside a string: its closing quote, or NULL. Most strings are short. */
static inline const char *find_quote(const char *p, const char *end)
{
#ifdef __SSE2__
	for (size_t seen = 0; end - p >= 16; seen += 16, p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		unsigned int hits = (unsigned int)_mm_movemask_epi8(
			_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
				     _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
		if (hits) {
			p += __builtin_ctz(hits);
			return *p == '"' ? p : bp_json_kernel->quote(p, end);
		}
		if (seen >= QUOTE_NEAR_BYTES) {
			return bp_json_kernel->quote(p, end);
		}
	}
#endif
	for (; p < end; p++) {
		if (*p == '"') {
			return p;
		}
		if (*p == '\\') {
			p++;
		}
	}
	return NULL;
}

static inline const char *skip_word(const char *p, const char *end, const char *word, size_t n)
{
	return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}

static inline const char *skip_number(const char *p, const char *end)
{
	for (p++; p < end && ((*p >= '0' && *p <= '9') || *p == '.' || *p == '-' || *p == '+' ||
			      *p == 'e' || *p == 'E');
	     p++) {
	}
	return p;
}

/** The value at p (p < end); the position after it, or NULL when there is none. */
static inline const char *read_value(const char *p, const char *end, struct bp_json *out)
{
	const char *after;

	switch (*p) {
	case '"':
		after = find_quote(p + 1, end);
		after = after ? after + 1 : NULL;
		out->type = BP_JSON_STRING;
		break;
	case '{':
		after = bp_json_kernel->skip(p, end);
		out->type = BP_JSON_OBJECT;
		break;
	case '[':
		after = bp_json_kernel->skip(p, end);
		out->type = BP_JSON_ARRAY;
		break;
	case 't':
		after = skip_word(p, end, "true", 4);
		out->type = BP_JSON_BOOL;
		break;
	case 'f':
		after = skip_word(p, end, "false", 5);
		out->type = BP_JSON_BOOL;
		break;
	case 'n':
		after = skip_word(p, end, "null", 4);
		out->type = BP_JSON_NULL;
		break;
	default:
		after = *p == '-' || (*p >= '0' && *p <= '9') ? skip_number(p, end) : NULL;
		out->type = BP_JSON_NUMBER;
		break;
	}
	out->ptr = p;
	out->len = after ? (size_t)(after - p) : 0;
	return after;
}

/** A string as the whole text: nobody has looked for control bytes in it yet. */
static bool has_control(struct bp_json string)
{
	for (size_t i = 0; i < string.len; i++) {
		if ((unsigned char)string.ptr[i] < 0x20) {
			return true;
		}
	}
	return false;
}

bool bp_json_open(struct bp_str text, struct bp_json *out)
{
	if (text.len == 0) {
		return false;
	}
	const char *end = text.ptr + text.len, *p = skip_blanks(text.ptr, end), *after;
	struct bp_json value = {.ptr = p};

	if (p == end) {
		return false;
	}
	if (*p == '{' || *p == '[') {
		after = bp_json_kernel->check(p, end);
		value.len = after ? (size_t)(after - p) : 0;
		value.type = *p == '{' ? BP_JSON_OBJECT : BP_JSON_ARRAY;
	} else {
		after = read_value(p, end, &value);
	}
	if (!after || skip_blanks(after, end) != end ||
	    (value.type == BP_JSON_STRING && has_control(value))) {
		return false;
	}
	*out = value;
	return true;
}

struct bp_json_iter bp_json_each(struct bp_json container)
{
	if ((container.type != BP_JSON_OBJECT && container.type != BP_JSON_ARRAY) ||
	    container.len < 2) {
		return (struct bp_json_iter){NULL, NULL};
	}
	return (struct bp_json_iter){container.ptr + 1, container.ptr + container.len - 1};
}

/** After a value: over the comma to the next one. Anything but a comma ends the walk. */
static inline void step(struct bp_json_iter *iter, const char *after)
{
	if (after < iter->end && *after == ',') {
		iter->at = after + 1;
		return;
	}
	after = skip_blanks(after, iter->end);
	iter->at = after < iter->end && *after == ',' ? after + 1 : iter->end;
}

static inline bool next_member(struct bp_json_iter *iter, struct bp_str *key, struct bp_json *value)
{
	const char *end = iter->end, *p = skip_blanks(iter->at, end), *quote, *after;

	if (p == end || *p != '"') {
		goto none;
	}
	quote = find_quote(p + 1, end);
	if (!quote) {
		goto none;
	}
	*key = bp_str_make(p + 1, (size_t)(quote - (p + 1)));
	p = skip_blanks(quote + 1, end);
	if (p == end || *p != ':') {
		goto none;
	}
	p = skip_blanks(p + 1, end);
	if (p == end) {
		goto none;
	}
	after = read_value(p, end, value);
	if (!after) {
		goto none;
	}
	step(iter, after);
	return true;
none:
	iter->at = end;
	return false;
}

bool bp_json_next_member(struct bp_json_iter *iter, struct bp_str *key, struct bp_json *value)
{
	struct bp_str name;
	struct bp_json member;

	if (!next_member(iter, &name, &member)) {
		return false;
	}
	*key = name;
	*value = member;
	return true;
}

bool bp_json_next_element(struct bp_json_iter *iter, struct bp_json *value)
{
	const char *p = skip_blanks(iter->at, iter->end), *after = NULL;
	struct bp_json element;

	if (p < iter->end) {
		after = read_value(p, iter->end, &element);
	}
	if (!after) {
		iter->at = iter->end;
		return false;
	}
	step(iter, after);
	*value = element;
	return true;
}

struct bp_json bp_json_get(struct bp_json object, struct bp_str key)
{
	struct bp_json found;

	bp_json_pick(object, &key, &found, 1);
	return found;
}

/** The bytes are equal; n is that of both. Names are short: a call would cost more. */
static inline bool same_bytes(const char *a, const char *b, size_t n)
{
	uint64_t x, y, u, v;

	if (n > 16) {
		return memcmp(a, b, n) == 0;
	}
	if (n >= 8) {
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		memcpy(&u, a + n - 8, 8);
		memcpy(&v, b + n - 8, 8);
		return ((x ^ y) | (u ^ v)) == 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i]) {
			return false;
		}
	}
	return true;
}

/** One byte that most names do not share. */
static inline unsigned char tag_of(struct bp_str key)
{
	if (key.len == 0) {
		return 0;
	}
	return (unsigned char)(key.len + 13u * (unsigned char)key.ptr[0] +
			       29u * (unsigned char)key.ptr[key.len - 1]);
}

/** The key whose tag and bytes are those of name; n when there is none. */
static inline size_t find_key(const unsigned char tags[PICK_MAX], const struct bp_str *keys,
			      size_t n, struct bp_str name)
{
	unsigned char tag = tag_of(name);

#ifdef __SSE2__
	__m128i all = _mm_set1_epi8((char)tag);
	for (size_t i = 0; i < n; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(tags + i));
		unsigned int hits = (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(v, all));
		for (; hits; hits &= hits - 1) {
			size_t at = i + (size_t)__builtin_ctz(hits);
			if (at < n && keys[at].len == name.len &&
			    same_bytes(keys[at].ptr, name.ptr, name.len)) {
				return at;
			}
		}
	}
#else
	for (size_t at = 0; at < n; at++) {
		if (tags[at] == tag && keys[at].len == name.len &&
		    same_bytes(keys[at].ptr, name.ptr, name.len)) {
			return at;
		}
	}
#endif
	return n;
}

void bp_json_pick(struct bp_json object, const struct bp_str *keys, struct bp_json *out, size_t n)
{
	unsigned char tags[PICK_MAX] = {0};
	struct bp_json_iter iter = bp_json_each(object);
	struct bp_str name;
	struct bp_json value;
	size_t likely = 0; /* writers keep their order, and so do those who ask */

	n = n < PICK_MAX ? n : PICK_MAX;
	for (size_t i = 0; i < n; i++) {
		tags[i] = tag_of(keys[i]);
		out[i] = (struct bp_json){NULL, 0, BP_JSON_ABSENT};
	}
	if (object.type != BP_JSON_OBJECT) {
		return;
	}
	while (next_member(&iter, &name, &value)) {
		size_t at = likely;
		if (at >= n || keys[at].len != name.len ||
		    !same_bytes(keys[at].ptr, name.ptr, name.len)) {
			at = find_key(tags, keys, n, name);
		}
		if (at < n) {
			out[at] = value;
			likely = at + 1;
		}
	}
}

bool bp_json_int(struct bp_json value, int64_t *out)
{
	bool negative = value.type == BP_JSON_NUMBER && value.ptr[0] == '-';
	size_t digits = value.len - (negative ? 1 : 0);
	const char *p = value.ptr + (negative ? 1 : 0);
	uint64_t n = 0;

	if (value.type != BP_JSON_NUMBER || digits == 0 || digits > 19 ||
	    (digits > 1 && p[0] == '0')) {
		return false;
	}
	for (size_t i = 0; i < digits; i++) {
		if (p[i] < '0' || p[i] > '9') {
			return false;
		}
		n = n * 10 + (uint64_t)(p[i] - '0');
	}
	if (n > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
		return false;
	}
	*out = negative ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

bool bp_json_true(struct bp_json value)
{
	return value.type == BP_JSON_BOOL && value.ptr[0] == 't';
}
