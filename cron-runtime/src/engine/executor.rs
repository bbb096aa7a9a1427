//! Calls functions: async ones on the user's runtime, the others on threads of the scheduler. A panic ends there, also one of what is
//! around a function.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cron_core::job::JobName;
use cron_core::run::{Failure, FailureKind};
use cron_core::text::{MAX_TEXT, fit};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tracing::{Instrument, Span};

use super::inbox::{Message, Returned};
use super::leash::Leash;
use super::panics::{self, Payload};
use super::threads::{Threads, Work};
use crate::crash_points::{Point, pass};
use crate::extract::{Context, ExtractError, Link, Run, RunParts, States};
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
    pub(crate) link: Arc<Link>,
}

/// The engine's hold on a function that was called.
#[derive(Debug)]
pub(crate) struct Hold {
    pub(super) leash: Arc<Leash>,
    /// Only an async function can be dropped.
    abort: Option<AbortHandle>,
}

impl Hold {
    /// Asks the function to stop: sets its flag and lets it come to an end of its own.
    pub(crate) fn ask(&self) {
        self.leash.ask();
    }

    /// Stops the function: sets its flag, and drops it at its next await if it is async.
    pub(crate) fn stop(&self) {
        self.ask();
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }

    /// Whether its function was called.
    pub(crate) fn was_called(&self) -> bool {
        self.leash.pulse.was_called()
    }

    /// Stops the function as [`stop`](Self::stop) does, and sees to it that one that was not called is not called later. Says whether it
    /// was called.
    pub(crate) fn release(&self) -> bool {
        let was_called = self.leash.pulse.refuse();
        self.stop();
        was_called
    }

    /// Whether the function ends by itself once it was stopped.
    pub(crate) fn can_be_dropped(&self) -> bool {
        self.abort.is_some()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.leash.let_go();
    }
}

impl Executor {
    /// Calls the function of an attempt. Its end arrives in the inbox, once, whatever happens to it. Nothing of the user's runs
    /// here: parameters are extracted where the function runs.
    pub(crate) fn call(&self, handler: Handler, attempt: &Claimed) -> Hold {
        let leash = Arc::new(Leash::new());
        let run = Run::new(RunParts {
            id: attempt.claim.run,
            job: attempt.plan.name.clone(),
            handler: attempt.plan.handler().clone(),
            nominal: attempt.nominal,
            origin: attempt.origin,
            attempt: attempt.attempt,
            epoch: attempt.claim.epoch,
            args: attempt.args.clone(),
            is_late: attempt.is_late,
            leash: Arc::clone(&leash),
            link: Arc::clone(&self.link),
        });
        let call = Call { context: Context { run, states: Arc::clone(&self.states) } };
        let report = Report { link: Arc::clone(&self.link), claim: attempt.claim, how: Returned::Dropped };
        let abort = match handler.way {
            Way::Async(make) => {
                let (leash, link) = (Arc::clone(&leash), Arc::clone(&self.link));
                let task = self.runtime.spawn(async move {
                    let mut report = report;
                    let in_its_span = || {
                        let span = span(&call.context.run);
                        let watched = async move {
                            let function = panics::guarded(|| call.on_the_runtime(make));
                            leash.pulse.watch(link.clock.as_ref(), function).await
                        };
                        watched.instrument(span)
                    };
                    report.how = ended(panics::guarded(in_its_span).await);
                });
                Some(task.abort_handle())
            }
            Way::Blocking(make) => {
                let work: Work = Box::new(move || {
                    let mut report = report;
                    report.how = ended(call.in_its_span(make));
                });
                match &self.threads {
                    Threads::Own(pool) => pool.give(work),
                    #[cfg(any(test, feature = "testing"))]
                    Threads::Elsewhere(call) => call(self, attempt, &leash.pulse, work),
                }
                None
            }
        };
        Hold { leash, abort }
    }
}

/// What the function's own log lines are found under. It is made where the function runs: what listens to spans is the user's.
fn span(run: &Run) -> Span {
    tracing::info_span!(
        parent: None,
        "attempt",
        otel.name = %run.name(),
        otel.kind = "internal",
        otel.status_code = tracing::field::Empty,
        otel.status_message = tracing::field::Empty,
        job = %run.name(),
        run = run.id().0,
        attempt = run.attempt(),
        tick = %run.tick().to_rfc3339(),
        origin = %run.origin(),
    )
}

/// A call in the making.
#[derive(Debug)]
struct Call {
    context: Context,
}

impl Call {
    fn job(&self) -> &JobName {
        self.context.run.job()
    }

    async fn on_the_runtime(self, make: MakeAsync) -> Returned {
        if !self.context.run.begin_call() {
            return Returned::Dropped;
        }
        let how = match self.extract(make) {
            // What the function holds is freed before its end is told: the next run may need it.
            Ok(future) => returned(self.job(), panics::caught(future).await),
            Err(how) => how,
        };
        note_in_span(&how);
        how
    }

    /// Nothing unwinds through a span: what listens to it may panic at its end too.
    fn in_its_span(self, make: MakeBlocking) -> Result<Result<Returned, Payload>, Payload> {
        let span = catch_unwind(AssertUnwindSafe(|| span(&self.context.run)))?;
        let on_a_thread = || catch_unwind(AssertUnwindSafe(|| self.on_a_thread(make)));
        let how = catch_unwind(AssertUnwindSafe(|| span.in_scope(on_a_thread)));
        catch_unwind(AssertUnwindSafe(|| drop(span))).and(how)
    }

    fn on_a_thread(self, make: MakeBlocking) -> Returned {
        // It may have waited for a thread until its time was over, and its slot may be another run's by now.
        if self.context.run.is_cancelled() || !self.context.run.begin_call() {
            return Returned::Dropped;
        }
        let how = match self.extract(make) {
            Ok(call) => returned(self.job(), catch_unwind(AssertUnwindSafe(call))),
            Err(how) => how,
        };
        note_in_span(&how);
        how
    }

    fn extract<T>(&self, make: impl FnOnce(&Context) -> Result<T, ExtractError>) -> Result<T, Returned> {
        match catch_unwind(AssertUnwindSafe(|| make(&self.context))) {
            Ok(Ok(ready)) => Ok(ready),
            Ok(Err(error)) => Err(Returned::NotCalled(error)),
            Err(panic) => Err(panicked(self.job(), panic)),
        }
    }
}

/// How a call has ended, if nothing around the function has panicked.
fn ended(how: Result<Result<Returned, Payload>, Payload>) -> Returned {
    how.flatten().unwrap_or_else(|panic| {
        let message = format!("outside its function: {}", panics::told(panic));
        Returned::Failed(Failure { kind: FailureKind::Panicked, message, retry_after: None })
    })
}

fn returned(job: &JobName, result: Result<Outcome, Payload>) -> Returned {
    match result {
        Ok(Outcome::Succeeded(next)) => Returned::Succeeded(next),
        Ok(Outcome::Failed { message, retry_after }) => {
            Returned::Failed(Failure { kind: FailureKind::Errored, message, retry_after })
        }
        Ok(Outcome::Discarded { message }) => Returned::Discarded(message),
        Err(panic) => panicked(job, panic),
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
    let message = fit(message, MAX_TEXT);
    let span = Span::current();
    span.record("otel.status_code", "ERROR");
    span.record("otel.status_message", message);
}

fn panicked(job: &JobName, panic: Payload) -> Returned {
    let message = fit(panics::told(panic), MAX_TEXT);
    tracing::warn!(job = %job, %message, "a job panicked");
    Returned::Failed(Failure { kind: FailureKind::Panicked, message, retry_after: None })
}

/// Tells the engine how the call ended, also where the call is dropped in the middle.
#[derive(Debug)]
struct Report {
    link: Arc<Link>,
    claim: Claim,
    how: Returned,
}

impl Drop for Report {
    fn drop(&mut self) {
        let how = std::mem::replace(&mut self.how, Returned::Dropped);
        pass(Point::CallReturned);
        // An engine that is gone has settled this attempt as interrupted.
        let at = self.link.clock.moment().monotonic;
        self.link.inbox.send(Message::Returned { claim: self.claim, how, at });
    }
}
