/* SPDX-License-Identifier: MIT */
#include "event/json.h"

#include "event/json_scan.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>

#define KERNEL_TARGET __attribute__((target("avx2,pclmul,popcnt")))

KERNEL_TARGET static inline uint64_t bits_of(__m256i low, __m256i high)
{
	return (uint64_t)(unsigned int)_mm256_movemask_epi8(low) |
	       (uint64_t)(unsigned int)_mm256_movemask_epi8(high) << 32;
}

KERNEL_TARGET static inline uint64_t bits_equal(__m256i low, __m256i high, char c)
{
	__m256i all = _mm256_set1_epi8(c);

	return bits_of(_mm256_cmpeq_epi8(low, all), _mm256_cmpeq_epi8(high, all));
}

KERNEL_TARGET static inline void classify(const char *bytes, struct bp_json_block *out)
{
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));
	__m256i bit5 = _mm256_set1_epi8(0x20), max = _mm256_set1_epi8(0x1F);
	/* '[' and '{' differ in bit 5 only, and so do ']' and '}'. */
	__m256i low_folded = _mm256_or_si256(low, bit5), high_folded = _mm256_or_si256(high, bit5);

	out->quote = bits_equal(low, high, '"');
	out->backslash = bits_equal(low, high, '\\');
	out->open = bits_equal(low_folded, high_folded, '{');
	out->close = bits_equal(low_folded, high_folded, '}');
	out->control = bits_of(_mm256_cmpeq_epi8(_mm256_min_epu8(low, max), low),
			       _mm256_cmpeq_epi8(_mm256_min_epu8(high, max), high));
}

KERNEL_TARGET static inline uint64_t prefix_xor(uint64_t bits)
{
	__m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits),
					       _mm_set1_epi8((char)0xFF), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}

KERNEL_TARGET static inline unsigned int popcount(uint64_t bits)
{
	return (unsigned int)__builtin_popcountll(bits);
}

#include "event/json_kernel.inc"

static const struct bp_json_kernel kernel_avx2 = {
	.check = check_container,
	.skip = skip_container,
	.quote = find_quote,
};

/**
 * Not __builtin_cpu_supports(): linking it brings a constructor that executes CPUID at the start of
 * every program, of the hook too.
 */
static bool has_avx2(void)
{
	unsigned int a, b, c, d, xcr0, unused;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_PCLMUL) || !(c & bit_POPCNT) ||
	    !(c & bit_OSXSAVE)) {
		return false;
	}
	/* The system must save the wide registers, too. */
	__asm__ volatile("xgetbv" : "=a"(xcr0), "=d"(unused) : "c"(0));
	return (xcr0 & 6) == 6 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2);
}

bool bp_json_use_avx2(void)
{
	if (!has_avx2()) {
		return false;
	}
	bp_json_kernel = &kernel_avx2;
	return true;
}

#else

bool bp_json_use_avx2(void)
{
	return false;
}

#endif
