//! Calls and answers as the log of a world has them: the same in each life of a seed.

use std::fmt::Debug;

use cron_runtime::core::run::OwnerId;
use cron_runtime::store::{Command, Judged, Settlement};

pub(super) fn brief(command: &Command) -> String {
    match command {
        Command::Upsert { plans } => {
            let plans = plans.iter().map(|plan| {
                let schedule = plan.schedule.as_ref().map(|schedule| schedule.describe());
                format!(
                    "{} {schedule:?} {} {:?} {:?} {:?} jitter {:?} timeout {:?} group {:?}",
                    plan.name,
                    plan.overlap,
                    plan.slots,
                    plan.catch_up,
                    plan.retry,
                    plan.jitter,
                    plan.timeout,
                    plan.group
                )
            });
            format!("upsert {}", plans.collect::<Vec<_>>().join("; "))
        }
        other => format!("{other:?}"),
    }
}

/// The number of an incarnation is no part of the log.
pub(super) struct Hidden(pub(super) OwnerId);

impl Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("joined")
    }
}

/// A judgement in few words.
pub(super) struct Brief(pub(super) Judged);

impl Debug for Brief {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Judged { claimed, skipped, asked, evicted, more, crowded, next, left_out, damaged, handlers: _ } =
            &self.0;
        for claimed in claimed {
            write!(
                f,
                "[{} {}/{} {}] ",
                claimed.plan.name, claimed.claim.run, claimed.claim.epoch, claimed.nominal
            )?;
        }
        for (job, skip) in skipped {
            write!(f, "[{job} skipped({}) {} to {}] ", skip.reason, skip.first, skip.last)?;
        }
        for (what, runs) in [
            ("asked", asked.iter().map(|(claim, _)| claim.run).collect::<Vec<_>>()),
            ("evicted", evicted.iter().map(|(_, claim, _)| claim.run).collect()),
        ] {
            if !runs.is_empty() {
                write!(f, "{what} {runs:?} ")?;
            }
        }
        let unread = left_out.len() + damaged.len();
        write!(f, "more {more} crowded {crowded} next {next:?} left out {unread}")
    }
}

/// What is settled, in words.
pub(super) fn ends(settlements: &[Settlement]) -> String {
    let ends =
        settlements.iter().map(|told| format!("{}/{} {:?}", told.claim.run, told.claim.epoch, told.event));
    ends.collect::<Vec<_>>().join(", ")
}
