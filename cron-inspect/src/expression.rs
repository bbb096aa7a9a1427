//! The door where the text of a schedule comes in.

use chrono_tz::Tz;
use cron_core::schedule::{Schedule, Translated};

use crate::failure::Failure;

/// A schedule from the command line.
#[derive(Debug)]
pub(crate) struct Expression {
    pub(crate) schedule: Schedule,
    /// The zone in which its ticks are shown.
    pub(crate) zone: Tz,
}

/// The words of the stable text form whose schedules are written in local time.
const LOCAL: [&str; 4] = ["cron", "at", "stride", "rrule"];

/// What a recurrence rule of RFC 5545 begins with.
const RULES: [&str; 5] = ["DTSTART", "RRULE", "RDATE", "EXDATE", "FREQ="];

impl Expression {
    /// Reads a cron expression, a nickname, a phrase, a recurrence rule, or the stable text form, whose own zone may
    /// be left out.
    pub(crate) fn read(text: &str, zone: Option<&str>) -> Result<Self, Failure> {
        let (text, zone) = (text.trim(), zone.map(str::trim));
        // Also for schedules that have no zone: an unknown one is a mistake, not something to ignore.
        let shown: Option<Tz> = zone.map(zone_named).transpose()?;
        let named = zone.unwrap_or("UTC");
        let schedule = match form(text) {
            None if is_phrase(text) || Schedule::phrase(text, named).is_ok() => {
                Schedule::phrase(text, named)?
            }
            None if is_rule(text) => Schedule::rrule(text, named)?,
            None => Schedule::cron(text, named)?,
            // Calls of other programs, which the door of expressions knows.
            Some(("rate" | "crontab", "")) => Schedule::cron(text, named)?,
            Some(("cron", "")) => {
                let ours = format!("{text} {named}").parse();
                ours.or_else(|_refused| Schedule::cron(text, named))?
            }
            Some((word, behind)) if behind.is_empty() && LOCAL.contains(&word) => {
                format!("{} {named}", text.trim()).parse()?
            }
            Some((_, behind)) => {
                if let Some(zone) = zone.filter(|zone| !behind.is_empty() && behind != *zone) {
                    return Err(Failure::ZoneTwice { expression: text.to_owned(), zone: zone.to_owned() });
                }
                text.trim().parse()?
            }
        };
        let zone = schedule.zone().or(shown).unwrap_or(Tz::UTC);
        Ok(Self { schedule, zone })
    }

    /// A schedule that was written in another dialect.
    pub(crate) fn translated(translated: &Translated) -> Result<Self, Failure> {
        let schedule = translated.schedule().clone();
        let zone = schedule.zone().map_or_else(|| zone_named(translated.zone()), Ok)?;
        Ok(Self { schedule, zone })
    }
}

/// Whether the text begins like a phrase: `every weekday at 9:00`, `on the 15th of every month at 12:00`.
fn is_phrase(text: &str) -> bool {
    let mut words = text.split_whitespace().map(str::to_ascii_lowercase);
    match words.next().as_deref() {
        Some("every") => true,
        Some("on") => words.next().as_deref() == Some("the"),
        _ => false,
    }
}

/// The zone of this name, with the error that schedules have.
fn zone_named(name: &str) -> Result<Tz, Failure> {
    let probe = Schedule::cron("@yearly", name)?;
    Ok(probe.zone().unwrap_or(Tz::UTC))
}

fn is_rule(text: &str) -> bool {
    let starts = |word: &&str| {
        text.trim_start().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    RULES.iter().any(starts)
}

/// The word before the parenthesis and what stands behind the closing one, if the text has that form.
fn form(text: &str) -> Option<(&str, &str)> {
    let (word, inside) = text.trim().split_once('(')?;
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    let behind = inside.rsplit_once(')').map_or("", |(_, behind)| behind.trim());
    is_word.then_some((word, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, zone: Option<&str>) -> Result<(String, Tz), String> {
        Expression::read(text, zone)
            .map(|read| (read.schedule.to_string(), read.zone))
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn all_forms_are_read() {
        let london = Some("Europe/London");
        for (text, zone, want, shown) in [
            ("0 9 * * *", None, "cron(0 9 * * *) UTC", Tz::UTC),
            ("@daily", london, "cron(0 0 * * *) Europe/London", Tz::Europe__London),
            ("cron(0 9 * * *)", london, "cron(0 9 * * *) Europe/London", Tz::Europe__London),
            ("cron(0 9 * * *) Europe/London", london, "cron(0 9 * * *) Europe/London", Tz::Europe__London),
            ("cron(0 9 * * *) Asia/Tokyo", None, "cron(0 9 * * *) Asia/Tokyo", Tz::Asia__Tokyo),
            ("every weekday at 9:00", london, "cron(0 9 * * MON-FRI) Europe/London", Tz::Europe__London),
            ("first monday of the month at noon", None, "cron(0 12 * * MON#1) UTC", Tz::UTC),
            ("hourly at :30", None, "cron(30 0-23 * * *) UTC", Tz::UTC),
            ("On the 15th of every month at noon", None, "cron(0 12 15 * *) UTC", Tz::UTC),
            (" every 90 minutes", london, "every(1h 30m)", Tz::Europe__London),
            ("stride(3d from 2026-01-05 at 09:00)", None, "stride(3d from 2026-01-05 at 09:00) UTC", Tz::UTC),
            ("every(30s)", None, "every(30s)", Tz::UTC),
            (" every(30s) ", london, "every(30s)", Tz::Europe__London),
            ("at(2026-07-01T09:00:00)", london, "at(2026-07-01T09:00:00) Europe/London", Tz::Europe__London),
            ("at(2026-07-01T09:00:00+02:00)", london, "at(2026-07-01T07:00:00Z)", Tz::Europe__London),
            #[cfg(feature = "rrule")]
            ("FREQ=DAILY", london, "rrule(RRULE:FREQ=DAILY) Europe/London", Tz::Europe__London),
            #[cfg(feature = "rrule")]
            (
                "rrule(DTSTART:20260105T090000\\nRRULE:FREQ=DAILY)",
                london,
                "rrule(DTSTART:20260105T090000 RRULE:FREQ=DAILY) Europe/London",
                Tz::Europe__London,
            ),
            #[cfg(feature = "rrule")]
            (
                "DTSTART;TZID=Asia/Tokyo:20260105T090000 RRULE:FREQ=DAILY",
                None,
                "rrule(DTSTART:20260105T090000 RRULE:FREQ=DAILY) Asia/Tokyo",
                Tz::Asia__Tokyo,
            ),
        ] {
            assert_eq!(read(text, zone), Ok((want.to_owned(), shown)), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        let error = |text, zone| read(text, zone).expect_err(text);
        assert!(error("0 9 * * FIR", None).contains("FRI"));
        assert!(
            error("cron(0 10 * * ? *)", None).contains("AWS, whose last field is a year; write `0 10 * * *`")
        );
        assert!(error("rate(5 minutes)", None).contains("write `every = \"5m\"`"));
        assert!(error("crontab(minute=0)", None).contains("write `0 * * * *`"));
        assert!(error("0 9 * * *", Some("Europe/Londn")).contains("Europe/London"));
        assert!(error("every(30s)", Some("nowhere")).contains("nowhere"));
        assert!(error("evry(30s)", None).contains("every"));
        assert!(error("every mondya at 9:00", None).contains("write `every monday at 9:00`"));
        assert!(error("cron(0 9 * * *) Asia/Tokyo", Some("UTC")).contains("--zone"));
    }
}
