/* SPDX-License-Identifier: MIT */
#include "event/json.h"

#include <check.h>
#include <string.h>

#include "support/run.h"

static struct bp_json open_ok(const char *text)
{
	struct bp_json value = {0};

	ck_assert_msg(bp_json_open(bp_str_from(text), &value), "refused: %s", text);
	return value;
}

static void assert_text(const char *json, struct bp_str want)
{
	char space[64];
	struct bp_str got = bp_json_text(open_ok(json), space, sizeof(space));

	ck_assert_msg(got.ptr && bp_str_eq(got, want), "%s", json);
}

START_TEST(a_text_without_escapes_is_a_view_of_the_document)
{
	struct bp_json value = open_ok("\"plain\"");
	struct bp_str text = bp_json_text(value, NULL, 0);

	ck_assert_ptr_eq(text.ptr, value.ptr + 1);
	ck_assert_uint_eq(text.len, 5);
	text = bp_json_text(open_ok("\"\""), NULL, 0);
	ck_assert(text.ptr && text.len == 0);
}
END_TEST

START_TEST(escapes_are_decoded)
{
	assert_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", BP_STR("\"\\/\b\f\n\r\t"));
	assert_text("\"a\\u0041\\u00e9\\u20AC\\ud83d\\ude00z\"",
		    BP_STR("aA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"));
	assert_text("\"\\u0000\"", BP_STR("\0"));
}
END_TEST

START_TEST(lone_surrogates_and_bad_escapes_become_replacement_characters)
{
	assert_text("\"\\ud83d\"", BP_STR("\xEF\xBF\xBD"));
	assert_text("\"\\ude00x\"", BP_STR("\xEF\xBF\xBDx"));
	assert_text("\"\\ud83d\\u0041\"", BP_STR("\xEF\xBF\xBD"
						 "A"));
	assert_text("\"\\ud83d\\ud83d\\ude00\"", BP_STR("\xEF\xBF\xBD\xF0\x9F\x98\x80"));
	assert_text("\"\\x41\"", BP_STR("\xEF\xBF\xBDx41"));
	assert_text("\"\\u12\"", BP_STR("\xEF\xBF\xBD"
					"12"));
	assert_text("\"\\\xC3\xA9\"", BP_STR("\xEF\xBF\xBD\xC3\xA9"));
}
END_TEST

START_TEST(what_does_not_fit_or_is_no_string_is_absent)
{
	char space[3];

	ck_assert_ptr_null(bp_json_text(open_ok("\"abc\\n\""), space, 3).ptr);
	ck_assert_uint_eq(bp_json_text(open_ok("\"ab\\n\""), space, 3).len, 3);
	ck_assert_ptr_null(bp_json_text(open_ok("\"a\\ud83d\""), space, 3).ptr);
	ck_assert_ptr_null(bp_json_text(open_ok("12"), space, 3).ptr);
	ck_assert_ptr_null(bp_json_text((struct bp_json){0}, space, 3).ptr);
}
END_TEST

START_TEST(pieces_never_split_an_escape)
{
	struct bp_json_text text =
		bp_json_text_start(open_ok("\"0123456789abc\\ud83d\\ude00xyz\""));
	char space[16];

	ck_assert_uint_eq(bp_json_text_next(&text, space, sizeof(space)), 13);
	ck_assert_uint_eq(bp_json_text_next(&text, space, sizeof(space)), 7);
	ck_assert(memcmp(space, "\xF0\x9F\x98\x80xyz", 7) == 0);
	ck_assert_uint_eq(bp_json_text_next(&text, space, sizeof(space)), 0);
}
END_TEST

START_TEST(prefixes_are_those_of_the_decoded_text)
{
	ck_assert(bp_json_text_starts(open_ok("\"<cmd>x\""), BP_STR("<cmd>")));
	ck_assert(bp_json_text_starts(open_ok("\"\\u003ccmd\\u003e\""), BP_STR("<cmd>")));
	ck_assert(bp_json_text_starts(open_ok("\"\""), BP_STR("")));
	ck_assert(!bp_json_text_starts(open_ok("\"<cm\""), BP_STR("<cmd>")));
	ck_assert(!bp_json_text_starts(open_ok("\"x<cmd>\""), BP_STR("<cmd>")));
	ck_assert(!bp_json_text_starts(open_ok("[]"), BP_STR("")));
}
END_TEST

START_TEST(a_needle_is_found_in_the_decoded_text_across_pieces_too)
{
	static char json[20000];

	ck_assert(bp_json_text_contains(open_ok("\"a needle b\""), BP_STR("needle")));
	ck_assert(bp_json_text_contains(open_ok("\"a n\\u0065edle\""), BP_STR("needle")));
	ck_assert(!bp_json_text_contains(open_ok("\"a need\\nle\""), BP_STR("needle")));
	ck_assert(!bp_json_text_contains(open_ok("{}"), BP_STR("")));
	/* Around the size of a piece, the needle begins at each offset once. */
	for (size_t at = 4080; at < 4110; at++) {
		memset(json, 'x', sizeof(json));
		memcpy(json, "\"\\n", 3);
		memcpy(json + at, "needle", 6);
		memcpy(json + 9000, "\"", 2);
		ck_assert_msg(bp_json_text_contains(open_ok(json), BP_STR("needle")), "%zu", at);
		json[at] = 'm';
		ck_assert(!bp_json_text_contains(open_ok(json), BP_STR("needle")));
	}
}
END_TEST

static void assert_measure(const char *json, int64_t bytes, int64_t chars, int64_t words,
			   int64_t lines)
{
	struct bp_json_measure got = bp_json_measure(open_ok(json));

	ck_assert_msg(got.bytes == bytes && got.chars == chars && got.words == words &&
			      got.lines == lines,
		      "%s: %lld %lld %lld %lld", json, (long long)got.bytes, (long long)got.chars,
		      (long long)got.words, (long long)got.lines);
}

START_TEST(a_text_is_measured_as_it_decodes)
{
	assert_measure("\"\"", 0, 0, 0, 0);
	assert_measure("\"one\"", 3, 3, 1, 1);
	assert_measure("\"one two\\n\"", 8, 8, 2, 1);
	assert_measure("\"\\n\\n\"", 2, 2, 0, 2);
	assert_measure("\"a\\tb\\u0020 c\\nd\"", 8, 8, 4, 2);
	assert_measure("\"\\u00e9\xC3\xA9 \\ud83d\\ude00\"", 9, 4, 2, 1);
	assert_measure("17", 0, 0, 0, 0);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, a_text_without_escapes_is_a_view_of_the_document, escapes_are_decoded,
	     lone_surrogates_and_bad_escapes_become_replacement_characters,
	     what_does_not_fit_or_is_no_string_is_absent, pieces_never_split_an_escape,
	     prefixes_are_those_of_the_decoded_text,
	     a_needle_is_found_in_the_decoded_text_across_pieces_too,
	     a_text_is_measured_as_it_decodes)
