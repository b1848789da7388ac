/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <string.h>

#include "support/run.h"

START_TEST(every_code_has_a_text)
{
	ck_assert_str_eq(bp_rc_text(BP_OK), "ok");
	ck_assert_str_eq(bp_rc_text(BP_ESTOPPED), "stopped");
	ck_assert_str_eq(bp_rc_text((enum bp_rc)99), "unknown code");
}
END_TEST

START_TEST(set_returns_the_code_and_keeps_the_message)
{
	struct bp_err err = {0};

	ck_assert_rc(bp_err_set(&err, BP_EIO, "disk %d", 7), BP_EIO);
	ck_assert_int_eq(err.rc, BP_EIO);
	ck_assert_str_eq(err.msg, "disk 7");
}
END_TEST

START_TEST(wrap_puts_context_before_the_reason)
{
	struct bp_err err = {0};

	(void)bp_err_set(&err, BP_ELIMIT, "event 2-0: too long");
	ck_assert_rc(bp_err_wrap(&err, BP_ELIMIT, "flush of %d events", 2), BP_ELIMIT);
	ck_assert_str_eq(err.msg, "flush of 2 events: event 2-0: too long");
}
END_TEST

START_TEST(wrap_of_no_message_names_the_code)
{
	struct bp_err err = {0};

	ck_assert_rc(bp_err_wrap(&err, BP_EBUSY, "store"), BP_EBUSY);
	ck_assert_str_eq(err.msg, "store: busy");
}
END_TEST

START_TEST(a_message_that_is_too_long_is_cut_and_terminated)
{
	struct bp_err err = {0};
	char text[2 * BP_ERR_MSG_BYTES];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)bp_err_set(&err, BP_EIO, "%s", text);
	ck_assert_uint_eq(strlen(err.msg), BP_ERR_MSG_BYTES - 1);
	(void)bp_err_wrap(&err, BP_EIO, "%s", text);
	ck_assert_uint_eq(strlen(err.msg), BP_ERR_MSG_BYTES - 1);
}
END_TEST

START_TEST(null_err_is_fine)
{
	ck_assert_rc(bp_err_set(NULL, BP_EIO, "x"), BP_EIO);
	ck_assert_rc(bp_err_wrap(NULL, BP_EIO, "x"), BP_EIO);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, every_code_has_a_text, set_returns_the_code_and_keeps_the_message,
	     wrap_puts_context_before_the_reason, wrap_of_no_message_names_the_code,
	     a_message_that_is_too_long_is_cut_and_terminated, null_err_is_fine)
