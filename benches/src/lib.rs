//! Figures of the cron job framework: what it takes, beside its peers and beside what SQLite allows. `docs/performance.md` says how to
//! run them and what they have given.

// Whoever measures reads the clock.
#![allow(clippy::disallowed_methods)]

pub mod beside_an_import;
pub mod compile;
pub mod figure;
pub mod functions;
pub mod history;
pub mod idle;
pub mod jobs;
pub mod lateness;
pub mod place;
pub mod process;
pub mod soak;
pub mod startup;
pub mod sustained;
pub mod table;
