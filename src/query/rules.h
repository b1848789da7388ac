/* SPDX-License-Identifier: MIT */
/**
 * rules.h - what counts, once: pieces of SQL that say which facts a number is made of.
 *
 * Why:     buckets, sessions, analyses and the finaliser must agree; each rule is one macro and
 *          stands nowhere else.
 * Place:   query, and slowpath where the finaliser counts the same things. The alias of the table
 *          is part of the rule: t conversation_turns, m model_calls, x tool_calls,
 *          e code_changes, a api_errors, k compactions, c conversations.
 */
#ifndef BP_QUERY_RULES_H
#define BP_QUERY_RULES_H

#include <stdint.h>

/** A bucket of rollups: 15 minutes in microseconds. Every zone in use is a multiple off UTC. */
#define BP_BUCKET_US INT64_C(900000000)
#define BP_RULE_BUCKET(ts) "(" ts " - ((" ts ") % 900000000 + 900000000) % 900000000)"

/** A session that exists: a transcript or a hook named it. */
#define BP_RULE_SESSION "c.seen <> 0"

/** When a session began and was last heard of; the finaliser's times once it ran. */
#define BP_RULE_SESSION_FIRST                                                                      \
	"coalesce(c.first_event_us, c.start_ts_us, c.project_ts_us, c.version_ts_us, c.end_ts_us)"
#define BP_RULE_SESSION_LAST                                                                       \
	"coalesce(c.last_event_us, c.end_ts_us, c.version_ts_us, c.start_ts_us, c.project_ts_us)"

/** Its SessionEnd is the last thing that was heard of it. */
#define BP_RULE_ENDED "coalesce(c.end_ts_us >= coalesce(c.last_event_us, c.end_ts_us) - 5000000, 0)"

/** A prompt that a person typed, told once. */
#define BP_RULE_PROMPT "t.human = 1 AND t.is_sidechain = 0 AND t.shadowed = 0"

/** A model call that gave a response: its tokens count; a cut stream counts apart. */
#define BP_RULE_MODEL_CALL "m.aborted = 0"
#define BP_RULE_ABORTED "m.aborted <> 0"

/** Whose call it was: '' the main conversation's; the type of the sub-agent s (subagents). */
#define BP_AGENT_TYPE_UNKNOWN "unknown"
#define BP_RULE_AGENT_TYPE                                                                         \
	"CASE WHEN m.sidechain = 0 THEN '' ELSE coalesce(s.agent_type, '" BP_AGENT_TYPE_UNKNOWN    \
	"') END"

/** A call of a tool that edits files. */
#define BP_RULE_EDIT                                                                               \
	"ifnull(x.tool, '') IN ('Edit', 'Write', 'MultiEdit', 'NotebookEdit', 'apply_patch')"

/** The tool ran: its time is a latency. A denied call's time is somebody thinking. */
#define BP_RULE_EXECUTED "x.outcome IN ('ok', 'error', 'interrupted')"

/** Lines and files of an edit count when it was made. */
#define BP_RULE_ACCEPTED "x.outcome = 'ok'"

/** A request to the model that failed, retries too. A hook's "turn" tells a final one again. */
#define BP_RULE_API_ERROR "a.kind IS NOT 'turn'"

/** Told by several sources, the k-th with the k-th: one counts. */
#define BP_RULE_COMPACTION "k.counted = 1"

/** A call that is pending this long after its start counts as interrupted (metrics.md 1). */
#define BP_PENDING_US INT64_C(1800000000)

/** A session heard of within this time, and not ended since, is active. */
#define BP_ACTIVE_US INT64_C(1800000000)

/** Classes of gaps between prompts: below, up to, above. */
#define BP_GAP_ITERATING_US INT64_C(10000000)
#define BP_GAP_REVIEWING_US INT64_C(30000000)

/** Gaps shorter than this are activity. */
#define BP_IDLE_GAP_US INT64_C(300000000)

#endif
