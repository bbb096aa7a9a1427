//! A job: its name, what the macro says of it, and the plan the engine works from.

mod catalog;
mod inherit;
mod name;
pub mod options;
mod plan;
mod spec;

pub use catalog::{Catalog, CatalogError, Problem};
pub use inherit::{OwnPolicies, is_policy};
pub use name::{JobName, Label, NameError};
pub use plan::Plan;
pub use spec::{JobSpec, Source};
