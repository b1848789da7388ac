/* SPDX-License-Identifier: MIT */
/**
 * print_safe.h - which characters could steer a terminal, for both printers of text and of JSON.
 */
#ifndef BP_CLI_PRINT_SAFE_H
#define BP_CLI_PRINT_SAFE_H

#include <stdbool.h>
#include <stddef.h>

/** Control characters, and marks that reorder or hide what stands around them. */
bool bp_print_steers(unsigned int point);

/** The code point of a sequence that bp_utf8_sequence() found: n is its length, 1 to 4. */
unsigned int bp_print_decode(const unsigned char *bytes, size_t n);

#endif
