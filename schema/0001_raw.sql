-- The log: every captured event, once. Rows are written only by src/fastpath; purge and retention delete.

-- Low-cardinality text, stored once. Facts never refer to it: they must not depend on arrival order.
CREATE TABLE name (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: readers remember it across a purge
	text TEXT    NOT NULL UNIQUE
) STRICT;

-- Preset dictionaries; the FDICT field of a row's zlib stream names one by its Adler-32.
CREATE TABLE zlib_dictionary (
	id      INTEGER PRIMARY KEY,
	adler32 INTEGER NOT NULL UNIQUE,
	dict    BLOB    NOT NULL
) STRICT;

-- Values of 4 KiB and more that repeat (only at levels that keep them), by SHA-256.
CREATE TABLE blob (
	hash BLOB NOT NULL PRIMARY KEY,
	data BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE claude_row (
	sequence              INTEGER PRIMARY KEY AUTOINCREMENT,
	ingested_us           INTEGER NOT NULL,  -- when the fast path stored it
	event_id              BLOB    NOT NULL CHECK (length(event_id) = 16),
	platform              INTEGER NOT NULL,  -- name.id
	session               INTEGER NOT NULL,  -- name.id of the external session id
	type                  INTEGER NOT NULL,  -- name.id
	hook_type             INTEGER,           -- name.id
	source                INTEGER NOT NULL,  -- name.id
	ts_us                 INTEGER NOT NULL,  -- for display and order
	ts_source             INTEGER NOT NULL,  -- 0 own, 1 inherited, 2 received
	pv                    INTEGER NOT NULL,  -- projection version
	lvl                   INTEGER NOT NULL,  -- privacy level
	flags                 INTEGER NOT NULL,  -- 1 sidechain, 2 meta
	project               INTEGER,           -- name.id of the keyed hash of the working folder
	project_name          INTEGER,           -- name.id
	branch                INTEGER,           -- name.id of the keyed hash
	app_version           INTEGER,           -- name.id
	model                 INTEGER,           -- name.id
	tool                  INTEGER,           -- name.id
	stop_reason           INTEGER,           -- name.id
	subtype               INTEGER,           -- name.id
	severity              INTEGER,           -- name.id
	operation             INTEGER,           -- name.id
	service_tier          INTEGER,           -- name.id
	uuid                  ANY,               -- 16 bytes when it is a UUID, else text
	parent_uuid           ANY,               -- the same
	prompt_id             ANY,               -- the same
	request_id            TEXT,
	message_id            TEXT,
	agent_id              TEXT,
	input_tokens          INTEGER,
	output_tokens         INTEGER,
	cache_read_tokens     INTEGER,
	cache_write_tokens    INTEGER,
	cache_write_5m_tokens INTEGER,
	cache_write_1h_tokens INTEGER,
	duration_ms           INTEGER,
	lines_added           INTEGER,
	lines_removed         INTEGER,
	tool_calls_count      INTEGER,
	event_data            BLOB    NOT NULL   -- zlib stream of the payload (docs/design/payload.md)
) STRICT;
CREATE UNIQUE INDEX claude_row_by_event ON claude_row (event_id);
CREATE INDEX claude_row_by_session ON claude_row (session, ts_us);
CREATE INDEX claude_row_by_type ON claude_row (type, ts_us);

-- The same columns for every platform that has no table of its own.
CREATE TABLE other_row (
	sequence              INTEGER PRIMARY KEY AUTOINCREMENT,
	ingested_us           INTEGER NOT NULL,
	event_id              BLOB    NOT NULL CHECK (length(event_id) = 16),
	platform              INTEGER NOT NULL,
	session               INTEGER NOT NULL,
	type                  INTEGER NOT NULL,
	hook_type             INTEGER,
	source                INTEGER NOT NULL,
	ts_us                 INTEGER NOT NULL,
	ts_source             INTEGER NOT NULL,
	pv                    INTEGER NOT NULL,
	lvl                   INTEGER NOT NULL,
	flags                 INTEGER NOT NULL,
	project               INTEGER,
	project_name          INTEGER,
	branch                INTEGER,
	app_version           INTEGER,
	model                 INTEGER,
	tool                  INTEGER,
	stop_reason           INTEGER,
	subtype               INTEGER,
	severity              INTEGER,
	operation             INTEGER,
	service_tier          INTEGER,
	uuid                  ANY,
	parent_uuid           ANY,
	prompt_id             ANY,
	request_id            TEXT,
	message_id            TEXT,
	agent_id              TEXT,
	input_tokens          INTEGER,
	output_tokens         INTEGER,
	cache_read_tokens     INTEGER,
	cache_write_tokens    INTEGER,
	cache_write_5m_tokens INTEGER,
	cache_write_1h_tokens INTEGER,
	duration_ms           INTEGER,
	lines_added           INTEGER,
	lines_removed         INTEGER,
	tool_calls_count      INTEGER,
	event_data            BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX other_row_by_event ON other_row (event_id);
CREATE INDEX other_row_by_session ON other_row (session, ts_us);
CREATE INDEX other_row_by_type ON other_row (type, ts_us);

-- Where each re-readable source stands. Written in the transaction of the rows it speaks of.
CREATE TABLE capture_checkpoint (
	key        TEXT    NOT NULL PRIMARY KEY,  -- source kind ':' keyed hash of the path
	value      TEXT    NOT NULL CHECK (json_valid(value)),  -- struct bp_checkpoint (store/checkpoint.h)
	updated_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The lowest unfinished sequence of a pool, committed with what the pool made.
CREATE TABLE pool_progress (
	pool      TEXT    NOT NULL,
	tbl       TEXT    NOT NULL,
	low_water INTEGER NOT NULL,  -- every sequence up to here is finished
	PRIMARY KEY (pool, tbl)
) STRICT, WITHOUT ROWID;

-- What was purged and must not come back: rows of the scope with ts_us <= until_us are refused.
CREATE TABLE tombstone (
	scope    TEXT    NOT NULL CHECK (scope IN ('session', 'project', 'platform', 'all')),
	key_hash TEXT    NOT NULL,  -- SHA-256, hex, of the session id, project hash or platform; '' for all
	until_us INTEGER NOT NULL,
	PRIMARY KEY (scope, key_hash)
) STRICT, WITHOUT ROWID;

-- The seeds' names, readable.
CREATE VIEW claude_raw_traces AS
SELECT
	r.sequence,
	strftime('%Y-%m-%dT%H:%M:%S', r.ingested_us / 1000000, 'unixepoch')
		|| printf('.%03dZ', r.ingested_us / 1000 % 1000) AS ingested_at,
	lower(hex(r.event_id)) AS event_id,
	(SELECT text FROM name WHERE id = r.platform) AS platform,
	(SELECT text FROM name WHERE id = r.session) AS external_session_id,
	(SELECT text FROM name WHERE id = r.session) AS external_id,
	(SELECT text FROM name WHERE id = r.type) AS event_type,
	(SELECT text FROM name WHERE id = r.hook_type) AS hook_type,
	(SELECT text FROM name WHERE id = r.source) AS source,
	strftime('%Y-%m-%dT%H:%M:%S', r.ts_us / 1000000, 'unixepoch')
		|| printf('.%03dZ', r.ts_us / 1000 % 1000) AS timestamp,
	(SELECT text FROM name WHERE id = r.project) AS workspace_hash,
	(SELECT text FROM name WHERE id = r.project) AS project_hash,
	(SELECT text FROM name WHERE id = r.project_name) AS project_name,
	(SELECT text FROM name WHERE id = r.branch) AS git_branch_hash,
	(SELECT text FROM name WHERE id = r.app_version) AS version,
	(SELECT text FROM name WHERE id = r.model) AS model,
	(SELECT text FROM name WHERE id = r.model) AS message_model,
	(SELECT text FROM name WHERE id = r.tool) AS tool_name,
	CASE typeof(r.uuid) WHEN 'blob' THEN lower(substr(hex(r.uuid), 1, 8) || '-' || substr(hex(r.uuid), 9, 4) || '-' || substr(hex(r.uuid), 13, 4) || '-' || substr(hex(r.uuid), 17, 4) || '-' || substr(hex(r.uuid), 21)) ELSE r.uuid END AS uuid,
	CASE typeof(r.parent_uuid) WHEN 'blob' THEN lower(substr(hex(r.parent_uuid), 1, 8) || '-' || substr(hex(r.parent_uuid), 9, 4) || '-' || substr(hex(r.parent_uuid), 13, 4) || '-' || substr(hex(r.parent_uuid), 17, 4) || '-' || substr(hex(r.parent_uuid), 21)) ELSE r.parent_uuid END AS parent_uuid,
	CASE typeof(r.prompt_id) WHEN 'blob' THEN lower(substr(hex(r.prompt_id), 1, 8) || '-' || substr(hex(r.prompt_id), 9, 4) || '-' || substr(hex(r.prompt_id), 13, 4) || '-' || substr(hex(r.prompt_id), 17, 4) || '-' || substr(hex(r.prompt_id), 21)) ELSE r.prompt_id END AS prompt_id,
	r.request_id, r.message_id, r.agent_id,
	r.flags & 1 AS is_sidechain,
	r.flags >> 1 & 1 AS is_meta,
	(SELECT text FROM name WHERE id = r.stop_reason) AS stop_reason,
	(SELECT text FROM name WHERE id = r.subtype) AS subtype,
	(SELECT text FROM name WHERE id = r.severity) AS level,
	(SELECT text FROM name WHERE id = r.operation) AS operation,
	(SELECT text FROM name WHERE id = r.service_tier) AS service_tier,
	r.input_tokens,
	r.cache_write_tokens AS cache_creation_input_tokens,
	r.cache_read_tokens AS cache_read_input_tokens,
	r.output_tokens,
	r.cache_write_5m_tokens AS cache_5m_tokens,
	r.cache_write_1h_tokens AS cache_1h_tokens,
	nullif(ifnull(r.input_tokens, 0) + ifnull(r.output_tokens, 0), 0) AS tokens_used,
	r.duration_ms, r.lines_added, r.lines_removed, r.tool_calls_count,
	r.event_data,
	date(r.ts_us / 1000000, 'unixepoch') AS event_date,
	CAST(strftime('%H', r.ts_us / 1000000, 'unixepoch') AS INTEGER) AS event_hour
FROM claude_row AS r;

CREATE VIEW raw_traces AS
SELECT
	r.sequence,
	strftime('%Y-%m-%dT%H:%M:%S', r.ingested_us / 1000000, 'unixepoch')
		|| printf('.%03dZ', r.ingested_us / 1000 % 1000) AS ingested_at,
	lower(hex(r.event_id)) AS event_id,
	(SELECT text FROM name WHERE id = r.platform) AS platform,
	(SELECT text FROM name WHERE id = r.session) AS external_session_id,
	(SELECT text FROM name WHERE id = r.type) AS event_type,
	(SELECT text FROM name WHERE id = r.hook_type) AS hook_type,
	(SELECT text FROM name WHERE id = r.source) AS source,
	strftime('%Y-%m-%dT%H:%M:%S', r.ts_us / 1000000, 'unixepoch')
		|| printf('.%03dZ', r.ts_us / 1000 % 1000) AS timestamp,
	(SELECT text FROM name WHERE id = r.project) AS workspace_hash,
	(SELECT text FROM name WHERE id = r.project) AS project_hash,
	(SELECT text FROM name WHERE id = r.model) AS model,
	(SELECT text FROM name WHERE id = r.tool) AS tool_name,
	r.duration_ms,
	nullif(ifnull(r.input_tokens, 0) + ifnull(r.output_tokens, 0), 0) AS tokens_used,
	r.lines_added, r.lines_removed,
	r.event_data,
	date(r.ts_us / 1000000, 'unixepoch') AS event_date,
	CAST(strftime('%H', r.ts_us / 1000000, 'unixepoch') AS INTEGER) AS event_hour
FROM other_row AS r;
