//! The end that a process is asked for.

use std::time::Duration;

use super::Scheduler;
use crate::error::Error;

impl Scheduler {
    /// Runs until the process is asked to end (SIGTERM or SIGINT), then shuts down. A second signal releases what is running
    /// at once. Returns too when the scheduler was shut down by other means.
    ///
    /// A synchronous function that has not returned by then cannot be ended, and a tokio runtime waits for it when `main`
    /// returns. The next signal then ends the process, with exit code 130.
    ///
    /// # Errors
    ///
    /// [`Error::System`] if signals cannot be heard; [`Error::Stopped`] if the scheduler ended by a defect of its own.
    ///
    /// # Panics
    ///
    /// If the tokio runtime has no I/O driver; `#[tokio::main]` and `enable_all` have it.
    pub async fn until_signal(&self) -> Result<(), Error> {
        let mut signals = Signals::listen().map_err(|source| Error::System { what: "signals", source })?;
        let mut ended = self.inner.ended.clone();
        tokio::select! {
            () = signals.next() => (),
            ended = ended.wait_for(|ended| *ended) => return ended.map(|_| ()).map_err(|_| Error::Stopped),
        }
        tracing::info!("asked to end; a second signal ends at once");
        let report = tokio::select! {
            report = self.shutdown() => report,
            () = signals.next() => self.shutdown_within(Duration::ZERO).await,
        };
        let report = match report {
            Ok(report) => report,
            // Somebody else shut it down meanwhile: that is what was wanted.
            Err(Error::Stopped) if *ended.borrow() => return Ok(()),
            Err(error) => return Err(error),
        };
        tracing::info!(finished = report.finished, interrupted = report.interrupted.len(), "ended");
        for (job, run) in &report.interrupted {
            tracing::warn!(job = %job, run = run.0, "cut off");
        }
        if report.still_running > 0 {
            tracing::warn!(
                jobs = report.still_running,
                "synchronous jobs have not returned; the process ends when they do, or at the next signal"
            );
            exit_at_next_signal(&mut signals).await;
        }
        Ok(())
    }
}

/// The signals stay caught after the runtime that listens to them is gone, so somebody else has to listen then. Returns once
/// that one does: a signal in between would be heard by nobody.
async fn exit_at_next_signal(signals: &mut Signals) {
    let (listens, is_listening) = tokio::sync::oneshot::channel();
    let listen = || -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut signals = Signals::listen()?;
            // Who waits for this may be gone already; then nobody has to know.
            let _ = listens.send(());
            signals.next().await;
            std::process::exit(130)
        })
    };
    let thread = std::thread::Builder::new().name("cron-signals".to_owned()).spawn(move || {
        if let Err(error) = listen() {
            tracing::warn!(%error, "signals cannot be heard any more");
        }
    });
    if let Err(error) = thread {
        tracing::warn!(%error, "signals cannot be heard any more");
    }
    tokio::select! {
        biased;
        () = signals.next() => std::process::exit(130),
        // Dropped where nobody can listen; that was told.
        _ = is_listening => (),
    }
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
