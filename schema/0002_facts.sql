-- Facts: what happened, once, whatever order it was told in. Written only by src/slowpath.
--
-- Every id is the first 8 bytes of SHA-256 over the fact's natural key, as a signed integer. Nothing here refers to the
-- log's sequences or names: the same rows in any order give the same bytes. How each evidence column merges (min, max,
-- group of a rank) is written once, in src/slowpath/fact_tables.c; columns below "finaliser:" are computed from the rest.
--
-- Four columns say whose a fact is, where copies of it stand in several sessions (fork, resume):
--   live_conversation   a hook named it (never a copy)           asked_conversation  the line says which session asked
--   file_conversation   the smallest session whose file has it   owner_conversation  finaliser: by birth, for copies
-- conversation_id is the first of live, asked, owner, file that is known.

CREATE TABLE conversations (
	id                INTEGER NOT NULL UNIQUE,
	external_id       TEXT    NOT NULL,
	platform          TEXT    NOT NULL,
	session_id        TEXT,             -- Cursor windows only
	project_ts_us     INTEGER,          -- earliest record that names the project: decides the next two
	project_hash      TEXT,             -- keyed hash of the working folder
	project_name      TEXT,
	branch_ts_us      INTEGER,          -- earliest record that names a branch
	git_branch_hash   TEXT,
	version_ts_us     INTEGER,          -- latest record that names the client's version
	app_version       TEXT,
	start_ts_us       INTEGER,          -- earliest SessionStart
	start_source      TEXT,             -- startup resume clear compact fork
	end_ts_us         INTEGER,          -- latest SessionEnd
	end_reason        TEXT,
	seen              INTEGER NOT NULL DEFAULT 0,  -- bits: 1 transcript, 2 hook
	-- finaliser:
	first_event_us    INTEGER,
	last_event_us     INTEGER,
	primary_model     TEXT,             -- most responses, then name
	models            TEXT,             -- JSON array, by first use
	model_switches    INTEGER,
	interaction_count INTEGER,          -- turns, human or not
	prompts           INTEGER,          -- typed by a person
	responses         INTEGER,
	tool_calls        INTEGER,
	acceptance_rate   REAL,             -- edits ok / (ok + rejected); NULL without either
	total_tokens      INTEGER,
	total_changes     INTEGER,          -- accepted edits
	lines_added       INTEGER,
	lines_removed     INTEGER,
	compactions       INTEGER,
	subagents         INTEGER,
	active_us         INTEGER,          -- sum of gaps under 5 min
	UNIQUE (external_id, platform),
	CHECK ((platform = 'cursor') = (session_id IS NOT NULL))
) STRICT;
CREATE INDEX conversations_by_last_event ON conversations (last_event_us);

CREATE TABLE conversation_turns (
	id                 INTEGER NOT NULL UNIQUE,
	live_conversation  INTEGER, asked_conversation INTEGER, file_conversation INTEGER, owner_conversation INTEGER,
	conversation_id    INTEGER GENERATED ALWAYS AS (coalesce(live_conversation, asked_conversation, owner_conversation, file_conversation)) VIRTUAL,
	line_key           BLOB,             -- of the line, as in session_event
	ts_us              INTEGER NOT NULL,
	from_line          INTEGER NOT NULL DEFAULT 0,  -- 1 a transcript line, 0 a hook alone
	human              INTEGER NOT NULL DEFAULT 0,
	is_sidechain       INTEGER NOT NULL DEFAULT 0,
	kind               TEXT,
	length_chars       INTEGER,
	words              INTEGER,
	content_hash       TEXT,
	prompt_id          TEXT,
	agent_id           TEXT,
	-- finaliser (shadowed also by trigger):
	shadowed           INTEGER NOT NULL DEFAULT 0,  -- a hook's turn that a line also tells: not counted
	turn_number        INTEGER,          -- 1.. over human main turns by (ts, id)
	latency_us         INTEGER,          -- prompt to first response
	complete_us        INTEGER,          -- prompt to last response before the next prompt
	first_tool_us      INTEGER,          -- prompt to first tool call
	model              TEXT              -- of the first response
) STRICT;
CREATE INDEX conversation_turns_by_conversation ON conversation_turns (conversation_id, ts_us);
CREATE INDEX conversation_turns_by_time ON conversation_turns (ts_us);

CREATE TABLE model_calls (
	id                 INTEGER NOT NULL UNIQUE,
	live_conversation  INTEGER, asked_conversation INTEGER, file_conversation INTEGER, owner_conversation INTEGER,
	conversation_id    INTEGER GENERATED ALWAYS AS (coalesce(live_conversation, asked_conversation, owner_conversation, file_conversation)) VIRTUAL,
	line_key           BLOB,             -- smallest of its lines
	request_id         TEXT,
	model              TEXT,
	ts_us              INTEGER NOT NULL, -- first line
	ts_last_us         INTEGER NOT NULL,
	sidechain          INTEGER NOT NULL, -- 0 when any main line has it: only those counted below
	input              INTEGER NOT NULL DEFAULT 0,
	output             INTEGER NOT NULL DEFAULT 0,  -- includes reasoning
	cache_write_5m     INTEGER NOT NULL DEFAULT 0,
	cache_write_1h     INTEGER NOT NULL DEFAULT 0,
	cache_read         INTEGER NOT NULL DEFAULT 0,
	reasoning          INTEGER NOT NULL DEFAULT 0,
	web_searches       INTEGER NOT NULL DEFAULT 0,
	aborted            INTEGER NOT NULL DEFAULT 0,  -- the stream was cut: tokens count apart
	service_tier       TEXT,
	speed              TEXT,
	stop_reason        TEXT,
	agent_id           TEXT,
	duration_us        INTEGER,          -- reported
	ttft_us            INTEGER,          -- reported
	reported_pusd      INTEGER,          -- pico-USD, as the client reported it
	cost_pusd          INTEGER,          -- computed; NULL: no price
	price_id           TEXT
) STRICT;
CREATE INDEX model_calls_by_conversation ON model_calls (conversation_id, ts_us);
CREATE INDEX model_calls_by_time ON model_calls (ts_us);

CREATE TABLE tool_calls (
	id                 INTEGER NOT NULL UNIQUE,
	live_conversation  INTEGER, asked_conversation INTEGER, file_conversation INTEGER, owner_conversation INTEGER,
	conversation_id    INTEGER GENERATED ALWAYS AS (coalesce(live_conversation, asked_conversation, owner_conversation, file_conversation)) VIRTUAL,
	line_key           BLOB,
	tool               TEXT,             -- "mcp" for MCP tools at strict
	mcp                INTEGER NOT NULL DEFAULT 0,
	started_us         INTEGER,          -- call seen
	ended_us           INTEGER,          -- result seen
	ts_us              INTEGER NOT NULL, -- smallest time of any record of it: its bucket
	duration_us        INTEGER,          -- reported
	latency_us         INTEGER GENERATED ALWAYS AS (coalesce(duration_us, CASE WHEN ended_us >= started_us THEN ended_us - started_us END)) VIRTUAL,
	outcome_rank       INTEGER NOT NULL DEFAULT 100,  -- evidence.md 2.1 x 10; weak texts 320 error, 321 denied, 322 rejected
	outcome            TEXT GENERATED ALWAYS AS (CASE
		WHEN outcome_rank >= 900 OR outcome_rank = 322 THEN 'rejected'
		WHEN outcome_rank >= 800 OR outcome_rank IN (321, 200) THEN 'denied'
		WHEN outcome_rank >= 600 THEN 'interrupted'
		WHEN outcome_rank >= 500 OR outcome_rank = 320 THEN 'error'
		WHEN outcome_rank >= 400 THEN 'ok'
		ELSE 'pending' END) VIRTUAL,
	decision_rank      INTEGER NOT NULL DEFAULT 0,
	decision_source    TEXT,
	error_rank         INTEGER NOT NULL DEFAULT 0,    -- 3 precondition, 2 exit_code, 1 the rest
	error_class        TEXT,
	exit_code          INTEGER,
	input_bytes        INTEGER,
	output_bytes       INTEGER,
	input_hash         TEXT,
	cmd_kind           TEXT,
	background         INTEGER NOT NULL DEFAULT 0,
	is_sidechain       INTEGER NOT NULL DEFAULT 1,    -- 0 when a main line or a hook outside a sub-agent has it
	agent_id           TEXT,
	spawned_agent_id   TEXT,
	-- finaliser:
	turn_id            INTEGER           -- the human turn it answers
) STRICT;
CREATE INDEX tool_calls_by_conversation ON tool_calls (conversation_id, ts_us);
CREATE INDEX tool_calls_by_time ON tool_calls (ts_us);

CREATE TABLE code_changes (
	id            INTEGER NOT NULL UNIQUE,  -- the tool call's
	exact         INTEGER NOT NULL DEFAULT 0,  -- 1 told by the result, 0 by the input alone: decides all of the next
	operation     TEXT,                     -- create edit delete
	file_hash     TEXT,
	extension     TEXT,
	old_hash      TEXT,
	new_hash      TEXT,
	lines_added   INTEGER,
	lines_removed INTEGER,
	-- finaliser:
	accepted      INTEGER,  -- 1 ok, 0 rejected, NULL neither
	decided_us    INTEGER,
	revision      INTEGER,  -- 1 when the same file was edited again within 5 min
	reverted      INTEGER   -- 1 when a later edit within 30 s undid it
) STRICT;

CREATE TABLE file_access (
	id        INTEGER NOT NULL UNIQUE,  -- H(tool call, file)
	tool_call INTEGER NOT NULL,
	kind      TEXT,                     -- read search
	file_hash TEXT,
	extension TEXT
) STRICT;
CREATE INDEX file_access_by_tool_call ON file_access (tool_call);

CREATE TABLE permission_requests (
	id                INTEGER NOT NULL UNIQUE,
	live_conversation INTEGER NOT NULL,
	ts_us             INTEGER NOT NULL,
	tool              TEXT,
	input_hash        TEXT,
	agent_id          TEXT,
	-- finaliser:
	tool_call         INTEGER  -- same session, tool and input, nearest within 10 min
) STRICT;
CREATE INDEX permission_requests_by_conversation ON permission_requests (live_conversation, ts_us);

CREATE TABLE api_errors (
	id                 INTEGER NOT NULL UNIQUE,
	live_conversation  INTEGER, asked_conversation INTEGER, file_conversation INTEGER, owner_conversation INTEGER,
	conversation_id    INTEGER GENERATED ALWAYS AS (coalesce(live_conversation, asked_conversation, owner_conversation, file_conversation)) VIRTUAL,
	line_key           BLOB,
	ts_us              INTEGER NOT NULL,
	kind               TEXT,     -- retry, final (the request was given up), turn (a hook: the turn failed)
	status             INTEGER,
	error_class        TEXT,
	retry_attempt      INTEGER,
	request_id         TEXT
) STRICT;
CREATE INDEX api_errors_by_conversation ON api_errors (conversation_id, ts_us);
CREATE INDEX api_errors_by_time ON api_errors (ts_us);

CREATE TABLE compactions (
	id                 INTEGER NOT NULL UNIQUE,
	live_conversation  INTEGER, asked_conversation INTEGER, file_conversation INTEGER, owner_conversation INTEGER,
	conversation_id    INTEGER GENERATED ALWAYS AS (coalesce(live_conversation, asked_conversation, owner_conversation, file_conversation)) VIRTUAL,
	line_key           BLOB,
	ts_us              INTEGER NOT NULL,
	from_line          INTEGER NOT NULL DEFAULT 0,
	compact_trigger    TEXT,     -- manual auto
	pre_tokens         INTEGER,
	post_tokens        INTEGER,
	-- finaliser:
	counted            INTEGER NOT NULL DEFAULT 0  -- k-th with k-th over sources: 1 for the one that counts
) STRICT;
CREATE INDEX compactions_by_conversation ON compactions (conversation_id, ts_us);

CREATE TABLE subagents (
	id              INTEGER NOT NULL UNIQUE,  -- H(conversation, agent id)
	conversation_id INTEGER NOT NULL,
	agent_id        TEXT    NOT NULL,
	agent_type      TEXT,
	seen            INTEGER NOT NULL DEFAULT 0,  -- bits: 1 transcript, 2 hook
	started_us      INTEGER NOT NULL,
	ended_us        INTEGER NOT NULL
) STRICT;
CREATE INDEX subagents_by_conversation ON subagents (conversation_id);

-- Active minutes of a session. Made by the finaliser from session_event.
CREATE TABLE activity (
	conversation_id INTEGER NOT NULL,
	minute          INTEGER NOT NULL,  -- minutes since 1970
	first_us        INTEGER NOT NULL,
	last_us         INTEGER NOT NULL,
	events          INTEGER NOT NULL,
	PRIMARY KEY (conversation_id, minute)
) STRICT, WITHOUT ROWID;

-- Every event with a time of its own: 48 bits of its ms, then its line's uuid (or its event id). A copy of a line in another
-- session has the same key, so a key that stands in two sessions is a copied line.
CREATE TABLE session_event (
	conversation_id INTEGER NOT NULL,
	event_key       BLOB    NOT NULL,  -- 16 bytes
	PRIMARY KEY (conversation_id, event_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_event_by_key ON session_event (event_key);

-- Sessions that share a line, both ways round.
CREATE TABLE session_link (
	conversation_id INTEGER NOT NULL,
	other           INTEGER NOT NULL,
	PRIMARY KEY (conversation_id, other)
) STRICT, WITHOUT ROWID;

-- Every key under which a fact is known.
CREATE TABLE fact_alias (
	kind     TEXT    NOT NULL CHECK (kind IN ('msg', 'req', 'tool', 'prompt', 'span')),
	platform TEXT    NOT NULL,
	key      INTEGER NOT NULL,  -- first 8 bytes of SHA-256 of the key's text
	fact_id  INTEGER NOT NULL,
	PRIMARY KEY (kind, platform, key, fact_id)
) STRICT, WITHOUT ROWID;

-- Rows that could not become facts. They block nothing.
CREATE TABLE fact_error (
	tbl      TEXT    NOT NULL,
	sequence INTEGER NOT NULL,
	reason   TEXT    NOT NULL,
	PRIMARY KEY (tbl, sequence)
) STRICT, WITHOUT ROWID;

-- Sessions whose evidence changed since the finaliser read it.
CREATE TABLE dirty_session (
	conversation_id INTEGER NOT NULL PRIMARY KEY,
	generation      INTEGER NOT NULL
) STRICT;

-- 15-minute buckets whose facts changed since their rollup was made.
CREATE TABLE dirty_bucket (
	bucket_us  INTEGER NOT NULL PRIMARY KEY,
	generation INTEGER NOT NULL
) STRICT;

-- One row per (bucket, platform, project, model, tool) that has something; recomputed, never incremented. What has no
-- model or no tool stands under ''.
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
	aborted_calls     INTEGER NOT NULL,
	aborted_input     INTEGER NOT NULL,
	aborted_output    INTEGER NOT NULL,
	aborted_cache_write_5m INTEGER NOT NULL,
	aborted_cache_write_1h INTEGER NOT NULL,
	aborted_cache_read INTEGER NOT NULL,
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

-- A line that names a prompt id hides the hook's turn of the same prompt, whichever comes first.
CREATE TRIGGER turn_shadowed_by_alias AFTER INSERT ON fact_alias WHEN new.kind = 'prompt' BEGIN
	UPDATE conversation_turns SET shadowed = 1 WHERE id = new.key AND from_line = 0;
END;
CREATE TRIGGER turn_born_shadowed AFTER INSERT ON conversation_turns WHEN new.from_line = 0
	AND EXISTS (SELECT 1 FROM fact_alias WHERE kind = 'prompt' AND key = new.id) BEGIN
	UPDATE conversation_turns SET shadowed = 1 WHERE id = new.id;
END;

-- A change of a fact dirties the bucket it is in, and the one it was in.
CREATE TRIGGER conversation_turns_dirty_insert AFTER INSERT ON conversation_turns BEGIN
	INSERT INTO dirty_bucket VALUES (new.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER conversation_turns_dirty_update AFTER UPDATE ON conversation_turns BEGIN
	INSERT INTO dirty_bucket VALUES (new.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
	INSERT INTO dirty_bucket VALUES (old.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER model_calls_dirty_insert AFTER INSERT ON model_calls BEGIN
	INSERT INTO dirty_bucket VALUES (new.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER model_calls_dirty_update AFTER UPDATE ON model_calls BEGIN
	INSERT INTO dirty_bucket VALUES (new.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
	INSERT INTO dirty_bucket VALUES (old.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER tool_calls_dirty_insert AFTER INSERT ON tool_calls BEGIN
	INSERT INTO dirty_bucket VALUES (new.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER tool_calls_dirty_update AFTER UPDATE ON tool_calls BEGIN
	INSERT INTO dirty_bucket VALUES (new.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
	INSERT INTO dirty_bucket VALUES (old.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER api_errors_dirty_insert AFTER INSERT ON api_errors BEGIN
	INSERT INTO dirty_bucket VALUES (new.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER api_errors_dirty_update AFTER UPDATE ON api_errors BEGIN
	INSERT INTO dirty_bucket VALUES (new.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
	INSERT INTO dirty_bucket VALUES (old.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER compactions_dirty_insert AFTER INSERT ON compactions BEGIN
	INSERT INTO dirty_bucket VALUES (new.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER compactions_dirty_update AFTER UPDATE ON compactions BEGIN
	INSERT INTO dirty_bucket VALUES (new.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
	INSERT INTO dirty_bucket VALUES (old.ts_us / 900000000 * 900000000, 1) ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER code_changes_dirty_insert AFTER INSERT ON code_changes BEGIN
	INSERT INTO dirty_bucket SELECT ts_us / 900000000 * 900000000, 1 FROM tool_calls WHERE id = new.id
	ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER code_changes_dirty_update AFTER UPDATE ON code_changes BEGIN
	INSERT INTO dirty_bucket SELECT ts_us / 900000000 * 900000000, 1 FROM tool_calls WHERE id = new.id
	ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
CREATE TRIGGER conversations_dirty_update AFTER UPDATE OF project_hash ON conversations WHEN new.project_hash IS NOT old.project_hash BEGIN
	INSERT INTO dirty_bucket SELECT bucket_us, 1 FROM (
		SELECT DISTINCT ts_us / 900000000 * 900000000 AS bucket_us FROM conversation_turns WHERE conversation_id = new.id
		UNION SELECT DISTINCT ts_us / 900000000 * 900000000 FROM model_calls WHERE conversation_id = new.id
		UNION SELECT DISTINCT ts_us / 900000000 * 900000000 FROM tool_calls WHERE conversation_id = new.id
		UNION SELECT DISTINCT ts_us / 900000000 * 900000000 FROM api_errors WHERE conversation_id = new.id
		UNION SELECT DISTINCT ts_us / 900000000 * 900000000 FROM compactions WHERE conversation_id = new.id) WHERE true
	ON CONFLICT (bucket_us) DO UPDATE SET generation = generation + 1;
END;
