//! Effects that happen exactly once: a run is completed in the transaction that holds them.

use rusqlite::Transaction;

use super::Run;
use crate::store::Claim;
use crate::store::sqlite::{self, CompleteError};

impl Run {
    /// Does `work` in a transaction on the file of the scheduler, and completes the run with it: what it writes there happens
    /// **exactly once per tick**, whatever becomes of the process, the function, or the attempts before and after.
    ///
    /// From the commit on the run has succeeded. It ends when the function returns (until then it keeps its slot), and an error, a
    /// panic, a timeout, a cancel or a crash after the commit changes nothing about that. Before the commit nothing has happened,
    /// and the attempt fails or is tried again as usual.
    ///
    /// The transaction has a connection of its own, begins `IMMEDIATE` and waits up to 10 s for others that write. The tables are
    /// yours: any in the scheduler's file whose name it does not use itself. An error that `work` returns rolls the transaction back
    /// and is given back as it is; a panic rolls it back too. If the attempt is not in force any more, `work` is not called.
    ///
    /// It blocks its thread until the commit has reached the disk. In a function that is not async that is what its thread is for; an
    /// async one moves it to another: `tokio::task::spawn_blocking(move || run.transaction(...))`. Keep it short, and leave out what
    /// does not write: nobody else can write to the file meanwhile. Ticks are judged late then, and one that lasts longer than 25 s
    /// has the other runs of this process stopped, because their leases cannot be renewed.
    ///
    /// # Errors
    ///
    /// The error of `work`; or a [`CompleteError`], for which `E` is to have a `From`, as `anyhow::Error`, [`JobError`](crate::JobError) and
    /// `CompleteError` itself do. Nothing of the transaction was kept then.
    ///
    /// # Examples
    ///
    /// ```
    /// use cron_runtime::prelude::*;
    ///
    /// /// Books the interest of a day: once, however often it is tried.
    /// #[job(daily = "00:05", retries = 5)]
    /// fn interest(run: Run) -> anyhow::Result<()> {
    ///     run.transaction(|tx| {
    ///         let day = run.tick().to_rfc3339();
    ///         tx.execute("INSERT INTO bookings SELECT id, ?1, balance * 0.0001 FROM accounts", [day])?;
    ///         Ok(())
    ///     })
    /// }
    /// ```
    pub fn transaction<R: Work>(&self, work: impl FnOnce(&Transaction<'_>) -> R) -> R {
        let link = &self.parts.link;
        let now = || link.clock.moment().wall;
        let claim = (!link.is_unrecorded).then(|| self.claim());
        let work = |transaction: &Transaction<'_>| {
            let done = work(transaction);
            if !done.is_done() {
                return Err(Undone::ByItself(done));
            }
            self.removes_job_in(transaction)?;
            Ok(done)
        };
        match sqlite::transaction(link.file.as_deref(), claim, now, work) {
            Ok(done) | Err(Undone::ByItself(done)) => done,
            Err(Undone::Refused(error)) => R::refused(error),
        }
    }

    /// Completes the run in a transaction of your own on the file of the scheduler: what the transaction does happens **exactly once
    /// per tick**. [`Run::transaction`] does the same with less to think of.
    ///
    /// Call it last, right before the commit; with the commit the run has succeeded, whatever the function does afterwards. Without
    /// one nothing was completed, and the attempt goes on as usual.
    ///
    /// The connection must have the file of the scheduler as its main database; what the transaction writes to files that are
    /// attached to it is no part of the promise. It is of the version of SQLite that [`cron_runtime::rusqlite`](crate::rusqlite) has.
    ///
    /// # Errors
    ///
    /// A [`CompleteError`]. The transaction **was rolled back** then, so that who ignores the error cannot commit what came before; a
    /// statement that is executed on the connection afterwards stands alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use cron_runtime::prelude::*;
    /// use cron_runtime::rusqlite::{Connection, TransactionBehavior};
    ///
    /// #[job(every = "1h", retries = 3)]
    /// fn tally(run: Run) -> anyhow::Result<()> {
    ///     let mut connection = Connection::open("cron.db")?;
    ///     let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    ///     tx.execute("UPDATE totals SET hours = hours + 1", [])?;
    ///     run.complete_in(&tx)?;
    ///     tx.commit()?;
    ///     Ok(())
    /// }
    /// ```
    pub fn complete_in(&self, transaction: &Transaction<'_>) -> Result<(), CompleteError> {
        let link = &self.parts.link;
        if link.is_unrecorded {
            return sqlite::fits(transaction, link.file.as_deref());
        }
        sqlite::complete_in(transaction, link.file.as_deref(), self.claim(), link.clock.moment().wall)?;
        self.removes_job_in(transaction)
    }

    /// What the function has asked of its job by now goes with the completion of the run.
    fn removes_job_in(&self, transaction: &Transaction<'_>) -> Result<(), CompleteError> {
        if self.parts.link.is_unrecorded || !self.parts.leash.notebook.removes_job() {
            return Ok(());
        }
        sqlite::remove_job_in(transaction, self.parts.id)
    }

    fn claim(&self) -> Claim {
        Claim { run: self.parts.id, epoch: self.parts.epoch }
    }
}

/// What the work of [`Run::transaction`] returns: a `Result` whose error has a `From<CompleteError>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what the work of `run.transaction` can return",
    label = "not a `Result` whose error has a `From<CompleteError>`",
    note = "the work of `run.transaction` is not async: it runs on one thread from beginning to end; take the `async` away, and await what it needs before the transaction",
    note = "its error is for example `anyhow::Error`, `JobError` or `CompleteError`"
)]
pub trait Work {
    /// That there was no transaction for it.
    fn refused(error: CompleteError) -> Self;

    /// Whether the transaction is to be kept.
    fn is_done(&self) -> bool;
}

impl<T, E: From<CompleteError>> Work for Result<T, E> {
    fn refused(error: CompleteError) -> Self {
        Err(error.into())
    }

    fn is_done(&self) -> bool {
        self.is_ok()
    }
}

/// Why nothing of a transaction was kept.
enum Undone<R> {
    Refused(CompleteError),
    ByItself(R),
}

impl<R> From<CompleteError> for Undone<R> {
    fn from(error: CompleteError) -> Self {
        Self::Refused(error)
    }
}
