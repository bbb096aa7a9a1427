-- What people meet: clocks that are behind, jobs that take their process down, runs of old ticks, policies of a handler.

-- Retention counts from the end of a run.

-- When a run ended, where its beginning and duration do not tell: its attempt was cut off, or it never had one. NULL while it is active, too.
ALTER TABLE runs ADD COLUMN ended_ms INTEGER;
-- Runs beside the ticks go by their numbers. No tick is in it.
CREATE INDEX runs_beside ON runs (job_id) WHERE lane > 0;
