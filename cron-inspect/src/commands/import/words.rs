//! What a job does not take along from its crontab, as comments say it.

use cron_core::crontab::{CrontabJob, CrontabTime, Mail};

use super::Imported;
use crate::view::text::clean;

/// What all jobs of a file do in another way than cron.
pub(super) fn differences(imported: &Imported) -> Vec<String> {
    let jobs = imported.crontab.jobs();
    let mut lines = vec![
        "A tick that finds the run before it active is skipped; cron starts both, as `overlap = \"allow\"` does.".to_owned(),
        "Of the ticks that nobody was there for the newest runs late; cron drops all, as `catch_up = \"none\"` does.".to_owned(),
        "A command has the variables that its crontab sets, and those of the process that starts it.".to_owned(),
    ];
    if jobs.iter().any(|job| job.home.is_none()) {
        lines
            .push("Without a line HOME, cron starts a command in the home directory of its user.".to_owned());
    }
    if jobs.iter().any(|job| job.mail == Mail::Owner) {
        lines.push("Without a line MAILTO, cron mails output to the owner of the crontab.".to_owned());
    }
    lines.extend(imported.machine_zone.as_ref().map(|zone| {
        format!("The schedules are in {zone}, the time zone of the machine that has read the crontab.")
    }));
    lines
}

/// Where a job comes from: the comments above it, its line, and what its warnings say.
pub(super) fn origin(imported: &Imported, job: &CrontabJob) -> Vec<String> {
    let mut lines: Vec<String> = job.comments.iter().map(|comment| clean(comment)).collect();
    lines.push(format!("Line {}: {}", job.line, clean(&job.written)));
    let warnings = imported.crontab.warnings().iter().filter(|warning| warning.line() == job.line);
    lines.extend(warnings.map(|warning| clean(&warning.notice().to_string())));
    if job.is_quiet {
        lines.push("cron does not log that it runs.".to_owned());
    }
    lines
}

/// What only a process that is not ours could do for a function.
pub(super) fn not_carried_over(job: &CrontabJob) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(user) = &job.user {
        lines.push(format!("cron runs it as `{}`; here it runs as the user of this program.", clean(user)));
    }
    if let Mail::To { to, from } = &job.mail {
        let sender = from.as_ref().map(|from| format!(" from `{}`", clean(from))).unwrap_or_default();
        let when = if job.mails_failures_only { " after a failure" } else { "" };
        lines.push(format!("cron mails its output to `{}`{sender}{when}.", clean(to)));
    }
    if job.time == CrontabTime::Boot {
        lines.push(
            "cron runs it once for each start of the machine, for which `#[job]` has no option:".to_owned(),
        );
        lines.push(format!(
            "trigger it when this program starts, with `scheduler.trigger(\"{}\")`.",
            job.name
        ));
    }
    lines
}
