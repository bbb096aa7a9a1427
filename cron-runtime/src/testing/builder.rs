//! A simulation that is about to begin.

use std::fmt;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use cron_core::schedule::ScheduleError;

use chrono_tz::Tz;

use super::faults::Faults;
use super::jobs::JobSet;
use super::place::Place;
use super::simulation::{Machine, Simulation};
use super::when::{self, When};
use super::world::World;
use crate::registration;
use crate::start::{Start, start};

use super::error::SimulationError;

/// Where a simulation begins that was told nothing else.
const BEGIN: &str = "2026-01-01T00:00:00Z";

/// One thing that a program says to [`start`], at its first start and at each one after.
pub(super) type Setting = Box<dyn Fn(Start) -> Start>;

/// A text or an instant that waits for its zone.
type Moment = Box<dyn FnOnce(Tz) -> Result<DateTime<Utc>, ScheduleError>>;

/// A [`Simulation`] that is about to begin.
#[must_use = "a simulation begins with `.start()`"]
pub struct SimulationBuilder {
    jobs: Option<Vec<String>>,
    at: Moment,
    zone: String,
    settings: Vec<Setting>,
    file: Option<PathBuf>,
}

impl fmt::Debug for SimulationBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulationBuilder")
            .field("jobs", &self.jobs)
            .field("zone", &self.zone)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl SimulationBuilder {
    pub(super) fn new(jobs: Option<Vec<String>>) -> Self {
        let at: Moment = Box::new(|zone| BEGIN.instant(zone));
        Self { jobs, at, zone: "UTC".to_owned(), settings: Vec::new(), file: None }
    }

    /// When it begins; 2026-01-01 in UTC without it. A text without an offset is local in the zone of the simulation.
    pub fn at(mut self, at: impl When + 'static) -> Self {
        self.at = Box::new(move |zone| at.instant(zone));
        self
    }

    /// The IANA name of the zone in which texts are read that have no offset, and on whose clock messages show instants. UTC
    /// without it. The jobs have zones of their own.
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into();
        self
    }

    /// A value that jobs may take as `State<T>`, such as a fake of a service: what a program gives to
    /// [`Start::state`]. Keep a clone to look into it.
    pub fn state<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.start_with(move |start| start.state(value.clone()))
    }

    /// Everything else that a program says to [`start`]: workers, calendars, limits, hooks. Called at the first start
    /// and at each restart. Its database does not count.
    ///
    /// ```standalone_crate
    /// use cron_runtime::prelude::*;
    /// use cron_runtime::testing::Simulation;
    ///
    /// #[job(every = "1h", group = "mail")]
    /// fn digest() {}
    ///
    /// let mut sim = Simulation::of(digest::JOB)
    ///     .start_with(|start| start.workers(3).group_limit("mail", 1))
    ///     .start();
    /// sim.run_for("1d");
    /// sim.ran(digest::JOB).times(24);
    /// ```
    pub fn start_with(mut self, setting: impl Fn(Start) -> Start + 'static) -> Self {
        self.settings.push(Box::new(setting));
        self
    }

    /// Keeps the record in memory: so it is without this, and much faster than a file.
    pub fn memory(mut self) -> Self {
        self.file = None;
        self
    }

    /// Keeps the record in a SQLite file, as a program does. `inspect` can look at it afterwards. [`Run::transaction`](crate::Run::transaction) needs it, as in a
    /// program; `.start_with(|start| start.prepare(migrate))` makes the tables.
    pub fn database(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Starts the scheduler. No time has passed then, and nothing has run.
    ///
    /// # Panics
    ///
    /// If the program is refused, in the words in which [`start`] refuses it, or what the simulation was told makes no sense.
    #[track_caller]
    pub fn start(self) -> Simulation {
        match self.try_start() {
            Ok(simulation) => simulation,
            Err(error) => panic!("the simulation cannot begin: {error}"),
        }
    }

    /// As [`start`](Self::start), for tests of what is refused.
    ///
    /// # Errors
    ///
    /// A [`SimulationError`] that says what to change.
    pub fn try_start(self) -> Result<Simulation, SimulationError> {
        let Self { jobs, at, zone, settings, file } = self;
        let zone = when::zone(&zone).map_err(SimulationError::Zone)?;
        let begin = at(zone).map_err(SimulationError::Instant)?;
        let mut known: Vec<_> = registration::linked().map(|(spec, _)| spec.name.to_owned()).collect();
        known.sort_unstable();
        if let Some(job) = jobs.iter().flatten().find(|job| !known.contains(job)) {
            return Err(SimulationError::UnknownJob { job: job.clone(), known });
        }
        let machine = Machine { settings, jobs, faults: Faults::default(), place: Place::of(file)? };
        Simulation::begin(World::new(begin), machine, zone)
    }
}

impl Simulation {
    /// A simulation of these jobs of this program alone.
    ///
    /// ```standalone_crate
    /// use cron_runtime::prelude::*;
    /// use cron_runtime::testing::Simulation;
    ///
    /// #[job(daily = "01:30", timezone = "Europe/London")]
    /// fn close_day() {}
    ///
    /// let mut sim = Simulation::of(close_day::JOB).at("2026-03-28").zone("Europe/London").start();
    /// sim.run_for("2d");
    /// // On the 29th the clock goes from 01:00 to 02:00.
    /// sim.ran(close_day::JOB).at(["2026-03-28T01:30", "2026-03-29T02:00"]);
    /// ```
    pub fn of(jobs: impl JobSet) -> SimulationBuilder {
        SimulationBuilder::new(Some(jobs.names()))
    }

    /// A simulation of all jobs that are linked into this program. In a test binary these are also the jobs that its tests declare.
    pub fn of_all() -> SimulationBuilder {
        SimulationBuilder::new(None)
    }
}

pub(super) fn make(settings: &[Setting]) -> Start {
    settings.iter().fold(start(), |start, setting| setting(start))
}
