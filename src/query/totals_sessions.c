/* SPDX-License-Identifier: MIT */
/*
 * Sessions of a period: which there were, how long they were active, how they went. A session is in
 * a group when it was active in it, ran a tool in it, or, known by nothing but its name yet, began
 * in it.
 */
#include "query/totals_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/score.h"

struct session {
	int64_t id;
	int64_t first_us, last_us; /* BP_SQL_NULL: not known */
	bool ended;
	int64_t model_switches;
	struct bp_str platform, project_hash; /* point into text */
	char *text;
	bool found; /* in some group */
};

/* What one row tells of a session in a group; folded by (group, session). */
struct part {
	struct bp_group *group;
	const struct session *session;
	int64_t active_us;
	struct bp_score score;
};

struct work {
	struct session *sessions; /* by id */
	size_t n_sessions, cap_sessions;
	struct part *parts;
	size_t n_parts, cap_parts;
};

/* --- which sessions --- */

#define SESSIONS(where)                                                                            \
	"SELECT c.id, c.platform, c.project_hash, " BP_RULE_SESSION_FIRST                          \
	" AS first, " BP_RULE_SESSION_LAST " AS last, " BP_RULE_ENDED                              \
	", coalesce(c.model_switches, 0) FROM conversations AS c WHERE " BP_RULE_SESSION where     \
	" ORDER BY c.id"

static const char SESSIONS_IN_TIME[] =
	SESSIONS(" AND (last IS NULL OR last >= ?1) AND (first IS NULL OR first < ?2)");
static const char SESSIONS_ONE[] = SESSIONS(" AND c.id = ?3");

static void take_session(struct bp_totals_reading *reading, struct bp_statement *row, void *arg)
{
	struct work *work = arg;
	struct bp_str platform = bp_column_text(row, 1), project = bp_column_text(row, 2);

	(void)reading;
	if (work->n_sessions == work->cap_sessions) {
		work->cap_sessions = work->cap_sessions ? 2 * work->cap_sessions : 64;
		work->sessions =
			bp_realloc(work->sessions, work->cap_sessions, sizeof(work->sessions[0]));
	}
	struct session *session = &work->sessions[work->n_sessions++];
	*session = (struct session){.id = bp_column_int(row, 0),
				    .first_us = bp_column_int(row, 3),
				    .last_us = bp_column_int(row, 4),
				    .ended = bp_column_int(row, 5) != 0,
				    .model_switches = bp_column_int(row, 6)};
	session->text = bp_asprintf("%.*s%.*s", BP_STR_ARG(platform), BP_STR_ARG(project));
	session->platform = bp_str_make(session->text, platform.len);
	session->project_hash = bp_str_make(session->text + platform.len, project.len);
}

static int by_id(const void *key, const void *item)
{
	int64_t id = *(const int64_t *)key;
	const struct session *session = item;

	return (id > session->id) - (id < session->id);
}

static struct session *find_session(const struct work *work, int64_t id)
{
	if (work->n_sessions == 0) {
		return NULL;
	}
	return bsearch(&id, work->sessions, work->n_sessions, sizeof(work->sessions[0]), by_id);
}

/* A new part of the session's group at that time, or NULL when it belongs to none. */
static struct part *add_part(struct bp_totals_reading *reading, struct work *work,
			     struct session *session, int64_t ts_us)
{
	struct bp_fact_key key = {.ts_us = ts_us,
				  .platform = session->platform,
				  .project_hash = session->project_hash};
	struct bp_group *group = bp_totals_group(reading, &key);

	if (!group) {
		return NULL;
	}
	if (work->n_parts == work->cap_parts) {
		work->cap_parts = work->cap_parts ? 2 * work->cap_parts : 256;
		work->parts = bp_realloc(work->parts, work->cap_parts, sizeof(work->parts[0]));
	}
	struct part *part = &work->parts[work->n_parts++];
	*part = (struct part){.group = group, .session = session};
	session->found = true;
	return part;
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
	struct work *work = arg;
	struct session *session = find_session(work, bp_column_int(row, 0));
	int64_t first = bp_column_int(row, 1), last = bp_column_int(row, 2);
	int64_t before = bp_column_int(row, 3);
	bool near = before != BP_SQL_NULL && first - before < BP_IDLE_GAP_US;
	int64_t active = clip(last, period) - clip(first, period);

	active += near ? clip(first, period) - clip(before, period) : 0;
	bool inside = last >= period->from_us && first < period->until_us;
	if (!session || (!inside && active == 0)) {
		return;
	}
	struct part *part = add_part(reading, work, session, clip(first, period));
	if (part) {
		part->active_us = active;
	}
}

/* --- how it went --- */

#define OUTCOMES(where)                                                                            \
	"SELECT x.conversation_id, " BP_RULE_BUCKET(                                               \
		"x.ts_us") ", sum(x.outcome = 'ok'), "                                             \
			   "sum(x.outcome = 'error'), sum(x.outcome = 'interrupted' OR "           \
			   "(x.outcome = 'pending' AND "                                           \
			   "x.ts_us < ?4)), sum(CASE WHEN " BP_RULE_ACCEPTED                       \
			   " THEN coalesce(e.lines_added, 0) ELSE "                                \
			   "0 END) FROM tool_calls AS x LEFT JOIN code_changes AS e ON e.id = "    \
			   "x.id WHERE "                                                           \
			   "x.ts_us >= ?1 AND x.ts_us < ?2" where " GROUP BY 1, 2"

static const char OUTCOMES_IN_TIME[] = OUTCOMES("");
static const char OUTCOMES_IN_SESSION[] = OUTCOMES(" AND x.conversation_id = ?3");

static void take_outcomes(struct bp_totals_reading *reading, struct bp_statement *row, void *arg)
{
	struct work *work = arg;
	struct session *session = find_session(work, bp_column_int(row, 0));
	int64_t at_us = clip(bp_column_int(row, 1), reading->question->period);
	struct part *part = session ? add_part(reading, work, session, at_us) : NULL;

	if (part) {
		part->score = (struct bp_score){.ok = bp_column_int(row, 2),
						.error = bp_column_int(row, 3),
						.interrupted = bp_column_int(row, 4),
						.lines = bp_column_int(row, 5)};
	}
}

/* A session without activity yet is where it began. */
static void add_silent(struct bp_totals_reading *reading, struct work *work)
{
	const struct bp_period *period = reading->question->period;
	bool all = period->from_us == BP_TIME_FIRST && period->until_us == BP_TIME_LAST;

	for (size_t i = 0; i < work->n_sessions; i++) {
		struct session *session = &work->sessions[i];
		int64_t first = session->first_us;
		bool inside = first == BP_SQL_NULL
				      ? all && reading->question->by < BP_GROUP_HOUR
				      : first >= period->from_us && first < period->until_us;
		if (!session->found && inside) {
			(void)add_part(reading, work, session, first);
		}
	}
}

/* --- folding --- */

static int by_group_and_session(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int order = (x->group > y->group) - (x->group < y->group);

	return order ? order : (x->session > y->session) - (x->session < y->session);
}

static void fold_session(const struct part *part, size_t n, double *score, double *weight)
{
	const struct session *session = part->session;
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

static void fold(struct work *work)
{
	struct mean mean = {0};

	if (work->n_parts > 0) {
		qsort(work->parts, work->n_parts, sizeof(work->parts[0]), by_group_and_session);
	}
	for (size_t i = 0; i < work->n_parts;) {
		struct bp_group *group = work->parts[i].group;
		size_t n = 1;
		double score, weight;
		while (i + n < work->n_parts &&
		       by_group_and_session(&work->parts[i], &work->parts[i + n]) == 0) {
			n++;
		}
		fold_session(work->parts + i, n, &score, &weight);
		i += n;
		if (!isnan(score)) {
			mean.weighted += score * weight;
			mean.weight += weight;
			mean.plain += score;
			mean.n++;
		}
		if (i == work->n_parts || work->parts[i].group != group) {
			group->totals.productivity = mean.weight > 0 ? mean.weighted / mean.weight
						     : mean.n > 0    ? mean.plain / (double)mean.n
								     : (double)NAN;
			mean = (struct mean){0};
		}
	}
}

enum bp_rc bp_totals_sessions(struct bp_totals_reading *reading, struct bp_err *err)
{
	struct work work = {0};
	enum bp_rc rc = bp_totals_each(reading, SESSIONS_IN_TIME, SESSIONS_ONE, false, take_session,
				       &work, err);

	if (rc == BP_OK) {
		rc = bp_totals_each(reading, ACTIVITY_IN_TIME, ACTIVITY_IN_SESSION, false,
				    take_activity, &work, err);
	}
	if (rc == BP_OK) {
		rc = bp_totals_each(reading, OUTCOMES_IN_TIME, OUTCOMES_IN_SESSION, true,
				    take_outcomes, &work, err);
	}
	if (rc == BP_OK) {
		add_silent(reading, &work);
		fold(&work);
	}
	for (size_t i = 0; i < work.n_sessions; i++) {
		free(work.sessions[i].text);
	}
	free(work.sessions);
	free(work.parts);
	return rc;
}
