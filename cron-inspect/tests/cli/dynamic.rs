//! `schedule` and `remove`, and lists of many jobs.

use cron_core::job::{JobSpec, Plan};
use cron_core::policy::Retry;
use cron_core::schedule::Schedule;
use cron_runtime::store::Command;
use serde_json::{Value, json};

use crate::fixture::{Crank, Fixture, MONDAY, at, name, plan};

fn fixture() -> (Fixture, Crank) {
    Fixture::with(vec![plan(JobSpec::new("remind"))])
}

const REMIND: [&str; 4] = ["schedule", "remind-42", "--handler", "remind"];

fn schedule(fixture: &Fixture, more: &[&str]) -> Value {
    fixture.json(&[&REMIND[..], more].concat())
}

#[test]
fn a_job_is_added_kept_edited_and_removed() {
    let (fixture, _crank) = fixture();
    let daily = ["--set", "cron=0 9 * * *", "--set", "timezone=Europe/London", "--args", "{\"x\": 1}"];
    let added =
        schedule(&fixture, &[&daily[..], &["--description", "Reminds.", "--set", "retries=3"]].concat());
    assert_eq!((&added["new"], &added["edited"]), (&json!(true), &json!(false)));
    let job = &added["job"];
    assert_eq!(job["schedule"], "cron(0 9 * * *) Europe/London");
    assert_eq!((&job["handler"], &job["args"]), (&json!("remind"), &json!({ "x": 1 })));
    assert_eq!((&job["linked"], &job["retry"]["retries"]), (&json!(true), &json!(3)));
    let kept = schedule(&fixture, &daily);
    assert_eq!((&kept["new"], &kept["edited"]), (&json!(false), &json!(false)));
    assert_eq!(kept["job"]["next_tick"], job["next_tick"]);
    let text = fixture.inspect(&[&REMIND[..], &["--set", "every=1h"]].concat()).good();
    assert!(text.starts_with("rescheduled remind-42: Every 1h; next tick in "), "{text}");
    let text = fixture.inspect(&["show", "remind-42"]).good();
    assert!(text.contains("  Handler     remind\n"), "{text}");
    assert_eq!(fixture.inspect(&["remove", "remind-42"]).good(), "removed remind-42 and its record\n");
    assert!(fixture.inspect(&["show", "remind-42"]).bad().starts_with("error: no job is named `remind-42`"));
}

#[test]
fn what_is_inherited_is_told() {
    let handler = JobSpec { retry: Retry { retries: 20, ..Retry::DEFAULT }, ..JobSpec::new("remind") };
    let (fixture, _crank) = Fixture::with(vec![plan(handler)]);
    let added = schedule(&fixture, &["--set", "every=1h"]);
    assert_eq!(added["job"]["retry"]["retries"], 20);
    assert_eq!(added["job"]["inherited"].as_array().map(Vec::len), Some(19));
    let text = fixture.inspect(&["show", "remind-42"]).good();
    assert!(text.contains("  Inherited   all policies, from remind\n"), "{text}");
    let own = schedule(&fixture, &["--set", "every=1h", "--set", "retries=1", "--set", "timeout=5m"]);
    assert_eq!(own["job"]["retry"]["retries"], 1);
    let inherited = own["job"]["inherited"].as_array().expect("a list");
    assert!(inherited.len() == 17 && !inherited.contains(&json!("retries")), "{inherited:?}");
    let text = fixture.inspect(&["show", "remind-42"]).good();
    assert!(text.contains("all policies but timeout, retries, from remind\n"), "{text}");
    let error =
        fixture.inspect(&[&REMIND[..], &["--set", "every=1h", "--set", "queue_depth=2"]].concat()).bad();
    assert!(error.contains("its handler `remind` has `overlap = \"skip\"`"), "{error}");
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_written() {
    let (fixture, _crank) = fixture();
    let before = fixture.contents();
    let refused = |args: &[&str], what: &str| {
        let error = fixture.inspect(args).bad();
        assert!(error.contains(what), "{error}");
    };
    let bad = |more: &[&str], what: &str| refused(&[&REMIND[..], more].concat(), what);
    bad(&[], "job `remind-42` has no schedule, so it never runs by itself; give it one");
    bad(&["--by-hand", "--set", "every=1h"], "`--by-hand` contradicts `--set every`");
    let over = ["--set", "every=1h", "--set", "end=2020-01-01T00:00:00Z"];
    bad(&over, "job `remind-42` would never run: its schedule ended at 2020-01-01 00:00:00 UTC, and has no");
    bad(&["--set", "crom=0 9 * * *"], "unknown option `crom`, did you mean `cron`?");
    bad(&["--set", "queue_depth=3"], "`queue_depth` needs `overlap = \"queue\"`");
    bad(&["--set", "retries=many", "--set", "priority=101"], "`retries` takes a whole number");
    bad(&["--set", "retries=many", "--set", "priority=101"], "`priority` is a number from 0 to 100");
    bad(&["--set", "cron=0 9 * * FIR"], "write `FRI`");
    bad(&["--set", "retries=1", "--set", "retries=2"], "`--set retries` is there twice");
    bad(&["--set", "name=other"], "`--set name` says what the first argument says");
    bad(&["--args", "{x}"], "`--args` is no JSON");
    refused(&["schedule", "a b", "--handler", "remind"], "contains ' '");
    refused(&["schedule", "x", "--handler", "rmeind", "--by-hand"], "did you mean `remind`?");
    refused(&["schedule", "remind", "--handler", "remind", "--by-hand"], "is declared in a program");
    refused(&["remove", "remind"], "is part of a running program");
    refused(&["trigger", "remind", "--args", "{"], "write for example `--args '{\"to\": \"ana\"}'`");
    assert_eq!(fixture.inspect(&[&REMIND[..], &["--set", "cron"]].concat()).code, Some(2));
    assert_eq!(fixture.inspect(&["schedule", "remind-42"]).code, Some(2));
    assert_eq!(fixture.contents(), before);
}

#[test]
fn a_job_with_active_runs_stays() {
    let (fixture, _crank) = fixture();
    schedule(&fixture, &["--by-hand"]);
    let triggered = fixture.json(&["trigger", "remind-42", "--args", "[1,  2]"]);
    assert_eq!(fixture.json(&["run", "1"])["run"]["args"], json!([1, 2]));
    let error = fixture.inspect(&["remove", "remind-42"]).bad();
    assert!(error.contains("has active runs, such as run 1; cancel them first"), "{error}");
    fixture.inspect(&["cancel", "--job", "remind-42"]).good();
    assert_eq!(fixture.json(&["remove", "remind-42"]), json!({ "removed": 1 }));
    assert_eq!(triggered["run"], 1);
}

fn many(crank: &Crank, count: usize) {
    let schedule = Schedule::daily("09:00", "Europe/London").expect("a schedule");
    let one = |number: usize| Plan {
        handler: Some(name("remind")),
        args: Some(format!("{{\"to\":{number}}}").into()),
        schedule: Some(schedule.clone()),
        tags: number.is_multiple_of(2).then(|| "even".parse().expect("a tag")).into_iter().collect(),
        ..Plan { name: name(&format!("remind-{number:05}")), ..plan(JobSpec::new("x")) }
    };
    crank.command(Command::Upsert { plans: (0..count).map(one).collect() }, at(MONDAY));
}

#[test]
fn ten_thousand_jobs_are_read_a_page_at_a_time() {
    let (fixture, crank) = fixture();
    many(&crank, 10_000);
    let names = |args: &[&str]| -> (Vec<String>, Value) {
        let list = fixture.json(args);
        let jobs = list["jobs"].as_array().expect("jobs");
        (
            jobs.iter().map(|job| job["name"].as_str().expect("a name").to_owned()).collect(),
            list["next_after"].clone(),
        )
    };
    let (page, next) = names(&["list", "-n", "2", "--after", "remind-00048"]);
    assert_eq!((page, next), (vec!["remind-00049".into(), "remind-00050".into()], json!("remind-00050")));
    let (page, next) = names(&["list", "-n", "2", "--tag", "even", "--after", "remind-09995"]);
    assert_eq!((page, next), (vec!["remind-09996".into(), "remind-09998".into()], Value::Null));
    assert_eq!(names(&["list"]).0.len(), 100);
    let text = fixture.inspect(&["list", "--tag", "odd"]).good();
    assert!(text.starts_with("no jobs with tag odd in "), "{text}");
    let error = fixture.inspect(&["list", "--group", "x"]).bad();
    assert_eq!(error, "error: no job is in a group `x`\n");
    // Behind the page is a job that nobody can read: whoever reads it fails.
    let file = rusqlite::Connection::open(&fixture.database).expect("a database");
    file.execute("UPDATE jobs SET plan = 'damaged' WHERE name = 'remind-05000'", []).expect("damaged");
    let text = fixture.inspect(&["list", "--limit", "50", "--unfold"]).good();
    assert_eq!(text.lines().filter(|line| line.starts_with("remind")).count(), 50, "{text}");
    assert!(text.ends_with("more: inspect list --unfold --after remind-00048\n"), "{text}");
    assert!(fixture.inspect(&["list", "--limit", "6000", "--unfold"]).bad().contains("remind-05000"));
    // A line for all of them reads none.
    let text = fixture.inspect(&["list"]).good();
    assert!(text.contains("10001 jobs, 10000 folded (--unfold shows each) in "), "{text}");
}

/// Many jobs on one function would hide all others.
#[test]
fn many_jobs_of_one_function_are_one_line() {
    let (fixture, crank) = Fixture::with(vec![plan(JobSpec::new("remind")), plan(JobSpec::new("warn"))]);
    many(&crank, 300);
    fixture.inspect(&["pause", "remind-00007"]).good();
    fixture.inspect(&["schedule", "warn-ana", "--handler", "warn", "--set", "every=1h"]).good();
    let text = fixture.inspect(&["list"]).good();
    let names: Vec<_> = text.lines().skip(1).map_while(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["remind", "remind", "warn", "warn-ana"], "{text}");
    assert!(text.contains("remind +  300 dynamic jobs, 1 paused: list --handler remind  "), "{text}");
    assert!(text.contains("\n303 jobs, 1 paused, 300 folded (--unfold shows each) in "), "{text}");
    let shown = |args: &[&str]| {
        let list = fixture.json(&[&["list", "-n", "1000"], args].concat());
        list["jobs"].as_array().expect("jobs").len()
    };
    assert_eq!(shown(&[]), 303, "a program is given each");
    assert_eq!(shown(&["--declared"]), 2);
    assert_eq!(shown(&["--dynamic"]), 301);
    assert_eq!(shown(&["--dynamic", "--handler", "warn"]), 1);
    assert_eq!(shown(&["--handler", "warn"]), 2);
    let text = fixture.inspect(&["list", "--handler", "remind", "-n", "1000"]).good();
    assert_eq!(text.lines().filter(|line| line.starts_with("remind")).count(), 301, "{text}");
    let text = fixture.inspect(&["list", "--unfold", "-n", "1000"]).good();
    assert_eq!(text.lines().filter(|line| line.starts_with("remind")).count(), 301, "{text}");
    // Its line is on one page, that of the handler's own place.
    let first = fixture.inspect(&["list", "-n", "1"]).good();
    assert!(first.contains("remind +") && first.ends_with("more: inspect list --after remind\n"), "{first}");
    let second = fixture.inspect(&["list", "-n", "1", "--after", "remind"]).good();
    assert!(!second.contains("remind +") && second.contains("warn"), "{second}");
    let none = fixture.inspect(&["list", "--dynamic", "--tag", "odd"]).good();
    assert!(none.starts_with("no dynamic jobs with tag odd in "), "{none}");
    let error = fixture.inspect(&["list", "--handler", "rmeind"]).bad();
    assert_eq!(error, "error: no job is named `rmeind`, did you mean `remind`?\n");
    assert_eq!(fixture.inspect(&["list", "--declared", "--dynamic"]).code, Some(2));
}
