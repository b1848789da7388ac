/* SPDX-License-Identifier: MIT */
/**
 * trace.h - a test program with strace around it and all it starts: whom do they speak to?
 *
 * Shape:   main() calls bp_test_trace_self() first; the last test calls bp_test_trace_check().
 */
#ifndef BP_TESTS_SUPPORT_TRACE_H
#define BP_TESTS_SUPPORT_TRACE_H

/** Start this program anew below strace; does not return then. It returns where it is below one
 *  already, and, said on stdout, where there is no strace, it may not trace, or a sanitizer minds. */
void bp_test_trace_self(char **argv);

/** Each address that was connected to, bound or sent to until now is a Unix socket or loopback, and
 *  there were at_least of them; else the test ends. Nothing where nothing is traced. */
void bp_test_trace_check(unsigned at_least);

#endif
