/* SPDX-License-Identifier: MIT */
/**
 * dictionary.h - the built-in preset dictionary and the samples its Huffman table is trained on.
 *
 * Why:     a payload of a few hundred bytes is mostly keys; the dictionary holds them, the most
 *          frequent at its end. Never trained on a user's data (privacy.md 4).
 * Place:   inside src/store. The bytes come from schema/dictionary.txt.
 */
#ifndef BP_STORE_DICTIONARY_H
#define BP_STORE_DICTIONARY_H

#include <stddef.h>

#include "base/buf.h"

extern const unsigned char bp_dictionary_bytes[];
extern const size_t bp_dictionary_length;

/** Append the next sample payload: the same ones each time. i from 0; false at the end. */
bool bp_dictionary_sample(size_t i, struct bp_buf *out);

#endif
