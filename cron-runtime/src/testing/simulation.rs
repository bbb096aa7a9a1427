//! One machine in simulated time, for tests of what jobs do.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use cron_core::run::RunId;
use serde::Serialize;

use super::builder::{Setting, make};
use super::error::SimulationError;
use super::faults::{End, Fault, Faults};
use super::place::Place;
use super::when::{Span, When, shown};
use super::world::{Boot, InstanceId, World};
use crate::engine::ShutdownReport;
use crate::scheduler::Scheduler;
use crate::store::{Ledger, Trigger};

/// A program with a scheduler on a machine of its own, in simulated time: a year of its life passes in a moment.
///
/// The engine, the store, the verdicts and the functions are the real ones; only the clocks are made up. Everything happens on the
/// thread of the test: functions that are not async are called in place, and `tokio::time::sleep` in async ones takes simulated
/// time. The same test does the same each time.
///
/// Nothing is pruned, whatever the retention of the jobs says, so that the record of a simulation is complete.
///
/// When it is dropped without a panic, it holds its record against the [contract](Self::audit): a test of a job is also one of that.
///
/// # Examples
///
/// ```standalone_crate
/// use cron_runtime::prelude::*;
/// use cron_runtime::testing::Simulation;
///
/// #[job(cron = "0 9 * * MON-FRI", timezone = "Europe/London")]
/// fn report() {}
///
/// let mut sim = Simulation::of(report::JOB).at("2026-01-01").zone("Europe/London").start();
/// sim.run_for("1y");
/// sim.ran(report::JOB).succeeded().times(261);
/// ```
pub struct Simulation {
    world: World,
    machine: Machine,
    /// The process, while it lives.
    process: Option<InstanceId>,
    ledger: Arc<dyn Ledger>,
    /// How far the clock of the machine is ahead of the true time.
    offset: TimeDelta,
    zone: Tz,
    begin: DateTime<Utc>,
    /// It was held against the contract, and nothing has happened since.
    is_audited: bool,
}

/// What a process is started from.
pub(super) struct Machine {
    pub(super) settings: Vec<Setting>,
    pub(super) jobs: Option<Vec<String>>,
    pub(super) faults: Faults,
    pub(super) place: Place,
}

impl Machine {
    fn boot(&mut self, world: &mut World, offset: TimeDelta) -> Result<InstanceId, SimulationError> {
        let (store, ledger) = self.place.open()?;
        let boot =
            Boot { start: make(&self.settings), jobs: self.jobs.clone(), store, ledger, offset, drift: 0 };
        Ok(world.boot_with(boot, |checked| self.faults.stand_in(checked))?)
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("now", &self.now())
            .field("zone", &self.zone)
            .field("jobs", &self.machine.jobs)
            .finish_non_exhaustive()
    }
}

impl Simulation {
    pub(super) fn begin(mut world: World, mut machine: Machine, zone: Tz) -> Result<Self, SimulationError> {
        let begin = world.now();
        let process = Some(machine.boot(&mut world, TimeDelta::zero())?);
        let ledger = machine.place.ledger()?;
        let offset = TimeDelta::zero();
        Ok(Self { world, machine, process, ledger, offset, zone, begin, is_audited: false })
    }

    /// What the clock of the machine shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.world.now() + self.offset
    }

    /// Lets a span of time pass, with everything that is due in it: `sim.advance("90m")`. See [`Span`] for the units.
    ///
    /// # Panics
    ///
    /// If the span is none.
    #[track_caller]
    pub fn advance(&mut self, span: impl Span) {
        match span.after(self.now(), self.zone) {
            Ok(end) => self.pass_until(end),
            Err(error) => panic!("{error}"),
        }
    }

    /// The same as [`advance`](Self::advance), in the words of a test about months and years: `sim.run_for("1y")`.
    ///
    /// # Panics
    ///
    /// If the span is none.
    #[track_caller]
    pub fn run_for(&mut self, span: impl Span) {
        self.advance(span);
    }

    /// Lets time pass until the clock of the machine shows an instant, with everything that is due until then, and at it.
    ///
    /// # Panics
    ///
    /// If the instant is none, or is past.
    #[track_caller]
    pub fn run_until(&mut self, instant: impl When) {
        let until = self.instant(instant);
        let now = self.now();
        assert!(until >= now, "cannot run until {}: it is {} already", self.shown(until), self.shown(now));
        self.pass_until(until);
    }

    /// Lets everything happen that can happen at this moment, and no time pass.
    pub fn settle(&mut self) {
        self.pass_until(self.now());
    }

    fn pass_until(&mut self, until: DateTime<Utc>) {
        self.is_audited = false;
        self.world.advance((until - self.now()).to_std().unwrap_or_default());
    }

    #[track_caller]
    pub(super) fn instant(&self, instant: impl When) -> DateTime<Utc> {
        match instant.instant(self.zone) {
            Ok(instant) => instant,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits for a future, such as a call of the [scheduler](Self::scheduler), and lets as much time pass as it needs.
    ///
    /// # Panics
    ///
    /// If nothing can happen any more that would make it ready.
    #[track_caller]
    pub fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        self.is_audited = false;
        self.world.block_on(future)
    }

    /// The handle of the scheduler, for everything that a program can ask of it. Wait with [`block_on`](Self::block_on).
    ///
    /// ```standalone_crate
    /// use cron_runtime::prelude::*;
    /// use cron_runtime::testing::Simulation;
    ///
    /// #[job]
    /// fn remind(Args(_to): Args<String>) {}
    ///
    /// let mut sim = Simulation::of(remind::JOB).start();
    /// let request = remind::JOB.with(&"Ada".to_owned())?.named("remind-ada").cron("0 9 * * *");
    /// let scheduler = sim.scheduler();
    /// sim.block_on(scheduler.schedule(request))?;
    /// sim.run_for("1w");
    /// sim.ran("remind-ada").times(7);
    /// # Ok::<(), cron_runtime::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the process is gone, after [`crash`](Self::crash) or [`shutdown`](Self::shutdown).
    #[must_use]
    #[track_caller]
    pub fn scheduler(&self) -> Scheduler {
        let living = self.process.and_then(|id| self.world.scheduler(id));
        living.expect("there is no process; start one with `restart()`").clone()
    }

    /// Runs a job now, under its overlap policy, and lets everything happen that can happen at this moment.
    ///
    /// # Panics
    ///
    /// If [`Scheduler::trigger`] refuses it, or the process is gone.
    #[track_caller]
    pub fn trigger(&mut self, job: impl Into<String>) -> RunId {
        self.trigger_now(job.into(), None)
    }

    /// As [`trigger`](Self::trigger), with arguments.
    ///
    /// # Panics
    ///
    /// As [`trigger`](Self::trigger), and if the arguments cannot be written as JSON.
    #[track_caller]
    pub fn trigger_with(&mut self, job: impl Into<String>, args: &(impl Serialize + ?Sized)) -> RunId {
        let args = serde_json::to_string(args);
        self.trigger_now(job.into(), Some(args.expect("arguments are written as JSON")))
    }

    #[track_caller]
    fn trigger_now(&mut self, job: String, args: Option<String>) -> RunId {
        let scheduler = self.scheduler();
        let name = match job.parse() {
            Ok(name) => name,
            Err(error) => panic!("`{job}` cannot be triggered: {error}"),
        };
        let triggered = self.block_on(scheduler.trigger_with(Trigger { job: name, args, force: false }));
        self.settle();
        match triggered {
            Ok(triggered) => triggered.run,
            Err(error) => panic!("`{job}` cannot be triggered: {error}"),
        }
    }

    /// Ends the process as a power cut does: nothing more is written, and functions go no further. Does nothing without a process.
    pub fn crash(&mut self) {
        self.is_audited = false;
        if let Some(id) = self.process.take() {
            self.world.crash(id);
            // Futures that were cut off are dropped at the next turn of their runtime.
            self.world.block_on(tokio::task::yield_now());
            let now = self.now();
            self.machine.place.gone(now).expect("books in memory can be left");
        }
    }

    /// Shuts the scheduler down, as [`Scheduler::shutdown`] does, and ends the process.
    ///
    /// # Panics
    ///
    /// If the process is gone already.
    #[track_caller]
    pub fn shutdown(&mut self) -> ShutdownReport {
        let scheduler = self.scheduler();
        let report = self.block_on(scheduler.shutdown()).expect("a scheduler that lives can be shut down");
        drop(scheduler);
        self.crash();
        report
    }

    /// Starts the program again, on the same record. What was missed is caught up as the jobs say.
    ///
    /// A clone of the scheduler of the process before keeps a SQLite file locked as if that process lived on: let go of it first.
    ///
    /// # Panics
    ///
    /// If a process lives, or the program is refused.
    #[track_caller]
    pub fn restart(&mut self) {
        assert!(self.process.is_none(), "the process lives; end it with `crash()` or `shutdown()` first");
        self.is_audited = false;
        match self.machine.boot(&mut self.world, self.offset) {
            Ok(id) => self.process = Some(id),
            Err(error) => panic!("the program does not start again: {error}"),
        }
        self.settle();
    }

    /// Runs until `from`, [crashes](Self::crash), and starts the program again at `to`.
    ///
    /// ```standalone_crate
    /// use cron_runtime::prelude::*;
    /// use cron_runtime::testing::Simulation;
    ///
    /// #[job(every = "10m")]
    /// fn sync() {}
    ///
    /// let mut sim = Simulation::of(sync::JOB).at("2026-06-01").start();
    /// sim.outage("2026-06-01T00:15", "2026-06-01T01:05");
    /// sim.ran(sync::JOB).at(["2026-06-01T00:10", "2026-06-01T01:00"]);
    /// sim.missed(sync::JOB).at(["2026-06-01T00:20", "2026-06-01T00:30", "2026-06-01T00:40", "2026-06-01T00:50"]);
    /// ```
    ///
    /// # Panics
    ///
    /// If `from` is past, or `to` is before it.
    #[track_caller]
    pub fn outage(&mut self, from: impl When, to: impl When) {
        self.run_until(from);
        self.crash();
        self.run_until(to);
        self.restart();
    }

    /// Sets the clock of the machine forward by a span, or back by a negative `TimeDelta`. The scheduler notices at once.
    pub fn step_clock(&mut self, step: TimeDelta) {
        self.offset += step;
        if let Some(id) = self.process {
            self.world.step_clock(id, step);
        }
        self.settle();
    }

    /// The machine sleeps for a span: nothing happens in it, no time passes for functions, and the clock has gone on.
    ///
    /// # Panics
    ///
    /// If the span is none.
    #[track_caller]
    pub fn suspend(&mut self, span: impl Span) {
        let now = self.now();
        match span.after(now, self.zone) {
            // For a process a sleep is nothing but a wall clock that jumps: the monotonic one stands still meanwhile.
            Ok(end) => self.step_clock(end - now),
            Err(error) => panic!("{error}"),
        }
    }

    /// Lets attempts of a job fail in place of a call of its function.
    #[track_caller]
    pub fn fail(&self, job: impl Into<String>) -> Fault<'_> {
        Fault::end(&self.machine.faults, self.known(job), End::Fail)
    }

    /// Lets attempts of a job end with a permanent error in place of a call of its function: their runs are discarded.
    #[track_caller]
    pub fn discard(&self, job: impl Into<String>) -> Fault<'_> {
        Fault::end(&self.machine.faults, self.known(job), End::Discard)
    }

    /// Lets attempts of a job panic in place of a call of its function.
    #[track_caller]
    pub fn panic(&self, job: impl Into<String>) -> Fault<'_> {
        Fault::end(&self.machine.faults, self.known(job), End::Panic)
    }

    /// Lets attempts of a job take a span of time, before their function is called or whatever happens in its place.
    ///
    /// ```standalone_crate
    /// use cron_runtime::prelude::*;
    /// use cron_runtime::testing::Simulation;
    ///
    /// #[job(every = "10m")]
    /// fn sync() {}
    ///
    /// let mut sim = Simulation::of(sync::JOB).start();
    /// sim.take(sync::JOB, "25m").once();
    /// sim.run_for("1h");
    /// sim.ran(sync::JOB).times(4);
    /// sim.skipped(sync::JOB).overlap().times(2);
    /// ```
    ///
    /// # Panics
    ///
    /// If the span is none.
    #[track_caller]
    pub fn take(&self, job: impl Into<String>, span: impl Span) -> Fault<'_> {
        let now = self.now();
        match span.after(now, self.zone) {
            Ok(end) => {
                let span: Duration = (end - now).to_std().unwrap_or_default();
                Fault::take(&self.machine.faults, self.known(job), span)
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Takes back everything that [`fail`](Self::fail), [`discard`](Self::discard), [`panic`](Self::panic) and
    /// [`take`](Self::take) have said of a job and what has not happened yet.
    #[track_caller]
    pub fn heal(&self, job: impl Into<String>) {
        self.machine.faults.heal(&self.known(job));
    }

    pub(super) fn ledger(&self) -> &dyn Ledger {
        self.ledger.as_ref()
    }

    pub(super) fn begin_and_zone(&self) -> (DateTime<Utc>, Tz) {
        (self.begin, self.zone)
    }

    pub(super) fn shown(&self, at: DateTime<Utc>) -> String {
        shown(at, self.zone)
    }

    pub(super) fn set_audited(&mut self) {
        self.is_audited = true;
    }

    pub(super) fn is_audited(&self) -> bool {
        self.is_audited
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        // A second panic would end the test binary, and hide what the first one says.
        if !std::thread::panicking() && !self.is_audited() {
            self.audit();
        }
    }
}
