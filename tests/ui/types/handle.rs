//! The function of a job where its handle is wanted.

use cron_runtime::prelude::*;

#[job]
async fn remind() {}

async fn steer(scheduler: cron_runtime::Scheduler) -> Result<(), cron_runtime::Error> {
    scheduler.trigger(remind).await?;
    scheduler.pause(remind, "ops", "").await?;
    Ok(())
}

fn main() {}
