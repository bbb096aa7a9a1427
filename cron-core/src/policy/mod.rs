//! What a job's author decides beside the schedule: one enum or struct for each decision.

mod catch_up;
mod overlap;
mod retry;

pub use catch_up::{CatchUp, CatchUpRule};
pub use overlap::Overlap;
pub use retry::{Backoff, Retry};
