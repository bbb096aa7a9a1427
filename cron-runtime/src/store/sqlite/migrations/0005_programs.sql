-- What a start need not write again, and what an end need not.

-- The program of an incarnation, by a number. One that contains just the jobs of the program before it has the same number, so that its
-- start changes no row of `jobs`. NULL: it has not said yet.
ALTER TABLE incarnations ADD COLUMN program INTEGER;
UPDATE incarnations SET program = id;
ALTER TABLE counters ADD COLUMN newest_program INTEGER NOT NULL DEFAULT 0;
UPDATE counters SET newest_program = max((SELECT ifnull(max(id), 0) FROM incarnations), (SELECT ifnull(max(synced_by), 0) FROM jobs));
-- `jobs.synced_by` is the newest program that contained the job, and `marks.active` a bound: the end of a run that moves nothing else is
-- not written there before the job is judged again.

-- As before, without a function, which could fail: for that SQLite would copy each page before it writes there, to be able to take back
-- one statement alone.
DROP TRIGGER jobs_added;
CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
    UPDATE counters SET declarations = declarations + 1, newest_job = CASE WHEN newest_job < NEW.id THEN NEW.id ELSE newest_job END;
END;
