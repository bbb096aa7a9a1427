//! What is allocated: a program with an allocator that counts, so that no other figure pays for the counting.

use std::alloc::System;

use anyhow::{Context, bail};
use cron_bench::{functions, startup};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes in use. What grows or shrinks in place is part of both sums.
fn in_use() -> u64 {
    let stats = GLOBAL.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated) as u64
}

fn allocations() -> u64 {
    let stats = GLOBAL.stats();
    (stats.allocations + stats.reallocations) as u64
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["memory", jobs] => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let jobs = jobs.parse().with_context(|| format!("read {jobs}"))?;
            runtime.block_on(startup::memory_child(jobs, Some(in_use)))?
        }
        ["functions"] => functions::allocated(allocations)?,
        _ => bail!("no such measurement: {arguments:?}"),
    };
    println!("{result}");
    Ok(())
}
