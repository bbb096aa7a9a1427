//! A program whose async function blocks every worker of its runtime. With `SINGLE` set that is the thread of `main` too.

use std::time::Duration;

use cron_runtime::prelude::*;
use tokio::runtime::Builder;

/// Never comes to an await.
#[job(retries = 1)]
async fn blocks() {
    println!("called");
    loop {
        std::thread::park();
    }
}

fn main() -> Result<(), cron_runtime::Error> {
    let mut builder = match std::env::var_os("SINGLE") {
        Some(_) => Builder::new_current_thread(),
        None => Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(1).enable_all().build().expect("the system gives a runtime");
    runtime.block_on(async {
        let scheduler = cron_runtime::start().shutdown_grace(Duration::from_secs(1)).await?;
        // Signals are listened to before anything blocks.
        let (ended, triggered) = tokio::join!(scheduler.until_signal(), scheduler.trigger(blocks::JOB));
        triggered?;
        println!("returned");
        ended
    })
}
