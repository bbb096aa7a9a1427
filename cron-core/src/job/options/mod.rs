//! The options of a job, for the attribute `#[job(...)]` and for jobs that are made while the program runs: one list, one
//! set of checks, one set of words.
//!
//! [`check`] says everything that is wrong at once. The macro puts each mistake at its place in the code; [`plan`] puts all of
//! them into one [`DeclareError`].

mod check;
mod declaration;
mod key;
mod value;

pub use check::{check, warnings};
pub use declaration::{Declaration, DeclareError, Mistake, Part, plan, plan_on};
pub use key::{Key, Kind, Place, UnknownOption, table};
pub use value::{Options, Value};
