-- Habits: counts of a session's calls that add up (src/query/habits.h, docs/design/habits.md), so that `stats` of a year need
-- not look at every call.

-- One row per session and quarter of an hour in which it has some. Written by the finaliser (src/slowpath/session_habits.c),
-- which sees the whole session: a sequence may begin in the quarter before.
CREATE TABLE session_habits (
	start_us        INTEGER NOT NULL,  -- start of the quarter
	conversation_id INTEGER NOT NULL,
	habits          BLOB    NOT NULL,
	PRIMARY KEY (start_us, conversation_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_habits_by_conversation ON session_habits (conversation_id);

-- Which sub-agents were heard of last in a cut quarter.
CREATE INDEX subagents_by_end ON subagents (ended_us);

-- The same added up, at every span, in the row without model and tool.
ALTER TABLE rollups ADD COLUMN habits BLOB;

CREATE TRIGGER session_habits_dirty_insert AFTER INSERT ON session_habits BEGIN
	INSERT INTO dirty_bucket VALUES (new.start_us, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER session_habits_dirty_update AFTER UPDATE ON session_habits BEGIN
	INSERT INTO dirty_bucket VALUES (new.start_us, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER session_habits_dirty_delete AFTER DELETE ON session_habits BEGIN
	INSERT INTO dirty_bucket VALUES (old.start_us, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;

-- Those of sessions that are there already.
INSERT INTO dirty_session SELECT id, 1 FROM conversations WHERE true
	ON CONFLICT (conversation_id) DO UPDATE SET generation = generation + 1;
