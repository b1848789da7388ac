/* SPDX-License-Identifier: MIT */
#include "slowpath/finaliser.h"

#include "base/clock.h"
#include "base/mem.h"
#include "slowpath/owner.h"
#include "slowpath/pool.h"
#include "slowpath/session_facts.h"
#include "slowpath/session_habits.h"
#include "slowpath/session_text.h"

/* Unless evidence that came since knows better. */
#define UPDATE_OWNER(table)                                                                        \
	"UPDATE " table " SET owner_conversation = ?2 WHERE id = ?1"                               \
	" AND live_conversation IS NULL AND asked_conversation IS NULL"

static const char *const UPDATE_OWNERS[BP_FACT_TABLE_COUNT] = {
	[BP_FACT_TURN] = UPDATE_OWNER("conversation_turns"),
	[BP_FACT_MODEL_CALL] = UPDATE_OWNER("model_calls"),
	[BP_FACT_TOOL_CALL] = UPDATE_OWNER("tool_calls"),
	[BP_FACT_API_ERROR] = UPDATE_OWNER("api_errors"),
	[BP_FACT_COMPACTION] = UPDATE_OWNER("compactions"),
};

static const char MARK_DIRTY[] =
	"INSERT INTO dirty_session (conversation_id, generation) VALUES (?1, 1)"
	" ON CONFLICT (conversation_id) DO UPDATE SET generation = generation + 1";

static const char CLEAN[] =
	"DELETE FROM dirty_session WHERE conversation_id = ?1 AND generation = ?2";

/*
 * Only while the session still has the fact: evidence may have given it to another one since it was
 * loaded, whose finaliser may have been faster than this.
 */
static const char UPDATE_TURN[] =
	"UPDATE conversation_turns SET shadowed = ?2, turn_number = ?3, latency_us = ?4,"
	" complete_us = ?5, first_tool_us = ?6, model = ?7, think_us = ?9, gap_us = ?10"
	" WHERE id = ?1 AND conversation_id = ?8";

static const char UPDATE_CALL[] =
	"UPDATE model_calls SET cost_pusd = ?2, compat_pusd = ?3, price_id = ?4"
	" WHERE id = ?1 AND conversation_id = ?5";

static const char UPDATE_TOOL[] =
	"UPDATE tool_calls SET turn_id = ?2, recovered = ?4 WHERE id = ?1 AND conversation_id = ?3";

static const char UPDATE_CHANGE[] =
	"UPDATE code_changes SET accepted = ?2, decided_us = ?3, revision = ?4, reverted = ?5,"
	" repeated = ?7 WHERE id = ?1 AND (SELECT conversation_id FROM tool_calls WHERE id = ?1) = "
	"?6";

static const char UPDATE_PERMISSION[] =
	"UPDATE permission_requests SET tool_call = ?2 WHERE id = ?1";

static const char UPDATE_COMPACTION[] =
	"UPDATE compactions SET counted = ?2 WHERE id = ?1 AND conversation_id = ?3";

/* What came since may know it too: the type is a minimum (fact_tables.h), here as well. */
static const char UPDATE_AGENT[] =
	"UPDATE subagents SET agent_type = min(coalesce(agent_type, ?2), ?2) WHERE id = ?1";

static const char PUT_MINUTE[] =
	"INSERT INTO activity (conversation_id, minute, first_us, last_us, events)"
	" VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (conversation_id, minute) DO UPDATE SET"
	" first_us = excluded.first_us, last_us = excluded.last_us, events = excluded.events";

static const char DROP_MINUTE[] = "DELETE FROM activity WHERE conversation_id = ?1 AND minute = ?2";

static const char UPDATE_CONVERSATION[] =
	"UPDATE conversations SET first_event_us = ?2, last_event_us = ?3, primary_model = ?4,"
	" models = ?5, model_switches = ?6, interaction_count = ?7, prompts = ?8, responses = ?9,"
	" tool_calls = ?10, acceptance_rate = ?11, total_tokens = ?12, total_changes = ?13,"
	" lines_added = ?14, lines_removed = ?15, compactions = ?16, subagents = ?17,"
	" active_us = ?18, cost_pusd = ?19, compat_pusd = ?20, aborted_cost_pusd = ?21,"
	" unpriced_calls = ?22, productivity = ?23, pending_calls = ?24 WHERE id = ?1";

enum { CHECK_EVERY = 4 }; /* updates between two looks at the clock */

struct bp_finaliser {
	struct bp_sql *read, *write;    /* borrowed */
	struct bp_writer_lock *lock;    /* borrowed */
	const struct bp_prices *prices; /* borrowed */
	struct bp_arena arena;          /* one session */
	struct bp_session_loader *loader;
	struct bp_session_text *text;
	struct bp_session_habits *habits;
	struct bp_owner *owner;
	struct bp_statement *owners[BP_FACT_TABLE_COUNT];
	struct bp_statement *mark, *clean, *turn, *call, *tool, *change, *permission, *compaction,
		*agent, *put_minute, *drop_minute, *conversation;
	/* The transaction in hand. */
	bool open;
	int64_t opened_us; /* monotonic */
	unsigned n;
};

enum bp_rc bp_finaliser_new(struct bp_sql *read, struct bp_sql *write, struct bp_writer_lock *lock,
			    const struct bp_prices *prices, struct bp_finaliser **out,
			    struct bp_err *err)
{
	struct bp_finaliser *finaliser = bp_calloc(1, sizeof(*finaliser));
	const struct {
		const char *text;
		struct bp_statement **statement;
	} updates[] = {
		{MARK_DIRTY, &finaliser->mark},
		{CLEAN, &finaliser->clean},
		{UPDATE_TURN, &finaliser->turn},
		{UPDATE_CALL, &finaliser->call},
		{UPDATE_TOOL, &finaliser->tool},
		{UPDATE_CHANGE, &finaliser->change},
		{UPDATE_PERMISSION, &finaliser->permission},
		{UPDATE_COMPACTION, &finaliser->compaction},
		{UPDATE_AGENT, &finaliser->agent},
		{PUT_MINUTE, &finaliser->put_minute},
		{DROP_MINUTE, &finaliser->drop_minute},
		{UPDATE_CONVERSATION, &finaliser->conversation},
	};

	finaliser->read = read;
	finaliser->write = write;
	finaliser->lock = lock;
	finaliser->prices = prices;
	enum bp_rc rc = bp_session_loader_new(read, &finaliser->loader, err);
	if (rc == BP_OK) {
		rc = bp_owner_new(read, &finaliser->owner, err);
	}
	if (rc == BP_OK) {
		rc = bp_session_text_new(read, write, &finaliser->text, err);
	}
	if (rc == BP_OK) {
		rc = bp_session_habits_new(read, write, &finaliser->habits, err);
	}
	for (size_t i = 0; i < BP_FACT_TABLE_COUNT && rc == BP_OK; i++) {
		if (UPDATE_OWNERS[i]) {
			rc = bp_statement_new(write, UPDATE_OWNERS[i], &finaliser->owners[i], err);
		}
	}
	for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]) && rc == BP_OK; i++) {
		rc = bp_statement_new(write, updates[i].text, updates[i].statement, err);
	}
	if (rc != BP_OK) {
		bp_finaliser_free(finaliser);
		return rc;
	}
	*out = finaliser;
	return BP_OK;
}

void bp_finaliser_rest(struct bp_finaliser *finaliser)
{
	bp_arena_done(&finaliser->arena);
}

void bp_finaliser_free(struct bp_finaliser *finaliser)
{
	if (finaliser == NULL) {
		return;
	}
	bp_session_loader_free(finaliser->loader);
	bp_session_text_free(finaliser->text);
	bp_session_habits_free(finaliser->habits);
	bp_owner_free(finaliser->owner);
	for (size_t i = 0; i < BP_FACT_TABLE_COUNT; i++) {
		bp_statement_free(finaliser->owners[i]);
	}
	bp_statement_free(finaliser->mark);
	bp_statement_free(finaliser->clean);
	bp_statement_free(finaliser->turn);
	bp_statement_free(finaliser->call);
	bp_statement_free(finaliser->tool);
	bp_statement_free(finaliser->change);
	bp_statement_free(finaliser->permission);
	bp_statement_free(finaliser->compaction);
	bp_statement_free(finaliser->agent);
	bp_statement_free(finaliser->put_minute);
	bp_statement_free(finaliser->drop_minute);
	bp_statement_free(finaliser->conversation);
	bp_arena_done(&finaliser->arena);
	free(finaliser);
}

/* --- short transactions --- */

static enum bp_rc open_write(struct bp_finaliser *finaliser, struct bp_err *err)
{
	bp_writer_lock_take(finaliser->lock, BP_WRITER_SLOW);
	enum bp_rc rc = bp_sql_begin(finaliser->write, err);
	if (rc != BP_OK) {
		bp_writer_lock_give(finaliser->lock);
		return rc;
	}
	finaliser->open = true;
	finaliser->opened_us = bp_clock_mono_us();
	return BP_OK;
}

static enum bp_rc close_write(struct bp_finaliser *finaliser, enum bp_rc rc, struct bp_err *err)
{
	if (!finaliser->open) {
		return rc;
	}
	if (rc == BP_OK) {
		rc = bp_sql_commit(finaliser->write, err);
	}
	if (rc != BP_OK) {
		bp_sql_rollback(finaliser->write);
	}
	finaliser->open = false;
	bp_writer_lock_give(finaliser->lock);
	if (rc == BP_OK) {
		bp_store_cap_wal(finaliser->write);
	}
	return rc;
}

/** Run one bound update, in a transaction that is not too long. */
static enum bp_rc put(struct bp_finaliser *finaliser, struct bp_statement *statement,
		      struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	if (finaliser->open && ++finaliser->n % CHECK_EVERY == 0 &&
	    bp_slowpath_held_long(finaliser->lock, finaliser->opened_us)) {
		rc = close_write(finaliser, BP_OK, err);
	}
	if (rc == BP_OK && !finaliser->open) {
		rc = open_write(finaliser, err);
	}
	return rc == BP_OK ? bp_statement_run(statement, err) : rc;
}

/* --- owners --- */

/** *out_changed: something was written, so what was read is of an older snapshot. */
static enum bp_rc move_facts(struct bp_finaliser *finaliser, int64_t conversation_id,
			     bool *out_changed, bool *out_moved, struct bp_err *err)
{
	struct bp_owner_change *changes = NULL;
	size_t n = 0;
	enum bp_rc rc = bp_owner_resolve(finaliser->owner, conversation_id, &finaliser->arena,
					 &changes, &n, err);

	*out_changed = n > 0;
	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		struct bp_statement *update = finaliser->owners[changes[i].table];
		const int64_t touched[] = {changes[i].was_conversation, changes[i].is_conversation};
		bp_bind_int(update, 1, changes[i].id);
		bp_bind_int(update, 2, changes[i].owner);
		rc = put(finaliser, update, err);
		for (size_t k = 0; k < 2 && rc == BP_OK; k++) {
			if (touched[k] != conversation_id) {
				bp_bind_int(finaliser->mark, 1, touched[k]);
				rc = put(finaliser, finaliser->mark, err);
				*out_moved = true;
			}
		}
	}
	return close_write(finaliser, rc, err);
}

/* --- what differs --- */

static bool same_turn(const struct bp_turn_final *a, const struct bp_turn_final *b)
{
	return a->shadowed == b->shadowed && a->turn_number == b->turn_number &&
	       a->latency_us == b->latency_us && a->complete_us == b->complete_us &&
	       a->first_tool_us == b->first_tool_us && a->think_us == b->think_us &&
	       a->gap_us == b->gap_us && bp_str_eq(a->model, b->model);
}

static enum bp_rc put_turns(struct bp_finaliser *finaliser, const struct bp_session_facts *facts,
			    struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < facts->n_turns && rc == BP_OK; i++) {
		const struct bp_turn *turn = &facts->turns[i];
		if (same_turn(&turn->was, &turn->is)) {
			continue;
		}
		bp_bind_int(finaliser->turn, 1, turn->id);
		bp_bind_int(finaliser->turn, 2, turn->is.shadowed);
		bp_bind_int(finaliser->turn, 3, turn->is.turn_number);
		bp_bind_int(finaliser->turn, 4, turn->is.latency_us);
		bp_bind_int(finaliser->turn, 5, turn->is.complete_us);
		bp_bind_int(finaliser->turn, 6, turn->is.first_tool_us);
		bp_bind_text(finaliser->turn, 7, turn->is.model);
		bp_bind_int(finaliser->turn, 8, facts->conversation_id);
		bp_bind_int(finaliser->turn, 9, turn->is.think_us);
		bp_bind_int(finaliser->turn, 10, turn->is.gap_us);
		rc = put(finaliser, finaliser->turn, err);
	}
	return rc;
}

static enum bp_rc put_calls(struct bp_finaliser *finaliser, const struct bp_session_facts *facts,
			    struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < facts->n_calls && rc == BP_OK; i++) {
		const struct bp_call *call = &facts->calls[i];
		if (call->was.cost_pusd == call->is.cost_pusd &&
		    call->was.compat_pusd == call->is.compat_pusd &&
		    bp_str_eq(call->was.price_id, call->is.price_id)) {
			continue;
		}
		bp_bind_int(finaliser->call, 1, call->id);
		bp_bind_int(finaliser->call, 2, call->is.cost_pusd);
		bp_bind_int(finaliser->call, 3, call->is.compat_pusd);
		bp_bind_text(finaliser->call, 4, call->is.price_id);
		bp_bind_int(finaliser->call, 5, facts->conversation_id);
		rc = put(finaliser, finaliser->call, err);
	}
	return rc;
}

static enum bp_rc put_tools(struct bp_finaliser *finaliser, const struct bp_session_facts *facts,
			    struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < facts->n_tools && rc == BP_OK; i++) {
		const struct bp_tool *tool = &facts->tools[i];
		if (tool->was_turn_id != tool->is_turn_id ||
		    tool->was_recovered != tool->is_recovered) {
			bp_bind_int(finaliser->tool, 1, tool->id);
			bp_bind_int(finaliser->tool, 2, tool->is_turn_id);
			bp_bind_int(finaliser->tool, 3, facts->conversation_id);
			bp_bind_int(finaliser->tool, 4, tool->is_recovered);
			rc = put(finaliser, finaliser->tool, err);
		}
		if (rc != BP_OK || !tool->edit ||
		    (tool->was.accepted == tool->is.accepted &&
		     tool->was.decided_us == tool->is.decided_us &&
		     tool->was.revision == tool->is.revision &&
		     tool->was.reverted == tool->is.reverted &&
		     tool->was.repeated == tool->is.repeated)) {
			continue;
		}
		bp_bind_int(finaliser->change, 1, tool->id);
		bp_bind_int(finaliser->change, 2, tool->is.accepted);
		bp_bind_int(finaliser->change, 3, tool->is.decided_us);
		bp_bind_int(finaliser->change, 4, tool->is.revision);
		bp_bind_int(finaliser->change, 5, tool->is.reverted);
		bp_bind_int(finaliser->change, 6, facts->conversation_id);
		bp_bind_int(finaliser->change, 7, tool->is.repeated);
		rc = put(finaliser, finaliser->change, err);
	}
	return rc;
}

static enum bp_rc put_pairs(struct bp_finaliser *finaliser, const struct bp_session_facts *facts,
			    struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < facts->n_permissions && rc == BP_OK; i++) {
		const struct bp_permission *request = &facts->permissions[i];
		if (request->was_tool_call != request->is_tool_call) {
			bp_bind_int(finaliser->permission, 1, request->id);
			bp_bind_int(finaliser->permission, 2, request->is_tool_call);
			rc = put(finaliser, finaliser->permission, err);
		}
	}
	for (size_t i = 0; i < facts->n_compactions && rc == BP_OK; i++) {
		const struct bp_compaction *compaction = &facts->compactions[i];
		if (compaction->was_counted != compaction->is_counted) {
			bp_bind_int(finaliser->compaction, 1, compaction->id);
			bp_bind_int(finaliser->compaction, 2, compaction->is_counted);
			bp_bind_int(finaliser->compaction, 3, facts->conversation_id);
			rc = put(finaliser, finaliser->compaction, err);
		}
	}
	return rc;
}

static enum bp_rc put_agents(struct bp_finaliser *finaliser, const struct bp_session_facts *facts,
			     struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < facts->n_agents && rc == BP_OK; i++) {
		const struct bp_agent *agent = &facts->agents[i];
		if (!bp_str_eq(agent->was_type, agent->is_type)) {
			bp_bind_int(finaliser->agent, 1, agent->id);
			bp_bind_text(finaliser->agent, 2, agent->is_type);
			rc = put(finaliser, finaliser->agent, err);
		}
	}
	return rc;
}

/** Both lists are sorted by minute: walk them together. */
static enum bp_rc put_minutes(struct bp_finaliser *finaliser, const struct bp_session_facts *facts,
			      struct bp_err *err)
{
	size_t was = 0;
	size_t is = 0;
	enum bp_rc rc = BP_OK;

	while (rc == BP_OK && (was < facts->n_was_minutes || is < facts->n_is_minutes)) {
		const struct bp_minute *old =
			was < facts->n_was_minutes ? &facts->was_minutes[was] : NULL;
		const struct bp_minute *now =
			is < facts->n_is_minutes ? &facts->is_minutes[is] : NULL;
		if (now == NULL || (old && old->minute < now->minute)) {
			BP_ASSERT(old != NULL); /* one of them is there */
			bp_bind_int(finaliser->drop_minute, 1, facts->conversation_id);
			bp_bind_int(finaliser->drop_minute, 2, old->minute);
			rc = put(finaliser, finaliser->drop_minute, err);
			was++;
			continue;
		}
		bool same = old && old->minute == now->minute;
		if (!same || memcmp(old, now, sizeof(*old)) != 0) {
			bp_bind_int(finaliser->put_minute, 1, facts->conversation_id);
			bp_bind_int(finaliser->put_minute, 2, now->minute);
			bp_bind_int(finaliser->put_minute, 3, now->first_us);
			bp_bind_int(finaliser->put_minute, 4, now->last_us);
			bp_bind_int(finaliser->put_minute, 5, now->events);
			rc = put(finaliser, finaliser->put_minute, err);
		}
		is++;
		was += same;
	}
	return rc;
}

static bool same_conversation(const struct bp_conversation_final *a,
			      const struct bp_conversation_final *b)
{
	return a->first_event_us == b->first_event_us && a->last_event_us == b->last_event_us &&
	       bp_str_eq(a->primary_model, b->primary_model) && bp_str_eq(a->models, b->models) &&
	       a->model_switches == b->model_switches &&
	       a->interaction_count == b->interaction_count && a->prompts == b->prompts &&
	       a->responses == b->responses && a->tool_calls == b->tool_calls &&
	       a->acceptance_rate == b->acceptance_rate && a->productivity == b->productivity &&
	       a->total_tokens == b->total_tokens && a->total_changes == b->total_changes &&
	       a->lines_added == b->lines_added && a->lines_removed == b->lines_removed &&
	       a->compactions == b->compactions && a->subagents == b->subagents &&
	       a->active_us == b->active_us && a->cost_pusd == b->cost_pusd &&
	       a->compat_pusd == b->compat_pusd && a->aborted_cost_pusd == b->aborted_cost_pusd &&
	       a->unpriced_calls == b->unpriced_calls && a->pending_calls == b->pending_calls;
}

static enum bp_rc put_conversation(struct bp_finaliser *finaliser,
				   const struct bp_session_facts *facts, struct bp_err *err)
{
	const struct bp_conversation_final *is = &facts->is;
	struct bp_statement *update = finaliser->conversation;

	if (!facts->exists || same_conversation(&facts->was, is)) {
		return BP_OK;
	}
	const int64_t numbers[] = {
		is->model_switches, is->interaction_count, is->prompts,
		is->responses,      is->tool_calls,
	};
	const int64_t more[] = {is->total_tokens,      is->total_changes, is->lines_added,
				is->lines_removed,     is->compactions,   is->subagents,
				is->active_us,         is->cost_pusd,     is->compat_pusd,
				is->aborted_cost_pusd, is->unpriced_calls};
	bp_bind_int(update, 1, facts->conversation_id);
	bp_bind_int(update, 2, is->first_event_us);
	bp_bind_int(update, 3, is->last_event_us);
	bp_bind_text(update, 4, is->primary_model);
	bp_bind_text(update, 5, is->models);
	for (int i = 0; i < 5; i++) {
		bp_bind_int(update, 6 + i, numbers[i]);
	}
	if (is->acceptance_rate < 0) {
		bp_bind_null(update, 11);
	} else {
		bp_bind_real(update, 11, is->acceptance_rate);
	}
	for (int i = 0; i < (int)(sizeof(more) / sizeof(more[0])); i++) {
		bp_bind_int(update, 12 + i, more[i]);
	}
	if (is->productivity < 0) {
		bp_bind_null(update, 23);
	} else {
		bp_bind_real(update, 23, is->productivity);
	}
	bp_bind_int(update, 24, is->pending_calls);
	return put(finaliser, update, err);
}

static enum bp_rc put_text(struct bp_finaliser *finaliser, struct bp_err *err)
{
	struct bp_statement *changes[BP_SESSION_TEXT_CHANGES];
	size_t n = bp_session_text_changes(finaliser->text, changes);
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		rc = put(finaliser, changes[i], err);
	}
	return rc;
}

static enum bp_rc put_habits(struct bp_finaliser *finaliser, struct bp_err *err)
{
	struct bp_statement *change;
	enum bp_rc rc = BP_OK;

	while (rc == BP_OK && (change = bp_session_habits_next(finaliser->habits)) != NULL) {
		rc = put(finaliser, change, err);
	}
	return rc;
}

static enum bp_rc put_all(struct bp_finaliser *finaliser, const struct bp_session_facts *facts,
			  int64_t generation, struct bp_err *err)
{
	enum bp_rc rc = put_turns(finaliser, facts, err);

	if (rc == BP_OK) {
		rc = put_calls(finaliser, facts, err);
	}
	if (rc == BP_OK) {
		rc = put_tools(finaliser, facts, err);
	}
	if (rc == BP_OK) {
		rc = put_pairs(finaliser, facts, err);
	}
	if (rc == BP_OK) {
		rc = put_agents(finaliser, facts, err);
	}
	if (rc == BP_OK) {
		rc = put_minutes(finaliser, facts, err);
	}
	if (rc == BP_OK) {
		rc = put_conversation(finaliser, facts, err);
	}
	if (rc == BP_OK) {
		rc = put_text(finaliser, err);
	}
	if (rc == BP_OK) {
		rc = put_habits(finaliser, err);
	}
	if (rc == BP_OK) {
		bp_bind_int(finaliser->clean, 1, facts->conversation_id);
		bp_bind_int(finaliser->clean, 2, generation);
		rc = put(finaliser, finaliser->clean, err);
	}
	return close_write(finaliser, rc, err);
}

enum bp_rc bp_finaliser_run(struct bp_finaliser *finaliser, int64_t conversation_id,
			    int64_t generation, bool *out_moved, struct bp_err *err)
{
	struct bp_session_facts facts;
	bool changed = false;

	*out_moved = false;
	bp_arena_clear(&finaliser->arena);
	enum bp_rc rc = bp_sql_exec(finaliser->read, "BEGIN", err);
	if (rc == BP_OK) {
		rc = move_facts(finaliser, conversation_id, &changed, out_moved, err);
	}
	if (rc == BP_OK && changed) {
		bp_sql_rollback(finaliser->read);
		rc = bp_sql_exec(finaliser->read, "BEGIN", err);
	}
	if (rc == BP_OK) {
		rc = bp_session_load(finaliser->loader, conversation_id, &finaliser->arena, &facts,
				     err);
		if (rc == BP_OK) {
			rc = bp_session_text_read(finaliser->text, conversation_id,
						  &finaliser->arena, err);
		}
		if (rc == BP_OK) {
			rc = bp_session_habits_read(finaliser->habits, conversation_id,
						    &finaliser->arena, err);
		}
	}
	bp_sql_rollback(finaliser->read);
	if (rc == BP_OK) {
		bp_finalise(&facts, finaliser->prices, &finaliser->arena);
		rc = bp_session_habits_count(finaliser->habits, &facts, err);
	}
	if (rc == BP_OK) {
		rc = put_all(finaliser, &facts, generation, err);
	}
	return rc == BP_OK
		       ? BP_OK
		       : bp_err_wrap(err, rc, "finalise session %lld", (long long)conversation_id);
}
