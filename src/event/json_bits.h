/* SPDX-License-Identifier: MIT */
/**
 * json_bits.h - prefix_xor() and popcount() of json_kernel.inc without special instructions.
 *
 * Place:  inside src/event; json_avx2.c has its own.
 */
#ifndef BP_EVENT_JSON_BITS_H
#define BP_EVENT_JSON_BITS_H

#include <stdint.h>

/** Bit i of the result is the xor of bits 0..i. */
static inline uint64_t prefix_xor(uint64_t bits)
{
	bits ^= bits << 1;
	bits ^= bits << 2;
	bits ^= bits << 4;
	bits ^= bits << 8;
	bits ^= bits << 16;
	return bits ^ bits << 32;
}

/** Not the builtin: without an instruction for it, that one is a call. */
static inline unsigned int popcount(uint64_t bits)
{
	bits -= bits >> 1 & UINT64_C(0x5555555555555555);
	bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
	bits = (bits + (bits >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
	return (unsigned int)(bits * UINT64_C(0x0101010101010101) >> 56);
}

#endif
