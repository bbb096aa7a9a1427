//! `backfill`

use cron_core::job::JobSpec;
use cron_core::policy::Overlap;
use serde_json::json;

use crate::fixture::{Crank, Fixture, now, plan};

fn fixture() -> Fixture {
    let hourly = JobSpec { schedule: Some("cron(0 0-3 1 12 *) UTC"), ..JobSpec::new("hourly") };
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
    let want = json!({ "job": "hourly", "dry_run": true, "ticks": 4, "chosen": all });
    assert_eq!(backfill(&fixture, "hourly", &["--dry-run"]), want);
    let newest = backfill(&fixture, "hourly", &["--dry-run", "--newest"]);
    assert_eq!(newest["chosen"][0], all[3]);
    let failed = backfill(&fixture, "hourly", &["--dry-run", "--only", "failed"]);
    assert_eq!((&failed["ticks"], &failed["chosen"]), (&json!(4), &json!([])));
    let text = fixture.inspect(&[&["backfill", "hourly", "--dry-run"][..], &RANGE].concat()).good();
    assert!(text.starts_with("would run 4 of 4 ticks of hourly\n"), "{text}");
    assert!(text.contains("Mon 2025-12-01 03:00 UTC"), "{text}");
    assert!(text.ends_with("a dry run: nothing was changed\n"), "{text}");
    assert_eq!(fixture.contents(), before);
}

#[test]
fn the_ticks_run_one_after_the_other() {
    let fixture = fixture();
    let done = backfill(&fixture, "hourly", &[]);
    assert_eq!(done, json!({ "job": "hourly", "dry_run": false, "runs": [1, 2, 3, 4] }));
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
