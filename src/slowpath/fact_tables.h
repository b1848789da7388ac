/* SPDX-License-Identifier: MIT */
/**
 * fact_tables.h - how every evidence column of every fact merges, written once.
 *
 * Why:     evidence is a join: whatever order rows come in, and however often, the facts are the
 *          same. The in-memory merge (fact_set.c) and the SQL upsert are both made from these
 *          lists, so they cannot disagree.
 * Shape:   X(COLUMN, type, merge, fallback): the column is schema/0002_facts.sql's; fallback is
 *          stored where nothing is known, BP_ABSENT for NULL. A FOLLOW column belongs to the
 *          nearest KEY column before it.
 * Source:  docs/design/evidence-merge.md, data-model 5.
 */
#ifndef BP_SLOWPATH_FACT_TABLES_H
#define BP_SLOWPATH_FACT_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"

enum bp_fact_type { BP_FACT_INT, BP_FACT_TEXT, BP_FACT_BLOB };

enum bp_fact_merge {
	BP_MERGE_MIN,     /* the smaller one that is known */
	BP_MERGE_MAX,     /* the larger one that is known */
	BP_MERGE_OR,      /* bits */
	BP_MERGE_KEY_MIN, /* smallest key wins its followers; equal keys: the smaller followers */
	BP_MERGE_KEY_MAX, /* largest key wins its followers; equal keys: the larger followers */
	BP_MERGE_KEY_LOW, /* smallest key wins; equal keys: each follower's maximum */
	BP_MERGE_FOLLOW   /* decided by its key */
};

struct bp_fact_column {
	const char *name;
	enum bp_fact_type type;
	enum bp_fact_merge merge;
	int64_t fallback; /* for INT: stored when absent; BP_ABSENT: NULL */
};

/* Whose a fact is, for facts that copied lines tell again. */
#define BP_OWNED_COLUMNS(X, P)                                                                     \
	X(P, live_conversation, INT, MIN, BP_ABSENT)                                               \
	X(P, asked_conversation, INT, MIN, BP_ABSENT)                                              \
	X(P, file_conversation, INT, MIN, BP_ABSENT)                                               \
	X(P, line_key, BLOB, MIN, BP_ABSENT)

#define BP_CONVERSATION_COLUMNS(X)                                                                 \
	X(CONVERSATION, external_id, TEXT, MIN, BP_ABSENT)                                         \
	X(CONVERSATION, platform, TEXT, MIN, BP_ABSENT)                                            \
	X(CONVERSATION, project_ts_us, INT, KEY_MIN, BP_ABSENT)                                    \
	X(CONVERSATION, project_hash, TEXT, FOLLOW, BP_ABSENT)                                     \
	X(CONVERSATION, project_name, TEXT, FOLLOW, BP_ABSENT)                                     \
	X(CONVERSATION, branch_ts_us, INT, KEY_MIN, BP_ABSENT)                                     \
	X(CONVERSATION, git_branch_hash, TEXT, FOLLOW, BP_ABSENT)                                  \
	X(CONVERSATION, version_ts_us, INT, KEY_MAX, BP_ABSENT)                                    \
	X(CONVERSATION, app_version, TEXT, FOLLOW, BP_ABSENT)                                      \
	X(CONVERSATION, start_ts_us, INT, KEY_MIN, BP_ABSENT)                                      \
	X(CONVERSATION, start_source, TEXT, FOLLOW, BP_ABSENT)                                     \
	X(CONVERSATION, end_ts_us, INT, KEY_MAX, BP_ABSENT)                                        \
	X(CONVERSATION, end_reason, TEXT, FOLLOW, BP_ABSENT)                                       \
	X(CONVERSATION, client_cost_pusd, INT, MAX, BP_ABSENT)                                     \
	X(CONVERSATION, seen, INT, OR, 0)

#define BP_TURN_COLUMNS(X)                                                                         \
	BP_OWNED_COLUMNS(X, TURN)                                                                  \
	X(TURN, ts_us, INT, MIN, 0)                                                                \
	X(TURN, from_line, INT, MAX, 0)                                                            \
	X(TURN, human, INT, MAX, 0)                                                                \
	X(TURN, is_sidechain, INT, MAX, 0)                                                         \
	X(TURN, kind, TEXT, MIN, BP_ABSENT)                                                        \
	X(TURN, length_chars, INT, MAX, BP_ABSENT)                                                 \
	X(TURN, words, INT, MAX, BP_ABSENT)                                                        \
	X(TURN, content_hash, TEXT, MIN, BP_ABSENT)                                                \
	X(TURN, prompt_id, TEXT, MIN, BP_ABSENT)                                                   \
	X(TURN, agent_id, TEXT, MIN, BP_ABSENT)

#define BP_MODEL_CALL_COLUMNS(X)                                                                   \
	BP_OWNED_COLUMNS(X, MODEL_CALL)                                                            \
	X(MODEL_CALL, request_id, TEXT, MIN, BP_ABSENT)                                            \
	X(MODEL_CALL, model, TEXT, MIN, BP_ABSENT)                                                 \
	X(MODEL_CALL, ts_us, INT, MIN, 0)                                                          \
	X(MODEL_CALL, ts_last_us, INT, MAX, 0)                                                     \
	X(MODEL_CALL, sidechain, INT, KEY_LOW, 0)                                                  \
	X(MODEL_CALL, input, INT, FOLLOW, 0)                                                       \
	X(MODEL_CALL, output, INT, FOLLOW, 0)                                                      \
	X(MODEL_CALL, cache_write_5m, INT, FOLLOW, 0)                                              \
	X(MODEL_CALL, cache_write_1h, INT, FOLLOW, 0)                                              \
	X(MODEL_CALL, cache_read, INT, FOLLOW, 0)                                                  \
	X(MODEL_CALL, reasoning, INT, FOLLOW, 0)                                                   \
	X(MODEL_CALL, web_searches, INT, FOLLOW, 0)                                                \
	X(MODEL_CALL, aborted, INT, FOLLOW, 0)                                                     \
	X(MODEL_CALL, text_chars, INT, FOLLOW, BP_ABSENT)                                          \
	X(MODEL_CALL, reported_pusd, INT, FOLLOW, BP_ABSENT)                                       \
	X(MODEL_CALL, service_tier, TEXT, MIN, BP_ABSENT)                                          \
	X(MODEL_CALL, speed, TEXT, MIN, BP_ABSENT)                                                 \
	X(MODEL_CALL, inference_geo, TEXT, MIN, BP_ABSENT)                                         \
	X(MODEL_CALL, stop_reason, TEXT, MIN, BP_ABSENT)                                           \
	X(MODEL_CALL, agent_id, TEXT, MIN, BP_ABSENT)

#define BP_TOOL_CALL_COLUMNS(X)                                                                    \
	BP_OWNED_COLUMNS(X, TOOL_CALL)                                                             \
	X(TOOL_CALL, tool, TEXT, MIN, BP_ABSENT)                                                   \
	X(TOOL_CALL, mcp, INT, MAX, 0)                                                             \
	X(TOOL_CALL, started_us, INT, MIN, BP_ABSENT)                                              \
	X(TOOL_CALL, ended_us, INT, MIN, BP_ABSENT)                                                \
	X(TOOL_CALL, ts_us, INT, MIN, 0)                                                           \
	X(TOOL_CALL, duration_us, INT, MAX, BP_ABSENT)                                             \
	X(TOOL_CALL, outcome_rank, INT, MAX, 100)                                                  \
	X(TOOL_CALL, decision_rank, INT, KEY_MAX, 0)                                               \
	X(TOOL_CALL, decision_source, TEXT, FOLLOW, BP_ABSENT)                                     \
	X(TOOL_CALL, error_rank, INT, KEY_MAX, 0)                                                  \
	X(TOOL_CALL, error_class, TEXT, FOLLOW, BP_ABSENT)                                         \
	X(TOOL_CALL, exit_code, INT, MAX, BP_ABSENT)                                               \
	X(TOOL_CALL, input_bytes, INT, MAX, BP_ABSENT)                                             \
	X(TOOL_CALL, output_bytes, INT, MAX, BP_ABSENT)                                            \
	X(TOOL_CALL, input_hash, TEXT, MIN, BP_ABSENT)                                             \
	X(TOOL_CALL, cmd_kind, TEXT, MIN, BP_ABSENT)                                               \
	X(TOOL_CALL, background, INT, MAX, 0)                                                      \
	X(TOOL_CALL, is_sidechain, INT, MIN, 1)                                                    \
	X(TOOL_CALL, agent_id, TEXT, MIN, BP_ABSENT)                                               \
	X(TOOL_CALL, spawned_agent_id, TEXT, MIN, BP_ABSENT)                                       \
	X(TOOL_CALL, spawned_agent_type, TEXT, MIN, BP_ABSENT)                                     \
	X(TOOL_CALL, program, TEXT, MIN, BP_ABSENT)                                                \
	X(TOOL_CALL, mcp_server, TEXT, MIN, BP_ABSENT)                                             \
	X(TOOL_CALL, mcp_tool, TEXT, MIN, BP_ABSENT)

/* What the result says replaces what the input let expect: a Write may turn out an edit. */
#define BP_CODE_CHANGE_COLUMNS(X)                                                                  \
	X(CODE_CHANGE, exact, INT, KEY_MAX, 0)                                                     \
	X(CODE_CHANGE, operation, TEXT, FOLLOW, BP_ABSENT)                                         \
	X(CODE_CHANGE, file_hash, TEXT, FOLLOW, BP_ABSENT)                                         \
	X(CODE_CHANGE, extension, TEXT, FOLLOW, BP_ABSENT)                                         \
	X(CODE_CHANGE, old_hash, TEXT, FOLLOW, BP_ABSENT)                                          \
	X(CODE_CHANGE, new_hash, TEXT, FOLLOW, BP_ABSENT)                                          \
	X(CODE_CHANGE, lines_added, INT, FOLLOW, BP_ABSENT)                                        \
	X(CODE_CHANGE, lines_removed, INT, FOLLOW, BP_ABSENT)

#define BP_FILE_ACCESS_COLUMNS(X)                                                                  \
	X(FILE_ACCESS, tool_call, INT, MIN, 0)                                                     \
	X(FILE_ACCESS, kind, TEXT, MIN, BP_ABSENT)                                                 \
	X(FILE_ACCESS, file_hash, TEXT, MIN, BP_ABSENT)                                            \
	X(FILE_ACCESS, extension, TEXT, MIN, BP_ABSENT)

#define BP_PERMISSION_REQUEST_COLUMNS(X)                                                           \
	X(PERMISSION_REQUEST, live_conversation, INT, MIN, 0)                                      \
	X(PERMISSION_REQUEST, ts_us, INT, MIN, 0)                                                  \
	X(PERMISSION_REQUEST, tool, TEXT, MIN, BP_ABSENT)                                          \
	X(PERMISSION_REQUEST, input_hash, TEXT, MIN, BP_ABSENT)                                    \
	X(PERMISSION_REQUEST, agent_id, TEXT, MIN, BP_ABSENT)

#define BP_API_ERROR_COLUMNS(X)                                                                    \
	BP_OWNED_COLUMNS(X, API_ERROR)                                                             \
	X(API_ERROR, ts_us, INT, MIN, 0)                                                           \
	X(API_ERROR, kind, TEXT, MIN, BP_ABSENT)                                                   \
	X(API_ERROR, status, INT, MAX, BP_ABSENT)                                                  \
	X(API_ERROR, error_class, TEXT, MIN, BP_ABSENT)                                            \
	X(API_ERROR, retry_attempt, INT, MAX, BP_ABSENT)                                           \
	X(API_ERROR, request_id, TEXT, MIN, BP_ABSENT)

#define BP_COMPACTION_COLUMNS(X)                                                                   \
	BP_OWNED_COLUMNS(X, COMPACTION)                                                            \
	X(COMPACTION, ts_us, INT, MIN, 0)                                                          \
	X(COMPACTION, from_line, INT, MAX, 0)                                                      \
	X(COMPACTION, compact_trigger, TEXT, MIN, BP_ABSENT)                                       \
	X(COMPACTION, pre_tokens, INT, MAX, BP_ABSENT)                                             \
	X(COMPACTION, post_tokens, INT, MAX, BP_ABSENT)

#define BP_SUBAGENT_COLUMNS(X)                                                                     \
	X(SUBAGENT, conversation_id, INT, MIN, 0)                                                  \
	X(SUBAGENT, agent_id, TEXT, MIN, BP_ABSENT)                                                \
	X(SUBAGENT, agent_type, TEXT, MIN, BP_ABSENT)                                              \
	X(SUBAGENT, seen, INT, OR, 0)                                                              \
	X(SUBAGENT, started_us, INT, MIN, 0)                                                       \
	X(SUBAGENT, ended_us, INT, MAX, 0)

/* The order matters: a code change looks up its tool call's bucket when it is written. */
#define BP_FACT_TABLES(X)                                                                          \
	X(CONVERSATION, conversations)                                                             \
	X(TURN, conversation_turns)                                                                \
	X(MODEL_CALL, model_calls)                                                                 \
	X(TOOL_CALL, tool_calls)                                                                   \
	X(CODE_CHANGE, code_changes)                                                               \
	X(FILE_ACCESS, file_access)                                                                \
	X(PERMISSION_REQUEST, permission_requests)                                                 \
	X(API_ERROR, api_errors)                                                                   \
	X(COMPACTION, compactions)                                                                 \
	X(SUBAGENT, subagents)

enum bp_fact_table {
#define BP_FACT_TABLE_ENUM(table, name) BP_FACT_##table,
	BP_FACT_TABLES(BP_FACT_TABLE_ENUM)
#undef BP_FACT_TABLE_ENUM
		BP_FACT_TABLE_COUNT
};

#define BP_FACT_COLUMN_ENUM(table, column, type, merge, fallback) BP_##table##_##column,
enum { BP_CONVERSATION_COLUMNS(BP_FACT_COLUMN_ENUM) BP_CONVERSATION_COUNT };
enum { BP_TURN_COLUMNS(BP_FACT_COLUMN_ENUM) BP_TURN_COUNT };
enum { BP_MODEL_CALL_COLUMNS(BP_FACT_COLUMN_ENUM) BP_MODEL_CALL_COUNT };
enum { BP_TOOL_CALL_COLUMNS(BP_FACT_COLUMN_ENUM) BP_TOOL_CALL_COUNT };
enum { BP_CODE_CHANGE_COLUMNS(BP_FACT_COLUMN_ENUM) BP_CODE_CHANGE_COUNT };
enum { BP_FILE_ACCESS_COLUMNS(BP_FACT_COLUMN_ENUM) BP_FILE_ACCESS_COUNT };
enum { BP_PERMISSION_REQUEST_COLUMNS(BP_FACT_COLUMN_ENUM) BP_PERMISSION_REQUEST_COUNT };
enum { BP_API_ERROR_COLUMNS(BP_FACT_COLUMN_ENUM) BP_API_ERROR_COUNT };
enum { BP_COMPACTION_COLUMNS(BP_FACT_COLUMN_ENUM) BP_COMPACTION_COUNT };
enum { BP_SUBAGENT_COLUMNS(BP_FACT_COLUMN_ENUM) BP_SUBAGENT_COUNT };
#undef BP_FACT_COLUMN_ENUM

enum { BP_FACT_COLUMNS_MAX = 32 };

struct bp_fact_schema {
	const char *name; /* of the table */
	const struct bp_fact_column *columns;
	size_t n;
	bool owned; /* begins with BP_OWNED_COLUMNS, and has owner_conversation */
};

extern const struct bp_fact_schema bp_fact_schemas[BP_FACT_TABLE_COUNT];

/** One column's value; which of the two counts is the column's type. */
struct bp_fact_value {
	int64_t number;     /* INT: BP_ABSENT when not known */
	struct bp_str text; /* TEXT and BLOB: absent when not known */
};

/** into := the join of into and more, column by column. Both have schema->n values. */
void bp_fact_join(const struct bp_fact_schema *schema, struct bp_fact_value *into,
		  const struct bp_fact_value *more);

struct bp_buf;

/** Append the upsert that does the same in SQL: parameter 1 is the id, then the columns. */
void bp_fact_upsert_sql(const struct bp_fact_schema *schema, struct bp_buf *out);

#endif
