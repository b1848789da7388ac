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
