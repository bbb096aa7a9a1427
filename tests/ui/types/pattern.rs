use cron_runtime::extract::{Run, State};
use cron_runtime::job;

#[job(every = "30s")]
async fn pattern_of_another_type(State(_run): Run) {}

fn main() {}
