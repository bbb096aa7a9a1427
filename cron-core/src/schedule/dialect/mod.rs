//! Schedules in the words of other systems, as ours.
//!
//! [`rules`](rules::Rules) has what sets the dialects apart, as data. One reader makes our text from theirs, and the usual parser
//! reads it: there is one evaluator. What cannot be carried over is an error, never a guess.

mod cron_fields;
mod error;
mod item;
mod names;
mod piece;
mod rules;
mod systemd;
mod values;

use super::cron::CronSchedule;
use super::error::{MAX_LENGTH, ScheduleError, ScheduleErrorKind};
use super::{Schedule, zone};
use piece::Piece;
use rules::Rules;

pub use error::{DialectError, DialectProblem, Reading};

crate::words::word_enum! {
    /// A system that has its own way to write schedules.
    #[non_exhaustive]
    "dialect",
    pub enum Dialect {
        /// Quartz for Java, Quartz.NET and what is made after them: 6 or 7 fields, 1 is Sunday.
        Quartz = "quartz",
        /// EventBridge of AWS: `cron(...)` with the year last, `rate(...)` and `at(...)`.
        Aws = "aws",
        /// Cron Triggers of Cloudflare Workers: 5 fields, 1 is Sunday.
        Cloudflare = "cloudflare",
        /// Schedules of Temporal: 5 fields, 6 with a year, 7 with second and year, `@every`.
        Temporal = "temporal",
        /// `@Scheduled` of Spring: 6 fields, both day fields have to match.
        Spring = "spring",
        /// Oban for Elixir: 5 fields, both day fields have to match.
        Oban = "oban",
        /// NCrontab and Azure Functions: 5 or 6 fields, both day fields have to match.
        NCrontab = "ncrontab",
        /// Calendar events of systemd: `Mon..Fri 09:00`.
        Systemd = "systemd",
        /// The Python package croniter, which Airflow uses: 5 fields, the second as the 6th.
        Croniter = "croniter",
        /// Crontabs of Vixie cron and cronie: both day fields have to match where one begins with `*`.
        Crontab = "crontab",
    }
}

impl Dialect {
    /// The name of the system, for messages.
    const fn title(self) -> &'static str {
        match self {
            Self::Quartz => "Quartz",
            Self::Aws => "AWS",
            Self::Cloudflare => "Cloudflare",
            Self::Temporal => "Temporal",
            Self::Spring => "Spring",
            Self::Oban => "Oban",
            Self::NCrontab => "NCrontab",
            Self::Systemd => "systemd",
            Self::Croniter => "croniter",
            Self::Crontab => "cron",
        }
    }
}

/// A schedule of another dialect, as ours: the options that say it, and what they mean.
///
/// # Examples
/// ```
/// use cron_core::schedule::{Dialect, Schedule};
///
/// // 1 is Sunday in Quartz: the last Friday of the month.
/// let translated = Schedule::from_dialect("0 15 10 ? * 6L", Dialect::Quartz, "Europe/London")?;
/// assert_eq!(translated.option(), ("cron", "15 10 * * FRIL"));
/// assert_eq!(translated.schedule(), &Schedule::cron("15 10 * * FRIL", "Europe/London")?);
/// # Ok::<(), cron_core::schedule::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated {
    schedule: Schedule,
    option: &'static str,
    value: String,
    phase: Option<String>,
    zone: String,
    jitter: Option<String>,
    note: Option<&'static str>,
}

impl Translated {
    /// The schedule, as the usual parser reads it.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The option of `#[job]` that says it, and its value: `("cron", "15 10 * * FRIL")`, `("every", "5m")`.
    #[must_use]
    pub fn option(&self) -> (&'static str, &str) {
        (self.option, &self.value)
    }

    /// The option `phase` that goes with `every`, if there is one.
    #[must_use]
    pub fn phase(&self) -> Option<&str> {
        self.phase.as_deref()
    }

    /// The zone that stood in the text, or else the one that was given.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// The option `jitter`, where the text spreads its runs evenly from a fixed beginning.
    #[must_use]
    pub fn jitter(&self) -> Option<&str> {
        self.jitter.as_deref()
    }

    /// What its author should know, if there is anything.
    #[must_use]
    pub fn note(&self) -> Option<&'static str> {
        self.note
    }

    fn new(option: &'static str, value: String, zone: &str, schedule: Schedule) -> Self {
        Self { schedule, option, value, phase: None, zone: zone.to_owned(), jitter: None, note: None }
    }

    /// Fields of a calendar, in our text.
    fn cron(value: String, zone: &str, piece: Piece<'_>) -> Result<Self, ScheduleError> {
        // The text is ours: it can only be too long.
        let read = CronSchedule::parse(&value, zone::parse(zone)?);
        let schedule = Schedule::Cron(read.map_err(|_| piece.error(DialectProblem::TooMuch))?);
        Ok(Self::new("cron", value, zone, schedule))
    }

    /// A local date and time.
    fn at(value: String, zone: &str, piece: Piece<'_>) -> Result<Self, ScheduleError> {
        let schedule = Schedule::at(&value, zone).map_err(|_| piece.error(DialectProblem::DateTime))?;
        Ok(Self::new("at", value, zone, schedule))
    }

    /// A fixed rate, in our text.
    fn every(
        period: String,
        phase: Option<String>,
        zone: &str,
        piece: Piece<'_>,
    ) -> Result<Self, ScheduleError> {
        let schedule = Schedule::every(&period, phase.as_deref());
        let schedule = schedule.map_err(|_| piece.error(DialectProblem::Duration(None)))?;
        Ok(Self { phase, ..Self::new("every", period, zone, schedule) })
    }
}

impl Schedule {
    /// A schedule as another system writes it, in an IANA zone.
    ///
    /// The meaning is carried over, not the text; at changes of the clock our own rule holds, which looks at our text. A zone
    /// that stands in the text is taken instead of the given one.
    ///
    /// # Errors
    /// If the text is none of the dialect, or if it cannot be carried over: [`ScheduleErrorKind::Dialect`]. Where a text can be
    /// read in two ways the error names both. An expression without any date is accepted here and has no tick; see
    /// [`refuse_never`](Self::refuse_never).
    ///
    /// # Examples
    /// ```
    /// use cron_core::schedule::{Dialect, Schedule};
    ///
    /// let translated = Schedule::from_dialect("Mon..Fri *:0/15 Asia/Tokyo", Dialect::Systemd, "UTC")?;
    /// assert_eq!(translated.option(), ("cron", "*/15 * * * MON-FRI"));
    /// assert_eq!(translated.zone(), "Asia/Tokyo");
    ///
    /// let error = Schedule::from_dialect("0 22-2 * * *", Dialect::NCrontab, "UTC").unwrap_err();
    /// assert_eq!(error.diagram(), "0 22-2 * * *\n  ^^^^");
    /// assert!(error.help().unwrap().contains("`2-22`"));
    /// # Ok::<(), cron_core::schedule::ScheduleError>(())
    /// ```
    pub fn from_dialect(text: &str, dialect: Dialect, zone: &str) -> Result<Translated, ScheduleError> {
        let zone = zone::parse(zone)?.name();
        if text.len() > MAX_LENGTH {
            let kind = ScheduleErrorKind::TooLong { bytes: text.len() };
            return Err(ScheduleError::new(kind, text, 0..text.len()));
        }
        let piece = Piece::whole(text, dialect).trimmed();
        match Rules::of(dialect) {
            Some(rules) => cron_fields::read(piece, rules, zone),
            None => systemd::read(piece, zone),
        }
    }
}
