/* SPDX-License-Identifier: MIT */
/**
 * recorded.h - transcripts and hooks of recorded clients, read into rows. The data is not part of
 * the project: BLUEPLANE_REAL_DATA names its folder, else ../shared/data is tried.
 */
#ifndef BP_TESTS_SUPPORT_RECORDED_H
#define BP_TESTS_SUPPORT_RECORDED_H

#include <unistd.h>

#include "support/fact_world.h"

enum { BP_TEST_FILE_MAX = 64 << 20 };

/** A folder of the recorded data, or NULL, said on stdout, where it is not there. Overwritten by the
 *  next call. */
static inline const char *bp_test_data_folder(const char *below)
{
	static char path[1024];
	const char *root = getenv("BLUEPLANE_REAL_DATA");

	(void)snprintf(path, sizeof(path), "%s/%s",
		       root ? root : BP_TEST_SOURCE_DIR "/../shared/data", below);
	if (access(path, R_OK) != 0) {
		(void)printf("skipped: no recorded data at '%s' (set BLUEPLANE_REAL_DATA)\n", path);
		return NULL;
	}
	return path;
}

/** Add a transcript to the struct bp_test_rows that is arg: for bp_file_walk(). */
static inline bool bp_test_add_transcript(const char *path, bool is_dir, void *arg)
{
	struct bp_test_rows *rows = arg;
	struct bp_str name = bp_str_from(path);
	struct bp_buf text;
	struct bp_err err = {0};

	if (is_dir || !bp_str_ends(name, BP_STR(".jsonl"))) {
		return true;
	}
	char session[256] = "";
	char agent[256] = "";
	const char *base = strrchr(path, '/') + 1;
	const char *below = strstr(path, "/subagents/");
	if (below) {
		const char *start = below;
		while (start[-1] != '/') {
			start--;
		}
		(void)snprintf(session, sizeof(session), "%.*s", (int)(below - start), start);
		(void)snprintf(agent, sizeof(agent), "%.*s", (int)strlen(base) - 12, base + 6);
	} else {
		(void)snprintf(session, sizeof(session), "%.*s", (int)strlen(base) - 6, base);
	}
	bp_buf_init(&text, BP_TEST_FILE_MAX);
	ck_assert_ok(bp_file_read(path, &text, &err), err);
	bp_test_rows_add_lines(rows, bp_buf_str(&text), session, agent[0] ? agent : NULL);
	bp_buf_done(&text);
	return true;
}

/** Add a file of hook payloads. */
static inline void bp_test_add_hook_file(struct bp_test_rows *rows, const char *path)
{
	struct bp_buf text;
	struct bp_err err = {0};

	bp_buf_init(&text, BP_TEST_FILE_MAX);
	ck_assert_ok(bp_file_read(path, &text, &err), err);
	bp_test_rows_add_hooks(rows, bp_buf_str(&text));
	bp_buf_done(&text);
}

#endif
