//! The pure core of the job framework: schedules, policies, the run state machine and the judge.
//!
//! Nothing in this crate reads a clock, a file, the environment or the network; nothing awaits or locks.
//! The macro uses it while the user's program is compiled and the runtime uses it afterwards: what
//! compiled is what runs.

pub mod audit;
#[cfg(feature = "crontab")]
pub mod crontab;
pub mod duration;
pub mod hash;
pub mod job;
pub mod judge;
pub mod policy;
pub mod problem;
pub mod run;
pub mod schedule;
pub mod suggest;
pub mod suspect;
pub mod text;
mod words;

pub use words::UnknownWord;
