/* SPDX-License-Identifier: MIT */
/**
 * json_random.h - valid JSON documents from a seed, and ways to damage a text.
 *
 * Why: the same seed gives the same text, so a failing test names its seed and that is enough.
 */
#ifndef BP_TESTS_SUPPORT_JSON_RANDOM_H
#define BP_TESTS_SUPPORT_JSON_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct json_random {
	uint64_t state;
	char *text; /* cap bytes, not NUL-terminated */
	size_t cap;
	size_t len;
};

/** A generator that writes into text. */
struct json_random json_random_make(uint64_t seed, char *text, size_t cap);

/** The next number below limit (> 0). */
uint64_t json_random_below(struct json_random *random, uint64_t limit);

/** Write one document (an object or an array): every kind of value, blank, escape and length. */
void json_random_document(struct json_random *random);

/** Damage the text in one to three places: change, cut, insert, repeat. */
void json_random_mutate(struct json_random *random);

#endif
