-- The archive: rows that left the log for Parquet files. Written by src/store/archive.c alone (purge and retention call it).

-- Ids of rows that are not in the log any more: the fast path refuses them, so a second import does not bring them back.
CREATE TABLE archived_event (
	event_id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Files of the archive that were read back and synced.
CREATE TABLE archive_file (
	path        TEXT    NOT NULL PRIMARY KEY,  -- below the home's archive folder
	platform    TEXT    NOT NULL,
	month       TEXT    NOT NULL,              -- 2026-01, UTC
	state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),  -- enum bp_archive_state
	rows        INTEGER NOT NULL,
	bytes       INTEGER NOT NULL,
	min_ts_us   INTEGER NOT NULL,
	max_ts_us   INTEGER NOT NULL,
	sha256      BLOB    NOT NULL CHECK (length(sha256) = 32),
	written_us  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sessions with rows in a file of the archive (path '': with rows that retention deleted). They are sealed: a rebuild leaves their
-- facts alone, unless it reads the archive as well.
CREATE TABLE archived_session (
	platform    TEXT NOT NULL,
	external_id TEXT NOT NULL,
	path        TEXT NOT NULL,
	PRIMARY KEY (external_id, platform, path)
) STRICT, WITHOUT ROWID;
