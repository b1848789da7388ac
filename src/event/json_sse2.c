/* SPDX-License-Identifier: MIT */
#include "event/json_scan.h"

#ifdef __SSE2__

#include <emmintrin.h>

#include "event/json.h"
#include "event/json_bits.h"

#define KERNEL_TARGET

static inline uint64_t bits_of(__m128i v, int shift)
{
	return (uint64_t)(unsigned int)_mm_movemask_epi8(v) << shift;
}

static inline void classify(const char *bytes, struct bp_json_block *out)
{
	*out = (struct bp_json_block){0};
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

#include "event/json_kernel.inc"

const struct bp_json_kernel bp_json_kernel_sse2 = {
	.check = check_container,
	.skip = skip_container,
	.quote = find_quote,
};

#endif
