//! What has happened in a simulation, read from its ledger.

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::run::{AttemptResult, Origin, RunId, SkipReason, StateWord};
use cron_core::suggest::nearest;

use super::simulation::Simulation;
use crate::store::{AttemptInfo, JobInfo, JobQuery, Page, RunInfo, RunQuery, SkipInfo, StoreError};

/// A run of a job in a simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunRecord {
    /// Its number.
    pub id: RunId,
    /// The nominal instant: the tick, or the instant at which a run was asked for.
    pub tick: DateTime<Utc>,
    /// Why it exists.
    pub origin: Origin,
    /// How many attempts it has had, with the one in progress and without those that a shutdown interrupted.
    pub attempts: u32,
    /// Where it stands.
    pub state: StateWord,
    /// When its first attempt was started; `None` while it waits for that.
    pub started_at: Option<DateTime<Utc>>,
    /// When its last attempt ended, if the run has come to its end.
    pub finished_at: Option<DateTime<Utc>>,
    /// What went wrong in its newest failed attempt; empty where nothing did.
    pub error: String,
}

/// A tick of a job with its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TickRecord {
    /// The tick.
    pub at: DateTime<Utc>,
    /// What became of it.
    pub verdict: TickVerdict,
}

/// What became of a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TickVerdict {
    /// It ran.
    Ran {
        /// The run, and where it stands.
        run: RunId,
        /// Where the run stands.
        state: StateWord,
    },
    /// It was skipped.
    Skipped {
        /// Why.
        reason: SkipReason,
        /// The run that held the slot, for `overlap`.
        holder: Option<RunId>,
    },
}

#[track_caller]
fn read<T>(result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the record of the simulation cannot be read: {error}"),
    }
}

impl Simulation {
    /// All runs of a job, the oldest tick first.
    ///
    /// # Panics
    ///
    /// If there is no such job in the simulation.
    #[must_use]
    #[track_caller]
    pub fn runs(&self, job: impl Into<String>) -> Vec<RunRecord> {
        let query =
            RunQuery { job: Some(self.known(job)), page: Page { limit: usize::MAX }, ..RunQuery::default() };
        let mut runs = read(self.ledger().runs(&query));
        runs.reverse();
        runs.into_iter().map(|run| self.run_record(run)).collect()
    }

    #[track_caller]
    fn run_record(&self, run: RunInfo) -> RunRecord {
        let attempts = read(self.ledger().run(run.id)).map(|(_, attempts)| attempts).unwrap_or_default();
        let first = attempts.first().and_then(|first| first.started);
        // The one that is not over, or was the last, is not among those that ended without a success.
        let last = run.state.attempts_begun(run.attempts_used);
        let counts = |attempt: &&AttemptInfo| {
            !matches!(attempt.result, AttemptResult::Interrupted | AttemptResult::Fenced)
        };
        let ended = attempts.iter().filter(counts).map(|attempt| attempt.attempt).max().unwrap_or(0);
        let end = run
            .started
            .zip(run.duration)
            .and_then(|(started, took)| started.checked_add_signed(TimeDelta::from_std(took).ok()?));
        RunRecord {
            id: run.id,
            tick: run.nominal,
            origin: run.origin,
            attempts: last.max(ended),
            state: run.state.word(),
            started_at: first.or(run.started),
            finished_at: end.filter(|_| !run.state.is_active()),
            error: run.error,
        }
    }

    /// What the function of a run has written with [`Run::log`](crate::extract::Run::log), oldest line first.
    #[must_use]
    #[track_caller]
    pub fn log(&self, run: RunId) -> Vec<String> {
        read(self.ledger().log(run)).into_iter().map(|line| line.text).collect()
    }

    /// All ticks of a job that have a verdict, oldest first. A range of skipped ticks is given tick by tick.
    ///
    /// # Panics
    ///
    /// If there is no such job in the simulation.
    #[must_use]
    #[track_caller]
    pub fn ticks(&self, job: impl Into<String>) -> Vec<TickRecord> {
        let job = self.known(job);
        let ran = self.runs(job.as_str()).into_iter().filter(|run| run.origin == Origin::Tick).map(|run| {
            let verdict = TickVerdict::Ran { run: run.id, state: run.state };
            TickRecord { at: run.tick, verdict }
        });
        let mut ticks: Vec<_> = ran.chain(self.skipped_ticks(&job)).collect();
        ticks.sort_by_key(|tick| tick.at);
        ticks
    }

    #[track_caller]
    pub(super) fn skipped_ticks(&self, job: &str) -> Vec<TickRecord> {
        let schedule =
            self.job(job).and_then(|job| job.plan.schedule.map(|schedule| schedule.anchored(job.since)));
        let expand = |skip: SkipInfo| {
            let inner = schedule.as_ref().filter(|_| skip.count > 2);
            let inner = inner.into_iter().flat_map(|schedule| {
                schedule.between(skip.first, skip.last - TimeDelta::milliseconds(1)).collect::<Vec<_>>()
            });
            let last = (skip.last > skip.first).then_some(skip.last);
            let all: Vec<_> = std::iter::once(skip.first).chain(inner).chain(last).collect();
            let verdict = TickVerdict::Skipped { reason: skip.reason, holder: skip.holder };
            all.into_iter().map(move |at| TickRecord { at, verdict: verdict.clone() })
        };
        let skips = read(self.ledger().skips(job, Page { limit: usize::MAX }));
        let mut ticks: Vec<_> = skips.into_iter().flat_map(expand).collect();
        ticks.sort_by_key(|tick| tick.at);
        ticks
    }

    /// Holds the record of every job against the contract: each tick up to its high-water mark has exactly one verdict, so
    /// that `ticks = ran + skipped(*)`. A simulation does it when it is dropped, if there is no panic in progress.
    ///
    /// # Panics
    ///
    /// If it is broken, with every breach.
    #[track_caller]
    pub fn audit(&mut self) {
        let mut broken = Vec::new();
        for job in read(self.ledger().jobs(&JobQuery::default())) {
            let name = job.plan.name.as_str();
            let Some(audit) = read(self.ledger().audit(name)) else { continue };
            if !audit.is_sound() {
                let breaches = audit.breaches.iter().map(|breach| format!("\n    {breach}"));
                broken.push(format!(
                    "\n  `{name}`: {} ticks, {} ran, {} skipped{}",
                    audit.ticks,
                    audit.ran,
                    audit.skipped(),
                    breaches.collect::<String>()
                ));
            }
        }
        // What is told once is not told again when the simulation is dropped.
        self.set_audited();
        assert!(broken.is_empty(), "the record of the simulation breaks the contract:{}", broken.concat());
    }

    /// [Audits](Self::audit) the simulation and ends it, at a place of the test's choice.
    ///
    /// # Panics
    ///
    /// As [`audit`](Self::audit).
    #[track_caller]
    pub fn finish(mut self) {
        self.audit();
    }

    pub(super) fn job(&self, name: &str) -> Option<JobInfo> {
        read(self.ledger().job(name))
    }

    /// The name of a job that is in the simulation.
    #[track_caller]
    pub(super) fn known(&self, job: impl Into<String>) -> String {
        let job = job.into();
        if self.job(&job).is_none() {
            let names: Vec<_> = read(self.ledger().jobs(&JobQuery::default()))
                .into_iter()
                .map(|job| job.plan.name.to_string())
                .collect();
            let near = nearest(&job, names.iter().map(String::as_str));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are `{}`", names.join("`, `")),
            };
            panic!("no job of this simulation is named `{job}`: {hint}");
        }
        job
    }
}
