//! `doctor`: each thing that it looks at, in order and out of order.

use chrono::TimeDelta;
use cron_core::job::JobSpec;
use cron_core::problem::ProblemKind;
use cron_runtime::store::{Sighting, Store};
use serde_json::Value;

use crate::fixture::{Crank, Fixture, Said, at, inspect, name, now, plan};

/// A database on which a program with these jobs is at work, now.
fn at_work(specs: Vec<JobSpec>) -> (Fixture, Crank) {
    let fixture = Fixture::empty();
    let plans = specs.into_iter().map(plan).collect();
    let crank = Crank::start(&fixture.database, plans, Vec::new(), now());
    (fixture, crank)
}

fn hourly() -> JobSpec {
    JobSpec { schedule: Some("every(1h)"), ..JobSpec::new("hourly") }
}

fn write(fixture: &Fixture, sql: &str, value: i64) {
    let file = rusqlite::Connection::open(&fixture.database).expect("a database");
    assert_eq!(file.execute(sql, [value]).expect("it is written"), 1);
}

/// What was found by one check.
fn found(said: Said, check: &str) -> (Option<i32>, Value) {
    let out: Value = serde_json::from_str(&said.out).expect("JSON");
    let checks = out["checks"].as_array().expect("checks");
    let found = checks.iter().find(|found| found["check"] == check);
    (said.code, found.unwrap_or_else(|| panic!("no check `{check}`: {out}")).clone())
}

/// The only finding, which is of this check.
fn only_finding(fixture: &Fixture, check: &str, status: &str) -> String {
    let (code, found) = found(fixture.inspect(&["doctor", "--json"]), check);
    assert_eq!((code, found["status"].as_str()), (Some(1), Some(status)), "{found}");
    let findings = found["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(!findings[0]["advice"].as_str().expect("advice").is_empty());
    findings[0]["message"].as_str().expect("a message").to_owned()
}

#[test]
fn where_all_is_well_it_says_so_with_exit_code_0() {
    let (fixture, _crank) = at_work(vec![hourly()]);
    let text = fixture.inspect(&["doctor"]).good();
    assert!(text.ends_with("nothing is wrong\n"), "{text}");
    assert!(text.contains("1 scheduler alive"), "{text}");
    assert!(text.lines().count() < 24, "one screen: {text}");
    let json = fixture.json(&["doctor"]);
    assert_eq!(json["fine"], true);
    let checks: Vec<_> =
        json["checks"].as_array().expect("checks").iter().map(|check| &check["check"]).collect();
    let want = [
        "file",
        "disk",
        "integrity",
        "declarations",
        "journal",
        "schedulers",
        "attempts",
        "judging",
        "workers",
        "clock",
        "jobs",
        "dead letters",
        "quarantine",
        "problems",
        "contract",
    ];
    assert_eq!(checks, want);
}

#[test]
fn a_ledger_that_a_dead_program_has_left_behind_has_all_kinds_of_findings() {
    let fixture = Fixture::new();
    let before = fixture.contents();
    let said = fixture.inspect(&["doctor"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    for words in [
        "no scheduler works on 6 jobs",
        "1 scheduler ended without taking leave",
        "its lease ended",
        "1 run waits for a person",
        "start the application",
        "findings",
    ] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    assert!(!said.out.contains('\u{1b}'), "{}", said.out);
    assert_eq!(fixture.contents(), before, "it only looks");
}

#[test]
fn wrong_usage_is_exit_code_2_and_no_database_is_1() {
    let (fixture, _crank) = at_work(vec![hourly()]);
    assert_eq!(fixture.inspect(&["doctor", "--since", "yesterday"]).code, Some(2));
    let missing = inspect(&["doctor", "--database", "/nowhere/jobs.db"]).bad();
    assert!(missing.contains("there is no database"), "{missing}");
}

#[test]
fn problems_of_the_last_day_are_shown_with_what_to_do() {
    let (fixture, crank) = at_work(vec![hourly()]);
    let seen = |kind, hours: i64, what: &str| {
        let last = now() - TimeDelta::hours(hours);
        let job = Some(name("hourly"));
        Sighting { kind, job, first: last, last, count: 3, what: what.to_owned() }
    };
    let sightings = vec![
        seen(ProblemKind::Stuck, 2, "does not\u{1b}[2J return"),
        seen(ProblemKind::LateLoop, 30, "late"),
    ];
    crank.store.note_problems(sightings).expect("noted");
    let message = only_finding(&fixture, "problems", "warning");
    assert_eq!(message, "stuck: does not\u{1b}[2J return (2 h ago, 3 times)");
    let text = fixture.inspect(&["doctor"]).out;
    assert!(text.contains(ProblemKind::Stuck.advice().split_once(';').expect("two parts").0), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    assert_eq!(fixture.inspect(&["doctor", "--since", "1h"]).code, Some(0));
    let (_, both) = found(fixture.inspect(&["doctor", "--since", "2d", "--json"]), "problems");
    assert_eq!(both["findings"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_mark_in_the_future_is_an_error() {
    let (fixture, _crank) = at_work(vec![hourly()]);
    let mark = now() + TimeDelta::hours(5);
    write(&fixture, "UPDATE marks SET mark_ms = ?1", mark.timestamp_millis());
    let message = only_finding(&fixture, "clock", "error");
    assert!(
        message.starts_with("job `hourly` is judged until") && message.contains(" UTC, in "),
        "{message}"
    );
}

#[test]
fn a_job_that_a_living_scheduler_does_not_judge_is_an_error() {
    let (fixture, crank) = at_work(vec![hourly()]);
    let due = now() - TimeDelta::minutes(10);
    write(&fixture, "UPDATE marks SET due_ms = ?1", due.timestamp_millis());
    let message = only_finding(&fixture, "judging", "error");
    assert!(message.contains("job `hourly` was due 10 min ago"), "{message}");
    // Without it, that nobody is there says enough.
    crank.store.leave(now()).expect("left");
    let message = only_finding(&fixture, "schedulers", "warning");
    assert_eq!(message, "no scheduler works on 1 job, and 1 job overdue");
}

#[test]
fn an_attempt_that_nobody_ends_is_an_error_and_a_stuck_one_a_warning() {
    let (fixture, crank) = at_work(vec![hourly()]);
    crank.trigger("hourly", now());
    let claimed = crank.judge(now());
    assert_eq!(claimed.len(), 1);
    assert_eq!(fixture.inspect(&["doctor"]).code, Some(0));
    write(&fixture, "UPDATE runs SET overdue = ?1", 1);
    assert!(only_finding(&fixture, "attempts", "warning").contains("is stuck"));
    write(
        &fixture,
        "UPDATE runs SET overdue = 0, lease_ms = ?1",
        (now() - TimeDelta::minutes(5)).timestamp_millis(),
    );
    assert!(
        only_finding(&fixture, "attempts", "error")
            .ends_with("its lease ended 5 min ago, and no scheduler has ended it")
    );
}

#[test]
fn a_job_without_a_living_program_is_a_warning_where_others_live() {
    let (fixture, old) = at_work(vec![hourly(), JobSpec::new("retired")]);
    old.store.leave(now()).expect("left");
    let _new = Crank::start(&fixture.database, vec![plan(hourly())], Vec::new(), now());
    let message = only_finding(&fixture, "jobs", "warning");
    assert_eq!(message, "no living scheduler executes job `retired`");
}

#[test]
fn one_of_another_boot_counts_as_alive_only_while_its_lease_lasts() {
    let (fixture, crank) = at_work(vec![hourly()]);
    write(&fixture, "UPDATE incarnations SET boot = 'another' || ?1 WHERE id > 0", 1);
    assert_eq!(only_finding(&fixture, "schedulers", "warning"), "no scheduler works on 1 job");
    crank.trigger("hourly", now());
    assert_eq!(crank.judge(now()).len(), 1);
    assert_eq!(fixture.inspect(&["doctor"]).code, Some(0));
}

#[test]
fn a_damaged_file_is_an_error() {
    let fixture = Fixture::new();
    let file = rusqlite::Connection::open(&fixture.database).expect("a database");
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'runs_dead'";
    let page: i64 = file.query_row(sql, [], |row| row.get(0)).expect("it is there");
    let size: i64 = file.query_row("PRAGMA page_size", [], |row| row.get(0)).expect("it is known");
    file.pragma_update(None, "journal_mode", "delete").expect("all is in the file itself");
    drop(file);
    let mut bytes = std::fs::read(&fixture.database).expect("it is read");
    let from = usize::try_from((page - 1) * size).expect("a small file");
    bytes[from..from + 64].fill(0xff);
    std::fs::write(&fixture.database, bytes).expect("it is written");
    // What needs the index cannot be read either, and everything else is still looked at.
    let (_, dead) = found(fixture.inspect(&["doctor", "--json"]), "dead letters");
    assert_eq!(dead["status"], "error", "{dead}");
    let (code, found) = found(fixture.inspect(&["doctor", "--json"]), "integrity");
    assert_eq!((code, &found["status"]), (Some(1), &Value::from("error")), "{found}");
}

#[test]
fn a_file_that_is_no_database_is_a_finding_and_no_failure() {
    let fixture = Fixture::empty();
    std::fs::write(&fixture.database, "certainly no database, and long enough to be read as one")
        .expect("written");
    let message = only_finding(&fixture, "open", "error");
    assert!(message.contains("is not a SQLite database"), "{message}");
}

#[test]
fn changes_that_are_not_written_back_and_another_journal_are_warnings() {
    let (fixture, _crank) = at_work(vec![hourly()]);
    let file = rusqlite::Connection::open(&fixture.database).expect("a database");
    // As after a day with a reader that never lets go.
    let much = "PRAGMA wal_autocheckpoint = 0; CREATE TABLE filler (bytes); INSERT INTO filler VALUES (zeroblob(140000000)); \
                DELETE FROM filler;";
    file.execute_batch(much).expect("it is written");
    assert!(only_finding(&fixture, "journal", "warning").contains("has grown to"));
    drop(file);

    let fixture = Fixture::empty();
    let crank = Crank::start(&fixture.database, vec![plan(hourly())], Vec::new(), at(crate::fixture::MONDAY));
    crank.store.leave(at(crate::fixture::MONDAY)).expect("left");
    drop(crank);
    let file = rusqlite::Connection::open(&fixture.database).expect("a database");
    file.pragma_update(None, "journal_mode", "delete").expect("nobody else has it open");
    assert!(only_finding(&fixture, "journal", "warning").contains("`delete`"));
}

/// A connection of somebody else's that keeps the lock to write.
fn hold(fixture: &Fixture) -> rusqlite::Connection {
    let file = rusqlite::Connection::open(&fixture.database).expect("a database");
    file.busy_timeout(std::time::Duration::from_secs(10)).expect("it is told");
    file.execute_batch("BEGIN IMMEDIATE").expect("its turn comes");
    file
}

#[cfg(target_os = "linux")]
#[test]
fn who_keeps_the_lock_to_write_is_named() {
    let (fixture, _crank) = at_work(vec![hourly()]);
    let holder = hold(&fixture);
    let message = only_finding(&fixture, "journal", "warning");
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    let said = fixture.inspect(&["pause", "hourly"]).bad();
    assert!(said.contains("locked for more than 10 s"), "{said}");
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    holder.execute_batch("COMMIT").expect("it ends");
    fixture.inspect(&["pause", "hourly"]).good();
}

#[test]
fn a_damaged_declaration_is_told_with_its_job() {
    let (fixture, _crank) = at_work(vec![hourly()]);
    write(&fixture, "UPDATE jobs SET plan = '{' WHERE id = ?1", 1);
    let (_, found) = found(fixture.inspect(&["doctor", "--json"]), "declarations");
    assert_eq!(found["status"], "error", "{found}");
    let message = found["findings"][0]["message"].as_str().expect("a message");
    assert!(message.contains("damaged") && message.contains("job `hourly`"), "{message}");
    // It hides nothing of what is asked about another job.
    let unknown = fixture.inspect(&["show", "horly"]).bad();
    assert!(unknown.starts_with("error: no job is named `horly`"), "{unknown}");
    write(&fixture, "UPDATE jobs SET plan = '{\"name\":\"hourly\",\"overlap\":\"newer\"}' WHERE id = ?1", 1);
    let (_, found) = found_again(&fixture);
    assert_eq!(found["status"], "warning", "{found}");
}

fn found_again(fixture: &Fixture) -> (Option<i32>, Value) {
    found(fixture.inspect(&["doctor", "--json"]), "declarations")
}
