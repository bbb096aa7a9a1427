//! One command of a crontab, with all that the lines above it say.

use std::sync::Arc;

use crate::job::options::Options;
use crate::schedule::Schedule;

/// When a command of a crontab runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrontabTime {
    /// `@reboot`: once for each start of the machine.
    Boot,
    /// By the clock.
    Times {
        /// The schedule, in its zone.
        schedule: Schedule,
        /// The same as the option `cron` of `#[job]` takes it.
        cron: String,
        /// The IANA name of its zone.
        zone: Arc<str>,
    },
}

/// Who gets the output of a command by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mail {
    /// Nothing is said, so cron sends it to the owner of the crontab.
    Owner,
    /// Nobody: `MAILTO=""`, or an address that no cron uses.
    Nobody,
    /// These addresses.
    To {
        /// Of the recipients, with commas between them.
        to: Arc<str>,
        /// Of the sender, where there is a `MAILFROM`.
        from: Option<Arc<str>>,
    },
}

/// A command of a crontab.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CrontabJob {
    /// Its line, from 1 on.
    pub line: usize,
    /// The schedule as it is written.
    pub written: String,
    /// When it runs.
    pub time: CrontabTime,
    /// Whether the zone of its schedule is that of a line `CRON_TZ`.
    pub is_zone_given: bool,
    /// The name: that of `#: name = ".."`, or made of program, user, command and input, so that neither another schedule nor another
    /// place in the file is another job. A second job of the same name ends in `-2`, and so on.
    pub name: String,
    /// The name without that number.
    pub identity: String,
    /// The options of the `#:` lines above it but its name, and the `jitter` of `RANDOM_DELAY`.
    pub options: Options,
    /// Who runs it; in the crontab of the system only.
    pub user: Option<String>,
    /// The command as the shell gets it.
    pub command: String,
    /// What it reads, with a line break at the end.
    pub stdin: Option<String>,
    /// The shell, where the file names one.
    pub shell: Option<Arc<str>>,
    /// The directory in which it starts, where the file names one; else the home directory of its user.
    pub home: Option<Arc<str>>,
    /// Who gets its output.
    pub mail: Mail,
    /// Whether mail is sent after a failure only: `-n` in front of the command.
    pub mails_failures_only: bool,
    /// Whether cron does not log that it starts: `-` in front of the line, or `-q` in front of the command.
    pub is_quiet: bool,
    /// The comments directly above it, without their signs.
    pub comments: Vec<String>,
    /// How many settings of the file stand above it.
    pub(super) settings: usize,
}

impl CrontabJob {
    /// The schedule of a command that runs by the clock.
    #[must_use]
    pub fn schedule(&self) -> Option<&Schedule> {
        match &self.time {
            CrontabTime::Boot => None,
            CrontabTime::Times { schedule, .. } => Some(schedule),
        }
    }
}
