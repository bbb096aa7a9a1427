//! `list`, `show`, `runs`, `run`, `next` and `verify` on a ledger with one of everything.

use serde_json::{Value, json};

use crate::fixture::{Fixture, NASTY};

/// The lines without what depends on the moment of the test.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_end).collect()
}

fn line_with<'a>(text: &'a str, part: &str) -> &'a str {
    text.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part} in:\n{text}"))
}

fn names(list: &Value) -> Vec<&str> {
    let jobs = list["jobs"].as_array().expect("jobs");
    jobs.iter().map(|job| job["name"].as_str().expect("a name")).collect()
}

#[test]
fn list_shows_every_job() {
    let fixture = Fixture::new();
    let text = fixture.inspect(&["list"]).good();
    assert!(lines(&text)[0].starts_with("JOB"), "{text}");
    assert!(
        line_with(&text, "morning_report").contains("At 09:00, Monday to Friday, Europe/London"),
        "{text}"
    );
    assert!(line_with(&text, "cleanup").contains("paused"), "{text}");
    assert!(line_with(&text, "remind").contains("By hand only"), "{text}");
    assert!(line_with(&text, "retired").contains("not linked here"), "{text}");
    assert!(line_with(&text, "heartbeat").contains("running"), "{text}");
    assert!(line_with(&text, "6 jobs").contains("1 paused, 1 not linked here"), "{text}");
    assert!(!text.contains('\u{1b}'), "colours in a pipe: {text:?}");
}

#[test]
fn list_as_json() {
    let list = Fixture::new().json(&["list"]);
    let all = ["billing/close-month", "cleanup", "heartbeat", "morning_report", "remind", "retired"];
    assert_eq!(names(&list), all);
    let want = json!({
        "name": "morning_report",
        "description": "Mails the morning report.",
        "schedule": "cron(0 9 * * MON-FRI) Europe/London",
        "schedule_description": "At 09:00, Monday to Friday, Europe/London",
        "time_zone": "Europe/London",
        "group": null,
        "tags": [],
        "handler": null,
        "args": null,
        "temporary": false,
        "linked": true,
        "paused": null,
        "next_tick": "2026-01-06T09:00:00Z",
        "hold": null,
        "queued": null,
        "high_water_mark": "2026-01-05T09:00:00Z",
        "registered": "2026-01-05T08:59:30Z",
        "since": "2026-01-05T08:59:30Z",
        "active_runs": 1,
        "parked_runs": 0,
        "deaths": 0,
        "quarantined": false,
        "removal": null,
        "inherited": [],
        "overlap": "skip",
        "queue_depth": 1,
        "cancel_grace_ms": 10_000,
        "max_running": null,
        "catch_up": { "rule": "latest", "limit": 100, "window_ms": null, "grace_ms": null },
        "retry": {
            "retries": 3, "backoff": "exponential", "delay_ms": 10_000, "max_delay_ms": 3_600_000, "past_next": false
        },
        "timeout_ms": 300_000,
        "jitter_ms": null,
        "run_on_start": false,
        "priority": 50,
        "retention": {
            "runs": 10_000, "age_ms": 2_592_000_000_u64, "dead_letters": 1_000, "dead_letter_age_ms": 7_776_000_000_u64
        },
        "was": null,
        "source": "src/jobs.rs:12",
    });
    let mut got = list["jobs"][3].clone();
    let run = got.as_object_mut().expect("an object").remove("last_run").expect("a run");
    assert_eq!(got, want);
    assert_eq!((&run["state"], &run["job"]), (&json!("waiting"), &json!("morning_report")));
    let paused = json!({ "at": "2026-01-05T08:59:31Z", "by": "ana", "note": "moving house" });
    assert_eq!(list["jobs"][1]["paused"], paused);
    assert_eq!(list["jobs"][5]["linked"], json!(false));
}

#[test]
fn show_is_a_card() {
    let fixture = Fixture::new();
    let text = fixture.inspect(&["show", "morning_report"]).good();
    assert_eq!(lines(&text)[..2], ["morning_report", "Mails the morning report."]);
    for part in [
        "  Schedule    At 09:00, Monday to Friday, Europe/London",
        "              cron(0 9 * * MON-FRI) Europe/London",
        "  Overlap     skip: a tick is skipped while an older run is active",
        "  Catch-up    latest: of missed ticks the newest still runs",
        "  Retries     3 after 10s and each twice as long, at most 1h (±20 %)",
        "  Timeout     5m for each attempt",
        "  High-water  2026-01-05 09:00:00 GMT (",
        "  Declared    src/jobs.rs:12",
        "Next ticks",
        "Last runs",
        "2 of 4   the mail server refused the connection …",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    let text = fixture.inspect(&["show", "cleanup"]).good();
    assert!(text.starts_with("cleanup  paused\n"), "{text}");
    assert!(line_with(&text, "  Paused").ends_with("by ana: moving house"), "{text}");
    assert!(text.contains("Next ticks, skipped while paused"), "{text}");
    let text = fixture.inspect(&["show", "heartbeat"]).good();
    let skipped = "  2026-01-05 09:00:20 UTC      1  skipped(overlap)  held by run 7";
    assert_eq!(lines(&text).last(), Some(&skipped), "{text}");
    assert!(fixture.inspect(&["show", "retired"]).good().starts_with("retired  not linked here\n"));
    assert!(fixture.inspect(&["show", "remind"]).good().contains("none: runs by hand only"));
}

#[test]
fn show_as_json() {
    let show = Fixture::new().json(&["show", "heartbeat"]);
    assert_eq!(show["job"]["name"], "heartbeat");
    assert_eq!(show["job"]["time_zone"], Value::Null);
    assert_eq!(show["next"].as_array().map(Vec::len), Some(5));
    assert_eq!(show["runs"].as_array().map(Vec::len), Some(4));
    let skip = json!({
        "first": "2026-01-05T09:00:30Z", "last": "2026-01-05T09:00:30Z", "count": 1, "reason": "overlap",
        "held_by": 7, "note": null,
    });
    assert_eq!(show["skips"][0], skip);
}

#[test]
fn runs_are_paged() {
    let fixture = Fixture::new();
    let text = fixture.inspect(&["runs"]).good();
    assert!(line_with(&text, "remind").contains("by hand"), "{text}");
    assert!(line_with(&text, "morning_report").contains("2026-01-05 09:00:00 GMT  waiting"), "{text}");
    let text = fixture.inspect(&["runs", "heartbeat", "--limit", "2"]).good();
    assert_eq!(text.lines().filter(|line| line.contains("UTC")).count(), 2, "{text}");
    assert_eq!(lines(&text).last(), Some(&"older ones: inspect runs heartbeat --before 5"), "{text}");
    let ids = |args: &[&str]| {
        let runs = fixture.json(args);
        let ids: Vec<_> = runs["runs"]
            .as_array()
            .expect("runs")
            .iter()
            .map(|run| run["id"].as_u64())
            .map(Option::unwrap)
            .collect();
        (ids, runs["next_before"].as_u64())
    };
    assert_eq!(ids(&["runs"]), (vec![7, 6, 5, 4, 3, 2, 1], None));
    assert_eq!(ids(&["runs", "heartbeat", "-n", "2"]), (vec![7, 5], Some(5)));
    assert_eq!(ids(&["runs", "heartbeat", "-n", "2", "--before", "5"]), (vec![3, 2], None));
    assert_eq!(ids(&["runs", "--active"]), (vec![7, 4], None));
    assert_eq!(fixture.inspect(&["runs", "cleanup", "--active"]).good(), "no active runs of cleanup\n");
}

#[test]
fn one_run_has_its_attempts() {
    let fixture = Fixture::new();
    let text = fixture.inspect(&["run", "4"]).good();
    assert!(text.starts_with("Run 4 of morning_report  waiting\n"), "{text}");
    assert!(line_with(&text, "  Tick").contains("Mon 2026-01-05 09:00 GMT"), "{text}");
    assert!(text.contains("  Attempt  2 of 4\n"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("errored")).count(), 2, "{text}");
    assert_eq!(text.lines().filter(|line| line.ends_with("  caused by: timed out")).count(), 2, "{text}");
    let run = fixture.json(&["run", "4"]);
    assert_eq!(run["run"]["attempts_used"], 2);
    assert_eq!(run["run"]["duration_ms"], 1_234);
    let attempt = json!({
        "attempt": 1, "epoch": 1, "result": "errored", "started": "2026-01-05T09:00:00Z", "duration_ms": 1_234,
        "message": "the mail server refused the connection\ncaused by: timed out",
        "program": null,
    });
    assert_eq!(run["attempts"][0], attempt);
    let text = fixture.inspect(&["run", "5"]).good();
    assert!(line_with(&text, "        1  succeeded").contains("1.2 s"), "{text}");
}

#[test]
fn next_of_a_job_is_in_its_zone_and_in_utc() {
    let fixture = Fixture::new();
    let args = ["next", "morning_report", "-n", "2", "--after", "2026-03-27T12:00:00Z"];
    let text = fixture.inspect(&args).good();
    assert_eq!(lines(&text)[0], "morning_report  At 09:00, Monday to Friday, Europe/London");
    assert!(lines(&text)[1].ends_with("Mon 2026-03-30 09:00 BST  2026-03-30 08:00 UTC"), "{text}");
    let next = fixture.json(&args);
    assert_eq!(next["next"], json!(["2026-03-30T08:00:00Z", "2026-03-31T08:00:00Z"]));
    assert_eq!(next["job"], "morning_report");
    let text = fixture.inspect(&["next", "cleanup"]).good();
    assert!(lines(&text)[1].ends_with("by ana: moving house"), "{text}");
    assert_eq!(fixture.json(&["next", "remind"])["next"], json!([]));
}

#[test]
fn next_of_all_jobs_is_one_list() {
    let fixture = Fixture::new();
    let args = ["next", "-n", "8", "--after", "2026-01-06T08:59:15Z"];
    let next = fixture.json(&args);
    let ticks: Vec<_> = next["ticks"].as_array().expect("ticks").iter().map(|tick| &tick["job"]).collect();
    let beats = ["heartbeat"; 4];
    assert_eq!(ticks[..4], beats);
    assert_eq!(ticks[4..7], ["billing/close-month", "heartbeat", "morning_report"]);
    assert_eq!(next["next"][6], "2026-01-06T09:00:00Z");
    let text = fixture.inspect(&args).good();
    assert!(line_with(&text, "morning_report").contains("Tue 2026-01-06 09:00:00 GMT"), "{text}");
    assert_eq!(lines(&text).last(), Some(&"without 1 paused job"));
}

#[test]
fn a_sound_record_is_one_line() {
    let fixture = Fixture::new();
    let text = fixture.inspect(&["verify"]).good();
    assert_eq!(text, "6 jobs sound: 8 ticks, 6 ran, 2 skipped; --all shows each\n");
    assert_eq!(fixture.json(&["verify"]), json!({ "sound": true, "audited": 6, "unsound": 0, "jobs": [] }));
    let text = fixture.inspect(&["verify", "--all"]).good();
    assert_eq!(
        line_with(&text, "heartbeat"),
        "heartbeat                6    4        2       0       0  sound"
    );
    assert_eq!(lines(&text).last(), Some(&"6 jobs sound: 8 ticks, 6 ran, 2 skipped"), "{text}");
    let verify = fixture.json(&["verify", "heartbeat"]);
    let want = json!({
        "sound": true, "audited": 1, "unsound": 0,
        "jobs": [{
            "job": "heartbeat", "sound": true, "ticks": 6, "ran": 4, "skipped_overlap": 2, "skipped_missed": 0,
            "skipped_paused": 0, "skipped_superseded": 0, "skipped_clock": 0,
            "ahead": 0, "suspended": 0, "taken_back": 0, "breaches": [],
        }],
    });
    assert_eq!(verify, want);
    let text = fixture.inspect(&["verify", "heartbeat"]).good();
    assert!(text.ends_with("sound\n\n1 job sound: 6 ticks, 4 ran, 2 skipped\n"), "{text}");
}

#[test]
fn each_breach_is_named() {
    let fixture = Fixture::new();
    let file = rusqlite::Connection::open(&fixture.database).expect("a database");
    file.execute("DELETE FROM runs WHERE id = 3", []).expect("deleted");
    file.execute("UPDATE skips SET count = 5 WHERE first_ms % 60000 = 20000", []).expect("updated");
    let said = fixture.inspect(&["verify"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    assert!(line_with(&said.out, "heartbeat ").ends_with("2 breaches"), "{}", said.out);
    assert!(said.out.contains("the tick 2026-01-05 08:59:50 UTC has no verdict"), "{}", said.out);
    assert!(!said.out.contains("morning_report"), "sound jobs are not shown: {}", said.out);
    let last = lines(&said.out).pop().unwrap_or_default().to_owned();
    assert!(last.starts_with("1 of 6 jobs not sound: ") && last.ends_with("; --all shows each"), "{last}");
    let all = fixture.inspect(&["verify", "--all"]);
    assert!(line_with(&all.out, "morning_report").ends_with("sound"), "{}", all.out);
    let said = fixture.inspect(&["verify", "--json"]);
    assert_eq!(said.code, Some(1));
    let verify: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((&verify["sound"], &verify["unsound"]), (&json!(false), &json!(1)));
    assert_eq!(verify["jobs"].as_array().map(Vec::len), Some(1));
    let breaches = &verify["jobs"][0]["breaches"];
    assert_eq!(breaches[0]["kind"], "no_verdict");
    assert_eq!(breaches[0]["tick"], "2026-01-05T08:59:50Z");
    assert_eq!((&breaches[1]["kind"], &breaches[1]["recorded"]), (&json!("wrong_count"), &json!(5)));
    assert!(breaches[1]["message"].as_str().is_some_and(|message| message.contains("recorded with 5 ticks")));
    assert_eq!(fixture.inspect(&["verify", "cleanup"]).code, Some(0));
}

#[test]
fn nothing_from_a_job_steers_the_terminal() {
    let fixture = Fixture::new();
    fixture.inspect(&["pause", "remind", "--by", "\u{1b}[2Jeve", "--note", "a\u{9b}1m\nb"]).good();
    for args in [
        &["list"][..],
        &["show", "billing/close-month"],
        &["show", "remind"],
        &["runs"],
        &["run", "6"],
        &["next", "remind"],
        &["verify"],
    ] {
        for extra in [&[][..], &["--json"]] {
            let out = fixture.inspect(&[args, extra].concat()).good();
            let steers = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
            assert!(!out.contains(steers), "{args:?} {extra:?}: {out:?}");
        }
    }
    let text = fixture.inspect(&["run", "6"]).good();
    assert!(text.contains(r"\u{1b}[31mboom\u{1b}[0m\u{7} \u{9b}2J\u{202e}x"), "{text}");
    assert_eq!(fixture.json(&["run", "6"])["run"]["error"], NASTY);
    let refused = fixture.inspect(&["pause", "remind"]).bad();
    assert!(refused.contains(r"\u{1b}[2Jeve") && !refused.contains('\u{1b}'), "{refused:?}");
}
