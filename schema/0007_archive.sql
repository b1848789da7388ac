-- Ids of rows that went to the archive: the fast path refuses them, so a second import does not bring them back.
CREATE TABLE archived_event (
	event_id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Files of the archive that were read back and synced.
CREATE TABLE archive_file (
	path        TEXT    NOT NULL PRIMARY KEY,  -- below the home's archive folder
	platform    TEXT    NOT NULL,
	month       TEXT    NOT NULL,              -- 2026-01, UTC
	rows        INTEGER NOT NULL,
	bytes       INTEGER NOT NULL,
	min_ts_us   INTEGER NOT NULL,
	max_ts_us   INTEGER NOT NULL,
	sha256      BLOB    NOT NULL CHECK (length(sha256) = 32),
	written_us  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A session with archived rows is sealed: a rebuild leaves its facts alone (unless from the archive).
ALTER TABLE conversations ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
