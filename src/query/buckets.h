/* SPDX-License-Identifier: MIT */
/**
 * buckets.h - facts summed up: by (quarter of an hour, platform, project, model, tool, agent type),
 *             and by (quarter of an hour, session, model).
 *
 * Why:     the slow path stores these sums, a question adds up stored ones and reads the rest from
 *          facts; both are this one definition.
 * Place:   facts -> [buckets] -> rollups (slowpath) and rollups.c.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_BUCKETS_H
#define BP_QUERY_BUCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "query/file_set.h"
#include "query/habits.h"
#include "query/rules.h"
#include "query/sketch.h"
#include "store/sqlite.h"

/** Everything that adds up. Their order is that of the stored form: with a change of it
 *  BP_BUCKET_FORMAT grows. Prompts, compactions, API errors, sub-agents and activity stand under
 *  model '' and tool ''. Money is of model_calls.*_pusd: calls without a price add nothing and are
 *  counted as unpriced (by our rules, by ccusage's); aborted ones stand apart. */
#define BP_BUCKET_SUMS(X)                                                                          \
	X(prompts)                                                                                 \
	X(prompts_sized) /* of which the next two are known */                                     \
	X(prompt_chars)                                                                            \
	X(prompt_words)                                                                            \
	X(gaps_iterating) /* from one prompt to the next: < 10 s */                                \
	X(gaps_reviewing) /* 10 to 30 s */                                                         \
	X(gaps_moved_on)  /* longer */                                                             \
	X(model_calls)                                                                             \
	X(input)                                                                                   \
	X(output)                                                                                  \
	X(cache_write_5m)                                                                          \
	X(cache_write_1h)                                                                          \
	X(cache_read)                                                                              \
	X(reasoning)                                                                               \
	X(web_searches)                                                                            \
	X(cost_pusd)                                                                               \
	X(compat_pusd)                                                                             \
	X(reported_pusd)                                                                           \
	X(reported_calls)                                                                          \
	X(unpriced_calls)                                                                          \
	X(compat_unpriced_calls)                                                                   \
	X(aborted_calls)                                                                           \
	X(aborted_input)                                                                           \
	X(aborted_output)                                                                          \
	X(aborted_cache_write_5m)                                                                  \
	X(aborted_cache_write_1h)                                                                  \
	X(aborted_cache_read)                                                                      \
	X(aborted_cost_pusd)                                                                       \
	X(aborted_compat_pusd)                                                                     \
	X(tools_ok)                                                                                \
	X(tools_error)                                                                             \
	X(tools_denied)                                                                            \
	X(tools_rejected)                                                                          \
	X(tools_interrupted)                                                                       \
	X(tools_pending)                                                                           \
	X(recovered) /* errors followed by an ok call of the same tool in the turn */              \
	X(errors_precondition)                                                                     \
	X(errors_not_found)                                                                        \
	X(errors_timeout)                                                                          \
	X(errors_permission)                                                                       \
	X(errors_syntax)                                                                           \
	X(errors_exit_code)                                                                        \
	X(errors_network)                                                                          \
	X(errors_edit_mismatch)                                                                    \
	X(errors_api)                                                                              \
	X(errors_other)                                                                            \
	X(edits_ok)       /* accepted ones; of them: */                                            \
	X(edits_direct)   /* never revised, not reverted */                                        \
	X(edits_partial)  /* revised, not reverted */                                              \
	X(edits_reverted) /* undone within 30 s */                                                 \
	X(edits_revised)  /* the same file again within 5 min */                                   \
	X(edits_repeated) /* of a file edited before in the session */                             \
	X(files_created)                                                                           \
	X(edits_rejected)                                                                          \
	X(lines_added)                                                                             \
	X(lines_removed)                                                                           \
	X(api_errors)                                                                              \
	X(compactions)                                                                             \
	X(subagents) /* that began */                                                              \
	X(events)                                                                                  \
	X(active_us)

enum { BP_BUCKET_FORMAT = 1 };

/** One field per sum, all int64_t, so that BP_BUCKET_SUM_COUNT of them lie in a row. */
struct bp_bucket_sums {
#define BP_BUCKET_FIELD(name) int64_t name;
	BP_BUCKET_SUMS(BP_BUCKET_FIELD)
#undef BP_BUCKET_FIELD
};

enum { BP_BUCKET_SUM_COUNT = sizeof(struct bp_bucket_sums) / sizeof(int64_t) };

/** Durations, in the order of the stored form. */
#define BP_BUCKET_SKETCHES(X)                                                                      \
	X(tool_latency) /* of executed calls */                                                    \
	X(response)     /* prompt to first answer or tool call */                                  \
	X(complete)     /* prompt to the end of its turn */                                        \
	X(accept)       /* permission asked to permission given */                                 \
	X(think)        /* last result of a turn to the next prompt */                             \
	X(gap)          /* prompt to prompt */                                                     \
	X(agent)        /* of sub-agents */

/** As with the sums: BP_BUCKET_SKETCH_COUNT in a row. */
struct bp_bucket_sketches {
#define BP_BUCKET_FIELD(name) struct bp_sketch name;
	BP_BUCKET_SKETCHES(BP_BUCKET_FIELD)
#undef BP_BUCKET_FIELD
};

enum { BP_BUCKET_SKETCH_COUNT = sizeof(struct bp_bucket_sketches) / sizeof(struct bp_sketch) };

struct bp_bucket {
	int64_t bucket_us; /* start of the quarter, day or month */
	struct bp_str platform, project_hash, model, tool,
		agent_type; /* "" where there is none, never absent; "" too where rollups of all
			       projects together are told */
	struct bp_bucket_sums sums;
	/* Of facts; a stored bucket has the stored forms instead. bp_bucket_add_* know both. Habits
	   stand where neither model nor tool is told, and only where they were asked for. */
	struct bp_bucket_sketches sketches;
	struct bp_file_set files;
	struct bp_habits habits;
	struct bp_str stored_sketches, stored_files, stored_habits;
	bool pending_is_over; /* calls in it that wait for their end count as interrupted */
};

/** Sums of one session by model. Tools and projects are not told apart: a question knows the session. */
struct bp_session_bucket {
	int64_t bucket_us;
	int64_t conversation; /* conversations.id */
	struct bp_str model;  /* "" of what is not of a model call */
	struct bp_bucket_sums sums;
};

/** Called with each bucket; borrowed for the call. Anything but BP_OK ends the reading and is
 *  returned. */
typedef enum bp_rc (*bp_bucket_each)(const struct bp_bucket *bucket, void *arg, struct bp_err *err);
typedef enum bp_rc (*bp_session_bucket_each)(const struct bp_session_bucket *bucket, void *arg,
					     struct bp_err *err);

/** Who is told. What is NULL is not read, or not told. */
struct bp_bucket_sink {
	bp_bucket_each bucket;
	bp_session_bucket_each session;
	void *arg;   /* of both */
	bool habits; /* of whole quarters: buckets have them too */
};

/** Statements over facts, prepared once. */
struct bp_bucket_reader;

/** Borrows sql. Owns: bp_bucket_reader_free(). Errors: those of bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_bucket_reader_new(struct bp_sql *sql, struct bp_bucket_reader **out,
					   struct bp_err *err);
void bp_bucket_reader_free(struct bp_bucket_reader *reader);

/**
 * Sum up the facts with from_us <= ts_us < until_us, quarter by quarter; within one, buckets in the
 * order of their key, then sessions. Bounds need not be those of a quarter: one that is cut has
 * what lies inside. conversation: only the facts of this one; NULL: all.
 * Errors: those of bp_statement_step(), and the sink's.
 */
BP_MUSTUSE enum bp_rc bp_bucket_reader_read(struct bp_bucket_reader *reader,
					    const int64_t *conversation, int64_t from_us,
					    int64_t until_us, const struct bp_bucket_sink *sink,
					    struct bp_err *err);

/** into += more. */
void bp_bucket_sums_add(struct bp_bucket_sums *into, const struct bp_bucket_sums *more);

/** into += the bucket's durations. Errors: BP_ECORRUPT a stored form is none. */
BP_MUSTUSE enum bp_rc bp_bucket_add_sketches(struct bp_bucket_sketches *into,
					     const struct bp_bucket *bucket, struct bp_err *err);

/** into += the bucket's files. Errors: BP_ECORRUPT a stored form is none. */
BP_MUSTUSE enum bp_rc bp_bucket_add_files(struct bp_file_set *into, const struct bp_bucket *bucket,
					  struct bp_err *err);

/** into += the bucket's habits. Errors: BP_ECORRUPT a stored form is none. */
BP_MUSTUSE enum bp_rc bp_bucket_add_habits(struct bp_habits *into, const struct bp_bucket *bucket,
					   const struct bp_habit_view *view, struct bp_err *err);

void bp_bucket_sketches_done(struct bp_bucket_sketches *sketches);

#endif
