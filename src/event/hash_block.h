/* SPDX-License-Identifier: MIT */
/**
 * hash_block.h - the SHA-256 block function in use.
 *
 * Place:   inside src/event.
 * Threads: replaced only before the first thread starts (bp_sha256_use_ni()).
 */
#ifndef BP_EVENT_HASH_BLOCK_H
#define BP_EVENT_HASH_BLOCK_H

#include <stddef.h>
#include <stdint.h>

typedef void (*bp_sha256_blocks_fn)(uint32_t state[8], const unsigned char *blocks, size_t n);

extern bp_sha256_blocks_fn bp_sha256_blocks;

extern const uint32_t bp_sha256_constants[64];

/** The block function in plain C: the one in use until another is chosen. */
void bp_sha256_blocks_portable(uint32_t state[8], const unsigned char *blocks, size_t n);

#endif
