/* SPDX-License-Identifier: MIT */
/**
 * facts.h - a database of the newest schema in a temporary folder, with hand-made facts.
 */
#ifndef BP_TESTS_UNIT_QUERY_FACTS_H
#define BP_TESTS_UNIT_QUERY_FACTS_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "support/run.h"

static char facts_dir[64];
static char facts_path[96];
static struct bp_sql *facts;

/** A write connection to an empty database; also the setup of a test. */
static inline void facts_open(void)
{
	struct bp_err err = {0};

	(void)snprintf(facts_dir, sizeof(facts_dir), "/tmp/bp_query_XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(facts_dir));
	(void)snprintf(facts_path, sizeof(facts_path), "%s/telemetry.db", facts_dir);
	ck_assert_ok(bp_sql_open(facts_path, BP_SQL_WRITE, 1 << 20, &facts, &err), err);
	ck_assert_ok(bp_store_migrate(facts, &err), err);
}

/** Close and delete it; also the teardown of a test. */
static inline void facts_close(void)
{
	char path[512];
	DIR *dir = opendir(facts_dir);

	bp_sql_close(facts);
	facts = NULL;
	ck_assert_ptr_nonnull(dir);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		(void)snprintf(path, sizeof(path), "%s/%s", facts_dir, entry->d_name);
		(void)unlink(path);
	}
	(void)closedir(dir);
	(void)rmdir(facts_dir);
}

/** Run SQL, printing our message when it fails. */
static inline void facts_put(const char *text)
{
	struct bp_err err = {0};

	ck_assert_ok(bp_sql_exec(facts, text, &err), err);
}

#endif
