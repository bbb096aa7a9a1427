//! Parameters of job functions: each is extracted from the run it is called for.

mod run;
mod state;

use std::any::TypeId;
use std::sync::Arc;

pub use run::Run;
pub(crate) use run::RunParts;
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
    note = "a job takes `State<T>` (with `.state(T)` given to `start()`) and `Run`, in any order"
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
}

/// What the parameters of a function need from the program.
#[derive(Debug, Default)]
pub struct Needs {
    states: Vec<(TypeId, &'static str)>,
}

impl Needs {
    /// Notes that a state of type `T` is needed.
    pub fn state<T: 'static>(&mut self) {
        self.states.push((TypeId::of::<T>(), std::any::type_name::<T>()));
    }

    /// The names of the state types that `given` lacks.
    pub(crate) fn missing<'a>(&'a self, given: &'a States) -> impl Iterator<Item = &'static str> + 'a {
        self.states.iter().filter(|(id, _)| !given.has(*id)).map(|(_, name)| *name)
    }
}
