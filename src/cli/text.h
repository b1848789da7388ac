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
	char text[48];
};

/** "12 345" */
struct bp_text bp_text_count(int64_t n);

/** "812 B", "12.3 MiB" */
struct bp_text bp_text_bytes(int64_t bytes);

/** "12 s", "3 min", "5 h 12 min", "3 days" */
struct bp_text bp_text_span(int64_t seconds);

#endif
