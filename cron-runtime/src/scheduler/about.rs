//! What a command was about, for those who listen to events.

use cron_core::job::JobName;
use cron_core::run::RunId;

use crate::engine::{Change, Event};
use crate::store::{Cancel, Command, Done, Ledger, StoreError, Target};

/// A command about more jobs than this is told as one about all.
const MOST_TOLD: usize = 100;

/// What a command is about.
#[derive(Debug)]
pub(super) struct About {
    what: What,
    change: Change,
}

#[derive(Debug)]
enum What {
    /// Jobs and groups.
    Targets(Vec<Target>),
    /// The job of a run.
    Run(RunId),
    /// All jobs.
    All,
}

impl About {
    pub(super) fn of(command: &Command) -> Self {
        let job = |job: &JobName| Target::Job(job.clone());
        let one = |target: Target| What::Targets(vec![target]);
        let some = |name: &Option<JobName>| name.as_ref().map_or(What::All, |name| one(job(name)));
        let (what, change) = match command {
            Command::Trigger(trigger) => (one(job(&trigger.job)), Change::Triggered),
            Command::TriggerGroup { group } => (one(Target::Group(group.clone())), Change::Triggered),
            Command::Pause { target, .. } => (one(target.clone()), Change::Paused),
            Command::Resume { target } => (one(target.clone()), Change::Resumed),
            Command::Cancel { what: Cancel::Run(run), .. } => (What::Run(*run), Change::Cancelled),
            Command::Cancel { what: Cancel::All(target), .. } => (one(target.clone()), Change::Cancelled),
            Command::Retry { run, .. } => (What::Run(*run), Change::Retried),
            Command::RetryAll { job } => (some(job), Change::Retried),
            Command::Dismiss { run } => (What::Run(*run), Change::Dismissed),
            Command::DismissAll { job } => (some(job), Change::Dismissed),
            Command::Backfill(backfill) => (one(job(&backfill.job)), Change::Backfilled),
            Command::Upsert { plans } => {
                (What::Targets(plans.iter().map(|plan| job(&plan.name)).collect()), Change::Edited)
            }
            Command::RunOnce { plan, .. } => (one(job(&plan.name)), Change::Edited),
            Command::Remove { jobs } => (What::Targets(jobs.iter().map(job).collect()), Change::Removed),
        };
        Self { what, change }
    }

    /// What is told of the command after it was done.
    pub(super) fn events(self, ledger: &dyn Ledger, done: &Done) -> Result<Vec<Event>, StoreError> {
        let Self { what, change } = self;
        let targets = match what {
            // A receiver would lose what else happens among so many.
            What::Targets(targets) if targets.len() > MOST_TOLD => vec![None],
            What::Targets(targets) => targets.into_iter().map(Some).collect(),
            What::Run(run) => match ledger.run(run)? {
                Some((info, _)) => vec![Some(Target::Job(info.job))],
                None => Vec::new(),
            },
            What::All => vec![None],
        };
        let mut events = Vec::new();
        for target in targets {
            let is_new = match (&target, done) {
                (Some(Target::Job(job)), Done::Upserted { new, .. }) => new.contains(job),
                _ => false,
            };
            let change = if is_new { Change::Added } else { change };
            events.push(Event::JobChanged { target, change });
        }
        if let Done::Cancelled { ended, .. } = done {
            for run in ended {
                if let Some((info, _)) = ledger.run(*run)? {
                    events.push(Event::Cancelled { job: info.job, run: *run, state: info.state });
                }
            }
        }
        Ok(events)
    }
}
