//! What a line `NAME = value` says of the lines below it.

use std::ops::Range;
use std::sync::Arc;

use super::{Line, Reader};
use crate::crontab::Mail;
use crate::crontab::environment;
use crate::crontab::mistake::CrontabProblem as Problem;
use crate::crontab::warning::CrontabNotice as Notice;
use crate::duration::parse_duration;
use crate::schedule::Schedule;

impl<'a> Reader<'a> {
    pub(super) fn set(&mut self, line: Line<'a>, name: &str, value: &str, at: Range<usize>) {
        if environment::looks_expanded(value) {
            self.warn(line, Notice::NotExpanded { name: name.to_owned() });
        }
        match name {
            "LOGNAME" | "USER" => return self.warn(line, Notice::NotSettable { name: name.to_owned() }),
            "CRON_TZ" => return self.set_zone(line, value, at),
            "RANDOM_DELAY" => return self.set_delay(line, value, at),
            "SHELL" => self.shell = Some(value.into()).filter(|shell: &Arc<str>| !shell.is_empty()),
            "HOME" => self.home = Some(value.into()).filter(|home: &Arc<str>| !home.is_empty()),
            "MAILTO" | "MAILFROM" => {
                let is_safe = environment::is_safe_address(value);
                if !is_safe {
                    let address = value.to_owned();
                    self.warn(line, Notice::UnsafeAddress { name: name.to_owned(), address });
                }
                let address = Some(if is_safe { value } else { "" }.into());
                if name == "MAILTO" { self.mail_to = address } else { self.mail_from = address }
            }
            "TZ" => {
                let zone = self.zone.as_deref().map(str::to_owned);
                self.warn(line, Notice::TzForCommands { zone });
            }
            _ => {}
        }
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    fn set_zone(&mut self, line: Line<'a>, value: &str, at: Range<usize>) {
        self.is_zone_given = true;
        if let Err(error) = Schedule::cron("@yearly", value) {
            self.wrong(line, at, Problem::Schedule(error));
            // What follows is read all the same, for its own mistakes.
            self.zone = Some("UTC".into());
        } else {
            self.zone = Some(value.trim().into());
        }
    }

    fn set_delay(&mut self, line: Line<'a>, value: &str, at: Range<usize>) {
        let text = format!("{value}m");
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let is_none = is_number && value.bytes().all(|byte| byte == b'0');
        match is_number && (is_none || parse_duration(&text).is_ok()) {
            true => self.delay = Some(text).filter(|_| !is_none),
            false => self.wrong(line, at, Problem::RandomDelay { value: value.to_owned() }),
        }
    }

    /// Who gets the output of a command below the lines so far.
    pub(super) fn mail(&self) -> Mail {
        let from = self.mail_from.clone().filter(|from| !from.is_empty());
        match &self.mail_to {
            None => Mail::Owner,
            Some(to) if to.is_empty() => Mail::Nobody,
            Some(to) => Mail::To { to: to.clone(), from },
        }
    }
}
