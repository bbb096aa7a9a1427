//! Hooks: what the program wants to be told about its runs, such as to alert somebody.
//!
//! A hook is called on the user's runtime, in a task of its own. Whatever happens to it, the job and the engine go on.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::problem::ProblemKind;
use cron_core::run::{Origin, RunId, RunState, StateWord};
use tokio::runtime::Handle;

use crate::engine::{Events, Inbox, Message, caught, panic_told};
use crate::store::{Claimed, Ledger};

/// A run that has come to its end, as hooks are told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// The job.
    pub job: JobName,
    /// The run.
    pub run: RunId,
    /// The nominal instant: the tick, or the instant a manual run was asked for.
    pub tick: DateTime<Utc>,
    /// Why the run exists.
    pub origin: Origin,
    /// How it ended: `succeeded`, or `failed`, `discarded` or `quarantined`.
    pub state: StateWord,
    /// How many attempts it took.
    pub attempts: u32,
    /// What went wrong in the last one; empty where nothing did.
    pub error: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A tick that starts later than the grace of its job allows, as hooks are told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Late {
    /// The job.
    pub job: JobName,
    /// The run.
    pub run: RunId,
    /// The nominal instant.
    pub tick: DateTime<Utc>,
    /// When it starts.
    pub at: DateTime<Utc>,
}

/// What a hook may return: `()`, or a `Result<(), E>` whose error is told as [`Event::Problem`](crate::Event::Problem).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a hook can return",
    note = "a hook returns `()` or `Result<(), E>` where `E: Display`"
)]
pub trait HookReturn {
    /// The error in words.
    ///
    /// # Errors
    ///
    /// What went wrong.
    fn into_result(self) -> Result<(), String>;
}

impl HookReturn for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: fmt::Display> HookReturn for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| format!("{error:#}"))
    }
}

type Ending = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// A function of the user's that is told `T`.
type Told<T> = Arc<dyn Fn(T) -> Ending + Send + Sync>;

/// A hook and whom it is about.
struct Hook<T> {
    /// Of this job only, and of the dynamic jobs that call its function.
    job: Option<String>,
    told: Told<T>,
}

/// All hooks of a program.
#[derive(Default)]
pub(crate) struct Hooks {
    failure: Vec<Hook<Finished>>,
    success: Vec<Hook<Finished>>,
    late: Vec<Hook<Late>>,
}

/// When a hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// A run ends failed, discarded or quarantined.
    Failure,
    /// A run ends succeeded.
    Success,
}

impl Hooks {
    pub(crate) fn finished<F, R>(
        &mut self,
        on: On,
        job: Option<String>,
        hook: impl Fn(Finished) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = R> + Send + 'static,
        R: HookReturn,
    {
        let hook = Hook { job, told: told(hook) };
        match on {
            On::Failure => self.failure.push(hook),
            On::Success => self.success.push(hook),
        }
    }

    pub(crate) fn late<F, R>(&mut self, job: Option<String>, hook: impl Fn(Late) -> F + Send + Sync + 'static)
    where
        F: Future<Output = R> + Send + 'static,
        R: HookReturn,
    {
        self.late.push(Hook { job, told: told(hook) });
    }

    /// The jobs that hooks are about.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &str> {
        let finished = self.failure.iter().chain(&self.success).filter_map(|hook| hook.job.as_deref());
        finished.chain(self.late.iter().filter_map(|hook| hook.job.as_deref()))
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = (self.failure.len(), self.success.len(), self.late.len());
        f.debug_tuple("Hooks").field(&counts).finish()
    }
}

fn told<T: 'static, F, R>(hook: impl Fn(T) -> F + Send + Sync + 'static) -> Told<T>
where
    F: Future<Output = R> + Send + 'static,
    R: HookReturn,
{
    Arc::new(move |about| {
        let future = hook(about);
        Box::pin(async move { future.await.into_result() })
    })
}

/// Calls hooks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    hooks: Arc<Hooks>,
    runtime: Handle,
    ledger: Arc<dyn Ledger>,
    events: Events,
    inbox: Inbox,
    /// How many are being called. A shutdown waits for them.
    active: Arc<AtomicUsize>,
}

impl Caller {
    pub(crate) fn new(
        hooks: Hooks,
        runtime: Handle,
        ledger: Arc<dyn Ledger>,
        events: Events,
        inbox: Inbox,
    ) -> Self {
        Self { hooks: Arc::new(hooks), runtime, ledger, events, inbox, active: Arc::default() }
    }

    /// Whether a hook has not come to its end.
    pub(crate) fn is_busy(&self) -> bool {
        self.active.load(Ordering::SeqCst) > 0
    }

    /// An attempt of this process was the last one of its run.
    pub(crate) fn ended(&self, attempt: &Claimed, state: StateWord, error: String, at: DateTime<Utc>) {
        let finished = || Finished {
            job: attempt.plan.name.clone(),
            run: attempt.claim.run,
            tick: attempt.nominal,
            origin: attempt.origin,
            state,
            attempts: attempt.attempt,
            error,
            at,
        };
        self.finished(&attempt.plan.name, attempt.plan.handler(), state, finished);
    }

    /// A tick is started late.
    pub(crate) fn late(&self, attempt: &Claimed, at: DateTime<Utc>) {
        let (job, run, tick) = (attempt.plan.name.clone(), attempt.claim.run, attempt.nominal);
        let late = || Late { job, run, tick, at };
        self.call(&self.hooks.late, &attempt.plan.name, attempt.plan.handler(), late);
    }

    /// A run has ended without a result of its function: its process is gone, or another run takes its slot. What hooks want to know of
    /// it is on record only.
    pub(crate) fn on_record(&self, run: RunId, state: RunState, at: DateTime<Utc>) {
        // Without a result a run succeeds only where its attempt was completed in a transaction.
        let has_succeeded = state.word() == StateWord::Succeeded;
        let hooks = if has_succeeded { &self.hooks.success } else { &self.hooks.failure };
        if hooks.is_empty() || !(has_succeeded || state.word().is_dead()) {
            return;
        }
        let (caller, busy) = (self.clone(), Busy::new(self));
        let events = self.events.clone();
        let read = move || {
            // Until hooks are called, which count for themselves.
            let _busy = busy;
            let read = caller.ledger.run(run).and_then(|found| match found {
                Some((info, attempts)) => Ok(Some((caller.ledger.job(info.job.as_str())?, info, attempts))),
                None => Ok(None),
            });
            let (job, info, attempts) = match read {
                Ok(Some(found)) => found,
                // Pruned meanwhile.
                Ok(None) => return,
                Err(error) => {
                    let what = format!("run {run} could not be read for a hook: {error}");
                    return caller.events.problem(ProblemKind::HookFailed, None, what);
                }
            };
            let (attempts, error) = if has_succeeded {
                (info.attempts_used + 1, String::new())
            } else {
                let last = attempts.last().map(|attempt| attempt.message.clone());
                (info.attempts_used, last.unwrap_or(info.error))
            };
            let handler = job.map_or_else(|| info.job.clone(), |job| job.plan.handler().clone());
            let finished = || Finished {
                job: info.job.clone(),
                run,
                tick: info.nominal,
                origin: info.origin,
                state: state.word(),
                attempts,
                error,
                at,
            };
            caller.finished(&info.job, &handler, state.word(), finished);
        };
        // Asked for in a task: the system may give no thread, and then this panics, which is no business of the engine.
        self.runtime.spawn(async move {
            let asked = catch_unwind(AssertUnwindSafe(|| tokio::task::spawn_blocking(read)));
            if let Err(panic) = asked {
                let what = format!("run {run} could not be read for a hook: {}", panic_told(panic));
                events.problem(ProblemKind::HookFailed, None, what);
            }
        });
    }

    fn finished(&self, job: &JobName, handler: &JobName, state: StateWord, make: impl FnOnce() -> Finished) {
        let hooks = match state {
            StateWord::Failed | StateWord::Discarded | StateWord::Quarantined => &self.hooks.failure,
            StateWord::Succeeded => &self.hooks.success,
            StateWord::Scheduled | StateWord::Running | StateWord::Waiting | StateWord::Cancelled => return,
        };
        self.call(hooks, job, handler, make);
    }

    fn call<T: Clone + Send + 'static>(
        &self,
        hooks: &[Hook<T>],
        job: &JobName,
        handler: &JobName,
        make: impl FnOnce() -> T,
    ) {
        let wanted = |hook: &&Hook<T>| {
            hook.job.as_deref().is_none_or(|wanted| wanted == job.as_str() || wanted == handler.as_str())
        };
        let mut hooks = hooks.iter().filter(wanted).peekable();
        if hooks.peek().is_none() {
            return;
        }
        let about = make();
        for hook in hooks {
            let (told, about, events) = (Arc::clone(&hook.told), about.clone(), self.events.clone());
            let (job, busy) = (job.clone(), Busy::new(self));
            self.runtime.spawn(async move {
                let _busy = busy;
                let result = match catch_unwind(AssertUnwindSafe(|| told(about))) {
                    Ok(future) => caught(future).await,
                    Err(panic) => Err(panic),
                };
                match result {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        let what = format!("a hook of job `{job}` failed: {error}");
                        events.problem(ProblemKind::HookFailed, Some(&job), what);
                    }
                    Err(panic) => {
                        let what = panic_told(panic);
                        let what = format!("a hook of job `{job}` {what}");
                        events.problem(ProblemKind::HookFailed, Some(&job), what);
                    }
                }
            });
        }
    }
}

/// Counts a call as long as it lives, however it ends.
struct Busy {
    active: Arc<AtomicUsize>,
    inbox: Inbox,
}

impl Busy {
    fn new(caller: &Caller) -> Self {
        caller.active.fetch_add(1, Ordering::SeqCst);
        Self { active: Arc::clone(&caller.active), inbox: caller.inbox.clone() }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.active.fetch_sub(1, Ordering::SeqCst) == 1 {
            // A shutdown may wait for this.
            self.inbox.send(Message::HookEnded);
        }
    }
}
