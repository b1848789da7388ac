/* SPDX-License-Identifier: MIT */
/**
 * journey.h - what several journeys do: a transcript that grows, waiting for numbers and for words,
 * and disks that are small, read-only or full.
 *
 * Errors:  every function ends the test when something does not work.
 * Threads: as service.h.
 */
#ifndef BP_TESTS_SUPPORT_JOURNEY_H
#define BP_TESTS_SUPPORT_JOURNEY_H

#include <stdbool.h>

#include "support/service.h"

/** The session of the prompts below. */
#define BP_TEST_SESSION "5e551000-0000-4000-a000-000000000001"

/** The transcript of that session. Valid until the next call. */
const char *bp_test_transcript(const struct bp_test_home *home);

/** Append n prompts to it; first is the number of prompts that it has. */
void bp_test_add_prompts(const struct bp_test_home *home, int first, int n);

/** Wait for a number of `status --json`, by path. */
void bp_test_wait_number(const struct bp_test_home *home, const char *path, double want);

/** Wait until `blueplane status` prints these words. */
void bp_test_wait_words(const struct bp_test_home *home, const char *words);

/** Wait for words in the service's log. */
void bp_test_wait_log(const struct bp_test_home *home, const char *words);

/** Mounts of this process from here on are its own; false, with a word on stderr, when we may not. */
bool bp_test_own_mounts(void);

/** Put a file system of so many MB in memory over the home. After bp_test_own_mounts(). */
void bp_test_mount_small(const struct bp_test_home *home, int mb);

/** Make the home read-only, as it is on a disk that is. After bp_test_own_mounts(). */
void bp_test_mount_read_only(const struct bp_test_home *home);

/** Undo the last of them. */
void bp_test_unmount(const struct bp_test_home *home);

/** Leave no byte of room below the home, in <home>/ballast. */
void bp_test_fill_disk(const struct bp_test_home *home);

#endif
