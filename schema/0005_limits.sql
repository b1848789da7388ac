-- What the client says of the plan's limits, as it says it (status line input). Written by the service from the spool of samples.
CREATE TABLE plan_limit (
	platform     TEXT    NOT NULL,
	window       TEXT    NOT NULL,  -- five_hour seven_day ... as reported
	ts_us        INTEGER NOT NULL,  -- when it was said
	used_percent REAL    NOT NULL,
	resets_us    INTEGER,           -- when the window begins anew
	PRIMARY KEY (platform, window, ts_us)
) STRICT, WITHOUT ROWID;
