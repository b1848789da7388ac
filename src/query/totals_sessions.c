/* SPDX-License-Identifier: MIT */
/*
 * Sessions of a period: which there were, how long they were active, how they went. A session is in
 * a group when it was active in it, ran a tool in it, or, known by nothing but its name yet, began
 * in it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/totals_private.h"

/* --- which there are --- */

#define SESSIONS(where)                                                                            \
	"SELECT c.id, c.platform, c.project_hash, c.project_name, "                                \
	"c.project_ts_us, " BP_RULE_SESSION_FIRST ", " BP_RULE_SESSION_LAST ", " BP_RULE_SESSION   \
	", " BP_RULE_ENDED ", c.model_switches FROM conversations AS c" where

/* Those that were heard of since the period began, or of which no event is known. One that has
   facts of the period without an event in it is looked for when it is met. */
static const char SESSIONS_SINCE[] =
	SESSIONS(" WHERE c.last_event_us >= ?1 OR c.last_event_us IS NULL");
/* All, where names are asked for too. */
static const char SESSIONS_ALL[] = SESSIONS("");
static const char SESSIONS_ONE[] = SESSIONS(" WHERE c.id = ?1");

static struct bp_str keep_text(struct bp_totals_reading *reading, struct bp_statement *row,
			       int column)
{
	struct bp_str text = bp_column_text(row, column);
	return text.ptr ? bp_arena_str(&reading->arena, text) : BP_STR("");
}

static void take_session(struct bp_totals_reading *reading, struct bp_statement *row)
{
	int64_t switches = bp_column_int(row, 9);

	if (reading->n_sessions == reading->cap_sessions) {
		reading->cap_sessions = reading->cap_sessions ? 2 * reading->cap_sessions : 64;
		reading->sessions = bp_realloc(reading->sessions, reading->cap_sessions,
					       sizeof(reading->sessions[0]));
	}
	reading->sessions[reading->n_sessions++] = (struct bp_totals_session){
		.id = bp_column_int(row, 0),
		.platform = keep_text(reading, row, 1),
		.project_hash = keep_text(reading, row, 2),
		.project_name = keep_text(reading, row, 3),
		.named_us = bp_column_int(row, 4),
		.first_us = bp_column_int(row, 5),
		.last_us = bp_column_int(row, 6),
		.seen = bp_column_int(row, 7) != 0,
		.ended = bp_column_int(row, 8) != 0,
		.model_switches = switches == BP_SQL_NULL ? 0 : switches};
}

static int by_id(const void *a, const void *b)
{
	const struct bp_totals_session *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

static enum bp_rc read_sessions(struct bp_totals_reading *reading, const char *text,
				int64_t parameter, struct bp_err *err)
{
	struct bp_statement *row = NULL;
	enum bp_rc rc = bp_statement_new(reading->sql, text, &row, err);

	if (rc != BP_OK) {
		return rc;
	}
	if (text != SESSIONS_ALL) {
		bp_bind_int(row, 1, parameter);
	}
	while ((rc = bp_statement_step(row, err)) == BP_OK) {
		take_session(reading, row);
	}
	bp_statement_free(row);
	if (reading->n_sessions > 1) {
		qsort(reading->sessions, reading->n_sessions, sizeof(reading->sessions[0]), by_id);
	}
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_totals_directory(struct bp_totals_reading *reading, struct bp_err *err)
{
	const struct bp_totals_question *question = reading->question;

	if (question->filter->one_session) {
		return read_sessions(reading, SESSIONS_ONE, question->filter->conversation, err);
	}
	if (question->by == BP_GROUP_PROJECT || question->period->from_us == BP_TIME_FIRST) {
		return read_sessions(reading, SESSIONS_ALL, 0, err);
	}
	return read_sessions(reading, SESSIONS_SINCE, question->period->from_us, err);
}

static struct bp_totals_session *look_up(struct bp_totals_reading *reading, int64_t id)
{
	const struct bp_totals_session key = {.id = id};

	return reading->n_sessions == 0 ? NULL
					: bsearch(&key, reading->sessions, reading->n_sessions,
						  sizeof(reading->sessions[0]), by_id);
}

/* A new part of the session in its group at that time, or NULL when it belongs to none. */
static struct bp_totals_part *part_at(struct bp_totals_reading *reading,
				      struct bp_totals_session *session, int64_t ts_us)
{
	struct bp_fact_key key = {.ts_us = ts_us,
				  .platform = session->platform,
				  .project_hash = session->project_hash};
	struct bp_group *group = bp_totals_group(reading, &key);

	if (!group) {
		return NULL;
	}
	if (reading->n_parts == reading->cap_parts) {
		reading->cap_parts = reading->cap_parts ? 2 * reading->cap_parts : 256;
		reading->parts =
			bp_realloc(reading->parts, reading->cap_parts, sizeof(reading->parts[0]));
	}
	struct bp_totals_part *part = &reading->parts[reading->n_parts++];
	*part = (struct bp_totals_part){.group = group,
					.session = (size_t)(session - reading->sessions)};
	session->found = true;
	return part;
}

/* Parts point to sessions by their place: one that comes late moves those behind it. */
static enum bp_rc add_session(struct bp_totals_reading *reading, int64_t id, struct bp_err *err)
{
	size_t before = reading->n_sessions;
	enum bp_rc rc = read_sessions(reading, SESSIONS_ONE, id, err);

	if (rc == BP_OK && reading->n_sessions > before) {
		size_t at = (size_t)(look_up(reading, id) - reading->sessions);
		for (size_t i = 0; i < reading->n_parts; i++) {
			reading->parts[i].session += reading->parts[i].session >= at;
		}
	}
	return rc;
}

enum bp_rc bp_totals_session_bucket(struct bp_totals_reading *reading,
				    const struct bp_session_bucket *bucket, struct bp_err *err)
{
	const struct bp_bucket_sums *sums = &bucket->sums;
	struct bp_totals_session *session = look_up(reading, bucket->conversation);
	enum bp_rc rc = BP_OK;

	if (sums->active_us == 0 && sums->events == 0 && bp_totals_calls(sums) == 0) {
		return BP_OK;
	}
	if (!session) {
		rc = add_session(reading, bucket->conversation, err);
		session = look_up(reading, bucket->conversation);
	}
	if (rc != BP_OK || !session || !session->seen) {
		return rc;
	}
	struct bp_totals_part *part = part_at(reading, session, bucket->bucket_us);
	if (part) {
		part->active_us = sums->active_us;
		part->score = (struct bp_score){.ok = sums->tools_ok,
						.error = sums->tools_error,
						.interrupted = sums->tools_interrupted,
						.lines = sums->lines_added};
	}
	return BP_OK;
}

/* A session without activity yet is where it began. */
static void add_silent(struct bp_totals_reading *reading)
{
	const struct bp_period *period = reading->question->period;
	bool all = period->from_us == BP_TIME_FIRST && period->until_us == BP_TIME_LAST;
	bool by_time = reading->question->by >= BP_GROUP_HOUR;

	for (size_t i = 0; i < reading->n_sessions; i++) {
		struct bp_totals_session *session = &reading->sessions[i];
		int64_t first = session->first_us;
		bool inside = first == BP_SQL_NULL
				      ? all && !by_time
				      : first >= period->from_us && first < period->until_us;
		if (session->seen && !session->found && inside) {
			(void)part_at(reading, session, first);
		}
	}
}

/* --- folding --- */

static int by_group_and_session(const void *a, const void *b)
{
	const struct bp_totals_part *x = a, *y = b;
	int order = (x->group > y->group) - (x->group < y->group);

	return order ? order : (x->session > y->session) - (x->session < y->session);
}

static void fold_session(const struct bp_totals_reading *reading, const struct bp_totals_part *part,
			 size_t n, double *score, double *weight)
{
	const struct bp_totals_session *session = &reading->sessions[part->session];
	struct bp_totals *totals = &part->group->totals;
	struct bp_score sum = {.ended = session->ended};
	int64_t active_us = 0;

	for (size_t i = 0; i < n; i++) {
		active_us += part[i].active_us;
		sum.ok += part[i].score.ok;
		sum.error += part[i].score.error;
		sum.interrupted += part[i].score.interrupted;
		sum.lines += part[i].score.lines;
	}
	totals->sessions++;
	totals->model_switches += session->model_switches;
	if (session->first_us != BP_SQL_NULL && session->last_us > session->first_us) {
		totals->duration_us += session->last_us - session->first_us;
	}
	*score = bp_score_of(&sum);
	*weight = (double)active_us;
}

/* The mean score of a group's sessions, weighted by active time; plain when nobody was active. */
struct mean {
	double weighted, weight, plain;
	int64_t n;
};

static double mean_of(const struct mean *mean)
{
	if (mean->weight > 0) {
		return mean->weighted / mean->weight;
	}
	return mean->n > 0 ? mean->plain / (double)mean->n : (double)NAN;
}

static void fold(const struct bp_totals_reading *reading)
{
	struct bp_totals_part *parts = reading->parts;
	size_t n_parts = reading->n_parts;
	struct mean mean = {0};

	if (n_parts > 0) {
		qsort(parts, n_parts, sizeof(parts[0]), by_group_and_session);
	}
	for (size_t i = 0; i < n_parts;) {
		struct bp_group *group = parts[i].group;
		size_t n = 1;
		double score, weight;
		while (i + n < n_parts && by_group_and_session(&parts[i], &parts[i + n]) == 0) {
			n++;
		}
		fold_session(reading, parts + i, n, &score, &weight);
		i += n;
		if (!isnan(score)) {
			mean.weighted += score * weight;
			mean.weight += weight;
			mean.plain += score;
			mean.n++;
		}
		if (i == n_parts || parts[i].group != group) {
			group->totals.productivity = mean_of(&mean);
			mean = (struct mean){0};
		}
	}
}

void bp_totals_sessions(struct bp_totals_reading *reading)
{
	add_silent(reading);
	fold(reading);
}

void bp_totals_reading_done(struct bp_totals_reading *reading)
{
	bp_arena_done(&reading->arena);
	free(reading->sessions);
	free(reading->parts);
	reading->sessions = NULL;
	reading->parts = NULL;
}
