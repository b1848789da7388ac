/* SPDX-License-Identifier: MIT */
/*
 * The finaliser's rules, each a small function of the session's evidence in its own order. Nothing
 * here looks at a clock or at the order of arrival.
 */
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "event/out.h"
#include "query/score.h"
#include "slowpath/session_facts.h"

enum {
	REVISION_US = 300 * 1000000,   /* a re-edit of the same file within */
	REVERT_US = 30 * 1000000,      /* an edit that undoes one within */
	PERMISSION_US = 600 * 1000000, /* a request belongs to the call nearest within */
	IDLE_GAP_US = 300 * 1000000,   /* a longer gap is no activity (metrics.idle_gap_s) */
	MINUTE_US = 60 * 1000000,
	ENDED_US = 5 * 1000000 /* a SessionEnd is the last thing heard of it, give or take this */
};

/** The seeds' turn: a person typed it, in the main conversation. */
static bool is_prompt(const struct bp_turn *turn)
{
	return turn->human && !turn->sidechain && !turn->is.shadowed;
}

/* --- turns --- */

/** Hooks of old versions name no prompt: the k-th with a text is the k-th line with that text. */
static void pair_by_text(struct bp_session_facts *facts)
{
	for (size_t i = 0; i < facts->n_turns; i++) {
		struct bp_turn *turn = &facts->turns[i];
		if (turn->from_line || turn->prompt_id.len > 0) {
			turn->is.shadowed = turn->was.shadowed; /* the alias decided */
			continue;
		}
		size_t same_lines = 0;
		size_t same_before = 0;
		for (size_t j = 0; j < facts->n_turns; j++) {
			const struct bp_turn *other = &facts->turns[j];
			if (!bp_str_eq(other->content_hash, turn->content_hash)) {
				continue;
			}
			if (other->from_line) {
				same_lines++;
			} else if (other->prompt_id.len == 0 && j < i) {
				same_before++;
			}
		}
		turn->is.shadowed = same_before < same_lines;
	}
}

static void number_turns(struct bp_session_facts *facts)
{
	int64_t number = 0;

	for (size_t i = 0; i < facts->n_turns; i++) {
		struct bp_turn *turn = &facts->turns[i];
		turn->is.turn_number = is_prompt(turn) ? ++number : BP_SQL_NULL;
		turn->is.latency_us = BP_SQL_NULL;
		turn->is.complete_us = BP_SQL_NULL;
		turn->is.first_tool_us = BP_SQL_NULL;
		turn->is.think_us = BP_SQL_NULL;
		turn->is.gap_us = BP_SQL_NULL;
		turn->is.model = (struct bp_str){0};
	}
}

/** The next prompt after turn i, or n_turns. */
static size_t next_prompt(const struct bp_session_facts *facts, size_t i)
{
	do {
		i++;
	} while (i < facts->n_turns && !is_prompt(&facts->turns[i]));
	return i;
}

static int64_t smaller(int64_t a, int64_t b)
{
	if (a == BP_SQL_NULL || b == BP_SQL_NULL) {
		return a == BP_SQL_NULL ? b : a;
	}
	return a < b ? a : b;
}

/** What the main conversation did between a prompt and the next one. */
static void time_turns(struct bp_session_facts *facts)
{
	size_t call = 0;
	size_t tool = 0;

	for (size_t i = 0; i < facts->n_turns; i++) {
		struct bp_turn *turn = &facts->turns[i];
		if (!is_prompt(turn)) {
			continue;
		}
		size_t next = next_prompt(facts, i);
		int64_t until = next < facts->n_turns ? facts->turns[next].ts_us : INT64_MAX;
		int64_t first_call = BP_SQL_NULL;
		int64_t last_call = BP_SQL_NULL;
		int64_t first_tool = BP_SQL_NULL;
		for (; call < facts->n_calls && facts->calls[call].ts_us < until; call++) {
			const struct bp_call *c = &facts->calls[call];
			if (c->sidechain || c->ts_us < turn->ts_us) {
				continue;
			}
			if (first_call == BP_SQL_NULL) {
				first_call = c->ts_us;
				turn->is.model = c->model;
			}
			if (last_call == BP_SQL_NULL || c->ts_last_us > last_call) {
				last_call = c->ts_last_us;
			}
		}
		for (; tool < facts->n_tools && facts->tools[tool].ts_us < until; tool++) {
			const struct bp_tool *t = &facts->tools[tool];
			if (!t->sidechain && t->ts_us >= turn->ts_us && first_tool == BP_SQL_NULL) {
				first_tool = t->ts_us;
			}
		}
		int64_t first = smaller(first_call, first_tool);
		turn->is.latency_us = first == BP_SQL_NULL ? first : first - turn->ts_us;
		turn->is.complete_us =
			last_call == BP_SQL_NULL ? last_call : last_call - turn->ts_us;
		turn->is.first_tool_us =
			first_tool == BP_SQL_NULL ? first_tool : first_tool - turn->ts_us;
	}
}

/** The last thing the main conversation did for the prompt at i, before the one at next. */
static int64_t last_result(const struct bp_session_facts *facts, size_t i, size_t *tool)
{
	const struct bp_turn *turn = &facts->turns[i];
	size_t next = next_prompt(facts, i);
	int64_t until = next < facts->n_turns ? facts->turns[next].ts_us : INT64_MAX;
	int64_t last = turn->is.complete_us == BP_SQL_NULL ? BP_SQL_NULL
							   : turn->ts_us + turn->is.complete_us;

	for (; *tool < facts->n_tools && facts->tools[*tool].ts_us < until; (*tool)++) {
		const struct bp_tool *t = &facts->tools[*tool];
		if (!t->sidechain && t->ts_us >= turn->ts_us && t->ended_us != BP_SQL_NULL &&
		    (last == BP_SQL_NULL || t->ended_us > last)) {
			last = t->ended_us;
		}
	}
	return last;
}

/** How long after the prompt before, and after the last result, a prompt was sent. One that was
 *  sent while work went on had no time to think. */
static void time_prompts(struct bp_session_facts *facts)
{
	const struct bp_turn *before = NULL;
	int64_t result = BP_SQL_NULL;
	size_t tool = 0;

	for (size_t i = 0; i < facts->n_turns; i++) {
		struct bp_turn *turn = &facts->turns[i];
		if (!is_prompt(turn)) {
			continue;
		}
		if (before) {
			turn->is.gap_us = turn->ts_us - before->ts_us;
		}
		if (result != BP_SQL_NULL && result <= turn->ts_us) {
			turn->is.think_us = turn->ts_us - result;
		}
		before = turn;
		result = last_result(facts, i, &tool);
	}
}

static bool same_tool_and_turn(const struct bp_tool *a, const struct bp_tool *b)
{
	return a->is_turn_id == b->is_turn_id && bp_str_eq(a->tool, b->tool);
}

/** An error is recovered when a call of the same tool in the same turn was ok, at its time or
 *  later. Tools are in the order of time, so a turn's are together. */
static void find_recovered(struct bp_session_facts *facts)
{
	for (size_t i = 0; i < facts->n_tools; i++) {
		struct bp_tool *error = &facts->tools[i];
		error->is_recovered = BP_SQL_NULL;
		if (error->outcome != BP_OUTCOME_ERROR) {
			continue;
		}
		size_t j = i;
		while (j > 0 && facts->tools[j - 1].ts_us == error->ts_us) {
			j--;
		}
		for (; j < facts->n_tools && facts->tools[j].is_turn_id == error->is_turn_id; j++) {
			if (facts->tools[j].outcome == BP_OUTCOME_OK &&
			    same_tool_and_turn(&facts->tools[j], error)) {
				error->is_recovered = 1;
				break;
			}
		}
	}
}

static void assign_tools_to_turns(struct bp_session_facts *facts)
{
	size_t turn = 0;
	int64_t current = BP_SQL_NULL;

	for (size_t i = 0; i < facts->n_tools; i++) {
		for (; turn < facts->n_turns && facts->turns[turn].ts_us <= facts->tools[i].ts_us;
		     turn++) {
			if (is_prompt(&facts->turns[turn])) {
				current = facts->turns[turn].id;
			}
		}
		facts->tools[i].is_turn_id = current;
	}
}

/* --- edits --- */

static int by_file_then_time(const void *a, const void *b)
{
	const struct bp_tool *x = *(const struct bp_tool *const *)a;
	const struct bp_tool *y = *(const struct bp_tool *const *)b;
	int order = bp_str_cmp(x->file_hash, y->file_hash);

	if (order != 0) {
		return order;
	}
	if (x->ts_us != y->ts_us) {
		return x->ts_us < y->ts_us ? -1 : 1;
	}
	return (x->id > y->id) - (x->id < y->id);
}

static bool undoes(const struct bp_tool *later, const struct bp_tool *earlier)
{
	return earlier->old_hash.len > 0 && earlier->new_hash.len > 0 &&
	       bp_str_eq(later->old_hash, earlier->new_hash) &&
	       bp_str_eq(later->new_hash, earlier->old_hash);
}

static void decide_edits(struct bp_session_facts *facts, struct bp_arena *arena)
{
	struct bp_tool **edits = bp_arena_alloc(arena, (facts->n_tools + 1) * sizeof(*edits));
	size_t n = 0;

	for (size_t i = 0; i < facts->n_tools; i++) {
		struct bp_tool *tool = &facts->tools[i];
		bool ok = tool->outcome == BP_OUTCOME_OK;
		bool rejected = tool->outcome == BP_OUTCOME_REJECTED;
		tool->is = (struct bp_change_final){.accepted = BP_SQL_NULL,
						    .decided_us = BP_SQL_NULL,
						    .revision = BP_SQL_NULL,
						    .reverted = BP_SQL_NULL,
						    .repeated = BP_SQL_NULL};
		if (!tool->edit || (!ok && !rejected)) {
			continue;
		}
		tool->is.accepted = ok;
		tool->is.decided_us = tool->ended_us;
		if (ok) {
			tool->is.revision = 0;
			tool->is.reverted = 0;
			tool->is.repeated = 0;
			edits[n++] = tool;
		}
	}
	qsort(edits, n, sizeof(edits[0]), by_file_then_time);
	for (size_t i = 0; i < n; i++) {
		edits[i]->is.repeated = i > 0 && edits[i]->file_hash.len > 0 &&
					bp_str_eq(edits[i - 1]->file_hash, edits[i]->file_hash);
		for (size_t j = i + 1; j < n && edits[i]->file_hash.len > 0; j++) {
			int64_t gap_us = edits[j]->ts_us - edits[i]->ts_us;
			if (gap_us > REVISION_US ||
			    !bp_str_eq(edits[j]->file_hash, edits[i]->file_hash)) {
				break;
			}
			edits[i]->is.revision = 1;
			if (gap_us > REVERT_US) {
				break;
			}
			if (undoes(edits[j], edits[i])) {
				edits[i]->is.reverted = 1;
			}
		}
	}
}

/* --- permissions and compactions --- */

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

static void pair_permissions(struct bp_session_facts *facts)
{
	for (size_t i = 0; i < facts->n_permissions; i++) {
		struct bp_permission *request = &facts->permissions[i];
		int64_t nearest = PERMISSION_US;
		request->is_tool_call = BP_SQL_NULL;
		for (size_t j = 0; j < facts->n_tools; j++) {
			const struct bp_tool *tool = &facts->tools[j];
			int64_t gap = distance(tool->ts_us, request->ts_us);
			if (gap <= nearest && bp_str_eq(tool->tool, request->tool) &&
			    bp_str_eq(tool->input_hash, request->input_hash) &&
			    (gap < nearest || request->is_tool_call == BP_SQL_NULL)) {
				nearest = gap;
				request->is_tool_call = tool->id;
			}
		}
	}
}

/** As many as the source that knows most of them, the k-th of one being the k-th of the other. */
static void count_compactions(struct bp_session_facts *facts)
{
	size_t lines = 0;
	size_t hooks = 0;

	for (size_t i = 0; i < facts->n_compactions; i++) {
		lines += facts->compactions[i].from_line;
	}
	for (size_t i = 0; i < facts->n_compactions; i++) {
		struct bp_compaction *one = &facts->compactions[i];
		one->is_counted = one->from_line || hooks++ >= lines;
	}
}

/* --- sub-agents --- */

/** All that tells a type tells the same, or one of two: the smaller one, in any order. */
static void name_agents(struct bp_session_facts *facts)
{
	for (size_t i = 0; i < facts->n_agents; i++) {
		struct bp_agent *agent = &facts->agents[i];
		bool by_call = agent->call_type.len > 0 &&
			       (agent->was_type.len == 0 ||
				bp_str_cmp(agent->call_type, agent->was_type) < 0);
		agent->is_type = by_call ? agent->call_type : agent->was_type;
	}
}

/* --- activity --- */

static void build_minutes(struct bp_session_facts *facts, struct bp_arena *arena)
{
	facts->is_minutes = bp_arena_alloc(arena, (facts->n_events + 1) * sizeof(struct bp_minute));
	facts->n_is_minutes = 0;
	for (size_t i = 0; i < facts->n_events; i++) {
		int64_t ts_us = facts->event_ms[i] * 1000;
		int64_t minute = ts_us / MINUTE_US;
		struct bp_minute *last = &facts->is_minutes[facts->n_is_minutes];
		if (facts->n_is_minutes == 0 || last[-1].minute != minute) {
			*last = (struct bp_minute){
				.minute = minute, .first_us = ts_us, .last_us = ts_us, .events = 1};
			facts->n_is_minutes++;
		} else {
			last[-1].last_us = ts_us;
			last[-1].events++;
		}
	}
}

static int64_t active_time(const struct bp_minute *minutes, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += minutes[i].last_us - minutes[i].first_us;
		if (i > 0) {
			int64_t gap = minutes[i].first_us - minutes[i - 1].last_us;
			sum += gap < IDLE_GAP_US ? gap : 0;
		}
	}
	return sum;
}

/* --- the conversation --- */

enum { MODELS_MAX = 64 };

struct model_use {
	struct bp_str name;
	int64_t calls;
};

/** Models by first use; returns how many. */
static size_t count_models(const struct bp_session_facts *facts, struct model_use *uses)
{
	size_t n = 0;

	for (size_t i = 0; i < facts->n_calls; i++) {
		size_t k = 0;
		if (facts->calls[i].model.len == 0) {
			continue;
		}
		while (k < n && !bp_str_eq(uses[k].name, facts->calls[i].model)) {
			k++;
		}
		if (k == n && n < MODELS_MAX) {
			uses[n++] = (struct model_use){.name = facts->calls[i].model};
		}
		if (k < n) {
			uses[k].calls++;
		}
	}
	return n;
}

static void name_models(struct bp_session_facts *facts, struct bp_arena *arena)
{
	struct model_use uses[MODELS_MAX];
	char text[MODELS_MAX * 140];
	size_t n = count_models(facts, uses);
	struct bp_out out = bp_out_make(text, sizeof(text));
	const struct model_use *best = NULL;

	bp_out_array(&out);
	for (size_t i = 0; i < n; i++) {
		bp_out_text(&out, uses[i].name);
		if (best == NULL || uses[i].calls > best->calls ||
		    (uses[i].calls == best->calls && bp_str_cmp(uses[i].name, best->name) < 0)) {
			best = &uses[i];
		}
	}
	bp_out_array_end(&out);
	facts->is.models =
		n > 0 && !out.full ? bp_arena_str(arena, bp_out_str(&out)) : (struct bp_str){0};
	facts->is.primary_model = best ? best->name : (struct bp_str){0};
	facts->is.model_switches = 0;
	struct bp_str last = {0};
	for (size_t i = 0; i < facts->n_calls; i++) {
		const struct bp_call *call = &facts->calls[i];
		if (call->sidechain || call->model.len == 0) {
			continue;
		}
		if (last.len > 0 && !bp_str_eq(last, call->model)) {
			facts->is.model_switches++;
		}
		last = call->model;
	}
}

static void sum_edits(struct bp_session_facts *facts)
{
	struct bp_conversation_final *is = &facts->is;
	int64_t rejected = 0;

	for (size_t i = 0; i < facts->n_tools; i++) {
		const struct bp_tool *tool = &facts->tools[i];
		rejected += tool->is.accepted == 0;
		if (tool->is.accepted == 1) {
			is->total_changes++;
			is->lines_added += tool->lines_added == BP_SQL_NULL ? 0 : tool->lines_added;
			is->lines_removed +=
				tool->lines_removed == BP_SQL_NULL ? 0 : tool->lines_removed;
		}
	}
	int64_t decided = is->total_changes + rejected;
	is->acceptance_rate = decided ? (double)is->total_changes / (double)decided : -1;
}

/** Calls that still run are left out: whether one runs too long is asked at query time. */
static double productivity_of(const struct bp_session_facts *facts)
{
	int64_t last_us = facts->is.last_event_us;
	/* BP_RULE_ENDED */
	struct bp_score score = {
		.ended = facts->end_ts_us != BP_SQL_NULL &&
			 (last_us == BP_SQL_NULL || facts->end_ts_us >= last_us - ENDED_US)};

	for (size_t i = 0; i < facts->n_tools; i++) {
		const struct bp_tool *tool = &facts->tools[i];
		score.ok += tool->outcome == BP_OUTCOME_OK;
		score.error += tool->outcome == BP_OUTCOME_ERROR;
		score.interrupted += tool->outcome == BP_OUTCOME_INTERRUPTED;
		if (tool->edit && tool->outcome == BP_OUTCOME_OK &&
		    tool->lines_added != BP_SQL_NULL) {
			score.lines += tool->lines_added;
		}
	}
	double value = bp_score_of(&score);
	return isnan(value) ? -1 : value;
}

static void sum_conversation(struct bp_session_facts *facts, struct bp_arena *arena)
{
	struct bp_conversation_final *is = &facts->is;

	*is = (struct bp_conversation_final){
		.first_event_us = BP_SQL_NULL,
		.last_event_us = BP_SQL_NULL,
		.tool_calls = (int64_t)facts->n_tools,
		.subagents = (int64_t)facts->n_agents,
		.active_us = active_time(facts->is_minutes, facts->n_is_minutes),
	};
	if (facts->n_events > 0) {
		is->first_event_us = facts->event_ms[0] * 1000;
		is->last_event_us = facts->event_ms[facts->n_events - 1] * 1000;
	}
	for (size_t i = 0; i < facts->n_turns; i++) {
		const struct bp_turn *turn = &facts->turns[i];
		is->interaction_count += !turn->sidechain && !turn->is.shadowed;
		is->prompts += is_prompt(turn);
	}
	for (size_t i = 0; i < facts->n_calls; i++) {
		if (!facts->calls[i].aborted) {
			is->responses++;
			const struct bp_usage *usage = &facts->calls[i].usage;
			is->total_tokens += usage->input + usage->output + usage->cache_write_5m +
					    usage->cache_write_1h + usage->cache_read;
		}
	}
	for (size_t i = 0; i < facts->n_compactions; i++) {
		is->compactions += facts->compactions[i].is_counted;
	}
	sum_edits(facts);
	is->productivity = productivity_of(facts);
	for (size_t i = 0; i < facts->n_tools; i++) {
		is->pending_calls += facts->tools[i].outcome == BP_OUTCOME_PENDING;
	}
	name_models(facts, arena);
	bp_finalise_costs(facts, is);
}

void bp_finalise(struct bp_session_facts *facts, const struct bp_prices *prices,
		 struct bp_arena *arena)
{
	for (size_t i = 0; i < facts->n_calls; i++) {
		bp_finalise_call(&facts->calls[i], prices);
	}
	pair_by_text(facts);
	number_turns(facts);
	time_turns(facts);
	time_prompts(facts);
	assign_tools_to_turns(facts);
	find_recovered(facts);
	decide_edits(facts, arena);
	pair_permissions(facts);
	count_compactions(facts);
	name_agents(facts);
	build_minutes(facts, arena);
	sum_conversation(facts, arena);
}
