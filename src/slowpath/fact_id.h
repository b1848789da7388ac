/* SPDX-License-Identifier: MIT */
/**
 * fact_id.h - the id of a fact: a hash of its natural key, never random.
 *
 * Units:   the first 8 bytes of SHA-256 over the parts, each preceded by its length, read as a
 *          signed big-endian integer. Two of 10 million keys collide with probability 3e-6.
 */
#ifndef BP_SLOWPATH_FACT_ID_H
#define BP_SLOWPATH_FACT_ID_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/** The id of the key made of n parts; parts[0] is the kind. Never BP_ABSENT. */
int64_t bp_fact_id(const struct bp_str *parts, size_t n);

/** The id of a conversation. */
int64_t bp_conversation_id(struct bp_str platform, struct bp_str external_id);

#endif
