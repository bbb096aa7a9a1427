//! What a test has happen to functions in place of what they do.
//!
//! Nothing of the product knows of this: in a simulation the functions of a program are replaced by [`in_place_of_async`] and
//! [`in_place_of_blocking`], which find the rules among the states of the program and the real functions beside them.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cron_core::job::JobName;

use crate::boot::Checked;
use crate::clock::sleep;
use crate::extract::{Context, ExtractError};
use crate::outcome::{AsyncCall, BlockingCall, Outcome};
use crate::registration::{Handler, MakeAsync, MakeBlocking, Way};

/// What an attempt says that is made to fail and was given no words.
const SIMULATED: &str = "simulated";

/// The rules of a simulation, and the functions as they are without them.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    // Written by the test between the moments of the simulation, read by calls: all on one thread.
    rules: Arc<Mutex<Vec<Rule>>>,
    real: Arc<HashMap<JobName, Handler>>,
}

#[derive(Debug)]
struct Rule {
    job: String,
    what: What,
    /// In attempts with this number only.
    attempt: Option<u32>,
    /// How often it still applies; `None` is always.
    left: Option<u32>,
}

#[derive(Clone, Debug)]
enum What {
    Take(Duration),
    End(End),
}

/// How an attempt ends without a call of its function.
#[derive(Clone, Debug)]
pub(super) enum End {
    Fail(String),
    Discard(String),
    Panic(String),
}

impl Faults {
    /// Puts itself between the engine and the functions of a program.
    pub(super) fn stand_in(&self, checked: &mut Checked) {
        let real = Arc::new(checked.handlers.clone());
        for handler in checked.handlers.values_mut() {
            *handler = match handler.way {
                Way::Async(_) => Handler::asynchronous(in_place_of_async, handler.needs),
                Way::Blocking(_) => Handler::blocking(in_place_of_blocking, handler.needs),
            };
        }
        checked.states.insert(Self { rules: Arc::clone(&self.rules), real });
    }

    pub(super) fn heal(&self, job: &str) {
        self.rules().retain(|rule| rule.job != job);
    }

    /// How long an attempt is to take before its function is called.
    pub(super) fn delay(&self, job: &str, attempt: u32) -> Option<Duration> {
        self.first(job, attempt, |what| match what {
            What::Take(span) => Some(*span),
            What::End(_) => None,
        })
    }

    fn end(&self, context: &Context) -> Option<End> {
        self.first(context.run.name(), context.run.attempt(), |what| match what {
            What::End(end) => Some(end.clone()),
            What::Take(_) => None,
        })
    }

    /// The first rule that still applies counts, so that rules come one after another in the order of the test.
    fn first<T>(&self, job: &str, attempt: u32, wanted: impl Fn(&What) -> Option<T>) -> Option<T> {
        let mut rules = self.rules();
        for (index, rule) in rules.iter_mut().enumerate() {
            if rule.job != job || rule.attempt.is_some_and(|only| only != attempt) {
                continue;
            }
            let Some(found) = wanted(&rule.what) else { continue };
            if let Some(left) = &mut rule.left {
                *left -= 1;
                if *left == 0 {
                    rules.remove(index);
                }
            }
            return Some(found);
        }
        None
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(context: &Context) -> &Self {
        context.states.find().expect("whoever replaces functions gives the rules")
    }

    fn real(&self, context: &Context) -> Way {
        self.real.get(context.run.handler()).expect("only functions that are kept were replaced").way
    }
}

fn in_place_of_async(context: &Context) -> Result<AsyncCall, ExtractError> {
    let faults = Faults::of(context);
    let call: AsyncCall = match faults.end(context) {
        Some(end) => Box::pin(async move { end.happen() }),
        None => real_async(faults, context)(context)?,
    };
    Ok(match faults.delay(context.run.name(), context.run.attempt()) {
        None => call,
        Some(span) => Box::pin(async move {
            sleep(span).await;
            call.await
        }),
    })
}

/// Its delay lies before it is called: a thread that has begun cannot be dropped.
fn in_place_of_blocking(context: &Context) -> Result<BlockingCall, ExtractError> {
    let faults = Faults::of(context);
    match faults.end(context) {
        Some(end) => Ok(Box::new(move || end.happen())),
        None => real_blocking(faults, context)(context),
    }
}

fn real_async(faults: &Faults, context: &Context) -> MakeAsync {
    match faults.real(context) {
        Way::Async(make) => make,
        Way::Blocking(_) => unreachable!("an async function was replaced by an async one"),
    }
}

fn real_blocking(faults: &Faults, context: &Context) -> MakeBlocking {
    match faults.real(context) {
        Way::Blocking(make) => make,
        Way::Async(_) => unreachable!("a synchronous function was replaced by a synchronous one"),
    }
}

impl End {
    fn happen(self) -> Outcome {
        match self {
            Self::Fail(message) => Outcome::Failed { message, retry_after: None },
            Self::Discard(message) => Outcome::Discarded { message },
            // Not `panic!`: that would write to the output of the test and name a line of this file.
            Self::Panic(message) => resume_unwind(Box::new(message)),
        }
    }
}

/// Something that is to happen to attempts of a job. It counts from when it is said how often.
///
/// ```standalone_crate
/// use cron_runtime::prelude::*;
/// use cron_runtime::testing::Simulation;
///
/// #[job(every = "1h", retries = 3, retry_delay = "1m")]
/// fn fetch() {}
///
/// let mut sim = Simulation::of(fetch::JOB).start();
/// sim.fail(fetch::JOB).with("no route to host").times(2);
/// sim.run_for("1h 30m");
/// assert_eq!(sim.runs(fetch::JOB)[0].attempts, 3);
/// ```
#[must_use = "say how often: `.once()`, `.times(n)` or `.always()`"]
#[derive(Debug)]
pub struct Fault<'a> {
    faults: &'a Faults,
    rule: Rule,
}

impl<'a> Fault<'a> {
    pub(super) fn end(faults: &'a Faults, job: String, end: fn(String) -> End) -> Self {
        Self::new(faults, job, What::End(end(SIMULATED.to_owned())))
    }

    pub(super) fn take(faults: &'a Faults, job: String, span: Duration) -> Self {
        Self::new(faults, job, What::Take(span))
    }

    fn new(faults: &'a Faults, job: String, what: What) -> Self {
        Self { faults, rule: Rule { job, what, attempt: None, left: None } }
    }

    /// What the error or the panic says. Without it: `simulated`.
    pub fn with(mut self, message: impl Into<String>) -> Self {
        match &mut self.rule.what {
            What::End(End::Fail(words) | End::Discard(words) | End::Panic(words)) => *words = message.into(),
            // It says nothing.
            What::Take(_) => {}
        }
        self
    }

    /// Only in the attempts of runs that have this number, counted from 1.
    pub fn on_attempt(mut self, attempt: u32) -> Self {
        self.rule.attempt = Some(attempt);
        self
    }

    /// In the next attempt.
    pub fn once(self) {
        self.times(1);
    }

    /// In the next `times` attempts.
    pub fn times(mut self, times: u32) {
        if times > 0 {
            self.rule.left = Some(times);
            self.faults.rules().push(self.rule);
        }
    }

    /// In every attempt from now on, until [`Simulation::heal`](super::Simulation::heal).
    pub fn always(self) {
        self.faults.rules().push(self.rule);
    }
}
