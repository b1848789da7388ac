-- Rollups at three spans, so that a question over years reads few rows. Written by src/slowpath/metrics.c; recomputed from
-- the span below (a quarter of an hour: from facts), never incremented. Days and months are those of the zone in rollup_zone.

-- finaliser:
ALTER TABLE conversation_turns ADD COLUMN think_us INTEGER;  -- last result of the turn before -> this prompt
ALTER TABLE conversation_turns ADD COLUMN gap_us   INTEGER;  -- the prompt before -> this prompt
ALTER TABLE tool_calls   ADD COLUMN recovered INTEGER;       -- 1: an error that an ok call of the same tool in the turn followed
ALTER TABLE code_changes ADD COLUMN repeated  INTEGER;       -- 1: of a file that was edited before in the session
ALTER TABLE conversations ADD COLUMN productivity REAL;      -- score 0..100; NULL: no tool ran

DROP TABLE rollups;
CREATE TABLE rollups (
	bucket_us         INTEGER NOT NULL,
	platform          TEXT    NOT NULL,
	project_hash      TEXT    NOT NULL,
	model             TEXT    NOT NULL,
	tool              TEXT    NOT NULL,
	prompts           INTEGER NOT NULL,
	model_calls       INTEGER NOT NULL,
	input             INTEGER NOT NULL,
	output            INTEGER NOT NULL,
	cache_write_5m    INTEGER NOT NULL,
	cache_write_1h    INTEGER NOT NULL,
	cache_read        INTEGER NOT NULL,
	reasoning         INTEGER NOT NULL,
	web_searches      INTEGER NOT NULL,
	cost_pusd         INTEGER NOT NULL,
	compat_pusd       INTEGER NOT NULL,
	reported_pusd     INTEGER NOT NULL,
	reported_calls    INTEGER NOT NULL,
	unpriced_calls    INTEGER NOT NULL,
	compat_unpriced_calls INTEGER NOT NULL,
	aborted_calls     INTEGER NOT NULL,
	aborted_input     INTEGER NOT NULL,
	aborted_output    INTEGER NOT NULL,
	aborted_cache_write_5m INTEGER NOT NULL,
	aborted_cache_write_1h INTEGER NOT NULL,
	aborted_cache_read INTEGER NOT NULL,
	aborted_cost_pusd INTEGER NOT NULL,
	aborted_compat_pusd INTEGER NOT NULL,
	tools_ok          INTEGER NOT NULL,
	tools_error       INTEGER NOT NULL,
	tools_denied      INTEGER NOT NULL,
	tools_rejected    INTEGER NOT NULL,
	tools_interrupted INTEGER NOT NULL,
	tools_pending     INTEGER NOT NULL,
	edits_ok          INTEGER NOT NULL,
	edits_rejected    INTEGER NOT NULL,
	lines_added       INTEGER NOT NULL,  -- of accepted edits
	lines_removed     INTEGER NOT NULL,
	api_errors        INTEGER NOT NULL,
	compactions       INTEGER NOT NULL,
	sketch            BLOB,              -- tool latencies, mergeable, 1 % relative error
	PRIMARY KEY (bucket_us, platform, project_hash, model, tool)
) STRICT, WITHOUT ROWID;

INSERT INTO dirty_bucket SELECT bucket_us, 1 FROM (
	SELECT ts_us / 900000000 * 900000000 AS bucket_us FROM conversation_turns
	UNION SELECT ts_us / 900000000 * 900000000 FROM model_calls
	UNION SELECT ts_us / 900000000 * 900000000 FROM tool_calls
	UNION SELECT ts_us / 900000000 * 900000000 FROM api_errors
	UNION SELECT ts_us / 900000000 * 900000000 FROM compactions) WHERE true
	ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
