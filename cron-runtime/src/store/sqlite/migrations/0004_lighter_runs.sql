-- The same indexes, cheaper to keep: SQLite tests the condition of each whenever a run is written, so what holds for most runs comes
-- first and ends the test.

-- The words of dead letters, `discarded`, `failed` and `quarantined`, are those between `d` and `r`.
DROP INDEX runs_dead;
CREATE INDEX runs_dead ON runs (job_id) WHERE state < 'r' AND state > 'd' AND dismissed_ms IS NULL;
DROP INDEX runs_parked;
CREATE INDEX runs_parked ON runs (job_id, batch) WHERE lease_ms IS NULL AND wake_ms IS NULL AND state = 'scheduled';
-- Few are asked to stop at any time; the owner, which each run is given and loses, need not be in the index.
DROP INDEX runs_asked;
CREATE INDEX runs_asked ON runs (asked_ms) WHERE asked_ms IS NOT NULL;
