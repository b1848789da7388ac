/* SPDX-License-Identifier: MIT */
/**
 * anonymous.h - a row of an anonymized export: what it may say, and nothing else.
 *
 * Why:     a name that is not in one of the lists here becomes "other" before it leaves, and a file
 *          that holds any other word is refused when it comes in: one definition for both ways.
 * Shape:   three kinds of rows, told by `row`: "day" has sessions and prompts, "model" the calls of a
 *          model family, "tool" the calls of a tool, by extension where it edits files.
 * Threads: pure functions; one thread owns a row.
 */
#ifndef BP_QUERY_ANONYMOUS_H
#define BP_QUERY_ANONYMOUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "query/export.h"
#include "query/sketch.h"

enum { BP_ANONYMOUS_SOURCE_BYTES = 33, BP_ANONYMOUS_DATE_BYTES = 11 };

enum bp_anonymous_kind { BP_ANONYMOUS_DAY, BP_ANONYMOUS_MODEL, BP_ANONYMOUS_TOOL };

/** The sums, in the order of their columns: X(name, type, kind of row that has it). */
#define BP_ANONYMOUS_SUMS(X)                                                                       \
	X(sessions, BP_EXPORT_INT, BP_ANONYMOUS_DAY)                                               \
	X(prompts, BP_EXPORT_INT, BP_ANONYMOUS_DAY)                                                \
	X(subagents, BP_EXPORT_INT, BP_ANONYMOUS_DAY)                                              \
	X(compactions, BP_EXPORT_INT, BP_ANONYMOUS_DAY)                                            \
	X(api_errors, BP_EXPORT_INT, BP_ANONYMOUS_DAY)                                             \
	X(active_s, BP_EXPORT_INT, BP_ANONYMOUS_DAY)                                               \
	X(model_calls, BP_EXPORT_INT, BP_ANONYMOUS_MODEL)                                          \
	X(unpriced_calls, BP_EXPORT_INT, BP_ANONYMOUS_MODEL)                                       \
	X(cost_usd, BP_EXPORT_USD, BP_ANONYMOUS_MODEL)                                             \
	X(tokens_input, BP_EXPORT_INT, BP_ANONYMOUS_MODEL)                                         \
	X(tokens_output, BP_EXPORT_INT, BP_ANONYMOUS_MODEL)                                        \
	X(tokens_cache_write_5m, BP_EXPORT_INT, BP_ANONYMOUS_MODEL)                                \
	X(tokens_cache_write_1h, BP_EXPORT_INT, BP_ANONYMOUS_MODEL)                                \
	X(tokens_cache_read, BP_EXPORT_INT, BP_ANONYMOUS_MODEL)                                    \
	X(tokens_reasoning, BP_EXPORT_INT, BP_ANONYMOUS_MODEL)                                     \
	X(tool_calls_ok, BP_EXPORT_INT, BP_ANONYMOUS_TOOL)                                         \
	X(tool_calls_error, BP_EXPORT_INT, BP_ANONYMOUS_TOOL)                                      \
	X(tool_calls_denied, BP_EXPORT_INT, BP_ANONYMOUS_TOOL)                                     \
	X(tool_calls_rejected, BP_EXPORT_INT, BP_ANONYMOUS_TOOL)                                   \
	X(tool_calls_interrupted, BP_EXPORT_INT, BP_ANONYMOUS_TOOL)                                \
	X(tool_calls_pending, BP_EXPORT_INT, BP_ANONYMOUS_TOOL)                                    \
	X(edits_accepted, BP_EXPORT_INT, BP_ANONYMOUS_TOOL)                                        \
	X(edits_rejected, BP_EXPORT_INT, BP_ANONYMOUS_TOOL)                                        \
	X(lines_added, BP_EXPORT_INT, BP_ANONYMOUS_TOOL)                                           \
	X(lines_removed, BP_EXPORT_INT, BP_ANONYMOUS_TOOL)

/** One field per sum, all int64_t, so that BP_ANONYMOUS_SUM_COUNT of them lie in a row. */
struct bp_anonymous_sums {
#define BP_ANONYMOUS_FIELD(name, type, kind) int64_t name;
	BP_ANONYMOUS_SUMS(BP_ANONYMOUS_FIELD)
#undef BP_ANONYMOUS_FIELD
};
enum { BP_ANONYMOUS_SUM_COUNT = sizeof(struct bp_anonymous_sums) / sizeof(int64_t) };

/** source date platform row model_family tool extension, the sums, sketch. */
enum { BP_ANONYMOUS_KEY_COUNT = 7, BP_ANONYMOUS_COLUMN_COUNT = BP_ANONYMOUS_SUM_COUNT + 8 };
extern const struct bp_export_column bp_anonymous_columns[BP_ANONYMOUS_COLUMN_COUNT];

/** Start with {0}; done with bp_sketch_done(&row.sketch). */
struct bp_anonymous_row {
	char source[BP_ANONYMOUS_SOURCE_BYTES]; /* 32 hex digits, of chance: the same in a file */
	char date[BP_ANONYMOUS_DATE_BYTES];     /* 2026-01-31 */
	enum bp_anonymous_kind kind;
	const char *platform, *family, *tool, *extension; /* of the lists; NULL: not of this kind */
	struct bp_anonymous_sums sums;
	struct bp_sketch sketch; /* a day's: prompt to first response; a tool's: latency */
};

/** The word of the list that stands for a name: itself, "mcp", or "other". Static. */
const char *bp_anonymous_platform(struct bp_str name);
const char *bp_anonymous_family(struct bp_str model);
const char *bp_anonymous_tool(struct bp_str name);
const char *bp_anonymous_extension(struct bp_str name);

/** values[BP_ANONYMOUS_COLUMN_COUNT] of a row; texts point into the row and into text, which is
 *  cleared. */
void bp_anonymous_values(const struct bp_anonymous_row *row, struct bp_export_value *values,
			 struct bp_buf *text);

/** A row of values again. Errors: BP_EINVAL a value that no anonymized export has; the message names
 *  the column. *out is owned as above, also then. */
BP_MUSTUSE enum bp_rc bp_anonymous_read(const struct bp_export_value *values,
					struct bp_anonymous_row *out, struct bp_err *err);

#endif
