//! Phrases: what they become, and what users read where one is refused.
//!
//! The tables are text files, so that a person can read them: `data/phrases.txt` has phrase, zone, canonical text, the
//! first instants after 2026-03-01T12:00:00Z and the description; `data/phrases_refused.txt` has each refused phrase
//! with its caret, its message and what is meant, which `phrase_hints.rs` looks at.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use common::instant;
use cron_core::schedule::{PhraseProblem, Schedule, ScheduleErrorKind as Kind};
use proptest::prelude::*;

const ACCEPTED: &str = include_str!("data/phrases.txt");
const REFUSED: &str = include_str!("data/phrases_refused.txt");

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    ACCEPTED.lines().map(|line| line.split(" | ").collect())
}

#[test]
fn phrases_become_schedules() {
    assert!(rows().count() >= 60);
    for row in rows() {
        let [text, zone, canonical, next, words] = row[..] else { panic!("{row:?}") };
        let schedule = Schedule::phrase(text, zone).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(schedule.to_string(), canonical, "{text}");
        assert_eq!(canonical.parse(), Ok(schedule.clone()), "{text}");
        assert_eq!(schedule.describe(), words, "{text}");
        let wanted: Vec<&str> = next.split(", ").collect();
        let ticks = schedule.iter_after(instant("2026-03-01T12:00:00Z")).take(3);
        let mut found: Vec<String> =
            ticks.map(|tick| tick.format("%Y-%m-%dT%H:%M:%SZ").to_string()).collect();
        if found.len() < 3 {
            found.push("end".to_owned());
        }
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn the_phrases_that_are_suggested_can_be_written() {
    let mut tried = 0;
    for message in REFUSED.lines().filter(|line| !line.starts_with("meant: ")) {
        for phrase in
            message.split('`').filter(|part| part.starts_with("every ") || part.starts_with("on the "))
        {
            // Parts of phrases are suggested too; a whole one has a rate or a time.
            let whole = phrase.contains(" at ")
                || phrase.contains(" between ")
                || phrase.starts_with("every ") && phrase.split(' ').count() == 3;
            let suggested = message.split_once("; ").is_some_and(|(_, help)| help.contains(phrase));
            if whole && suggested && !phrase.contains('=') {
                // What is right but for a choice that its author has to make says which.
                let result = Schedule::phrase(phrase, "UTC");
                let choice = result.as_ref().err().and_then(|error| error.help());
                let chooses = choice.is_some_and(|help| {
                    help.starts_with("write `") && help.contains("` or `")
                        || help.starts_with("use one schedule for each ")
                });
                assert!(result.is_ok() || chooses, "{phrase}");
                tried += 1;
            }
        }
    }
    assert!(tried > 40, "{tried}");
}

#[test]
fn spellings_of_one_phrase_are_one_schedule() {
    let read = |text| Schedule::phrase(text, "Europe/London").unwrap();
    for (one, other) in [
        ("every day at 9:00", Schedule::daily("9:00", "Europe/London").unwrap()),
        ("every weekday at 9am", Schedule::weekly("weekdays 9:00", "Europe/London").unwrap()),
        ("every week on sunday at noon", Schedule::cron("0 12 * * 7", "Europe/London").unwrap()),
        ("every 90 minutes", Schedule::every("1h 30m", None).unwrap()),
        ("every 5 minutes", Schedule::cron("*/5 * * * *", "Europe/London").unwrap()),
        ("every 5 mins on weekdays", Schedule::cron("*/5 * * * MON-FRI", "Europe/London").unwrap()),
        (
            "every 15 minutes between 9:00 and 17:00 on mon to fri",
            Schedule::cron("*/15 9-16 * * MON-FRI", "Europe/London").unwrap(),
        ),
        ("hourly at :00 and :30", Schedule::hourly(":00,:30", "Europe/London").unwrap()),
        ("every fri to mon at noon", read("every friday, saturday, sunday and monday at 12:00")),
        ("first monday of the month at noon", read("every month on the first monday at 12:00")),
        ("every first monday of the month at noon", read("on the first monday of every month at 12:00")),
        ("every 3 months on the 1st at 9:00", read("every quarter on the first day at 9:00")),
        ("every year on dec 25th at 8am", Schedule::cron("0 8 25 12 *", "Europe/London").unwrap()),
        ("on the 1st of every month at 0:00", Schedule::cron("@monthly", "Europe/London").unwrap()),
        ("every 14 days from 2026-01-05 at 9:00", read("every 2 weeks on monday from 2026-01-05 at 9:00")),
        (
            "every week on friday and monday at 9:15 and 8:00",
            read("every monday and friday at 8:00, 9:15 and 9:15"),
        ),
    ] {
        assert_eq!(read(one), other);
        assert_eq!(read(one).fingerprint(), other.fingerprint());
        assert_eq!(read(one).describe(), other.describe());
    }
}

#[test]
fn zones_lengths_and_empty_texts_are_checked() {
    let error = Schedule::phrase("every hour", "Europe/Londn").unwrap_err();
    assert_eq!(error.help().as_deref(), Some("write `Europe/London`"));
    let long = format!("every monday at 9:00{}", ", 9:00".repeat(200));
    assert_eq!(Schedule::phrase(&long, "UTC").unwrap_err().kind(), &Kind::TooLong { bytes: long.len() });
    let full = format!("every day at 9:00{}", " ".repeat(1_024 - 17));
    assert_eq!((full.len(), Schedule::phrase(&full, "UTC").is_ok()), (1_024, true));
    for empty in ["", " ", "\t \t"] {
        let error = Schedule::phrase(empty, "UTC").unwrap_err();
        assert!(matches!(error.kind(), Kind::Phrase { problem: PhraseProblem::Incomplete { .. }, .. }));
        assert!(error.to_string().contains("every day at 9:00"), "{error}");
    }
}

/// A word of the language, or something near to one.
fn word() -> impl Strategy<Value = String> {
    let known: Vec<&str> =
        ACCEPTED.lines().flat_map(|line| line.split(" | ").next().unwrap().split(' ')).collect();
    prop_oneof![
        12 => prop::sample::select(known).prop_map(str::to_owned),
        1 => "[0-9]{1,5}(am|pm|st|th|:[0-9]{2})?",
        1 => "[a-z:,.0-9-]{1,6}",
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(
        text in prop_oneof![
            3 => prop::collection::vec(word(), 0..14).prop_map(|words| words.join(" ")),
            2 => prop::collection::vec(word(), 0..12).prop_map(|words| format!("every {}", words.join(" "))),
            1 => any::<Vec<u8>>().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        ],
    ) {
        match Schedule::phrase(&text, "America/New_York") {
            Err(error) => {
                prop_assert!(!error.to_string().contains('\n'));
                prop_assert!(error.expression().get(error.span()).is_some());
                prop_assert_eq!(error.diagram().lines().count().max(2), 2);
                prop_assert!(error.help().is_some());
            }
            Ok(schedule) => {
                let again: Schedule = schedule.to_string().parse().unwrap();
                prop_assert_eq!(again.describe(), schedule.describe());
                prop_assert_eq!(again, schedule);
            }
        }
    }

    /// With a word that nobody knows a phrase is refused, at that word or before it.
    #[test]
    fn an_unknown_word_is_pointed_at(row in 0_usize..60, at in 0_usize..10) {
        let rows: Vec<_> = rows().collect();
        let words: Vec<&str> = rows[row % rows.len()][0].split_whitespace().collect();
        let at = at % words.len();
        let mut changed = words.clone();
        changed[at] = "xyzzy";
        let text = changed.join(" ");
        let error = Schedule::phrase(&text, "UTC").unwrap_err();
        // `at 9 xyzzy` is wrong before it, since a 9 alone may be morning or evening.
        let ambiguous = words.get(at.wrapping_sub(1)).is_some_and(|word| word.parse::<u32>().is_ok());
        prop_assert!(&text[error.span()] == "xyzzy" || ambiguous && error.span().end < text.len(), "{}", text);
    }
}
