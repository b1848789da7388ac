/* SPDX-License-Identifier: MIT */
#include "capture/install_parts.h"

#include "support/run.h"

/** Where the text is wrong; -1: nowhere. */
static long wrong_at(const char *text)
{
	size_t at = 0;

	return bp_json_check(bp_str_from(text), &at) ? -1 : (long)at;
}

START_TEST(json_is_accepted)
{
	static const char *const texts[] = {
		"{}",
		" [ ] ",
		"{\"a\":{},\"b\":[]}",
		"[1,-0.5e+3,0,true,false,null,\"\\u00e4\\n\"]",
		"\"x\"",
		"[[[[]]],{\"\":[{}]}]\n",
		"{\"a\" : [ 1 , 2 ] , \"b\":3}\r\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_msg(wrong_at(texts[i]) == -1, "%s: wrong at %ld", texts[i],
			      wrong_at(texts[i]));
	}
}
END_TEST

START_TEST(what_is_no_json_is_found_where_it_is)
{
	static const struct {
		const char *text;
		long at;
	} cases[] = {
		{"", 0},         {"{", 1},        {"{\"a\":1,}", 7},
		{"[1,]", 3},     {"[,1]", 1},     {"{\"a\" 1}", 5},
		{"{a:1}", 1},    {"// x\n{}", 0}, {"{} x", 3},
		{"[01]", 2},     {"[1.]", 3},     {"[tru]", 4},
		{"\"a\tb\"", 2}, {"\"\\x\"", 2},  {"\"abc", 4},
		{"[1}", 2},      {"{\"a\":}", 5}, {"{\"a\":1 \"b\":2}", 7},
		{"[}", 1},       {"{]", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(wrong_at(cases[i].text) == cases[i].at, "%s: wrong at %ld, not %ld",
			      cases[i].text, wrong_at(cases[i].text), cases[i].at);
	}
}
END_TEST

START_TEST(a_place_is_counted_from_one)
{
	size_t line = 0;
	size_t column = 0;

	bp_text_place(BP_STR("ab\ncd"), 4, &line, &column);
	ck_assert_uint_eq(line, 2);
	ck_assert_uint_eq(column, 2);
	bp_text_place(BP_STR(""), 0, &line, &column);
	ck_assert_uint_eq(line, 1);
	ck_assert_uint_eq(column, 1);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, json_is_accepted, what_is_no_json_is_found_where_it_is,
	     a_place_is_counted_from_one)
