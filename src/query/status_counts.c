/* SPDX-License-Identifier: MIT */
#include "query/status_counts.h"

#include "query/rules.h"

enum bp_rc bp_status_counts_read(struct bp_sql *sql, struct bp_status_counts *out,
				 struct bp_err *err)
{
	/* Sequences are dense where nothing was purged, but "rows above" counts rows. */
	static const char COUNTS[] =
		"SELECT (SELECT count(*) FROM claude_row) + (SELECT count(*) FROM other_row), "
		"(SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM "
		"pragma_page_size()), "
		"(SELECT count(*) FROM conversations AS c WHERE " BP_RULE_SESSION "), "
		"(SELECT count(*) FROM claude_row WHERE sequence > coalesce((SELECT low_water FROM "
		"pool_progress WHERE pool = 'conversations' AND tbl = 'claude_row'), 0)) + (SELECT "
		"count(*) FROM other_row WHERE sequence > coalesce((SELECT low_water FROM "
		"pool_progress WHERE pool = 'conversations' AND tbl = 'other_row'), 0)) + (SELECT "
		"count(*) FROM dirty_session), "
		"(SELECT count(*) FROM dirty_bucket), (SELECT count(*) FROM fact_error)";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, COUNTS, &statement, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
	}
	if (rc == BP_OK) {
		*out = (struct bp_status_counts){.rows = bp_column_int(statement, 0),
						 .bytes = bp_column_int(statement, 1),
						 .sessions = bp_column_int(statement, 2),
						 .conversations_lag = bp_column_int(statement, 3),
						 .metrics_lag = bp_column_int(statement, 4),
						 .fact_errors = bp_column_int(statement, 5)};
	}
	bp_statement_free(statement);
	return rc;
}
