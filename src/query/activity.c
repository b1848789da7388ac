/* SPDX-License-Identifier: MIT */
#include "query/activity.h"

#include <stdlib.h>

#include "base/mem.h"
#include "query/rollup_span.h"
#include "query/rules.h"

/* Some minutes around, so that a gap that reaches in is seen whole. The index is named because
   without statistics the planner would rather read all minutes in the order that is asked for. */
#define MINUTES(from, where)                                                                       \
	"SELECT a.conversation_id, a.first_us, a.last_us, a.events FROM activity AS a" from        \
	" WHERE a.minute >= ?1 / 60000000 - 7 AND a.minute <= ?2 / 60000000 + 7" where             \
	" ORDER BY a.conversation_id, a.minute"

static const char IN_TIME[] = MINUTES(" INDEXED BY activity_by_minute", "");
static const char IN_SESSION[] = MINUTES("", " AND a.conversation_id = ?3");

struct bp_activity {
	struct bp_statement *minutes;
	struct bp_activity_part *parts;
	size_t n, cap, next;
	int64_t from_us, until_us;
};

enum bp_rc bp_activity_new(struct bp_sql *sql, bool of_session, struct bp_activity **out,
			   struct bp_err *err)
{
	struct bp_activity *activity = bp_calloc(1, sizeof(*activity));
	enum bp_rc rc =
		bp_statement_new(sql, of_session ? IN_SESSION : IN_TIME, &activity->minutes, err);

	if (rc != BP_OK) {
		bp_activity_free(activity);
		return rc;
	}
	*out = activity;
	return BP_OK;
}

void bp_activity_free(struct bp_activity *activity)
{
	if (activity) {
		bp_statement_free(activity->minutes);
		free(activity->parts);
		free(activity);
	}
}

static struct bp_activity_part *part_of(struct bp_activity *activity, int64_t conversation,
					int64_t ts_us)
{
	int64_t quarter_us = bp_quarter_start(ts_us);
	struct bp_activity_part *last = activity->n ? &activity->parts[activity->n - 1] : NULL;

	if (last && last->conversation == conversation && last->quarter_us == quarter_us) {
		return last;
	}
	if (activity->n == activity->cap) {
		activity->cap = activity->cap ? 2 * activity->cap : 64;
		activity->parts =
			bp_realloc(activity->parts, activity->cap, sizeof(activity->parts[0]));
	}
	activity->parts[activity->n] =
		(struct bp_activity_part){.quarter_us = quarter_us, .conversation = conversation};
	return &activity->parts[activity->n++];
}

/* The active stretch [from, until), clipped, to the quarters that it lies in. */
static void add_stretch(struct bp_activity *activity, int64_t conversation, int64_t from_us,
			int64_t until_us)
{
	int64_t at = from_us > activity->from_us ? from_us : activity->from_us;
	int64_t end = until_us < activity->until_us ? until_us : activity->until_us;

	while (at < end) {
		int64_t bound = bp_quarter_start(at) + BP_BUCKET_US;
		int64_t stop = bound < end ? bound : end;
		part_of(activity, conversation, at)->active_us += stop - at;
		at = stop;
	}
}

static void add_minute(struct bp_activity *activity, struct bp_statement *row, int64_t before_us)
{
	int64_t conversation = bp_column_int(row, 0);
	int64_t first = bp_column_int(row, 1), last = bp_column_int(row, 2);

	if (before_us != BP_SQL_NULL && first - before_us < BP_IDLE_GAP_US) {
		add_stretch(activity, conversation, before_us, first);
	}
	add_stretch(activity, conversation, first, last);
	if (first >= activity->from_us && first < activity->until_us) {
		part_of(activity, conversation, first)->events += bp_column_int(row, 3);
	}
}

static int by_quarter(const void *a, const void *b)
{
	const struct bp_activity_part *x = a, *y = b;
	int order = (x->quarter_us > y->quarter_us) - (x->quarter_us < y->quarter_us);

	return order ? order
		     : (x->conversation > y->conversation) - (x->conversation < y->conversation);
}

enum bp_rc bp_activity_read(struct bp_activity *activity, const int64_t *conversation,
			    int64_t from_us, int64_t until_us, struct bp_err *err)
{
	struct bp_statement *row = activity->minutes;
	int64_t session = BP_SQL_NULL, before_us = BP_SQL_NULL;
	enum bp_rc rc;

	activity->n = 0;
	activity->next = 0;
	activity->from_us = from_us;
	activity->until_us = until_us;
	bp_bind_int(row, 1, from_us);
	bp_bind_int(row, 2, until_us);
	if (conversation) {
		bp_bind_int(row, 3, *conversation);
	}
	while ((rc = bp_statement_step(row, err)) == BP_OK) {
		if (bp_column_int(row, 0) != session) {
			session = bp_column_int(row, 0);
			before_us = BP_SQL_NULL;
		}
		add_minute(activity, row, before_us);
		before_us = bp_column_int(row, 2);
	}
	bp_statement_reset(row);
	if (activity->n > 1) {
		qsort(activity->parts, activity->n, sizeof(activity->parts[0]), by_quarter);
	}
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

const struct bp_activity_part *bp_activity_next(const struct bp_activity *activity)
{
	return activity->next < activity->n ? &activity->parts[activity->next] : NULL;
}

void bp_activity_skip(struct bp_activity *activity)
{
	activity->next++;
}
