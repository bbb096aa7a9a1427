//! What the program `busy` has seen, held against what is on record.

use std::collections::{BTreeMap, HashMap};

use cron_runtime::core::job::Plan;
use cron_runtime::core::policy::{Overlap, Retention};
use cron_runtime::core::run::{AttemptResult, RunId, StateWord};
use cron_runtime::store::{AttemptInfo, JobQuery, Ledger, Page, RunFilter, RunInfo, RunQuery};

use crate::quarantine::{DEATHS, deaths_in_a_row};

/// A line of the witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A function was called.
    Call(Call),
    /// How an attempt had ended was told, and so is on record.
    Told {
        /// The run.
        run: RunId,
        /// Which attempt, counted from 1.
        attempt: u32,
        /// Where the run stood.
        state: StateWord,
    },
    /// A command was answered with a run.
    Asked(RunId),
    /// A dynamic job was accepted.
    Scheduled(String),
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The job.
    pub job: String,
    /// The run.
    pub run: RunId,
    /// The tick, in milliseconds.
    pub tick: i64,
    /// Which attempt, counted from 1.
    pub attempt: u32,
    /// Under which epoch.
    pub epoch: u64,
}

/// Reads what a witness has written.
///
/// # Panics
///
/// If a line is none of its lines.
#[must_use]
pub fn read(text: &str) -> Vec<Seen> {
    text.lines().map(line).collect()
}

fn line(line: &str) -> Seen {
    let number = |word: &str| word.parse().unwrap_or_else(|_| panic!("a number in {line:?}"));
    let small = |word: &str| word.parse().unwrap_or_else(|_| panic!("a number in {line:?}"));
    match line.split(' ').collect::<Vec<_>>()[..] {
        ["call", job, run, tick, attempt, epoch] => Seen::Call(Call {
            job: job.to_owned(),
            run: RunId(number(run)),
            tick: tick.parse().unwrap_or_else(|_| panic!("an instant in {line:?}")),
            attempt: small(attempt),
            epoch: number(epoch),
        }),
        ["told", _, run, attempt, state] => Seen::Told {
            run: RunId(number(run)),
            attempt: small(attempt),
            state: state.parse().unwrap_or_else(|_| panic!("a state in {line:?}")),
        },
        ["asked", _, run] => Seen::Asked(RunId(number(run))),
        ["scheduled", job] => Seen::Scheduled(job.to_owned()),
        _ => panic!("the witness says {line:?}"),
    }
}

/// What is on record in a store.
#[derive(Debug)]
pub struct Record<'a> {
    store: &'a dyn Ledger,
    plans: Vec<Plan>,
    runs: HashMap<RunId, RunInfo>,
    /// Where the record of a job with a retention of its own begins.
    begins: HashMap<String, i64>,
    breaches: Vec<String>,
}

impl<'a> Record<'a> {
    /// Reads it, and audits every job.
    ///
    /// # Panics
    ///
    /// If it cannot be read.
    #[must_use]
    pub fn of(store: &'a dyn Ledger) -> Self {
        let plans: Vec<Plan> = store
            .jobs(&JobQuery::default())
            .expect("jobs are read")
            .into_iter()
            .map(|job| job.plan)
            .collect();
        let mut breaches = Vec::new();
        for plan in &plans {
            let audit = store.audit(plan.name.as_str()).expect("the audit is read").expect("it is there");
            if !audit.is_sound() {
                breaches.push(format!("{}: {audit:?}", plan.name));
            }
        }
        let query =
            RunQuery { filter: RunFilter::All, page: Page { limit: 1_000_000 }, ..RunQuery::default() };
        let all = store.runs(&query).expect("runs are read");
        let mut begins: HashMap<String, i64> = plans
            .iter()
            .filter(|plan| plan.retention != Retention::DEFAULT)
            .map(|plan| (plan.name.to_string(), i64::MAX))
            .collect();
        // Dead letters have limits of their own: they may be older than the record of the ticks.
        for run in all.iter().filter(|run| run.state.word() == StateWord::Succeeded) {
            if let Some(begin) = begins.get_mut(run.job.as_str()) {
                *begin = run.nominal.timestamp_millis().min(*begin);
            }
        }
        let runs = all.into_iter().map(|run| (run.id, run)).collect();
        Self { store, plans, runs, begins, breaches }
    }

    /// The attempts of a run that ended without a success.
    fn attempts(&self, run: RunId) -> Vec<AttemptInfo> {
        self.store.run(run).expect("a run is read").expect("it is there").1
    }

    /// What does not fit to what was seen, also while runs are in progress: what was called, told or answered is on record.
    #[must_use]
    pub fn lost(&self, seen: &[Seen]) -> Vec<String> {
        let mut lost = self.breaches.clone();
        for seen in seen {
            match seen {
                Seen::Call(call) => lost.extend(self.lost_call(call)),
                Seen::Told { run, attempt, state } => lost.extend(self.lost_end(*run, *attempt, *state)),
                Seen::Asked(run) if !self.runs.contains_key(run) => {
                    lost.push(format!("run {run} was asked for and is not on record"));
                }
                Seen::Scheduled(job) if self.plan(job).is_none() => {
                    lost.push(format!("job {job} was accepted and is not on record"));
                }
                Seen::Asked(_) | Seen::Scheduled(_) => {}
            }
        }
        lost
    }

    fn plan(&self, job: &str) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.name.as_str() == job)
    }

    fn lost_call(&self, call: &Call) -> Option<String> {
        let Some(run) = self.runs.get(&call.run) else {
            let was_pruned = self.begins.get(&call.job).is_some_and(|begin| call.tick < *begin);
            return (!was_pruned).then(|| format!("{call:?} is not on record"));
        };
        let is_known = || self.attempts(run.id).iter().any(|attempt| attempt.epoch.0 == call.epoch);
        let fits = run.job.as_str() == call.job && (run.epoch.0 == call.epoch || is_known());
        (!fits).then(|| format!("{call:?}, and on record is {run:?} with {:?}", self.attempts(run.id)))
    }

    fn lost_end(&self, run: RunId, attempt: u32, state: StateWord) -> Option<String> {
        // Whether it may be missing its call tells, which was seen before.
        let info = self.runs.get(&run)?;
        let is_kept = if state.is_active() {
            self.attempts(run).iter().any(|kept| kept.attempt == attempt)
        } else {
            info.state.word() == state
        };
        (!is_kept).then(|| {
            format!("run {run} was told as {state} after attempt {attempt}, and on record is {info:?}")
        })
    }

    /// What breaks the promises about calls, once nothing is in progress any more: nothing is left running; without retries a tick is
    /// called at most once, with retries at least once; epochs go forward. `cut_off` says whether a shutdown has cut runs off, which may be
    /// called again then.
    #[must_use]
    pub fn broken(&self, seen: &[Seen], cut_off: bool) -> Vec<String> {
        let mut broken = self.lost(seen);
        let mut calls: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
        let mut of_run: HashMap<RunId, usize> = HashMap::new();
        for seen in seen {
            if let Seen::Call(call) = seen {
                calls.entry(&call.job).or_default().push(call);
                *of_run.entry(call.run).or_default() += 1;
            }
        }
        for run in self.runs.values() {
            let called = of_run.get(&run.id).copied().unwrap_or_default();
            let attempts = self.attempts(run.id);
            broken.extend(self.broken_run(run, &attempts, called));
            if !cut_off && attempts.iter().any(|attempt| attempt.result == AttemptResult::Interrupted) {
                broken.push(format!("{run:?} was interrupted, and nobody cut it off: {attempts:?}"));
            }
        }
        for (job, calls) in calls {
            let Some(plan) = self.plan(job) else { continue };
            let mut epochs: Vec<u64> = calls.iter().map(|call| call.epoch).collect();
            if plan.overlap == Overlap::Allow {
                // Several at once reach the witness in any order.
                epochs.sort_unstable();
            }
            if !epochs.is_sorted_by(|a, b| a < b) {
                broken.push(format!("{job} was called under {epochs:?}"));
            }
        }
        broken
    }

    fn broken_run(&self, run: &RunInfo, attempts: &[AttemptInfo], called: usize) -> Option<String> {
        let plan = self.plan(run.job.as_str())?;
        let ended = |result| attempts.iter().filter(|attempt| attempt.result == result).count();
        let (lost, interrupted) = (ended(AttemptResult::Lost), ended(AttemptResult::Interrupted));
        let fits = match (run.state.word(), plan.retry.retries) {
            (StateWord::Running, _) => false,
            (StateWord::Succeeded, 0) => called == 1,
            // Its process died under it, or a shutdown has cut it off, and it is not called again.
            (StateWord::Failed, 0) => called <= 1 && (lost == 1 || called == 1 && interrupted > 0),
            (StateWord::Succeeded, retries) => called >= 1 && called <= 1 + retries as usize + interrupted,
            // The program ended before its time came.
            (StateWord::Scheduled, _) => called == 0 || interrupted > 0,
            (StateWord::Waiting, retries) => retries > 0,
            (StateWord::Quarantined, retries) => {
                let most = 1 + retries as usize;
                // Of a job that runs one at a time no other run can have ended, and cleared it, between the losses of this one.
                let most = if plan.overlap == Overlap::Allow { most } else { most.min(DEATHS) };
                let is_last = attempts.iter().max_by_key(|attempt| attempt.epoch);
                (1..=most).contains(&lost)
                    && called <= 1 + retries as usize + interrupted
                    && is_last.is_some_and(|last| last.result == AttemptResult::Lost)
                    && deaths_in_a_row(self.store, run.job.as_str(), run.epoch) >= DEATHS
            }
            (StateWord::Failed | StateWord::Discarded | StateWord::Cancelled, _) => false,
        };
        (!fits).then(|| format!("{run:?} was called {called} times, with {attempts:?}"))
    }
}
