/* SPDX-License-Identifier: MIT */
#include "slowpath/session_habits.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "query/rollup_span.h"

static const char SELECT[] =
	"SELECT start_us, habits FROM session_habits WHERE conversation_id = ?1 ORDER BY start_us";
static const char PUT[] = "INSERT INTO session_habits (start_us, conversation_id, habits) VALUES "
			  "(?1, ?2, ?3) ON CONFLICT DO UPDATE SET habits = excluded.habits";
static const char DROP[] =
	"DELETE FROM session_habits WHERE start_us = ?1 AND conversation_id = ?2";

enum { VALUE_BYTES_MAX = 64 << 20 };

/* A quarter as it is stored. */
struct stored {
	int64_t start_us;
	struct bp_str habits;
};

/* A quarter as it is counted. */
struct counted {
	int64_t start_us;
	struct bp_habits habits;
};

struct bp_session_habits {
	struct bp_statement *select, *put, *drop;
	int64_t conversation_id;
	struct stored *stored; /* by start */
	size_t n_stored, cap_stored;
	struct counted *counted; /* by start; habits of those behind n are kept for reuse */
	size_t n, cap, last;
	struct bp_buf buf;
	size_t next_stored, next; /* of the comparison */
};

enum bp_rc bp_session_habits_new(struct bp_sql *read, struct bp_sql *write,
				 struct bp_session_habits **out, struct bp_err *err)
{
	struct bp_session_habits *habits = bp_calloc(1, sizeof(*habits));
	enum bp_rc rc = bp_statement_new(read, SELECT, &habits->select, err);

	bp_buf_init(&habits->buf, VALUE_BYTES_MAX);
	if (rc == BP_OK) {
		rc = bp_statement_new(write, PUT, &habits->put, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(write, DROP, &habits->drop, err);
	}
	if (rc != BP_OK) {
		bp_session_habits_free(habits);
		return rc;
	}
	*out = habits;
	return BP_OK;
}

void bp_session_habits_free(struct bp_session_habits *habits)
{
	if (!habits) {
		return;
	}
	bp_statement_free(habits->select);
	bp_statement_free(habits->put);
	bp_statement_free(habits->drop);
	for (size_t i = 0; i < habits->cap; i++) {
		bp_habits_done(&habits->counted[i].habits);
	}
	free(habits->counted);
	free(habits->stored);
	bp_buf_done(&habits->buf);
	free(habits);
}

enum bp_rc bp_session_habits_read(struct bp_session_habits *habits, int64_t conversation_id,
				  struct bp_arena *arena, struct bp_err *err)
{
	enum bp_rc rc;

	habits->conversation_id = conversation_id;
	habits->n_stored = 0;
	bp_bind_int(habits->select, 1, conversation_id);
	while ((rc = bp_statement_step(habits->select, err)) == BP_OK) {
		if (habits->n_stored == habits->cap_stored) {
			habits->cap_stored = habits->cap_stored ? 2 * habits->cap_stored : 16;
			habits->stored = bp_realloc(habits->stored, habits->cap_stored,
						    sizeof(habits->stored[0]));
		}
		habits->stored[habits->n_stored++] = (struct stored){
			.start_us = bp_column_int(habits->select, 0),
			.habits = bp_arena_str(arena, bp_column_blob(habits->select, 1))};
	}
	bp_statement_reset(habits->select);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* --- counting --- */

static struct counted *insert(struct bp_session_habits *habits, size_t at, int64_t start_us)
{
	if (habits->n == habits->cap) {
		size_t cap = habits->cap ? 2 * habits->cap : 16;
		habits->counted = bp_realloc(habits->counted, cap, sizeof(habits->counted[0]));
		memset(habits->counted + habits->cap, 0,
		       (cap - habits->cap) * sizeof(habits->counted[0]));
		habits->cap = cap;
	}
	struct counted spare = habits->counted[habits->n];
	memmove(habits->counted + at + 1, habits->counted + at,
		(habits->n - at) * sizeof(habits->counted[0]));
	habits->counted[at] = spare;
	habits->counted[at].start_us = start_us;
	bp_habits_clear(&habits->counted[at].habits);
	habits->n++;
	return &habits->counted[at];
}

/* Calls come in runs of the same quarter. */
static struct bp_habits *of_moment(void *arg, int64_t ts_us)
{
	struct bp_session_habits *habits = arg;
	int64_t start_us = bp_quarter_start(ts_us);
	size_t low = 0, high = habits->n;

	if (habits->last < habits->n && habits->counted[habits->last].start_us == start_us) {
		return &habits->counted[habits->last].habits;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (habits->counted[middle].start_us < start_us) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	habits->last = low;
	return low < habits->n && habits->counted[low].start_us == start_us
		       ? &habits->counted[low].habits
		       : &insert(habits, low, start_us)->habits;
}

static int64_t known(int64_t value)
{
	return value == BP_SQL_NULL ? 0 : value;
}

/* Owns: the caller, bp_tool_steps_done(), also after an error. */
static enum bp_rc steps_of(const struct bp_session_facts *facts, struct bp_tool_steps *out,
			   struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < facts->n_tools && rc == BP_OK; i++) {
		const struct bp_tool *tool = &facts->tools[i];
		const struct bp_tool_step step = {.id = tool->id,
						  .conversation = facts->conversation_id,
						  .turn = tool->is_turn_id,
						  .ts_us = tool->ts_us,
						  .latency_us = tool->latency_us,
						  .agent = bp_tool_step_agent(tool->agent_id),
						  .outcome = (uint8_t)tool->outcome,
						  .edit = tool->edit_tool,
						  .created = tool->created,
						  .lines_added = known(tool->lines_added),
						  .lines_removed = known(tool->lines_removed)};
		const struct bp_tool_step_names names = {.tool = tool->tool,
							 .cmd_kind = tool->cmd_kind,
							 .extension = tool->extension};
		rc = bp_tool_steps_add(out, &step, &names, err);
	}
	bp_tool_steps_sort(out);
	return rc;
}

enum bp_rc bp_session_habits_count(struct bp_session_habits *habits,
				   const struct bp_session_facts *facts, struct bp_err *err)
{
	struct bp_tool_steps steps = {0};
	struct bp_habit_context *contexts = bp_calloc(facts->n_calls + 1, sizeof(*contexts));
	struct bp_habit_agent *agents = bp_calloc(facts->n_agents + 1, sizeof(*agents));
	struct bp_habit_source source = {.steps = &steps,
					 .agents = agents,
					 .n_agents = facts->n_agents,
					 .contexts = contexts};

	habits->n = 0;
	habits->next = 0;
	habits->next_stored = 0;
	for (size_t i = 0; i < facts->n_calls; i++) {
		const struct bp_call *call = &facts->calls[i];
		if (!call->sidechain && !call->aborted) {
			contexts[source.n_contexts++] = (struct bp_habit_context){
				.ts_us = call->ts_us,
				.tokens = call->usage.input + call->usage.cache_read +
					  call->usage.cache_write_5m + call->usage.cache_write_1h};
		}
	}
	for (size_t i = 0; i < facts->n_agents; i++) {
		agents[i] = facts->agents[i].habit;
		agents[i].type = facts->agents[i].is_type;
	}
	enum bp_rc rc = steps_of(facts, &steps, err);
	if (rc == BP_OK) {
		bp_habits_of(&source, of_moment, habits);
	}
	bp_tool_steps_done(&steps);
	free(contexts);
	free(agents);
	return rc;
}

/* --- what differs --- */

static struct bp_statement *drop_next(struct bp_session_habits *habits)
{
	bp_bind_int(habits->drop, 1, habits->stored[habits->next_stored++].start_us);
	bp_bind_int(habits->drop, 2, habits->conversation_id);
	return habits->drop;
}

/* NULL: it is stored as it is. */
static struct bp_statement *put_next(struct bp_session_habits *habits, const struct stored *stored)
{
	struct counted *counted = &habits->counted[habits->next++];

	habits->next_stored += stored != NULL;
	bp_buf_clear(&habits->buf);
	bp_habits_encode(&counted->habits, &habits->buf);
	if (stored && bp_str_eq(stored->habits, bp_buf_str(&habits->buf))) {
		return NULL;
	}
	bp_bind_int(habits->put, 1, counted->start_us);
	bp_bind_int(habits->put, 2, habits->conversation_id);
	bp_bind_blob(habits->put, 3, habits->buf.ptr, habits->buf.len);
	return habits->put;
}

struct bp_statement *bp_session_habits_next(struct bp_session_habits *habits)
{
	struct bp_statement *statement = NULL;

	while (!statement && (habits->next < habits->n || habits->next_stored < habits->n_stored)) {
		const struct stored *stored = habits->next_stored < habits->n_stored
						      ? &habits->stored[habits->next_stored]
						      : NULL;
		const struct counted *counted =
			habits->next < habits->n ? &habits->counted[habits->next] : NULL;
		if (!counted || (stored && stored->start_us < counted->start_us)) {
			return drop_next(habits);
		}
		bool same_quarter = stored && stored->start_us == counted->start_us;
		statement = put_next(habits, same_quarter ? stored : NULL);
	}
	return statement;
}
