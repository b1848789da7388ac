-- What the client says of the plan's limits, as it says it (status line input), when it changes. Written by src/daemon/limits.c
-- from <home>/run/limits.json, where `blueplane statusline` keeps the last word.
CREATE TABLE limit_status (
	platform     TEXT    NOT NULL,
	window       TEXT    NOT NULL,  -- five_hour seven_day ... as reported
	ts_us        INTEGER NOT NULL,  -- when it was said
	used_percent REAL    NOT NULL,
	resets_us    INTEGER,           -- when the window begins anew
	PRIMARY KEY (platform, window, ts_us)
) STRICT, WITHOUT ROWID;

-- finaliser: calls of tools that have no end yet. 0: what the finaliser keeps of the session cannot change by time alone.
ALTER TABLE conversations ADD COLUMN pending_calls INTEGER;
