/* SPDX-License-Identifier: MIT */
#include "query/totals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/database.h"
#include "query/rollups.h"
#include "query/span.h"
#include "query/totals_private.h"

/* --- groups --- */

static bool by_time(enum bp_group_by by)
{
	return by == BP_GROUP_HOUR || by == BP_GROUP_DAY;
}

static struct bp_group *new_group(struct bp_totals_reading *reading, size_t at, int64_t start_us,
				  struct bp_str key)
{
	struct bp_groups *groups = reading->groups;
	const struct bp_filter *filter = reading->question->filter;
	enum bp_group_by by = reading->question->by;
	struct bp_group *group = bp_calloc(1, sizeof(*group));

	group->start_us = start_us;
	group->key = bp_strdup(key);
	group->totals.whole =
		by != BP_GROUP_MODEL && by != BP_GROUP_TOOL && !filter->model && !filter->tool;
	group->totals.of_tool = by == BP_GROUP_TOOL || filter->tool;
	group->totals.compat = reading->question->compat_ccusage;
	group->totals.productivity = (double)NAN;
	if (groups->n == groups->cap) {
		groups->cap = groups->cap ? 2 * groups->cap : 16;
		groups->items = bp_realloc(groups->items, groups->cap, sizeof(struct bp_group *));
	}
	memmove(groups->items + at + 1, groups->items + at,
		(groups->n - at) * sizeof(struct bp_group *));
	groups->items[at] = group;
	groups->n++;
	return group;
}

/* Where the group is, or belongs. */
static size_t place_of(const struct bp_groups *groups, int64_t start_us, struct bp_str key,
		       bool *out_found)
{
	size_t low = 0, high = groups->n;

	*out_found = false;
	while (low < high && !*out_found) {
		size_t middle = low + (high - low) / 2;
		const struct bp_group *group = groups->items[middle];
		int order = (group->start_us > start_us) - (group->start_us < start_us);
		order = order ? order : bp_str_cmp(bp_str_from(group->key), key);
		*out_found = order == 0;
		low = order < 0 ? middle + 1 : order == 0 ? middle : low;
		high = order > 0 ? middle : high;
	}
	return low;
}

static struct bp_group *find_group(struct bp_totals_reading *reading, int64_t start_us,
				   struct bp_str key)
{
	struct bp_group *last = reading->last_group;
	bool found;

	/* Buckets of a group come in runs. */
	if (last && last->start_us == start_us && bp_str_is(key, last->key)) {
		return last;
	}
	size_t at = place_of(reading->groups, start_us, key, &found);
	reading->last_group =
		found ? reading->groups->items[at] : new_group(reading, at, start_us, key);
	return reading->last_group;
}

/* The start of the hour or day of the zone; buckets come in order, so the last one is remembered. */
static int64_t time_start(struct bp_totals_reading *reading, int64_t ts_us)
{
	const struct bp_tz *tz = reading->question->period->tz;

	if (ts_us >= reading->cached_from_us && ts_us < reading->cached_until_us) {
		return reading->cached_from_us;
	}
	if (reading->question->by == BP_GROUP_DAY) {
		int64_t start = bp_tz_day_start(tz, ts_us);
		reading->cached_from_us = start;
		reading->cached_until_us = ts_us + 1;
		return start;
	}
	/* Offsets are multiples of 15 minutes: an hour's start may lie between UTC's. */
	struct bp_civil civil = bp_tz_civil(tz, ts_us);
	int64_t into = (INT64_C(60) * civil.minute + civil.second) * 1000000;
	int64_t part = ts_us % 1000000;
	int64_t start = ts_us - (part < 0 ? part + 1000000 : part) - into;
	reading->cached_from_us = start;
	reading->cached_until_us = ts_us + 1;
	return start;
}

struct bp_group *bp_totals_group(struct bp_totals_reading *reading, const struct bp_fact_key *key)
{
	const struct bp_totals_question *question = reading->question;

	if (!bp_filter_match(question->filter, key->platform, key->project_hash, key->model,
			     key->tool)) {
		return NULL;
	}
	switch (question->by) {
	case BP_GROUP_NONE:
		break;
	case BP_GROUP_PLATFORM:
		return find_group(reading, 0, key->platform);
	case BP_GROUP_PROJECT:
		return find_group(reading, 0, key->project_hash);
	case BP_GROUP_MODEL:
		return key->model.len ? find_group(reading, 0, key->model) : NULL;
	case BP_GROUP_TOOL:
		return key->tool.len ? find_group(reading, 0, key->tool) : NULL;
	case BP_GROUP_HOUR:
	case BP_GROUP_DAY:
		return find_group(reading, time_start(reading, key->ts_us), BP_STR(""));
	}
	return find_group(reading, 0, BP_STR(""));
}

/* --- buckets, and the tools in them --- */

int64_t bp_totals_cost_pusd(const struct bp_totals *totals)
{
	return totals->compat ? totals->sums.compat_pusd : totals->sums.cost_pusd;
}

int64_t bp_totals_unpriced(const struct bp_totals *totals)
{
	return totals->compat ? totals->sums.compat_unpriced_calls : totals->sums.unpriced_calls;
}

int64_t bp_totals_calls(const struct bp_bucket_sums *sums)
{
	return sums->tools_ok + sums->tools_error + sums->tools_denied + sums->tools_rejected +
	       sums->tools_interrupted + sums->tools_pending;
}

static void count_tool(struct bp_totals *totals, struct bp_str tool, int64_t calls)
{
	for (size_t i = 0; i < totals->n_tools; i++) {
		if (bp_str_is(tool, totals->tool_counts[i].tool)) {
			totals->tool_counts[i].calls += calls;
			return;
		}
	}
	if (totals->n_tools == totals->cap_tools) {
		totals->cap_tools = totals->cap_tools ? 2 * totals->cap_tools : 16;
		totals->tool_counts = bp_realloc(totals->tool_counts, totals->cap_tools,
						 sizeof(totals->tool_counts[0]));
	}
	totals->tool_counts[totals->n_tools++] =
		(struct bp_tool_count){.tool = bp_strdup(tool), .calls = calls};
}

/* Sums of what was counted apart. */
static void end_totals(struct bp_totals *totals)
{
	totals->files = (int64_t)totals->edited.n;
	for (size_t i = 0; i < totals->n_tools; i++) {
		double share = (double)totals->tool_counts[i].calls /
			       (double)bp_totals_calls(&totals->sums);
		totals->tools++;
		totals->tool_entropy -= share * log(share);
	}
}

static struct bp_agent_use *use_of(struct bp_totals *totals, struct bp_str type)
{
	for (size_t i = 0; i < totals->n_agents; i++) {
		if (bp_str_is(type, totals->agents[i].type)) {
			return &totals->agents[i];
		}
	}
	if (totals->n_agents == totals->cap_agents) {
		totals->cap_agents = totals->cap_agents ? 2 * totals->cap_agents : 8;
		totals->agents =
			bp_realloc(totals->agents, totals->cap_agents, sizeof(totals->agents[0]));
	}
	totals->agents[totals->n_agents] = (struct bp_agent_use){.type = bp_strdup(type)};
	return &totals->agents[totals->n_agents++];
}

static void add_agent(struct bp_totals *totals, const struct bp_bucket *bucket)
{
	const struct bp_bucket_sums *sums = &bucket->sums;
	int64_t given =
		sums->input + sums->cache_write_5m + sums->cache_write_1h + sums->cache_read;
	int64_t cost_pusd = totals->compat ? sums->compat_pusd : sums->cost_pusd;
	struct bp_agent_use *use = use_of(totals, bucket->agent_type);

	totals->agent_tokens += given + sums->output;
	totals->agent_cost_pusd += cost_pusd;
	use->model_calls += sums->model_calls;
	use->unpriced_calls += totals->compat ? sums->compat_unpriced_calls : sums->unpriced_calls;
	use->tokens += given + sums->output;
	use->context_tokens += given;
	use->cost_pusd += cost_pusd;
}

static enum bp_rc take_bucket(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct bp_totals_reading *reading = arg;
	struct bp_fact_key key = {.ts_us = bucket->bucket_us,
				  .platform = bucket->platform,
				  .project_hash = bucket->project_hash,
				  .model = bucket->model,
				  .tool = bucket->tool};
	struct bp_group *group = bp_totals_group(reading, &key);
	int64_t calls = bp_totals_calls(&bucket->sums);

	if (!group) {
		return BP_OK;
	}
	struct bp_totals *totals = &group->totals;
	bp_bucket_sums_add(&totals->sums, &bucket->sums);
	if (bucket->agent_type.len > 0) {
		add_agent(totals, bucket);
	}
	if (calls > 0) {
		count_tool(totals, bucket->tool, calls);
	}
	enum bp_rc rc = bp_bucket_add_sketches(&totals->sketches, bucket, err);
	return rc == BP_OK ? bp_bucket_add_files(&totals->edited, bucket, err) : rc;
}

static enum bp_rc take_session_bucket(const struct bp_session_bucket *bucket, void *arg,
				      struct bp_err *err)
{
	struct bp_totals_reading *reading = arg;

	return bp_totals_session_bucket(reading, bucket, err);
}

static enum bp_rc read_buckets(struct bp_totals_reading *reading, bool sessions, struct bp_err *err)
{
	const struct bp_totals_question *question = reading->question;
	const struct bp_rollups_question ask = {
		.period = question->period,
		.filter = question->filter,
		.pending_before_us = question->as_of_us - BP_PENDING_US,
		.largest = question->by == BP_GROUP_HOUR  ? BP_ROLLUP_QUARTER
			   : question->by == BP_GROUP_DAY ? BP_ROLLUP_DAY
							  : BP_ROLLUP_MONTH,
		.no_calls = true,
		.by_project = question->by == BP_GROUP_PROJECT,
	};
	const struct bp_bucket_sink sink = {.bucket = take_bucket,
					    .session = sessions ? take_session_bucket : NULL,
					    .arg = reading};
	enum bp_rc rc = bp_rollups_read(reading->sql, &ask, &sink, err);

	for (size_t i = 0; i < reading->groups->n; i++) {
		end_totals(&reading->groups->items[i]->totals);
	}
	return rc;
}

/* --- labels --- */

static void label_time(struct bp_group *group, const struct bp_tz *tz, bool hour)
{
	free(group->key);
	group->key = bp_span_key(tz, hour, false, group->start_us);
	group->label = bp_strdup(bp_str_from(group->key));
	if (hour) { /* "2026-01-31T09:00+01:00": people know their zone */
		char *time = strchr(group->label, 'T');
		BP_ASSERT(time != NULL);
		time[0] = ' ';
		time[6] = '\0';
	}
}

/* People read a project's name, the last one it had; its key is the hash. */
static void label_projects(struct bp_totals_reading *reading)
{
	for (size_t i = 0; i < reading->n_sessions; i++) {
		const struct bp_totals_session *session = &reading->sessions[i];
		bool found;
		size_t at = place_of(reading->groups, 0, session->project_hash, &found);
		struct bp_group *group = found ? reading->groups->items[at] : NULL;
		if (group && session->project_name.len > 0 &&
		    (!group->label || session->named_us > group->named_us)) {
			free(group->label);
			group->label = bp_strdup(session->project_name);
			group->named_us = session->named_us;
		}
	}
}

static void label_groups(struct bp_totals_reading *reading)
{
	enum bp_group_by by = reading->question->by;

	if (by == BP_GROUP_PROJECT) {
		label_projects(reading);
	}
	for (size_t i = 0; i < reading->groups->n; i++) {
		struct bp_group *group = reading->groups->items[i];
		if (by_time(by)) {
			label_time(group, reading->question->period->tz, by == BP_GROUP_HOUR);
		}
		if (!group->label) {
			group->label = bp_asprintf("%s", *group->key ? group->key : "(none)");
		}
	}
}

/* --- all of it --- */

enum bp_rc bp_totals_collect(struct bp_sql *sql, const struct bp_totals_question *question,
			     struct bp_groups *out, struct bp_err *err)
{
	const struct bp_filter *filter = question->filter;
	/* A session has no model and no tool. */
	bool sessions = question->by != BP_GROUP_MODEL && question->by != BP_GROUP_TOOL &&
			!filter->model && !filter->tool;
	struct bp_totals_reading reading = {
		.sql = sql, .question = question, .groups = out, .cached_from_us = 1};
	enum bp_rc rc = BP_OK;

	if (question->by == BP_GROUP_NONE) {
		(void)find_group(&reading, 0, BP_STR(""));
	}
	if (sessions || question->by == BP_GROUP_PROJECT) {
		rc = bp_totals_directory(&reading, err);
	}
	if (rc == BP_OK) {
		rc = read_buckets(&reading, sessions, err);
	}
	if (rc == BP_OK && sessions) {
		bp_totals_sessions(&reading);
	}
	if (rc == BP_OK) {
		label_groups(&reading);
	}
	bp_totals_reading_done(&reading);
	return rc;
}

enum bp_rc bp_totals_read(struct bp_sql *sql, const struct bp_totals_question *question,
			  struct bp_groups *out, struct bp_err *err)
{
	enum bp_rc rc = bp_query_begin(sql, err);

	if (rc == BP_OK) {
		rc = bp_totals_collect(sql, question, out, err);
		bp_query_end(sql);
	}
	return rc;
}

void bp_groups_done(struct bp_groups *groups)
{
	for (size_t i = 0; i < groups->n; i++) {
		struct bp_group *group = groups->items[i];
		bp_bucket_sketches_done(&group->totals.sketches);
		bp_file_set_done(&group->totals.edited);
		for (size_t k = 0; k < group->totals.n_tools; k++) {
			free(group->totals.tool_counts[k].tool);
		}
		free(group->totals.tool_counts);
		for (size_t k = 0; k < group->totals.n_agents; k++) {
			free(group->totals.agents[k].type);
		}
		free(group->totals.agents);
		free(group->key);
		free(group->label);
		free(group);
	}
	free(groups->items);
	*groups = (struct bp_groups){0};
}
