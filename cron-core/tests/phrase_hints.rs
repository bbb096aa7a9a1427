//! No hint of a phrase leads to another meaning: each is done, and what comes out is what was meant.
//!
//! `data/phrases_refused.txt` has under each message what the author means, as texts of schedules: one, or all that the
//! message names where it may be several; `A + B` where one schedule is not enough; `-` where nothing may
//! come out, since only the author knows. `UPDATE_PHRASES=1` writes the messages anew, and keeps what is meant.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;
mod obey;

use std::collections::BTreeSet;

use common::instant;
use cron_core::schedule::{Schedule, ScheduleErrorKind as Kind};
use obey::{Outcome, outcomes};
use serde_json::Value;

const ACCEPTED: &str = include_str!("data/phrases.txt");
const REFUSED: &str = include_str!("data/phrases_refused.txt");
const CORPUS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/schedules-real.jsonl"));

/// Schedules as text, to compare and to show.
fn names(outcome: &[Schedule]) -> String {
    outcome.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")
}

fn all_names(outcomes: &[Outcome]) -> BTreeSet<String> {
    outcomes.iter().map(|outcome| names(outcome)).collect()
}

/// What is meant: the texts of schedules, or nothing.
fn meant(text: &str) -> BTreeSet<String> {
    let ways = text.split(" | ").filter(|text| *text != "-");
    let read = |text: &str| text.parse::<Schedule>().unwrap_or_else(|error| panic!("{text}: {error}"));
    ways.map(|way| names(&way.split(" + ").map(read).collect::<Vec<_>>())).collect()
}

fn blocks() -> impl Iterator<Item = &'static str> {
    REFUSED.split("\n\n").map(str::trim_end).filter(|block| !block.is_empty())
}

#[test]
fn refused_phrases_are_explained() {
    let mut written = String::new();
    let update = std::env::var_os("UPDATE_PHRASES").is_some();
    let mut cases = 0;
    for block in blocks() {
        let text = block.lines().next().unwrap();
        let error = match Schedule::phrase(text, "UTC") {
            Err(error) => error,
            Ok(_) if update => continue,
            Ok(schedule) => panic!("`{text}` is accepted: {schedule}"),
        };
        let known = block.lines().find_map(|line| line.strip_prefix("meant: "));
        let found = format!("{}\n{error}", error.diagram());
        let meant_text = known.map_or_else(
            || {
                let names: Vec<String> =
                    all_names(&outcomes(text, "UTC", Schedule::phrase)).into_iter().collect();
                if names.is_empty() { "-".to_owned() } else { format!("?? {}", names.join(" | ")) }
            },
            str::to_owned,
        );
        if update {
            written += &format!("{found}\nmeant: {meant_text}\n\n");
            continue;
        }
        assert_eq!(format!("{found}\nmeant: {meant_text}"), block, "{text}");
        assert!(matches!(error.kind(), Kind::Phrase { .. }), "{text}");
        let led_to = all_names(&outcomes(text, "UTC", Schedule::phrase));
        assert_eq!(led_to, meant(&meant_text), "{text}\n{error}");
        cases += 1;
    }
    if update {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/phrases_refused.txt"), written)
            .unwrap();
        return;
    }
    assert!(cases >= 140, "{cases}");
}

/// Phrases of App Engine's cron become ours, and windows of Renovate become nothing: they are no schedule.
#[test]
fn phrases_of_others_are_led_to_what_they_mean() {
    let (mut app_engine, mut renovate) = (0, 0);
    for line in CORPUS.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["expr"].as_str().unwrap();
        match case["dialect"].as_str().unwrap() {
            "gae" => {
                // Their grammar is `every DAY TIME`, or a rate.
                let time = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains(':');
                let words: Vec<&str> = text.split(' ').filter(|word| *word != "synchronized").collect();
                let ours = match words.iter().position(time) {
                    Some(at) => format!("{} at {}", words[..at].join(" "), words[at..].join(" ")),
                    None => words.join(" "),
                };
                let wanted = BTreeSet::from([Schedule::phrase(&ours, "UTC").unwrap().to_string()]);
                assert_eq!(all_names(&outcomes(text, "UTC", Schedule::phrase)), wanted, "{text}");
                if let Err(error) = Schedule::phrase(text, "UTC") {
                    assert_eq!(error.help(), Some(format!("write `{ours}`")), "{text}");
                }
                app_engine += 1;
            }
            "renovate" => {
                let error = Schedule::phrase(text, "UTC").unwrap_err();
                assert_eq!(outcomes(text, "UTC", Schedule::phrase), Vec::<Outcome>::new(), "{error}");
                assert!(error.help().unwrap().contains("for example `every "), "{error}");
                renovate += 1;
            }
            _ => {}
        }
    }
    assert!(app_engine >= 10 && renovate >= 5, "{app_engine} {renovate}");
}

/// All words with one letter left out, doubled, replaced by its neighbour, or swapped with the next one.
fn mistyped(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let text = |letters: Vec<char>| letters.into_iter().collect::<String>();
    let mut words = Vec::new();
    for at in 0..letters.len() {
        let mut without = letters.clone();
        let letter = without.remove(at);
        words.push(text(without.clone()));
        without.insert(at, 'x');
        words.push(text(without.clone()));
        without[at] = (letter as u8 + 1) as char;
        words.push(text(without));
        let mut twice = letters.clone();
        twice.insert(at, letter);
        words.push(text(twice));
        if at + 1 < letters.len() {
            let mut swapped = letters.clone();
            swapped.swap(at, at + 1);
            words.push(text(swapped));
        }
    }
    words
}

/// A typing mistake in a word of a good phrase is led back to that phrase, or to several of which it is one, or
/// nowhere; never to another meaning alone.
#[test]
fn typing_mistakes_lead_nowhere_else() {
    let (mut tried, mut led) = (0, 0);
    for row in ACCEPTED.lines() {
        let text = row.split(" | ").next().unwrap();
        let right = Schedule::phrase(text, "UTC").unwrap();
        let words: Vec<&str> = text.split(' ').collect();
        for (at, word) in words.iter().enumerate() {
            let plain = word.trim_end_matches(',');
            if plain.len() < 4 || !plain.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                continue;
            }
            for wrong in mistyped(plain) {
                let mut words = words.clone();
                let wrong = word.replace(plain, &wrong);
                words[at] = &wrong;
                let phrase = words.join(" ");
                if Schedule::phrase(&phrase, "UTC").is_ok() {
                    continue;
                }
                let found = outcomes(&phrase, "UTC", Schedule::phrase);
                tried += 1;
                if !found.is_empty() {
                    let error = Schedule::phrase(&phrase, "UTC").unwrap_err();
                    assert!(found.contains(&vec![right.clone()]), "{phrase}: {error}");
                    led += 1;
                }
            }
        }
    }
    // Most mistakes are understood.
    assert!(tried > 3_000 && led * 10 > tried * 7, "{led} of {tried}");
}

/// Windows of the day against their definition: the times of the rate by the clock, the end not included.
#[test]
fn windows_have_the_times_of_their_rate() {
    let after = instant("2026-03-01T23:59:59Z");
    let of_the_day = |schedule: &Schedule| -> Vec<i64> {
        let ticks = schedule.iter_after(after).map(|tick| tick.timestamp() - after.timestamp() - 1);
        ticks.take_while(|second| *second < 86_400).collect()
    };
    let (mut accepted, mut parts, mut refused) = (0, 0, 0);
    for (rate, step) in [
        ("30 seconds", 30),
        ("minute", 60),
        ("5 minutes", 300),
        ("15 mins", 900),
        ("30 minutes", 1_800),
        ("hour", 3_600),
        ("2 hrs", 7_200),
        ("6 hours", 21_600),
        ("7 minutes", 420),
    ] {
        for first in (0_i64..86_400).step_by(2_700) {
            for end in (900_i64..=86_400).step_by(4_500) {
                let written = |second: i64| format!("{}:{:02}", second / 3_600 % 24, second / 60 % 60);
                let text = format!("every {rate} between {} and {}", written(first), written(end));
                let inside = |second: &i64| {
                    if first < end {
                        (first..end).contains(second)
                    } else {
                        *second >= first || *second < end
                    }
                };
                let wanted: Vec<i64> = (0..86_400).step_by(step).filter(inside).collect();
                match Schedule::phrase(&text, "UTC") {
                    Ok(schedule) => {
                        assert_eq!(of_the_day(&schedule), wanted, "{text}: {schedule}");
                        accepted += 1;
                    }
                    Err(error) => {
                        let is_parts = error.help().unwrap().contains("for each part");
                        if is_parts {
                            let found = outcomes(&text, "UTC", Schedule::phrase);
                            let [together] = found.as_slice() else { panic!("{error}") };
                            let mut ticks: Vec<i64> = together.iter().flat_map(&of_the_day).collect();
                            ticks.sort_unstable();
                            assert_eq!(ticks, wanted, "{error}");
                            parts += 1;
                        } else {
                            refused += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(accepted > 500 && parts > 2_000 && refused > 2_000, "{accepted} {parts} {refused}");
}
