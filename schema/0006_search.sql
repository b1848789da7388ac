-- Full text over what the privacy level keeps of a session. Written by src/slowpath's finaliser.
CREATE TABLE session_text (
	conversation_id INTEGER NOT NULL PRIMARY KEY,
	project    TEXT NOT NULL,
	tools      TEXT NOT NULL,
	models     TEXT NOT NULL,
	extensions TEXT NOT NULL,
	agents     TEXT NOT NULL,
	title      TEXT NOT NULL,
	prompts    TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE session_search USING fts5 (
	project, tools, models, extensions, agents, title, prompts,
	content = 'session_text', content_rowid = 'conversation_id', tokenize = 'unicode61 remove_diacritics 2');
