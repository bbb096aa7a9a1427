//! What users read when a schedule is wrong: the message, the part it points at, and what to write instead.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use cron_core::schedule::{Schedule, ScheduleError, ScheduleErrorKind as Kind};

fn error(expression: &str) -> ScheduleError {
    Schedule::cron(expression, "UTC").expect_err(expression)
}

#[test]
fn each_mistake_is_shown_and_corrected() {
    for (expression, part, help) in [
        ("0 9 * * MON-FIR", "FIR", Some("write `FRI`")),
        ("0 9 * OKT *", "OKT", Some("write `OCT`")),
        ("5/15 * * * *", "5/15", Some("write `5-59/15`")),
        ("0 8/2 * * *", "8/2", Some("write `8-23/2`")),
        ("0 9 * * MON/2", "MON/2", Some("name the days, for example `MON,WED,FRI`")),
        ("0 9 * * THU/2", "THU/2", Some("write `THU,SAT`")),
        ("0 9 * * 4/2", "4/2", Some("name the days, for example `MON,WED,FRI`")),
        ("0/15 * * * *", "0/15", Some("write `*/15`")),
        ("0 9 1/5 * *", "1/5", Some("write `*/5`")),
        ("0 9 * * RUN", "RUN", None),
        ("0 9 * * TUH", "TUH", None),
        ("0 22-2 * * *", "22-2", Some("write `22-23,0-2`")),
        ("0 23-2 * * *", "23-2", Some("write `23,0-2`")),
        ("0 22-3/3 * * *", "22-3/3", Some("write `22-23/3,1-3/3`")),
        ("0 9 * * FRI-MON", "FRI-MON", Some("write `FRI-SUN,MON`")),
        ("0 9 * * 2-0", "2-0", Some("write `2-7`")),
        ("0 9 * NOV-FEB *", "NOV-FEB", Some("write `NOV-DEC,JAN-FEB`")),
        ("0 0 9 * * * 2030-2025", "2030-2025", Some("write `2025-2030`")),
        ("@reboot", "@reboot", Some("use `run_on_start = true` to run when the job is first registered")),
        ("  @Daily ", "@Daily", Some("write `@daily`")),
        ("0 9 * * MONDAY", "MONDAY", Some("write `MON`")),
        ("0 9 * * fril", "fril", Some("write `FRIL`")),
        ("0 9 15w * *", "15w", Some("write `15W`")),
        ("0 FRI * * *", "FRI", Some("it belongs in the day of week field")),
        ("0 9 1W,15W * *", "1W", Some("write one job for each `W` form")),
        ("0 9 L-31 * *", "L-31", Some("`L-3` is three days before the last day")),
        ("? 9 * * *", "?", Some("write `*`")),
        ("0 61 * * *", "61", None),
        ("*/0 * * * *", "/0", Some("a step is for example `*/5` or `8-18/2`")),
        ("1,,2 * * * *", "", Some("write a value on both sides of each `,`, `-` and `/`")),
    ] {
        let error = error(expression);
        assert_eq!(&expression[error.span()], part, "{error}");
        assert_eq!(error.help().as_deref(), help, "{error}");
        assert!(help.is_none_or(|help| error.to_string().ends_with(help)), "{error}");
    }
}

#[test]
fn what_is_suggested_can_be_written() {
    for expression in [
        "0 9 * * MON-FIR",
        "5/15 * * * *",
        "0 22-2 * * *",
        "0 23-2 * * *",
        "0 22-3/3 * * *",
        "0 9 * * FRI-MON",
        "0 9 * * 2-0",
        "0 9 * * 6-1/2",
        "0 9 * NOV-FEB *",
        "0 9 31-2/9 * *",
        "0 9 * * 7-2",
        "0 9 * * SAT-TUE/3",
        "0 0 9 * * * 2030-2025",
        "0 9 * * THU/2",
        "0/15 * * * *",
        "59/2 * * * *",
    ] {
        let error = error(expression);
        let help = error.help().unwrap();
        let instead = help.strip_prefix("write `").unwrap().strip_suffix('`').unwrap();
        let mut corrected = expression.to_owned();
        corrected.replace_range(error.span(), instead);
        assert!(Schedule::cron(&corrected, "UTC").is_ok(), "{expression} -> {corrected}");
    }
}

#[test]
fn a_range_over_the_end_is_split_into_the_same_values() {
    // Every pair of hours and every step: what the message suggests is what was meant.
    for (from, to, step) in (0..24).flat_map(|a| (0..a).flat_map(move |b| (1..9).map(move |n| (a, b, n)))) {
        let error = error(&format!("0 {from}-{to}/{step} * * *"));
        let Kind::BackwardRange { instead, .. } = error.kind() else { panic!("{error}") };
        let meant: Vec<String> = (from..=to + 24).step_by(step).map(|hour| (hour % 24).to_string()).collect();
        let list = Schedule::cron(&format!("0 {} * * *", meant.join(",")), "UTC").unwrap();
        assert_eq!(
            Schedule::cron(&format!("0 {instead} * * *"), "UTC"),
            Ok(list),
            "{from}-{to}/{step}: {instead}"
        );
    }
}

#[test]
fn the_allowed_values_are_named() {
    for (expression, allowed) in [
        ("60 * * * *", "0-59"),
        ("0 24 * * *", "0-23"),
        ("0 0 32 * *", "1-31"),
        ("0 0 * 13 *", "1-12 or JAN-DEC"),
        ("0 0 * * 8", "0-7 or SUN-SAT"),
        ("0 0 0 * * * 2200", "1970-2199"),
    ] {
        let error = error(expression);
        // What the end of an hour or a day is meant to be is told in words of its own.
        let is_end = matches!(error.kind(), Kind::Foreign { .. })
            && error.help().is_some_and(|help| help.starts_with("write `0"));
        assert!(is_end || matches!(error.kind(), Kind::OutOfRange { .. }));
        assert!(is_end || error.to_string().contains(allowed), "{error}");
    }
    let error = error("0 9 * *");
    assert_eq!(error.kind(), &Kind::FieldCount { found: 4 });
    assert!(error.to_string().contains("minute, hour, day of month, month, day of week"), "{error}");
    assert!(self::error("nine").to_string().starts_with("1 field found, 5, 6 or 7 wanted"));
}

#[test]
fn the_diagram_marks_the_part_under_the_text() {
    assert_eq!(error("0 9 * * MON-FIR").diagram(), "0 9 * * MON-FIR\n            ^^^");
    assert_eq!(error("0\té * * *").diagram(), "0 é * * *\n  ^");
    let long = error(&format!("{} 9 * * FIR", "1,".repeat(200) + "1"));
    assert!(long.diagram().lines().all(|line| line.chars().count() <= 120), "{}", long.diagram());
    assert!(long.diagram().contains("FIR") && long.diagram().ends_with("^^^"));
}

#[test]
fn zones_are_suggested() {
    let error = Schedule::cron("0 9 * * *", "Europe/Londn").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`Europe/Londn` is not a time zone of the IANA database; write `Europe/London`"
    );
    assert_eq!(error.expression(), "Europe/Londn");
    assert!(Schedule::cron("0 9 * * *", "").is_err());
    assert!(Schedule::cron("0 9 * * *", "+02:00").is_err());
}

#[test]
fn long_texts_are_refused() {
    let text = format!("0 9 * * {}", "1,".repeat(600));
    assert_eq!(error(&text).kind(), &Kind::TooLong { bytes: text.len() });
    let longest = format!("0{} 9 * * *", " ".repeat(1_024 - 9));
    assert_eq!(longest.len(), 1_024);
    assert!(Schedule::cron(&longest, "UTC").is_ok());
}

#[test]
fn a_schedule_without_a_date_is_refused_on_demand() {
    let schedule = Schedule::cron("0 0 30 2 *", "UTC").unwrap();
    assert!(!schedule.has_any_tick());
    let error = schedule.refuse_never().unwrap_err();
    assert_eq!(error.kind(), &Kind::Never);
    assert_eq!(error.to_string(), "`0 0 30 FEB *` never happens: no date from 1970 to 2199 matches");
    assert!(Schedule::cron("0 0 29 2 *", "UTC").unwrap().refuse_never().is_ok());
}

#[test]
fn times_and_dates_say_what_they_want() {
    let daily = Schedule::daily("25:00", "UTC").unwrap_err();
    assert_eq!(
        daily.to_string(),
        "`25:00` is not a time of day from 00:00 to 23:59:59; write hours and minutes, as in `14:30`"
    );
    assert_eq!(Schedule::daily("09:00,17:30", "UTC").unwrap_err().kind(), &Kind::NotAGrid);
    assert_eq!(Schedule::hourly("30", "UTC").unwrap_err().kind(), &Kind::TimeOfHour);
    assert_eq!(Schedule::weekly("10:00", "UTC").unwrap_err().kind(), &Kind::DaysAndTime);
    assert_eq!(Schedule::weekly("FIR 10:00", "UTC").unwrap_err().help().as_deref(), Some("write `FRI`"));
    assert_eq!(Schedule::at("tomorrow", "UTC").unwrap_err().kind(), &Kind::DateTime);
    assert_eq!(Schedule::at("2011-12-30T10:00:00", "Pacific/Apia").unwrap_err().kind(), &Kind::SkippedDate);
    let every = Schedule::every("0s", None).unwrap_err();
    assert_eq!(every.to_string(), "a duration must be longer than zero");
    assert_eq!(
        "corn(0 9 * * *) UTC".parse::<Schedule>().unwrap_err().help().as_deref(),
        Some("write `cron`")
    );
}
