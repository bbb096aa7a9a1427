//! Ticks of the past, run on purpose.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use cron_core::run::Origin;

use super::super::super::{Backfill, BackfillPlan, CommandError, Done};
use super::super::book::{Book, Run};

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
        let mut states: HashMap<_, Vec<_>> = HashMap::new();
        let of_ticks = |run: &Run| matches!(run.origin, Origin::Tick | Origin::Backfill);
        for (_, run) in self.runs_of(&backfill.job).filter(|(_, run)| of_ticks(run)) {
            states.entry(run.nominal).or_default().push(run.progress.state.word());
        }
        backfill.choose(all, job.pruned, &states)
    }
}
