//! Jobs of another crate: they register themselves, but the linker drops a crate that nothing names.

use cron_runtime::Event;
use report_jobs as _; // Names the crate, so that its jobs are linked.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scheduler = cron_runtime::start().database("memory:").await?;
    for job in scheduler.list().await? {
        println!("{}: {} (declared at {})", job.plan.name, job.plan.description, job.plan.source);
    }
    let mut events = scheduler.events();
    scheduler.trigger("report_jobs.cleanup").await?;
    while let Some(event) = cron_examples::next(&mut events).await {
        cron_examples::line(&event).into_iter().for_each(|line| println!("{line}"));
        if matches!(&event, Event::Ended { job, .. } if job.as_str() == "report_jobs.cleanup") {
            break;
        }
    }
    scheduler.shutdown().await?;
    Ok(())
}
