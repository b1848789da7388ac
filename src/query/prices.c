/* SPDX-License-Identifier: MIT */
#include "query/prices.h"

/* What was taken as reported has no table, and a table that knows its model would not use it. */
static const char SELECT_STATUS[] =
	"SELECT coalesce(sum(price_id <> (SELECT price_id FROM price_now)"
	" AND price_id <> 'reported'), 0), coalesce(sum(cost_pusd IS NULL AND aborted = 0), 0)"
	" FROM model_calls";

enum bp_rc bp_prices_status_read(struct bp_sql *sql, struct bp_prices_status *out,
				 struct bp_err *err)
{
	struct bp_statement *select = NULL;
	enum bp_rc rc = bp_statement_new(sql, SELECT_STATUS, &select, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(select, err);
	}
	if (rc == BP_OK) {
		*out = (struct bp_prices_status){.stale_calls = bp_column_int(select, 0),
						 .unpriced_calls = bp_column_int(select, 1)};
	}
	bp_statement_free(select);
	return rc;
}
