//! The end that a process is asked for.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::Scheduler;
use crate::engine::{Ended, ShutdownReport};
use crate::error::Error;
use crate::store::StoreError;

/// How long a process may still take when its runtime is shutting down and a function has not returned. Together with the grace
/// and the last step this is less than the 30 s that supervisors usually wait before they kill.
const REST: Duration = Duration::from_secs(1);

/// The exit code of a process that a function would have kept from ending. Everything is on record, so it is a good end.
const ENDED: i32 = 0;

/// The exit code of a process that was asked to end once more after its scheduler had ended.
const CUT_SHORT: i32 = 130;

impl Scheduler {
    /// Runs until the process is asked to end (SIGTERM or SIGINT), then shuts down. A second signal releases what is running
    /// at once. Returns too when the scheduler was shut down by other means.
    ///
    /// When this returns, nothing of this process is `running` on record: what had to be cut off is `interrupted` and starts first next
    /// time, or has failed where it was called and has no retries. What `main` does after it runs as usual; one more signal ends the process there and then, with exit code 130.
    ///
    /// A synchronous function that has not returned by then cannot be ended, and a tokio runtime waits for it when it is
    /// dropped, at the end of `main`. So that such a function does not keep the process, it is ended with exit code 0 one
    /// second after its runtime has begun to shut down. What a program does after that, and the exit code of `main`, count only if they
    /// come within that second. A process in which all functions have returned is left alone.
    ///
    /// # Errors
    ///
    /// [`Error::System`] if signals cannot be heard; [`Error::Store`] if the scheduler has ended by itself because another file has taken the
    /// place of its database; [`Error::Stopped`] if it ended by a defect of its own.
    pub async fn until_signal(&self) -> Result<(), Error> {
        let (tell, told) = oneshot::channel();
        let scheduler = self.clone();
        // A thread of its own hears signals also while every worker of the user's runtime is blocked, and after it is gone.
        std::thread::Builder::new()
            .name("cron-signals".to_owned())
            .spawn(move || scheduler.listen(tell))
            .map_err(|source| Error::System { what: "a thread for signals", source })?;
        told.await.unwrap_or(Err(Error::Stopped))
    }

    fn listen(self, mut tell: oneshot::Sender<Result<(), Error>>) {
        let refused = |source| Err(Error::System { what: "signals", source });
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(source) => return drop(tell.send(refused(source))),
        };
        runtime.block_on(async move {
            let mut signals = match Signals::listen() {
                Ok(signals) => signals,
                Err(source) => return drop(tell.send(refused(source))),
            };
            let end = tokio::select! {
                end = self.end_at(&mut signals) => end,
                // Nobody waits for it any more.
                () = tell.closed() => return,
            };
            let report = match end {
                Ok(Some(report)) => report,
                Ok(None) => return drop(tell.send(Ok(()))),
                Err(error) => return drop(tell.send(Err(error))),
            };
            self.tell(&report);
            if report.still_running > 0 {
                exit_after(&self.inner.known.runtime);
            }
            // Who has stopped waiting meanwhile does not want to know.
            drop(tell.send(Ok(())));
            signals.next().await;
            std::process::exit(CUT_SHORT)
        });
    }

    /// Shuts down when a signal comes. Gives nothing if the scheduler was shut down by other means.
    async fn end_at(&self, signals: &mut Signals) -> Result<Option<ShutdownReport>, Error> {
        let mut ended = self.inner.ended.clone();
        tokio::select! {
            () = signals.next() => (),
            why = ended.wait_for(Option::is_some) => return why.map_err(|_| Error::Stopped).and_then(|why| as_asked(why.as_ref())),
        }
        tracing::info!("asked to end; a second signal ends at once");
        let report = tokio::select! {
            report = self.shutdown() => report,
            () = signals.next() => self.shutdown_within(Duration::ZERO).await,
        };
        match report {
            Ok(report) => Ok(Some(report)),
            // Somebody else shut it down meanwhile: that is what was wanted.
            Err(Error::Stopped) => as_asked(ended.borrow().as_ref()),
            Err(error) => Err(error),
        }
    }

    fn tell(&self, report: &ShutdownReport) {
        tracing::info!(
            finished = report.finished,
            interrupted = report.interrupted.len(),
            failed = report.failed.len(),
            "ended"
        );
        for (job, run) in &report.interrupted {
            tracing::warn!(job = %job, run = run.0, "cut off; it starts first next time");
        }
        for (job, run) in &report.failed {
            tracing::warn!(job = %job, run = run.0, "cut off; without retries it does not start again by itself: `inspect retry {run}`");
        }
        if report.still_running > 0 {
            tracing::warn!(
                jobs = report.still_running,
                "synchronous jobs have not returned; they end with the process, a second after the end of `main` or at the next signal"
            );
        }
    }
}

/// Whether the scheduler has ended because somebody has asked for it, which is what was wanted.
fn as_asked(ended: Option<&Ended>) -> Result<Option<ShutdownReport>, Error> {
    match ended {
        Some(Ended::Asked) => Ok(None),
        Some(Ended::FileGone { path, now }) => {
            Err(Error::Store(StoreError::FileGone { path: path.clone(), now: now.clone() }))
        }
        // Its thread has ended in a panic.
        None => Err(Error::Stopped),
    }
}

/// Ends the process when `runtime` has begun to shut down: it waits for functions that do not return.
fn exit_after(runtime: &Handle) {
    let (alive, gone) = channel::<()>();
    let thread = std::thread::Builder::new().name("cron-end".to_owned()).spawn(move || {
        // Nothing is ever sent: this is the error that nobody can send any more.
        let _ = gone.recv();
        std::thread::park_timeout(REST);
        std::process::exit(ENDED)
    });
    match thread {
        // A runtime that shuts down drops its tasks before it waits for its threads.
        Ok(_) => drop(runtime.spawn(stay(alive))),
        Err(error) => tracing::warn!(%error, "the process ends only when they return"),
    }
}

/// Lives until its runtime drops it.
async fn stay(_alive: Sender<()>) {
    std::future::pending::<()>().await;
}

/// What asks a process to end.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
