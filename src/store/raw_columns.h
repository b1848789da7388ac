/* SPDX-License-Identifier: MIT */
/**
 * raw_columns.h - which field of an event is which column of a row: once, for writer and reader.
 *
 * Place: inside src/store. The columns are those of schema/0001_raw.sql.
 */
#ifndef BP_STORE_RAW_COLUMNS_H
#define BP_STORE_RAW_COLUMNS_H

/** Stored as name.id: X(field of struct bp_event, column). */
#define BP_RAW_NAMES(X)                                                                            \
	X(platform, platform)                                                                      \
	X(session_id, session)                                                                     \
	X(event_type, type)                                                                        \
	X(hook_type, hook_type)                                                                    \
	X(source, source)                                                                          \
	X(project_hash, project)                                                                   \
	X(project_name, project_name)                                                              \
	X(git_branch_hash, branch)                                                                 \
	X(app_version, app_version)                                                                \
	X(model, model)                                                                            \
	X(tool_name, tool)                                                                         \
	X(stop_reason, stop_reason)                                                                \
	X(subtype, subtype)                                                                        \
	X(severity, severity)                                                                      \
	X(operation, operation)                                                                    \
	X(service_tier, service_tier)

/** Stored as 16 bytes when they are a UUID, else as text. */
#define BP_RAW_UUIDS(X)                                                                            \
	X(uuid, uuid)                                                                              \
	X(parent_uuid, parent_uuid)                                                                \
	X(prompt_id, prompt_id)

/** Stored as text. */
#define BP_RAW_TEXTS(X)                                                                            \
	X(request_id, request_id)                                                                  \
	X(message_id, message_id)                                                                  \
	X(agent_id, agent_id)

/** Numbers, absent ones are NULL. */
#define BP_RAW_NUMBERS(X)                                                                          \
	X(input_tokens, input_tokens)                                                              \
	X(output_tokens, output_tokens)                                                            \
	X(cache_read_tokens, cache_read_tokens)                                                    \
	X(cache_write_tokens, cache_write_tokens)                                                  \
	X(cache_write_5m_tokens, cache_write_5m_tokens)                                            \
	X(cache_write_1h_tokens, cache_write_1h_tokens)                                            \
	X(duration_ms, duration_ms)                                                                \
	X(lines_added, lines_added)                                                                \
	X(lines_removed, lines_removed)                                                            \
	X(tool_calls_count, tool_calls_count)

#define BP_RAW_COMMA_COLUMN(field, column) ", " #column
#define BP_RAW_COMMA_PARAMETER(field, column) ", ?"

/** In this order everywhere. The fixed ones first. */
#define BP_RAW_COLUMNS                                                                             \
	"ingested_us, event_id, ts_us, ts_source, pv, lvl, flags, event_data" BP_RAW_NAMES(        \
		BP_RAW_COMMA_COLUMN) BP_RAW_UUIDS(BP_RAW_COMMA_COLUMN)                             \
		BP_RAW_TEXTS(BP_RAW_COMMA_COLUMN) BP_RAW_NUMBERS(BP_RAW_COMMA_COLUMN)

#define BP_RAW_PARAMETERS                                                                          \
	"?, ?, ?, ?, ?, ?, ?, ?" BP_RAW_NAMES(BP_RAW_COMMA_PARAMETER)                              \
		BP_RAW_UUIDS(BP_RAW_COMMA_PARAMETER) BP_RAW_TEXTS(BP_RAW_COMMA_PARAMETER)          \
			BP_RAW_NUMBERS(BP_RAW_COMMA_PARAMETER)

enum { BP_RAW_FLAG_SIDECHAIN = 1, BP_RAW_FLAG_META = 2 };

#endif
