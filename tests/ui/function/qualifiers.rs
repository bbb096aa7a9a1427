use cron_runtime::job;

#[job(every = "30s")]
const fn constant() {}

#[job(every = "30s")]
unsafe fn without_a_net() {}

#[job(every = "30s")]
extern "C" fn foreign() {}

fn main() {}
