/* SPDX-License-Identifier: MIT */
/* What somebody typed to search for: refused as too much or as no word, else SQLite takes the
 * expression that is made of it, whatever it holds, and every match has its snippet.
 * Seen to fail: a term without its first quote. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/search.h"
#include "query/search_text.h"
#include "store/store.h"
#include "support/fuzz_scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bp_sql *sql;

static void exec(const char *text)
{
	BP_ASSERT(bp_sql_exec(sql, text, NULL) == BP_OK);
}

static void set_up(void)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/t.db", fuzz_scratch());
	BP_ASSERT(bp_sql_open(path, BP_SQL_WRITE, 1 << 20, &sql, NULL) == BP_OK);
	BP_ASSERT(bp_store_migrate(sql, NULL) == BP_OK);
	exec("INSERT INTO conversations (id, external_id, platform, project_hash, project_name, "
	     "seen, first_event_us, last_event_us, title) VALUES (1, 's1', 'claude_code', 'h', "
	     "'shop', 1, 1, 2, 'Mend the parser')");
	exec("INSERT INTO session_text VALUES (1, 'shop', 'Bash Edit', 'claude-opus-4', 'rs c', "
	     "'Explore', 'Mend the parser', 'why does the parser \"fail\"?')");
}

/* A text is split and joined without loss, but for what never stands in the index. */
static void check_split(struct bp_str text)
{
	struct bp_buf split, joined;

	bp_buf_init(&split, 16 * BP_SEARCH_BYTES_MAX);
	bp_buf_init(&joined, 16 * BP_SEARCH_BYTES_MAX);
	bp_search_split(text, &split);
	bp_search_join(bp_buf_str(&split), &joined);
	BP_ASSERT(bp_buf_ok(&split) && joined.len <= text.len);
	bp_buf_done(&split);
	bp_buf_done(&joined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bp_period period = {.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
	const struct bp_filter all = {0};
	struct bp_search found = {0};
	struct bp_err err = {0};
	char *text = bp_strdup(bp_str_make((const char *)data, size));
	const struct bp_search_question question = {
		.text = text, .period = &period, .filter = &all, .limit = 10};

	if (!sql) {
		set_up();
	}
	enum bp_rc rc = bp_search_read(sql, &question, &found, &err);
	BP_ASSERT(rc == BP_OK || ((rc == BP_EINVAL || rc == BP_ELIMIT) && err.msg[0] != '\0'));
	/* None of SQLite's words: it saw only what it takes. */
	BP_ASSERT(rc == BP_OK || strstr(err.msg, "search for"));
	for (size_t i = 0; i < found.n; i++) {
		BP_ASSERT(found.rows[i].snippet && found.rows[i].field >= 0);
	}
	bp_search_done(&found);
	if (size <= BP_SEARCH_BYTES_MAX) {
		check_split(bp_str_from(text));
	}
	free(text);
	return 0;
}
