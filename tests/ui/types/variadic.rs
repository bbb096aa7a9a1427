use cron_runtime::job;

#[job(every = "30s")]
unsafe extern "C" fn variadic(_: u8, _: ...) {}

fn main() {}
