//! `backfill`

use cron_core::job::JobSpec;
use cron_core::policy::Overlap;
use serde_json::json;

use crate::fixture::{Crank, Fixture, now, plan};

fn fixture() -> Fixture {
    // Of one year, so that no tick is due while a test runs, whatever the date.
    let hourly = JobSpec { schedule: Some("cron(0 0 0-3 1 12 * 2025) UTC"), ..JobSpec::new("hourly") };
    let wide = JobSpec { overlap: Overlap::Allow, ..JobSpec { name: "wide", ..hourly } };
    let often = JobSpec { schedule: Some("every(1h)"), ..JobSpec::new("often") };
    let fixture = Fixture::empty();
    // From now on: a tick that is due comes before a backfill.
    let plans = vec![plan(hourly), plan(wide), plan(often), plan(JobSpec::new("by-hand"))];
    Crank::start(&fixture.database, plans, Vec::new(), now());
    fixture
}

const RANGE: [&str; 4] = ["--from", "2025-12-01T00:00:00Z", "--until", "2025-12-01T03:30:00Z"];

fn backfill(fixture: &Fixture, job: &str, more: &[&str]) -> serde_json::Value {
    fixture.json(&[&["backfill", job][..], &RANGE, more].concat())
}

#[test]
fn a_dry_run_shows_what_would_run_and_changes_nothing() {
    let fixture = fixture();
    let before = fixture.contents();
    let all =
        ["2025-12-01T00:00:00Z", "2025-12-01T01:00:00Z", "2025-12-01T02:00:00Z", "2025-12-01T03:00:00Z"];
    let (from, until) = (RANGE[1], RANGE[3]);
    let want = json!({
        "job": "hourly", "dry_run": true, "from": from, "until": until, "ticks": 4, "chosen": all,
    });
    assert_eq!(backfill(&fixture, "hourly", &["--dry-run"]), want);
    let newest = backfill(&fixture, "hourly", &["--dry-run", "--newest"]);
    assert_eq!(newest["chosen"][0], all[3]);
    let failed = backfill(&fixture, "hourly", &["--dry-run", "--only", "failed"]);
    assert_eq!((&failed["ticks"], &failed["chosen"]), (&json!(4), &json!([])));
    let text = fixture.inspect(&[&["backfill", "hourly", "--dry-run"][..], &RANGE].concat()).good();
    let first = "would run 4 of 4 ticks of hourly, 2025-12-01 00:00 UTC to 2025-12-01 03:30 UTC\n";
    assert!(text.starts_with(first), "{text}");
    assert!(text.contains("Mon 2025-12-01 03:00 UTC"), "{text}");
    assert!(text.ends_with("a dry run: nothing was changed\n"), "{text}");
    assert_eq!(fixture.contents(), before);
}

#[test]
fn the_ticks_run_one_after_the_other() {
    let fixture = fixture();
    let done = backfill(&fixture, "hourly", &[]);
    let (from, until) = (RANGE[1], RANGE[3]);
    let want = json!({
        "job": "hourly", "dry_run": false, "from": from, "until": until, "runs": [1, 2, 3, 4],
    });
    assert_eq!(done, want);
    let runs = fixture.json(&["runs", "hourly", "--active"]);
    let parked: Vec<_> = runs["runs"].as_array().expect("runs").iter().map(|run| &run["parked"]).collect();
    assert_eq!(parked, [true, true, true, false]);
    assert_eq!(runs["runs"][3]["origin"], "backfill");
    let text = fixture.inspect(&["runs", "hourly"]).good();
    assert!(text.contains("2025-12-01 03:00 UTC backfill  scheduled (parked)  for its slot"), "{text}");
    let text = fixture.inspect(&["show", "hourly"]).good();
    assert!(text.contains("  Parked      3 runs wait for the slot\n"), "{text}");
    let again = fixture.inspect(&[&["backfill", "hourly"][..], &RANGE].concat()).good();
    assert_eq!(again, "no tick of hourly to run in this range\n");
    let wide = fixture.inspect(&[&["backfill", "wide", "--concurrency", "2"][..], &RANGE].concat()).good();
    assert!(wide.starts_with("backfill of wide: runs 5, 6, 7 and 8"), "{wide}");
}

#[test]
fn what_cannot_be_run_again_is_refused() {
    let fixture = fixture();
    let before = fixture.contents();
    let refused = |args: &[&str], what: &str| {
        for dry in [&[][..], &["--dry-run"]] {
            let error = fixture.inspect(&[&["backfill"], args, dry].concat()).bad();
            assert!(error.contains(what), "{error}");
        }
    };
    let from = ["--from", "2025-12-01T00:00:00Z"];
    refused(&[&["by-hand"][..], &from].concat(), "it has no schedule; trigger it instead");
    refused(&[&["hourly", "--concurrency", "2"][..], &RANGE].concat(), "allows one run at a time");
    refused(&[&["hourly", "--concurrency", "0"][..], &RANGE].concat(), "the concurrency is 0");
    refused(&["hourly", "--from", "2025-12-01T00:00:00Z", "--until", "2025-11-01T00:00:00Z"], "ends before");
    refused(&["often", "--from", "1990-01-01T00:00:00Z", "--until", "2020-01-01T00:00:00Z"], "10000 at most");
    let usage = fixture.inspect(&[&["backfill", "hourly", "--only", "mising"][..], &RANGE].concat());
    assert_eq!(usage.code, Some(2));
    assert!(usage.err.contains("did you mean `missing`?"), "{}", usage.err);
    assert_eq!(fixture.contents(), before);
}

/// A range without an end is easily longer than was meant.
#[test]
fn a_range_up_to_now_needs_a_word() {
    let fixture = fixture();
    let from = ["--from", "2025-12-01T00:00:00Z"];
    let ticks = fixture.json(&[&["backfill", "hourly", "--dry-run"][..], &from].concat());
    let number = ticks["chosen"].as_array().expect("ticks").len();
    assert_eq!(number, 4, "{ticks}");
    let before = fixture.contents();
    let want = format!(
        "error: this would run {number} ticks of `hourly`, up to now; give the range an end with `--until TIME`, or say `--yes`\n"
    );
    // Nobody sits at a pipe.
    assert_eq!(fixture.inspect(&[&["backfill", "hourly"][..], &from].concat()).bad(), want);
    assert_eq!(fixture.contents(), before);
    let done = fixture.json(&[&["backfill", "hourly", "--yes"][..], &from].concat());
    assert_eq!(done["runs"].as_array().map(Vec::len), Some(number));
    // There is nothing left to ask for.
    let again = fixture.inspect(&[&["backfill", "hourly"][..], &from].concat()).good();
    assert_eq!(again, "no tick of hourly to run in this range\n");
}

/// The job's clock is that of London: 00:30 to 01:30 are four ticks where the clock goes back, and one where it goes
/// forward.
#[test]
fn local_times_are_those_of_the_job() {
    let half = JobSpec { schedule: Some("cron(*/30 * * * *) Europe/London"), ..JobSpec::new("half-hourly") };
    let (fixture, _crank) = Fixture::with(vec![plan(half)]);
    let chosen = |from: &str, until: &str| {
        fixture.json(&["backfill", "half-hourly", "--dry-run", "--from", from, "--until", until])["chosen"]
            .clone()
    };
    let want = [
        "2025-10-25T23:30:00Z",
        "2025-10-26T00:00:00Z",
        "2025-10-26T00:30:00Z",
        "2025-10-26T01:00:00Z",
        "2025-10-26T01:30:00Z",
    ];
    assert_eq!(chosen("2025-10-26T00:30", "2025-10-26 01:30"), json!(want));
    assert_eq!(chosen("2025-10-26T01:30", "2025-10-26T01:30"), json!(want[2..]));
    let want = ["2025-03-30T00:30:00Z", "2025-03-30T01:00:00Z"];
    assert_eq!(chosen("2025-03-30T00:30", "2025-03-30T01:30"), json!(want));
    let day = chosen("2025-07-01", "2025-07-01");
    assert_eq!(
        (&day[0], &day[47], &day[48]),
        (&json!("2025-06-30T23:00:00Z"), &json!("2025-07-01T22:30:00Z"), &json!(null))
    );
    let usage = fixture.inspect(&["backfill", "half-hourly", "--from", "yesterday"]);
    assert_eq!(usage.code, Some(2));
    assert!(usage.err.contains("a local time of the job's zone such as `2026-01-01T09:30`"), "{}", usage.err);
}

/// Whoever sits at a terminal is shown what would run, and asked.
#[cfg(unix)]
#[test]
fn at_a_terminal_it_asks() {
    use std::io::Write;
    use std::process::Stdio;

    let fixture = fixture();
    let args = ["backfill", "hourly", "--from", "2025-12-01T00:00:00Z"];
    let answered = |answer: &str| {
        let terminal = nix::pty::openpty(None, None).expect("a terminal");
        let side = || Stdio::from(terminal.slave.try_clone().expect("a descriptor"));
        let mut keys = std::fs::File::from(terminal.master.try_clone().expect("a descriptor"));
        // It waits in the terminal until it is read.
        keys.write_all(answer.as_bytes()).expect("typed");
        let child = fixture.command(&args).stdin(side()).stdout(side()).stderr(Stdio::piped()).spawn();
        let output = child.expect("the binary runs").wait_with_output().expect("it ended");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    for answer in ["\n", "n\n", "what?\n"] {
        assert_eq!(answered(answer), (Some(1), "error: nothing was changed\n".to_owned()), "{answer:?}");
    }
    assert_eq!(fixture.json(&["runs"])["runs"], json!([]));
    assert_eq!(answered("y\n"), (Some(0), String::new()));
    assert!(fixture.json(&["runs"])["runs"].as_array().is_some_and(|runs| !runs.is_empty()));
}
