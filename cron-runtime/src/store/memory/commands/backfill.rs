//! Ticks of the past, run on purpose.

use chrono::{DateTime, Utc};
use cron_core::policy::{BackfillOrder, Only};
use cron_core::run::{Origin, RunState};

use super::super::super::{Backfill, BackfillPlan, CommandError, Done};
use super::super::book::Book;

impl Book {
    pub(super) fn backfill(&mut self, backfill: &Backfill, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let plan = self.plan_backfill(backfill, now)?;
        let mut runs = Vec::new();
        for tick in plan.chosen {
            let id = self.new_run(&backfill.job, tick, Origin::Backfill, None);
            if let Some(run) = self.runs.get_mut(&id) {
                run.rare.concurrency = backfill.concurrency;
            }
            runs.push(id);
        }
        self.release(&backfill.job, now)?;
        Ok(Done::Backfilled { runs })
    }

    pub(in super::super) fn plan_backfill(
        &self,
        backfill: &Backfill,
        now: DateTime<Utc>,
    ) -> Result<BackfillPlan, CommandError> {
        self.check_job(&backfill.job)?;
        let job = self.known(&backfill.job)?;
        let schedule = backfill.check(&job.plan, job.schedule(), now)?;
        let all: Vec<_> = backfill.ticks(schedule)?;
        let is_chosen = |tick: &DateTime<Utc>| match backfill.only {
            Only::All => true,
            Only::Missing => !self.of_tick(backfill, *tick).any(|state| state != RunState::Cancelled),
            Only::Failed => {
                let newest = self.of_tick(backfill, *tick).last();
                newest.is_some_and(|state| state.word().is_dead() || state == RunState::Cancelled)
            }
        };
        let ticks = all.len() as u64;
        let mut chosen: Vec<_> = all.into_iter().filter(is_chosen).collect();
        if backfill.order == BackfillOrder::Newest {
            chosen.reverse();
        }
        Ok(BackfillPlan { ticks, chosen })
    }

    /// The states of the runs of a tick, of its own and of backfills, oldest first.
    fn of_tick<'a>(
        &'a self,
        backfill: &'a Backfill,
        tick: DateTime<Utc>,
    ) -> impl Iterator<Item = RunState> + 'a {
        let runs = self.runs_of(&backfill.job).filter(move |(_, run)| run.nominal == tick);
        runs.filter(|(_, run)| matches!(run.origin, Origin::Tick | Origin::Backfill))
            .map(|(_, run)| run.progress.state)
    }
}
