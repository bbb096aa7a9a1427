//! `docs/schedules.md` is true: each row of its tables is run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use common::instant;
use cron_core::duration::parse_duration;
use cron_core::schedule::{Dates, Dialect, Lint, Schedule, ScheduleError};

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schedules.md"));

/// The cells of the rows under the headings that have exactly these columns.
fn rows(columns: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in PAGE.lines() {
        if line == columns {
            inside = true;
        } else if !line.starts_with('|') {
            inside = false;
        } else if inside && !line.starts_with("|---") {
            found.push(
                line.trim_matches('|').split(" | ").map(|cell| plain(cell.trim()).to_owned()).collect(),
            );
        }
    }
    assert!(!found.is_empty(), "no table {columns}");
    found
}

/// The text of a cell that is code as a whole.
fn plain(cell: &str) -> &str {
    let code = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
    code.filter(|code| !code.contains('`')).unwrap_or(cell)
}

/// The schedule of an attribute, as the macro makes it.
fn schedule(attribute: &str, text: &str, zone: &str) -> Result<Schedule, ScheduleError> {
    match attribute {
        "cron" => Schedule::cron(text, zone),
        "daily" => Schedule::daily(text, zone),
        "hourly" => Schedule::hourly(text, zone),
        "weekly" => Schedule::weekly(text, zone),
        "at" => Schedule::at(text, zone),
        "once" => Schedule::once(text),
        "schedule" => Schedule::phrase(text, zone),
        "rrule" => Schedule::rrule(text, zone),
        "every" => match (text.strip_suffix(", after finish"), text.split_once(", phase ")) {
            (Some(period), _) => Schedule::every_after_finish(period),
            (None, Some((period, phase))) => Schedule::every(period, Some(phase)),
            (None, None) => Schedule::every(text, None),
        },
        other => panic!("{other}"),
    }
}

fn check(attribute: &str, cells: &[String]) {
    let [text, zone, after, next, words] = cells else { panic!("{cells:?}") };
    let schedule = schedule(attribute, text, zone).unwrap_or_else(|error| panic!("{text}: {error}"));
    check_ticks(attribute, text, &schedule, [after, next, words]);
}

fn check_ticks(attribute: &str, text: &str, schedule: &Schedule, [after, next, words]: [&String; 3]) {
    let after = instant(after);
    let anchored = schedule.anchored(after);
    let wanted: Vec<&str> = next.split(", ").collect();
    let mut found: Vec<String> = anchored
        .iter_after(after)
        .take(wanted.len())
        .map(|tick| tick.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string())
        .collect();
    if found.len() < wanted.len() {
        found.push("end".to_owned());
    }
    assert_eq!(found, wanted, "{attribute} {text}");
    assert_eq!(&schedule.describe(), words, "{attribute} {text}");
}

#[test]
fn cron_rows() {
    for row in rows("| Cron | Zone | After | Next | In words |") {
        check("cron", &row);
    }
}

#[cfg(feature = "rrule")]
#[test]
fn recurrence_rule_rows() {
    for row in rows("| Rrule | Zone | After | Next | In words |") {
        check("rrule", &row);
    }
}

#[test]
fn rows_of_other_kinds() {
    for row in rows("| Attribute | Text | Zone | After | Next | In words |") {
        check(&row[0], &row[1..]);
    }
}

#[test]
fn rows_with_calendars() {
    for row in rows("| Attribute | Text | Calendar | Rule | Zone | After | Next | In words |") {
        let [attribute, text, dates, rule, zone, after, next, words] = row.as_slice() else {
            panic!("{row:?}")
        };
        let (rule, dates) = (rule.parse().unwrap(), Dates::parse(dates).unwrap());
        let schedule = schedule(attribute, text, zone).unwrap().with_calendar(rule, dates).unwrap();
        check_ticks(attribute, text, &schedule, [after, next, words]);
    }
}

#[test]
fn rows_with_start_and_end() {
    for row in rows("| Attribute | Text | Start | End | Zone | After | Next | In words |") {
        let [attribute, text, start, end, zone, after, next, words] = row.as_slice() else {
            panic!("{row:?}")
        };
        let [start, end] = [start, end].map(|cell| (cell != "-").then_some(cell.as_str()));
        let schedule = schedule(attribute, text, zone).unwrap().within(start, end, zone).unwrap();
        check_ticks(attribute, text, &schedule, [after, next, words]);
        assert_eq!(schedule.to_string().parse::<Schedule>(), Ok(schedule));
    }
}

#[test]
fn durations() {
    for row in rows("| Duration | Milliseconds |") {
        assert_eq!(parse_duration(&row[0]).unwrap().as_millis().to_string(), row[1]);
    }
}

/// An attribute without its last option, and the option.
fn option<'a>(text: &'a str, name: &str) -> (&'a str, Option<&'a str>) {
    text.split_once(name).map_or((text, None), |(text, option)| (text, Some(option.trim_matches('"'))))
}

#[test]
fn mistakes() {
    for row in rows("| Written | Message |") {
        let (attribute, text) = row[0].split_once(" = ").unwrap();
        if attribute == "rrule" && cfg!(not(feature = "rrule")) {
            continue;
        }
        let (text, end) = option(text, ", end = ");
        let (text, start) = option(text, ", start = ");
        let (text, zone) = option(text, ", timezone = ");
        let zone = zone.unwrap_or("UTC");
        let result = schedule(attribute, text.trim_matches('"'), zone);
        let result = result.and_then(|schedule| schedule.within(start, end, zone));
        let error = result.and_then(Schedule::refuse_never).expect_err(&row[0]);
        assert_eq!(error.to_string(), row[1], "{}", row[0]);
    }
}

#[test]
fn warnings_about_spelling() {
    for row in rows("| Written | Warning | Without doubt |") {
        let said: Vec<String> = Lint::of_spelling(&row[0]).iter().map(ToString::to_string).collect();
        assert_eq!(said, [row[1].as_str()], "{}", row[0]);
        assert!(Lint::of_spelling(&row[2]).is_empty(), "{}", row[2]);
        assert_eq!(Schedule::cron(&row[0], "UTC"), Schedule::cron(&row[2], "UTC"), "{}", row[0]);
    }
}

#[test]
fn other_dialects() {
    for row in rows("| From | There | Here | What differs |") {
        let here = match row[0].parse::<Dialect>() {
            Ok(dialect) => {
                let found =
                    Schedule::from_dialect(&row[1], dialect, "UTC").unwrap_or_else(|error| panic!("{error}"));
                let (key, value) = found.option();
                let zone = (found.zone() != "UTC").then(|| format!(", timezone = \"{}\"", found.zone()));
                let jitter = found.jitter().map(|jitter| format!(", jitter = \"{jitter}\""));
                format!("{key} = \"{value}\"{}{}", zone.unwrap_or_default(), jitter.unwrap_or_default())
            }
            // The plain door tells.
            Err(_) => {
                let help = Schedule::cron(&row[1], "UTC").expect_err(&row[1]).help().unwrap_or_default();
                let told =
                    help.strip_prefix("write `").and_then(|told| told.strip_suffix('`')).unwrap_or(&help);
                if told.contains(" = ") { told.to_owned() } else { format!("cron = \"{told}\"") }
            }
        };
        assert_eq!(here, row[2], "{} {}", row[0], row[1]);
    }
}

#[test]
fn the_attributes_of_the_first_table() {
    for row in rows("| Attribute | Example | Meaning |") {
        let texts: Vec<&str> = row[1].split('"').collect();
        let text = texts.get(3).map_or(texts[1].to_owned(), |more| {
            let option = texts[2].trim_end_matches([' ', '=']);
            format!("{}{option} {more}", texts[1])
        });
        let is_there = row[0] != "rrule" || cfg!(feature = "rrule");
        assert_eq!(schedule(&row[0], &text, "UTC").is_ok(), is_there, "{}", row[1]);
    }
}

#[cfg(feature = "cron")]
#[test]
fn schedules_of_the_crate_cron() {
    for row in rows("| Theirs | Ours |") {
        let theirs: cron::Schedule = row[0].parse().unwrap();
        assert_eq!(Schedule::from(&theirs).to_string(), row[1], "{}", row[0]);
    }
}
