//! Waiting for a connection that writes.
//!
//! SQLite's own way sleeps longer and longer, in the end a tenth of a second between two tries. Beside a program that writes all the time,
//! such as an import of many short transactions, the lock is free for some microseconds of each of them, and whoever tries ten times a
//! second misses them for half a minute. Only who tries all through one of its transactions meets the moment behind it. So here tries come
//! in bursts, each about as long as such a transaction, with pauses between them that are never the same: a lock that is free now and then
//! is got within a few bursts, and one that is held for long costs little processor time.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Duration;

use rusqlite::Connection;

use crate::clock::{Clock, SystemClock};

/// How long somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// A request of the engine. Its transactions take milliseconds, and it comes again; a longer wait would eat the time between the end of trust
    /// in a lease and the end of the lease.
    Request,
    /// A person, an opening, a transaction of the user's.
    Person,
    /// Another process brings the file up to date: it writes a copy of all of it.
    Migration,
}

impl Patience {
    pub(super) const fn span(self) -> Duration {
        match self {
            Self::Request => Duration::from_secs(2),
            Self::Person => Duration::from_secs(10),
            Self::Migration => Duration::from_secs(300),
        }
    }
}

/// Has a connection wait so long for others from now on.
pub(super) fn wait_for_others(connection: &mut Connection, patience: Patience) -> rusqlite::Result<()> {
    // Plain functions: SQLite hands nothing of ours to them.
    let handler: fn(i32) -> bool = match patience {
        Patience::Request => |tries| is_worth_another_try(tries, Patience::Request),
        Patience::Person => |tries| is_worth_another_try(tries, Patience::Person),
        Patience::Migration => |tries| is_worth_another_try(tries, Patience::Migration),
    };
    connection.busy_handler(Some(handler))
}

thread_local! {
    static WAIT: Cell<Option<Wait>> = const { Cell::new(None) };
}

/// For so long try follows on try.
const BURST: Duration = Duration::from_millis(2);
/// Between two bursts, in microseconds: at first, and later, when somebody probably has one long transaction.
const PAUSES: [(u64, u64); 2] = [(3_000, 8_000), (10_000, 30_000)];
const LATER: Duration = Duration::from_millis(500);

/// A wait of this thread.
#[derive(Clone, Copy)]
struct Wait {
    /// Begun with it.
    clock: SystemClock,
    burst_ends: Duration,
    random: u64,
}

impl Wait {
    fn begin() -> Self {
        let clock = SystemClock::new();
        let seed = clock.moment().wall.timestamp_nanos_opt().unwrap_or_default().cast_unsigned();
        // Zero would stay zero.
        Self { clock, burst_ends: BURST, random: seed ^ u64::from(std::process::id()) << 32 | 1 }
    }

    fn passed(&self) -> Duration {
        self.clock.moment().monotonic
    }
}

/// Waits a moment, unless it has waited for too long; this is one wait's n-th call, from 0 on.
fn is_worth_another_try(tries: i32, patience: Patience) -> bool {
    let mut wait = WAIT.get().filter(|_| tries > 0).unwrap_or_else(Wait::begin);
    let passed = wait.passed();
    if passed >= patience.span() {
        return false;
    }
    if passed < wait.burst_ends {
        if is_alone() {
            // Who holds the lock needs this processor.
            std::thread::yield_now();
        }
        // Elsewhere this thread keeps its processor for the burst: on a busy machine it would get it back after many of the moments that it
        // waits for.
    } else {
        wait.random = next(wait.random);
        let [soon, later] = PAUSES;
        let (least, most) = if passed < LATER { soon } else { later };
        // A wake that comes early is a try that comes early.
        std::thread::park_timeout(Duration::from_micros(least + wait.random % (most - least)));
        wait.burst_ends = wait.passed() + BURST;
    }
    WAIT.set(Some(wait));
    true
}

/// Whether this process has one processor only.
fn is_alone() -> bool {
    static ALONE: OnceLock<bool> = OnceLock::new();
    *ALONE.get_or_init(|| std::thread::available_parallelism().is_ok_and(|processors| processors.get() == 1))
}

/// Xorshift: it only has to keep those who wait from trying in step.
const fn next(mut random: u64) -> u64 {
    random ^= random << 13;
    random ^= random >> 7;
    random ^ random << 17
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use rusqlite::ErrorCode;

    use super::*;

    fn open(path: &std::path::Path, patience: Patience) -> Connection {
        let mut connection = Connection::open(path).expect("it opens");
        connection.pragma_update(None, "journal_mode", "WAL").expect("a log");
        wait_for_others(&mut connection, patience).expect("it is told");
        connection
    }

    /// Ends the other thread also where this one panics, so that the test fails in place of waiting for it.
    struct Over<'a>(&'a AtomicBool);

    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn who_writes_all_the_time_keeps_nobody_out() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("file.db");
        open(&path, Patience::Person).execute_batch("CREATE TABLE rows (row INTEGER)").expect("a table");
        let (is_over, rows) = (AtomicBool::new(false), AtomicU32::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let connection = open(&path, Patience::Person);
                while !is_over.load(Ordering::SeqCst) {
                    connection
                        .execute_batch("BEGIN IMMEDIATE; INSERT INTO rows VALUES (1); COMMIT")
                        .expect("written");
                    rows.fetch_add(1, Ordering::SeqCst);
                }
            });
            let _over = Over(&is_over);
            let connection = open(&path, Patience::Person);
            for _ in 0..50 {
                // Neither keeps the other out.
                let before = rows.load(Ordering::SeqCst);
                while rows.load(Ordering::SeqCst) == before {
                    std::thread::yield_now();
                }
                connection.execute_batch("BEGIN IMMEDIATE; COMMIT").expect("its turn comes");
            }
        });
    }

    #[test]
    fn a_wait_ends_and_the_next_one_is_a_new_one() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("file.db");
        let (holder, waiter) = (open(&path, Patience::Request), open(&path, Patience::Request));
        holder.execute_batch("BEGIN IMMEDIATE").expect("it is free");
        for _ in 0..2 {
            let clock = SystemClock::new();
            let error = waiter.execute_batch("BEGIN IMMEDIATE").expect_err("it is held");
            assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
            assert!(clock.moment().monotonic >= Patience::Request.span(), "{:?}", clock.moment().monotonic);
        }
        holder.execute_batch("COMMIT").expect("it ends");
        waiter.execute_batch("BEGIN IMMEDIATE; COMMIT").expect("it is free");
    }
}
