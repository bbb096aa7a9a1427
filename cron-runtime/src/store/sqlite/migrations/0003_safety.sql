-- Results that are part of a transaction of the user's, and what the scheduler has noticed about itself.

-- When the attempt in progress was completed by `complete_in`: from then on whatever happens to it, it has succeeded.
ALTER TABLE runs ADD COLUMN completed_ms INTEGER;

-- The newest problem of each kind, with how often it has been seen; so the table stays small whatever goes wrong.
CREATE TABLE problems (
    kind     TEXT NOT NULL,
    job      TEXT NOT NULL,             -- empty: about no job
    first_ms INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    owner    INTEGER NOT NULL,          -- the incarnation that saw it last
    what     TEXT NOT NULL,
    PRIMARY KEY (kind, job)
) STRICT, WITHOUT ROWID;

-- The file in which an incarnation holds the operating system's lock: only there does the lock tell whether it lives. NULL: nowhere.
ALTER TABLE incarnations ADD COLUMN locked_in TEXT;
