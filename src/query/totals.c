/* SPDX-License-Identifier: MIT */
#include "query/totals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/database.h"
#include "query/rollups.h"
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

static struct bp_group *find_group(struct bp_totals_reading *reading, int64_t start_us,
				   struct bp_str key)
{
	struct bp_groups *groups = reading->groups;
	size_t low = 0, high = groups->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct bp_group *group = groups->items[middle];
		int order = (group->start_us > start_us) - (group->start_us < start_us);
		order = order ? order : bp_str_cmp(bp_str_from(group->key), key);
		if (order == 0) {
			return groups->items[middle];
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return new_group(reading, low, start_us, key);
}

/* The start of the hour or day of the zone; facts come in order, so the last one is remembered. */
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

/* --- rows --- */

enum bp_rc bp_totals_each(struct bp_totals_reading *reading, const char *in_time,
			  const char *in_session,
			  void (*take)(struct bp_totals_reading *reading, struct bp_statement *row,
				       void *arg),
			  void *arg, struct bp_err *err)
{
	const struct bp_totals_question *question = reading->question;
	bool one = question->filter->one_session;
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(reading->sql, one ? in_session : in_time, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, question->period->from_us);
	bp_bind_int(statement, 2, question->period->until_us);
	if (one) {
		bp_bind_int(statement, 3, question->filter->conversation);
	}
	for (rc = bp_statement_step(statement, err); rc == BP_OK;
	     rc = bp_statement_step(statement, err)) {
		take(reading, statement, arg);
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static struct bp_str text_or_empty(struct bp_statement *row, int column)
{
	struct bp_str text = bp_column_text(row, column);
	return text.ptr ? text : BP_STR("");
}

struct bp_fact_key bp_totals_key(struct bp_statement *row)
{
	return (struct bp_fact_key){.ts_us = bp_column_int(row, 0),
				    .platform = text_or_empty(row, 1),
				    .project_hash = text_or_empty(row, 2),
				    .model = text_or_empty(row, 3),
				    .tool = text_or_empty(row, 4)};
}

/* --- buckets, and the tools in them --- */

struct tool_count {
	struct bp_group *group;
	char *tool;
	int64_t calls;
};

struct tool_counts {
	struct bp_totals_reading *reading;
	struct tool_count *items;
	size_t n, cap;
};

int64_t bp_totals_calls(const struct bp_bucket_sums *sums)
{
	return sums->tools_ok + sums->tools_error + sums->tools_denied + sums->tools_rejected +
	       sums->tools_interrupted + sums->tools_pending;
}

static void count_tool(struct tool_counts *counts, struct bp_group *group, struct bp_str tool,
		       int64_t calls)
{
	for (size_t i = 0; i < counts->n; i++) {
		if (counts->items[i].group == group && bp_str_is(tool, counts->items[i].tool)) {
			counts->items[i].calls += calls;
			return;
		}
	}
	if (counts->n == counts->cap) {
		counts->cap = counts->cap ? 2 * counts->cap : 32;
		counts->items = bp_realloc(counts->items, counts->cap, sizeof(counts->items[0]));
	}
	counts->items[counts->n++] =
		(struct tool_count){.group = group, .tool = bp_strdup(tool), .calls = calls};
}

static enum bp_rc take_bucket(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct tool_counts *counts = arg;
	struct bp_fact_key key = {.ts_us = bucket->bucket_us,
				  .platform = bucket->platform,
				  .project_hash = bucket->project_hash,
				  .model = bucket->model,
				  .tool = bucket->tool};
	struct bp_group *group = bp_totals_group(counts->reading, &key);

	(void)err;
	if (!group) {
		return BP_OK;
	}
	bp_bucket_sums_add(&group->totals.sums, &bucket->sums);
	bp_sketch_merge(&group->totals.tool_latency, &bucket->latency);
	int64_t calls = bp_totals_calls(&bucket->sums);
	if (calls > 0) {
		count_tool(counts, group, bucket->tool, calls);
	}
	return BP_OK;
}

static enum bp_rc read_buckets(struct bp_totals_reading *reading, struct bp_err *err)
{
	const struct bp_totals_question *question = reading->question;
	struct tool_counts counts = {.reading = reading};
	enum bp_rc rc = bp_rollups_read(reading->sql, question->period, question->filter,
					reading->pending_before_us, take_bucket, &counts, err);

	for (size_t i = 0; i < counts.n; i++) {
		struct bp_totals *totals = &counts.items[i].group->totals;
		double share =
			(double)counts.items[i].calls / (double)bp_totals_calls(&totals->sums);
		totals->tools++;
		totals->tool_entropy -= share * log(share);
		free(counts.items[i].tool);
	}
	free(counts.items);
	return rc;
}

/* --- labels --- */

static void label_time(struct bp_group *group, const struct bp_tz *tz, bool hour)
{
	struct bp_civil c = bp_tz_civil(tz, group->start_us);
	int offset = c.offset_s < 0 ? -c.offset_s : c.offset_s;

	free(group->key);
	if (!hour) {
		group->key = bp_asprintf("%04d-%02d-%02d", c.year, c.month, c.day);
		group->label = bp_asprintf("%s", group->key);
		return;
	}
	group->key =
		bp_asprintf("%04d-%02d-%02dT%02d:%02d%c%02d:%02d", c.year, c.month, c.day, c.hour,
			    c.minute, c.offset_s < 0 ? '-' : '+', offset / 3600, offset / 60 % 60);
	group->label =
		bp_asprintf("%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, c.hour, c.minute);
}

/* People read a project's name; its key is the hash. */
static enum bp_rc label_project(struct bp_sql *sql, struct bp_group *group, struct bp_err *err)
{
	static const char PROJECT_NAME[] = "SELECT project_name FROM conversations WHERE "
					   "project_hash = ?1 AND project_name IS "
					   "NOT NULL ORDER BY project_ts_us DESC LIMIT 1";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, PROJECT_NAME, &statement, err);

	if (rc == BP_OK) {
		bp_bind_text(statement, 1, bp_str_from(group->key));
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK) {
			group->label = bp_strdup(bp_column_text(statement, 0));
		}
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc label_groups(struct bp_totals_reading *reading, struct bp_err *err)
{
	enum bp_group_by by = reading->question->by;
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < reading->groups->n && rc == BP_OK; i++) {
		struct bp_group *group = reading->groups->items[i];
		if (by_time(by)) {
			label_time(group, reading->question->period->tz, by == BP_GROUP_HOUR);
		} else if (by == BP_GROUP_PROJECT) {
			rc = label_project(reading->sql, group, err);
		}
		if (!group->label) {
			group->label = bp_asprintf("%s", *group->key ? group->key : "(none)");
		}
	}
	return rc;
}

/* --- all of it --- */

enum bp_rc bp_totals_collect(struct bp_sql *sql, const struct bp_totals_question *question,
			     struct bp_groups *out, struct bp_err *err)
{
	struct bp_totals_reading reading = {.sql = sql,
					    .question = question,
					    .groups = out,
					    .pending_before_us = question->as_of_us - BP_PENDING_US,
					    .cached_from_us = 1};

	if (question->by == BP_GROUP_NONE) {
		(void)find_group(&reading, 0, BP_STR(""));
	}
	enum bp_rc rc = read_buckets(&reading, err);
	if (rc == BP_OK) {
		rc = bp_totals_directory(&reading, err);
	}
	if (rc == BP_OK) {
		rc = bp_totals_tool_calls(&reading, err);
	}
	if (rc == BP_OK) {
		rc = bp_totals_facts(&reading, err);
	}
	/* A session has no model and no tool. */
	if (rc == BP_OK && question->by != BP_GROUP_MODEL && question->by != BP_GROUP_TOOL &&
	    !question->filter->model && !question->filter->tool) {
		rc = bp_totals_sessions(&reading, err);
	}
	bp_totals_reading_done(&reading);
	return rc == BP_OK ? label_groups(&reading, err) : rc;
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
		bp_sketch_done(&group->totals.tool_latency);
		bp_sketch_done(&group->totals.response);
		bp_sketch_done(&group->totals.complete);
		bp_sketch_done(&group->totals.accept);
		free(group->key);
		free(group->label);
		free(group);
	}
	free(groups->items);
	*groups = (struct bp_groups){0};
}
