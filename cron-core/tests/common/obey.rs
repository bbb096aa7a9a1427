//! Obeys errors: writes what they tell to write, again and again, until the text is accepted or nothing is told.

use cron_core::schedule::{Schedule, ScheduleError, ScheduleErrorKind as Kind};

/// How far the errors have led.
pub(crate) enum End {
    Accepted(Schedule),
    /// Nothing more to write was told.
    Stuck,
}

/// One way through the errors.
pub(crate) struct Way {
    /// What was written, one after the other.
    pub(crate) written: Vec<String>,
    pub(crate) end: End,
}

/// The option and its value, and the zone.
type Text = (String, String, String);

/// All ways from a text, since an error may tell of more than one.
pub(crate) fn obey(option: &str, text: &str, zone: &str) -> Vec<Way> {
    let mut ways = Vec::new();
    let mut open: Vec<(Vec<String>, Text)> = vec![(Vec::new(), (option.into(), text.into(), zone.into()))];
    while let Some((written, (option, text, zone))) = open.pop() {
        let error = match door(&option, &text, &zone) {
            Ok(schedule) => {
                ways.push(Way { written, end: End::Accepted(schedule) });
                continue;
            }
            Err(error) => error,
        };
        let told = told(&option, &text, &zone, &error);
        assert!(written.len() < 10, "{written:?} never ends");
        if told.is_empty() {
            let mut written = written;
            written.push(format!("({error})"));
            ways.push(Way { written, end: End::Stuck });
            continue;
        }
        for (shown, next) in told {
            let mut written = written.clone();
            written.push(shown);
            open.push((written, next));
        }
    }
    ways
}

fn door(option: &str, text: &str, zone: &str) -> Result<Schedule, ScheduleError> {
    match option {
        "cron" => Schedule::cron(text, zone),
        "every" => Schedule::every(text, None),
        "daily" => Schedule::daily(text, zone),
        "hourly" => Schedule::hourly(text, zone),
        "weekly" => Schedule::weekly(text, zone),
        "at" => Schedule::at(text, zone),
        "once" => Schedule::once(text),
        "schedule" => Schedule::phrase(text, zone),
        "rrule" => Schedule::rrule(text, zone),
        other => panic!("no schedule is `{other}`"),
    }
}

/// What an error tells to write: "write `A`", and "write `A` or `B`", with nothing else before the backticks.
fn told(option: &str, text: &str, zone: &str, error: &ScheduleError) -> Vec<(String, Text)> {
    let Some(help) = error.help() else { return Vec::new() };
    let Some(rest) = help.strip_prefix("write `") else { return Vec::new() };
    let mut found = Vec::new();
    let mut rest = rest;
    while let Some((one, behind)) = rest.split_once('`') {
        found.push(one.to_owned());
        match [" or `", ", `", ", or `"].into_iter().find_map(|between| behind.strip_prefix(between)) {
            Some(more) => rest = more,
            None => break,
        }
    }
    found.into_iter().map(|one| (one.clone(), follow(option, text, zone, error, &one))).collect()
}

fn follow(option: &str, text: &str, zone: &str, error: &ScheduleError, one: &str) -> Text {
    if let Some(options) = options(one) {
        let schedule = options.iter().find(|(key, _)| !matches!(key.as_str(), "timezone" | "jitter"));
        let zone = options.iter().find(|(key, _)| key == "timezone").map_or(zone, |(_, zone)| zone.as_str());
        let (key, value) = schedule.cloned().unwrap_or((option.to_owned(), text.to_owned()));
        return (key, value, zone.to_owned());
    }
    let is_whole = matches!(error.kind(), Kind::Foreign { .. })
        || matches!(error.kind(), Kind::Phrase { .. }) && one.contains(' ');
    let mut next = text.to_owned();
    if is_whole {
        next = one.to_owned();
    } else if error.expression() == zone {
        return (option.to_owned(), text.to_owned(), one.to_owned());
    } else {
        next.replace_range(error.span(), one);
    }
    (option.to_owned(), next, zone.to_owned())
}

/// `key = "value", key = "value"`, if it is that.
fn options(text: &str) -> Option<Vec<(String, String)>> {
    let mut options = Vec::new();
    let mut rest = text;
    loop {
        let (key, value) = rest.split_once(" = \"")?;
        let (value, behind) = value.split_once('"')?;
        options.push((key.to_owned(), value.to_owned()));
        if behind.is_empty() {
            return Some(options);
        }
        rest = behind.strip_prefix(", ")?;
    }
}
