-- What a run was given stays with it, and so does the program that executed it.

-- `runs.args` is NULL as long as the run has what its job has. An edit of that writes the arguments of before to the runs that exist: '' where
-- there were none.

-- The newest run at the last edit of the arguments: those up to it have what they need.
ALTER TABLE jobs ADD COLUMN args_kept INTEGER;

-- The programs that have started attempts, each build by itself. One that has been here before has the same number.
CREATE TABLE builds (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE          -- for people
) STRICT;
ALTER TABLE runs ADD COLUMN build INTEGER;       -- of the newest attempt
ALTER TABLE attempts ADD COLUMN build INTEGER;

-- Dynamic jobs that a run of theirs has asked to remove: each goes once its runs have ended.
CREATE TABLE removals (
    job_id INTEGER PRIMARY KEY REFERENCES jobs (id),
    run_id INTEGER NOT NULL            -- who asked first
) STRICT;

-- What a clock that was set back has left with a job. Most jobs have no such row, and the row that each run writes is as small as it was.
CREATE TABLE rewinds (
    job_id       INTEGER PRIMARY KEY REFERENCES jobs (id),
    -- Where the mark was before the clock was set back: up to here ticks after the mark may have a run or a block of skips that stands.
    suspended_ms INTEGER,
    -- The clock stands before the mark, by 3 hours at most: up to here the instants are decided of a job that runs at intervals, which has runs
    -- beside the ticks meanwhile. NULL: the clock is right, as far as the job knows.
    beside_ms    INTEGER,
    -- The newest stretch of more than 3 hours whose ticks were skipped, remembered when that is pruned.
    gap_first_ms INTEGER,
    gap_last_ms  INTEGER,
    -- The earliest instant to which the mark was set back: the job may have run from there on, also before its first registration.
    earliest_ms  INTEGER
) STRICT;
CREATE INDEX rewinds_left ON rewinds (job_id) WHERE suspended_ms IS NOT NULL OR beside_ms IS NOT NULL;
INSERT INTO rewinds (job_id, suspended_ms, gap_first_ms, gap_last_ms, earliest_ms)
    SELECT job_id, suspended_ms, gap_first_ms, gap_last_ms, earliest_ms FROM marks
    WHERE suspended_ms IS NOT NULL OR gap_first_ms IS NOT NULL OR earliest_ms IS NOT NULL;
ALTER TABLE marks DROP COLUMN suspended_ms;
ALTER TABLE marks DROP COLUMN gap_first_ms;
ALTER TABLE marks DROP COLUMN gap_last_ms;
ALTER TABLE marks DROP COLUMN earliest_ms;
-- How often a clock has changed skips on record: a process that folds neighbours looks at all of them again.
ALTER TABLE counters ADD COLUMN rewinds INTEGER NOT NULL DEFAULT 0;
