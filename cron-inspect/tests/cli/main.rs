//! The real binary on real files: every command as text and as JSON, its exit codes, and what it does with bad input.

mod control;
mod fixture;
mod live;
mod reading;
mod refusals;
mod schedules;
#[cfg(unix)]
mod terminal;
