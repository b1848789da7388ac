/* SPDX-License-Identifier: MIT */
/**
 * session_facts.h - everything the finaliser reads of one session, and what it makes of it.
 *
 * Shape:   arrays sorted by (time, id); `was` is what the database holds, `is` what
 *          bp_finalise() computed. Text lives in the arena.
 * Threads: a value; one thread.
 */
#ifndef BP_SLOWPATH_SESSION_FACTS_H
#define BP_SLOWPATH_SESSION_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "price/price.h"
#include "query/habits_of.h"
#include "query/tool_steps.h"
#include "store/sqlite.h"

struct bp_turn_final {
	int64_t shadowed, turn_number, latency_us, complete_us, first_tool_us;
	int64_t think_us, gap_us;
	struct bp_str model;
};

struct bp_turn {
	int64_t id, ts_us;
	bool from_line, human, sidechain;
	struct bp_str prompt_id, content_hash;
	struct bp_turn_final was, is;
};

/** BP_SQL_NULL: it has no price. */
struct bp_call_final {
	int64_t cost_pusd, compat_pusd;
	struct bp_str price_id; /* of the table that computed it, BP_PRICE_REPORTED, or empty */
};

struct bp_call {
	int64_t id, ts_us, ts_last_us;
	bool sidechain, aborted;
	struct bp_str model;
	struct bp_usage usage;
	int64_t text_chars, reported_pusd; /* BP_SQL_NULL: not known */
	struct bp_call_final was, is;
};

/** The columns of model_calls that bp_call_read() reads, in its order. */
#define BP_CALL_COLUMNS                                                                            \
	"id, ts_us, ts_last_us, sidechain, aborted, model, input, output, cache_write_5m,"         \
	" cache_write_1h, cache_read, web_searches, speed, inference_geo, text_chars,"             \
	" reported_pusd, cost_pusd, compat_pusd, price_id"

/** One row of such a query. Its texts are copied into the arena. */
void bp_call_read(struct bp_statement *row, struct bp_arena *arena, struct bp_call *out);

struct bp_change_final {
	int64_t accepted, decided_us, revision, reverted, repeated;
};

struct bp_tool {
	int64_t id, ts_us, ended_us;
	bool sidechain;
	enum bp_outcome outcome;
	struct bp_str tool, input_hash, agent_id, cmd_kind;
	int64_t latency_us; /* BP_SQL_NULL: not known */
	int64_t was_turn_id, is_turn_id;
	int64_t was_recovered, is_recovered; /* 1 or BP_SQL_NULL */
	bool edit_tool;                      /* BP_RULE_EDIT */
	/* its code change, when it is an edit */
	bool edit, created;
	struct bp_str file_hash, old_hash, new_hash, extension;
	int64_t lines_added, lines_removed;
	struct bp_change_final was, is;
};

struct bp_permission {
	int64_t id, ts_us;
	struct bp_str tool, input_hash;
	int64_t was_tool_call, is_tool_call;
};

struct bp_compaction {
	int64_t id, ts_us;
	bool from_line;
	int64_t was_counted, is_counted;
};

/** A sub-agent's type: what its own lines and hooks tell, and the calls that started it. */
struct bp_agent {
	int64_t id;
	struct bp_str was_type, call_type, is_type;
	struct bp_habit_agent habit; /* its type is left out */
};

/** The sub-agents of session ?1: id, type, the type that the calls that started them tell; more
 *  columns of s (subagents). */
#define BP_AGENTS_SQL(more)                                                                        \
	"SELECT s.id, s.agent_type, (SELECT min(t.spawned_agent_type) FROM fact_alias AS a"        \
	" JOIN tool_calls AS t ON t.id = a.fact_id WHERE a.kind = 'tool'"                          \
	" AND a.platform = c.platform AND a.key = s.id) AS call_type" more " FROM subagents AS s"  \
	" JOIN conversations AS c ON c.id = s.conversation_id WHERE s.conversation_id = ?1"

struct bp_minute {
	int64_t minute, first_us, last_us, events;
};

struct bp_conversation_final {
	int64_t first_event_us, last_event_us;
	struct bp_str primary_model, models;
	int64_t model_switches, interaction_count, prompts, responses, tool_calls;
	double acceptance_rate; /* < 0: NULL */
	double productivity;    /* < 0: NULL */
	int64_t pending_calls;
	int64_t total_tokens, total_changes, lines_added, lines_removed;
	int64_t compactions, subagents, active_us;
	int64_t cost_pusd, compat_pusd; /* BP_SQL_NULL: no call has a price */
	int64_t aborted_cost_pusd, unpriced_calls;
};

struct bp_session_facts {
	int64_t conversation_id;
	struct bp_turn *turns;
	size_t n_turns;
	struct bp_call *calls;
	size_t n_calls;
	struct bp_tool *tools;
	size_t n_tools;
	struct bp_permission *permissions;
	size_t n_permissions;
	struct bp_compaction *compactions;
	size_t n_compactions;
	int64_t *event_ms; /* own events (no copies that another session owns), ascending */
	size_t n_events;
	struct bp_agent *agents;
	size_t n_agents;
	struct bp_minute *was_minutes, *is_minutes;
	size_t n_was_minutes, n_is_minutes;
	bool exists;       /* it has a conversations row */
	int64_t end_ts_us; /* latest SessionEnd, or BP_SQL_NULL */
	struct bp_conversation_final was, is;
};

struct bp_session_loader;

/** Prepares its queries on a read connection. Owns: bp_session_loader_free(). Errors: those of
 *  bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_session_loader_new(struct bp_sql *sql, struct bp_session_loader **out,
					    struct bp_err *err);
void bp_session_loader_free(struct bp_session_loader *loader);

/** Read a session. All memory from the arena. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_session_load(struct bp_session_loader *loader, int64_t conversation_id,
				      struct bp_arena *arena, struct bp_session_facts *out,
				      struct bp_err *err);

/** Fill every `is`: a pure function of what was read and of the prices. Text it makes lives in the
 *  arena, or is the prices'. */
void bp_finalise(struct bp_session_facts *facts, const struct bp_prices *prices,
		 struct bp_arena *arena);

/** One call's cost, from its evidence and the prices alone. */
void bp_finalise_call(struct bp_call *call, const struct bp_prices *prices);

/** The session's costs, from its calls'. */
void bp_finalise_costs(const struct bp_session_facts *facts, struct bp_conversation_final *out);

#endif
