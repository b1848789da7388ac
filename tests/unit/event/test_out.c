/* SPDX-License-Identifier: MIT */
#include "event/out.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "event/event.h"
#include "support/run.h"

static char space[8192];
static struct bp_out out;

static void start(void)
{
	out = bp_out_make(space, sizeof(space));
}

static void assert_written(const char *want)
{
	ck_assert(!out.full);
	ck_assert_msg(bp_str_is(bp_out_str(&out), want), "got %.*s", BP_STR_ARG(bp_out_str(&out)));
}

START_TEST(commas_stand_between_and_nowhere_else)
{
	bp_out_object(&out);
	bp_out_key(&out, BP_STR("a"));
	bp_out_array(&out);
	bp_out_int(&out, 1);
	bp_out_object(&out);
	bp_out_object_end(&out);
	bp_out_array(&out);
	bp_out_array_end(&out);
	bp_out_bool(&out, false);
	bp_out_raw(&out, BP_STR("null"));
	bp_out_text(&out, BP_STR("x"));
	bp_out_array_end(&out);
	bp_out_member_int(&out, BP_STR("b"), -2);
	bp_out_member_flag(&out, BP_STR("c"), true);
	bp_out_object_end(&out);
	assert_written("{\"a\":[1,{},[],false,null,\"x\"],\"b\":-2,\"c\":true}");
}
END_TEST

START_TEST(absent_members_write_nothing_and_empty_ones_do)
{
	bp_out_object(&out);
	bp_out_member_text(&out, BP_STR("a"), (struct bp_str){NULL, 0});
	bp_out_member_int(&out, BP_STR("b"), BP_ABSENT);
	bp_out_member_flag(&out, BP_STR("c"), false);
	bp_out_member_text(&out, BP_STR("d"), BP_STR(""));
	bp_out_object_end(&out);
	assert_written("{\"d\":\"\"}");
}
END_TEST

START_TEST(numbers_are_written_to_both_ends_of_their_range)
{
	bp_out_array(&out);
	bp_out_int(&out, 0);
	bp_out_int(&out, INT64_MAX);
	bp_out_int(&out, INT64_MIN);
	bp_out_array_end(&out);
	assert_written("[0,9223372036854775807,-9223372036854775808]");
}
END_TEST

START_TEST(what_json_wants_escaped_is_escaped)
{
	bp_out_text(&out, bp_str_make("\"\\/\b\f\n\r\t\x01\x1f\x7f\0!", 13));
	assert_written("\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000!\"");
}
END_TEST

START_TEST(an_escape_is_found_wherever_it_lies)
{
	char text[70], want[80];

	for (size_t at = 0; at < sizeof(text); at++) {
		memset(text, 'a', sizeof(text));
		text[at] = '\n';
		out.len = 0;
		out.comma = false;
		bp_out_text(&out, bp_str_make(text, sizeof(text)));
		int n = snprintf(want, sizeof(want), "\"%.*s\\n%.*s\"", (int)at, text,
				 (int)(sizeof(text) - 1 - at), text + at + 1);
		ck_assert(bp_str_eq(bp_out_str(&out), bp_str_make(want, (size_t)n)));
	}
}
END_TEST

START_TEST(good_utf8_passes_and_bad_becomes_replacement_characters)
{
	bp_out_text(&out, BP_STR("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF"));
	assert_written("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF\"");
	static const char *const bad[] = {"\x80",
					  "\xFF",
					  "\xC3",
					  "\xC0\xAF",
					  "\xE0\x80\xAF",
					  "\xED\xA0\x80",
					  "\xF4\x90\x80\x80",
					  "\xE2\x82",
					  "\xF0\x9F\x98"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		out = bp_out_make(space, sizeof(space));
		bp_out_text(&out, bp_str_from(bad[i]));
		struct bp_str text = bp_out_str(&out);
		/* One for each byte, as none of them begins a character. */
		ck_assert_uint_eq(text.len, 2 + 3 * strlen(bad[i]));
		for (size_t at = 1; at + 1 < text.len; at += 3) {
			ck_assert(memcmp(text.ptr + at, "\xEF\xBF\xBD", 3) == 0);
		}
	}
}
END_TEST

static void write_some(void)
{
	bp_out_object(&out);
	bp_out_member_text(&out, BP_STR("key"), BP_STR("a long text with \n in it \xC3\xA9 \xFF"));
	bp_out_member_int(&out, BP_STR("n"), -1234567);
	bp_out_key(&out, BP_STR("r"));
	bp_out_raw(&out, BP_STR("[1,2]"));
	bp_out_object_end(&out);
}

START_TEST(too_small_a_space_is_said_and_never_overrun)
{
	write_some();
	size_t needed = out.len;
	for (size_t cap = 0; cap <= needed; cap++) {
		char *exact = malloc(cap ? cap : 1);
		out = bp_out_make(exact, cap);
		write_some();
		ck_assert(out.full == (cap < needed));
		ck_assert_uint_le(out.len, cap);
		free(exact);
	}
}
END_TEST

START_TEST(nothing_is_written_after_the_first_failure)
{
	out = bp_out_make(space, 4);
	bp_out_text(&out, BP_STR("abcdef"));
	ck_assert(out.full);
	size_t len = out.len;
	bp_out_int(&out, 1);
	ck_assert(out.full);
	ck_assert_uint_eq(out.len, len);
}
END_TEST

BP_TEST_MAIN(start, NULL, commas_stand_between_and_nowhere_else,
	     absent_members_write_nothing_and_empty_ones_do,
	     numbers_are_written_to_both_ends_of_their_range, what_json_wants_escaped_is_escaped,
	     an_escape_is_found_wherever_it_lies,
	     good_utf8_passes_and_bad_becomes_replacement_characters,
	     too_small_a_space_is_said_and_never_overrun,
	     nothing_is_written_after_the_first_failure)
