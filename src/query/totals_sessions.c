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

/* "?1 IS NOT ?2" is always true: every statement of bp_totals_each() has both. */
#define SESSIONS(where)                                                                            \
	"SELECT c.id, c.platform, c.project_hash, " BP_RULE_SESSION_FIRST                          \
	", " BP_RULE_SESSION_LAST ", " BP_RULE_SESSION ", " BP_RULE_ENDED                          \
	", coalesce(c.model_switches, 0) FROM conversations AS c WHERE ?1 IS NOT ?2" where         \
	" ORDER BY c.id"

/* All of them: a fact of the period may be of a session that was last heard of before it. */
static const char SESSIONS_IN_TIME[] = SESSIONS("");
static const char SESSIONS_ONE[] = SESSIONS(" AND c.id = ?3");

static void take_session(struct bp_totals_reading *reading, struct bp_statement *row, void *arg)
{
	struct bp_str platform = bp_column_text(row, 1), project = bp_column_text(row, 2);

	(void)arg;
	if (reading->n_sessions == reading->cap_sessions) {
		reading->cap_sessions = reading->cap_sessions ? 2 * reading->cap_sessions : 64;
		reading->sessions = bp_realloc(reading->sessions, reading->cap_sessions,
					       sizeof(reading->sessions[0]));
	}
	struct bp_totals_session *session = &reading->sessions[reading->n_sessions++];
	*session = (struct bp_totals_session){.id = bp_column_int(row, 0),
					      .first_us = bp_column_int(row, 3),
					      .last_us = bp_column_int(row, 4),
					      .seen = bp_column_int(row, 5) != 0,
					      .ended = bp_column_int(row, 6) != 0,
					      .model_switches = bp_column_int(row, 7)};
	session->text = bp_asprintf("%.*s%.*s", BP_STR_ARG(platform), BP_STR_ARG(project));
	session->platform = bp_str_make(session->text, platform.len);
	session->project_hash = bp_str_make(session->text + platform.len, project.len);
}

enum bp_rc bp_totals_directory(struct bp_totals_reading *reading, struct bp_err *err)
{
	return bp_totals_each(reading, SESSIONS_IN_TIME, SESSIONS_ONE, take_session, NULL, err);
}

static int by_id(const void *key, const void *item)
{
	int64_t id = *(const int64_t *)key;
	const struct bp_totals_session *session = item;

	return (id > session->id) - (id < session->id);
}

struct bp_totals_session *bp_totals_session(struct bp_totals_reading *reading, int64_t id)
{
	if (reading->last_session && reading->last_session->id == id) {
		return reading->last_session;
	}
	if (reading->n_sessions == 0) {
		return NULL;
	}
	struct bp_totals_session *session = bsearch(&id, reading->sessions, reading->n_sessions,
						    sizeof(reading->sessions[0]), by_id);
	reading->last_session = session ? session : reading->last_session;
	return session;
}

struct bp_totals_part *bp_totals_part(struct bp_totals_reading *reading, struct bp_group *group,
				      struct bp_totals_session *session)
{
	struct bp_totals_part *last =
		reading->n_parts ? &reading->parts[reading->n_parts - 1] : NULL;

	if (last && last->group == group && last->session == session) {
		return last;
	}
	if (reading->n_parts == reading->cap_parts) {
		reading->cap_parts = reading->cap_parts ? 2 * reading->cap_parts : 256;
		reading->parts =
			bp_realloc(reading->parts, reading->cap_parts, sizeof(reading->parts[0]));
	}
	struct bp_totals_part *part = &reading->parts[reading->n_parts++];
	*part = (struct bp_totals_part){.group = group, .session = session};
	session->found = true;
	return part;
}

/* The session's part in its group at that time, or NULL when it belongs to none. */
static struct bp_totals_part *part_at(struct bp_totals_reading *reading,
				      struct bp_totals_session *session, int64_t ts_us)
{
	struct bp_fact_key key = {.ts_us = ts_us,
				  .platform = session->platform,
				  .project_hash = session->project_hash};
	struct bp_group *group = bp_totals_group(reading, &key);

	return group ? bp_totals_part(reading, group, session) : NULL;
}

/* --- activity --- */

/* Some minutes around the period, so that a gap that reaches into it is seen whole. */
#define ACTIVITY(where)                                                                            \
	"SELECT a.conversation_id, a.first_us, a.last_us, lag(a.last_us) OVER (PARTITION BY "      \
	"a.conversation_id ORDER BY a.minute) FROM activity AS a WHERE " where                     \
	" AND a.minute >= ?1 / 60000000 - 7 AND a.minute <= ?2 / 60000000 + 7"

static const char ACTIVITY_IN_TIME[] =
	ACTIVITY("a.conversation_id IN (SELECT c.id FROM conversations AS c WHERE c.last_event_us "
		 ">= ?1 AND c.first_event_us < ?2)");
static const char ACTIVITY_IN_SESSION[] = ACTIVITY("a.conversation_id = ?3");

static int64_t clip(int64_t value, const struct bp_period *period)
{
	return value < period->from_us    ? period->from_us
	       : value > period->until_us ? period->until_us
					  : value;
}

static void take_activity(struct bp_totals_reading *reading, struct bp_statement *row, void *arg)
{
	const struct bp_period *period = reading->question->period;
	struct bp_totals_session *session = bp_totals_session(reading, bp_column_int(row, 0));
	int64_t first = bp_column_int(row, 1), last = bp_column_int(row, 2);
	int64_t before = bp_column_int(row, 3);
	bool near = before != BP_SQL_NULL && first - before < BP_IDLE_GAP_US;
	int64_t active = clip(last, period) - clip(first, period);

	(void)arg;
	active += near ? clip(first, period) - clip(before, period) : 0;
	bool inside = last >= period->from_us && first < period->until_us;
	if (!session || !session->seen || (!inside && active == 0)) {
		return;
	}
	struct bp_totals_part *part = part_at(reading, session, clip(first, period));
	if (part) {
		part->active_us += active;
	}
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

static void fold_session(const struct bp_totals_part *part, size_t n, double *score, double *weight)
{
	const struct bp_totals_session *session = part->session;
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
	totals->active_us += active_us;
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

static void fold(struct bp_totals_part *parts, size_t n_parts)
{
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
		fold_session(parts + i, n, &score, &weight);
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

enum bp_rc bp_totals_sessions(struct bp_totals_reading *reading, struct bp_err *err)
{
	enum bp_rc rc = bp_totals_each(reading, ACTIVITY_IN_TIME, ACTIVITY_IN_SESSION,
				       take_activity, NULL, err);

	if (rc == BP_OK) {
		add_silent(reading);
		fold(reading->parts, reading->n_parts);
	}
	return rc;
}

void bp_totals_reading_done(struct bp_totals_reading *reading)
{
	for (size_t i = 0; i < reading->n_sessions; i++) {
		free(reading->sessions[i].text);
	}
	free(reading->sessions);
	free(reading->parts);
	reading->sessions = NULL;
	reading->parts = NULL;
}
