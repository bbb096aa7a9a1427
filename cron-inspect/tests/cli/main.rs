//! The real binary on real files: every command as text and as JSON, its exit codes, and what it does with bad input.

mod backfill;
mod cancelling;
mod control;
mod dead;
mod doctor;
mod dynamic;
mod explaining;
mod fixture;
mod groups;
mod hostile;
mod importing;
mod live;
mod programs;
mod reading;
mod refusals;
mod schedules;
mod standing;
mod tail;
#[cfg(unix)]
mod terminal;
