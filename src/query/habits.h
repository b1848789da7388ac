/* SPDX-License-Identifier: MIT */
/**
 * habits.h - counts of how work was done that add up: sequences of tools, how turns begin, phases,
 *            file types, days, hours of the day, sub-agents, the fullest context.
 *
 * Why:     `stats` of a year would have to look at every tool call. These counts are made once for
 *          each session and quarter of an hour (session_habits, by the finaliser), and added up by
 *          day and month with the other rollups (docs/design/habits.md).
 * Shape:   a set of (kind, key) with some numbers each; what they are stands beside each kind. A
 *          count belongs to one moment, so those of two periods add up to those of both.
 * Threads: one thread owns a set.
 */
#ifndef BP_QUERY_HABITS_H
#define BP_QUERY_HABITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/tz.h"
#include "query/sketch.h"

/** Their order is that of the stored form. */
enum bp_habit_kind {
	BP_HABIT_SEQUENCE,  /* key: two or three tools; at the last one's call */
	BP_HABIT_PATTERN,   /* key: the first four tools of a turn; at its first call */
	BP_HABIT_PHASE,     /* key: bp_phase_name(); at the call, spans at their first */
	BP_HABIT_FILE_TYPE, /* key: an extension, "" not known; at the edit */
	BP_HABIT_DAY,   /* key: days of the zone since 1970-01-01, in digits, "" until the zone is
			       known; at the call */
	BP_HABIT_HOUR,  /* key: "00".."23", as above */
	BP_HABIT_AGENT, /* key: a sub-agent's type, "" not known; at its last event */
	BP_HABIT_PEAK,  /* key: BP_PEAK_*; at the moment it was reached */
	BP_HABIT_KINDS
};

/** Between the tools of a key. */
#define BP_HABIT_BETWEEN '\n'

/* The numbers of each kind. What is open depends on whether a call that waits for its end still
 * does: bp_habits_read() settles it, stored counts keep both. */
enum { BP_SEQUENCE_COUNT };
enum { BP_PATTERN_TURNS, BP_PATTERN_SUCCEEDED, BP_PATTERN_OPEN /* succeeded, unless it is over */ };
enum { BP_PHASE_CALLS, BP_PHASE_LATENCY_US, BP_PHASE_SPANS, BP_PHASE_VERIFIED };
enum {
	BP_FILE_PROPOSED,
	BP_FILE_ACCEPTED,
	BP_FILE_REJECTED,
	BP_FILE_CREATED,
	BP_FILE_LINES_ADDED, /* of accepted ones, as the next */
	BP_FILE_LINES_REMOVED
};
enum { BP_DAY_EXECUTED, BP_DAY_ERRORS, BP_DAY_OPEN /* executed, once it is over */ };
enum { BP_HOUR_CALLS, BP_HOUR_ERRORS, BP_HOUR_EDITS_OK, BP_HOUR_EDITS_REJECTED };
enum {
	BP_AGENT_AGENTS,
	BP_AGENT_DURATION_US,
	BP_AGENT_TOOL_CALLS, /* at the call */
	BP_AGENT_ENDS,       /* from here on by enum bp_subagent_end */
	BP_AGENT_OPEN_INTERRUPTED = BP_AGENT_ENDS + 6,
	BP_AGENT_OPEN_UNFINISHED,
	BP_AGENT_OPEN_UNKNOWN,
	BP_AGENT_PEAK /* most of a session at work at once; the larger one counts */
};
enum { BP_PEAK_VALUE /* the larger one counts */ };

#define BP_PEAK_AGENTS "agents"   /* of any type */
#define BP_PEAK_CONTEXT "context" /* tokens that one response of the main line was given */

enum { BP_HABIT_VALUES = BP_AGENT_PEAK + 1 };

/** What is not of its kind is 0. */
struct bp_habit {
	enum bp_habit_kind kind;
	struct bp_str key;
	int64_t values[BP_HABIT_VALUES];
	struct bp_sketch latency; /* of an hour's executed calls */
};

/** Start with `struct bp_habits habits = {0};`. */
struct bp_habits {
	struct bp_arena arena; /* items and their keys */
	struct bp_habit **items;
	size_t n, cap;
	uint32_t *slots; /* 1 + place in items; 0: free */
	size_t n_slots;
};

/** How stored counts are taken. */
struct bp_habit_view {
	/* The day and hour of calls whose moment is not told apart yet; "": leave it so. */
	char day[24], hour[16];
	enum {
		BP_HABITS_OPEN,
		BP_HABITS_PENDING,
		BP_HABITS_OVER
	} settle; /* leave what is open
									      open; calls that wait
									      still do; or no more */
};

/** The view of counts that are all of the quarter of an hour at ts_us. */
struct bp_habit_view bp_habit_view_at(const struct bp_tz *tz, int64_t ts_us);

/** The one of that kind and key, added with zeros when there is none. Borrowed until the set is
 *  cleared. */
struct bp_habit *bp_habits_at(struct bp_habits *habits, enum bp_habit_kind kind, struct bp_str key);

/** The same, or NULL when there is none. */
const struct bp_habit *bp_habits_find(const struct bp_habits *habits, enum bp_habit_kind kind,
				      struct bp_str key);

/** into += more. */
void bp_habits_merge(struct bp_habits *into, const struct bp_habits *more,
		     const struct bp_habit_view *view);

/** Append the stored form: a function of the counts alone; nothing when there are none. */
void bp_habits_encode(struct bp_habits *habits, struct bp_buf *out);

/** into += a stored form. Errors: BP_ECORRUPT it is none; *into then holds what was read. */
BP_MUSTUSE enum bp_rc bp_habits_decode(struct bp_habits *into, struct bp_str bytes,
				       const struct bp_habit_view *view, struct bp_err *err);

/** Forget all, keep memory; free all. */
void bp_habits_clear(struct bp_habits *habits);
void bp_habits_done(struct bp_habits *habits);

#endif
