//! What a scheduler costs that has nothing to do.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use crate::figure::{Figure, Goal, Line};
use crate::jobs::{Function, requests, start};
use crate::place::{Measuring, number, scratch};
use crate::process::Usage;

/// As long as the goal says.
const SPAN: Duration = Duration::from_secs(60);

/// After this long the threads that only had to add the jobs are gone; tokio keeps them for 10 s.
pub const REST: Duration = Duration::from_secs(12);

/// All of it.
pub fn measure() -> anyhow::Result<Vec<Line>> {
    // All at the same time: each counts only what it does itself.
    let children = [10, 1_000, 100_000].map(|jobs| (jobs, Measuring::child(&["idle", &jobs.to_string()])));
    let mut lines = Vec::new();
    for (jobs, child) in children {
        let found = child?.result()?;
        let seconds = SPAN.as_secs();
        // A hundredth of a second is the least that the kernel shows as processor time of a process.
        for (name, most) in [("context switches", 10.0), ("processor time", 0.010), ("bytes written", 0.0)] {
            let figure = match name {
                "context switches" => Figure::count(number(&found, "switches")?),
                "processor time" => Figure::seconds(number(&found, "processor")?),
                _ => Figure::bytes(number(&found, "written")?),
            };
            let line = Line::new(format!("idle, {jobs} jobs due in an hour, {seconds} s: {name}"), figure);
            lines.push(line.goal(Goal::AtMost(most)).raw(found.clone())?);
        }
    }
    Ok(lines)
}

/// In a process of its own. The first thread only sleeps here, and is not counted.
pub fn child(runtime: &tokio::runtime::Runtime, jobs: usize) -> anyhow::Result<Value> {
    let folder = scratch()?;
    let all = requests(Function::Nothing, jobs, |_, job| job.once("1h"));
    let scheduler = runtime.block_on(async {
        let scheduler = start(&folder.path().join("jobs.db"), None).await?;
        scheduler.schedule_all(all).await.context("schedule the jobs")?;
        anyhow::Ok(scheduler)
    })?;
    std::thread::sleep(REST);
    let before = Usage::now()?;
    std::thread::sleep(SPAN);
    let used = Usage::now()?.since(&before);
    runtime.block_on(scheduler.shutdown()).context("stop")?;
    Ok(json!({ "switches": used.switches, "processor": used.processor, "written": used.written }))
}
