//! Calls functions: async ones on the user's runtime, the others on its blocking pool. A panic ends there.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use cron_core::job::JobName;
use cron_core::run::{Failure, FailureKind};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::inbox::{Inbox, Message, Returned};
use super::panics;
use crate::clock::Clock;
use crate::extract::{Context, ExtractError, Run, RunParts, States};
use crate::outcome::Outcome;
use crate::registration::{Handler, MakeAsync, MakeBlocking, Way};
use crate::store::{Claim, Claimed};

/// Everything that a call needs beside the attempt.
#[derive(Debug)]
pub(crate) struct Executor {
    pub(crate) runtime: Handle,
    pub(crate) states: Arc<States>,
    pub(crate) inbox: Inbox,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutting_down: watch::Receiver<bool>,
}

/// The engine's hold on a function that was called.
#[derive(Debug)]
pub(crate) struct Hold {
    cancel: watch::Sender<bool>,
    /// Only an async function can be dropped.
    abort: Option<AbortHandle>,
}

impl Hold {
    /// Asks the function to stop: sets its flag, and drops it at its next await if it is async.
    pub(crate) fn stop(&self) {
        self.cancel.send_replace(true);
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }

    /// Whether the function ends by itself once it was asked to stop.
    pub(crate) fn can_be_dropped(&self) -> bool {
        self.abort.is_some()
    }
}

impl Executor {
    /// Calls the function of an attempt. Its end arrives in the inbox, once, whatever happens to it. Nothing of the user's runs
    /// here: parameters are extracted where the function runs.
    pub(crate) fn call(&self, handler: Handler, attempt: &Claimed) -> Hold {
        let (cancel, cancelled) = watch::channel(false);
        let run = Run::new(RunParts {
            id: attempt.claim.run,
            job: attempt.job.clone(),
            nominal: attempt.nominal,
            origin: attempt.origin,
            attempt: attempt.attempt,
            epoch: attempt.claim.epoch,
            cancelled,
            shutting_down: self.shutting_down.clone(),
        });
        let call =
            Call { job: attempt.job.clone(), context: Context { run, states: Arc::clone(&self.states) } };
        let report = Report {
            inbox: self.inbox.clone(),
            clock: Arc::clone(&self.clock),
            claim: attempt.claim,
            how: Returned::Dropped,
        };
        let abort = match handler.way {
            Way::Async(make) => Some(self.runtime.spawn(call.on_the_runtime(make, report)).abort_handle()),
            Way::Blocking(make) => {
                self.runtime.spawn_blocking(move || call.on_a_thread(make, report));
                None
            }
        };
        Hold { cancel, abort }
    }
}

/// A call in the making.
#[derive(Debug)]
struct Call {
    job: JobName,
    context: Context,
}

impl Call {
    async fn on_the_runtime(self, make: MakeAsync, mut report: Report) {
        let mut future = match self.extract(make) {
            Ok(future) => future,
            Err(how) => {
                report.how = how;
                return;
            }
        };
        let polled = std::future::poll_fn(|context| {
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
                Ok(Poll::Ready(outcome)) => Poll::Ready(Ok(outcome)),
                Ok(Poll::Pending) => Poll::Pending,
                Err(panic) => Poll::Ready(Err(panic)),
            }
        });
        report.how = returned(&self.job, polled.await);
        // What the function holds is freed before its end is told: the next run may need it.
        if catch_unwind(AssertUnwindSafe(move || drop(future))).is_err() {
            tracing::warn!(job = %self.job, "a value of this job panicked while it was dropped");
        }
    }

    fn on_a_thread(self, make: MakeBlocking, mut report: Report) {
        report.how = match self.extract(make) {
            Ok(call) => returned(&self.job, catch_unwind(AssertUnwindSafe(call))),
            Err(how) => how,
        };
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
        Ok(Outcome::Succeeded) => Returned::Succeeded,
        Ok(Outcome::Failed(message)) => Returned::Failed(Failure { kind: FailureKind::Errored, message }),
        Err(panic) => Returned::Failed(failure(job, panic.as_ref())),
    }
}

fn failure(job: &JobName, panic: &(dyn Any + Send)) -> Failure {
    let message = panics::describe(panic);
    tracing::warn!(job = %job, %message, "a job panicked");
    Failure { kind: FailureKind::Panicked, message }
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
        // An engine that is gone has settled this attempt as interrupted.
        self.inbox.send(Message::Returned { claim: self.claim, how, at: self.clock.moment().monotonic });
    }
}
