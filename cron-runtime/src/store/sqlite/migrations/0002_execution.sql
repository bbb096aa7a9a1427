-- Queues, cancellation, dead letters, groups, backfills, dynamic jobs, retention.

-- What waits and what was said about the next run, beside what changes with each tick.
ALTER TABLE marks ADD COLUMN rank INTEGER NOT NULL DEFAULT 50;    -- 100 - priority: the smaller, the earlier
ALTER TABLE marks ADD COLUMN queued_ms INTEGER;                   -- up to here ticks after the mark wait for the slot
ALTER TABLE marks ADD COLUMN hold_ms INTEGER;                     -- when the job runs next, as its run has said
ALTER TABLE marks ADD COLUMN hold_by INTEGER;                     -- that run; with hold_ms NULL it said never
ALTER TABLE marks ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;   -- runs that wait for the slot; `active` leaves them out
ALTER TABLE marks ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0; -- all runs on record
ALTER TABLE marks ADD COLUMN pruned_ms INTEGER;                   -- verdicts up to here may be gone
UPDATE marks SET recorded = (SELECT count(*) FROM runs WHERE runs.job_id = marks.job_id);
DROP INDEX marks_due;
CREATE INDEX marks_due ON marks (due_ms, rank) WHERE due_ms IS NOT NULL;

-- From the plan, to find jobs by.
ALTER TABLE jobs ADD COLUMN handler TEXT;   -- of a dynamic job: the job whose function it calls
ALTER TABLE jobs ADD COLUMN grp TEXT;       -- the group
CREATE INDEX jobs_handler ON jobs (handler) WHERE handler IS NOT NULL;
CREATE INDEX jobs_group ON jobs (grp) WHERE grp IS NOT NULL;

ALTER TABLE runs ADD COLUMN args TEXT;              -- JSON for the function, where the run has its own
ALTER TABLE runs ADD COLUMN asked_ms INTEGER;       -- when its attempt was asked to stop
ALTER TABLE runs ADD COLUMN asked_why TEXT;         -- by whom, and why
ALTER TABLE runs ADD COLUMN progress REAL;          -- 0 to 1, as its function says
ALTER TABLE runs ADD COLUMN progress_note TEXT;
ALTER TABLE runs ADD COLUMN dismissed_ms INTEGER;   -- when a person took it off the list of dead letters
ALTER TABLE runs ADD COLUMN batch INTEGER;          -- the backfill that it belongs to
-- A run that holds its slot wants to start at an instant, or is somebody's. One that is scheduled without an instant is parked:
-- it waits for the slot. (No lists in these conditions: SQLite builds a table of each list whenever it writes a run.)
DROP INDEX runs_active;
CREATE INDEX runs_active ON runs (job_id) WHERE wake_ms IS NOT NULL OR lease_ms IS NOT NULL;
CREATE INDEX runs_parked ON runs (job_id, batch) WHERE state = 'scheduled' AND wake_ms IS NULL;
CREATE INDEX runs_asked ON runs (owner) WHERE asked_ms IS NOT NULL;
CREATE INDEX runs_dead ON runs (job_id)
    WHERE dismissed_ms IS NULL AND (state = 'failed' OR state = 'discarded' OR state = 'quarantined');

-- What is decided about a group beside its jobs.
CREATE TABLE groups (
    name        TEXT PRIMARY KEY,
    max_running INTEGER,
    paused_ms   INTEGER,
    paused_by   TEXT,
    paused_note TEXT
) STRICT, WITHOUT ROWID;

-- What functions write about themselves; the newest lines of each run.
CREATE TABLE run_log (
    run_id  INTEGER NOT NULL REFERENCES runs (id),
    seq     INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;

-- Each backfill that was asked for. The range is for people.
CREATE TABLE backfills (
    id          INTEGER PRIMARY KEY,
    job_id      INTEGER NOT NULL REFERENCES jobs (id),
    concurrency INTEGER NOT NULL,
    from_ms     INTEGER NOT NULL,
    until_ms    INTEGER NOT NULL,
    asked_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX backfills_job ON backfills (job_id);

-- One row: numbers that never come twice, and how often declarations have changed, for processes that keep them at hand.
CREATE TABLE counters (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    declarations INTEGER NOT NULL,
    newest_job   INTEGER NOT NULL,
    removed_run  INTEGER NOT NULL      -- no run of a lower number is new
) STRICT;
INSERT INTO counters SELECT 1, 0, (SELECT ifnull(max(id), 0) FROM jobs), 0;
CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
    UPDATE counters SET declarations = declarations + 1, newest_job = max(newest_job, NEW.id);
END;
CREATE TRIGGER jobs_edited AFTER UPDATE OF name, plan, since_ms, handler ON jobs BEGIN
    UPDATE counters SET declarations = declarations + 1;
END;
CREATE TRIGGER jobs_removed AFTER DELETE ON jobs BEGIN
    UPDATE counters SET declarations = declarations + 1;
END;
