//! An import as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use cron_core::crontab::{CrontabJob, CrontabTime, Form, Mail};
use cron_core::job::options::Value;
use serde::Serialize;

use super::Imported;

#[derive(Serialize)]
pub(super) struct Import<'a> {
    file: &'a str,
    /// `user` or `system`.
    form: &'static str,
    jobs: Vec<Job<'a>>,
    /// The zone of this machine, where it is that of schedules.
    machine_time_zone: Option<&'a str>,
    warnings: Vec<Warning>,
    /// The functions or the job file, where no file was written.
    output: Option<&'a str>,
    /// The file that was written.
    written: Option<String>,
}

#[derive(Serialize)]
struct Job<'a> {
    line: usize,
    name: &'a str,
    /// As it is written in the crontab.
    schedule: &'a str,
    on_boot: bool,
    cron: Option<&'a str>,
    timezone: Option<&'a str>,
    options: BTreeMap<&'static str, Plain<'a>>,
    user: Option<&'a str>,
    command: &'a str,
    stdin: Option<&'a str>,
    shell: Option<&'a str>,
    cwd: Option<&'a str>,
    env: Vec<Variable<'a>>,
    mail: Option<Address<'a>>,
    quiet: bool,
}

#[derive(Serialize)]
struct Variable<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct Address<'a> {
    to: &'a str,
    from: Option<&'a str>,
    failures_only: bool,
}

#[derive(Serialize)]
struct Warning {
    line: usize,
    text: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Plain<'a> {
    Text(&'a str),
    Count(u64),
    Switch(bool),
}

impl<'a> Import<'a> {
    pub(super) fn new(imported: &'a Imported, output: Option<&'a str>, written: Option<&Path>) -> Self {
        let warning = |warning: &cron_core::crontab::CrontabWarning| Warning {
            line: warning.line(),
            text: warning.notice().to_string(),
        };
        Self {
            file: &imported.file,
            form: match imported.form {
                Form::User => "user",
                Form::System => "system",
            },
            jobs: imported.crontab.jobs().iter().map(|job| Job::new(imported, job)).collect(),
            machine_time_zone: imported.machine_zone.as_deref(),
            warnings: imported.crontab.warnings().iter().map(warning).collect(),
            output,
            written: written.map(|path| path.display().to_string()),
        }
    }
}

impl<'a> Job<'a> {
    fn new(imported: &'a Imported, job: &'a CrontabJob) -> Self {
        let (cron, timezone) = match &job.time {
            CrontabTime::Boot => (None, None),
            CrontabTime::Times { cron, zone, .. } => (Some(cron.as_str()), Some(&**zone)),
        };
        let plain = |value: &'a Value| match value {
            Value::Text(text) => Some(Plain::Text(text)),
            Value::Count(number) => Some(Plain::Count(*number)),
            Value::Switch(switch) => Some(Plain::Switch(*switch)),
            Value::Refused => None,
        };
        let options = job.options.iter().filter_map(|(key, value)| Some((key.name(), plain(value)?)));
        let mail = match &job.mail {
            Mail::Owner | Mail::Nobody => None,
            Mail::To { to, from } => {
                Some(Address { to, from: from.as_deref(), failures_only: job.mails_failures_only })
            }
        };
        let variables = imported.crontab.environment(job).into_iter();
        Self {
            line: job.line,
            name: &job.name,
            schedule: &job.written,
            on_boot: job.time == CrontabTime::Boot,
            cron,
            timezone,
            options: options.collect(),
            user: job.user.as_deref(),
            command: &job.command,
            stdin: job.stdin.as_deref(),
            shell: job.shell.as_deref(),
            cwd: job.home.as_deref(),
            env: variables.map(|(name, value)| Variable { name, value }).collect(),
            mail,
            quiet: job.is_quiet,
        }
    }
}
