/* SPDX-License-Identifier: MIT */
#include "base/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/run.h"

static char folder[64];
static char home[128];
static struct bp_err err;

static void setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/bp-home-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(home, sizeof(home), "%s/bp", folder);
	memset(&err, 0, sizeof(err));
}

static bool remove_one(const char *path, bool is_dir, void *arg)
{
	(void)arg;
	if (is_dir) {
		bp_file_walk(path, remove_one, NULL);
		(void)rmdir(path);
	} else {
		(void)unlink(path);
	}
	return false;
}

static void teardown(void)
{
	bp_file_walk(folder, remove_one, NULL);
	(void)rmdir(folder);
}

START_TEST(a_home_that_is_not_there_is_not_found)
{
	ck_assert_rc(bp_home_check(home, &err), BP_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.msg, home));
}
END_TEST

START_TEST(making_a_home_makes_it_private_and_keeps_its_salt)
{
	unsigned char first[32];
	unsigned char second[32];
	char path[256];
	struct stat st;

	ck_assert_ok(bp_home_make(home, &err), err);
	ck_assert_ok(bp_home_salt(home, first, &err), err);
	ck_assert_ok(bp_home_make(home, &err), err);
	ck_assert_ok(bp_home_salt(home, second, &err), err);
	ck_assert_mem_eq(first, second, 32);
	ck_assert_int_eq(stat(home, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_ok(bp_home_file(home, "salt", path, sizeof(path), &err), err);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_ok(bp_home_file(home, "spool/new", path, sizeof(path), &err), err);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
}
END_TEST

START_TEST(a_home_that_others_can_read_is_refused_with_the_command_that_mends_it)
{
	ck_assert_ok(bp_home_make(home, &err), err);
	ck_assert_int_eq(chmod(home, 0750), 0);
	ck_assert_rc(bp_home_check(home, &err), BP_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "chmod 700"));
	ck_assert_rc(bp_home_make(home, &err), BP_EINVAL);
}
END_TEST

START_TEST(a_file_in_its_place_is_refused)
{
	ck_assert_ok(bp_file_replace(home, BP_STR("x"), 0600, &err), err);
	ck_assert_rc(bp_home_check(home, &err), BP_EINVAL);
}
END_TEST

START_TEST(a_short_salt_is_corrupt)
{
	unsigned char salt[32];
	char path[256];

	ck_assert_ok(bp_home_make(home, &err), err);
	ck_assert_ok(bp_home_file(home, "salt", path, sizeof(path), &err), err);
	ck_assert_ok(bp_file_replace(path, BP_STR("short"), 0600, &err), err);
	ck_assert_rc(bp_home_salt(home, salt, &err), BP_ECORRUPT);
}
END_TEST

START_TEST(the_environment_chooses_the_home)
{
	char path[BP_HOME_PATH_BYTES];

	ck_assert_int_eq(setenv("BLUEPLANE_HOME", "/some/where//", 1), 0);
	ck_assert_ok(bp_home_path(path, sizeof(path), &err), err);
	ck_assert_str_eq(path, "/some/where");
	ck_assert_rc(bp_home_path(path, 5, &err), BP_ELIMIT);
	ck_assert_int_eq(unsetenv("BLUEPLANE_HOME"), 0);
	ck_assert_int_eq(setenv("HOME", "/home/somebody", 1), 0);
	ck_assert_ok(bp_home_path(path, sizeof(path), &err), err);
	ck_assert_str_eq(path, "/home/somebody/.blueplane");
	ck_assert_int_eq(unsetenv("HOME"), 0);
	ck_assert_rc(bp_home_path(path, sizeof(path), &err), BP_ENOTFOUND);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_home_that_is_not_there_is_not_found,
	     making_a_home_makes_it_private_and_keeps_its_salt,
	     a_home_that_others_can_read_is_refused_with_the_command_that_mends_it,
	     a_file_in_its_place_is_refused, a_short_salt_is_corrupt,
	     the_environment_chooses_the_home)
