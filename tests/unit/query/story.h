/* SPDX-License-Identifier: MIT */
/**
 * story.h - two sessions of one project, small enough to work every number out by hand.
 *
 * Times are seconds after T = 2026-03-10T12:00:00Z.
 *
 * Money in USD: the main line's first call 0.03 (0.02 by ccusage's rules), the sub-agent's 0.001 by
 * both, the cut one 0.0005; session two's call has no price.
 *
 * Session one ("0000aaaa-...", ended normally), active 0..120 and 600..660:
 *	  0	prompt 1 (7 words, 30 characters), first answer after 2 s, done after 100 s
 *	  2	model call opus: 10 in, 20 out (5 reasoning), cache 30 w5m, 40 w1h, 100 read
 *	 10	Bash fails after 1 s (turn 1)
 *	 20	Bash ok after 3 s (turn 1): the failure is recovered
 *	 30	Edit a.c ok, 12 added, 2 removed; permission asked at 25, given at 29
 *	 60	Edit a.c ok, 8 added, 4 removed, reverted
 *	 70	Write b.py ok, created, 80 added; took 5 s
 *	 80	Edit a.c rejected (lines 50/50 do not count)
 *	600	prompt 2 (9 words, 50 characters), 500 s after the last result; first tool call after 4 s (no answer before), done after 60 s
 *	604	Grep interrupted after 2 s; sub-agent x started
 *	605	the sub-agent's call of haiku: 1 in, 2 out
 *	610	Read denied
 *	620	opus call cut: 7 in, 3 out
 *	630	api error (retry), compaction counted, one not counted
 *	660	session end
 * Session two ("0000bbbb-..."), another project, active 1000..1060:
 *	1000	prompt 3, no times known
 *	1010	Bash pending for ever
 *	1060	model call opus: 1 in, 1 out
 */
#ifndef BP_TESTS_UNIT_QUERY_STORY_H
#define BP_TESTS_UNIT_QUERY_STORY_H

#define STORY_T INT64_C(1773144000000000)

static const char STORY[] =
	"CREATE TEMP TABLE at AS SELECT 1773144000000000 AS t;"
	"INSERT INTO conversations (id, external_id, platform, project_ts_us, project_hash,"
	" project_name, app_version, seen, start_ts_us, end_ts_us, end_reason,"
	" first_event_us, last_event_us, model_switches)"
	" SELECT 1, '0000aaaa-1111', 'claude_code', t, 'aaaaaaaaaaaaaaaa', 'one', '2.1', 3, t,"
	" t + 660000000, 'clear', t, t + 660000000, 2 FROM at;"
	"INSERT INTO conversations (id, external_id, platform, project_ts_us, project_hash,"
	" project_name, seen, first_event_us, last_event_us)"
	" SELECT 2, '0000bbbb-2222', 'claude_code', t, 'bbbbbbbbbbbbbbbb', 'two', 1,"
	" t + 1000000000, t + 1060000000 FROM at;"
	/* Named by nothing but OTLP start-up records: it is no session. */
	"INSERT INTO conversations (id, external_id, platform, seen) VALUES (3, '0000cccc', 'p', "
	"0);"
	"INSERT INTO conversation_turns (id, file_conversation, ts_us, from_line, human, words,"
	" latency_us, complete_us, first_tool_us)"
	" SELECT 1, 1, t, 1, 1, 7, 2000000, 100000000, 10000000 FROM at UNION ALL"
	" SELECT 2, 1, t + 600000000, 1, 1, 9, NULL, 60000000, 4000000 FROM at UNION ALL"
	" SELECT 3, 2, t + 1000000000, 1, 1, NULL, NULL, NULL, NULL FROM at;"
	"INSERT INTO model_calls (id, file_conversation, model, ts_us, ts_last_us, sidechain, "
	"input,"
	" output, cache_write_5m, cache_write_1h, cache_read, reasoning, aborted, agent_id)"
	" SELECT 1, 1, 'opus', t + 2000000, t + 3000000, 0, 10, 20, 30, 40, 100, 5, 0, NULL FROM at"
	" UNION ALL SELECT 2, 1, 'haiku', t + 605000000, t, 1, 1, 2, 0, 0, 0, 0, 0, 'x' FROM at"
	" UNION ALL SELECT 3, 1, 'opus', t + 620000000, t, 0, 7, 3, 0, 0, 0, 0, 1, NULL FROM at"
	" UNION ALL SELECT 4, 2, 'opus', t + 1060000000, t, 0, 1, 1, 0, 0, 0, 0, 0, NULL FROM at;"
	"INSERT INTO tool_calls (id, file_conversation, tool, started_us, ended_us, ts_us,"
	" duration_us, outcome_rank, turn_id)"
	" SELECT 1, 1, 'Bash', t + 10000000, t + 11000000, t + 10000000, NULL, 500, 1 FROM at"
	" UNION ALL SELECT 2, 1, 'Bash', t + 20000000, t + 23000000, t + 20000000, NULL, 400, 1"
	" FROM at UNION ALL SELECT 3, 1, 'Edit', t + 30000000, t + 31000000, t + 30000000, 2000000,"
	" 400, 1 FROM at UNION ALL SELECT 4, 1, 'Edit', t + 60000000, t + 61000000, t + 60000000,"
	" 1000000, 400, 1 FROM at UNION ALL SELECT 5, 1, 'Write', t + 70000000, t + 75000000,"
	" t + 70000000, NULL, 400, 1 FROM at UNION ALL SELECT 6, 1, 'Edit', t + 80000000,"
	" t + 95000000, t + 80000000, NULL, 900, 1 FROM at UNION ALL SELECT 7, 1, 'Grep',"
	" t + 604000000, t + 606000000, t + 604000000, NULL, 600, 2 FROM at UNION ALL SELECT 8, 1,"
	" 'Read', t + 610000000, t + 611000000, t + 610000000, NULL, 800, 2 FROM at UNION ALL"
	" SELECT 9, 2, 'Bash', t + 1010000000, NULL, t + 1010000000, NULL, 100, 3 FROM at;"
	"INSERT INTO code_changes (id, operation, file_hash, extension, lines_added, lines_removed,"
	" accepted, revision, reverted) VALUES"
	" (3, 'edit', 'f00000000000000a', 'c', 12, 2, 1, 1, 0),"
	" (4, 'edit', 'f00000000000000a', 'c', 8, 4, 1, 0, 1),"
	" (5, 'create', 'f00000000000000b', 'py', 80, 0, 1, 0, 0),"
	" (6, 'edit', 'f00000000000000a', 'c', 50, 50, 0, 0, 0);"
	"INSERT INTO permission_requests (id, live_conversation, ts_us, tool, tool_call)"
	" SELECT 1, 1, t + 25000000, 'Edit', 3 FROM at;"
	"INSERT INTO subagents (id, conversation_id, agent_id, agent_type, started_us, ended_us)"
	" SELECT 1, 1, 'x', 'Explore', t + 604000000, t + 608000000 FROM at;"
	"INSERT INTO api_errors (id, file_conversation, ts_us, kind, status, error_class)"
	" SELECT 1, 1, t + 630000000, 'retry', 529, 'overloaded' FROM at;"
	"INSERT INTO compactions (id, file_conversation, ts_us, compact_trigger, counted)"
	" SELECT 1, 1, t + 630000000, 'auto', 1 FROM at UNION ALL"
	" SELECT 2, 1, t + 630000000, 'auto', 0 FROM at;"
	/* Minutes 0, 1, 2 (0..120 s), 10, 11 (600..660 s); session two: 1000..1019, 1020..1060. */
	"INSERT INTO activity SELECT 1, t / 60000000, t, t + 59000000, 9 FROM at UNION ALL"
	" SELECT 1, t / 60000000 + 1, t + 60000000, t + 119000000, 9 FROM at UNION ALL"
	" SELECT 1, t / 60000000 + 2, t + 120000000, t + 120000000, 1 FROM at UNION ALL"
	" SELECT 1, t / 60000000 + 10, t + 600000000, t + 659000000, 9 FROM at UNION ALL"
	" SELECT 1, t / 60000000 + 11, t + 660000000, t + 660000000, 1 FROM at UNION ALL"
	" SELECT 2, t / 60000000 + 16, t + 1000000000, t + 1019000000, 2 FROM at UNION ALL"
	" SELECT 2, t / 60000000 + 17, t + 1020000000, t + 1060000000, 2 FROM at;"
	"DROP TABLE at;";

/* What the finaliser finds, and what it costs. */
static const char STORY_FOUND[] =
	"UPDATE conversation_turns SET length_chars = 30 WHERE id = 1;"
	"UPDATE conversation_turns SET length_chars = 50, think_us = 500000000, gap_us = 600000000"
	" WHERE id = 2;"
	"UPDATE model_calls SET cost_pusd = 30000000000, compat_pusd = 20000000000, web_searches = "
	"1"
	" WHERE id = 1;"
	"UPDATE model_calls SET cost_pusd = 1000000000, compat_pusd = 1000000000 WHERE id = 2;"
	"UPDATE model_calls SET cost_pusd = 500000000, compat_pusd = 500000000 WHERE id = 3;"
	"UPDATE tool_calls SET recovered = 1, error_class = 'exit_code' WHERE id = 1;"
	"UPDATE code_changes SET repeated = 1 WHERE id = 4;";

#endif
