/* SPDX-License-Identifier: MIT */
/**
 * calls.h - hand-made sessions, prompts and calls, one line of a test each.
 *
 * Times are seconds after CALLS_T = 2026-03-10T12:00:00Z, a Tuesday.
 */
#ifndef BP_TESTS_UNIT_QUERY_CALLS_H
#define BP_TESTS_UNIT_QUERY_CALLS_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>

#include "query/habits_read.h"
#include "query/scope.h"
#include "unit/query/facts.h"

#define CALLS_T INT64_C(1773144000000000)
#define CALLS_S INT64_C(1000000)

/** Outcomes as evidence ranks. */
enum {
	CALL_OK = 400,
	CALL_ERROR = 500,
	CALL_INTERRUPTED = 600,
	CALL_DENIED = 800,
	CALL_REJECTED = 900,
	CALL_PENDING = 100
};

static struct bp_tz *calls_tz;
static struct bp_period calls_period;
static struct bp_filter calls_filter;
static struct bp_scope calls_scope;
static int64_t calls_next_id;

/** An empty database, and the scope of everything. */
static inline void calls_open(void)
{
	struct bp_err err = {0};

	facts_open();
	ck_assert_ok(bp_tz_load("UTC", &calls_tz, &err), err);
	calls_period = (struct bp_period){
		.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST, .tz = calls_tz};
	calls_filter = (struct bp_filter){0};
	calls_scope = (struct bp_scope){.period = &calls_period,
					.filter = &calls_filter,
					.as_of_us = CALLS_T + 864000 * CALLS_S};
	calls_next_id = 1000;
}

static inline void calls_close(void)
{
	bp_tz_free(calls_tz);
	facts_close();
}

/** Run SQL made by printf. */
static inline void __attribute__((format(printf, 1, 2))) put(const char *fmt, ...)
{
	char text[16384];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ck_assert_int_lt(n, (int)sizeof(text));
	facts_put(text);
}

/** A session of a project that began and was last heard of then. */
static inline void put_session(int64_t id, const char *project, int64_t from_s, int64_t until_s)
{
	put("INSERT INTO conversations (id, external_id, platform, project_ts_us, project_hash,"
	    " project_name, seen, first_event_us, last_event_us) VALUES (%" PRId64
	    ", 'session-%" PRId64 "', 'claude_code', 1, 'hash-%s', '%s', 1, %" PRId64 ", %" PRId64
	    ")",
	    id, id, project, project, CALLS_T + from_s * CALLS_S, CALLS_T + until_s * CALLS_S);
}

/** A prompt of a person; its id is returned. */
static inline int64_t put_prompt(int64_t session, int64_t at_s)
{
	put("INSERT INTO conversation_turns (id, file_conversation, ts_us, from_line, human) "
	    "VALUES (%" PRId64 ", %" PRId64 ", %" PRId64 ", 1, 1)",
	    ++calls_next_id, session, CALLS_T + at_s * CALLS_S);
	return calls_next_id;
}

/** A call of the main line that took took_s; turn 0: none. Its id is returned. */
static inline int64_t put_call(int64_t session, int64_t turn, int64_t at_s, const char *tool,
			       int rank, int64_t took_s)
{
	put("INSERT INTO tool_calls (id, file_conversation, turn_id, tool, started_us, ended_us, "
	    "ts_us, outcome_rank, is_sidechain) VALUES (%" PRId64 ", %" PRId64 ", nullif(%" PRId64
	    ", 0), '%s', %" PRId64 ", %" PRId64 ", %" PRId64 ", %d, 0)",
	    ++calls_next_id, session, turn, tool, CALLS_T + at_s * CALLS_S,
	    CALLS_T + (at_s + took_s) * CALLS_S, CALLS_T + at_s * CALLS_S, rank);
	return calls_next_id;
}

/** The same by a sub-agent. */
static inline int64_t put_agent_call(int64_t session, int64_t turn, int64_t at_s, const char *agent,
				     const char *tool)
{
	int64_t id = put_call(session, turn, at_s, tool, CALL_OK, 1);

	put("UPDATE tool_calls SET agent_id = '%s', is_sidechain = 1 WHERE id = %" PRId64, agent,
	    id);
	return id;
}

/** What an edit changed. */
static inline void put_change(int64_t call, const char *operation, const char *extension,
			      int64_t added, int64_t removed)
{
	put("INSERT INTO code_changes (id, operation, file_hash, extension, lines_added, "
	    "lines_removed) VALUES (%" PRId64 ", '%s', 'f%" PRId64 "', nullif('%s', ''), %" PRId64
	    ", %" PRId64 ")",
	    call, operation, call, extension, added, removed);
}

/** A response of a model; agent NULL: of the main line. */
static inline void put_response(int64_t session, int64_t at_s, const char *agent, const char *model,
				int64_t input, int64_t output, int64_t cache_read, int64_t pusd)
{
	put("INSERT INTO model_calls (id, file_conversation, model, ts_us, ts_last_us, sidechain, "
	    "input, output, cache_write_5m, cache_write_1h, cache_read, reasoning, agent_id, "
	    "cost_pusd) VALUES (%" PRId64 ", %" PRId64 ", '%s', %" PRId64 ", %" PRId64
	    ", %d, %" PRId64 ", %" PRId64 ", 0, 0, %" PRId64
	    ", 0, nullif('%s', ''), nullif(%" PRId64 ", -1))",
	    ++calls_next_id, session, model, CALLS_T + at_s * CALLS_S, CALLS_T + at_s * CALLS_S,
	    agent != NULL, input, output, cache_read, agent ? agent : "", pusd);
}

/** A quarter of an hour of a session. */
struct calls_quarter {
	int64_t start_us;
	struct bp_habits habits;
};

static inline struct bp_habits *calls_of_quarter(void *arg, int64_t ts_us)
{
	struct calls_quarter *quarter = arg;

	return ts_us >= quarter->start_us && ts_us < quarter->start_us + 900 * CALLS_S
		       ? &quarter->habits
		       : NULL;
}

/** What the finaliser stores: the habits of a session by quarter. */
static inline void put_habits(int64_t session)
{
	struct bp_habit_session facts_of;
	struct bp_err err = {0};
	struct bp_buf bytes;
	char hex[8192];

	bp_buf_init(&bytes, 4000);
	ck_assert_ok(bp_habit_session_read(facts, session, BP_TIME_FIRST, &facts_of, &err), err);
	struct bp_habit_source source = bp_habit_session_source(&facts_of);
	/* Quarter by quarter, as many as a test's sessions have. */
	for (int64_t at = CALLS_T; at < CALLS_T + 30 * 86400 * CALLS_S; at += 900 * CALLS_S) {
		struct calls_quarter quarter = {.start_us = at};
		bp_habits_of(&source, calls_of_quarter, &quarter);
		bp_buf_clear(&bytes);
		bp_habits_encode(&quarter.habits, &bytes);
		for (size_t i = 0; i < bytes.len; i++) {
			(void)snprintf(hex + 2 * i, 3, "%02x", (unsigned char)bytes.ptr[i]);
		}
		if (bytes.len > 0) {
			put("INSERT INTO session_habits VALUES (%" PRId64 ", %" PRId64 ", x'%s')",
			    at, session, hex);
		}
		bp_habits_done(&quarter.habits);
	}
	bp_habit_session_done(&facts_of);
	bp_buf_done(&bytes);
}

/** The habits of the scope, from facts alone. */
static inline void read_habits(struct bp_habits *out)
{
	struct bp_err err = {0};

	bp_habits_done(out);
	ck_assert_ok(bp_habits_read(facts, &calls_scope, out, &err), err);
}

#endif
