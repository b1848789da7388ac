-- Rollups at three spans, so that a question over years reads few rows. Written by src/slowpath/metrics.c; recomputed from
-- the span below (a quarter of an hour: from facts), never incremented. Days and months are those of the zone in rollup_zone.

-- finaliser:
ALTER TABLE conversation_turns ADD COLUMN think_us INTEGER;  -- last result of the turn before -> this prompt
ALTER TABLE conversation_turns ADD COLUMN gap_us   INTEGER;  -- the prompt before -> this prompt
ALTER TABLE tool_calls   ADD COLUMN recovered INTEGER;       -- 1: an error that an ok call of the same tool in the turn followed
ALTER TABLE code_changes ADD COLUMN repeated  INTEGER;       -- 1: of a file that was edited before in the session
ALTER TABLE conversations ADD COLUMN productivity REAL;      -- score 0..100; NULL: no tool ran
