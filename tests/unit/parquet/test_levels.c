/* SPDX-License-Identifier: MIT */
#include "parquet/levels.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/run.h"

enum { LEVELS_MAX = 400 };

static struct bp_buf out;
static unsigned char levels[LEVELS_MAX];
static unsigned char got[LEVELS_MAX];

static void setup(void)
{
	bp_buf_init(&out, 10000);
}

static void teardown(void)
{
	bp_buf_done(&out);
}

static void check(size_t n)
{
	size_t used = 0;
	size_t values = 0;
	size_t want = 0;

	bp_buf_clear(&out);
	bp_levels_encode(levels, n, &out);
	bp_buf_add(&out, "rest", 4);
	ck_assert(bp_levels_decode(bp_buf_str(&out), n, got, &used, &values));
	ck_assert_uint_eq(used, out.len - 4);
	ck_assert_mem_eq(got, levels, n);
	for (size_t i = 0; i < n; i++) {
		want += levels[i];
	}
	ck_assert_uint_eq(values, want);
}

START_TEST(levels_of_every_shape_come_back)
{
	uint32_t random = 1;

	/* Runs of each length between bits of each length. */
	for (size_t n = 1; n < LEVELS_MAX; n++) {
		for (size_t i = 0; i < n; i++) {
			random = random * 1664525U + 1013904223U;
			levels[i] = i % 100 < n % 60 ? 1 : (unsigned char)(random >> 31);
		}
		check(n);
	}
	memset(levels, 0, sizeof(levels));
	check(LEVELS_MAX);
	ck_assert_uint_eq(out.len, 4 + 3 + 4);
}
END_TEST

/* The specification's own words: a run header is its length << 1; bit-packed (groups << 1) | 1. */
START_TEST(the_bytes_are_those_of_the_specification)
{
	memset(levels, 1, 100);
	bp_levels_encode(levels, 100, &out);
	ck_assert_uint_eq(out.len, 7);
	ck_assert_mem_eq(out.ptr, "\x03\0\0\0\xC8\x01\x01", 7);
	bp_buf_clear(&out);
	memcpy(levels, "\1\0\1\1\0\0\0\1\1", 9);
	bp_levels_encode(levels, 9, &out);
	ck_assert_uint_eq(out.len, 7);
	ck_assert_mem_eq(out.ptr, "\x03\0\0\0\x05\x8D\x01", 7);
}
END_TEST

/** The bytes at the very end of what may be read: who looks behind them dies. */
static const char *at_the_edge(const char *bytes, size_t n)
{
	static char *pages;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!pages) {
		pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
		ck_assert(pages != MAP_FAILED);
		ck_assert_int_eq(mprotect(pages + page, page, PROT_NONE), 0);
	}
	memcpy(pages + page - n, bytes, n);
	return pages + page - n;
}

/* Seen to fail: each case with the check that refuses it taken out of levels.c; a run of nothing,
   which two checks refuse, with both. */
START_TEST(other_bytes_are_refused)
{
	static const struct {
		const char *bytes;
		size_t len;
		size_t n;
	} cases[] = {
		{"\x02\0\0", 3, 1},                                /* no length */
		{"\x02\0\0\0\x02", 5, 1},                          /* shorter than its length */
		{"\x02\0\0\0\x04\x01", 6, 1},                      /* a run longer than the page */
		{"\x02\0\0\0\x02\x02", 6, 1},                      /* a level of 2 */
		{"\x02\0\0\0\x02\x01", 6, 2},                      /* too few */
		{"\x03\0\0\0\x02\x01\x00", 7, 1},                  /* bytes left */
		{"\x02\0\0\0\x00\x01", 6, 1},                      /* a run of nothing */
		{"\x02\0\0\0\x03\x03", 6, 1},                      /* a bit behind the end */
		{"\x03\0\0\0\x05\x01\x00", 7, 8},                  /* a group behind the end */
		{"\x02\0\0\0\x05\x01", 6, 9},                      /* a group that is not there */
		{"\x06\0\0\0\xFF\xFF\xFF\xFF\xFF\x7F", 10, 9},     /* a number without end */
		{"\x07\0\0\0\x82\x80\x80\x80\x80\x00\x01", 11, 1}, /* a small one, too long */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t used = 0;
		size_t values = 0;

		struct bp_str bytes =
			bp_str_make(at_the_edge(cases[i].bytes, cases[i].len), cases[i].len);

		ck_assert_msg(!bp_levels_decode(bytes, cases[i].n, got, &used, &values), "case %zu",
			      i);
	}
}
END_TEST

BP_TEST_MAIN(setup, teardown, levels_of_every_shape_come_back,
	     the_bytes_are_those_of_the_specification, other_bytes_are_refused)
