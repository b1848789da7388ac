/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "hook/hook.h"
#include "support/run.h"

#define SALT "salt=00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n"

static struct bp_hook_conf conf;

static void parse(const char *text)
{
	bp_hook_conf_parse(bp_str_from(text), &conf);
}

START_TEST(a_full_file_is_read)
{
	parse("# written by the service\n\nenabled=1\nsocket=/run/r.sock\n" SALT
	      "opt_out=192\nproject_names=0\nlevel=full\ndurability=always\nlater=x\n");
	ck_assert(conf.enabled);
	ck_assert_str_eq(conf.socket, "/run/r.sock");
	ck_assert_uint_eq(conf.policy.opt_out, BP_OPT_OUT_SHELL | BP_OPT_OUT_MCP);
	ck_assert(!conf.policy.project_names);
	ck_assert(!conf.policy.envelope_only);
	ck_assert_int_eq(conf.policy.level, BP_LEVEL_STRICT);
}
END_TEST

START_TEST(the_salt_is_the_key)
{
	unsigned char salt[BP_SALT_BYTES];
	struct bp_hash_key key;

	for (size_t i = 0; i < BP_SALT_BYTES; i++) {
		salt[i] = (unsigned char)((i % 16) * 0x11);
	}
	bp_hash_key_init(&key, salt);
	parse(SALT);
	ck_assert_str_eq(bp_hash_text(&conf.policy.key, BP_STR("x")).text,
			 bp_hash_text(&key, BP_STR("x")).text);
}
END_TEST

START_TEST(no_file_means_the_envelope_only_and_no_socket)
{
	parse("");
	ck_assert(conf.enabled);
	ck_assert(conf.policy.envelope_only);
	ck_assert_str_eq(conf.socket, "");
	ck_assert_uint_eq(conf.policy.opt_out, 0);
}
END_TEST

START_TEST(what_cannot_be_read_makes_it_keep_less)
{
	static const char *const bad[] = {SALT "opt_out=many\n",
					  SALT "opt_out=\n",
					  SALT "opt_out=99999999999\n",
					  SALT "project_names=maybe\n",
					  "salt=00\n",
					  SALT "salt=xyz\n",
					  "salt=g0112233445566778899aabbccddeeff"
					  "00112233445566778899aabbccddeeff\n"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parse(bad[i]);
		ck_assert_msg(conf.policy.envelope_only, "%s", bad[i]);
	}
}
END_TEST

START_TEST(off_is_off_and_odd_lines_are_passed_over)
{
	char text[512];

	parse("enabled=0");
	ck_assert(!conf.enabled);
	parse("enabled=yes\n");
	ck_assert(conf.enabled);
	parse("enabled=0\nenabled=1\nno equals\n=\n==\n#socket=/x\n\n");
	ck_assert(conf.enabled);
	ck_assert_str_eq(conf.socket, "");
	(void)snprintf(text, sizeof(text), "socket=%0200d\n", 1);
	parse(text);
	ck_assert_str_eq(conf.socket, "");
}
END_TEST

BP_TEST_MAIN(NULL, NULL, a_full_file_is_read, the_salt_is_the_key,
	     no_file_means_the_envelope_only_and_no_socket, what_cannot_be_read_makes_it_keep_less,
	     off_is_off_and_odd_lines_are_passed_over)
