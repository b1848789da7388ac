/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "query/rules.h"
#include "query/subagents.h"
#include "slowpath/owner.h"
#include "slowpath/session_facts.h"

static const char SELECT_TURNS[] =
	"SELECT id, ts_us, from_line, human, is_sidechain, prompt_id, content_hash, shadowed,"
	" turn_number, latency_us, complete_us, first_tool_us, model, think_us, gap_us"
	" FROM conversation_turns"
	" WHERE conversation_id = ?1 ORDER BY ts_us, id";

static const char SELECT_CALLS[] = "SELECT " BP_CALL_COLUMNS " FROM model_calls"
				   " WHERE conversation_id = ?1 ORDER BY ts_us, id";

static const char SELECT_TOOLS[] =
	"SELECT x.id, x.ts_us, x.ended_us, x.is_sidechain, x.outcome, x.tool, x.input_hash,"
	" x.turn_id, e.id IS NOT NULL, e.file_hash, e.old_hash, e.new_hash, e.lines_added,"
	" e.lines_removed, e.accepted, e.decided_us, e.revision, e.reverted, e.repeated,"
	" x.recovered, x.agent_id, x.cmd_kind, x.latency_us, " BP_RULE_EDIT
	", e.extension, e.operation = 'create'"
	" FROM tool_calls AS x LEFT JOIN code_changes AS e ON e.id = x.id"
	" WHERE x.conversation_id = ?1 ORDER BY x.ts_us, x.id";

static const char SELECT_PERMISSIONS[] =
	"SELECT id, ts_us, tool, input_hash, tool_call FROM permission_requests"
	" WHERE live_conversation = ?1 ORDER BY ts_us, id";

static const char SELECT_COMPACTIONS[] = "SELECT id, ts_us, from_line, counted FROM compactions"
					 " WHERE conversation_id = ?1 ORDER BY ts_us, id";

static const char SELECT_MINUTES[] = "SELECT minute, first_us, last_us, events FROM activity"
				     " WHERE conversation_id = ?1 ORDER BY minute";

static const char SELECT_EVENTS[] =
	"SELECT event_key FROM session_event WHERE conversation_id = ?1 ORDER BY event_key";

static const char SELECT_AGENTS[] =
	BP_AGENTS_SQL(", s.agent_id, s.started_us, s.ended_us, " BP_SUBAGENT_CALL
		      ", " BP_SUBAGENT_STOP) " ORDER BY s.id";

static const char SELECT_CONVERSATION[] =
	"SELECT first_event_us, last_event_us, primary_model, models, model_switches,"
	" interaction_count, prompts, responses, tool_calls, coalesce(acceptance_rate, -1.0),"
	" total_tokens, total_changes, lines_added, lines_removed, compactions, subagents,"
	" active_us, cost_pusd, compat_pusd, aborted_cost_pusd, unpriced_calls,"
	" coalesce(productivity, -1.0), end_ts_us, pending_calls"
	" FROM conversations WHERE id = ?1";

struct bp_session_loader {
	struct bp_owner *owner;
	struct bp_statement *turns, *calls, *tools, *permissions, *compactions, *minutes, *events,
		*agents, *conversation;
};

enum bp_rc bp_session_loader_new(struct bp_sql *sql, struct bp_session_loader **out,
				 struct bp_err *err)
{
	struct bp_session_loader *loader = bp_calloc(1, sizeof(*loader));
	const struct {
		const char *text;
		struct bp_statement **statement;
	} queries[] = {
		{SELECT_TURNS, &loader->turns},
		{SELECT_CALLS, &loader->calls},
		{SELECT_TOOLS, &loader->tools},
		{SELECT_PERMISSIONS, &loader->permissions},
		{SELECT_COMPACTIONS, &loader->compactions},
		{SELECT_MINUTES, &loader->minutes},
		{SELECT_EVENTS, &loader->events},
		{SELECT_AGENTS, &loader->agents},
		{SELECT_CONVERSATION, &loader->conversation},
	};
	enum bp_rc rc = bp_owner_new(sql, &loader->owner, err);

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]) && rc == BP_OK; i++) {
		rc = bp_statement_new(sql, queries[i].text, queries[i].statement, err);
	}
	if (rc != BP_OK) {
		bp_session_loader_free(loader);
		return rc;
	}
	*out = loader;
	return BP_OK;
}

void bp_session_loader_free(struct bp_session_loader *loader)
{
	if (loader == NULL) {
		return;
	}
	bp_statement_free(loader->turns);
	bp_statement_free(loader->calls);
	bp_statement_free(loader->tools);
	bp_statement_free(loader->permissions);
	bp_statement_free(loader->compactions);
	bp_statement_free(loader->minutes);
	bp_statement_free(loader->events);
	bp_statement_free(loader->agents);
	bp_statement_free(loader->conversation);
	bp_owner_free(loader->owner);
	free(loader);
}

/** Rows of one kind, grown in the arena: the old copy is garbage until the session is done. */
struct list {
	struct bp_arena *arena;
	char *items;
	size_t item_bytes, n, cap;
};

static void *list_add(struct list *list)
{
	if (list->n == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 64;
		char *items = bp_arena_alloc(list->arena, cap * list->item_bytes);
		if (list->n > 0) {
			memcpy(items, list->items, list->n * list->item_bytes);
		}
		list->items = items;
		list->cap = cap;
	}
	return list->items + list->item_bytes * list->n++;
}

/** Called for each row of a query. */
typedef void (*read_row)(struct bp_statement *row, struct bp_arena *arena, void *item);

static enum bp_rc read_all(struct bp_statement *query, int64_t conversation_id, struct list *list,
			   read_row read, struct bp_err *err)
{
	bp_bind_int(query, 1, conversation_id);
	for (;;) {
		enum bp_rc rc = bp_statement_step(query, err);
		if (rc == BP_ENOTFOUND) {
			return BP_OK;
		}
		if (rc != BP_OK) {
			bp_statement_reset(query);
			return rc;
		}
		read(query, list->arena, list_add(list));
	}
}

static struct bp_str column_copy(struct bp_statement *row, struct bp_arena *arena, int i)
{
	return bp_arena_str(arena, bp_column_text(row, i));
}

static void read_turn(struct bp_statement *row, struct bp_arena *arena, void *item)
{
	*(struct bp_turn *)item = (struct bp_turn){
		.id = bp_column_int(row, 0),
		.ts_us = bp_column_int(row, 1),
		.from_line = bp_column_int(row, 2) == 1,
		.human = bp_column_int(row, 3) == 1,
		.sidechain = bp_column_int(row, 4) == 1,
		.prompt_id = column_copy(row, arena, 5),
		.content_hash = column_copy(row, arena, 6),
		.was = {.shadowed = bp_column_int(row, 7),
			.turn_number = bp_column_int(row, 8),
			.latency_us = bp_column_int(row, 9),
			.complete_us = bp_column_int(row, 10),
			.first_tool_us = bp_column_int(row, 11),
			.model = column_copy(row, arena, 12),
			.think_us = bp_column_int(row, 13),
			.gap_us = bp_column_int(row, 14)},
	};
}

void bp_call_read(struct bp_statement *row, struct bp_arena *arena, struct bp_call *out)
{
	*out = (struct bp_call){
		.id = bp_column_int(row, 0),
		.ts_us = bp_column_int(row, 1),
		.ts_last_us = bp_column_int(row, 2),
		.sidechain = bp_column_int(row, 3) != 0,
		.aborted = bp_column_int(row, 4) != 0,
		.model = column_copy(row, arena, 5),
		.usage = {.input = bp_column_int(row, 6),
			  .output = bp_column_int(row, 7),
			  .cache_write_5m = bp_column_int(row, 8),
			  .cache_write_1h = bp_column_int(row, 9),
			  .cache_read = bp_column_int(row, 10),
			  .web_searches = bp_column_int(row, 11),
			  .fast = bp_str_is(bp_column_text(row, 12), "fast"),
			  .us = bp_str_is(bp_column_text(row, 13), "us")},
		.text_chars = bp_column_int(row, 14),
		.reported_pusd = bp_column_int(row, 15),
		.was = {.cost_pusd = bp_column_int(row, 16),
			.compat_pusd = bp_column_int(row, 17),
			.price_id = column_copy(row, arena, 18)},
	};
}

static void read_call(struct bp_statement *row, struct bp_arena *arena, void *item)
{
	bp_call_read(row, arena, item);
}

static void read_tool(struct bp_statement *row, struct bp_arena *arena, void *item)
{
	*(struct bp_tool *)item = (struct bp_tool){
		.id = bp_column_int(row, 0),
		.ts_us = bp_column_int(row, 1),
		.ended_us = bp_column_int(row, 2),
		.sidechain = bp_column_int(row, 3) == 1,
		.outcome = bp_outcome_of(bp_column_text(row, 4), 0, BP_TIME_FIRST),
		.tool = column_copy(row, arena, 5),
		.input_hash = column_copy(row, arena, 6),
		.was_turn_id = bp_column_int(row, 7),
		.edit = bp_column_int(row, 8) == 1,
		.file_hash = column_copy(row, arena, 9),
		.old_hash = column_copy(row, arena, 10),
		.new_hash = column_copy(row, arena, 11),
		.lines_added = bp_column_int(row, 12),
		.lines_removed = bp_column_int(row, 13),
		.was = {.accepted = bp_column_int(row, 14),
			.decided_us = bp_column_int(row, 15),
			.revision = bp_column_int(row, 16),
			.reverted = bp_column_int(row, 17),
			.repeated = bp_column_int(row, 18)},
		.was_recovered = bp_column_int(row, 19),
		.agent_id = column_copy(row, arena, 20),
		.cmd_kind = column_copy(row, arena, 21),
		.latency_us = bp_column_int(row, 22),
		.edit_tool = bp_column_int(row, 23) == 1,
		.extension = column_copy(row, arena, 24),
		.created = bp_column_int(row, 25) == 1,
	};
}

static void read_permission(struct bp_statement *row, struct bp_arena *arena, void *item)
{
	*(struct bp_permission *)item = (struct bp_permission){
		.id = bp_column_int(row, 0),
		.ts_us = bp_column_int(row, 1),
		.tool = column_copy(row, arena, 2),
		.input_hash = column_copy(row, arena, 3),
		.was_tool_call = bp_column_int(row, 4),
	};
}

static void read_compaction(struct bp_statement *row, struct bp_arena *arena, void *item)
{
	(void)arena; /* no text */
	*(struct bp_compaction *)item = (struct bp_compaction){
		.id = bp_column_int(row, 0),
		.ts_us = bp_column_int(row, 1),
		.from_line = bp_column_int(row, 2) == 1,
		.was_counted = bp_column_int(row, 3),
	};
}

static void read_agent(struct bp_statement *row, struct bp_arena *arena, void *item)
{
	*(struct bp_agent *)item = (struct bp_agent){
		.id = bp_column_int(row, 0),
		.was_type = column_copy(row, arena, 1),
		.call_type = column_copy(row, arena, 2),
		.habit = {.agent = bp_tool_step_agent(bp_column_text(row, 3)),
			  .started_us = bp_column_int(row, 4),
			  .ended_us = bp_column_int(row, 5),
			  .end = bp_habit_end_of(bp_column_text(row, 6), bp_column_text(row, 7))},
	};
}

static void read_minute(struct bp_statement *row, struct bp_arena *arena, void *item)
{
	(void)arena; /* no text */
	*(struct bp_minute *)item = (struct bp_minute){
		.minute = bp_column_int(row, 0),
		.first_us = bp_column_int(row, 1),
		.last_us = bp_column_int(row, 2),
		.events = bp_column_int(row, 3),
	};
}

static enum bp_rc read_conversation(struct bp_session_loader *loader, struct bp_arena *arena,
				    struct bp_session_facts *out, struct bp_err *err)
{
	struct bp_statement *row = loader->conversation;

	bp_bind_int(row, 1, out->conversation_id);
	enum bp_rc rc = bp_statement_step(row, err);
	if (rc == BP_ENOTFOUND) {
		return BP_OK;
	}
	if (rc == BP_OK) {
		out->exists = true;
		out->was = (struct bp_conversation_final){
			.first_event_us = bp_column_int(row, 0),
			.last_event_us = bp_column_int(row, 1),
			.primary_model = column_copy(row, arena, 2),
			.models = column_copy(row, arena, 3),
			.model_switches = bp_column_int(row, 4),
			.interaction_count = bp_column_int(row, 5),
			.prompts = bp_column_int(row, 6),
			.responses = bp_column_int(row, 7),
			.tool_calls = bp_column_int(row, 8),
			.acceptance_rate = bp_column_real(row, 9),
			.total_tokens = bp_column_int(row, 10),
			.total_changes = bp_column_int(row, 11),
			.lines_added = bp_column_int(row, 12),
			.lines_removed = bp_column_int(row, 13),
			.compactions = bp_column_int(row, 14),
			.subagents = bp_column_int(row, 15),
			.active_us = bp_column_int(row, 16),
			.cost_pusd = bp_column_int(row, 17),
			.compat_pusd = bp_column_int(row, 18),
			.aborted_cost_pusd = bp_column_int(row, 19),
			.unpriced_calls = bp_column_int(row, 20),
			.productivity = bp_column_real(row, 21),
		};
		out->was.pending_calls = bp_column_int(row, 23);
		out->end_ts_us = bp_column_int(row, 22);
	}
	bp_statement_reset(row);
	return rc;
}

/** The times of the session's own events; copies that another session owns are left out. */
static enum bp_rc read_events(struct bp_session_loader *loader, struct bp_arena *arena,
			      struct bp_session_facts *out, struct bp_err *err)
{
	enum { TIME_BYTES = 6 };
	struct list list = {.arena = arena, .item_bytes = sizeof(int64_t)};
	struct bp_foreign_keys foreign = {0};
	size_t next = 0;

	enum bp_rc rc = bp_owner_foreign(loader->owner, out->conversation_id, arena, &foreign, err);
	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(loader->events, 1, out->conversation_id);
	while ((rc = bp_statement_step(loader->events, err)) == BP_OK) {
		struct bp_str key = bp_column_blob(loader->events, 0);
		int64_t ms = 0;
		while (next < foreign.n &&
		       memcmp(foreign.keys[next], key.ptr, sizeof(foreign.keys[0])) < 0) {
			next++;
		}
		if (next < foreign.n &&
		    memcmp(foreign.keys[next], key.ptr, sizeof(foreign.keys[0])) == 0) {
			continue;
		}
		for (size_t i = 0; i < TIME_BYTES; i++) {
			ms = ms << 8 | (unsigned char)key.ptr[i];
		}
		*(int64_t *)list_add(&list) = ms;
	}
	out->event_ms = (int64_t *)(void *)list.items;
	out->n_events = list.n;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_session_load(struct bp_session_loader *loader, int64_t conversation_id,
			   struct bp_arena *arena, struct bp_session_facts *out, struct bp_err *err)
{
	struct list turns = {.arena = arena, .item_bytes = sizeof(struct bp_turn)};
	struct list calls = {.arena = arena, .item_bytes = sizeof(struct bp_call)};
	struct list tools = {.arena = arena, .item_bytes = sizeof(struct bp_tool)};
	struct list permissions = {.arena = arena, .item_bytes = sizeof(struct bp_permission)};
	struct list compactions = {.arena = arena, .item_bytes = sizeof(struct bp_compaction)};
	struct list agents = {.arena = arena, .item_bytes = sizeof(struct bp_agent)};
	struct list minutes = {.arena = arena, .item_bytes = sizeof(struct bp_minute)};
	const struct {
		struct bp_statement *query;
		struct list *list;
		read_row read;
	} reads[] = {
		{loader->turns, &turns, read_turn},
		{loader->calls, &calls, read_call},
		{loader->tools, &tools, read_tool},
		{loader->permissions, &permissions, read_permission},
		{loader->compactions, &compactions, read_compaction},
		{loader->agents, &agents, read_agent},
		{loader->minutes, &minutes, read_minute},
	};
	enum bp_rc rc = BP_OK;

	*out = (struct bp_session_facts){.conversation_id = conversation_id,
					 .end_ts_us = BP_SQL_NULL};
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]) && rc == BP_OK; i++) {
		rc = read_all(reads[i].query, conversation_id, reads[i].list, reads[i].read, err);
	}
	if (rc == BP_OK) {
		rc = read_events(loader, arena, out, err);
	}
	if (rc == BP_OK) {
		rc = read_conversation(loader, arena, out, err);
	}
	out->turns = (struct bp_turn *)(void *)turns.items;
	out->n_turns = turns.n;
	out->calls = (struct bp_call *)(void *)calls.items;
	out->n_calls = calls.n;
	out->tools = (struct bp_tool *)(void *)tools.items;
	out->n_tools = tools.n;
	out->permissions = (struct bp_permission *)(void *)permissions.items;
	out->n_permissions = permissions.n;
	out->compactions = (struct bp_compaction *)(void *)compactions.items;
	out->n_compactions = compactions.n;
	out->agents = (struct bp_agent *)(void *)agents.items;
	out->n_agents = agents.n;
	out->was_minutes = (struct bp_minute *)(void *)minutes.items;
	out->n_was_minutes = minutes.n;
	return rc;
}
