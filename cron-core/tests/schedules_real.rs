//! Schedules as people write them (`tests/data/schedules-real.jsonl`) at the plain doors: what is accepted means what its
//! author meant, and whatever an error tells to write, obeyed again and again, leads to nothing else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]
#![cfg(feature = "rrule")]

mod common;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use common::obey::{End, obey};
use cron_core::schedule::{Lint, Schedule};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

struct Case {
    expression: String,
    dialect: String,
    zone: Option<String>,
    after: Option<DateTime<Utc>>,
    next: Vec<DateTime<Utc>>,
}

fn cases() -> Vec<Case> {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/schedules-real.jsonl"));
    let case = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| value[name].as_str().map(str::to_owned);
        let instant = |value: &Value| value.as_str().unwrap().parse().unwrap();
        Case {
            expression: field("expr").unwrap(),
            dialect: field("dialect").unwrap(),
            zone: field("zone"),
            after: value["after"].as_str().map(|after| after.parse().unwrap()),
            next: value["next"].as_array().map(|next| next.iter().map(instant).collect()).unwrap_or_default(),
        }
    };
    // Recurrence rules have a test of their own.
    text.lines().map(case).filter(|case| case.dialect != "rrule").collect()
}

/// What no reader can know: the same text is right in another dialect, with another meaning. `docs/schedules.md` ("If you come
/// from") says so of each, and `inspect check` warns of those with `?`.
const SILENT: &[(&str, &str)] = &[
    ("quartz", "0 0 * * * 4"),
    ("quartz", "0 0 10 ? * 2,5,6"),
    ("quartz", "0 0 10 ? * 4"),
    ("quartz", "0 12 4 ? * 3"),
    ("quartz", "0 15 10 ? * 6#3"),
    ("cloudflare", "0 17 * * 1"),
    ("cloudflare", "0 18 * * 6L"),
];

fn means(schedule: &Schedule, case: &Case) -> bool {
    let Some(after) = case.after else { return true };
    schedule.iter_after(after).take(5).collect::<Vec<_>>() == case.next
}

#[test]
fn what_is_accepted_is_what_was_meant() {
    let mut silent = Vec::new();
    for case in cases() {
        let Ok(schedule) = Schedule::cron(&case.expression, "UTC") else { continue };
        if !means(&schedule, &case) {
            silent.push((case.dialect.clone(), case.expression.clone()));
        }
    }
    let silent: Vec<(&str, &str)> =
        silent.iter().map(|(dialect, expression)| (dialect.as_str(), expression.as_str())).collect();
    assert_eq!(silent, SILENT);
    for (_, expression) in SILENT {
        let has_mark = expression.split(' ').any(|field| field == "?");
        assert_eq!(Lint::of_spelling(expression).contains(&Lint::WeekdayNumbers), has_mark, "{expression}");
    }
}

#[test]
fn what_is_told_to_write_is_what_was_meant() {
    let mut wrong = Vec::new();
    let mut without_a_word = Vec::new();
    let mut answers = BTreeMap::new();
    for case in cases() {
        let Err(refused) = Schedule::cron(&case.expression, "UTC") else { continue };
        if refused.help().is_none() {
            without_a_word.push(case.expression.clone());
        }
        for way in obey("cron", &case.expression, "UTC") {
            let written = way.written.join(" > ");
            if let End::Accepted(schedule) = &way.end
                && !means(schedule, &case)
            {
                wrong.push(format!("{} {}: {written}", case.dialect, case.expression));
            }
            if let End::Accepted(_) = &way.end
                && let Some(zone) = &case.zone
                && !written.contains(&format!("timezone = \"{zone}\""))
            {
                wrong.push(format!("{} without its zone: {written}", case.expression));
            }
            answers.insert(format!("{} | {}", case.dialect, case.expression.escape_debug()), written);
        }
    }
    assert!(wrong.is_empty(), "{} hints lead to another meaning:\n{}", wrong.len(), wrong.join("\n"));
    assert!(without_a_word.len() <= 15, "{} without a word: {without_a_word:#?}", without_a_word.len());
    let answers: Vec<String> =
        answers.into_iter().map(|(text, answer)| format!("{text} | {answer}")).collect();
    let kept = include_str!("data/real_answers.txt");
    let answers = answers.join("\n") + "\n";
    if answers != kept {
        std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/real_answers.txt"), &answers).unwrap();
        for line in answers.lines().filter(|line| !kept.lines().any(|kept| kept == *line)) {
            println!("new: {line}");
        }
        for line in kept.lines().filter(|line| !answers.lines().any(|answer| answer == *line)) {
            println!("gone: {line}");
        }
        panic!(
            "the answers are not those in tests/data/real_answers.txt (each is read by a person before it is kept)"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// No text makes an error panic, point outside of it, or lead on for ever.
    #[test]
    fn every_chain_of_errors_ends(
        pieces in prop::collection::vec(
            prop_oneof![
                8 => select(&[
                    "0", "9", "*", "*/15", "/5", "0/5", "?", "L", "2-6", "MON-FRI", "FIR", "H", "H(3-4)", "~", "24", "60", "2026", "-1",
                    "$", "1-5&", "mon%2", "cron(", ")", "rate(", "crontab(minute=", "hour='*'", "@every", "5m", "PT5M", "9:00", "9am",
                    "CRON_TZ=Asia/Tokyo", "TZ=", "Europe/London", "UTC", "root", "#", "/bin/x", "every", "monday", "at", "Mon..Fri", "*-*-1",
                    "FREQ=DAILY", "DTSTART:20260105T090000", "@daily", "@weekdays", "@noon", "\u{a0}", "\u{2013}", "\"", ";", "\n", "=", ",",
                ][..]).prop_map(str::to_owned),
                1 => any::<String>(),
            ],
            0..9,
        ),
        glue in select(&[" ", "", "  "][..]),
        option in select(&["cron", "schedule", "every", "daily"][..]),
    ) {
        let text = pieces.join(glue);
        for way in obey(option, &text, "UTC") {
            if let End::Accepted(schedule) = way.end {
                prop_assert_eq!(schedule.to_string().parse::<Schedule>(), Ok(schedule));
            }
        }
        if let Err(error) = Schedule::cron(&text, "UTC") {
            prop_assert!(error.expression().get(error.span()).is_some());
            prop_assert_eq!(error.diagram().lines().count(), 2);
            prop_assert!(!error.to_string().contains('\n'), "{}", error);
        }
    }
}
