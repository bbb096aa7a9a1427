//! `trigger`, `pause` and `resume`.

use cron_runtime::store::Ledger;
use serde_json::json;

use crate::fixture::Fixture;

#[test]
fn a_trigger_waits_to_be_started() {
    let fixture = Fixture::new();
    let text = fixture.inspect(&["trigger", "remind"]).good();
    assert!(text.starts_with("triggered remind: run 8 "), "{text}");
    let run = &fixture.json(&["runs", "remind", "-n", "1"])["runs"][0];
    assert_eq!(
        (&run["id"], &run["state"], &run["origin"]),
        (&json!(8), &json!("scheduled"), &json!("manual"))
    );
    let refused = fixture.inspect(&["trigger", "remind"]).bad();
    assert!(refused.contains("run 8 is active"), "{refused}");
    assert_eq!(
        fixture.json(&["trigger", "cleanup"]),
        json!({ "job": "cleanup", "run": 9, "waits_for": null })
    );
    let text = fixture.inspect(&["trigger", "retired"]).good();
    assert!(text.contains("not linked here"), "{text}");
}

#[test]
fn a_pause_says_who_and_why() {
    let fixture = Fixture::new();
    let paused = fixture.json(&["pause", "heartbeat", "--note", "too loud", "--by", "ops"]);
    assert_eq!(paused["job"], "heartbeat");
    assert_eq!((&paused["paused"]["by"], &paused["paused"]["note"]), (&json!("ops"), &json!("too loud")));
    assert_eq!(fixture.json(&["show", "heartbeat"])["job"]["paused"], paused["paused"]);
    let refused = fixture.inspect(&["pause", "heartbeat"]).bad();
    assert!(refused.contains("paused already, since") && refused.contains("by ops"), "{refused}");
}

#[test]
fn without_a_name_the_user_of_the_system_pauses() {
    let fixture = Fixture::new();
    let text = fixture.inspect(&["pause", "heartbeat"]).good();
    let job = fixture.store().job("heartbeat").expect("read").expect("a job");
    let by = job.paused.expect("paused").by;
    assert!(!by.is_empty());
    assert_eq!(
        text,
        format!(
            "paused heartbeat by {by}; its ticks are skipped(paused) until it is resumed; 1 run in progress goes on, also to its next \
             attempts (`inspect cancel` ends it)\n"
        )
    );
}

#[test]
fn resuming_counts_what_the_pause_skipped() {
    let fixture = Fixture::new();
    let resumed = fixture.json(&["resume", "cleanup"]);
    assert!(resumed["skipped"].as_u64().is_some_and(|skipped| skipped > 0), "{resumed}");
    assert!(resumed["next_tick"].is_string(), "{resumed}");
    let refused = fixture.inspect(&["resume", "cleanup"]).bad();
    assert_eq!(refused, "error: job `cleanup` is not paused\n");
    assert_eq!(fixture.json(&["verify"])["sound"], true);
    fixture.inspect(&["pause", "morning_report"]).good();
    let text = fixture.inspect(&["resume", "morning_report"]).good();
    assert!(text.starts_with("resumed morning_report") && text.contains("next tick in"), "{text}");
}
