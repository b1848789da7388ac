/* SPDX-License-Identifier: MIT */
#include "base/config_value.h"

#include <stdlib.h>
#include <string.h>

#include "support/run.h"
#include "unit/base/sample_options.h"

/** Set and read back as text; NULL when it is refused. */
static const char *again(const char *name, const char *text)
{
	return bp_config_set(config, name, text, &err) == BP_OK ? bp_config_get(config, name)
								: NULL;
}

START_TEST(durations_carry_units)
{
	ck_assert_str_eq(again("one.wait", "2s"), "2s");
	ck_assert_int_eq(sample.wait_us, 2000000);
	ck_assert_str_eq(again("one.wait", "1500ms"), "1500ms");
	ck_assert_str_eq(again("one.wait", "60s"), "1m");
	ck_assert_str_eq(again("one.wait", "1500 us"), "1500us");
	ck_assert_str_eq(again("one.wait", "1h"), "1h");
	ck_assert_ptr_null(again("one.wait", "5"));
	ck_assert_str_eq(err.msg, "one.wait: \"5\" is without a unit; allowed: 1ms to 1h");
	ck_assert_ptr_null(again("one.wait", "61m"));
	ck_assert_ptr_null(again("one.wait", "0"));
	ck_assert_ptr_null(again("one.wait", "2 weeks"));
	ck_assert_ptr_null(again("one.wait", "9223372036854775807d"));
	ck_assert_ptr_null(again("one.wait", "1.5s"));
	ck_assert_int_eq(sample.wait_us, 3600000000);
}
END_TEST

START_TEST(sizes_are_bytes_binary_or_decimal)
{
	ck_assert_int_eq(sample.bytes, 65536);
	ck_assert_str_eq(again("one.bytes", "500"), "500");
	ck_assert_str_eq(again("one.bytes", "256MB"), "256MB");
	ck_assert_int_eq(sample.bytes, 256000000);
	ck_assert_str_eq(again("one.bytes", "1MiB"), "1MiB");
	ck_assert_str_eq(again("one.bytes", "2048B"), "2KiB");
	ck_assert_str_eq(again("one.bytes", "0"), "0");
	ck_assert_ptr_null(again("one.bytes", "-1"));
	ck_assert_ptr_null(again("one.bytes", "64K"));
	ck_assert_ptr_null(again("one.bytes", "KiB"));
	ck_assert_ptr_null(again("one.bytes", ""));
}
END_TEST

START_TEST(numbers_keep_their_range)
{
	ck_assert_str_eq(again("one.batch_events", "65536"), "65536");
	ck_assert_ptr_null(again("one.batch_events", "65537"));
	ck_assert_str_eq(err.msg,
			 "one.batch_events: \"65537\" is out of range; allowed: 1 to 65536");
	ck_assert_ptr_null(again("one.batch_events", "0x10"));
	ck_assert_ptr_null(again("one.batch_events", "12 "));
	ck_assert_ptr_null(again("one.batch_events", "99999999999999999999"));
	ck_assert_str_eq(again("three.deep.other", "-7"), "-7");
	ck_assert_int_eq(sample.other, -7);
}
END_TEST

START_TEST(switches_take_the_usual_words)
{
	ck_assert_str_eq(again("one.on", "no"), "false");
	ck_assert(!sample.on);
	ck_assert_str_eq(again("one.on", "on"), "true");
	ck_assert_str_eq(again("one.on", "0"), "false");
	ck_assert_ptr_null(again("one.on", "maybe"));
	ck_assert_ptr_null(again("one.on", ""));
}
END_TEST

START_TEST(choices_name_the_nearest)
{
	ck_assert_int_eq(sample.colour, 1);
	ck_assert_str_eq(again("two.colour", "blue"), "blue");
	ck_assert_int_eq(sample.colour, 2);
	ck_assert_ptr_null(again("two.colour", "gren"));
	ck_assert_str_eq(err.msg, "two.colour: \"gren\" is no choice (did you mean \"green\"?); "
				  "allowed: one of red, green, blue");
}
END_TEST

START_TEST(flags_are_bits_and_lists_are_texts)
{
	ck_assert_str_eq(bp_config_get(config, "two.parts"), "");
	ck_assert_str_eq(again("two.parts", "c, a"), "a,c");
	ck_assert_uint_eq(sample.parts, 5);
	ck_assert_ptr_null(again("two.parts", "a,d"));
	ck_assert_ptr_null(again("two.parts", "a,,b"));
	ck_assert_str_eq(again("two.roots", "/x, y z ,w"), "/x,y z,w");
	ck_assert_str_eq(sample.roots[1], "y z");
	ck_assert_ptr_null(sample.roots[3]);
	ck_assert_str_eq(again("two.roots", ""), "");
	ck_assert_ptr_null(sample.roots[0]);
}
END_TEST

START_TEST(yaml_quotes_what_would_read_back_as_something_else)
{
	const struct bp_option *option = bp_config_option(config, "two.path");
	static const char *const pairs[][2] = {
		{"/a/b-c.d", "\"/a/b-c.d\""}, {"/a/b_c.d", "/a/b_c.d"}, {"", "\"\""},
		{"null", "\"null\""},         {"a: b", "\"a: b\""},     {"#x", "\"#x\""},
		{"q\"\\", "\"q\\\"\\\\\""},   {"tab\t", "\"tab\\x09\""}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct bp_config_value value = {0};

		ck_assert_ok(bp_config_value_parse(option, pairs[i][0], &value, &err), err);
		char *yaml = bp_config_value_yaml(option, &value);
		ck_assert_str_eq(yaml, pairs[i][1]);
		free(yaml);
		bp_config_value_done(&value);
	}
}
END_TEST

BP_TEST_MAIN(sample_setup, sample_teardown, durations_carry_units,
	     sizes_are_bytes_binary_or_decimal, numbers_keep_their_range,
	     switches_take_the_usual_words, choices_name_the_nearest,
	     flags_are_bits_and_lists_are_texts, yaml_quotes_what_would_read_back_as_something_else)
