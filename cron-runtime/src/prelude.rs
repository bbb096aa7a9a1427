//! What a file with jobs needs: `use cron_runtime::prelude::*;`

pub use crate::extract::{Run, State};
pub use crate::job;
