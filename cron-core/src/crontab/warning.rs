//! What cron does in silence and the author of a crontab may not have meant.

use std::fmt;

/// Something in a crontab that its author should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrontabWarning {
    pub(super) line: usize,
    pub(super) notice: CrontabNotice,
}

impl CrontabWarning {
    /// The line, from 1 on.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// What there is to look at, as a value to match on.
    #[must_use]
    pub fn notice(&self) -> &CrontabNotice {
        &self.notice
    }
}

impl fmt::Display for CrontabWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.notice)
    }
}

/// What there is to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrontabNotice {
    /// A bare `%` ends the command.
    Percent {
        /// The command as it will run.
        command: String,
    },
    /// A value has `$`, and crontabs expand nothing.
    NotExpanded {
        /// The variable.
        name: String,
    },
    /// `LOGNAME` and `USER` cannot be set.
    NotSettable {
        /// Which of the two.
        name: String,
    },
    /// `TZ` is for commands alone.
    TzForCommands {
        /// The zone that the schedules keep, if one is known.
        zone: Option<String>,
    },
    /// No cron sends mail to this address.
    UnsafeAddress {
        /// The variable.
        name: String,
        /// Its value.
        address: String,
    },
    /// The command begins with a number, as it does where there are six fields.
    NumberFirst {
        /// The number.
        word: String,
    },
    /// The command begins with the name of a user, as in the crontab of the system.
    UserFirst {
        /// The name.
        word: String,
    },
    /// A value is chosen by chance.
    Chosen {
        /// The fields as they are written.
        written: String,
        /// The fields with the value that a hash of the name has chosen.
        chosen: String,
    },
    /// Lines end as on Windows, and crons give the sign to the command.
    WindowsLines,
}

impl fmt::Display for CrontabNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent { command } => write!(
                f,
                "`%` ends the command, and what follows it is its input; the command is `{command}` (write `\\%` for the sign)"
            ),
            Self::NotExpanded { name } => {
                write!(f, "nothing is expanded in a crontab, so `{name}` contains the sign `$` itself")
            }
            Self::NotSettable { name } => {
                write!(f, "`{name}` cannot be set: cron gives it the name of the user")
            }
            Self::TzForCommands { zone } => {
                f.write_str("`TZ` is for the commands alone; ")?;
                match zone {
                    Some(zone) => write!(f, "the schedules are in {zone}, and `CRON_TZ` would change that"),
                    None => f.write_str("`CRON_TZ` is the zone of the schedules"),
                }
            }
            Self::UnsafeAddress { name, address } => {
                write!(f, "no mail is sent: `{address}` of `{name}` has signs that cron does not let through")
            }
            Self::NumberFirst { word } => write!(
                f,
                "the command begins with the number `{word}`; a crontab has five fields, without seconds and without a year"
            ),
            Self::UserFirst { word } => write!(
                f,
                "the command begins with `{word}`, as if it were the user of a line in the crontab of the system"
            ),
            Self::Chosen { written, chosen } => {
                write!(f, "`{written}` is `{chosen}`, chosen by a hash of the name of the job")
            }
            Self::WindowsLines => f.write_str(
                "the lines end as on Windows, and cron would give that sign to the commands; it is left out",
            ),
        }
    }
}
