//! The end that a process is asked for.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::Scheduler;
use crate::engine::{End, Ended, Leash, ShutdownReport};
use crate::error::Error;
use crate::store::StoreError;

/// How long the runtime may take to run a task, and a process after its runtime has begun to shut down, beside functions that block
/// it. Together with the grace and the last step this is less than the 30 s that supervisors usually wait before they kill.
const REST: Duration = Duration::from_secs(1);

/// The exit code of a process that a function would have kept from ending. Everything is on record, so it is a good end.
const ENDED: i32 = 0;

/// The exit code of a process that was asked to end once more after its scheduler had ended.
const CUT_SHORT: i32 = 130;

impl Scheduler {
    /// Runs until the process is asked to end (SIGTERM, SIGINT, or SIGHUP unless it was ignored when the process began, as under `nohup`;
    /// [`Start::signals`](crate::Start::signals) says otherwise), then shuts down. A second signal releases what is running
    /// at once. Returns too when the scheduler was shut down by other means.
    ///
    /// When this returns, nothing of this process is `running` on record: what had to be cut off is `interrupted` and starts first next
    /// time, or has failed where it was called and has no retries. What `main` does after it runs as usual, and the exit code is that of
    /// `main`; one more signal ends the process there and then, with exit code 130.
    ///
    /// A function that is not async and has not returned by then ends with the process: no runtime waits for its thread.
    ///
    /// An *async* function that never comes to an await blocks its thread, and with it the end of its runtime. Where a signal has asked
    /// for the end, and such a function is left, the process is ended with exit code 0: one second after its runtime has begun to shut
    /// down, or where the runtime runs no task at all. A process in which these functions have let go is left alone.
    ///
    /// # Errors
    ///
    /// [`Error::System`] if signals cannot be heard; [`Error::EndedByItself`] if the scheduler has ended although nobody asked it to: its
    /// runtime is gone, or its thread has panicked; [`Error::Store`] if another file has taken the place of its database.
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
            let mut signals = match Signals::listen(&self.inner.ending.signals) {
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
            match self.end().await {
                Ok(blocking) if blocking.is_empty() => {}
                Ok(blocking) => end_beside(&self.inner.known.runtime, blocking),
                Err(error) => return drop(tell.send(Err(error))),
            }
            // Who has stopped waiting meanwhile does not want to know.
            drop(tell.send(Ok(())));
            signals.next().await;
            std::process::exit(CUT_SHORT)
        });
    }

    /// Shuts down when a signal comes. Gives nothing if the scheduler was shut down by other means.
    async fn end_at(&self, signals: &mut Signals) -> Result<Option<ShutdownReport>, Error> {
        tokio::select! {
            () = signals.next() => (),
            end = self.end() => return end.map(|_| None),
        }
        tracing::info!("asked to end; a second signal ends at once");
        let report = tokio::select! {
            report = self.shutdown() => report,
            () = signals.next() => self.shutdown_within(Duration::ZERO).await,
        };
        match report {
            Ok(report) => Ok(Some(report)),
            // Somebody else shut it down meanwhile: that is what was wanted.
            Err(Error::Stopped) => self.end().await.map(|_| None),
            Err(error) => Err(error),
        }
    }

    /// Waits for the end of the scheduler, if it was asked for. Gives async functions that do not let go of their threads.
    async fn end(&self) -> Result<Vec<Arc<Leash>>, Error> {
        let mut ended = self.inner.ended.clone();
        let end = ended.wait_for(Option::is_some).await.map_err(|_| Error::Stopped)?.clone();
        let End { why, blocking } = end.ok_or(Error::Stopped)?;
        match why {
            Ended::Asked => Ok(blocking),
            Ended::FileGone { path, now } => Err(Error::Store(StoreError::FileGone { path, now })),
            Ended::ByItself(cause) => Err(Error::EndedByItself(cause)),
        }
    }

    fn tell(&self, report: &ShutdownReport) {
        let (interrupted, failed) = (report.interrupted.len(), report.failed.len());
        tracing::info!(finished = report.finished, interrupted, failed, "ended");
        for (job, run) in &report.interrupted {
            tracing::warn!(job = %job, run = run.0, "cut off; it starts first next time");
        }
        for (job, run) in &report.failed {
            tracing::warn!(job = %job, run = run.0, "cut off; without retries it does not start again by itself: `inspect retry {run}`");
        }
        for (job, run) in &report.still_running {
            tracing::warn!(job = %job, run = run.0, "its function has not returned; it ends with the process");
        }
    }
}

/// Ends the process beside async functions that do not let go of the threads of `runtime`, if that can do nothing any more.
fn end_beside(runtime: &Handle, blocking: Vec<Arc<Leash>>) {
    let runtime = runtime.clone();
    let thread = std::thread::Builder::new().name("cron-end".to_owned()).spawn(move || {
        while blocking.iter().any(|leash| leash.pulse.is_polled()) {
            let (sender, answer) = channel();
            runtime.spawn(async move {
                // Who no longer waits has ended the process.
                let _ = sender.send(());
            });
            match answer.recv_timeout(REST) {
                // `main` goes on.
                Ok(()) => std::thread::park_timeout(REST),
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::park_timeout(REST);
                    std::process::exit(ENDED)
                }
                Err(RecvTimeoutError::Timeout) => std::process::exit(ENDED),
            }
        }
    });
    if let Err(error) = thread {
        tracing::warn!(%error, "the process ends only when async functions let go of their threads");
    }
}

/// A signal that asks a process to end, for [`Start::signals`](crate::Start::signals).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// SIGTERM: what supervisors send.
    Terminate,
    /// SIGINT: Ctrl+C. The only one on systems that are no Unix.
    Interrupt,
    /// SIGHUP: the terminal is gone.
    Hangup,
}

impl Signal {
    /// Those that end a process which has said nothing else: SIGTERM, SIGINT, and SIGHUP unless it was ignored when the process began, as
    /// under `nohup`. Systems that do not tell that leave SIGHUP as it is.
    pub(crate) fn usual() -> Vec<Self> {
        let mut usual = vec![Self::Terminate, Self::Interrupt];
        if std::fs::read_to_string("/proc/self/status").is_ok_and(|status| !is_hangup_ignored(&status)) {
            usual.push(Self::Hangup);
        }
        usual
    }
}

/// Whether the line `SigIgn` of a process's status on Linux has SIGHUP, the first of all signals. It is left alone where that is not said.
fn is_hangup_ignored(status: &str) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|ignored| ignored & 1 != 0)
}

/// What asks this process to end.
#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn listen(wanted: &[Signal]) -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [
            (Signal::Terminate, SignalKind::terminate()),
            (Signal::Hangup, SignalKind::hangup()),
            (Signal::Interrupt, SignalKind::interrupt()),
        ];
        let wanted = kinds.into_iter().filter(|(kind, _)| wanted.contains(kind));
        wanted.map(|(_, kind)| signal(kind)).collect::<Result<_, _>>().map(Self)
    }

    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let has_come = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if has_come { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Whether Ctrl+C is wanted: nothing else can be heard here.
#[cfg(not(unix))]
struct Signals(bool);

#[cfg(not(unix))]
impl Signals {
    fn listen(wanted: &[Signal]) -> std::io::Result<Self> {
        Ok(Self(wanted.contains(&Signal::Interrupt)))
    }

    async fn next(&mut self) {
        if !self.0 || tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_ignored_at_the_beginning_is_read() {
        let status =
            |mask: &str| format!("Name:\tapp\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\nSigCgt:\t01\n");
        assert!(is_hangup_ignored(&status("0000000000000001")));
        assert!(is_hangup_ignored(&status("0000000000001001")));
        assert!(!is_hangup_ignored(&status("0000000000001000")));
        assert!(is_hangup_ignored("Name:\tapp\n"), "it is left as it is");
    }
}
