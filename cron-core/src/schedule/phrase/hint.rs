//! What to write instead of a phrase that was refused, out of the words that it has.
//!
//! In this order: the phrase that means the same and is right; what to choose from, where it may mean several things;
//! an example that keeps what was understood, and says that it is one.

use chrono_tz::Tz;

use super::cursor::{Cursor, nearest};
use super::error::PhraseProblem;
use super::places::Place;
use super::read;
use super::words::{Words, Wrong};
use crate::duration::parse_duration;
use crate::schedule::Schedule;
use crate::schedule::cron::CronSchedule;
use crate::schedule::error::{ScheduleError, ScheduleErrorKind as Kind};

/// The most words that are put right in one phrase.
const MOST_REPAIRS: usize = 8;

/// The error of a phrase, with what to write instead.
pub(super) fn explain(text: &str, zone: Tz, wrong: Wrong) -> ScheduleError {
    let words = Words::new(text);
    let (problem, help, span) = match wrong {
        Wrong::Schedule(error) => return error,
        Wrong::Refused { span, why, help, .. } => (PhraseProblem::Refused { why }, help, span),
        Wrong::Word { at, place } => {
            if at == 0
                && let Some(help) = other_language(text)
            {
                let why = "does not begin a phrase";
                let problem = Kind::Phrase { problem: PhraseProblem::Refused { why }, help };
                return ScheduleError::new(problem, text, words.span_of(at));
            }
            (words.problem(at, place), help(text, zone, at, place), words.span_of(at))
        }
    };
    ScheduleError::new(Kind::Phrase { problem, help }, text, span)
}

/// What to write where the text is no phrase at all, but one of the other ways to write a schedule.
fn other_language(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\t']);
    let first = text.split([' ', '\t', ':', ';', '=']).next().unwrap_or_default();
    if ["DTSTART", "RRULE", "FREQ", "BEGIN"].iter().any(|name| name.eq_ignore_ascii_case(first)) {
        return Some(format!("a recurrence rule goes into `rrule`, as in `rrule = \"{text}\"`"));
    }
    let fields = text.split([' ', '\t']).filter(|field| !field.is_empty()).count();
    let is_cron = text.starts_with('@')
        || (5..=7).contains(&fields) && text.starts_with(|c: char| c == '*' || c.is_ascii_digit());
    if is_cron {
        // The parser itself: the door beside it asks here whether a text is a phrase.
        return Some(match CronSchedule::parse(text, Tz::UTC) {
            Ok(_) => format!("a cron expression goes into `cron`, as in `cron = \"{text}\"`"),
            Err(_) => "a cron expression goes into `cron`".to_owned(),
        });
    }
    if parse_duration(text).is_ok() {
        return Some(format!("a duration goes into `every`, as in `every = \"{text}\"`"));
    }
    let daily = Schedule::daily(text, "UTC").is_ok();
    daily.then(|| {
        format!("say on which days, for example `every day at {text}`; the option is `daily = \"{text}\"`")
    })
}

fn help(text: &str, zone: Tz, at: usize, place: &'static Place) -> String {
    let wrong = Wrong::Word { at, place };
    match repaired(text, zone, wrong, true) {
        Repaired::Whole(phrase) => format!("write `{phrase}`"),
        Repaired::OneOf(phrases) => {
            let phrases: Vec<String> = phrases.iter().map(|phrase| format!("`{phrase}`")).collect();
            format!("write {}", phrases.join(" or "))
        }
        Repaired::Partly(phrase, rest) => {
            // What is left to say is about the phrase with the same meaning.
            match rest {
                Wrong::Word { at, place } => {
                    let left = said(&phrase, zone, at, place);
                    if phrase == text {
                        left.1
                    } else {
                        left.0.unwrap_or_else(|| format!("write `{phrase}`"))
                    }
                }
                // A reason of its own, or a choice that the right phrase still has to make.
                Wrong::Refused { help, .. } if !help.contains("write `") => help,
                _ => format!("write `{phrase}`"),
            }
        }
    }
}

/// What to say about a word that cannot be put right: what there is to choose from, or an example. The first is
/// nothing if only a general example is left.
fn said(text: &str, zone: Tz, at: usize, place: &Place) -> (Option<String>, String) {
    let words = Words::new(text);
    let cursor = Cursor::new(&words, at);
    if let Some(said) = (place.say)(&cursor) {
        return (Some(said.clone()), said);
    }
    let example = example(&cursor, zone, place);
    let is_end = cursor.word().is_empty();
    let help = example.map_or_else(
        || format!("a phrase is for example `every day at {}`", cursor.times()),
        |example| format!("write for example `{example}`"),
    );
    (is_end.then(|| help.clone()), help)
}

/// A phrase that keeps what was understood, and of the rest what still fits.
fn example(cursor: &Cursor<'_>, zone: Tz, place: &Place) -> Option<String> {
    let is_right = |text: &String| read(text, zone).is_ok();
    let times = cursor.times();
    let ends = place.ends.iter().map(|end| end.replace("9:00", &times));
    let candidates = ends.flat_map(|end| {
        [cursor.put(1, &end), cursor.put(0, &end), cursor.cut(&end), cursor.cut(&format!("{end} at {times}"))]
    });
    candidates.map(|text| text.trim().to_owned()).find(is_right)
}

/// What became of a phrase whose words were put right as far as their meaning is known.
enum Repaired {
    Whole(String),
    /// Two phrases, either of which may have been meant.
    OneOf(Vec<String>),
    /// The last phrase of the same meaning, and what is wrong with it.
    Partly(String, Wrong),
}

/// `may_branch` says whether a word that may be several is followed up; once in a phrase is enough.
fn repaired(text: &str, zone: Tz, mut wrong: Wrong, may_branch: bool) -> Repaired {
    let mut text = text.to_owned();
    for _ in 0..MOST_REPAIRS {
        let mut choices = step_of(&text, &wrong);
        if choices.len() > 1 {
            let follow = if may_branch { choices.as_slice() } else { &[] };
            let whole = follow.iter().filter_map(|choice| finished(choice, zone));
            return match distinct(whole.collect(), zone) {
                whole if whole.is_empty() => Repaired::Partly(text, wrong),
                whole => Repaired::OneOf(whole),
            };
        }
        let Some(choice) = choices.pop().filter(|choice| *choice != text) else { break };
        text = choice;
        wrong = match read(&text, zone) {
            Ok(_) => return Repaired::Whole(text),
            Err(wrong) => wrong,
        };
    }
    Repaired::Partly(text, wrong)
}

/// The phrase that a choice leads to.
fn finished(text: &str, zone: Tz) -> Option<String> {
    let wrong = match read(text, zone) {
        Ok(_) => return Some(text.to_owned()),
        Err(wrong) => wrong,
    };
    match repaired(text, zone, wrong, false) {
        Repaired::Whole(phrase) => Some(phrase),
        Repaired::OneOf(_) | Repaired::Partly(..) => None,
    }
}

/// Without the phrases that mean the same as one before them.
fn distinct(phrases: Vec<String>, zone: Tz) -> Vec<String> {
    let mut schedules = Vec::new();
    let mut is_new = |phrase: &String| match read(phrase, zone) {
        Ok(schedule) if !schedules.contains(&schedule) => {
            schedules.push(schedule);
            true
        }
        _ => false,
    };
    phrases.into_iter().filter(|phrase| is_new(phrase)).collect()
}

/// The phrases with one more word put right: none, one, or several that may have been meant.
fn step_of(text: &str, wrong: &Wrong) -> Vec<String> {
    match wrong {
        Wrong::Refused { span, instead: Some(instead), .. } => {
            let mut text = text.to_owned();
            text.replace_range(span.clone(), instead);
            vec![text]
        }
        Wrong::Word { at, place } => {
            let words = Words::new(text);
            let cursor = Cursor::new(&words, *at);
            if let Some(text) = (place.fix)(&cursor) {
                return vec![text];
            }
            nearest(&cursor.word(), place.words).iter().map(|word| cursor.put(1, word)).collect()
        }
        Wrong::Refused { .. } | Wrong::Schedule(_) => Vec::new(),
    }
}
