-- Full text over what the privacy level keeps of a session.

-- Names that levels above strict keep of a call: evidence, written by src/slowpath's workers.
ALTER TABLE tool_calls ADD COLUMN program    TEXT;  -- of a shell command
ALTER TABLE tool_calls ADD COLUMN mcp_server TEXT;
ALTER TABLE tool_calls ADD COLUMN mcp_tool   TEXT;

-- finaliser, from rows above strict:
ALTER TABLE conversations ADD COLUMN title TEXT;

-- Rows that may hold text; empty at strict.
CREATE INDEX claude_row_by_text ON claude_row (session, type, ts_us) WHERE lvl > 0;

-- One row per session, lists blank-separated. Written by src/slowpath/session_text.c, in the finaliser. Between characters of
-- scripts without blanks (Chinese, Japanese, Korean) stands U+200B, so that each is a word of the index.
CREATE TABLE session_text (
	conversation_id INTEGER NOT NULL PRIMARY KEY,
	project    TEXT NOT NULL,
	tools      TEXT NOT NULL,  -- above strict also programs, MCP servers and their tools
	models     TEXT NOT NULL,
	extensions TEXT NOT NULL,
	agents     TEXT NOT NULL,
	title      TEXT NOT NULL,  -- above strict
	prompts    TEXT NOT NULL   -- at full, one a line
) STRICT;
CREATE VIRTUAL TABLE session_search USING fts5 (
	project, tools, models, extensions, agents, title, prompts,
	content = 'session_text', content_rowid = 'conversation_id', tokenize = 'unicode61 remove_diacritics 2');

-- The index follows the text.
CREATE TRIGGER session_text_insert AFTER INSERT ON session_text BEGIN
	INSERT INTO session_search (rowid, project, tools, models, extensions, agents, title, prompts)
	VALUES (new.conversation_id, new.project, new.tools, new.models, new.extensions, new.agents, new.title, new.prompts);
END;
CREATE TRIGGER session_text_delete AFTER DELETE ON session_text BEGIN
	INSERT INTO session_search (session_search, rowid, project, tools, models, extensions, agents, title, prompts)
	VALUES ('delete', old.conversation_id, old.project, old.tools, old.models, old.extensions, old.agents, old.title, old.prompts);
END;
CREATE TRIGGER session_text_update AFTER UPDATE ON session_text BEGIN
	INSERT INTO session_search (session_search, rowid, project, tools, models, extensions, agents, title, prompts)
	VALUES ('delete', old.conversation_id, old.project, old.tools, old.models, old.extensions, old.agents, old.title, old.prompts);
	INSERT INTO session_search (rowid, project, tools, models, extensions, agents, title, prompts)
	VALUES (new.conversation_id, new.project, new.tools, new.models, new.extensions, new.agents, new.title, new.prompts);
END;

-- Every session is looked at again: it has no text yet.
INSERT INTO dirty_session SELECT id, 1 FROM conversations WHERE true
	ON CONFLICT (conversation_id) DO UPDATE SET generation = generation + 1;
