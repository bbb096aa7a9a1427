//! Calls functions: async ones on the user's runtime, the others on its blocking pool. A panic ends there.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use cron_core::job::JobName;
use cron_core::run::{Failure, FailureKind};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::{Instrument, Span};

use super::events::Events;
use super::inbox::{Inbox, Message, Returned};
use super::panics;
use super::vigil::Pulse;
use crate::clock::Clock;
use crate::crash_points::{Point, pass};
use crate::extract::{Context, ExtractError, Notebook, Run, RunParts, States};
use crate::outcome::Outcome;
use crate::registration::{Handler, MakeAsync, MakeBlocking, Way};
use crate::store::{Claim, Claimed};

/// Everything that a call needs beside the attempt.
#[derive(Debug)]
pub(crate) struct Executor {
    pub(crate) runtime: Handle,
    /// Where functions that are not async run.
    pub(crate) threads: Threads,
    pub(crate) states: Arc<States>,
    /// The file in which a function may complete its run, if the store has one.
    pub(crate) file: Option<Arc<Path>>,
    pub(crate) inbox: Inbox,
    pub(crate) events: Events,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutting_down: watch::Receiver<bool>,
}

/// A function that is not async, ready to be called.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// Gets functions that are not async called, somewhere.
pub(crate) type Threads = fn(&Handle, Work);

/// On the blocking pool of the user's runtime.
pub(crate) fn on_the_pool(runtime: &Handle, work: Work) {
    runtime.spawn_blocking(work);
}

/// The engine's hold on a function that was called.
#[derive(Debug)]
pub(crate) struct Hold {
    cancel: watch::Sender<bool>,
    /// Only an async function can be dropped.
    abort: Option<AbortHandle>,
    /// What the function says of itself.
    pub(crate) notebook: Arc<Notebook>,
    /// Whether it has a thread.
    pub(super) pulse: Arc<Pulse>,
}

impl Hold {
    /// Asks the function to stop: sets its flag and lets it come to an end of its own.
    pub(crate) fn ask(&self) {
        self.cancel.send_replace(true);
    }

    /// Stops the function: sets its flag, and drops it at its next await if it is async.
    pub(crate) fn stop(&self) {
        self.ask();
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }

    /// Whether the function ends by itself once it was stopped.
    pub(crate) fn can_be_dropped(&self) -> bool {
        self.abort.is_some()
    }
}

impl Executor {
    /// Calls the function of an attempt. Its end arrives in the inbox, once, whatever happens to it. Nothing of the user's runs
    /// here: parameters are extracted where the function runs.
    pub(crate) fn call(&self, handler: Handler, attempt: &Claimed) -> Hold {
        let (cancel, cancelled) = watch::channel(false);
        let notebook = Arc::new(Notebook::default());
        let job = attempt.plan.name.clone();
        let run = Run::new(RunParts {
            id: attempt.claim.run,
            job: job.clone(),
            nominal: attempt.nominal,
            origin: attempt.origin,
            attempt: attempt.attempt,
            epoch: attempt.claim.epoch,
            args: attempt.args.clone(),
            is_late: attempt.is_late,
            file: self.file.clone(),
            notebook: Arc::clone(&notebook),
            inbox: self.inbox.clone(),
            events: self.events.clone(),
            clock: Arc::clone(&self.clock),
            cancelled,
            shutting_down: self.shutting_down.clone(),
        });
        let call = Call { job, context: Context { run, states: Arc::clone(&self.states) } };
        let report = Report {
            inbox: self.inbox.clone(),
            clock: Arc::clone(&self.clock),
            claim: attempt.claim,
            how: Returned::Dropped,
        };
        let span = span(attempt);
        let pulse = Arc::new(Pulse::new(Arc::clone(&self.clock)));
        let abort = match handler.way {
            Way::Async(make) => {
                let call = Arc::clone(&pulse).watch(call.on_the_runtime(make, report));
                let task = self.runtime.spawn(call.instrument(span));
                Some(task.abort_handle())
            }
            Way::Blocking(make) => {
                let pulse = Arc::clone(&pulse);
                let work = move || {
                    pulse.begin();
                    span.in_scope(|| call.on_a_thread(make, report));
                };
                (self.threads)(&self.runtime, Box::new(work));
                None
            }
        };
        Hold { cancel, abort, notebook, pulse }
    }
}

/// What the function's own log lines are found under.
fn span(attempt: &Claimed) -> Span {
    tracing::info_span!(
        "attempt",
        otel.name = %attempt.plan.name,
        otel.kind = "internal",
        otel.status_code = tracing::field::Empty,
        otel.status_message = tracing::field::Empty,
        job = %attempt.plan.name,
        run = attempt.claim.run.0,
        attempt = attempt.attempt,
        tick = %attempt.nominal.to_rfc3339(),
        origin = %attempt.origin,
    )
}

/// A call in the making.
#[derive(Debug)]
struct Call {
    job: JobName,
    context: Context,
}

impl Call {
    async fn on_the_runtime(self, make: MakeAsync, mut report: Report) {
        report.how = match self.extract(make) {
            // What the function holds is freed before its end is told: the next run may need it.
            Ok(future) => returned(&self.job, panics::caught(future).await),
            Err(how) => how,
        };
        note_in_span(&report.how);
    }

    fn on_a_thread(self, make: MakeBlocking, mut report: Report) {
        // It may have waited for a thread until its time was over, and its slot may be another run's by now.
        if self.context.run.is_cancelled() {
            return;
        }
        report.how = match self.extract(make) {
            Ok(call) => returned(&self.job, catch_unwind(AssertUnwindSafe(call))),
            Err(how) => how,
        };
        note_in_span(&report.how);
    }

    fn extract<T>(&self, make: impl FnOnce(&Context) -> Result<T, ExtractError>) -> Result<T, Returned> {
        match catch_unwind(AssertUnwindSafe(|| make(&self.context))) {
            Ok(Ok(ready)) => Ok(ready),
            Ok(Err(error)) => Err(Returned::NotCalled(error)),
            Err(panic) => Err(Returned::Failed(failure(&self.job, panic.as_ref()))),
        }
    }
}

fn returned(job: &JobName, result: Result<Outcome, Box<dyn Any + Send>>) -> Returned {
    match result {
        Ok(Outcome::Succeeded(next)) => Returned::Succeeded(next),
        Ok(Outcome::Failed { message, retry_after }) => {
            Returned::Failed(Failure { kind: FailureKind::Errored, message, retry_after })
        }
        Ok(Outcome::Discarded { message }) => Returned::Discarded(message),
        Err(panic) => Returned::Failed(failure(job, panic.as_ref())),
    }
}

/// Exporters of spans show a failed one as such.
fn note_in_span(how: &Returned) {
    let message = match how {
        Returned::Succeeded(_) | Returned::Dropped => return,
        Returned::Failed(failure) => failure.message.clone(),
        Returned::Discarded(message) => message.clone(),
        Returned::NotCalled(error) => error.to_string(),
    };
    let span = Span::current();
    span.record("otel.status_code", "ERROR");
    span.record("otel.status_message", message);
}

fn failure(job: &JobName, panic: &(dyn Any + Send)) -> Failure {
    let message = panics::describe(panic);
    tracing::warn!(job = %job, %message, "a job panicked");
    Failure { kind: FailureKind::Panicked, message, retry_after: None }
}

/// Tells the engine how the call ended, also where the call is dropped in the middle.
#[derive(Debug)]
struct Report {
    inbox: Inbox,
    clock: Arc<dyn Clock>,
    claim: Claim,
    how: Returned,
}

impl Drop for Report {
    fn drop(&mut self) {
        let how = std::mem::replace(&mut self.how, Returned::Dropped);
        pass(Point::CallReturned);
        // An engine that is gone has settled this attempt as interrupted.
        self.inbox.send(Message::Returned { claim: self.claim, how, at: self.clock.moment().monotonic });
    }
}
