/* SPDX-License-Identifier: MIT */
#include "event/json.h"

#include "event/json_parts.h"
#include "event/json_scan.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>

#define KERNEL_TARGET __attribute__((target("avx2,bmi,bmi2,pclmul,popcnt")))

/* 64 bytes. */
struct vectors {
	__m256i low;
	__m256i high;
};

/** 0xFF where the byte is c. */
KERNEL_TARGET BP_JSON_INLINE struct vectors equal(struct vectors in, char c)
{
	__m256i all = _mm256_set1_epi8(c);

	return (struct vectors){_mm256_cmpeq_epi8(in.low, all), _mm256_cmpeq_epi8(in.high, all)};
}

/** 0xFF where the byte is at most max, as unsigned numbers. */
KERNEL_TARGET BP_JSON_INLINE struct vectors up_to(struct vectors in, char max)
{
	__m256i all = _mm256_set1_epi8(max);

	return (struct vectors){_mm256_cmpeq_epi8(_mm256_min_epu8(in.low, all), in.low),
				_mm256_cmpeq_epi8(_mm256_min_epu8(in.high, all), in.high)};
}

KERNEL_TARGET BP_JSON_INLINE struct vectors either(struct vectors a, struct vectors b)
{
	return (struct vectors){_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
}

KERNEL_TARGET BP_JSON_INLINE uint64_t bits_of(struct vectors in)
{
	return (uint64_t)(unsigned int)_mm256_movemask_epi8(in.low) |
	       (uint64_t)(unsigned int)_mm256_movemask_epi8(in.high) << 32;
}

KERNEL_TARGET BP_JSON_INLINE void classify(const char *bytes, struct bp_json_block *out)
{
	const __m256i *from = (const __m256i *)(const void *)bytes, bit5 = _mm256_set1_epi8(0x20);
	struct vectors in = {_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)};
	/* '[' and '{' differ in bit 5 only, and so do ']' and '}'. */
	struct vectors folded = either(in, (struct vectors){bit5, bit5});
	struct vectors close = equal(folded, '}');

	out->quote = bits_of(equal(in, '"'));
	out->backslash = bits_of(equal(in, '\\'));
	out->open = bits_of(equal(folded, '{'));
	out->close = bits_of(close);
	out->control = bits_of(up_to(in, 0x1F));
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
	.pick = pick,
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
	return (xcr0 & 6) == 6 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2) &&
	       (b & bit_BMI) && (b & bit_BMI2);
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
