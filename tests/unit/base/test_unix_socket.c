/* SPDX-License-Identifier: MIT */
#include "base/unix_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/run.h"

static char folder[64];
static struct bp_err err;

static void setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/bp-sock-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	(void)rmdir(folder);
}

/** Listen at path, connect to it, and take both down. */
static void meet(const char *path)
{
	int listener = -1;
	int client = -1;
	struct stat st;

	ck_assert_ok(bp_unix_listen(path, &listener, &err), err);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_ok(bp_unix_connect(path, &client, &err), err);
	(void)close(client);
	(void)close(listener);
	ck_assert_rc(bp_unix_connect(path, &client, &err), BP_ENOTFOUND);
	/* The file is left over now, as after a kill: listening works again. */
	ck_assert_ok(bp_unix_listen(path, &listener, &err), err);
	(void)close(listener);
	(void)unlink(path);
}

START_TEST(a_socket_is_private_and_replaces_a_left_over_one)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/control.sock", folder);
	meet(path);
}
END_TEST

START_TEST(a_path_over_107_bytes_works_as_well)
{
	char deep[256];
	char path[300];

	(void)snprintf(deep, sizeof(deep), "%s/%0120d", folder, 0);
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/control.sock", deep);
	meet(path);
	ck_assert_int_eq(rmdir(deep), 0);
}
END_TEST

START_TEST(nobody_there_is_not_found)
{
	int client = -1;

	ck_assert_rc(bp_unix_connect("/nonexistent/control.sock", &client, &err), BP_ENOTFOUND);
}
END_TEST

START_TEST(a_socket_that_somebody_listens_on_is_left_alone)
{
	char path[128];
	int listener = -1;
	int second = -1;
	int client = -1;

	(void)snprintf(path, sizeof(path), "%s/control.sock", folder);
	ck_assert_ok(bp_unix_listen(path, &listener, &err), err);
	ck_assert_rc(bp_unix_listen(path, &second, &err), BP_EBUSY);
	ck_assert_ptr_nonnull(strstr(err.msg, "another program"));
	ck_assert_ptr_nonnull(strstr(err.msg, "BLUEPLANE_HOME"));
	ck_assert_ok(bp_unix_connect(path, &client, &err), err);
	(void)close(client);
	(void)close(listener);
	(void)unlink(path);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_socket_is_private_and_replaces_a_left_over_one,
	     a_path_over_107_bytes_works_as_well, nobody_there_is_not_found,
	     a_socket_that_somebody_listens_on_is_left_alone)
