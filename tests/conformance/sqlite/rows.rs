//! Rows that this program did not write: refused by the schema, or told in words that name the column.

use rusqlite::ErrorCode;

use super::{raw, tamper};
use crate::jobs::{at, job};
use crate::world::{
    CommandError, Desk, JobQuery, LogLine, Note, Page, Process, Program, SqliteBooks, StateWord, World,
    assert_sound, failure, play_on_file,
};

/// A job with a run that failed, one that waits, one that runs, and skipped ticks.
fn full(world: &World) -> Process {
    let process = world.start(0, &[job("a").every("10s").allow().retries(1), job("b").every("10s")]);
    process.judge(10);
    for claimed in process.judge(30).claimed {
        process.end(claimed.claim, 31, failure("no"));
    }
    process.triggered("a", 32);
    for claimed in process.judge(40).claimed {
        let line = LogLine { at: at(40), attempt: 1, text: "begun".to_owned() };
        let note = Note { progress: None, lines: vec![line], ..Note::default() };
        assert_eq!(process.note(vec![(claimed.claim, note)]).expect("notes"), []);
    }
    process
}

#[test]
fn a_tick_runs_once_by_the_schema() {
    play_on_file(|world, path| {
        full(world);
        let copy = "INSERT INTO runs (job_id, nominal_ms, lane, origin, state, overdue, attempts_used, crashes, epoch) \
                    SELECT job_id, nominal_ms, 0, 'tick', 'scheduled', 0, 0, 0, 99 FROM runs WHERE origin = 'tick' LIMIT 1";
        let error = raw(path).execute(copy, []).expect_err("one run for one tick");
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ConstraintViolation), "{error}");
    });
}

#[test]
fn a_tick_is_skipped_once_by_the_schema() {
    play_on_file(|world, path| {
        full(world);
        let copy = "INSERT INTO skips (job_id, first_ms, last_ms, count, reason) \
                    SELECT job_id, first_ms, last_ms, count, 'paused' FROM skips LIMIT 1";
        let error = raw(path).execute(copy, []).expect_err("one block for one tick");
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ConstraintViolation), "{error}");
    });
}

#[test]
fn a_judgement_that_cannot_be_written_writes_nothing() {
    play_on_file(|world, path| {
        let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
        // Somebody has put a run where the second job's tick belongs.
        let (put, take) = (
            "INSERT INTO runs (id, job_id, nominal_ms, lane, origin, state, overdue, attempts_used, crashes, epoch) \
             SELECT 77, id, registered_ms + 10000, 0, 'tick', 'failed', 0, 0, 0, 0 FROM jobs WHERE name = 'b'",
            "DELETE FROM runs WHERE id = 77",
        );
        assert_eq!(tamper(path, put), 1);
        let before = (process.jobs(&JobQuery::default()).expect("readable"), process.all_runs());
        let error = process.store().judge(process.request(10, 100)).expect_err("the tick ran already");
        assert!(error.to_string().contains("UNIQUE"), "{error}");
        // Not even what came before it in the same call: no run may start that is not on record.
        assert_eq!((process.jobs(&JobQuery::default()).expect("readable"), process.all_runs()), before);
        assert_eq!(tamper(path, take), 1);
        assert_eq!(process.judge(10).claimed.len(), 2);
    });
}

/// Every read and every verb, one after the other; the first error.
fn first_error(process: &Process) -> Option<String> {
    let everything: [&dyn Fn() -> Option<String>; 11] = [
        &|| process.jobs(&JobQuery::default()).err().map(|error| error.to_string()),
        &|| process.job("a").err().map(|error| error.to_string()),
        &|| process.runs(&Default::default()).err().map(|error| error.to_string()),
        &|| process.skips("a", Page { limit: 99 }).err().map(|error| error.to_string()),
        &|| process.audit("a").err().map(|error| error.to_string()),
        &|| {
            let runs = process.runs(&Default::default()).ok()?;
            runs.iter().find_map(|run| {
                let log = process.log(run.id).err();
                process.run(run.id).err().or(log).map(|error| error.to_string())
            })
        },
        &|| process.reap(at(41)).err().map(|error| error.to_string()),
        &|| process.store().judge(process.request(35, 0)).err().map(|error| error.to_string()),
        &|| process.store().sync(&Program::default(), at(41)).err().map(|error| error.to_string()),
        &|| match process.resume("a", 41) {
            Err(CommandError::Store(error)) => Some(error.to_string()),
            _ => None,
        },
        &|| process.store().settle(Vec::new()).err().map(|error| error.to_string()),
    ];
    everything.iter().find_map(|verb| verb())
}

/// Damages one value in all rows of a table and expects that somebody notices, and says where.
fn noticed(table: &str, column: &str, value: &str) {
    let books = SqliteBooks::new();
    let connection = raw(&books.path());
    let world = World::new(books);
    let process = full(&world);
    assert_eq!(first_error(&process), None);
    let keep = format!("PRAGMA foreign_keys = OFF; CREATE TEMP TABLE kept AS SELECT * FROM {table}");
    connection.execute_batch(&keep).expect("a copy");
    let changed = connection.execute(&format!("UPDATE {table} SET {column} = {value}"), []);
    assert!(changed.expect("a change that the schema allows") > 0);
    let error = first_error(&process).unwrap_or_else(|| panic!("{table}.{column} = {value} went unnoticed"));
    assert!(error.contains(column), "{table}.{column} = {value}: {error}");

    // The thread that owns the file has survived it, and so has the rest of the file.
    let mend = format!("BEGIN; DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; COMMIT");
    connection.execute_batch(&mend).expect("mended");
    assert_eq!(first_error(&process), None);
    process.sync(42, &[job("a").every("10s").allow().retries(1), job("b").every("10s")]);
    assert!(!process.judge(300).claimed.is_empty());
    assert_sound(world.open().as_ref());
}

#[test]
fn an_unknown_word_is_an_error_that_names_its_column() {
    noticed("runs", "state", "'flying'");
    noticed("runs", "origin", "'heaven'");
    noticed("attempts", "result", "'splendid'");
    noticed("skips", "reason", "'weather'");
}

#[test]
fn a_number_that_cannot_be_is_an_error_that_names_its_column() {
    noticed("runs", "attempts_used", "-1");
    noticed("runs", "crashes", "4294967296");
    noticed("runs", "nominal_ms", "9223372036854775807 - id");
    noticed("runs", "epoch", "-7");
    noticed("attempts", "attempt", "-1");
    noticed("attempts", "started_ms", "9223372036854775807");
    noticed("skips", "count", "-1");
    noticed("marks", "mark_ms", "9223372036854775807");
    noticed("marks", "parked", "-1");
    noticed("marks", "hold_by", "-1");
    noticed("marks", "queued_ms", "9223372036854775807");
    noticed("runs", "dismissed_ms", "9223372036854775807");
    noticed("run_log", "attempt", "-1");
}

#[test]
fn a_queue_without_end_does_not_hold_up_the_others() {
    let books = SqliteBooks::new();
    let path = books.path();
    let world = World::new(books);
    let process = full(&world);
    // The last instant that can be told, and the first one as the mark: more ticks than there is time or memory for.
    let ends = "UPDATE marks SET mark_ms = -8334601228800000, queued_ms = 8210266876799999 \
                WHERE job_id = (SELECT id FROM jobs WHERE name = 'b')";
    assert_eq!(tamper(&path, ends), 1);
    let judged = process.store().judge(process.request(50, 100)).expect("both are judged");
    assert!(judged.claimed.iter().any(|claimed| claimed.job().as_str() == "a"), "{judged:?}");
}

#[test]
fn an_error_names_the_row_too() {
    play_on_file(|world, path| {
        let process = full(world);
        let run = process.all_runs()[1].id;
        for (break_it, wrong) in [
            ("state = 'flying'", "flying"),
            ("nominal_ms = -9223372036854775808", "outside the calendar"),
            ("attempts_used = -1", "-1 is no count"),
        ] {
            let kept = format!("CREATE TEMP TABLE kept AS SELECT * FROM runs WHERE id = {run}");
            let connection = raw(path);
            connection.execute_batch(&kept).expect("a copy");
            let broken = format!("UPDATE runs SET {break_it} WHERE id = {run}");
            assert_eq!(connection.execute(&broken, []).expect("a change"), 1);
            let error = process.runs(&Default::default()).expect_err(break_it).to_string();
            assert!(error.contains(wrong) && error.contains(&format!("in the row with id {run}")), "{error}");
            connection.execute("REPLACE INTO runs SELECT * FROM kept", []).expect("mended");
        }
    });
}

#[test]
fn a_plan_that_cannot_be_read_is_an_error_that_names_its_job_and_stops_no_other() {
    for plan in ["''", "'{'", "'[]'", "json_set(plan, '$.overlap', 'hope')"] {
        let books = SqliteBooks::new();
        let path = books.path();
        let world = World::new(books);
        let process = full(&world);
        tamper(&path, &format!("UPDATE jobs SET plan = {plan} WHERE name = 'b'"));
        let error = process.jobs(&JobQuery::default()).expect_err("no plan").to_string();
        assert!(error.contains("the plan of job `b`"), "{error}");
        let judged = process.store().judge(process.request(50, 100)).expect("the other job is judged");
        assert!(judged.claimed.iter().any(|claimed| claimed.job().as_str() == "a"), "{judged:?}");
        // Damage is one thing, and words of a newer program are another one.
        let (told, other) = match plan.contains("hope") {
            true => (&judged.left_out, &judged.damaged),
            false => (&judged.damaged, &judged.left_out),
        };
        let [(job, why)] = &told[..] else { panic!("one job is left out: {judged:?}") };
        assert!(job.as_str() == "b" && why.contains("the plan of job `b`") && other.is_empty(), "{judged:?}");
        let again = process.store().judge(process.request(51, 100)).expect("it goes on");
        assert_eq!((again.left_out, again.damaged), (vec![], vec![]));
    }
}

#[test]
fn a_damaged_plan_leaves_no_attempt_in_progress() {
    for plan in ["'{'", "CAST(X'7BFF' AS TEXT)", "'[1]'"] {
        let books = SqliteBooks::new();
        let path = books.path();
        let world = World::new(books);
        let jobs = [job("a").every("10s").retries(3), job("b").every("10s")];
        let first = world.start(0, &jobs);
        let lost = first.judge(10).claimed;
        assert_eq!(lost.len(), 2);
        // One that never knew the job ends what a dead process has left.
        let other = world.start(11, &[]);
        assert_eq!(tamper(&path, &format!("UPDATE jobs SET plan = {plan} WHERE name = 'a'")), 1);
        drop(first);
        assert_eq!(other.reaps(41).len(), 2, "{plan}");
        for claimed in &lost {
            assert_eq!(other.state(claimed.claim.run), StateWord::Failed, "{plan}");
        }
        // The program that declares it writes it anew, and its ticks go on.
        let again = world.start(45, &jobs);
        let claimed = again.judge(50).claimed;
        assert!(claimed.iter().any(|claimed| claimed.plan.name.as_str() == "a"), "{plan}: {claimed:?}");
        assert_sound(world.open().as_ref());
    }
}

#[test]
fn a_waiting_run_without_an_instant_is_an_error_and_no_panic() {
    play_on_file(|world, path| {
        let process = full(world);
        let wakes = "SELECT id, wake_ms FROM runs WHERE state = 'waiting'";
        let (run, wake): (i64, i64) =
            raw(path).query_row(wakes, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("one waits");
        tamper(path, "UPDATE runs SET wake_ms = NULL WHERE state = 'waiting'");
        let error = process.runs(&Default::default()).expect_err("no instant").to_string();
        assert!(error.contains("no instant to wake"), "{error}");
        tamper(path, &format!("UPDATE runs SET wake_ms = {wake} WHERE id = {run}"));
    });
}

#[test]
fn the_text_of_an_error_is_in_the_file_once() {
    play_on_file(|world, path| {
        let process = world.start(0, &[job("a").every("10s").retries(1)]);
        let claimed = process.starts(10);
        process.fail(claimed.claim, 11, "no flour");
        let count = |sql: &str| -> i64 { raw(path).query_row(sql, [], |row| row.get(0)).expect("a number") };
        assert_eq!(count("SELECT count(*) FROM runs WHERE error IS NOT NULL"), 0);
        assert_eq!(count("SELECT count(*) FROM attempts WHERE message = 'no flour'"), 1);
        assert_eq!(process.run_info(claimed.claim.run).error, "no flour");
    });
}
