/* SPDX-License-Identifier: MIT */
/**
 * tmpdir.h - a folder for one test, removed with everything in it.
 */
#ifndef BP_TESTS_SUPPORT_TMPDIR_H
#define BP_TESTS_SUPPORT_TMPDIR_H

enum { BP_TEST_PATH_BYTES = 512 };

/** Make a private folder below /tmp (short, so that a socket's path fits). Ends the test if not. */
void bp_test_tmpdir_make(void);

/** Remove it with everything in it. */
void bp_test_tmpdir_remove(void);

/** Its path; with a name: the path of that file in it. Valid until the 8th next call. */
const char *bp_test_tmpdir(const char *name);

/** Write a file into it (NUL-terminated text). */
void bp_test_tmpdir_write(const char *name, const char *text);

/** The text of a file of it; "(none)" when it is not there. Valid until the next call. */
const char *bp_test_tmpdir_read(const char *name);

#endif
