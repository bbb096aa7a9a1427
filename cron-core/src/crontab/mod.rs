//! Crontab files: from their text to jobs, with every mistake at once.
//!
//! A crontab says when commands of a shell run. [`Crontab::read`] reads the form of a user and that of the system
//! (`/etc/crontab`, `/etc/cron.d/*`), as cronie and Vixie cron read them: settings count from their line on and nothing in them
//! is expanded, `%` ends a command, a day field that begins with `*` makes both day fields count. What these do in silence and
//! their author may not have meant is a [`CrontabWarning`]; what cannot be read is a [`CrontabMistake`] with its place.
//!
//! A line `#: key = value, ..` above a command gives it options of ours; for other crons it is a comment.

mod command;
mod environment;
mod job;
mod mistake;
mod name;
mod options;
mod random;
mod reader;
mod schedule;
mod warning;

pub use job::{CrontabJob, CrontabTime, Mail};
pub use mistake::{CrontabMistake, CrontabProblem};
pub use warning::{CrontabNotice, CrontabWarning};

/// The longest text that is read.
pub const MAX_BYTES: usize = 1_024 * 1_024;

/// The longest line, which is that of cronie.
pub const MAX_LINE: usize = 128 * 1_024;

/// The reading stops behind so many mistakes.
pub const MAX_MISTAKES: usize = 100;

/// Whose crontab it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// That of a user: the command stands behind the schedule.
    #[default]
    User,
    /// That of the system: the user who runs the command stands between the two.
    System,
}

/// The jobs of a crontab.
///
/// # Examples
/// ```
/// use cron_core::crontab::{Crontab, Form};
///
/// let text = "SHELL=/bin/bash\n30 2 * * 1-5 /usr/bin/backup --all\n";
/// let crontab = Crontab::read(text, Form::User, Some("Europe/London")).unwrap();
/// let job = &crontab.jobs()[0];
/// assert_eq!((job.line, job.command.as_str()), (2, "/usr/bin/backup --all"));
/// assert_eq!(job.schedule().unwrap().to_string(), "cron(30 2 * * MON-FRI) Europe/London");
///
/// let mistakes = Crontab::read("30 2 * * FIR backup\n61 * * * * clean\n", Form::User, Some("UTC")).unwrap_err();
/// let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
/// assert_eq!(told[0], "line 1, column 10: `FIR` is not a day of week of cron (0-7 or SUN-SAT, 0 is Sunday)");
/// assert_eq!(told[1], "line 2, column 1: `61` is out of range, the minute of cron is 0-59");
/// ```
#[derive(Clone, Debug)]
pub struct Crontab {
    jobs: Vec<CrontabJob>,
    warnings: Vec<CrontabWarning>,
    /// Each setting of the environment in the order of the file. A job has those before it, of one name the last.
    settings: Vec<(String, String)>,
}

impl Crontab {
    /// Reads a crontab. `zone` is an IANA name: that of the schedules above the first `CRON_TZ`.
    ///
    /// A last line without a line break is read, which some crons drop.
    ///
    /// # Errors
    /// Every mistake in the order of its place, and nothing of the rest. Behind [`MAX_MISTAKES`] the reading stops.
    pub fn read(text: &str, form: Form, zone: Option<&str>) -> Result<Self, Vec<CrontabMistake>> {
        reader::read(text, form, zone)
    }

    /// The commands with their schedules, in the order of the file.
    #[must_use]
    pub fn jobs(&self) -> &[CrontabJob] {
        &self.jobs
    }

    /// What the author may not have meant, in the order of the file.
    #[must_use]
    pub fn warnings(&self) -> &[CrontabWarning] {
        &self.warnings
    }

    /// The variables that the file sets for a job, in the order of the file, no name twice. `CRON_TZ` and `RANDOM_DELAY`, which speak
    /// to cron alone, are not among them.
    #[must_use]
    pub fn environment(&self, job: &CrontabJob) -> Vec<(&str, &str)> {
        let mut found: Vec<(&str, &str)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (name, value) in &self.settings[..job.settings.min(self.settings.len())] {
            let place = *places.entry(name.as_str()).or_insert(found.len());
            match found.get_mut(place) {
                Some(variable) => variable.1 = value,
                None => found.push((name, value)),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
