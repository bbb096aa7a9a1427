//! `Run`: what a function may know of the run it is called for.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::run::{Epoch, Origin, RunId};
use tokio::sync::watch;

use super::notebook::{Noted, cut, lines};
use super::{Context, ExtractError, FromRun};
use crate::clock::Clock;
use crate::engine::{Event, Events, Inbox, Leash, Message};
use crate::store::{Claim, CommandError, LogLine, Progress};

/// The run that a function is called for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) parts: Arc<RunParts>,
}

/// What every run reaches of its scheduler; one for all of them.
#[derive(Debug)]
pub(crate) struct Link {
    /// The file in which a function may complete its run, if the store has one.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "no other store has a file"))]
    pub(crate) file: Option<Arc<Path>>,
    /// There is a file and no record in it: a transaction stands for itself.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "no other store has a file"))]
    pub(crate) is_unrecorded: bool,
    pub(crate) inbox: Inbox,
    pub(crate) events: Events,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutting_down: watch::Receiver<bool>,
}

/// What the engine knows of an attempt when it starts it.
#[derive(Debug)]
pub(crate) struct RunParts {
    pub(crate) id: RunId,
    pub(crate) job: JobName,
    /// The job whose function is called: itself, or that of a dynamic one.
    pub(crate) handler: JobName,
    pub(crate) nominal: DateTime<Utc>,
    pub(crate) origin: Origin,
    pub(crate) attempt: u32,
    pub(crate) epoch: Epoch,
    pub(crate) args: Option<Arc<str>>,
    pub(crate) is_late: bool,
    /// What it says of itself goes here, and to the engine only that there is something.
    pub(crate) leash: Arc<Leash>,
    pub(crate) link: Arc<Link>,
}

impl Run {
    pub(crate) fn new(parts: RunParts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    pub(crate) fn job(&self) -> &JobName {
        &self.parts.job
    }

    /// The function has a thread and is about to be called. Says whether it may be.
    pub(crate) fn begin_call(&self) -> bool {
        self.parts.leash.pulse.begin()
    }

    /// The number of the run in its store.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.parts.id
    }

    /// The name of the job: for a dynamic one its own, not that of the job whose function it calls.
    #[must_use]
    pub fn name(&self) -> &str {
        self.parts.job.as_str()
    }

    /// The name of the job whose function is called: that of the run's own job, or for a dynamic one that of the job it is made
    /// from.
    #[must_use]
    pub fn handler(&self) -> &str {
        self.parts.handler.as_str()
    }

    /// The nominal instant in UTC: the tick, not the moment of the call. The same in every attempt and after a
    /// restart, so it is the right key for idempotent work. For a manual run, the instant it was asked for.
    #[must_use]
    pub fn tick(&self) -> DateTime<Utc> {
        self.parts.nominal
    }

    /// Why this run exists.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.parts.origin
    }

    /// The number of this attempt, counted from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.parts.attempt
    }

    /// The fencing token of this attempt: strictly increasing per job. Hand it to systems that can refuse late writes.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.parts.epoch
    }

    /// What the run was given, or else what its job had when the run was made, as JSON. [`Args`](super::Args) reads it.
    #[must_use]
    pub fn args(&self) -> Option<&str> {
        self.parts.args.as_deref()
    }

    /// Whether the run is a tick that starts later than the grace of its job allows, such as after an outage.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.parts.is_late
    }

    /// Says how far the run has come, from 0 to 1, and with what it is busy. Never waits.
    ///
    /// What is less than 0, or no number, counts as 0; what is more than 1 as 1. The newest word counts: it is told as an event at
    /// once, and kept with the run at most once a second and at its end.
    pub fn progress(&self, fraction: f64, message: impl Into<String>) {
        let fraction = if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 1.0) };
        let progress = Progress { fraction, message: cut(&message.into()) };
        let noted = self.parts.leash.notebook.progress(progress.clone());
        self.tell(noted, || Event::Progress {
            job: self.parts.job.clone(),
            run: self.parts.id,
            attempt: self.parts.attempt,
            progress,
        });
    }

    /// Adds a text to the log of the run, which is kept with it. Never waits.
    ///
    /// Each line of the text becomes a line of the log; of one of more than 4 KiB the beginning and the end are kept. The log keeps the newest
    /// [`MAX_LOG_LINES`](crate::store::MAX_LOG_LINES). Lines are told as events at once and written at most once a second and at
    /// the end; if there are more than that in between, the oldest are dropped and the log says how many.
    pub fn log(&self, text: impl AsRef<str>) {
        let now = self.parts.link.clock.moment().wall;
        for line in lines(text.as_ref(), now, self.parts.attempt) {
            self.add(line);
        }
    }

    fn add(&self, line: LogLine) {
        let noted = self.parts.leash.notebook.line(line.clone());
        self.tell(noted, || Event::Log { job: self.parts.job.clone(), run: self.parts.id, line });
    }

    /// There is something to fetch. An engine that is gone has fetched what it could.
    fn announce(&self) {
        let claim = Claim { run: self.parts.id, epoch: self.parts.epoch };
        self.parts.link.inbox.send(Message::Noted { claim });
    }

    fn tell(&self, noted: Noted, event: impl FnOnce() -> Event) {
        match noted {
            Noted::First => self.announce(),
            Noted::Again => {}
            Noted::TooLate => return,
        }
        self.parts.link.events.tell(event);
    }

    /// Asks for the removal of the dynamic job that this is a run of, with its whole record. Never waits.
    ///
    /// The job has no ticks from then on, and is removed in the transaction in which the last of its runs ends, however that ends: this one first of
    /// all, with its retries. Whoever schedules the name again before that takes the wish back. It is kept with the run within a second, with the
    /// end of the attempt at the latest, and with the transaction that completes the run ([`Run::transaction`](Self::transaction)), and survives
    /// the process from then on.
    ///
    /// # Errors
    ///
    /// [`CommandError::Linked`](crate::store::CommandError::Linked) for a declared job: its program declares it as long as it has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cron_runtime::prelude::*;
    ///
    /// # async fn is_paid(_: u64) -> bool { true }
    /// // `scheduler.schedule(remind_until_paid::JOB.with(&4711)?.named("remind-4711").every("1d"))`
    /// #[job]
    /// async fn remind_until_paid(Args(invoice): Args<u64>, run: Run) -> Result<(), JobError> {
    ///     if is_paid(invoice).await {
    ///         run.remove_job()?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn remove_job(&self) -> Result<(), CommandError> {
        if self.parts.job == self.parts.handler {
            return Err(CommandError::Linked { job: self.parts.job.clone() });
        }
        if self.parts.leash.notebook.remove_job() == Noted::First {
            self.announce();
        }
        Ok(())
    }

    /// Whether this attempt is asked to stop: by a person, by `overlap = "cancel"`, because its timeout passed or it was fenced,
    /// or because the grace of a shutdown is over.
    ///
    /// One that was asked by a person or by the overlap policy has the `cancel_grace` of its job to come to an end of its own.
    ///
    /// A synchronous function should look now and then and return early.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.parts.leash.is_asked()
    }

    /// Waits until this attempt is asked to stop; see [`Run::is_cancelled`].
    pub async fn cancelled(&self) {
        self.parts.leash.asked().await;
    }

    /// Whether the scheduler is shutting down. The attempt may go on until the grace is over.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        *self.parts.link.shutting_down.borrow()
    }

    /// Waits until the scheduler begins to shut down.
    pub async fn shutting_down(&self) {
        let mut flag = self.parts.link.shutting_down.clone();
        // An engine that is gone will never say so; then nothing is left to wait for.
        let _ = flag.wait_for(|set| *set).await;
    }
}

impl FromRun for Run {
    fn from_run(context: &Context) -> Result<Self, ExtractError> {
        Ok(context.run.clone())
    }
}
