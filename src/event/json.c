/* SPDX-License-Identifier: MIT */
#include "event/json.h"

#include "event/json_parts.h"
#include "event/json_scan.h"

#ifdef __SSE2__

static inline unsigned int quotes_at(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);

	return (unsigned int)_mm_movemask_epi8(_mm_or_si128(
		_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
}

#endif

/** From just inside a string: its closing quote, or NULL. */
BP_JSON_INLINE const char *find_quote(const char *p, const char *end)
{
#ifdef __SSE2__
	/* Names, numbers as text, words; then what is as long as a uuid; then all else. */
	if (end - p >= 16) {
		uint64_t hits = quotes_at(p);
		if (!hits && end - p >= 64) {
			hits = (uint64_t)quotes_at(p + 16) << 16 |
			       (uint64_t)quotes_at(p + 32) << 32 |
			       (uint64_t)quotes_at(p + 48) << 48;
			p += hits ? 0 : 64;
		}
		if (!hits) {
			return bp_json_kernel->quote(p, end);
		}
		p += __builtin_ctzll(hits);
		return *p == '"' ? p : bp_json_kernel->quote(p, end);
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

/** The value at p (p < end); the position after it, or NULL when there is none. */
BP_JSON_INLINE const char *read_value(const char *p, const char *end, struct bp_json *out)
{
	const char *after;

	out->ptr = p;
	if (*p == '"') {
		after = find_quote(p + 1, end);
		after = after ? after + 1 : NULL;
		out->type = BP_JSON_STRING;
	} else if (*p == '{' || *p == '[') {
		after = bp_json_kernel->skip(p, end);
		out->type = *p == '{' ? BP_JSON_OBJECT : BP_JSON_ARRAY;
	} else {
		after = read_scalar(p, end, &out->type);
	}
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
BP_JSON_INLINE void step(struct bp_json_iter *iter, const char *after)
{
	if (after < iter->end && *after == ',') {
		iter->at = after + 1;
		return;
	}
	after = skip_blanks(after, iter->end);
	iter->at = after < iter->end && *after == ',' ? after + 1 : iter->end;
}

BP_JSON_INLINE bool next_member(struct bp_json_iter *iter, struct bp_str *key,
				struct bp_json *value)
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

void bp_json_pick(struct bp_json object, const struct bp_str *keys, struct bp_json *out, size_t n)
{
	n = n < BP_JSON_PICK_MAX ? n : BP_JSON_PICK_MAX;
	for (size_t i = 0; i < n; i++) {
		out[i] = (struct bp_json){NULL, 0, BP_JSON_ABSENT};
	}
	if (object.type == BP_JSON_OBJECT && object.len > 2) {
		bp_json_kernel->pick(&object, keys, out, n);
	}
}

/** Up to 8 digits in three multiplications: pairs, fours, eight. */
BP_JSON_INLINE bool parse_short(const char *digits, size_t n, uint64_t *out)
{
	uint64_t value;

	if (!pad_digits(load_short(digits, n), n, &value)) {
		return false;
	}
	value = (value * 10 + (value >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
	value = (value * 100 + (value >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
	*out = (value * 10000 + (value >> 32)) & UINT64_C(0xFFFFFFFF);
	return true;
}

bool bp_json_int(struct bp_json value, int64_t *out)
{
	if (value.type != BP_JSON_NUMBER) {
		return false;
	}
	bool negative = value.ptr[0] == '-';
	size_t digits = value.len - (negative ? 1 : 0);
	const char *p = value.ptr + (negative ? 1 : 0);
	uint64_t n = 0, piece;

	if (digits == 0 || digits > 19 || (digits > 1 && p[0] == '0')) {
		return false;
	}
	for (; digits > 8; digits -= 8, p += 8) {
		if (!parse_short(p, 8, &piece)) {
			return false;
		}
		n = n * 100000000 + piece;
	}
	if (!parse_short(p, digits, &piece)) {
		return false;
	}
	static const uint64_t powers[] = {1,      10,      100,      1000,     10000,
					  100000, 1000000, 10000000, 100000000};
	/* At most 19 digits: below 10^19, which an unsigned number holds. */
	n = n * powers[digits] + piece;
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
