/* SPDX-License-Identifier: MIT */
/**
 * scratch.h - a database in a folder of its own for the tests of src/store.
 *
 * Threads: one process at a time has a scratch folder.
 */
#ifndef BP_TESTS_UNIT_STORE_SCRATCH_H
#define BP_TESTS_UNIT_STORE_SCRATCH_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/sqlite.h"
#include "support/run.h"

static char scratch_dir[64];

static inline const char *scratch_path(const char *suffix)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/t.db%s", scratch_dir, suffix);
	return path;
}

static inline void scratch_set_up(void)
{
	(void)snprintf(scratch_dir, sizeof(scratch_dir), "/tmp/bp-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch_dir));
}

static inline void scratch_tear_down(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".copy"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)unlink(scratch_path(suffixes[i]));
	}
	ck_assert_int_eq(rmdir(scratch_dir), 0);
}

static inline struct bp_sql *scratch_open(enum bp_sql_mode mode)
{
	struct bp_err err = {0};
	struct bp_sql *sql = NULL;

	ck_assert_ok(bp_sql_open(scratch_path(""), mode, 4 << 20, &sql, &err), err);
	return sql;
}

#endif
