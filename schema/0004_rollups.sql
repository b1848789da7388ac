-- Rollups at three spans, so that a question over years reads few rows. Written by src/slowpath/rollup_maker.c; recomputed
-- from the span below (a quarter of an hour: from facts), never incremented (docs/design/rollups.md).

-- finaliser:
ALTER TABLE conversation_turns ADD COLUMN think_us INTEGER;  -- last result of the turn before -> this prompt
ALTER TABLE conversation_turns ADD COLUMN gap_us   INTEGER;  -- the prompt before -> this prompt
ALTER TABLE tool_calls   ADD COLUMN recovered INTEGER;       -- 1: an error that an ok call of the same tool in the turn followed
ALTER TABLE code_changes ADD COLUMN repeated  INTEGER;       -- 1: of a file that was edited before in the session
ALTER TABLE conversations ADD COLUMN productivity REAL;      -- score 0..100, running calls left out; NULL: no tool ran

-- How a quarter's facts are found: by time, and what belongs to a tool call.
CREATE INDEX activity_by_minute ON activity (minute);
CREATE INDEX subagents_by_time ON subagents (started_us);
CREATE INDEX permission_requests_by_tool_call ON permission_requests (tool_call);

-- One row per key that has something. What has no model or no tool stands under ''. Most sums of a row are 0, and a
-- question reads thousands of rows: sums are one value, those that are not 0 (src/query/bucket_code.h).
DROP TABLE rollups;
CREATE TABLE rollups (
	span         INTEGER NOT NULL,  -- 0 quarter of an hour, 1 day, 2 month; 3 and 4: day and month of all projects together
	start_us     INTEGER NOT NULL,
	platform     TEXT    NOT NULL,
	project_hash TEXT    NOT NULL,  -- '' at spans 3 and 4
	model        TEXT    NOT NULL,
	tool         TEXT    NOT NULL,
	agent_type   TEXT    NOT NULL,  -- of model calls: '' the main conversation, else the sub-agent's, "unknown"
	sums         BLOB    NOT NULL,
	sketches     BLOB,              -- of durations, mergeable, 1 % relative error
	files        BLOB,              -- edited ones: sorted ids of 8 bytes
	PRIMARY KEY (span, start_us, platform, project_hash, model, tool, agent_type)
) STRICT, WITHOUT ROWID;

-- The same sums by session, at spans 0 and 1.
CREATE TABLE session_rollups (
	span            INTEGER NOT NULL,
	start_us        INTEGER NOT NULL,
	conversation_id INTEGER NOT NULL,
	model           TEXT    NOT NULL,  -- of model calls; '' of all else
	sums            BLOB    NOT NULL,
	PRIMARY KEY (span, start_us, conversation_id, model)
) STRICT, WITHOUT ROWID;

-- Days (1) and months (2) whose rows are older than those of the span below.
CREATE TABLE dirty_span (
	span     INTEGER NOT NULL,
	start_us INTEGER NOT NULL,
	PRIMARY KEY (span, start_us)
) STRICT, WITHOUT ROWID;

-- One row: whose days and months these are, and what the blobs are made of. Another zone: days and months are made again;
-- another format: everything.
CREATE TABLE rollup_zone (
	name   TEXT    NOT NULL,
	format INTEGER NOT NULL  -- BP_BUCKET_FORMAT
) STRICT;

INSERT INTO dirty_bucket SELECT bucket_us, 1 FROM (
	SELECT ts_us / 900000000 * 900000000 AS bucket_us FROM conversation_turns
	UNION SELECT ts_us / 900000000 * 900000000 FROM model_calls
	UNION SELECT ts_us / 900000000 * 900000000 FROM tool_calls
	UNION SELECT ts_us / 900000000 * 900000000 FROM api_errors
	UNION SELECT ts_us / 900000000 * 900000000 FROM compactions
	UNION SELECT started_us / 900000000 * 900000000 FROM subagents
	UNION SELECT minute / 15 * 900000000 FROM activity) WHERE true
	ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;

-- What else changes a bucket. Activity: the gap before and behind a minute may reach into the next bucket on either side.
CREATE TRIGGER activity_dirty_insert AFTER INSERT ON activity BEGIN
	INSERT INTO dirty_bucket VALUES ((new.first_us - 300000000) / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
	INSERT INTO dirty_bucket VALUES ((new.last_us + 300000000) / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER activity_dirty_update AFTER UPDATE ON activity BEGIN
	INSERT INTO dirty_bucket VALUES ((min(new.first_us, old.first_us) - 300000000) / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
	INSERT INTO dirty_bucket VALUES ((max(new.last_us, old.last_us) + 300000000) / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER activity_dirty_delete AFTER DELETE ON activity BEGIN
	INSERT INTO dirty_bucket VALUES ((old.first_us - 300000000) / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
	INSERT INTO dirty_bucket VALUES ((old.last_us + 300000000) / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER permission_requests_dirty_insert AFTER INSERT ON permission_requests WHEN new.tool_call IS NOT NULL BEGIN
	INSERT INTO dirty_bucket SELECT ts_us / 900000000 * 900000000, 1 FROM tool_calls WHERE id = new.tool_call
	ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER permission_requests_dirty_update AFTER UPDATE ON permission_requests BEGIN
	INSERT INTO dirty_bucket SELECT ts_us / 900000000 * 900000000, 1 FROM tool_calls WHERE id IN (new.tool_call, old.tool_call)
	ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER subagents_dirty_insert AFTER INSERT ON subagents BEGIN
	INSERT INTO dirty_bucket SELECT bucket_us, 1 FROM (
		SELECT new.started_us / 900000000 * 900000000 AS bucket_us
		UNION SELECT ts_us / 900000000 * 900000000 FROM model_calls
		WHERE conversation_id = new.conversation_id AND agent_id = new.agent_id) WHERE true
	ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER subagents_dirty_update AFTER UPDATE OF agent_type, started_us ON subagents
	WHEN new.agent_type IS NOT old.agent_type OR new.started_us <> old.started_us BEGIN
	INSERT INTO dirty_bucket SELECT bucket_us, 1 FROM (
		SELECT new.started_us / 900000000 * 900000000 AS bucket_us
		UNION SELECT old.started_us / 900000000 * 900000000
		UNION SELECT ts_us / 900000000 * 900000000 FROM model_calls
		WHERE conversation_id = new.conversation_id AND agent_id = new.agent_id) WHERE true
	ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER subagents_dirty_end AFTER UPDATE OF ended_us ON subagents WHEN new.ended_us <> old.ended_us BEGIN
	INSERT INTO dirty_bucket VALUES (new.started_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;

-- As in 0002, and: only what is a session has active time.
DROP TRIGGER conversations_dirty_update;
CREATE TRIGGER conversations_dirty_update AFTER UPDATE OF project_hash, seen ON conversations
	WHEN new.project_hash IS NOT old.project_hash OR (new.seen = 0) <> (old.seen = 0) BEGIN
	INSERT INTO dirty_bucket SELECT bucket_us, 1 FROM (
		SELECT DISTINCT ts_us / 900000000 * 900000000 AS bucket_us FROM conversation_turns WHERE conversation_id = new.id
		UNION SELECT DISTINCT ts_us / 900000000 * 900000000 FROM model_calls WHERE conversation_id = new.id
		UNION SELECT DISTINCT ts_us / 900000000 * 900000000 FROM tool_calls WHERE conversation_id = new.id
		UNION SELECT DISTINCT ts_us / 900000000 * 900000000 FROM api_errors WHERE conversation_id = new.id
		UNION SELECT DISTINCT ts_us / 900000000 * 900000000 FROM compactions WHERE conversation_id = new.id
		UNION SELECT DISTINCT started_us / 900000000 * 900000000 FROM subagents WHERE conversation_id = new.id
		UNION SELECT DISTINCT minute / 15 * 900000000 FROM activity WHERE conversation_id = new.id) WHERE true
	ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
