//! What a job's author decides beside the schedule: one enum or struct for each decision.

mod backfill;
mod catch_up;
mod jitter;
mod overlap;
mod priority;
mod retention;
mod retry;

pub use backfill::{BackfillOrder, BeforeRecord, Only, choose};
pub use catch_up::{CatchUp, CatchUpRule};
pub use jitter::Jitter;
pub use overlap::{Overlap, Slots};
pub use priority::Priority;
pub use retention::{Beyond, EndedRun, Limit, Retention, beyond, ended_at};
pub use retry::{Backoff, Retry};
