//! A job, and what a test of it looks like: a year with an outage and a service that is down, in simulated time.
//!
//! In a program of yours this is a test; `cron-runtime` with the feature `testing` belongs to `[dev-dependencies]`.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use cron_runtime::prelude::*;
use cron_runtime::testing::{Simulation, invoke};

/// What the jobs send mail with. A program would keep a connection here.
#[derive(Clone, Default)]
struct Mailer {
    sent: Arc<Mutex<Vec<String>>>,
}

#[job(cron = "0 9 L * *", timezone = "Europe/London", retries = 3, retry_delay = "10m", backoff = "fixed")]
async fn invoice(State(mailer): State<Mailer>, run: Run) -> anyhow::Result<()> {
    let month = run.tick().format("%B %Y").to_string();
    run.log(format!("the invoice of {month}"));
    mailer.sent.lock().map_err(|_| anyhow::anyhow!("the mailer has panicked"))?.push(month);
    Ok(())
}

fn main() -> anyhow::Result<()> {
    // One function, as the scheduler would call it.
    let mailer = Mailer::default();
    let invoked = invoke(invoice::JOB).state(mailer.clone()).run()?;
    println!("called once: it said {:?} and wrote {:?}", invoked.said, invoked.log);

    // A year of its life.
    let begin = Instant::now();
    let mailer = Mailer::default();
    let mut sim =
        Simulation::of(invoice::JOB).at("2026-01-01").zone("Europe/London").state(mailer.clone()).start();
    sim.run_until("2026-03-01");
    sim.fail(invoice::JOB).with("the mail server is down").times(2);
    sim.outage("2026-04-30T08:00", "2026-04-30T11:30");
    sim.run_until("2027-01-01");

    sim.ran(invoice::JOB).succeeded().times(12);
    sim.ran(invoice::JOB).between("2026-03-01", "2026-04-01").at(["2026-03-31T09:00"]);
    let march = &sim.runs(invoice::JOB)[2];
    println!("{} took {} attempts", march.tick, march.attempts);
    let april = &sim.runs(invoice::JOB)[3];
    println!("{} ran after the outage, {:?}", april.tick, april.started_at);
    sim.finish();
    println!("a year in {:.0?}: {}", begin.elapsed(), mailer.sent.lock().expect("no panic").join(", "));
    Ok(())
}
