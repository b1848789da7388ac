/* SPDX-License-Identifier: MIT */
/*
 * SQLite asks at prepare time for each table column a statement reads; through a view it asks for
 * the column of the base table with the view's name as the last argument. The name of a common
 * table expression stands there too, so that argument alone never opens anything that the view
 * itself would not show.
 */
#include <string.h>

#include "store/connection.h"

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++) {
		if (sqlite3_stricmp(name, *list) == 0) {
			return true;
		}
	}
	return false;
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name);
	size_t m = strlen(suffix);

	return n >= m && sqlite3_stricmp(name + (n - m), suffix) == 0;
}

/* claude_row, other_row and what later platforms add; their views. */
static bool is_raw_table(const char *name)
{
	return ends_with(name, "_row") || sqlite3_stricmp(name, "name") == 0;
}

static bool is_raw_view(const char *name)
{
	return ends_with(name, "raw_traces");
}

/* The text of sessions and its index (session_search_data, ..._idx, ..._docsize, ..._config). */
static bool is_text(const char *name)
{
	return sqlite3_stricmp(name, "session_text") == 0 ||
	       sqlite3_strnicmp(name, "session_search", sizeof("session_search") - 1) == 0;
}

static bool may_read(const struct bp_sql *sql, const char *table, const char *view)
{
	/* Content, pages as bytes, and samples of index keys. */
	static const char *const never[] = {"blob", "sqlite_dbpage", "sqlite_stat4", NULL};

	if (is_one_of(table, never)) {
		return false;
	}
	bool raw_view = is_raw_view(table) || (view && is_raw_view(view));
	switch (sql->access) {
	case BP_SQL_LOG:
		return raw_view || is_raw_table(table) ||
		       sqlite3_stricmp(table, "zlib_dictionary") == 0;
	case BP_SQL_RAW_VIEWS:
		return !is_text(table) && (!is_raw_table(table) || (view && is_raw_view(view)));
	case BP_SQL_FACTS:
		break;
	}
	return !is_raw_table(table) && !raw_view;
}

static int authorize(void *arg, int action, const char *first, const char *second,
		     const char *database, const char *view)
{
	static const char *const pragmas[] = {"user_version",   "table_info",   "table_xinfo",
					      "table_list",     "index_list",   "index_info",
					      "index_xinfo",    "page_count",   "page_size",
					      "freelist_count", "data_version", NULL};
	static const char *const functions[] = {"load_extension", "readfile",       "writefile",
						"edit",           "fts3_tokenizer", NULL};
	const struct bp_sql *sql = arg;
	bool fine = false;

	(void)database;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
	case SQLITE_RECURSIVE:
		fine = true;
		break;
	case SQLITE_READ:
		fine = first && may_read(sql, first, view);
		break;
	case SQLITE_FUNCTION:
		fine = second && !is_one_of(second, functions);
		break;
	case SQLITE_UPDATE:
		/* So SQLite asks when a virtual table (full text) says what its columns are. A
		   statement that would write there is refused: the connection only reads, and
		   writable_schema is a PRAGMA. */
		fine = first && sqlite3_stricmp(first, "sqlite_master") == 0 &&
		       sql->access == BP_SQL_FACTS;
		break;
	case SQLITE_PRAGMA:
		/* The page pragmas and the version may be set with an argument: reading only. */
		fine = first && is_one_of(first, pragmas) &&
		       (!second || strncmp(first, "table_", 6) == 0 ||
			strncmp(first, "index_", 6) == 0);
		break;
	default:
		break;
	}
	return fine ? SQLITE_OK : SQLITE_DENY;
}

void bp_sql_restrict(struct bp_sql *sql, enum bp_sql_access access)
{
	sql->access = access;
	(void)sqlite3_set_authorizer(sql->db, authorize, sql);
}
