/* SPDX-License-Identifier: MIT */
/**
 * uuid.h - UUIDs as 16 bytes.
 *
 * Contract: only the canonical form, lower case with four dashes: anything else would not come back
 *          as it was.
 * Place:   inside src/store.
 */
#ifndef BP_STORE_UUID_H
#define BP_STORE_UUID_H

#include <stdbool.h>

#include "base/str.h"

enum { BP_UUID_BYTES = 16, BP_UUID_TEXT_BYTES = 36 };

/** False when the text is no canonical UUID; out is then not to be used. */
bool bp_uuid_pack(struct bp_str text, unsigned char out[BP_UUID_BYTES]);

/** Writes 36 bytes, no NUL. */
void bp_uuid_text(const unsigned char bytes[BP_UUID_BYTES], char out[BP_UUID_TEXT_BYTES]);

#endif
