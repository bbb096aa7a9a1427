-- What people meet: clocks that are behind, jobs that take their process down, runs of old ticks, policies of a handler.

-- The text of an error is kept once.

-- `error` is what attempts do not have: why a run was cancelled that had none in progress. The text of an attempt is with it, and this says
-- with which.
ALTER TABLE runs ADD COLUMN error_seq INTEGER;

-- Retention counts from the end of a run.

-- When a run ended, where its beginning and duration do not tell: its attempt was cut off, or it never had one, or the clock was
-- behind what the record knew. NULL while it is active, too.
ALTER TABLE runs ADD COLUMN ended_ms INTEGER;
-- Runs beside the ticks go by their numbers. No tick is in it.
CREATE INDEX runs_beside ON runs (job_id) WHERE lane > 0;

-- Jobs that were in progress when their process died, until a run of theirs ends while its process lives. Mostly none.
CREATE TABLE suspects (
    job_id         INTEGER PRIMARY KEY REFERENCES jobs (id),
    deaths         INTEGER NOT NULL,   -- in a row
    last_ms        INTEGER NOT NULL,   -- when the newest attempt was started that was in progress at the last of them
    is_quarantined INTEGER NOT NULL    -- 1: nothing of it starts until a person resumes it
) STRICT;
-- 1: another process found the incarnation dead and has written `ended_ms`, or took it for dead, where nobody can tell, and has counted
-- its death. NULL: it lives, or took leave itself.
ALTER TABLE incarnations ADD COLUMN died INTEGER;

-- The declared jobs that a process executes of its program, as JSON: an array of names. NULL for all.
ALTER TABLE incarnations ADD COLUMN executes TEXT;
-- `jobs.synced_by` is 0 for a job that no program declares. On a connection of the user's, where foreign keys count, that has to be somebody.
INSERT INTO incarnations (id, token, boot, joined_ms, ended_ms) VALUES (0, 'nobody', '', 0, 0);

-- The version of this schema. The numbers in the header of the file, where it was before, are the application's if it wants them.
CREATE TABLE cron_schema (
    version INTEGER NOT NULL
) STRICT;
INSERT INTO cron_schema VALUES (7);

-- Clocks that were set back by hours.

-- Where the mark was before the clock was set back: up to here ticks after the mark may have a run or a block of skips that stands.
ALTER TABLE marks ADD COLUMN suspended_ms INTEGER;
-- The newest stretch of more than 3 hours whose ticks were skipped, remembered when that is pruned.
ALTER TABLE marks ADD COLUMN gap_first_ms INTEGER;
ALTER TABLE marks ADD COLUMN gap_last_ms INTEGER;
-- The earliest instant to which the mark was set back: the job may have run from there on, also before its first registration.
ALTER TABLE marks ADD COLUMN earliest_ms INTEGER;

-- Blocks of skipped ticks that lay after the clock when it was set back, as they were recorded.
CREATE TABLE suspended (
    id         INTEGER PRIMARY KEY,
    job_id     INTEGER NOT NULL REFERENCES jobs (id),
    first_ms   INTEGER NOT NULL,
    last_ms    INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    holder     INTEGER,
    note       TEXT,
    taken_back INTEGER NOT NULL    -- 1: its ticks were judged anew. 0: those after the mark count again if the clock jumps beyond them
) STRICT;
CREATE INDEX suspended_job ON suspended (job_id, first_ms);
