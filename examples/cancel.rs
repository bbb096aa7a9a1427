//! Ending a run that is in progress: it is asked to stop, and cut off after its grace.

use cron_runtime::Event;
use cron_runtime::prelude::*;

/// Stops between two pieces of work, and says how far it came.
#[job]
async fn tidy(run: Run) {
    for piece in 0..100_u8 {
        run.progress(f64::from(piece) / 100.0, format!("piece {piece}"));
        tokio::select! {
            () = tokio::time::sleep(std::time::Duration::from_millis(50)) => {}
            () = run.cancelled() => return run.log(format!("stopped after piece {piece}")),
        }
    }
}

/// Does not listen.
#[job(cancel_grace = "200ms")]
async fn stubborn() {
    std::future::pending::<()>().await;
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scheduler = cron_runtime::start().database("memory:").await?;
    let mut events = scheduler.events();
    for job in [tidy::JOB, stubborn::JOB] {
        let run = scheduler.trigger(job).await?;
        while let Some(event) = cron_examples::next(&mut events).await {
            cron_examples::line(&event).into_iter().for_each(|line| println!("{line}"));
            match &event {
                // Any other handle, process or person could do this.
                Event::Started { .. } => {
                    scheduler.cancel_run(run, "an example", "it takes too long").await?;
                }
                _ if event.finished().is_some() => break,
                _ => {}
            }
        }
        for line in scheduler.log(run).await? {
            println!("              log: {}", line.text);
        }
    }
    scheduler.shutdown().await?;
    Ok(())
}
