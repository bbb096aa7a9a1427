//! Arguments that are not those of the function: the handle knows their type.

use cron_runtime::prelude::*;

#[job]
async fn remind(Args(_who): Args<u64>) {}

#[job]
async fn plain() {}

fn main() {
    let _ = remind::JOB.with(&"somebody");
    let _ = plain::JOB.with(&42);
}
