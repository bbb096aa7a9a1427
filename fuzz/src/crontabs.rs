//! Crontab files.

use std::collections::HashSet;

use cron_core::crontab::{Crontab, Form};
use cron_core::job::JobName;

use crate::number;
use crate::schedules::{holds, pointed};

/// A crontab in one of the two forms, with and without a zone.
pub fn crontab(text: &str) {
    let number = number(text.as_bytes());
    let form = if number & 1 == 0 { Form::User } else { Form::System };
    let zone = (number & 2 == 0).then_some("Europe/London");
    match Crontab::read(text, form, zone) {
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            for mistake in &mistakes {
                pointed(text, mistake.span());
                assert!(mistake.line() > 0 && mistake.column() > 0, "{mistake:?}");
                assert!(!mistake.to_string().is_empty());
                assert_eq!(mistake.diagram().lines().count(), 2, "{mistake:?}");
            }
        }
        Ok(crontab) => {
            let mut names = HashSet::new();
            for job in crontab.jobs() {
                assert!(JobName::check(&job.name).is_ok() && names.insert(&job.name), "{job:?}");
                assert!(!job.command.contains('\n'), "{job:?}");
                assert_eq!(job.user.is_some(), form == Form::System, "{job:?}");
                if let Some(schedule) = job.schedule() {
                    holds(schedule, number);
                }
                let _ = crontab.environment(job);
            }
            crontab.warnings().iter().for_each(|warning| assert!(!warning.to_string().is_empty()));
        }
    }
}
