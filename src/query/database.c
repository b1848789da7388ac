/* SPDX-License-Identifier: MIT */
#include "query/database.h"

#include <inttypes.h>

#include "store/store.h"

enum { CACHE_BYTES = 16 << 20 };

static enum bp_rc check_version(struct bp_sql *sql, const char *path, struct bp_err *err)
{
	static const char USER_VERSION[] = "PRAGMA user_version";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, USER_VERSION, &statement, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
	}
	if (rc != BP_OK) {
		bp_statement_free(statement);
		return bp_err_wrap(err, rc, "cannot read \"%s\"", path);
	}
	int64_t version = bp_column_int(statement, 0);
	bp_statement_free(statement);
	if (version > bp_store_version()) {
		return bp_err_set(err, BP_EVERSION,
				  "\"%s\" was written by a newer blueplane (schema %" PRId64
				  ", this one knows %d): update this program",
				  path, version, bp_store_version());
	}
	if (version == 0) {
		/* The service is about to make the tables. */
		return bp_err_set(err, BP_ENOTFOUND, "\"%s\" is empty", path);
	}
	if (version < bp_store_version()) {
		return bp_err_set(err, BP_EVERSION,
				  "\"%s\" is of an older blueplane (schema %" PRId64
				  ", this one wants %d): run \"blueplane restart\" to bring it up "
				  "to date",
				  path, version, bp_store_version());
	}
	return BP_OK;
}

static enum bp_rc open_with(const char *path, enum bp_sql_access access, struct bp_sql **out,
			    struct bp_err *err)
{
	struct bp_sql *sql = NULL;
	enum bp_rc rc = bp_sql_open(path, BP_SQL_READ, CACHE_BYTES, &sql, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_sql_restrict(sql, access);
	rc = check_version(sql, path, err);
	if (rc != BP_OK) {
		bp_sql_close(sql);
		return rc;
	}
	*out = sql;
	return BP_OK;
}

enum bp_rc bp_query_open(const char *path, struct bp_sql **out, struct bp_err *err)
{
	return open_with(path, BP_SQL_FACTS, out, err);
}

enum bp_rc bp_query_open_log(const char *path, struct bp_sql **out, struct bp_err *err)
{
	return open_with(path, BP_SQL_LOG, out, err);
}

enum bp_rc bp_query_begin(struct bp_sql *sql, struct bp_err *err)
{
	return bp_sql_exec(sql, "BEGIN", err);
}

void bp_query_end(struct bp_sql *sql)
{
	bp_sql_rollback(sql);
}

enum bp_rc bp_query_version(struct bp_sql *sql, int64_t *out, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, "PRAGMA data_version", &statement, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
	}
	if (rc == BP_OK) {
		*out = bp_column_int(statement, 0);
	}
	bp_statement_free(statement);
	return rc;
}
