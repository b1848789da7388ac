/* SPDX-License-Identifier: MIT */
#include "event/json_scan.h"

#ifdef __SSE2__

#include <emmintrin.h>

#include "event/json.h"
#include "event/json_bits.h"
#include "event/json_parts.h"

#define KERNEL_TARGET

/* 64 bytes. Unrolled by hand: gcc -O2 leaves a loop, and then nothing stays in a register. */
struct vectors {
	__m128i v[4];
};

/** 0xFF where the byte is c. */
BP_JSON_INLINE struct vectors equal(struct vectors in, char c)
{
	__m128i all = _mm_set1_epi8(c);

	return (struct vectors){{_mm_cmpeq_epi8(in.v[0], all), _mm_cmpeq_epi8(in.v[1], all),
				 _mm_cmpeq_epi8(in.v[2], all), _mm_cmpeq_epi8(in.v[3], all)}};
}

/** 0xFF where the byte is at most max, as unsigned numbers. */
BP_JSON_INLINE struct vectors up_to(struct vectors in, char max)
{
	__m128i all = _mm_set1_epi8(max);

	return (struct vectors){{_mm_cmpeq_epi8(_mm_min_epu8(in.v[0], all), in.v[0]),
				 _mm_cmpeq_epi8(_mm_min_epu8(in.v[1], all), in.v[1]),
				 _mm_cmpeq_epi8(_mm_min_epu8(in.v[2], all), in.v[2]),
				 _mm_cmpeq_epi8(_mm_min_epu8(in.v[3], all), in.v[3])}};
}

BP_JSON_INLINE struct vectors either(struct vectors a, struct vectors b)
{
	return (struct vectors){{_mm_or_si128(a.v[0], b.v[0]), _mm_or_si128(a.v[1], b.v[1]),
				 _mm_or_si128(a.v[2], b.v[2]), _mm_or_si128(a.v[3], b.v[3])}};
}

BP_JSON_INLINE uint64_t bits_of(struct vectors in)
{
	unsigned int low = (unsigned int)_mm_movemask_epi8(in.v[0]) |
			   (unsigned int)_mm_movemask_epi8(in.v[1]) << 16;
	unsigned int high = (unsigned int)_mm_movemask_epi8(in.v[2]) |
			    (unsigned int)_mm_movemask_epi8(in.v[3]) << 16;

	return (uint64_t)high << 32 | low;
}

BP_JSON_INLINE void classify(const char *bytes, struct bp_json_block *out)
{
	const __m128i *from = (const __m128i *)(const void *)bytes, bit5 = _mm_set1_epi8(0x20);
	struct vectors in = {{_mm_loadu_si128(from), _mm_loadu_si128(from + 1),
			      _mm_loadu_si128(from + 2), _mm_loadu_si128(from + 3)}};
	/* '[' and '{' differ in bit 5 only, and so do ']' and '}'. */
	struct vectors folded = either(in, (struct vectors){{bit5, bit5, bit5, bit5}});
	struct vectors close = equal(folded, '}');

	out->quote = bits_of(equal(in, '"'));
	out->backslash = bits_of(equal(in, '\\'));
	out->open = bits_of(equal(folded, '{'));
	out->close = bits_of(close);
	out->control = bits_of(up_to(in, 0x1F));
}

#include "event/json_kernel.inc"

const struct bp_json_kernel bp_json_kernel_sse2 = {
	.check = check_container,
	.skip = skip_container,
	.quote = find_quote,
	.pick = pick,
};

#endif
