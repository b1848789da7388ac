/* SPDX-License-Identifier: MIT */
/**
 * json.h - read JSON that somebody else wrote, in place, in one pass, without allocation.
 *
 * Why:     every byte an assistant writes goes through here; a document tree costs seven times as
 *          much (docs/performance.md). Unwanted containers are skipped 64 bytes at a time.
 * Contract: bp_json_open() checks the structure of the whole text (balance, closed strings, no
 *          control bytes in strings, depth <= BP_JSON_DEPTH_MAX, nothing but blanks after the
 *          value). After it, the other functions never fail on that text, only say "absent".
 *          The grammar inside containers that nobody descends into, numbers and escapes of values
 *          that nobody reads, and UTF-8 are not checked.
 * Place:   libc only; also in the hook. No byte outside the text is read.
 * Threads: values; the text must outlive them.
 */
#ifndef BP_EVENT_JSON_H
#define BP_EVENT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { BP_JSON_DEPTH_MAX = 512 };

enum bp_json_type {
	BP_JSON_ABSENT, /* no such member; ptr is NULL */
	BP_JSON_NULL,
	BP_JSON_BOOL,
	BP_JSON_NUMBER,
	BP_JSON_STRING,
	BP_JSON_OBJECT,
	BP_JSON_ARRAY
};

/** A value as its span in the text: with quotes, braces or brackets. A number has digits and
 *  "+-.eE" only. */
struct bp_json {
	const char *ptr;
	size_t len;
	enum bp_json_type type;
};

/** Walks the members of an object or the elements of an array. */
struct bp_json_iter {
	const char *at;
	const char *end;
};

/**
 * Scan with AVX2 from now on, where the processor has it. True when it does.
 * Threads: before the first one starts. Never in the hook: it asks CPUID, which traps in VMs.
 */
bool bp_json_use_avx2(void);

/** Check the text and give its one value. False when it is not well-formed; *out is untouched. */
bool bp_json_open(struct bp_str text, struct bp_json *out);

/** Start over a container; over anything else the walk is empty. */
struct bp_json_iter bp_json_each(struct bp_json container);

/** The next member. *key is the text between the quotes, escapes not decoded. False at the end. */
bool bp_json_next_member(struct bp_json_iter *iter, struct bp_str *key, struct bp_json *value);

/** The next element. False at the end. */
bool bp_json_next_element(struct bp_json_iter *iter, struct bp_json *value);

/** A member by name; the last one when there are several; absent when none or not an object. */
struct bp_json bp_json_get(struct bp_json object, struct bp_str key);

/**
 * One pass for many members: out[i] is the member keys[i] (last one wins) or absent. n <= 64.
 * Keys in the order in which the writer writes them are found fastest.
 */
void bp_json_pick(struct bp_json object, const struct bp_str *keys, struct bp_json *out, size_t n);

/** True and *out set when the value is a number without fraction or exponent that fits. */
bool bp_json_int(struct bp_json value, int64_t *out);

/** True only for the literal true. */
bool bp_json_true(struct bp_json value);

/**
 * The decoded text of a string. A string without escapes is a view into the text; another is
 * decoded into space (cap bytes). Absent when the value is no string or does not fit in space.
 * Lone surrogates and bad escapes become U+FFFD.
 */
struct bp_str bp_json_text(struct bp_json value, char *space, size_t cap);

/** Decodes a string piece by piece in fixed memory, whatever its size. */
struct bp_json_text {
	const char *at;
	const char *end;
};

/** Start over a string value; over anything else the text is empty. */
struct bp_json_text bp_json_text_start(struct bp_json value);

/** Fill space (cap >= 16) with the next decoded bytes; 0 at the end. Never splits an escape. */
size_t bp_json_text_next(struct bp_json_text *text, char *space, size_t cap);

/** True when the decoded string begins with / contains the ASCII text (a needle <= 2048 bytes). */
bool bp_json_text_starts(struct bp_json value, struct bp_str prefix);
bool bp_json_text_contains(struct bp_json value, struct bp_str needle);

/** What can be said of a text without keeping it. */
struct bp_json_measure {
	int64_t bytes; /* of the decoded UTF-8 */
	int64_t chars; /* code points */
	int64_t words; /* runs of non-blank bytes (ASCII blanks) */
	int64_t lines; /* '\n' plus one for an unterminated last line; 0 for "" */
};
struct bp_json_measure bp_json_measure(struct bp_json value);

#endif
