/* SPDX-License-Identifier: MIT */
#include "support/tmpdir.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATHS = 8, OPEN_FOLDERS = 16, TEXT_BYTES = 64 * 1024 };

static char root[64];

void bp_test_tmpdir_make(void)
{
	static const char template[] = "/tmp/bp-test-XXXXXX";

	memcpy(root, template, sizeof(template));
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void bp_test_tmpdir_remove(void)
{
	ck_assert_int_eq(nftw(root, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS), 0);
}

const char *bp_test_tmpdir(const char *name)
{
	static char paths[PATHS][BP_TEST_PATH_BYTES];
	static unsigned next;
	char *path = paths[next++ % PATHS];

	(void)snprintf(path, BP_TEST_PATH_BYTES, "%s%s%s", root, name ? "/" : "", name ? name : "");
	return path;
}

void bp_test_tmpdir_write(const char *name, const char *text)
{
	FILE *file = fopen(bp_test_tmpdir(name), "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

const char *bp_test_tmpdir_read(const char *name)
{
	static char text[TEXT_BYTES];
	FILE *file = fopen(bp_test_tmpdir(name), "re");

	if (!file) {
		return "(none)";
	}
	size_t n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	ck_assert_int_eq(fclose(file), 0);
	return text;
}
