//! What is done with arbitrary input at each door of the job framework: compile time, the database, the command line.
//!
//! A panic is a finding, and so is what does not end. The targets in `fuzz_targets/` only hand their input over.

#![forbid(unsafe_code)]

mod attribute_text;
mod command_line;
pub mod crontabs;
mod database;
pub mod durations;
mod scheduler;
pub mod schedules;

pub use attribute_text::attribute;
pub use command_line::arguments;
pub use database::{file, rows};

// A crate of macros exports nothing but macros, so its files are compiled here once more.
#[path = "../../cron-macros/src/args.rs"]
mod args;
#[path = "../../cron-macros/src/attribute.rs"]
mod attribute_of_macro;
#[path = "../../cron-macros/src/check/mod.rs"]
mod check;
#[path = "../../cron-macros/src/expand/mod.rs"]
mod expand;
#[path = "../../cron-macros/src/function.rs"]
mod function;
#[path = "../../cron-macros/src/mistakes.rs"]
mod mistakes;

// So are those of the command line, which is a binary.
#[allow(dead_code, unused_imports, reason = "here it is read and not obeyed")]
#[path = "../../cron-inspect/src/cli/mod.rs"]
mod cli;

/// A number that depends on all bytes of the input: choices beside the text itself, so that a corpus stays text.
pub(crate) fn number(bytes: &[u8]) -> u64 {
    // FNV-1a: the same in every build, or a finding could not be played again.
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
