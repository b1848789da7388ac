/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hook/hook.h"
#include "support/run.h"

static char home[64];
static int home_fd;
static struct bp_hook_frame frame;

static void setup(void)
{
	struct bp_event event;

	(void)snprintf(home, sizeof(home), "/tmp/bp-spool-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	home_fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bp_event_init(&event);
	event.platform = BP_STR("claude_code");
	event.session_id = BP_STR("s1");
	event.event_type = BP_STR("stop");
	event.source = BP_STR("hook");
	event.id[15] = 1;
	ck_assert(bp_hook_frame_make(&event, &frame));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void teardown(void)
{
	(void)close(home_fd);
	(void)nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file below the home; its size, -1 when there is none. */
static long size_of(const char *name)
{
	struct stat status;

	return fstatat(home_fd, name, &status, 0) == 0 ? (long)status.st_size : -1;
}

static void set_count(int64_t files, int64_t bytes)
{
	/* The folder's time as it is now: nothing was taken away since. */
	struct stat status;
	ck_assert_int_eq(fstatat(home_fd, "spool/new", &status, 0), 0);
	const int64_t count[4] = {files, bytes, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
	int fd = openat(home_fd, "spool/count", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_eq(write(fd, count, sizeof(count)), sizeof(count));
	(void)close(fd);
}

START_TEST(an_event_becomes_a_file_with_its_wire_form)
{
	char text[4096];

	ck_assert(bp_hook_spool(home_fd, &frame));
	int fd = openat(home_fd, "spool/new/00000000000000000000000000000001", O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ssize_t n = read(fd, text, sizeof(text));
	(void)close(fd);
	ck_assert_int_eq(n, (ssize_t)frame.json_len);
	ck_assert_mem_eq(text, frame.json, frame.json_len);
	ck_assert_int_eq(size_of("spool/tmp/00000000000000000000000000000001"), -1);
	ck_assert_int_eq(size_of("spool/lost"), -1);
}
END_TEST

START_TEST(a_full_spool_loses_and_counts)
{
	ck_assert(bp_hook_spool(home_fd, &frame));
	set_count(BP_HOOK_SPOOL_FILES_MAX, 0);
	frame.id_hex[31] = '2';
	ck_assert(!bp_hook_spool(home_fd, &frame));
	ck_assert(!bp_hook_spool(home_fd, &frame));
	ck_assert_int_eq(size_of("spool/lost"), 2);
	set_count(1, BP_HOOK_SPOOL_BYTES_MAX - 1);
	ck_assert(!bp_hook_spool(home_fd, &frame));
	ck_assert_int_eq(size_of("spool/lost"), 3);
}
END_TEST

START_TEST(a_spool_that_was_emptied_is_counted_again)
{
	ck_assert(bp_hook_spool(home_fd, &frame));
	set_count(BP_HOOK_SPOOL_FILES_MAX, 0);
	/* As the service does after it has added it. */
	ck_assert_int_eq(unlinkat(home_fd, "spool/new/00000000000000000000000000000001", 0), 0);
	ck_assert(bp_hook_spool(home_fd, &frame));
	ck_assert_int_eq(size_of("spool/lost"), -1);
}
END_TEST

START_TEST(a_place_that_cannot_be_written_is_a_loss_without_harm)
{
	int fd = openat(home_fd, "spool", O_WRONLY | O_CREAT, 0600);

	(void)close(fd);
	ck_assert(!bp_hook_spool(home_fd, &frame));
	ck_assert_int_eq(unlinkat(home_fd, "spool", 0), 0);
	ck_assert_int_eq(mkdirat(home_fd, "spool", 0700), 0);
	(void)close(openat(home_fd, "spool/new", O_WRONLY | O_CREAT, 0600));
	ck_assert(!bp_hook_spool(home_fd, &frame));
	ck_assert_int_eq(size_of("spool/lost"), 1);
	bp_hook_lost(-1);
}
END_TEST

START_TEST(no_socket_is_no_send)
{
	char path[128];

	ck_assert(!bp_hook_send("", &frame));
	ck_assert(!bp_hook_send("/nonexistent/bp.sock", &frame));
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert(!bp_hook_send(path, &frame));
}
END_TEST

BP_TEST_MAIN(setup, teardown, an_event_becomes_a_file_with_its_wire_form,
	     a_full_spool_loses_and_counts, a_spool_that_was_emptied_is_counted_again,
	     a_place_that_cannot_be_written_is_a_loss_without_harm, no_socket_is_no_send)
