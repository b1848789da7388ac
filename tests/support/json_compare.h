/* SPDX-License-Identifier: MIT */
/**
 * json_compare.h - one text through our scanner and through cJSON: do they agree?
 *
 * Why:     the property test and the fuzz target ask the same.
 * Contract: what cJSON accepts we accept, but for what json.h says it refuses (control bytes in
 *          strings, depth) and what only cJSON takes (control bytes as blanks, a byte order mark).
 *          Where both accept, both see the same values. Whatever we accept can be walked.
 */
#ifndef BP_TESTS_SUPPORT_JSON_COMPARE_H
#define BP_TESTS_SUPPORT_JSON_COMPARE_H

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/hash.h"
#include "event/json.h"
#include "event/json_scan.h"

enum { JSON_COMPARE_TEXT_MAX = 1 << 16, JSON_COMPARE_KEYS_MAX = 64 };

/** A description of the first disagreement, or NULL. */
static const char *json_compare(const char *bytes, size_t n);

static inline char *json_compare_copy(const char *bytes, size_t n)
{
	/* Exactly n bytes, so that the address sanitizer sees one more being read. */
	char *copy = malloc(n ? n : 1);

	if (!copy) {
		abort();
	}
	if (n > 0) {
		memcpy(copy, bytes, n);
	}
	return copy;
}

/** True when json.h allows us to refuse what cJSON may accept. */
static inline bool json_compare_exempt(const char *bytes, size_t n)
{
	bool in_string = false;
	int depth = 0, deepest = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c < 0x20 && (in_string || (c != '\n' && c != '\r' && c != '\t'))) {
			return true;
		}
		if (in_string && c == '\\') {
			/* cJSON reads over it when it belongs to an escape that is none. */
			if (++i < n && (unsigned char)bytes[i] < 0x20) {
				return true;
			}
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string) {
			depth += (c == '{' || c == '[') - (c == '}' || c == ']');
			deepest = depth > deepest ? depth : deepest;
		}
	}
	return deepest > BP_JSON_DEPTH_MAX || (n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0);
}

/** cJSON reads "\\uzzzz" as a NUL, so what it makes of such a text says nothing. */
static inline bool json_compare_has_bad_unicode(const char *bytes, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if (bytes[i] != '\\') {
			continue;
		}
		if (bytes[++i] == 'u' &&
		    (n - i < 5 || strspn(bytes + i + 1, "0123456789abcdefABCDEF") < 4)) {
			return true;
		}
	}
	return false;
}

static inline const char *json_compare_text(struct bp_json value)
{
	static char whole[JSON_COMPARE_TEXT_MAX], pieces[JSON_COMPARE_TEXT_MAX + 16];
	struct bp_str text = bp_json_text(value, whole, sizeof(whole));
	struct bp_json_text walk = bp_json_text_start(value);
	struct bp_json_measure measure = bp_json_measure(value);
	struct bp_hash_key key;
	size_t len = 0, n;
	int64_t chars = 0, words = 0, lines = 0;

	if (value.type != BP_JSON_STRING) {
		return text.ptr || bp_json_text_next(&walk, pieces, 16) ? "a text of no string"
									: NULL;
	}
	if (!text.ptr) {
		return "a string without text";
	}
	while ((n = bp_json_text_next(&walk, pieces + len, 16)) > 0) {
		len += n;
	}
	if (!bp_str_eq(text, bp_str_make(pieces, len))) {
		return "the text in pieces is another";
	}
	for (size_t i = 0; i < len; i++) {
		bool blank = strchr(" \t\n\v\f\r", pieces[i]) && pieces[i];
		bool before = i == 0 || (strchr(" \t\n\v\f\r", pieces[i - 1]) && pieces[i - 1]);
		chars += ((unsigned char)pieces[i] & 0xC0) != 0x80;
		words += before && !blank;
		lines += pieces[i] == '\n' || i == len - 1;
	}
	if (measure.bytes != (int64_t)len || measure.chars != chars || measure.words != words ||
	    measure.lines != lines) {
		return "the measure is wrong";
	}
	bp_hash_key_init(&key, (const unsigned char *)"0123456789abcdef0123456789abcdef");
	struct bp_hash_hex one = bp_hash_json(&key, value), two = bp_hash_text(&key, text);
	if (memcmp(one.text, two.text, sizeof(one.text)) != 0) {
		return "the hash of the string is not that of its text";
	}
	if (!bp_json_text_starts(value, bp_str_make(pieces, len / 2)) ||
	    !bp_json_text_contains(value,
				   bp_str_make(pieces + len / 2, len > 2 ? 2 : len - len / 2))) {
		return "a part of the text is not found";
	}
	return NULL;
}

/** The members in order, then those that pick finds: the last of each name. */
static inline const char *json_compare_pick(struct bp_json object)
{
	struct bp_str keys[JSON_COMPARE_KEYS_MAX], key;
	struct bp_json want[JSON_COMPARE_KEYS_MAX], got[JSON_COMPARE_KEYS_MAX], value;
	struct bp_json_iter iter = bp_json_each(object);
	size_t n = 0;

	while (bp_json_next_member(&iter, &key, &value)) {
		size_t i = 0;
		while (i < n && !bp_str_eq(keys[i], key)) {
			i++;
		}
		if (i == JSON_COMPARE_KEYS_MAX) {
			continue;
		}
		n += i == n;
		keys[i] = key;
		want[i] = value;
	}
	bp_json_pick(object, keys, got, n);
	for (size_t i = 0; i < n; i++) {
		struct bp_json one = bp_json_get(object, keys[i]);
		if (got[i].ptr != want[i].ptr || got[i].len != want[i].len ||
		    got[i].type != want[i].type || one.ptr != want[i].ptr) {
			return "pick or get found another member";
		}
	}
	return NULL;
}

/** Walk everything; with node, hold it against cJSON's tree. */
static inline const char *json_compare_value(struct bp_json value, const cJSON *node, bool strict)
{
	static const int types[] = {
		0, cJSON_NULL, 0, cJSON_Number, cJSON_String, cJSON_Object, cJSON_Array};
	const cJSON *child = node ? node->child : NULL;
	const char *complaint = json_compare_text(value);
	static char space[JSON_COMPARE_TEXT_MAX];
	struct bp_json element;
	struct bp_str key = {NULL, 0};
	int64_t number = 0;

	if (complaint) {
		return complaint;
	}
	if (strict && value.type == BP_JSON_BOOL) {
		if (!(bp_json_true(value) ? cJSON_IsTrue(node) : cJSON_IsFalse(node))) {
			return "another truth";
		}
	} else if (strict && (node->type & 0xFF) != types[value.type]) {
		return "another type";
	}
	if (strict && value.type == BP_JSON_STRING) {
		struct bp_str text = bp_json_text(value, space, sizeof(space));
		/* cJSON's strings end at a NUL. */
		size_t shown = strnlen(text.ptr, text.len);
		if (shown != strlen(node->valuestring) ||
		    memcmp(text.ptr, node->valuestring, shown) != 0) {
			return "another text";
		}
	}
	if (bp_json_int(value, &number) && strict && number > -(INT64_C(1) << 53) &&
	    number < INT64_C(1) << 53 && (double)number != node->valuedouble) {
		return "another number";
	}
	if (value.type == BP_JSON_OBJECT && (complaint = json_compare_pick(value)) != NULL) {
		return complaint;
	}
	struct bp_json_iter iter = bp_json_each(value);
	while (value.type == BP_JSON_OBJECT ? bp_json_next_member(&iter, &key, &element)
					    : bp_json_next_element(&iter, &element)) {
		if (strict && !child) {
			return "more children than cJSON sees";
		}
		complaint = json_compare_value(element, child, strict);
		if (complaint) {
			return complaint;
		}
		if (strict && value.type == BP_JSON_OBJECT) {
			struct bp_json quoted = {key.ptr - 1, key.len + 2, BP_JSON_STRING};
			struct bp_str name = bp_json_text(quoted, space, sizeof(space));
			size_t shown = strnlen(name.ptr, name.len);
			if (shown != strlen(child->string) ||
			    memcmp(name.ptr, child->string, shown) != 0) {
				return "another key";
			}
		}
		child = child ? child->next : NULL;
	}
	return strict && child ? "fewer children than cJSON sees" : NULL;
}

static const char *json_compare(const char *bytes, size_t n)
{
	char *copy = json_compare_copy(bytes, n), *ended = malloc(n + 1);
	const char *complaint = NULL;
	const struct bp_json_kernel *before = bp_json_kernel;
	struct bp_json plain = {0}, chosen = {0};

	if (!ended) {
		abort();
	}
	memcpy(ended, copy, n);
	ended[n] = '\0';
	cJSON *tree = memchr(copy, 0, n) ? NULL : cJSON_ParseWithLengthOpts(ended, n + 1, NULL, 1);
	bool exempt = json_compare_exempt(copy, n);
	bool strict = tree && !exempt && !json_compare_has_bad_unicode(ended, n);
	bool accepted = bp_json_open(bp_str_make(copy, n), &chosen);
	bp_json_kernel = &bp_json_kernel_plain;
	bool accepted_plain = bp_json_open(bp_str_make(copy, n), &plain);
	if (accepted_plain != accepted || plain.ptr != chosen.ptr || plain.len != chosen.len) {
		complaint = "the kernels disagree";
	}
	if (!complaint && accepted) {
		complaint = json_compare_value(plain, tree, strict);
	}
	bp_json_kernel = before;
	if (!complaint && accepted) {
		complaint = json_compare_value(chosen, tree, strict);
	}
	if (!complaint && tree && !accepted && !exempt) {
		complaint = "cJSON accepts it and we do not";
	}
	cJSON_Delete(tree);
	free(copy);
	free(ended);
	return complaint;
}

#endif
