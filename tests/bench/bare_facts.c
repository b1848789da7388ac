/* SPDX-License-Identifier: MIT */
#include "bench/bare_facts.h"

#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "store/store.h"

enum { FACTS_A_COMMIT = 2000, PATH_BYTES = 512 };

static const char *const FACT_TABLES[] = {
	"conversations", "conversation_turns",  "model_calls",  "tool_calls",  "code_changes",
	"file_access",   "permission_requests", "api_errors",   "compactions", "subagents",
	"activity",      "session_event",       "session_link", "fact_alias",  "rollups"};
enum { N_FACT_TABLES = sizeof(FACT_TABLES) / sizeof(FACT_TABLES[0]) };

/** Write one table's facts into the other database, as upserts that find nothing. */
static bool copy_table(struct bp_sql *from, struct bp_sql *to, const char *table, int64_t *n)
{
	char text[4096];
	char columns[1500] = "";
	char marks[200] = "";
	struct bp_statement *names = NULL;
	struct bp_statement *select = NULL;
	struct bp_statement *insert = NULL;
	int width = 0;
	int64_t in_hand = 0;

	(void)snprintf(text, sizeof(text),
		       "SELECT name FROM pragma_table_xinfo('%s') WHERE hidden = 0", table);
	bool ok = bp_statement_new(from, text, &names, NULL) == BP_OK;
	while (ok && bp_statement_step(names, NULL) == BP_OK) {
		struct bp_str name = bp_column_text(names, 0);
		size_t used = strlen(columns);
		(void)snprintf(columns + used, sizeof(columns) - used, "%s%.*s", width ? "," : "",
			       (int)name.len, name.ptr);
		used = strlen(marks);
		(void)snprintf(marks + used, sizeof(marks) - used, "%s?", width ? "," : "");
		width++;
	}
	(void)snprintf(text, sizeof(text), "SELECT %s FROM %s", columns, table);
	ok = ok && bp_statement_new(from, text, &select, NULL) == BP_OK;
	(void)snprintf(text, sizeof(text), "INSERT INTO %s (%s) VALUES (%s) ON CONFLICT DO NOTHING",
		       table, columns, marks);
	ok = ok && bp_statement_new(to, text, &insert, NULL) == BP_OK;
	while (ok && bp_statement_step(select, NULL) == BP_OK) {
		ok = in_hand > 0 || bp_sql_begin(to, NULL) == BP_OK;
		for (int i = 0; i < width; i++) {
			struct bp_str blob;
			if (bp_column_is_null(select, i)) {
				bp_bind_null(insert, i + 1);
			} else if (bp_column_is_blob(select, i)) {
				blob = bp_column_blob(select, i);
				bp_bind_blob(insert, i + 1, blob.ptr, blob.len);
			} else {
				/* STRICT tables turn digits back into numbers. */
				bp_bind_text(insert, i + 1, bp_column_text(select, i));
			}
		}
		ok = ok && bp_statement_run(insert, NULL) == BP_OK;
		++*n;
		if (ok && ++in_hand == FACTS_A_COMMIT) {
			ok = bp_sql_commit(to, NULL) == BP_OK;
			bp_store_cap_wal(to);
			in_hand = 0;
		}
	}
	ok = ok && (in_hand == 0 || bp_sql_commit(to, NULL) == BP_OK);
	bp_statement_free(names);
	bp_statement_free(select);
	bp_statement_free(insert);
	return ok;
}

static bool drop_triggers(struct bp_sql *sql)
{
	struct bp_statement *select = NULL;
	char text[20][128];
	size_t n = 0;

	bool ok = bp_statement_new(sql, "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
				   &select, NULL) == BP_OK;
	while (ok && n < 20 && bp_statement_step(select, NULL) == BP_OK) {
		struct bp_str name = bp_column_text(select, 0);
		(void)snprintf(text[n++], sizeof(text[0]), "DROP TRIGGER %.*s", (int)name.len,
			       name.ptr);
	}
	bp_statement_free(select);
	for (size_t i = 0; i < n && ok; i++) {
		ok = bp_sql_exec(sql, text[i], NULL) == BP_OK;
	}
	return ok;
}

static void remove_copy(const char *copy)
{
	static const char *const ends[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char path[PATH_BYTES + 8];
		(void)snprintf(path, sizeof(path), "%s%s", copy, ends[i]);
		(void)remove(path);
	}
}

double bare_facts_write(struct bp_sql *from, const char *copy, int64_t cache_bytes)
{
	struct bp_sql *to = NULL;
	int64_t n = 0;

	remove_copy(copy);
	bool ok = bp_sql_open(copy, BP_SQL_WRITE, cache_bytes, &to, NULL) == BP_OK &&
		  bp_store_migrate(to, NULL) == BP_OK && drop_triggers(to);
	double start = bench_now();
	for (size_t i = 0; i < N_FACT_TABLES && ok; i++) {
		ok = copy_table(from, to, FACT_TABLES[i], &n);
	}
	double seconds = bench_now() - start;
	bp_sql_close(to);
	remove_copy(copy);
	return ok && n > 0 ? seconds : -1;
}

int64_t bare_facts_count(struct bp_sql *from)
{
	int64_t n = 0;

	for (size_t i = 0; i < N_FACT_TABLES; i++) {
		char text[128];
		struct bp_statement *select = NULL;
		(void)snprintf(text, sizeof(text), "SELECT count(*) FROM %s", FACT_TABLES[i]);
		if (bp_statement_new(from, text, &select, NULL) == BP_OK &&
		    bp_statement_step(select, NULL) == BP_OK) {
			n += bp_column_int(select, 0);
		}
		bp_statement_free(select);
	}
	return n;
}
