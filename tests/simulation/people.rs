//! What people ask for.

use chrono::TimeDelta;
use cron_runtime::core::job::JobName;
use cron_runtime::core::policy::{BackfillOrder, Only, Overlap};
use cron_runtime::core::run::RunId;
use cron_runtime::store::{
    Backfill, Cancel, Command, Done, Ledger, Page, RunFilter, RunQuery, Store, Target, Trigger,
};

use crate::draw::{chance, delta, pick, schedule};
use crate::scenario::Scenario;

impl Scenario {
    /// Has a command done, or refused.
    pub(crate) fn command(&mut self, command: Command) -> Option<Done> {
        let now = self.wall();
        let done = self.person.command(command, now).ok();
        // A ring is heard before anything else happens.
        self.advance(std::time::Duration::ZERO);
        done
    }

    fn some_job(&mut self) -> JobName {
        let mut names: Vec<JobName> = self.plans.iter().map(|plan| plan.name.clone()).collect();
        names.push("sim_steady".parse().expect("a name"));
        names.push("sim_quarter".parse().expect("a name"));
        pick(&mut self.rng, &names)
    }

    fn some_target(&mut self) -> Target {
        if chance(&mut self.rng, 15) {
            return Target::Group("crew".parse().expect("a name"));
        }
        Target::Job(self.some_job())
    }

    fn some_run(&mut self, filter: RunFilter) -> Option<RunId> {
        let query = RunQuery { filter, page: Page { limit: 20 }, ..RunQuery::default() };
        let runs = self.person.runs(&query).expect("readable");
        (!runs.is_empty()).then(|| pick(&mut self.rng, &runs).id)
    }

    /// Somebody asks for something.
    pub(crate) fn somebody_asks(&mut self) {
        let (by, note) = ("eve".to_owned(), String::new());
        let command = match self.rng.u32(0..20) {
            0..5 => {
                let job = self.some_job();
                let force = chance(&mut self.rng, 10);
                Some(Command::Trigger(Trigger { job, args: None, force }))
            }
            5 => Some(Command::TriggerGroup { group: "crew".parse().expect("a name") }),
            6 | 7 => Some(Command::Pause { target: self.some_target(), by, note }),
            8..12 => Some(Command::Resume { target: self.some_target() }),
            12 | 13 => {
                let force = chance(&mut self.rng, 30);
                let run = self.some_run(RunFilter::Active);
                run.map(|run| Command::Cancel { what: Cancel::Run(run), force, by, note })
            }
            14 => {
                let force = chance(&mut self.rng, 30);
                Some(Command::Cancel { what: Cancel::All(self.some_target()), force, by, note })
            }
            15 => self.some_run(RunFilter::Dead).map(|run| Command::Retry { run, force: false }),
            16 | 17 => self.backfill(),
            _ => self.edit(),
        };
        if let Some(command) = command {
            self.command(command);
        }
    }

    fn backfill(&mut self) -> Option<Command> {
        let job = self.some_job();
        let plan = self.plans.iter().find(|plan| plan.name == job);
        let may_overlap = plan.is_some_and(|plan| plan.overlap == Overlap::Allow);
        let until = self.wall() - TimeDelta::seconds(self.rng.i64(1..100));
        let from = until - delta(self.frame.unit * self.rng.u32(1..20));
        let only = pick(&mut self.rng, &[Only::Missing, Only::All]);
        let order = pick(&mut self.rng, &[BackfillOrder::Oldest, BackfillOrder::Newest]);
        let concurrency = if may_overlap { self.rng.u32(1..4) } else { 1 };
        Some(Command::Backfill(Backfill { job, from, until, order, only, concurrency }))
    }

    /// Another schedule for a job, or another function.
    fn edit(&mut self) -> Option<Command> {
        let index = self.rng.usize(0..self.plans.len());
        let mut plan = self.plans[index].clone();
        plan.schedule = Some(schedule(&mut self.rng, &self.frame));
        plan.priority.0 = self.rng.u8(0..=100);
        self.plans[index] = plan.clone();
        Some(Command::Upsert { plans: vec![plan] })
    }
}
