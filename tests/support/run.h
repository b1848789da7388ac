/* SPDX-License-Identifier: MIT */
/**
 * run.h - what every check program needs: assertions that print our message, and main().
 *
 * A test file ends in
 *
 *	BP_TEST_MAIN(setup, teardown, a_sentence, another_sentence)
 *
 * where each name is a START_TEST(...) and setup, teardown are functions or NULL.
 */
#ifndef BP_TESTS_SUPPORT_RUN_H
#define BP_TESTS_SUPPORT_RUN_H

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

/** The call worked; if not, print its message. err: a struct bp_err, or a pointer's target. */
#define ck_assert_ok(call, err) ck_assert_msg((call) == BP_OK, "%s", (err).msg)

/** The call returned exactly this code. */
#define ck_assert_rc(call, want)                                                                   \
	do {                                                                                       \
		enum bp_rc got_rc_ = (call);                                                       \
		ck_assert_msg(got_rc_ == (want), "%s: got %s, want %s", #call,                     \
			      bp_rc_text(got_rc_), bp_rc_text(want));                              \
	} while (0)

static inline int bp_test_run(const char *name, void (*setup)(void), void (*teardown)(void),
			      const TTest *const *tests, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	const char *limit = getenv("CK_DEFAULT_TIMEOUT");

	/* The limit of the whole program is ctest's; check's own 4 s fails on a busy machine. */
	tcase_set_timeout(tcase, limit ? strtod(limit, NULL) : 60.0);
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < n; i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define BP_TEST_MAIN(setup, teardown, ...)                                                         \
	int main(void)                                                                             \
	{                                                                                          \
		const TTest *const tests[] = {__VA_ARGS__};                                        \
		return bp_test_run(__FILE__, setup, teardown, tests,                               \
				   sizeof(tests) / sizeof(tests[0]));                              \
	}

#endif
