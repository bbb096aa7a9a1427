//! What has happened in a world: the calls of functions, and a readable log of all events.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::run::{Epoch, Origin, RunId, RunState};
use cron_runtime::prelude::*;
use cron_runtime::store::Claim;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::faults::Desk;
use crate::model::{Model, TRUST};

/// This many lines are shown of a world that has failed. `SIMULATION_LINES` asks for more.
const LINES: usize = 400;

/// How a function comes to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Success,
    /// A success that says when the job runs next.
    After(Duration),
    /// A success that says that the job does not run any more.
    Never,
    Error,
    RetryAfter(Duration),
    Discard,
    Panic,
    /// It was asked to stop, and says so.
    Stopped,
}

impl Ending {
    pub(crate) fn is_success(self) -> bool {
        match self {
            Self::Success | Self::After(_) | Self::Never => true,
            Self::Error | Self::RetryAfter(_) | Self::Discard | Self::Panic | Self::Stopped => false,
        }
    }
}

/// How a call has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    Returned(Ending),
    /// It was dropped: stopped by its engine, or gone with its process.
    Cut,
}

/// A call of a function.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) instance: u32,
    pub(crate) job: String,
    pub(crate) claim: Claim,
    pub(crate) nominal: DateTime<Utc>,
    pub(crate) origin: Origin,
    pub(crate) is_late: bool,
    /// In true time, as everything here.
    pub(crate) began: DateTime<Utc>,
    pub(crate) ended: Option<(DateTime<Utc>, Finish)>,
}

/// A span in which something was wrong with an instance.
#[derive(Clone, Copy, Debug)]
struct Spell {
    instance: u32,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

#[derive(Debug, Default)]
pub(crate) struct Records {
    lines: VecDeque<String>,
    keep: usize,
    hash: DefaultHasher,
    pub(crate) calls: Vec<Call>,
    pub(crate) model: Model,
    /// Its process stood still, or its clocks did.
    halts: Vec<Spell>,
    /// Its store failed.
    troubles: Vec<Spell>,
    /// Nothing goes wrong any more.
    pub(crate) is_mended: bool,
    /// The first thing that broke the contract.
    pub(crate) breach: Option<String>,
}

impl Records {
    pub(crate) fn was_halted(&self, instance: u32, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        overlaps(&self.halts, instance, from, until)
    }

    pub(crate) fn was_troubled(&self, instance: u32, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        overlaps(&self.troubles, instance, from, until)
    }

    /// Somebody whose clock shows `wall` has found the attempt of a run lost. A process that is well and hears from its store loses
    /// nothing, unless the lease is held against a clock that is ahead.
    pub(crate) fn lost(
        &mut self,
        run: RunId,
        state: RunState,
        wall: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        if let Some((instance, renewed, true)) = self.model.holder(run) {
            let was_well = !self.was_halted(instance, renewed, now)
                && !self.was_troubled(instance, now - TimeDelta::seconds(18), now);
            if was_well && now >= renewed + TRUST {
                return Err(format!("i{instance} is well and lost run {run}, renewed at {renewed}"));
            }
        }
        self.model.lost(run, state, wall, now)
    }

    pub(crate) fn breach(&mut self, what: String) {
        self.breach.get_or_insert(what);
    }

    fn say(&mut self, now: DateTime<Utc>, what: fmt::Arguments<'_>) {
        let line = format!("{} {what}", now.format("%m-%dT%H:%M:%S%.3f"));
        line.hash(&mut self.hash);
        if self.lines.len() == self.keep {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

fn overlaps(spells: &[Spell], instance: u32, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
    spells.iter().any(|spell| spell.instance == instance && spell.from <= until && spell.until >= from)
}

/// The common history of a world. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct History {
    // Written by functions, by stores and by who drives the world: all on one thread.
    records: Arc<Mutex<Records>>,
    runtime: Handle,
    start: DateTime<Utc>,
    zero: Instant,
}

impl History {
    pub(crate) fn new(runtime: Handle, start: DateTime<Utc>) -> Self {
        let zero = {
            let _context = runtime.enter();
            Instant::now()
        };
        let keep = std::env::var("SIMULATION_LINES").ok().and_then(|lines| lines.parse().ok());
        let records = Records { keep: keep.unwrap_or(LINES), ..Records::default() };
        Self { records: Arc::new(Mutex::new(records)), runtime, start, zero }
    }

    /// The true time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let _context = self.runtime.enter();
        self.start + (Instant::now() - self.zero)
    }

    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn say(&self, what: fmt::Arguments<'_>) {
        let now = self.now();
        self.records().say(now, what);
    }

    /// Its process stands still from now on, or its clocks do.
    pub(crate) fn halts(&self, instance: u32, span: Duration) {
        let from = self.now();
        self.records().halts.push(Spell { instance, from, until: from + span });
    }

    /// Its store fails now. The engine comes again a second later.
    pub(crate) fn troubled(&self, instance: u32) {
        let from = self.now();
        let until = from + Duration::from_millis(1_100);
        let mut records = self.records();
        match records.troubles.last_mut() {
            Some(spell) if spell.instance == instance && spell.until >= from => spell.until = until,
            Some(_) | None => records.troubles.push(Spell { instance, from, until }),
        }
    }

    /// Two worlds with the same log give the same number.
    pub(crate) fn hash(&self) -> u64 {
        self.records().hash.finish()
    }

    /// The end of the log.
    pub(crate) fn log(&self) -> String {
        self.records().lines.iter().fold(String::new(), |log, line| log + line + "\n")
    }
}

/// What functions of one instance report to.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    pub(crate) seed: u64,
    pub(crate) instance: u32,
    pub(crate) history: History,
    /// The process.
    pub(crate) desk: Arc<Desk>,
}

impl Recorder {
    /// Takes the process down, while things go wrong. Says whether it is gone.
    pub(crate) fn take_down(&self, job: &str) -> bool {
        if self.history.records().is_mended {
            return false;
        }
        self.history.say(format_args!("i{} is taken down by {job}", self.instance));
        self.history.records().model.taken_down(job);
        self.desk.die();
        true
    }

    /// A function is called.
    pub(crate) fn begins(&self, run: &Run) -> Begun {
        let began = self.history.now();
        let claim = Claim { run: run.id(), epoch: run.epoch() };
        let (job, instance) = (run.name().to_owned(), self.instance);
        let mut records = self.history.records();
        let Claim { run: RunId(id), epoch: Epoch(epoch) } = claim;
        records.say(
            began,
            format_args!(
                "i{instance} call   {job} run {id} epoch {epoch} tick {} attempt {}",
                run.tick(),
                run.attempt()
            ),
        );
        if let Err(breach) = records.model.called(instance, &job, claim, began) {
            records.breach(breach);
        }
        let index = records.calls.len();
        records.calls.push(Call {
            instance,
            job,
            claim,
            nominal: run.tick(),
            origin: run.origin(),
            is_late: run.is_late(),
            began,
            ended: None,
        });
        Begun { history: self.history.clone(), index, finish: Finish::Cut }
    }
}

/// A call in progress. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Begun {
    history: History,
    index: usize,
    finish: Finish,
}

impl Begun {
    pub(crate) fn ends(mut self, finish: Finish) {
        self.finish = finish;
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let (now, finish) = (self.history.now(), self.finish);
        let mut records = self.history.records();
        let call = &mut records.calls[self.index];
        call.ended = Some((now, finish));
        let (instance, run) = (call.instance, call.claim.run);
        records.say(now, format_args!("i{instance} end    run {run} {finish:?}"));
    }
}
