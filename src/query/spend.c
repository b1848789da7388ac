/* SPDX-License-Identifier: MIT */
#include "query/spend.h"

#include "query/rules.h"

int64_t bp_spend_pusd(const struct bp_cost *cost)
{
	return cost->cost_pusd + cost->aborted_cost_pusd;
}

/* Few rows by index; buckets of a session would ask for all the other facts as well. */
static enum bp_rc read_session(struct bp_sql *sql, const char *id, bool compat,
			       struct bp_spend *out, struct bp_err *err)
{
	static const char SESSION[] =
		"SELECT coalesce(sum(" BP_RULE_MODEL_CALL
		"), 0), coalesce(sum(CASE WHEN " BP_RULE_MODEL_CALL
		" THEN m.cost_pusd END), 0), coalesce(sum(CASE WHEN " BP_RULE_ABORTED
		" THEN m.cost_pusd END), 0), coalesce(sum(" BP_RULE_MODEL_CALL
		" AND m.cost_pusd IS NULL), 0), coalesce(sum(CASE WHEN " BP_RULE_MODEL_CALL
		" THEN m.compat_pusd END), 0), coalesce(sum(CASE WHEN " BP_RULE_ABORTED
		" THEN m.compat_pusd END), 0), coalesce(sum(" BP_RULE_MODEL_CALL
		" AND m.compat_pusd IS NULL), 0) FROM conversations AS c JOIN model_calls AS m ON "
		"m.conversation_id = c.id WHERE c.external_id = ?1 GROUP BY c.id";
	struct bp_statement *statement = NULL;
	int at = compat ? 4 : 1;
	enum bp_rc rc = bp_statement_new(sql, SESSION, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_text(statement, 1, bp_str_from(id));
	rc = bp_statement_step(statement, err);
	if (rc == BP_OK) {
		out->session_known = true;
		out->session.model_calls = bp_column_int(statement, 0);
		out->session.cost_pusd = bp_column_int(statement, at);
		out->session.aborted_cost_pusd = bp_column_int(statement, at + 1);
		out->session.unpriced_calls = bp_column_int(statement, at + 2);
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_spend_collect(struct bp_sql *sql, const char *session, const struct bp_tz *tz,
			    bool compat_ccusage, int64_t now_us, struct bp_spend *out,
			    struct bp_err *err)
{
	struct bp_period today = {
		.from_us = bp_tz_day_start(tz, now_us), .until_us = now_us + 1, .tz = tz};
	const struct bp_filter all = {0};
	const struct bp_costs_question question = {.period = &today,
						   .filter = &all,
						   .by = BP_COSTS_TOTAL,
						   .compat_ccusage = compat_ccusage};
	struct bp_costs costs;
	enum bp_rc rc = BP_OK;

	*out = (struct bp_spend){0};
	if (session) {
		rc = read_session(sql, session, compat_ccusage, out, err);
	}
	if (rc == BP_OK) {
		rc = bp_costs_collect(sql, &question, &costs, err);
		out->today = costs.total;
		bp_costs_done(&costs);
	}
	return rc;
}
