/* SPDX-License-Identifier: MIT */
/**
 * text.h - numbers, sizes and spans of time as people read them.
 *
 * Threads: any.
 */
#ifndef BP_CLI_TEXT_H
#define BP_CLI_TEXT_H

#include <stdint.h>

/** Room for any of them. */
struct bp_text {
	char text[64];
};

/** "12 345" */
struct bp_text bp_text_count(int64_t n);

/** "1 session", "12 345 sessions": noun is the singular of one that takes an s. */
struct bp_text bp_text_of(int64_t n, const char *noun);

/** "812 B", "12.3 MiB" */
struct bp_text bp_text_bytes(int64_t bytes);

/** "45 s", "12:30 min", "3:05 h", from two days on "5.8 days": the one form of every duration. */
struct bp_text bp_text_span(double seconds);

#endif
