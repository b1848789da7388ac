/* SPDX-License-Identifier: MIT */
#include "daemon/hook_conf.h"

#include <stdio.h>
#include <string.h>

#include "base/home.h"
#include "event/projection.h"
#include "support/run.h"
#include "support/tmpdir.h"

static struct bp_err err;
static char url[128];

static void setup(void)
{
	memset(&err, 0, sizeof(err));
	bp_test_tmpdir_make();
	ck_assert_ok(bp_home_make(bp_test_tmpdir("home"), &err), err);
}

/** What is written for a redis.url. */
static const char *write_conf(const char *redis_url)
{
	struct bp_daemon_config config = {.hooks_enabled = true,
					  .opt_out = BP_OPT_OUT_TOOLS | BP_OPT_OUT_EDITS,
					  .redis_url = url};

	(void)snprintf(url, sizeof(url), "%s", redis_url);
	ck_assert_ok(bp_hook_conf_write(bp_test_tmpdir("home"), &config, &err), err);
	return bp_test_tmpdir_read("home/run/hook.conf");
}

START_TEST(the_private_server_has_a_socket)
{
	const char *conf = write_conf("");

	ck_assert_ptr_nonnull(strstr(conf, "\nenabled=1\n"));
	ck_assert_ptr_nonnull(strstr(conf, "\nopt_out=6\n"));
	ck_assert_ptr_nonnull(strstr(conf, "\nproject_names=0\n"));
	ck_assert_ptr_nonnull(strstr(conf, "/redis.sock\n"));
	const char *salt = strstr(conf, "\nsalt=");
	ck_assert_ptr_nonnull(salt);
	ck_assert_uint_eq(strspn(salt + 6, "0123456789abcdef"), 64);
}
END_TEST

START_TEST(a_server_by_tcp_has_none_and_the_hook_spools)
{
	ck_assert_ptr_null(strstr(write_conf("redis://localhost:6379"), "socket="));
	ck_assert_ptr_nonnull(strstr(write_conf("/run/redis.sock"), "\nsocket=/run/redis.sock\n"));
}
END_TEST

BP_TEST_MAIN(setup, bp_test_tmpdir_remove, the_private_server_has_a_socket,
	     a_server_by_tcp_has_none_and_the_hook_spools)
