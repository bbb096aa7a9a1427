//! What people and programs ask for.

use chrono::{DateTime, Utc};
use cron_core::judge::admit;
use cron_core::run::Origin;
use cron_core::suggest::nearest;

use super::super::{Command, CommandError, Done, PauseInfo};
use super::book::Book;

impl Book {
    pub(super) fn command(&mut self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let holder = self.holder(command.job());
        if !self.jobs.contains_key(command.job()) {
            let job = command.job().to_string();
            let near = nearest(&job, self.jobs.keys().map(|name| name.as_str())).map(str::to_owned);
            return Err(CommandError::UnknownJob { job, near });
        }
        let Some(entry) = self.jobs.get_mut(command.job()) else {
            return Err(CommandError::UnknownJob { job: command.job().to_string(), near: None });
        };
        match command {
            Command::Trigger { job } => match admit(entry.plan.overlap, holder) {
                Some(holder) => Err(CommandError::Held { job, holder }),
                None => Ok(Done::Triggered { run: self.new_run(&job, now, Origin::Manual) }),
            },
            Command::Pause { job, by, note } => match &entry.paused {
                Some(since) => Err(CommandError::PausedAlready { job, since: since.clone() }),
                None => {
                    entry.paused = Some(PauseInfo { at: now, by, note });
                    entry.due = None;
                    Ok(Done::Paused)
                }
            },
            Command::Resume { job } => {
                if entry.paused.is_none() {
                    return Err(CommandError::NotPaused { job });
                }
                let skipped = entry.close_until(now, holder.is_some());
                entry.paused = None;
                entry.due = entry.next_due(holder.is_some());
                Ok(Done::Resumed { skipped, next: entry.due })
            }
        }
    }
}
