use cron_runtime::job;

// Seen by its name, before anything is known of types.
struct Args<T>(T);

struct Reminder;

#[job(every = "30s")]
async fn scheduled(_args: Args<Reminder>) {}

#[job(run_on_start = true)]
async fn at_its_registration(_args: Args<Reminder>) {}

#[job]
async fn twice(_first: Args<Reminder>, _second: Args<String>) {}

#[job]
async fn borrowed(_args: &Args<Reminder>) {}

fn main() {}
