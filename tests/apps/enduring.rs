//! A program whose database cannot be written for a while. It says what it notices, and does what it is told by signals: USR1 takes
//! the permission to write any file beyond its first bytes, USR2 gives it back, HUP lets the long job end.

use std::sync::atomic::{AtomicBool, Ordering};

use cron_runtime::prelude::*;
use cron_runtime::{Event, ProblemKind, Signal as Ending};
use nix::libc::SIGXFSZ;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

static MAY_END: AtomicBool = AtomicBool::new(false);

#[job(every = "200ms")]
fn often() {}

/// Runs from before the trouble until it is told to end.
#[job]
async fn long() {
    while !MAY_END.load(Ordering::SeqCst) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    println!("long returns");
}

fn listen(kind: SignalKind) -> Signal {
    signal(kind).expect("the system lets it listen")
}

/// The first bytes of a file may be written: the ring at the doorbell.
fn limit_files(limit: Option<u64>) {
    let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).expect("it is known");
    setrlimit(Resource::RLIMIT_FSIZE, limit.unwrap_or(hard), hard)
        .expect("it may be lowered, and raised again");
}

/// Listens from the moment of the call.
fn obey() -> impl Future<Output = ()> {
    // Who listens to it does not die of it: the write fails instead.
    let too_long = listen(SignalKind::from_raw(SIGXFSZ));
    let (mut take, mut give) = (listen(SignalKind::user_defined1()), listen(SignalKind::user_defined2()));
    let mut end = listen(SignalKind::hangup());
    async move {
        let _too_long = too_long;
        loop {
            tokio::select! {
                _ = take.recv() => limit_files(Some(1)),
                _ = give.recv() => limit_files(None),
                _ = end.recv() => MAY_END.store(true, Ordering::SeqCst),
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    // SIGHUP has a meaning of its own here.
    let scheduler = cron_runtime::start().signals([Ending::Terminate, Ending::Interrupt]).await?;
    let mut events = scheduler.events();
    tokio::spawn(obey());
    scheduler.trigger(long::JOB).await?;
    let watch = scheduler.clone();
    tokio::spawn(async move {
        let (mut started, mut is_failing, mut is_said) = (0, false, false);
        while let Ok(event) = events.recv().await {
            match event {
                Event::Problem(problem) if problem.kind == ProblemKind::StoreFailing => {
                    if problem.is_over {
                        println!("writes again; {started} started meanwhile");
                        (started, is_failing, is_said) = (0, false, false);
                    } else if !is_failing {
                        let known = watch.problems();
                        assert!(known.iter().any(|known| known.kind == problem.kind && !known.is_over));
                        println!("cannot write");
                        is_failing = true;
                    }
                }
                Event::Started { .. } if is_failing => started += 1,
                Event::Fenced { .. } | Event::Lost { .. } | Event::LeaseLost { .. } => println!("{event:?}"),
                Event::Ended { job, state, .. } if job.as_str() == "long" => {
                    println!("long {}", state.word())
                }
                Event::Ended { .. } if !is_said => {
                    println!("often ran");
                    is_said = true;
                }
                _ => {}
            }
        }
    });
    println!("started");
    scheduler.until_signal().await
}
