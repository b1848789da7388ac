/* SPDX-License-Identifier: MIT */
#include "store/raw.h"

const char *bp_raw_table_name(enum bp_raw_table table)
{
	static const char *const names[] = {
		[BP_RAW_CLAUDE] = "claude_row",
		[BP_RAW_OTHER] = "other_row",
	};

	BP_ASSERT(table < BP_RAW_TABLES);
	return names[table];
}

enum bp_raw_table bp_raw_table_of(struct bp_str platform)
{
	return bp_str_is(platform, "claude_code") ? BP_RAW_CLAUDE : BP_RAW_OTHER;
}

enum bp_rc bp_raw_last(struct bp_sql *sql, enum bp_raw_table table, int64_t *out,
		       struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, "SELECT seq FROM sqlite_sequence WHERE name = ?1",
					 &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_text(statement, 1, bp_str_from(bp_raw_table_name(table)));
	rc = bp_statement_step(statement, err);
	if (rc == BP_OK) {
		*out = bp_column_int(statement, 0);
	} else if (rc == BP_ENOTFOUND) {
		*out = 0;
		rc = BP_OK;
	}
	bp_statement_free(statement);
	return rc;
}
