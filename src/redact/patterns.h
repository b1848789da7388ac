/* SPDX-License-Identifier: MIT */
/**
 * patterns.h - what a secret looks like, one line each.
 *
 * Contract: the first group, where there is one, is the secret, else the whole match is. A line
 *          without a group must not match its own replacement, "[redacted:kind]".
 * Place:   inside src/redact and its tests.
 */
#ifndef BP_REDACT_PATTERNS_H
#define BP_REDACT_PATTERNS_H

#include <stddef.h>

struct bp_redact_pattern {
	const char *kind;   /* what stands in the text instead: [redacted:kind] */
	const char *needle; /* text without these bytes cannot match; NULL: always look */
	const char *regex;  /* PCRE2, UTF-8 */
};

extern const struct bp_redact_pattern bp_redact_patterns[];
extern const size_t bp_redact_patterns_n;

/** Paths: no secret, but not for every level. */
extern const struct bp_redact_pattern bp_redact_path_pattern;

/** Names of members whose whole value is a secret. */
extern const char bp_redact_secret_name[];

#endif
