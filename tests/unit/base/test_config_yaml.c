/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "support/run.h"
#include "support/tmpdir.h"
#include "unit/base/sample_options.h"

static void setup(void)
{
	bp_test_tmpdir_make();
	sample_setup();
}

static void teardown(void)
{
	sample_teardown();
	bp_test_tmpdir_remove();
}

static enum bp_rc read_text(const char *text)
{
	bp_test_tmpdir_write("config.yaml", text);
	return bp_config_read_file(config, bp_test_tmpdir("config.yaml"), &err);
}

/** The message ends in this. */
static void ends_in(const char *tail)
{
	ck_assert_msg(bp_str_ends(bp_str_from(err.msg), bp_str_from(tail)), "%s", err.msg);
}

START_TEST(sections_dots_lists_and_comments_are_read)
{
	ck_assert_ok(read_text("# ours\n"
			       "one:\n"
			       "  batch_events: 7 # few\n"
			       "  wait: 2s\n"
			       "three.deep:\n"
			       "  other: 4\n"
			       "two:\n"
			       "  path: \"/a, b\"\n"
			       "  parts: [b, c]\n"
			       "  roots:\n"
			       "  - /x,y\n"
			       "  - z\n"),
		     err);
	ck_assert_int_eq(sample.count, 7);
	ck_assert_int_eq(sample.wait_us, 2000000);
	ck_assert_int_eq(sample.other, 4);
	ck_assert_str_eq(sample.path, "/a, b");
	ck_assert_uint_eq(sample.parts, 6);
	ck_assert_str_eq(sample.roots[0], "/x,y");
	ck_assert_str_eq(sample.roots[1], "z");
}
END_TEST

START_TEST(missing_and_empty_files_and_sections_are_fine)
{
	ck_assert_ok(bp_config_read_file(config, bp_test_tmpdir("none"), &err), err);
	ck_assert_ok(read_text(""), err);
	ck_assert_ok(read_text("# nothing\n"), err);
	ck_assert_ok(read_text("one:\n  # batch_events: 1\n"), err);
	ck_assert_int_eq(sample.count, 500);
}
END_TEST

START_TEST(an_unknown_key_has_its_line_and_the_nearest)
{
	ck_assert_rc(read_text("one:\n  wait: 1s\n  bach_events: 1\n"), BP_EINVAL);
	ends_in("config.yaml:3: no option \"one.bach_events\"; did you mean \"one.batch_events\"?");
	ck_assert_int_eq(sample.wait_us, 250000);
	ck_assert_rc(read_text("onn:\n  wait: 1s\n"), BP_EINVAL);
	ends_in("config.yaml:2: no option \"onn.wait\"; did you mean \"one.wait\"?");
	ck_assert_rc(read_text("nothing: {}\n"), BP_EINVAL);
}
END_TEST

START_TEST(a_bad_value_has_its_line_and_what_is_allowed)
{
	ck_assert_rc(read_text("\none:\n  wait: 1s\n  batch_events: many\n"), BP_EINVAL);
	ends_in("config.yaml:4: one.batch_events: \"many\" is no whole number; "
		"allowed: 1 to 65536");
	ck_assert_int_eq(sample.wait_us, 250000);
}
END_TEST

START_TEST(wrong_shapes_are_refused)
{
	ck_assert_rc(read_text("one:\n  wait: [1s]\n"), BP_EINVAL);
	ends_in("config.yaml:2: one.wait: takes one value, not a list");
	ck_assert_rc(read_text("one:\n  wait: {a: 1s}\n"), BP_EINVAL);
	ends_in("config.yaml:2: one.wait: takes a value, not a section");
	ck_assert_rc(read_text("one:\n  wait:\n"), BP_EINVAL);
	ends_in("config.yaml:2: one.wait: has no value");
	ck_assert_rc(read_text("- one\n"), BP_EINVAL);
	ends_in("config.yaml:1: expected \"section:\" lines at the top");
	ck_assert_rc(read_text("one: 5\n"), BP_EINVAL);
	ck_assert_rc(read_text("two:\n  roots: [[a]]\n"), BP_EINVAL);
	ends_in("config.yaml:2: two.roots: item 1 is no plain text");
	ck_assert_rc(read_text("two:\n  path: \"a\\0b\"\n"), BP_EINVAL);
}
END_TEST

START_TEST(a_key_that_is_there_twice_is_refused)
{
	ck_assert_rc(read_text("one:\n  wait: 1s\none.wait: 2s\n"), BP_EINVAL);
	ends_in("config.yaml:3: one.wait: is set twice");
}
END_TEST

START_TEST(what_is_not_yaml_has_its_line)
{
	ck_assert_rc(read_text("one:\n\twait: 1s\n"), BP_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "config.yaml:2: not YAML: "));
	ck_assert_rc(read_text("one: [\n"), BP_EINVAL);
	ck_assert_rc(read_text("a: \xff\xfe\n"), BP_EINVAL);
}
END_TEST

START_TEST(an_alias_that_contains_itself_ends)
{
	ck_assert_rc(read_text("one: &a\n  x: *a\n"), BP_EINVAL);
}
END_TEST

START_TEST(a_folder_in_the_files_place_is_an_io_error)
{
	ck_assert_rc(bp_config_read_file(config, bp_test_tmpdir(NULL), &err), BP_EIO);
}
END_TEST

BP_TEST_MAIN(setup, teardown, sections_dots_lists_and_comments_are_read,
	     missing_and_empty_files_and_sections_are_fine,
	     an_unknown_key_has_its_line_and_the_nearest,
	     a_bad_value_has_its_line_and_what_is_allowed, wrong_shapes_are_refused,
	     a_key_that_is_there_twice_is_refused, what_is_not_yaml_has_its_line,
	     an_alias_that_contains_itself_ends, a_folder_in_the_files_place_is_an_io_error)
