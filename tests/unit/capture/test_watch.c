/* SPDX-License-Identifier: MIT */
#include "capture/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#include "support/run.h"
#include "support/tmpdir.h"

static struct bp_watch *watch;
static struct bp_buf told; /* "tag:name " for each file */

static void on_file(void *arg, int tag, const char *path)
{
	(void)arg;
	bp_buf_printf(&told, "%d:%s ", tag, path + strlen(bp_test_tmpdir("")));
}

static bool on_folder(void *arg, int tag, struct bp_str name)
{
	(void)arg;
	(void)tag;
	return !bp_str_is(name, "skip");
}

static void setup(void)
{
	const struct bp_watch_callbacks callbacks = {.file = on_file, .folder = on_folder};

	bp_test_tmpdir_make();
	bp_buf_init(&told, 1 << 20);
	watch = bp_watch_new(&callbacks);
}

static void teardown(void)
{
	bp_watch_free(watch);
	bp_buf_done(&told);
	bp_test_tmpdir_remove();
}

static void folder(const char *name)
{
	ck_assert_int_eq(mkdir(bp_test_tmpdir(name), 0700), 0);
}

static void append(const char *name)
{
	int fd = open(bp_test_tmpdir(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	(void)close(fd);
}

static bool wait_events(int timeout_ms)
{
	struct pollfd fd = {.fd = bp_watch_fd(watch), .events = POLLIN};

	return poll(&fd, 1, timeout_ms) == 1;
}

/** What is told when all that happened is taken. */
static const char *read_all(void)
{
	bp_buf_clear(&told);
	while (wait_events(0)) {
		bp_watch_read(watch);
	}
	return bp_buf_str(&told).ptr;
}

static void assert_told(const char *text)
{
	const char *all = read_all();

	ck_assert_msg(strstr(all, text) != NULL, "\"%s\" is not in \"%s\"", text, all);
}

START_TEST(what_is_there_is_told_and_what_changes)
{
	folder("r");
	folder("r/p");
	append("r/p/a.jsonl");
	bp_watch_add_root(watch, bp_test_tmpdir("r"), 7);
	ck_assert_str_eq(bp_buf_str(&told).ptr, "7:r/p/a.jsonl ");
	ck_assert_str_eq(read_all(), "");
	append("r/p/a.jsonl");
	assert_told("7:r/p/a.jsonl ");
	append("r/b.jsonl");
	assert_told("7:r/b.jsonl ");
	ck_assert(!wait_events(0));
	ck_assert(!bp_watch_blind(watch));
}
END_TEST

START_TEST(new_folders_are_watched_and_read)
{
	folder("r");
	bp_watch_add_root(watch, bp_test_tmpdir("r"), 0);
	folder("r/p");
	folder("r/p/s");
	append("r/p/s/a.jsonl");
	assert_told("0:r/p/s/a.jsonl ");
	append("r/p/s/b.jsonl");
	assert_told("0:r/p/s/b.jsonl ");
}
END_TEST

START_TEST(unwanted_folders_are_left_out)
{
	folder("r");
	folder("r/skip");
	append("r/skip/a");
	bp_watch_add_root(watch, bp_test_tmpdir("r"), 0);
	append("r/skip/b");
	ck_assert_str_eq(read_all(), "");
}
END_TEST

START_TEST(a_root_that_comes_later_is_found)
{
	bp_watch_add_root(watch, bp_test_tmpdir("x/y/r"), 3);
	ck_assert_str_eq(read_all(), "");
	folder("x");
	(void)read_all();
	folder("x/y");
	folder("x/y/r");
	append("x/y/r/a");
	assert_told("3:x/y/r/a ");
	append("x/y/r/b");
	assert_told("3:x/y/r/b ");
}
END_TEST

START_TEST(a_root_that_goes_and_comes_back_is_found)
{
	folder("r");
	append("r/a");
	bp_watch_add_root(watch, bp_test_tmpdir("r"), 0);
	ck_assert_int_eq(rename(bp_test_tmpdir("r"), bp_test_tmpdir("gone")), 0);
	(void)read_all();
	append("gone/a");
	ck_assert_str_eq(read_all(), "");
	ck_assert_int_eq(rename(bp_test_tmpdir("gone"), bp_test_tmpdir("r")), 0);
	assert_told("0:r/a ");
	append("r/a");
	assert_told("0:r/a ");
}
END_TEST

START_TEST(a_folder_that_moves_is_known_by_its_new_name)
{
	folder("r");
	folder("r/p");
	append("r/p/a");
	bp_watch_add_root(watch, bp_test_tmpdir("r"), 0);
	ck_assert_int_eq(rename(bp_test_tmpdir("r/p"), bp_test_tmpdir("r/q")), 0);
	assert_told("0:r/q/a ");
	append("r/q/a");
	ck_assert_str_eq(read_all(), "0:r/q/a ");
}
END_TEST

START_TEST(files_that_go_or_are_replaced_are_told)
{
	folder("r");
	append("r/a");
	append("new");
	bp_watch_add_root(watch, bp_test_tmpdir("r"), 0);
	ck_assert_int_eq(rename(bp_test_tmpdir("new"), bp_test_tmpdir("r/a")), 0);
	assert_told("0:r/a ");
	ck_assert_int_eq(unlink(bp_test_tmpdir("r/a")), 0);
	assert_told("0:r/a ");
}
END_TEST

START_TEST(links_are_followed_once_and_circles_end)
{
	folder("r");
	folder("away");
	append("away/a");
	ck_assert_int_eq(symlink(bp_test_tmpdir("away"), bp_test_tmpdir("r/one")), 0);
	ck_assert_int_eq(symlink(bp_test_tmpdir("away"), bp_test_tmpdir("r/two")), 0);
	ck_assert_int_eq(symlink(bp_test_tmpdir("r"), bp_test_tmpdir("r/circle")), 0);
	ck_assert_int_eq(symlink(bp_test_tmpdir("none"), bp_test_tmpdir("r/dangling")), 0);
	bp_watch_add_root(watch, bp_test_tmpdir("r"), 0);
	ck_assert_str_eq(bp_buf_str(&told).ptr, "0:away/a ");
	append("away/b");
	assert_told("0:away/b ");
}
END_TEST

START_TEST(a_rescan_tells_everything_again)
{
	folder("r");
	folder("r/p");
	append("r/p/a");
	append("r/b");
	bp_watch_add_root(watch, bp_test_tmpdir("r"), 0);
	bp_buf_clear(&told);
	bp_watch_rescan(watch);
	ck_assert_ptr_nonnull(strstr(bp_buf_str(&told).ptr, "0:r/p/a "));
	ck_assert_ptr_nonnull(strstr(bp_buf_str(&told).ptr, "0:r/b "));
}
END_TEST

START_TEST(an_overflow_is_mended_by_reading_everything)
{
	char name[64];
	long limit = 16384;
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");

	if (file) {
		ck_assert_int_eq(fscanf(file, "%ld", &limit), 1);
		(void)fclose(file);
	}
	folder("r");
	append("r/quiet");
	bp_watch_add_root(watch, bp_test_tmpdir("r"), 0);
	/* Alternating, so that the kernel cannot merge them. */
	for (long i = 0; i < limit + 10; i++) {
		(void)snprintf(name, sizeof(name), "r/f%ld", i % 2);
		append(name);
	}
	assert_told("0:r/quiet ");
}
END_TEST

BP_TEST_MAIN(setup, teardown, what_is_there_is_told_and_what_changes,
	     new_folders_are_watched_and_read, unwanted_folders_are_left_out,
	     a_root_that_comes_later_is_found, a_root_that_goes_and_comes_back_is_found,
	     a_folder_that_moves_is_known_by_its_new_name, files_that_go_or_are_replaced_are_told,
	     links_are_followed_once_and_circles_end, a_rescan_tells_everything_again,
	     an_overflow_is_mended_by_reading_everything)
