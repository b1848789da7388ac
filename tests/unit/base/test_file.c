/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/run.h"
#include "support/tmpdir.h"

static struct bp_err err;

static void setup(void)
{
	err = (struct bp_err){0};
	bp_test_tmpdir_make();
}

static void teardown(void)
{
	bp_test_tmpdir_remove();
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return (unsigned)st.st_mode & 07777;
}

START_TEST(folders_are_made_with_their_mode_and_twice_is_fine)
{
	ck_assert_ok(bp_file_make_dirs(bp_test_tmpdir("a/b/c"), 0700, &err), err);
	ck_assert_ok(bp_file_make_dirs(bp_test_tmpdir("a/b/c/"), 0700, &err), err);
	ck_assert_uint_eq(mode_of(bp_test_tmpdir("a/b")), 0700);
	ck_assert_uint_eq(mode_of(bp_test_tmpdir("a/b/c")), 0700);
}
END_TEST

START_TEST(a_file_in_the_way_is_named_with_the_reason)
{
	bp_test_tmpdir_write("f", "x");
	ck_assert_rc(bp_file_make_dirs(bp_test_tmpdir("f"), 0700, &err), BP_EIO);
	ck_assert_ptr_nonnull(strstr(err.msg, "/f\": Not a directory"));
	ck_assert_rc(bp_file_make_dirs(bp_test_tmpdir("f/g"), 0700, &err), BP_EIO);
}
END_TEST

START_TEST(a_file_is_read_up_to_the_maximum)
{
	struct bp_buf buf;

	bp_test_tmpdir_write("f", "12345678");
	bp_buf_init(&buf, 8);
	ck_assert_ok(bp_file_read(bp_test_tmpdir("f"), &buf, &err), err);
	ck_assert_str_eq(buf.ptr, "12345678");
	bp_buf_done(&buf);

	bp_buf_init(&buf, 7);
	ck_assert_rc(bp_file_read(bp_test_tmpdir("f"), &buf, &err), BP_ELIMIT);
	bp_buf_done(&buf);

	bp_buf_init(&buf, 7);
	ck_assert_rc(bp_file_read(bp_test_tmpdir("g"), &buf, &err), BP_ENOTFOUND);
	ck_assert_rc(bp_file_read(bp_test_tmpdir(NULL), &buf, &err), BP_EIO);
	bp_buf_done(&buf);
}
END_TEST

START_TEST(reading_appends)
{
	struct bp_buf buf;

	bp_test_tmpdir_write("f", "b");
	bp_buf_init(&buf, 100);
	bp_buf_add_char(&buf, 'a');
	ck_assert_ok(bp_file_read(bp_test_tmpdir("f"), &buf, &err), err);
	ck_assert_str_eq(buf.ptr, "ab");
	bp_buf_done(&buf);
}
END_TEST

START_TEST(replace_makes_and_replaces_with_the_mode)
{
	const char *path = bp_test_tmpdir("f");

	ck_assert_ok(bp_file_replace(path, BP_STR("one"), 0600, &err), err);
	ck_assert_str_eq(bp_test_tmpdir_read("f"), "one");
	ck_assert_ok(bp_file_replace(path, BP_STR("two"), 0644, &err), err);
	ck_assert_str_eq(bp_test_tmpdir_read("f"), "two");
	ck_assert_uint_eq(mode_of(path), 0644);
}
END_TEST

START_TEST(replace_goes_through_a_symbolic_link)
{
	struct stat st;

	bp_test_tmpdir_write("real", "one");
	ck_assert_int_eq(symlink("real", bp_test_tmpdir("link")), 0);
	ck_assert_ok(bp_file_replace(bp_test_tmpdir("link"), BP_STR("two"), 0600, &err), err);
	ck_assert_str_eq(bp_test_tmpdir_read("real"), "two");
	ck_assert_int_eq(lstat(bp_test_tmpdir("link"), &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
}
END_TEST

static bool count(const char *path, bool is_dir, void *arg)
{
	struct bp_buf *list = arg;

	bp_buf_printf(list, "%s%s ", strrchr(path, '/') + 1, is_dir ? "/" : "");
	return strcmp(strrchr(path, '/') + 1, "skip") != 0;
}

START_TEST(a_failed_replace_leaves_the_old_file_and_nothing_else)
{
	struct bp_buf list;

	ck_assert_ok(bp_file_make_dirs(bp_test_tmpdir("d/full"), 0700, &err), err);
	ck_assert_rc(bp_file_replace(bp_test_tmpdir("d"), BP_STR("x"), 0600, &err), BP_EIO);
	ck_assert_rc(bp_file_replace(bp_test_tmpdir("no/f"), BP_STR("x"), 0600, &err), BP_EIO);
	bp_buf_init(&list, 1000);
	bp_file_walk(bp_test_tmpdir(NULL), count, &list);
	ck_assert_str_eq(list.ptr, "d/ full/ ");
	bp_buf_done(&list);
}
END_TEST

/* /dev/shm is another file system than /tmp, nearly everywhere. */
START_TEST(a_move_keeps_the_bytes_on_any_file_system)
{
	char far[64] = "/dev/shm/bp-file-XXXXXX";
	int fd = mkstemp(far);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	bp_test_tmpdir_write("from", "what was written");
	ck_assert_rc(bp_file_move(bp_test_tmpdir("from"), far, &err), BP_EINVAL);
	ck_assert_str_eq(bp_test_tmpdir_read("from"), "what was written");
	ck_assert_int_eq(unlink(far), 0);
	ck_assert_ok(bp_file_move(bp_test_tmpdir("from"), far, &err), err);
	ck_assert_str_eq(bp_test_tmpdir_read("from"), "(none)");
	ck_assert_uint_eq(mode_of(far), 0600);
	ck_assert_ok(bp_file_move(far, bp_test_tmpdir("back"), &err), err);
	ck_assert_str_eq(bp_test_tmpdir_read("back"), "what was written");
	ck_assert_int_eq(access(far, F_OK), -1);
	ck_assert_rc(bp_file_move(bp_test_tmpdir("back"), bp_test_tmpdir("no/f"), &err), BP_EIO);
	ck_assert_str_eq(bp_test_tmpdir_read("back"), "what was written");
}
END_TEST

START_TEST(write_all_says_when_it_cannot)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_rc(bp_file_write_all(fd, "x", 1, &err), BP_EIO);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(walk_goes_down_in_order_and_not_through_links)
{
	struct bp_buf list;

	ck_assert_ok(bp_file_make_dirs(bp_test_tmpdir("b/deep"), 0700, &err), err);
	ck_assert_ok(bp_file_make_dirs(bp_test_tmpdir("skip/never"), 0700, &err), err);
	bp_test_tmpdir_write("a", "");
	bp_test_tmpdir_write("b/deep/file", "");
	ck_assert_int_eq(symlink("b", bp_test_tmpdir("c")), 0);
	bp_buf_init(&list, 1000);
	bp_file_walk(bp_test_tmpdir(NULL), count, &list);
	ck_assert_str_eq(list.ptr, "a b/ deep/ file c skip/ ");
	bp_buf_clear(&list);
	bp_file_walk(bp_test_tmpdir("missing"), count, &list);
	ck_assert_uint_eq(list.len, 0);
	bp_buf_done(&list);
}
END_TEST

BP_TEST_MAIN(setup, teardown, folders_are_made_with_their_mode_and_twice_is_fine,
	     a_file_in_the_way_is_named_with_the_reason, a_file_is_read_up_to_the_maximum,
	     reading_appends, replace_makes_and_replaces_with_the_mode,
	     replace_goes_through_a_symbolic_link,
	     a_failed_replace_leaves_the_old_file_and_nothing_else,
	     a_move_keeps_the_bytes_on_any_file_system, write_all_says_when_it_cannot,
	     walk_goes_down_in_order_and_not_through_links)
