//! A program that the system gives no more threads for a while.

use cron_runtime::core::run::RunState;
use cron_runtime::prelude::*;
use cron_runtime::store::RunQuery;
use cron_runtime::{Event, ProblemKind};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Gid, Uid, setgid, setuid};

#[job]
fn needs_a_thread() {}

#[job]
async fn needs_none() {}

/// The limit does not count for root.
fn become_nobody() {
    if Uid::effective().is_root() {
        setgid(Gid::from_raw(65_534)).expect("root may");
        setuid(Uid::from_raw(65_534)).expect("root may");
    }
}

async fn run() -> Result<(), cron_runtime::Error> {
    let scheduler = cron_runtime::start().await?;
    let mut events = scheduler.events();
    let (soft, hard) = getrlimit(Resource::RLIMIT_NPROC).expect("it is told");
    setrlimit(Resource::RLIMIT_NPROC, 1, hard).expect("it may be lowered");
    let run = scheduler.trigger(needs_a_thread::JOB).await?;
    let other = scheduler.trigger(needs_none::JOB).await?;
    let (mut is_told, mut other_has_ended) = (false, false);
    while let Ok(event) = events.recv().await {
        match event {
            Event::Problem(problem) if problem.kind == ProblemKind::PoolExhausted => {
                println!("{}", if problem.is_over { "over" } else { "told" });
                is_told = true;
            }
            Event::Ended { run: ended, state: RunState::Succeeded, .. } if ended == other => {
                other_has_ended = true
            }
            Event::Ended { run: ended, attempt, state: RunState::Succeeded, .. } if ended == run => {
                println!("attempt {attempt}");
                break;
            }
            _ => {}
        }
        if is_told && std::mem::take(&mut other_has_ended) {
            let runs = scheduler.runs(RunQuery::default()).await?;
            let waiting = runs.iter().find(|info| info.id == run).expect("it is on record");
            println!("{}, {} used", waiting.state.word(), waiting.attempts_used);
            setrlimit(Resource::RLIMIT_NPROC, soft, hard).expect("it may be raised again");
        }
    }
    scheduler.shutdown().await?;
    Ok(())
}

fn main() -> Result<(), cron_runtime::Error> {
    become_nobody();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("the system gives a runtime").block_on(run())
}
