/* SPDX-License-Identifier: MIT */
/*
 * What rollups do not hold, from facts: how turns, errors and permissions went on. Every
 * statement begins with the key of a fact and takes the parameters of bp_totals_each().
 */
#include "query/totals_private.h"

#define IN_TIME(alias) alias ".ts_us >= ?1 AND " alias ".ts_us < ?2"
#define IN_SESSION(alias) IN_TIME(alias) " AND " alias ".conversation_id = ?3"
#define KEY(alias, model, tool)                                                                    \
	"SELECT " alias ".ts_us, c.platform, c.project_hash, " model ", " tool
#define OF_SESSION(alias) " LEFT JOIN conversations AS c ON c.id = " alias ".conversation_id"

#define TURNS(where)                                                                               \
	KEY("t", "NULL", "NULL")                                                                   \
	", min(coalesce(t.latency_us, t.first_tool_us), coalesce(t.first_tool_us, "                \
	"t.latency_us)), t.complete_us FROM conversation_turns AS t" OF_SESSION(                   \
		"t") " WHERE " where("t") " AND " BP_RULE_PROMPT

static const char TURNS_IN_TIME[] = TURNS(IN_TIME);
static const char TURNS_IN_SESSION[] = TURNS(IN_SESSION);

static void take_turn(struct bp_totals_reading *reading, struct bp_statement *row, void *arg)
{
	struct bp_fact_key key = bp_totals_key(row);
	struct bp_group *group = bp_totals_group(reading, &key);

	(void)arg;
	if (!group) {
		return;
	}
	if (!bp_column_is_null(row, 5)) {
		bp_sketch_add(&group->totals.response, bp_column_int(row, 5));
	}
	if (!bp_column_is_null(row, 6)) {
		bp_sketch_add(&group->totals.complete, bp_column_int(row, 6));
	}
}

#define RECOVERED(where)                                                                           \
	KEY("x", "NULL", "x.tool")                                                                 \
	" FROM tool_calls AS x" OF_SESSION("x") " WHERE " where(                                   \
		"x") " AND x.outcome = 'error' "                                                   \
		     "AND EXISTS (SELECT 1 FROM tool_calls AS n WHERE n.conversation_id = "        \
		     "x.conversation_id "                                                          \
		     "AND n.ts_us >= x.ts_us AND n.id <> x.id AND n.tool IS x.tool AND n.turn_id " \
		     "IS x.turn_id "                                                               \
		     "AND n.outcome = 'ok')"

static const char RECOVERED_IN_TIME[] = RECOVERED(IN_TIME);
static const char RECOVERED_IN_SESSION[] = RECOVERED(IN_SESSION);

static void take_recovered(struct bp_totals_reading *reading, struct bp_statement *row, void *arg)
{
	struct bp_fact_key key = bp_totals_key(row);
	struct bp_group *group = bp_totals_group(reading, &key);

	(void)arg;
	if (group) {
		group->totals.recovered++;
	}
}

/* A call that ran was allowed when it began to run: its end less the time it took. */
#define PERMISSIONS(where)                                                                         \
	KEY("x", "NULL", "x.tool")                                                                 \
	", coalesce(e.decided_us, x.ended_us - x.duration_us) - p.ts_us FROM permission_requests " \
	"AS p JOIN tool_calls AS x ON x.id = p.tool_call LEFT JOIN code_changes AS e ON e.id = "   \
	"x.id" OF_SESSION("x") " WHERE " where("x") " AND " BP_RULE_EXECUTED

static const char PERMISSIONS_IN_TIME[] = PERMISSIONS(IN_TIME);
static const char PERMISSIONS_IN_SESSION[] = PERMISSIONS(IN_SESSION);

static void take_permission(struct bp_totals_reading *reading, struct bp_statement *row, void *arg)
{
	struct bp_fact_key key = bp_totals_key(row);
	struct bp_group *group = bp_totals_group(reading, &key);

	(void)arg;
	if (group && !bp_column_is_null(row, 5) && bp_column_int(row, 5) >= 0) {
		bp_sketch_add(&group->totals.accept, bp_column_int(row, 5));
	}
}

#define SUBAGENTS(where)                                                                           \
	"SELECT s.started_us, c.platform, c.project_hash, NULL, NULL FROM subagents AS s LEFT "    \
	"JOIN conversations AS c ON c.id = s.conversation_id WHERE s.started_us >= ?1 AND "        \
	"s.started_us < ?2" where

static const char SUBAGENTS_IN_TIME[] = SUBAGENTS("");
static const char SUBAGENTS_IN_SESSION[] = SUBAGENTS(" AND s.conversation_id = ?3");

static void take_subagent(struct bp_totals_reading *reading, struct bp_statement *row, void *arg)
{
	struct bp_fact_key key = bp_totals_key(row);
	struct bp_group *group = bp_totals_group(reading, &key);

	(void)arg;
	if (group) {
		group->totals.subagents++;
	}
}

enum bp_rc bp_totals_facts(struct bp_totals_reading *reading, struct bp_err *err)
{
	enum bp_rc rc =
		bp_totals_each(reading, TURNS_IN_TIME, TURNS_IN_SESSION, take_turn, NULL, err);

	if (rc == BP_OK) {
		rc = bp_totals_each(reading, RECOVERED_IN_TIME, RECOVERED_IN_SESSION,
				    take_recovered, NULL, err);
	}
	if (rc == BP_OK) {
		rc = bp_totals_each(reading, PERMISSIONS_IN_TIME, PERMISSIONS_IN_SESSION,
				    take_permission, NULL, err);
	}
	if (rc == BP_OK) {
		rc = bp_totals_each(reading, SUBAGENTS_IN_TIME, SUBAGENTS_IN_SESSION, take_subagent,
				    NULL, err);
	}
	return rc;
}
