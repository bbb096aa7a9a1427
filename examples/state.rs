//! What jobs share with the program: values given to `start()`, taken as parameters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cron_runtime::Event;
use cron_runtime::prelude::*;

/// A stand-in for a client, a pool, a mailer: cheap to clone.
#[derive(Clone, Default)]
struct Mailer {
    sent: Arc<AtomicU64>,
}

/// Takes the mailer and the run it is called for; the order does not matter, and both may be left out.
#[job(every = "500ms")]
async fn send_report(run: Run, State(mailer): State<Mailer>) {
    let number = mailer.sent.fetch_add(1, Ordering::Relaxed) + 1;
    println!("report {number} for the tick {} (run {}, epoch {})", run.tick(), run.id(), run.epoch());
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mailer = Mailer::default();
    // Without `.state(...)` this would be an error here, naming the job and the type, before anything runs.
    let scheduler = cron_runtime::start().database("memory:").state(mailer.clone()).await?;
    let mut events = scheduler.events();
    let mut ended = 0;
    while ended < 3 {
        let Some(event) = cron_examples::next(&mut events).await else { break };
        ended += u64::from(matches!(event, Event::Ended { .. }));
    }
    scheduler.shutdown().await?;
    anyhow::ensure!(mailer.sent.load(Ordering::Relaxed) >= 3);
    Ok(())
}
