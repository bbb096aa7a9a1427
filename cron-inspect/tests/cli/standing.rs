//! What a job and a run say of themselves beyond their schedule: options, a hold, a queue, progress, a log.

use std::time::Duration;

use chrono::TimeDelta;
use cron_core::job::JobSpec;
use cron_core::judge::Next;
use cron_core::policy::{Overlap, Priority, Retention, Slots};
use cron_core::run::AttemptEnd;
use cron_runtime::store::{LogLine, Note, Progress};
use serde_json::json;

use crate::fixture::{Crank, Fixture, at, plan};

fn hourly(name: &'static str) -> JobSpec {
    JobSpec { schedule: Some("cron(0 * * * *) UTC"), ..JobSpec::new(name) }
}

#[test]
fn options_are_shown_where_they_differ() {
    let full = JobSpec {
        overlap: Overlap::Queue,
        slots: Slots { queue_depth: 3, cancel_grace: Duration::from_secs(30), max_running: None },
        jitter: Some(Duration::from_secs(90)),
        run_on_start: true,
        group: Some("billing"),
        tags: &["nightly", "slow"],
        priority: Priority(80),
        retention: Retention { runs: 50, ..Retention::DEFAULT },
        was: Some("older"),
        ..hourly("full")
    };
    let (fixture, _crank) = Fixture::with(vec![plan(full), plan(hourly("plain"))]);
    let text = fixture.inspect(&["show", "full"]).good();
    for part in [
        "  Overlap     queue: 3 ticks wait while an older run is active; beyond that the oldest is superseded\n",
        "  Cancelling  a run that is asked to stop is cut off 30s later\n",
        "  Jitter      a tick starts up to 1m 30s late, by a hash of job and tick\n",
        "  At start    one run more when the job is registered for the first time\n",
        "  Priority    80 of 100: of runs due together the highest starts first\n",
        "  Kept        50 finished runs, none older than 30d; 1000 dead letters, none older than 90d\n",
        "  Group       billing\n",
        "  Tags        nightly, slow\n",
        "  Was         older\n",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    let plain = fixture.inspect(&["show", "plain"]).good();
    for label in
        ["Cancelling", "Jitter", "At start", "Priority", "Kept", "Group", "Tags", "Was", "Held", "Queued"]
    {
        assert!(!plain.contains(label), "{label} in:\n{plain}");
    }
    let text = fixture.inspect(&["runs"]).good();
    assert!(text.contains("at registration"), "{text}");
    assert!(fixture.inspect(&["run", "1"]).good().contains("  Registered  2026-01-05 08:59:30 UTC"));
}

#[test]
fn the_jittered_start_is_told_beside_the_tick() {
    let spec = JobSpec { jitter: Some(Duration::from_secs(90)), ..hourly("spread") };
    let (fixture, _crank) = Fixture::with(vec![plan(spec)]);
    let next = fixture.json(&["next", "spread", "-n", "1", "--after", "2026-01-05T10:30:00Z"]);
    let (tick, start) = (at("2026-01-05T11:00:00Z"), next["starts"][0].as_str().expect("a start"));
    assert_eq!(next["next"], json!(["2026-01-05T11:00:00Z"]));
    assert_eq!(at(start), plan(spec).jitter().start_of(plan(spec).schedule.as_ref().expect("one"), tick));
    assert!(at(start) > tick && at(start) <= tick + TimeDelta::seconds(90), "{start}");
    let text = fixture.inspect(&["next", "spread", "-n", "1", "--after", "2026-01-05T10:30:00Z"]).good();
    assert!(text.contains("Mon 2026-01-05 11:00 UTC  starts 11:0"), "{text}");
    let all = fixture.json(&["next", "-n", "1", "--after", "2026-01-05T10:30:00Z"]);
    assert_eq!(all["ticks"][0]["start"], start);
}

/// What counts from a registration counts from the one of the schedule in force, not from the first one of the job.
#[test]
fn an_edited_schedule_counts_from_its_edit() {
    let once = |text| plan(JobSpec { schedule: Some(text), ..JobSpec::new("later") });
    let (fixture, crank) = Fixture::with(vec![once("once(1h)")]);
    drop(crank);
    Crank::start(&fixture.database, vec![once("once(2h)")], Vec::new(), at("2026-02-01T00:00:00Z"));
    let args = ["next", "later", "--after", "2026-01-01T00:00:00Z"];
    assert_eq!(fixture.json(&args)["next"], json!(["2026-02-01T02:00:00Z"]));
    fixture.inspect(&["pause", "later"]).good();
    assert_eq!(fixture.json(&args)["next"], json!(["2026-02-01T02:00:00Z"]));
    assert!(fixture.inspect(&["show", "later"]).good().contains("  Since       2026-02-01 00:00:00 UTC"));
}

#[test]
fn the_word_of_a_run_comes_before_the_schedule() {
    let (fixture, crank) = Fixture::with(vec![plan(hourly("poll")), plan(hourly("stop"))]);
    let now = at("2026-01-05T09:00:00Z");
    for claimed in crank.judge(now) {
        let next =
            if claimed.job().as_str() == "stop" { Next::Never } else { Next::At(at("2026-01-05T12:30:00Z")) };
        crank.end_with(&claimed, now, 100, AttemptEnd::Succeeded, Some(next));
    }
    let next = fixture.json(&["next", "poll", "-n", "2", "--after", "2026-01-05T09:30:00Z"]);
    assert_eq!(next["next"], json!(["2026-01-05T12:30:00Z", "2026-01-05T13:00:00Z"]));
    let run = &fixture.json(&["show", "poll"])["job"]["last_run"]["id"];
    assert_eq!(next["hold"], json!({ "until": "2026-01-05T12:30:00Z", "by_run": run }));
    let text = fixture.inspect(&["show", "poll"]).good();
    assert!(text.contains("  Held        2026-01-05 12:30:00 UTC"), "{text}");
    assert!(text.contains(&format!(") by the word of run {run}\n")), "{text}");
    let text = fixture.inspect(&["next", "stop"]).good();
    assert!(text.contains("never by itself: run "), "{text}");
    let text = fixture.inspect(&["list"]).good();
    assert!(text.lines().any(|line| line.contains("stop") && line.contains("never by itself")), "{text}");
    assert!(text.lines().any(|line| line.contains("poll") && line.contains("by a run's word")), "{text}");
}

#[test]
fn queued_ticks_are_told() {
    let spec = JobSpec { overlap: Overlap::Queue, ..hourly("slow") };
    let (fixture, crank) = Fixture::with(vec![plan(spec)]);
    assert_eq!(crank.judge(at("2026-01-05T09:00:00Z")).len(), 1);
    assert_eq!(crank.judge(at("2026-01-05T10:00:00Z")).len(), 0);
    assert_eq!(fixture.json(&["show", "slow"])["job"]["queued"], "2026-01-05T10:00:00Z");
    let text = fixture.inspect(&["show", "slow"]).good();
    assert!(text.contains("  Queued      ticks up to 2026-01-05 10:00:00 UTC"), "{text}");
}

#[test]
fn a_run_tells_its_progress_and_its_log() {
    let (fixture, crank) = Fixture::with(vec![plan(hourly("work"))]);
    let now = at("2026-01-05T09:00:00Z");
    let claimed = crank.judge(now).remove(0);
    let line = |ms: i64, text: &str| LogLine {
        at: now + TimeDelta::milliseconds(ms),
        attempt: 1,
        text: text.into(),
    };
    let progress = Some(Progress { fraction: 0.4, message: "rendering".into() });
    crank.note(
        &claimed,
        Note { progress, lines: vec![line(5, "one"), line(250, "two\nand more")], ..Note::default() },
    );
    let text = fixture.inspect(&["run", "1"]).good();
    assert!(text.starts_with("Run 1 of work  running 40 %\n"), "{text}");
    assert!(text.contains("  Progress  40 %  rendering\n"), "{text}");
    assert!(text.ends_with("its log has 2 lines: inspect log 1\n"), "{text}");
    let run = fixture.json(&["run", "1"]);
    assert_eq!(run["run"]["progress"], json!({ "fraction": 0.4, "message": "rendering" }));
    assert_eq!(run["log_lines"], 2);
    let want = "2026-01-05 09:00:00.005 UTC  one\n2026-01-05 09:00:00.250 UTC  two\n                             and more\n";
    assert_eq!(fixture.inspect(&["log", "1"]).good(), want);
    let log = fixture.json(&["log", "1"]);
    assert_eq!((&log["run"], &log["job"]), (&json!(1), &json!("work")));
    assert_eq!(
        log["lines"][1],
        json!({ "at": "2026-01-05T09:00:00.250Z", "attempt": 1, "text": "two\nand more" })
    );
    assert_eq!(fixture.inspect(&["log", "7"]).bad(), "error: there is no run 7\n");
    crank.end(&claimed, now, 100, AttemptEnd::Succeeded);
    fixture.inspect(&["trigger", "work"]).good();
    assert_eq!(fixture.inspect(&["log", "2"]).good(), "run 2 has no log\n");
}

#[test]
fn a_trigger_that_waits_names_what_it_waits_for() {
    let spec = JobSpec { overlap: Overlap::Queue, ..JobSpec::new("line") };
    let (fixture, crank) = Fixture::with(vec![plan(spec)]);
    fixture.inspect(&["trigger", "line"]).good();
    let text = fixture.inspect(&["trigger", "line"]).good();
    assert_eq!(text, "triggered line: run 2 starts when run 1 has left the slot\n");
    assert!(fixture.inspect(&["trigger", "line"]).bad().contains("run 1 is active and holds its slot"));
    assert_eq!(
        fixture.json(&["trigger", "line", "--force"]),
        json!({ "job": "line", "run": 3, "waits_for": null })
    );
    drop(crank);
}
