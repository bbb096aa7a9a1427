-- Instants are milliseconds since 1970-01-01T00:00Z (`_ms`), durations microseconds (`_us`).
-- Words are kept as the words of the semantics; a word that this version does not know is an error, never a default.

-- One row for each start of a scheduler on this file.
CREATE TABLE incarnations (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    token      TEXT NOT NULL UNIQUE,   -- random; a pid or a host name comes again
    boot       TEXT NOT NULL,          -- boot of the machine: only there does the operating system's lock tell who lives
    joined_ms  INTEGER NOT NULL,
    ended_ms   INTEGER                 -- took leave, or was found dead
) STRICT;

-- What is declared of a job. Rarely written.
CREATE TABLE jobs (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    plan          TEXT NOT NULL,       -- JSON: schedule and policies, for processes that do not contain the function
    fingerprint   INTEGER NOT NULL,    -- of the schedule's meaning: another one is an edit
    registered_ms INTEGER NOT NULL,
    since_ms      INTEGER NOT NULL,    -- since when the schedule is in force; its anchor
    synced_by     INTEGER NOT NULL REFERENCES incarnations (id),
    paused_ms     INTEGER,
    paused_by     TEXT,
    paused_note   TEXT
) STRICT;

-- What changes with each tick; small rows, so that a judgement touches few pages.
CREATE TABLE marks (
    job_id   INTEGER PRIMARY KEY REFERENCES jobs (id),
    mark_ms  INTEGER NOT NULL,         -- every tick up to here has a verdict
    due_ms   INTEGER,                  -- when to judge again; NULL: not by time alone
    epoch    INTEGER NOT NULL,         -- the newest fencing token
    active   INTEGER NOT NULL          -- runs in an active state
) STRICT;
CREATE INDEX marks_due ON marks (due_ms) WHERE due_ms IS NOT NULL;

-- Which schedule was in force when, for the audit.
CREATE TABLE segments (
    job_id    INTEGER NOT NULL REFERENCES jobs (id),
    since_ms  INTEGER NOT NULL,
    schedule  TEXT,                    -- anchored; NULL while the job was a handler only
    PRIMARY KEY (job_id, since_ms)
) STRICT, WITHOUT ROWID;

-- Verdicts: ticks that ran (lane 0), and runs beside the schedule (lane = id).
CREATE TABLE runs (
    id            INTEGER PRIMARY KEY,
    job_id        INTEGER NOT NULL REFERENCES jobs (id),
    nominal_ms    INTEGER NOT NULL,
    lane          INTEGER NOT NULL,
    origin        TEXT NOT NULL,
    state         TEXT NOT NULL,
    overdue       INTEGER NOT NULL,
    attempts_used INTEGER NOT NULL,
    crashes       INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    owner         INTEGER,             -- the incarnation, while running
    lease_ms      INTEGER,             -- until when it is the owner's
    wake_ms       INTEGER,             -- when it wants to start, while scheduled or waiting
    started_ms    INTEGER,
    duration_us   INTEGER,
    error         TEXT
) STRICT;
CREATE UNIQUE INDEX runs_key ON runs (job_id, nominal_ms, lane);
CREATE INDEX runs_active ON runs (job_id) WHERE state IN ('scheduled', 'running', 'waiting');
CREATE INDEX runs_wake ON runs (wake_ms) WHERE wake_ms IS NOT NULL;

-- Verdicts: blocks of skipped ticks.
CREATE TABLE skips (
    job_id    INTEGER NOT NULL REFERENCES jobs (id),
    first_ms  INTEGER NOT NULL,
    last_ms   INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    holder    INTEGER,                 -- the run that held the slot
    note      TEXT,
    PRIMARY KEY (job_id, first_ms)
) STRICT, WITHOUT ROWID;

-- Attempts that ended without a success; the successful one is in its run.
CREATE TABLE attempts (
    run_id       INTEGER NOT NULL REFERENCES runs (id),
    seq          INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,
    result       TEXT NOT NULL,
    started_ms   INTEGER,
    duration_us  INTEGER,
    message      TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;
