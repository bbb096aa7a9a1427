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

-- Clocks that stand before the mark, by 3 hours at most.

-- Up to here the instants are decided of a job that runs at intervals, which has runs beside the ticks meanwhile. NULL: the clock is right, as
-- far as the job knows.
ALTER TABLE marks ADD COLUMN beside_ms INTEGER;

-- Dynamic jobs that a run of theirs has asked to remove: each goes once its runs have ended.
CREATE TABLE removals (
    job_id INTEGER PRIMARY KEY REFERENCES jobs (id),
    run_id INTEGER NOT NULL            -- who asked first
) STRICT;
