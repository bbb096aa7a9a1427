//! `check` and `next --expr`, which need no database.

use serde_json::{Value, json};

use crate::fixture::inspect;

#[test]
fn next_of_an_expression() {
    for (expr, zone, after, want) in [
        ("0 9 * * *", "UTC", "2026-01-01T00:00:00Z", &["2026-01-01T09:00:00Z", "2026-01-02T09:00:00Z"][..]),
        ("0 9 * * *", "UTC", "2026-01-01T09:00:00Z", &["2026-01-02T09:00:00Z", "2026-01-03T09:00:00Z"]),
        ("@weekly", "Asia/Tokyo", "2026-01-01T00:00:00Z", &["2026-01-03T15:00:00Z", "2026-01-10T15:00:00Z"]),
        (
            "30 2 * * *",
            "America/New_York",
            "2025-03-08T12:00:00Z",
            &["2025-03-09T07:00:00Z", "2025-03-10T06:30:00Z"],
        ),
        (
            "*/30 * * * * *",
            "UTC",
            "2026-01-01T00:00:00.250Z",
            &["2026-01-01T00:00:30Z", "2026-01-01T00:01:00Z"],
        ),
        ("0 0 0 1 1 ? 2027", "UTC", "2026-01-01T00:00:00Z", &["2027-01-01T00:00:00Z"]),
        ("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z", &[]),
        (
            "every(250ms)",
            "UTC",
            "2026-01-01T00:00:00Z",
            &["2026-01-01T00:00:00.250Z", "2026-01-01T00:00:00.500Z"],
        ),
        (
            "every 2 weeks on monday from 2026-01-05 at 9:00",
            "Europe/London",
            "2026-03-20T00:00:00Z",
            &["2026-03-30T08:00:00Z", "2026-04-13T08:00:00Z"],
        ),
        (
            "rrule(DTSTART:20260105T090000\\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO)",
            "Europe/London",
            "2026-03-17T00:00:00Z",
            &["2026-03-30T08:00:00Z", "2026-04-13T08:00:00Z"],
        ),
        (
            "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0",
            "UTC",
            "2026-01-01T09:00:00Z",
            &["2026-01-02T09:00:00Z", "2026-01-03T09:00:00Z"],
        ),
        ("at(2026-07-01T09:00:00)", "Europe/Paris", "2026-01-01T00:00:00Z", &["2026-07-01T07:00:00Z"]),
    ] {
        let args = ["next", "--expr", expr, "--zone", zone, "--after", after, "-n", "2", "--json"];
        assert_eq!(inspect(&args).json()["next"], json!(want), "{expr}");
    }
    let args =
        ["next", "--expr", "0 9 * * MON", "--zone", "Europe/London", "--after", "2026-03-28T00:00:00+01:00"];
    let text = inspect(&args).good();
    let want = "Mon 2026-03-30 09:00 BST  2026-03-30 08:00 UTC";
    assert!(text.starts_with("At 09:00, Monday, Europe/London\n") && text.contains(want), "{text}");
    let text = inspect(&["next", "--expr", "at(2020-01-01T00:00:00Z)"]).good();
    assert!(text.contains("no more ticks"), "{text}");
}

#[test]
fn check_explains_a_rule() {
    let rule = "rrule(FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0)";
    let args = ["check", rule, "--zone", "America/New_York", "--after", "2025-03-01T00:00:00Z", "-n", "1"];
    let text = inspect(&args).good();
    for part in [
        "Every day at 02:30, America/New_York, from the first registration on\n",
        "Next, if it were registered now\n",
        "    02:30 does not exist that day: runs once, at 03:00 EDT\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let refused = inspect(&["check", "FREQ=MINUTELY"]);
    assert!(refused.bad().contains("too frequent"));
}

#[test]
fn check_explains_a_schedule() {
    let args =
        ["check", "30 2 * * *", "--zone", "America/New_York", "--after", "2025-03-01T00:00:00Z", "-n", "1"];
    let text = inspect(&args).good();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..2], ["At 02:30, every day, America/New_York", "cron(30 2 * * *) America/New_York"]);
    for part in [
        "Sat 2025-03-01 02:30 EST  2025-03-01 07:30 UTC",
        "  Sun 2025-03-09 02:00 EST → 03:00 EDT  forward 1 h, 2025-03-09 07:00 UTC\n",
        "    02:30 does not exist that day: runs once, at 03:00 EDT\n",
        "  Sun 2025-11-02 02:00 EDT → 01:00 EST  back 1 h, 2025-11-02 06:00 UTC\n",
        "Warnings\n",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
}

/// Midnight is the beginning of a day, also where the clock changes there.
#[test]
fn a_change_of_the_clock_at_midnight_has_the_right_day() {
    let args =
        ["check", "30 0 * * *", "--zone", "Africa/Cairo", "--after", "2026-01-01T00:00:00Z", "-n", "1"];
    let text = inspect(&args).good();
    for part in [
        "  Fri 2026-04-24 00:00 EET → 01:00 EEST  forward 1 h, 2026-04-23 22:00 UTC\n",
        "    00:30 does not exist that day: runs once, at 01:00 EEST\n",
        "  Fri 2026-10-30 00:00 EEST → Thu 2026-10-29 23:00 EET  back 1 h, 2026-10-29 21:00 UTC\n",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
}

#[test]
fn check_as_json() {
    let check = |args: &[&str]| inspect(&[&["check", "--json"], args].concat()).json();
    let report =
        check(&["*/15 * * * *", "--zone", "America/New_York", "--after", "2025-03-01T00:00:00Z", "-n", "2"]);
    assert_eq!(report["schedule"], "cron(*/15 * * * *) America/New_York");
    assert_eq!(report["time_zone"], "America/New_York");
    assert_eq!(report["next"], json!(["2025-03-01T00:15:00Z", "2025-03-01T00:30:00Z"]));
    assert_eq!(report["lints"], json!([]));
    assert!(report["tzdata"].is_string());
    let change = json!({
        "at": "2025-11-02T06:00:00Z", "shift_ms": -3_600_000, "effect": "both_passes", "times": 4,
        "text": "runs in both passes of the repeated time, 8 ticks in all",
    });
    assert_eq!(report["clock_changes"][1], change);
    assert_eq!(check(&["every(90s)"])["clock_changes"], json!([]));
    assert_eq!(check(&["every(90s)"])["time_zone"], Value::Null);
    assert_eq!(
        check(&["once(1h)", "--after", "2026-01-01T00:00:00Z"])["next"],
        json!(["2026-01-01T01:00:00Z"])
    );
    assert_eq!(check(&["@daily"])["clock_changes"], json!([]), "UTC has none");
}

#[test]
fn blanks_and_line_breaks_around_a_text_mean_nothing() {
    let schedule = |args: &[&str]| inspect(&[args, &["--json"]].concat()).json()["schedule"].clone();
    let want = json!("cron(0 9 * * *) Europe/London");
    assert_eq!(schedule(&["check", "\n0 9 * * *\r\n", "--zone", "Europe/London\n"]), want);
    assert_eq!(
        schedule(&["next", "--expr", " cron(0 9 * * *) Europe/London\n", "--zone", " Europe/London"]),
        want
    );
    assert_eq!(schedule(&["check", "every(90s)\n"]), json!("every(1m 30s)"));
}

#[test]
fn strict_makes_warnings_count() {
    let odd = ["check", "0 0 31 * *"];
    assert!(inspect(&odd).good().contains("Warnings"));
    let strict = inspect(&[&odd[..], &["--strict"]].concat());
    assert_eq!((strict.code, strict.err.as_str()), (Some(1), ""));
    assert!(strict.out.contains("not every month has a day 31"), "{}", strict.out);
    inspect(&["check", "0 9 * * MON-FRI", "--strict"]).good();
}

#[test]
fn a_refused_expression_is_shown_with_its_mistake() {
    let want = "error: `FIR` is not a day of week (0-7 or SUN-SAT); write `FRI`\n  0 9 * * MON-FIR\n              ^^^\n";
    for args in [&["check", "0 9 * * MON-FIR"][..], &["next", "--expr", "0 9 * * MON-FIR"]] {
        assert_eq!(inspect(args).bad(), want, "{args:?}");
    }
    // A text that begins like an option is a wrong text, not a wrong usage.
    for args in [&["check", "-5 * * * *"][..], &["next", "--expr", "-5 * * * *"]] {
        assert_eq!(
            inspect(args).bad(),
            "error: a value is missing in the minute field (0-59); write a value on both sides of each `,`, `-` and `/`\n  -5 * * * *\n  ^\n",
            "{args:?}"
        );
    }
    let error = inspect(&["check", "every mondya at 9:00"]).bad();
    assert!(error.ends_with("\n  every mondya at 9:00\n        ^^^^^^\n"), "{error}");
    let error = inspect(&["check", "0 9 * * *", "--zone", "Europe/Londn"]).bad();
    assert!(error.contains("write `Europe/London`"), "{error}");
    let error = inspect(&["check", "0 0 30 2 *"]).bad();
    assert!(error.contains("never happens"), "{error}");
    let error = inspect(&["check", "cron(0 9 * * *) Asia/Tokyo", "--zone", "UTC"]).bad();
    assert!(error.contains("leave out `--zone UTC`"), "{error}");
    let error = inspect(&["check", "\u{1b}[2J * * * *"]).bad();
    assert!(!error.contains('\u{1b}'), "{error:?}");
}

/// The options to paste come first; all else is as for our own expression.
#[test]
fn check_translates_other_dialects() {
    let text =
        inspect(&["check", "--dialect", "quartz", "0 15 10 ? * 6L", "--after", "2026-03-01T12:00:00Z"])
            .good();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..2], ["cron = \"15 10 * * FRIL\"", ""]);
    assert!(lines[2].starts_with("At 10:15, the last Friday of the month"), "{text}");
    assert!(text.contains("Fri 2026-03-27 10:15"), "{text}");

    let zone = ["--zone", "Europe/London"];
    let first = |args: &[&str]| {
        let text = inspect(&[&["check", "--dialect"], args].concat()).good();
        text.lines().next().unwrap_or_default().to_owned()
    };
    for (args, want) in [
        (
            &["systemd", "OnCalendar=Mon..Fri 09:00 Asia/Tokyo\nRandomizedDelaySec=5min", "--zone", "UTC"][..],
            "cron = \"0 9 * * MON-FRI\", timezone = \"Asia/Tokyo\", jitter = \"5m\"",
        ),
        (&["temporal", "@every 5m/30s"], "every = \"5m\", phase = \"30s\""),
        (
            &["aws", "at(2026-12-25T06:00:00)", zone[0], zone[1]],
            "at = \"2026-12-25T06:00:00\", timezone = \"Europe/London\"",
        ),
    ] {
        assert_eq!(first(args), want);
    }
    let text = inspect(&["check", "--dialect", "aws", "rate(1 day)"]).good();
    assert!(text.contains("AWS counts a rate from the creation of its rule"), "{text}");
}

#[test]
fn check_translates_other_dialects_to_json() {
    let args =
        ["check", "--json", "--dialect", "systemd", "OnCalendar=*:0/15 Asia/Tokyo\nRandomizedDelaySec=30"];
    let report = inspect(&[&args[..], &["--after", "2026-03-01T12:00:00Z", "-n", "1"]].concat()).json();
    let expected = [
        ("dialect", json!("systemd")),
        ("option", json!("cron")),
        ("value", json!("*/15 * * * *")),
        ("options", json!({"timezone": "Asia/Tokyo", "jitter": "30s"})),
        ("schedule", json!("cron(*/15 * * * *) Asia/Tokyo")),
        ("next", json!(["2026-03-01T12:15:00Z"])),
    ];
    for (name, want) in expected {
        assert_eq!(report[name], want, "{name}");
    }
    // A schedule of ours has none of these.
    let ours = inspect(&["check", "--json", "@daily"]).json();
    assert_eq!((ours.get("dialect"), ours.get("option"), ours.get("options")), (None, None, None));
}

#[test]
fn check_refuses_what_a_dialect_cannot_carry_over() {
    let refused = inspect(&["check", "--dialect", "ncrontab", "0 22-2 * * *"]).bad();
    for part in ["0 22-2 * * *", "^^^^", "two readings", "`2-22`"] {
        assert!(refused.contains(part), "{part}\n{refused}");
    }
    let never = inspect(&["check", "--dialect", "spring", "0 0 0 30 2 ?"]).bad();
    assert!(never.contains("never happens"), "{never}");
}
