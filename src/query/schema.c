/* SPDX-License-Identifier: MIT */
#include "query/schema.h"

static enum bp_rc read_version(struct bp_sql *sql, int64_t *out, struct bp_err *err)
{
	static const char USER_VERSION[] = "PRAGMA user_version";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, USER_VERSION, &statement, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
	}
	if (rc == BP_OK) {
		*out = bp_column_int(statement, 0);
	}
	bp_statement_free(statement);
	return rc;
}

enum bp_rc bp_schema_read(struct bp_sql *sql, int64_t *out_version, bp_schema_each each, void *arg,
			  struct bp_err *err)
{
	static const char SCHEMA[] =
		"SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE "
		"'sqlite\\_%' ESCAPE '\\' ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'view' THEN "
		"2 "
		"WHEN 'index' THEN 3 ELSE 4 END, name";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = read_version(sql, out_version, err);

	if (rc == BP_OK) {
		rc = bp_statement_new(sql, SCHEMA, &statement, err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	for (rc = bp_statement_step(statement, err); rc == BP_OK;
	     rc = bp_statement_step(statement, err)) {
		each(bp_column_text(statement, 0), bp_column_text(statement, 1),
		     bp_column_text(statement, 2), arg);
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}
