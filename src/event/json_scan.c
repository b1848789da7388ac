/* SPDX-License-Identifier: MIT */
#include "event/json_scan.h"

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "event/json.h"

#define KERNEL_TARGET

struct block {
	uint64_t quote;
	uint64_t backslash;
	uint64_t open;
	uint64_t close;
	uint64_t control;
};

#ifdef __SSE2__

static inline uint64_t bits_of(__m128i v, int shift)
{
	return (uint64_t)(unsigned int)_mm_movemask_epi8(v) << shift;
}

static inline void classify(const char *bytes, struct block *out)
{
	*out = (struct block){0};
	for (int i = 0; i < 64; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
		/* '[' and '{' differ in bit 5 only, and so do ']' and '}'. */
		__m128i folded = _mm_or_si128(v, _mm_set1_epi8(0x20));

		out->quote |= bits_of(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), i);
		out->backslash |= bits_of(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')), i);
		out->open |= bits_of(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')), i);
		out->close |= bits_of(_mm_cmpeq_epi8(folded, _mm_set1_epi8('}')), i);
		out->control |= bits_of(_mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v), i);
	}
}

#else

static inline void classify(const char *bytes, struct block *out)
{
	*out = (struct block){0};
	for (int i = 0; i < 64; i++) {
		unsigned char c = (unsigned char)bytes[i];

		out->quote |= (uint64_t)(c == '"') << i;
		out->backslash |= (uint64_t)(c == '\\') << i;
		out->open |= (uint64_t)((c | 0x20) == '{') << i;
		out->close |= (uint64_t)((c | 0x20) == '}') << i;
		out->control |= (uint64_t)(c < 0x20) << i;
	}
}

#endif

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

#include "event/json_kernel.inc"

const struct bp_json_kernel bp_json_kernel_baseline = {
	.check = check_container,
	.skip = skip_container,
	.quote = find_quote,
};

const struct bp_json_kernel *bp_json_kernel = &bp_json_kernel_baseline;
