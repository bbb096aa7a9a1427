//! `tail`: what happens while it looks.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use chrono::TimeDelta;
use cron_core::job::JobSpec;
use cron_core::policy::Retry;
use cron_core::run::AttemptEnd;
use cron_runtime::store::{Command, LogLine, Note, Progress, Target};
use serde_json::{Value, json};

use crate::fixture::{Crank, Fixture, MONDAY, at, failed, name, plan};

/// A running `inspect tail`, which ends by itself if nobody ends it.
struct Tail {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(fixture: &Fixture, args: &[&str]) -> Self {
        let args = [&["tail", "--for", "60s"][..], args].concat();
        let mut child = fixture.command(&args).stdout(Stdio::piped()).spawn().expect("the binary runs");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("before its time was over").expect("a line")
    }

    fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).expect("JSON")
    }

    /// The words of the events up to the first one of this kind.
    fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.json();
            let is_last = event["event"] == kind;
            events.push(event);
            if is_last {
                return events;
            }
        }
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("it ends");
    }
}

fn words(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().expect("a word")).collect()
}

fn fixture() -> (Fixture, Crank) {
    let retry = Retry { retries: 1, past_next: true, ..Retry::DEFAULT };
    Fixture::with(vec![
        plan(JobSpec { schedule: Some("every(1m)"), retry, ..JobSpec::new("work") }),
        plan(JobSpec::new("other")),
    ])
}

#[test]
fn the_life_of_a_run_is_told_as_it_happens() {
    let (fixture, crank) = fixture();
    let mut tail = Tail::start(&fixture, &["--json"]);
    let first = tail.json();
    assert_eq!(
        (&first["event"], &first["jobs"], &first["active_runs"]),
        (&json!("following"), &json!(2), &json!(0))
    );
    let now = at("2026-01-05T09:00:00Z");
    let claimed = crank.judge(now).remove(0);
    // Started is when the function was called, which the store learns with the first result; the claim says it first.
    let begun = tail.until("started");
    assert_eq!(
        (&begun[0]["job"], &begun[0]["run"], &begun[0]["attempt"]),
        (&json!("work"), &json!(1), &json!(1))
    );
    assert_eq!(begun[0]["nominal"], "2026-01-05T09:00:00Z");
    let line = LogLine { at: now + TimeDelta::seconds(1), attempt: 1, text: "hello".into() };
    let progress = Some(Progress { fraction: 0.5, message: "half".into() });
    crank.note(&claimed, Note { progress, lines: vec![line], ..Note::default() });
    let noted = tail.until("progress");
    assert_eq!(words(&noted), ["log", "progress"]);
    assert_eq!((&noted[0]["text"], &noted[1]["fraction"]), (&json!("hello"), &json!(0.5)));
    crank.end(&claimed, now, 1_500, failed("no route"));
    let ended = tail.until("waiting");
    assert_eq!(words(&ended), ["attempt", "waiting"]);
    assert_eq!((&ended[0]["result"], &ended[0]["message"]), (&json!("errored"), &json!("no route")));
    assert_eq!(ended[0]["at"], "2026-01-05T09:00:01.500Z");
    // The retry holds the slot at the next tick.
    let later = now + TimeDelta::minutes(1);
    let second = crank.judge(later);
    for claimed in &second {
        crank.end(claimed, later, 100, AttemptEnd::Succeeded);
    }
    let rest = tail.until("skipped");
    assert!(words(&rest).contains(&"ended"), "{rest:?}");
    let skipped = rest.last().expect("an event");
    assert_eq!((&skipped["reason"], &skipped["held_by"]), (&json!("overlap"), &json!(1)));
}

#[test]
fn what_people_do_is_told_in_lines() {
    let (fixture, crank) = fixture();
    let mut tail = Tail::start(&fixture, &[]);
    assert!(tail.line().contains("following"));
    let target = Target::Job(name("work"));
    let (by, note) = ("ana".to_owned(), "too \u{1b}[1mloud".to_owned());
    crank.command(Command::Pause { target: target.clone(), by, note }, at(MONDAY));
    let line = tail.line();
    assert!(line.ends_with(r"work  paused by ana  too \u{1b}[1mloud"), "{line:?}");
    crank.command(Command::Resume { target }, at(MONDAY));
    assert!(tail.line().ends_with("work  resumed"));
    crank.trigger("other", at(MONDAY));
    let line = tail.line();
    assert!(line.ends_with("other  run 1  scheduled  by hand"), "{line}");
}

#[test]
fn of_one_job_nothing_else_is_told() {
    let (fixture, crank) = fixture();
    let mut tail = Tail::start(&fixture, &["--json", "--job", "work"]);
    assert_eq!(tail.json()["jobs"], 1);
    crank.trigger("other", at(MONDAY));
    crank.trigger("work", at(MONDAY));
    let event = tail.json();
    assert_eq!(
        (&event["event"], &event["job"], &event["run"]),
        (&json!("scheduled"), &json!("work"), &json!(2))
    );
}

#[test]
fn a_dead_letter_that_comes_back_has_not_started() {
    let (fixture, crank) = fixture();
    crank.trigger("other", at(MONDAY));
    let claimed = crank.judge(at(MONDAY)).remove(0);
    crank.end(&claimed, at(MONDAY), 10, failed("no route"));
    let mut tail = Tail::start(&fixture, &["--json"]);
    assert_eq!(tail.json()["active_runs"], 0);
    fixture.inspect(&["retry", "1"]).good();
    assert_eq!(tail.json()["event"], "scheduled");
    fixture.inspect(&["cancel", "1"]).good();
    let ended = tail.json();
    assert_eq!((&ended["event"], &ended["state"]), (&json!("ended"), &json!("cancelled")));
}

#[test]
fn it_ends_when_its_time_is_over() {
    let (fixture, _crank) = fixture();
    let text = fixture.inspect(&["tail", "--for", "10ms"]).good();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert_eq!(fixture.inspect(&["tail", "--for", "10"]).code, Some(2));
}
