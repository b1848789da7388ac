/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/stat.h>

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

/** Write before, set name to value, and compare the file with after. */
static void expect(const char *before, const char *name, const char *value, const char *after)
{
	if (before) {
		bp_test_tmpdir_write("c.yaml", before);
	}
	ck_assert_ok(bp_config_write(config, bp_test_tmpdir("c.yaml"), name, value, &err), err);
	ck_assert_str_eq(bp_test_tmpdir_read("c.yaml"), after);
}

START_TEST(a_missing_file_is_made_private)
{
	struct stat st;

	expect(NULL, "one.wait", "2s", "one:\n  wait: 2s\n");
	ck_assert_int_eq(stat(bp_test_tmpdir("c.yaml"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(a_value_changes_and_its_comment_and_neighbours_stay)
{
	expect("# \xc3\xbc head\none:\n  # why\n  wait:   1s   # \xc3\xbc note\n  on: no\n",
	       "one.wait", "3s",
	       "# \xc3\xbc head\none:\n  # why\n  wait: 3s   # \xc3\xbc note\n  on: no\n");
	expect("two: {path: \"\xc3\xbc\xc3\xbc\", colour: red}\n", "two.colour", "blue",
	       "two: {path: \"\xc3\xbc\xc3\xbc\", colour: blue}\n");
	expect("one.wait: 1s", "one.wait", "2s", "one.wait: 2s");
}
END_TEST

START_TEST(a_new_key_goes_into_its_section)
{
	expect("one:\n    on: no # n\n\ntwo:\n  path: x\n", "one.wait", "3s",
	       "one:\n    wait: 3s\n    on: no # n\n\ntwo:\n  path: x\n");
	expect("one:\n  # on: no\ntwo:\n  path: x\n", "one.wait", "3s",
	       "one:\n  wait: 3s\n  # on: no\ntwo:\n  path: x\n");
	expect("one: {on: no}\n", "one.wait", "3s", "one: {on: no}\none.wait: 3s\n");
	expect("one:", "one.wait", "3s", "one:\n  wait: 3s\n");
	expect("three:\n  deep:\n    other: 1\n", "three.deep.other", "5",
	       "three:\n  deep:\n    other: 5\n");
}
END_TEST

START_TEST(a_new_section_goes_to_the_end)
{
	expect("one:\n  on: no", "two.path", "a b", "one:\n  on: no\ntwo:\n  path: \"a b\"\n");
	expect("# only a comment\n", "three.deep.other", "5",
	       "# only a comment\nthree:\n  deep.other: 5\n");
}
END_TEST

START_TEST(lists_are_written_and_replaced)
{
	expect("two:\n  roots:\n    - a\n    - b # last\n  # next\n  path: x\n", "two.roots",
	       "c,d e", "two:\n  roots: [c, \"d e\"] # last\n  # next\n  path: x\n");
	expect("two:\n  roots:\n  - a\n  path: x\n", "two.roots", "",
	       "two:\n  roots: []\n  path: x\n");
	expect("two:\n  parts: [a,\n    b]\n", "two.parts", "c", "two:\n  parts: [c]\n");
}
END_TEST

START_TEST(null_removes_the_lines)
{
	expect("one:\n  wait: 1s # x\n  on: no\n", "one.wait", NULL, "one:\n  on: no\n");
	expect("one:\n  wait: 1s\n", "one.wait", NULL, "one:\n");
	expect("two:\n  roots:\n    - a\n    - b\n  path: x\n", "two.roots", NULL,
	       "two:\n  path: x\n");
	expect("one:\n  on: no\n", "one.wait", NULL, "one:\n  on: no\n");
}
END_TEST

START_TEST(what_is_wrong_changes_nothing)
{
	static const char before[] = "one:\n  on: no\n";
	const char *path = bp_test_tmpdir("c.yaml");

	bp_test_tmpdir_write("c.yaml", before);
	ck_assert_rc(bp_config_write(config, path, "one.nix", "1", &err), BP_ENOTFOUND);
	ck_assert_rc(bp_config_write(config, path, "one.wait", "1", &err), BP_EINVAL);
	ck_assert_str_eq(err.msg, "one.wait: \"1\" is without a unit; allowed: 1ms to 1h");
	ck_assert_str_eq(bp_test_tmpdir_read("c.yaml"), before);
	bp_test_tmpdir_write("c.yaml", "one:\n  onn: no\n");
	ck_assert_rc(bp_config_write(config, path, "one.wait", "1s", &err), BP_EINVAL);
	ck_assert_str_eq(bp_test_tmpdir_read("c.yaml"), "one:\n  onn: no\n");
}
END_TEST

START_TEST(a_form_that_cannot_be_edited_is_refused)
{
	static const char *const forms[] = {
		"{one: {on: no}}\n",            /* all in braces: no place for a line */
		"one: {on: no}\n...\n",         /* a line after the end is not read */
		"one: &a {on: no, wait: 5s}\n", /* in braces: cannot drop a line */
	};
	const char *path = bp_test_tmpdir("c.yaml");

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		bp_test_tmpdir_write("c.yaml", forms[i]);
		ck_assert_msg(bp_config_write(config, path, "one.wait", i < 2 ? "1s" : NULL,
					      &err) == BP_EINVAL,
			      "%s", forms[i]);
		ck_assert_ptr_nonnull(strstr(err.msg, "edit one.wait by hand"));
		ck_assert_str_eq(bp_test_tmpdir_read("c.yaml"), forms[i]);
	}
}
END_TEST

START_TEST(what_was_written_is_read_back)
{
	static const char *const texts[] = {"",         "null", "~",   "- x",      "a: b # c",
					    "\"q\" \\", " x ",  "yes", "\xc3\xbc", "{",
					    "!t",       "*a",   "%",   "@",        "`"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *path = bp_test_tmpdir("c.yaml");

		ck_assert_ok(bp_config_write(config, path, "two.path", texts[i], &err), err);
		ck_assert_ok(bp_config_read_file(config, path, &err), err);
		ck_assert_str_eq(sample.path, texts[i]);
	}
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_an_io_error)
{
	ck_assert_rc(bp_config_write(config, bp_test_tmpdir("no/c.yaml"), "one.wait", "1s", &err),
		     BP_EIO);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_missing_file_is_made_private,
	     a_value_changes_and_its_comment_and_neighbours_stay, a_new_key_goes_into_its_section,
	     a_new_section_goes_to_the_end, lists_are_written_and_replaced, null_removes_the_lines,
	     what_is_wrong_changes_nothing, a_form_that_cannot_be_edited_is_refused,
	     what_was_written_is_read_back, a_file_that_cannot_be_written_is_an_io_error)
