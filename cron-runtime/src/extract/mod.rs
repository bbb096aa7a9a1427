//! Parameters of job functions: each is extracted from the run it is called for.

mod args;
#[cfg(feature = "sqlite")]
mod complete;
#[cfg(test)]
mod model;
mod notebook;
mod run;
mod state;
#[cfg(test)]
mod tests;

/// The lock of the notebook. A model puts another in its place.
mod sync {
    pub(super) use std::sync::{Mutex, MutexGuard};
}

use std::any::TypeId;
use std::sync::Arc;

use serde::de::DeserializeOwned;

pub use args::Args;
#[cfg(feature = "sqlite")]
pub use complete::Work;
pub(crate) use notebook::Notebook;
pub use run::Run;
pub(crate) use run::{Link, RunParts};
pub use state::{State, States};

/// What a call of a job's function is made from.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) run: Run,
    pub(crate) states: Arc<States>,
}

/// A type that a job's function may take as a parameter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a job can take as a parameter",
    label = "not an extractor",
    note = "a job takes `State<T>` (with `.state(T)` given to `start()`), `Args<T>` (given to each run) and `Run`, in any order"
)]
pub trait FromRun: Sized {
    /// Extracts the value.
    ///
    /// # Errors
    ///
    /// An [`ExtractError`] that says what is missing. The run is discarded with it.
    fn from_run(context: &Context) -> Result<Self, ExtractError>;

    /// Notes what this extractor needs, so that `start()` can refuse a program that lacks it.
    fn needs(_needs: &mut Needs) {}
}

/// A parameter that cannot be extracted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// No value of this type was given to `start()`.
    #[error("no state of type `{type_name}`; give one with `cron_runtime::start().state(...)`")]
    MissingState {
        /// The type.
        type_name: &'static str,
    },
    /// The function takes arguments, and the run has none.
    #[error(
        "job `{job}` takes arguments of type `{type_name}`, and none were given; give them with `JOB.with(&args)` or with \
         `trigger_with`, or let the job take `Args<Option<...>>`"
    )]
    NoArgs {
        /// The job.
        job: String,
        /// The type.
        type_name: &'static str,
    },
    /// The arguments of the run are not what the function takes.
    #[error("the arguments for job `{job}` are no `{type_name}`: {message}")]
    BadArgs {
        /// The job.
        job: String,
        /// The type.
        type_name: &'static str,
        /// What does not fit, and where in the JSON.
        message: String,
    },
}

/// Whether arguments are what the function of a job takes.
type CheckArgs = fn(job: &str, args: Option<&str>) -> Result<(), ExtractError>;

/// What the parameters of a function need from the program.
#[derive(Debug, Default)]
pub struct Needs {
    states: Vec<(TypeId, &'static str)>,
    args: Vec<CheckArgs>,
}

impl Needs {
    /// A function without parameters needs nothing.
    #[doc(hidden)]
    pub fn nothing(&mut self) {}

    /// Notes that a state of type `T` is needed.
    pub fn state<T: 'static>(&mut self) {
        self.states.push((TypeId::of::<T>(), std::any::type_name::<T>()));
    }

    /// Notes that arguments of type `T` are needed.
    pub fn args<T: DeserializeOwned>(&mut self) {
        self.args.push(|job, args| args::read::<T>(job, args).map(drop));
    }

    /// The names of the state types that `given` lacks.
    pub(crate) fn missing<'a>(&'a self, given: &'a States) -> impl Iterator<Item = &'static str> + 'a {
        self.states.iter().filter(|(id, _)| !given.has(*id)).map(|(_, name)| *name)
    }

    /// Whether these are arguments that the function takes.
    pub(crate) fn check_args(&self, job: &str, args: Option<&str>) -> Result<(), ExtractError> {
        self.args.iter().try_for_each(|check| check(job, args))
    }
}
