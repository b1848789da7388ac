/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "support/run.h"

static struct bp_arena arena;

static void teardown(void)
{
	bp_arena_done(&arena);
}

START_TEST(memory_is_zeroed_and_aligned_also_after_clear)
{
	for (int round = 0; round < 2; round++) {
		for (size_t n = 0; n < 200; n++) {
			unsigned char *ptr = bp_arena_alloc(&arena, n);

			ck_assert_uint_eq((uintptr_t)ptr % alignof(max_align_t), 0);
			for (size_t i = 0; i < n; i++) {
				ck_assert_msg(ptr[i] == 0, "round %d, byte %zu of %zu", round, i,
					      n);
			}
			memset(ptr, 0xaa, n);
		}
		bp_arena_clear(&arena);
		ck_assert_uint_eq(arena.used_bytes, 0);
	}
}
END_TEST

START_TEST(something_larger_than_a_block_fits)
{
	unsigned char *small = bp_arena_alloc(&arena, 8);
	unsigned char *huge = bp_arena_alloc(&arena, (size_t)3 << 20);

	small[7] = 1;
	huge[((size_t)3 << 20) - 1] = 2;
	ck_assert_uint_eq(arena.used_bytes, 8 + ((size_t)3 << 20));
}
END_TEST

START_TEST(text_is_copied_and_terminated)
{
	char from[] = "abcdef";
	struct bp_str copy = bp_arena_str(&arena, bp_str_make(from, 3));

	from[0] = 'x';
	ck_assert_uint_eq(copy.len, 3);
	ck_assert_str_eq(copy.ptr, "abc");
	ck_assert_ptr_null(bp_arena_str(&arena, bp_str_from(NULL)).ptr);
	ck_assert_ptr_nonnull(bp_arena_str(&arena, BP_STR("")).ptr);
}
END_TEST

BP_TEST_MAIN(NULL, teardown, memory_is_zeroed_and_aligned_also_after_clear,
	     something_larger_than_a_block_fits, text_is_copied_and_terminated)
