use cron_runtime::extract::{Run, State};
use cron_runtime::job;

#[job(every = "30s")]
async fn no_extractor(_attempt: u32) {}

#[job(every = "30s")]
fn second_of_two(_run: Run, _names: Vec<String>) {}

struct NotClone;

#[job(every = "30s")]
async fn state_that_is_not_clone(_state: State<NotClone>) {}

fn main() {}
