/* SPDX-License-Identifier: MIT */
/**
 * npm.h - run a script of tests/npm with the packages it needs.
 *
 * Why:     independent readers of our files, and other people's figures, are on npm.
 * Shape:   <build>/npm is a copy of tests/npm with node_modules in it; npm's own cache is there too.
 * Threads: one; two tests at once wait for each other while packages are installed.
 */
#ifndef BP_TESTS_SUPPORT_NPM_H
#define BP_TESTS_SUPPORT_NPM_H

#include <stdbool.h>

/** Install what tests/npm/package-lock.json names, if it is not. source: BP_TEST_SOURCE_DIR;
 *  bin_dir: BP_TEST_BIN_DIR. False, with the reason on stderr, when there is no node, no npm or no
 *  registry: the caller then has nothing to test. */
bool bp_test_npm(const char *source, const char *bin_dir);

/** The path of a file in <build>/npm. Valid until the next call. */
const char *bp_test_npm_file(const char *name);

/** node SCRIPT ARGS... (NULL at the end of args); its exit code. Its output goes to output (a
 *  path), or to ours when that is NULL. */
int bp_test_npm_run(const char *script, const char *const *args, const char *output);

#endif
