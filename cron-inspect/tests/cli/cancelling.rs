//! `cancel`

use chrono::TimeDelta;
use cron_core::job::JobSpec;
use cron_core::policy::{Overlap, Slots};
use cron_core::run::{Epoch, RunId};
use cron_runtime::store::Claim;
use cron_runtime::store::sqlite::complete_in;
use serde_json::json;

use crate::fixture::{Fixture, MONDAY, at, plan};

/// One run in progress and two that wait for its slot.
fn fixture() -> Fixture {
    let slots = Slots { queue_depth: 5, cancel_grace: std::time::Duration::from_secs(20), ..Slots::DEFAULT };
    let work = JobSpec { overlap: Overlap::Queue, slots, group: Some("etl"), ..JobSpec::new("work") };
    let (fixture, crank) = Fixture::with(vec![plan(work)]);
    let second = |seconds| at(MONDAY) + TimeDelta::seconds(seconds);
    crank.trigger("work", second(1));
    assert_eq!(crank.judge(second(2)).len(), 1);
    crank.trigger("work", second(3));
    crank.trigger("work", second(4));
    fixture
}

#[test]
fn what_waits_ends_and_what_runs_is_asked() {
    let fixture = fixture();
    let text = fixture.inspect(&["cancel", "2"]).good();
    assert_eq!(text, "cancelled run 2\n");
    let text = fixture.inspect(&["cancel", "1", "--by", "ana", "--note", "too slow"]).good();
    assert_eq!(text, "asked run 1 to stop; if it goes on, it is cut off 20s later\n");
    let run = fixture.json(&["run", "1"]);
    assert_eq!(
        (&run["run"]["state"], &run["run"]["asked"]),
        (&json!("running"), &json!("cancelled by ana: too slow"))
    );
    let text = fixture.inspect(&["run", "1"]).good();
    assert!(text.starts_with("Run 1 of work  running (asked to stop)\n"), "{text}");
    assert!(text.contains("  Asked    to stop: cancelled by ana: too slow\n"), "{text}");
    assert_eq!(fixture.json(&["cancel", "1", "--force"]), json!({ "ended": [1], "asked": [] }));
    assert_eq!(fixture.json(&["run", "1"])["run"]["state"], "cancelled");
}

#[test]
fn all_runs_of_a_job_or_of_a_group() {
    let (one, other) = (fixture(), fixture());
    let want = json!({ "ended": [2, 3], "asked": [1] });
    assert_eq!(one.json(&["cancel", "--job", "work"]), want);
    assert_eq!(other.json(&["cancel", "--group", "etl"]), want);
    let ended = fixture().inspect(&["cancel", "--group", "etl", "--force"]).good();
    assert_eq!(ended, "cancelled runs 1, 2 and 3\n");
    one.json(&["cancel", "--job", "work", "--force"]);
    assert_eq!(one.inspect(&["cancel", "--job", "work"]).good(), "no active runs, nothing to cancel\n");
}

#[test]
fn what_has_ended_is_not_cancelled() {
    let fixture = fixture();
    fixture.inspect(&["cancel", "2"]).good();
    let before = fixture.contents();
    assert_eq!(fixture.inspect(&["cancel", "2"]).bad(), "error: run 2 of job `work` is cancelled already\n");
    let error = fixture.inspect(&["cancel", "99"]).bad();
    assert_eq!(error, "error: there is no run 99; it may have been pruned\n");
    let error = fixture.inspect(&["cancel", "--group", "elt"]).bad();
    assert_eq!(error, "error: no job is in a group `elt`, did you mean `etl`?\n");
    for args in
        [&["cancel"][..], &["cancel", "1", "--job", "work"], &["cancel", "--job", "work", "--group", "etl"]]
    {
        assert_eq!(fixture.inspect(args).code, Some(2), "{args:?}");
    }
    assert_eq!(fixture.contents(), before);
}

#[test]
fn a_run_whose_work_is_completed_ends_as_succeeded() {
    let fixture = fixture();
    let mut connection = rusqlite::Connection::open(&fixture.database).expect("a database");
    let transaction = connection.transaction().expect("it begins");
    let (claim, now) = (Claim { run: RunId(1), epoch: Epoch(1) }, at(MONDAY) + TimeDelta::seconds(9));
    let file = fixture.database.canonicalize().expect("it is there");
    complete_in(&transaction, Some(&file), claim, now).expect("it is in progress");
    transaction.commit().expect("it is kept");

    let run = fixture.json(&["run", "1"]);
    assert_eq!((&run["run"]["state"], &run["run"]["stuck"]), (&json!("running"), &json!(false)));
    assert_eq!(run["run"]["completed"], "2026-01-05T08:59:39Z");
    let text = fixture.inspect(&["run", "1"]).good();
    assert!(text.starts_with("Run 1 of work  running (completed)\n"), "{text}");
    assert!(text.contains("  Completed  2026-01-05 08:59:39 UTC ("), "{text}");
    assert_eq!(fixture.json(&["run", "2"])["run"]["completed"], json!(null));

    let text = fixture.inspect(&["cancel", "--job", "work", "--force"]).good();
    assert_eq!(text, "cancelled runs 2 and 3\nended run 1 as succeeded: the work was completed before\n");
    let run = fixture.json(&["run", "1"]);
    assert_eq!((&run["run"]["state"], &run["run"]["error"]), (&json!("succeeded"), &json!(null)));
}
