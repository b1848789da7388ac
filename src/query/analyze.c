/* SPDX-License-Identifier: MIT */
#include "query/analyze.h"

#include <stdlib.h>

#include "query/database.h"
#include "query/rules.h"
#include "query/sessions.h"

struct bp_cost bp_analysis_cost(const struct bp_analysis *analysis,
				const struct bp_bucket_sums *sums)
{
	struct bp_cost cost = {0};

	bp_cost_add(&cost, sums, analysis->compat_ccusage);
	return cost;
}

struct bp_tokens bp_analysis_tokens(const struct bp_bucket_sums *sums)
{
	return (struct bp_tokens){.input = sums->input,
				  .output = sums->output,
				  .cache_write_5m = sums->cache_write_5m,
				  .cache_write_1h = sums->cache_write_1h,
				  .cache_read = sums->cache_read,
				  .reasoning = sums->reasoning};
}

struct bp_tokens bp_analysis_aborted(const struct bp_bucket_sums *sums)
{
	return (struct bp_tokens){.input = sums->aborted_input,
				  .output = sums->aborted_output,
				  .cache_write_5m = sums->aborted_cache_write_5m,
				  .cache_write_1h = sums->aborted_cache_write_1h,
				  .cache_read = sums->aborted_cache_read};
}

static enum bp_rc read_totals(struct bp_sql *sql, int64_t as_of_us, struct bp_analysis *out,
			      struct bp_err *err)
{
	struct bp_filter filter = {.one_session = true, .conversation = out->session.conversation};
	struct bp_period period = {.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
	struct bp_totals_question question = {
		.period = &period, .filter = &filter, .as_of_us = as_of_us};
	enum bp_rc rc = bp_totals_collect(sql, &question, &out->all, err);

	if (rc == BP_OK) {
		question.by = BP_GROUP_TOOL;
		rc = bp_totals_collect(sql, &question, &out->by_tool, err);
	}
	if (rc == BP_OK) {
		question.by = BP_GROUP_MODEL;
		rc = bp_totals_collect(sql, &question, &out->by_model, err);
	}
	if (rc == BP_OK) {
		const struct bp_bucket_sums *sums = &out->all.items[0]->totals.sums;
		out->tokens = bp_analysis_tokens(sums);
		out->aborted = bp_analysis_aborted(sums);
	}
	return rc;
}

static enum bp_rc read_in_moment(struct bp_sql *sql, bool timeline, int64_t as_of_us,
				 struct bp_analysis *out, struct bp_err *err)
{
	enum bp_rc rc = read_totals(sql, as_of_us, out, err);

	if (rc == BP_OK) {
		rc = bp_session_models(sql, out->session.conversation, &out->models, err);
	}
	if (rc == BP_OK) {
		rc = bp_analysis_parts_read(sql, out->session.conversation, as_of_us,
					    &out->all.items[0]->totals, &out->parts, err);
	}
	if (rc == BP_OK && timeline) {
		out->has_timeline = true;
		rc = bp_timeline_read(sql, out->session.conversation, as_of_us - BP_PENDING_US,
				      &out->timeline, err);
	}
	return rc;
}

enum bp_rc bp_analysis_read(struct bp_sql *sql, const struct bp_session *session, bool timeline,
			    int64_t as_of_us, struct bp_analysis *out, struct bp_err *err)
{
	enum bp_rc rc = bp_query_begin(sql, err);

	*out = (struct bp_analysis){.session = *session,
				    .status = bp_session_status_of(session, as_of_us)};
	if (rc == BP_OK) {
		rc = read_in_moment(sql, timeline, as_of_us, out, err);
		bp_query_end(sql);
	}
	return rc;
}

void bp_analysis_done(struct bp_analysis *analysis)
{
	bp_groups_done(&analysis->all);
	bp_groups_done(&analysis->by_tool);
	bp_groups_done(&analysis->by_model);
	bp_timeline_done(&analysis->timeline);
	bp_analysis_parts_done(&analysis->parts);
	free(analysis->models);
	*analysis = (struct bp_analysis){0};
}
