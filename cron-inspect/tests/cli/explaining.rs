//! `explain`

use std::time::Duration;

use chrono::{DurationRound, TimeDelta};
use cron_core::job::JobSpec;
use cron_core::policy::{CatchUp, CatchUpRule, Overlap, Retry};
use cron_core::run::AttemptEnd;
use cron_runtime::store::Store;
use serde_json::{Value, json};

use crate::fixture::{Crank, Fixture, at, now, plan};

/// Jobs whose record begins now.
fn fixture(specs: Vec<JobSpec>) -> (Fixture, Crank) {
    let fixture = Fixture::empty();
    let plans = specs.into_iter().map(plan).collect();
    let crank = Crank::start(&fixture.database, plans, Vec::new(), now());
    (fixture, crank)
}

fn minutely(name: &'static str) -> JobSpec {
    JobSpec { schedule: Some("every(1m)"), ..JobSpec::new(name) }
}

fn verdicts(explained: &Value) -> Vec<&str> {
    let all = explained["outage"]["verdicts"].as_array().expect("verdicts");
    all.iter().map(|verdict| verdict["verdict"].as_str().expect("a word")).collect()
}

#[test]
fn ticks_have_their_offset_and_the_clock_its_changes() {
    let spec = JobSpec {
        schedule: Some("cron(30 2 * * *) America/New_York"),
        jitter: Some(Duration::from_secs(60)),
        ..JobSpec::new("nightly")
    };
    let (fixture, _crank) = fixture(vec![spec]);
    let text = fixture.inspect(&["explain", "nightly", "-n", "400"]).good();
    assert!(text.starts_with("nightly  At 02:30, every day, America/New_York\n"), "{text}");
    for part in [
        " 02:30 -05:00  ",
        " 02:30 -04:00  ",
        " 03:00 -04:00  ",
        "  starts 02:3",
        "the clock has gone forward 1 h, 02:00 EST → 03:00 EDT",
        "the clock has gone back 1 h, 02:00 EDT → 01:00 EST",
        "Clock changes\n",
        "    02:30 does not exist that day: runs once, at 03:00 EDT\n",
        "After 1d in which nobody is there\n",
        "Policies\n  Overlap     skip: a tick is skipped while an older run is active\n",
        "  Jitter      a tick starts up to 1m late, by a hash of job and tick\n",
        "  Priority    50 of 100: of runs due together the highest starts first\n",
        "  Kept        10000 finished runs, none older than 30d; 1000 dead letters, none older than 90d\n",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    let explained = fixture.json(&["explain", "nightly"]);
    assert_eq!(explained["next"].as_array().map(Vec::len), Some(5));
    let local = explained["next"][0]["local"].as_str().expect("a time");
    assert!(local.ends_with("T02:30:00-04:00") || local.ends_with("T02:30:00-05:00"), "{local}");
    assert_ne!(explained["next"][0]["tick"], explained["next"][0]["start"]);
    assert_eq!(explained["clock_changes"].as_array().map(Vec::len), Some(2));
    assert_eq!(explained["policies"][0]["policy"], "overlap");
}

#[test]
fn after_an_outage_each_rule_says_what_it_says() {
    let all = CatchUp { rule: CatchUpRule::All, limit: 5, ..CatchUp::DEFAULT };
    let none = CatchUp { rule: CatchUpRule::None, grace: Some(Duration::from_secs(1)), ..CatchUp::DEFAULT };
    let (fixture, _crank) = fixture(vec![
        minutely("latest"),
        JobSpec { catch_up: all, ..minutely("all") },
        JobSpec { catch_up: none, ..minutely("none") },
        JobSpec::new("by-hand"),
        JobSpec { schedule: Some("cron(0 0 1 1 *) UTC"), ..JobSpec::new("rare") },
    ]);
    let explain = |job| fixture.json(&["explain", job, "--outage", "3h"]);
    let latest = explain("latest");
    assert_eq!(verdicts(&latest), ["skipped", "ran"]);
    let [skip, ran] = latest["outage"]["verdicts"].as_array().expect("verdicts").as_slice() else {
        panic!("{latest}")
    };
    let instant = |value: &Value| at(value.as_str().expect("an instant"));
    let newest = instant(&latest["outage"]["until"]).duration_trunc(TimeDelta::minutes(1)).expect("a minute");
    assert_eq!((instant(&ran["tick"]), &skip["reason"]), (newest, &json!("missed")));
    let missed = (newest - instant(&skip["first"])).num_minutes();
    assert!((179..=181).contains(&missed), "{latest}");
    assert_eq!(skip["count"], missed);
    assert_eq!(verdicts(&explain("all")), ["skipped", "ran", "ran", "ran", "ran", "ran"]);
    assert_eq!(verdicts(&explain("by-hand")), [""; 0]);
    let text = fixture.inspect(&["explain", "all", "--outage", "3h"]).good();
    assert!(text.contains(" ticks from ") && text.contains(" are skipped(missed).\n"), "{text}");
    assert_eq!(text.lines().filter(|line| line.ends_with(" min late.")).count(), 3, "{text}");
    assert!(text.contains("  2 ticks more, up to the one of "), "{text}");
    let text = fixture.inspect(&["explain", "by-hand"]).good();
    assert!(text.contains("\n  Nothing: it has no schedule.\n"), "{text}");
    let text = fixture.inspect(&["explain", "rare", "--outage", "1s"]).good();
    assert!(text.contains("\n  Nothing is missed: the next one is due at "), "{text}");
    fixture.inspect(&["pause", "latest"]).good();
    let text = fixture.inspect(&["explain", "latest"]).good();
    assert!(
        text.contains("  It is paused: its ticks get their verdict, skipped(paused), when it is resumed.\n"),
        "{text}"
    );
    let usage = fixture.inspect(&["explain", "latest", "--outage", "3 hours"]);
    assert_eq!(usage.code, Some(2));
}

/// A run in progress vanishes with its process: what that does is what the state machine says.
#[test]
fn runs_in_progress_are_lost_first() {
    let retry = Retry { retries: 3, past_next: true, ..Retry::DEFAULT };
    let (fixture, crank) = fixture(vec![
        JobSpec { retry, ..minutely("again") },
        JobSpec { overlap: Overlap::Queue, ..minutely("once") },
    ]);
    for job in ["again", "once"] {
        crank.trigger(job, now());
    }
    assert_eq!(crank.judge(now()).len(), 2);
    let text = fixture.inspect(&["explain", "again", "--outage", "1h"]).good();
    assert!(
        text.contains("  Run 1, in progress now, is lost with its process: it is tried again.\n"),
        "{text}"
    );
    assert!(text.contains("skipped(overlap): run 1 holds the slot.\n"), "{text}");
    let text = fixture.inspect(&["explain", "once", "--outage", "1h"]).good();
    let lost =
        "  Run 2, in progress now, is lost with its process: it has failed, for it has no attempt left.\n";
    assert!(text.contains(lost), "{text}");
    assert!(text.contains(" runs"), "{text}");
}

/// A retry gives way only to a tick that will be judged: a fixed delay has none while the run is active, a paused job has none, and what
/// a run has said about the next one counts before the schedule.
#[test]
fn a_lost_attempt_waits_for_its_retry_where_no_tick_comes_before_it() {
    let retry = Retry { retries: 3, ..Retry::DEFAULT };
    let (fixture, crank) = fixture(vec![
        JobSpec { retry, schedule: Some("every(5s, after finish)"), ..JobSpec::new("delayed") },
        JobSpec { retry, schedule: Some("every(5s)"), ..JobSpec::new("paused") },
        JobSpec { retry, schedule: Some("every(5s)"), ..JobSpec::new("plain") },
    ]);
    for job in ["delayed", "paused", "plain"] {
        crank.trigger(job, now());
    }
    assert_eq!(crank.judge(now()).len(), 3);
    fixture.inspect(&["pause", "paused"]).good();
    for (job, becomes) in [
        ("delayed", "it is tried again"),
        ("paused", "it is tried again"),
        ("plain", "it has failed, for its retry gives way to the next tick"),
    ] {
        let text = fixture.inspect(&["explain", job, "--outage", "1h"]).good();
        let lost = format!(", in progress now, is lost with its process: {becomes}.\n");
        assert!(text.contains(&lost), "{lost} is missing in:\n{text}");
    }
}

#[test]
fn a_job_that_waits_for_the_clock_says_so() {
    let specs = vec![
        minutely("beat"),
        JobSpec { schedule: Some("cron(0,30 0-23 * * *) UTC"), ..JobSpec::new("report") },
        JobSpec { schedule: Some("cron(0,30 0-23 * * *) UTC"), ..JobSpec::new("resting") },
    ];
    let (fixture, crank) = fixture(specs);
    assert_eq!(fixture.json(&["explain", "report"])["behind"], json!(null));
    let ahead = crank.judge(now() + TimeDelta::hours(2));
    for claimed in &ahead {
        crank.end(claimed, now(), 1, AttemptEnd::Succeeded);
    }
    crank.store.set_back(now()).expect("it looks at the clock");
    fixture.inspect(&["pause", "resting"]).good();
    let behind = |job: &str| fixture.json(&["explain", job])["behind"].clone();
    assert_eq!((&behind("beat")["goes_on"], &behind("report")["goes_on"]), (&json!(true), &json!(false)));
    assert_eq!(behind("resting"), json!(null), "it waits for a person");
    let text = fixture.inspect(&["explain", "report"]).good();
    let words = "the clock is behind, or was ahead, by ";
    assert!(text.contains("waits until ") && text.contains(words), "{text}");
    // Its next tick is the one after the mark.
    let explained = fixture.json(&["explain", "report"]);
    assert!(instant(&explained["next"][0]["tick"]) > instant(&explained["behind"]["until"]), "{explained}");
    let text = fixture.inspect(&["explain", "beat"]).good();
    assert!(text.contains("runs beside its ticks until ") && text.contains(words), "{text}");
    let beat = fixture.json(&["explain", "beat"]);
    assert!(instant(&beat["next"][0]["tick"]) <= instant(&beat["behind"]["until"]), "{beat}");
    // They are runs of their own.
    let beside = crank.judge(instant(&beat["next"][0]["tick"]));
    let [run] = &beside[..] else { panic!("{beside:?}") };
    crank.end(run, now(), 1, AttemptEnd::Succeeded);
    let text = fixture.inspect(&["runs", "beat"]).good();
    assert!(text.contains("beside the ticks"), "{text}");
    let text = fixture.inspect(&["run", &run.claim.run.to_string()]).good();
    assert!(text.contains("Beside "), "{text}");
    assert!(fixture.inspect(&["verify"]).good().contains("sound"));
}

fn instant(text: &Value) -> chrono::DateTime<chrono::Utc> {
    text.as_str().expect("an instant").parse().expect("an instant")
}
