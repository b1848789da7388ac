-- Model calls by hour, of all projects: rollups.span 5, written by src/slowpath/rollup_maker.c with the day they lie in
-- (docs/design/rollups.md). start_us is the hour of UTC, or the day's start when that lies within it; project_hash, tool
-- and agent_type are ''; there are no sketches and no files.
--
-- Days that are stored have none yet. Without a zone they are not used, and are made again from quarters of an hour.
UPDATE rollup_zone SET name = '';
