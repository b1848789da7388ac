/* SPDX-License-Identifier: MIT */
#include "event/hash.h"

#include "event/hash_block.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

/** Four words of the schedule from the sixteen before them, oldest first. */
TARGET static inline __m128i schedule(__m128i w0, __m128i w4, __m128i w8, __m128i w12)
{
	__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w4), _mm_alignr_epi8(w12, w8, 4));

	return _mm_sha256msg2_epu32(sum, w12);
}

TARGET static inline __m128i load_words(const unsigned char *at)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), swap);
}

TARGET static void blocks_ni(uint32_t state[8], const unsigned char *blocks, size_t n)
{
	/* The instructions want the state as {a b e f} and {c d g h}, highest word first. */
	__m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)state);
	__m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
	__m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
	__m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
	__m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);

	for (; n > 0; n--, blocks += 64) {
		__m128i abef_before = abef, cdgh_before = cdgh;
		__m128i w[4];

		for (size_t i = 0; i < 16; i++) {
			__m128i *now = &w[i & 3];
			*now = i < 4 ? load_words(blocks + 16 * i)
				     : schedule(*now, w[(i + 1) & 3], w[(i + 2) & 3],
						w[(i + 3) & 3]);
			__m128i k = _mm_loadu_si128(
				(const __m128i *)(const void *)(bp_sha256_constants + 4 * i));
			__m128i sum = _mm_add_epi32(*now, k);
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	__m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
	_mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xF0));
	_mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

bool bp_sha256_use_ni(void)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) || !(c & bit_SSSE3) ||
	    !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_SHA)) {
		return false;
	}
	bp_sha256_blocks = blocks_ni;
	return true;
}

#else

bool bp_sha256_use_ni(void)
{
	return false;
}

#endif
