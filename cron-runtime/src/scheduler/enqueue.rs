//! Dynamic jobs that are scheduled in a transaction of the user's.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Plan};
use rusqlite::Transaction;

use super::commands::another;
use super::{Scheduled, Scheduler};
use crate::dynamic::JobRequest;
use crate::engine::{Inbox, Message};
use crate::error::Error;
use crate::store::sqlite::EnqueueError;
use crate::store::{CommandError, Done, Store, sqlite};

/// A job that was scheduled in a transaction which has not been committed yet.
///
/// Call [`committed`](Self::committed) after the commit. Schedulers are woken then, and when this is dropped. One that is woken before the commit
/// sees nothing, and nobody else tells it of the job: it is noticed when something else is due, or changes.
#[must_use = "call `.committed()` after the commit: it wakes the schedulers"]
pub struct Enqueued {
    job: JobName,
    change: Scheduled,
    store: Arc<dyn Store>,
    inbox: Inbox,
}

impl Enqueued {
    /// The name of the job.
    #[must_use]
    pub fn job(&self) -> &JobName {
        &self.job
    }

    /// What the transaction does with it.
    #[must_use]
    pub fn change(&self) -> Scheduled {
        self.change
    }

    /// The transaction was committed: wakes the schedulers on the file, in this process and in others. Gives the name of the job.
    pub fn committed(self) -> JobName {
        self.job.clone()
    }
}

impl fmt::Debug for Enqueued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enqueued")
            .field("job", &self.job)
            .field("change", &self.change)
            .finish_non_exhaustive()
    }
}

impl Drop for Enqueued {
    fn drop(&mut self) {
        self.store.ring();
        self.inbox.send(Message::Look);
    }
}

impl Scheduler {
    /// As [`Scheduler::schedule`], in a transaction of your own on the file of the scheduler: the job is there if the rows of the
    /// transaction are, and not if it is rolled back. Call [`Enqueued::committed`] after the commit.
    ///
    /// The connection must have the file of the scheduler as its main database, and be one of the version of SQLite that
    /// [`cron_runtime::rusqlite`](crate::rusqlite) has. It blocks its thread as any statement of the transaction does. In a function of a job
    /// [`Run::transaction`](crate::Run::transaction) gives such a transaction.
    ///
    /// # Errors
    ///
    /// Those of [`Scheduler::schedule`], and [`Error::Enqueue`] where the transaction does not fit. The transaction goes on then and holds
    /// nothing of the job.
    ///
    /// # Examples
    ///
    /// ```
    /// use cron_runtime::prelude::*;
    /// use cron_runtime::rusqlite::{Connection, TransactionBehavior};
    /// use std::time::SystemTime;
    ///
    /// #[job]
    /// fn send_receipt(Args(order): Args<i64>) {
    ///     println!("a receipt for order {order}");
    /// }
    ///
    /// fn place_order(scheduler: &cron_runtime::Scheduler, shop: &mut Connection) -> anyhow::Result<()> {
    ///     let tx = shop.transaction_with_behavior(TransactionBehavior::Immediate)?;
    ///     tx.execute("INSERT INTO app_orders DEFAULT VALUES", [])?;
    ///     let order = tx.last_insert_rowid();
    ///     let receipt = scheduler.run_once_in(&tx, send_receipt::JOB.with(&order)?, SystemTime::now())?;
    ///     tx.commit()?;
    ///     receipt.committed();
    ///     Ok(())
    /// }
    /// ```
    pub fn schedule_in(&self, transaction: &Transaction<'_>, request: JobRequest) -> Result<Enqueued, Error> {
        let handler = self.handler_now(&request)?;
        let mut plan = request.into_plan(handler.as_ref(), &self.inner.known.calendars)?;
        self.complete(&mut plan)?;
        let job = plan.name.clone();
        self.enqueued(job, |file, now| sqlite::enqueue(transaction, file, &[plan], now))
    }

    /// As [`Scheduler::run_once`], in a transaction of your own on the file of the scheduler: see [`Scheduler::schedule_in`]. An instant that
    /// is past means at once.
    ///
    /// # Errors
    ///
    /// As [`Scheduler::schedule_in`], [`Error::Request`] for a request with a schedule of its own, and
    /// [`CommandError::Over`], which names the run that the name has had.
    pub fn run_once_in(
        &self,
        transaction: &Transaction<'_>,
        request: JobRequest,
        at: impl Into<DateTime<Utc>>,
    ) -> Result<Enqueued, Error> {
        let handler = self.handler_now(&request)?;
        let again = request.is_again();
        let mut plan = request.into_single_plan(at.into(), handler.as_ref(), &self.inner.known.calendars)?;
        self.complete(&mut plan)?;
        let job = plan.name.clone();
        self.enqueued(job, |file, now| sqlite::enqueue_once(transaction, file, plan, again, now))
    }

    /// The plan of the handler, where a request sets something that has to go together with it. It is read on a connection that waits for
    /// nobody who writes.
    fn handler_now(&self, request: &JobRequest) -> Result<Option<Plan>, Error> {
        if !request.sets_policies() {
            return Ok(None);
        }
        let found = self.inner.stores.ledger.job(request.handler())?;
        Ok(found.map(|job| job.plan).filter(|plan| plan.handler.is_none()))
    }

    fn enqueued(
        &self,
        job: JobName,
        write: impl FnOnce(Option<&Path>, DateTime<Utc>) -> Result<Result<Done, CommandError>, EnqueueError>,
    ) -> Result<Enqueued, Error> {
        let store = Arc::clone(&self.inner.stores.store);
        let change = match write(store.file().as_deref(), self.now())?? {
            Done::Upserted { new, .. } if !new.is_empty() => Scheduled::New,
            Done::Upserted { edited, .. } if !edited.is_empty() => Scheduled::Edited,
            Done::Upserted { .. } => Scheduled::Unchanged,
            other => return Err(another(&other)),
        };
        Ok(Enqueued { job, change, store, inbox: self.inner.inbox.clone() })
    }
}
