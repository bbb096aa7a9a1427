//! What a file with jobs needs: `use cron_runtime::prelude::*;`

pub use cron_core::judge::Next;

pub use crate::extract::{Args, Run, State};
pub use crate::job;
pub use crate::outcome::JobError;
