//! Writes the log of SQLite back into the file on a thread of its own, while the thread that writes goes on.
//!
//! SQLite by itself does so in the commit that finds the log long enough, and that commit waits for the disk three times in place of once.
//! `docs/decisions/0007-the-log-is-written-back-beside-the-writer.md` says what that cost.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode};

use super::super::StoreError;
use super::connection::{Synchronous, open_reader};
use super::rows::failed;

/// A log that has grown by so many pages is written back; SQLite's own number.
const PAGES: u32 = 1_000;

/// The length of the log is read again once commits have changed so many rows. To read it costs about as much as to change two.
const ROWS: u64 = 32;

/// The log begins anew once all of it is written back and nobody has added to it meanwhile. One that has become this long and has had no
/// such moment (32 MB) gets it from who adds to it, as soon as what is left is one of so many [`PARTS`]. At twice the length it gets it
/// whatever is left.
const MOST: u32 = 8_000;
const PARTS: u32 = 8;

/// Before 3.51.3 SQLite could damage a file where a log began anew just as another connection began to write it back
/// (<https://sqlite.org/wal.html#walresetbug>). Whoever links an older one than is bundled here gets no second connection for that.
const SOUND: i32 = 3_051_003;

/// The thread that writes the log back.
#[derive(Debug)]
pub(super) struct Checkpoints {
    // It gives its connection back: of two that are closed at once neither would know that it is the last and has to remove the log.
    thread: Option<JoinHandle<Connection>>,
    /// Held while it does so.
    at_work: Arc<Mutex<()>>,
    /// `None` where SQLite writes the log back by itself.
    log: Option<Log>,
}

impl Checkpoints {
    /// Takes the log of `writer` over from SQLite, until [`close`](Self::close).
    pub(super) fn start(writer: &Connection, path: &Path) -> Result<Self, StoreError> {
        let at_work = Arc::new(Mutex::new(()));
        if rusqlite::version_number() < SOUND {
            // SQLite goes on to do it by itself.
            return Ok(Self { thread: None, at_work, log: None });
        }
        let connection = open_reader(path)?;
        // What is in the file is on disk before the log begins anew.
        connection.pragma_update(None, "synchronous", Synchronous::Full.word()).map_err(failed)?;
        let (wake, woken) = channel();
        let (report, reports) = channel();
        let gate = Arc::clone(&at_work);
        let thread = std::thread::Builder::new()
            .name("cron-checkpoint".to_owned())
            .spawn(move || {
                serve(&connection, &gate, &woken, &report);
                connection
            })
            .map_err(|error| StoreError::Backend(Box::new(error)))?;
        writer.pragma_update(None, "wal_autocheckpoint", 0).map_err(failed)?;
        let (length, failing) = (Length::default(), Failing::default());
        let log = Log { length, failing, wake, reports, rows: writer.total_changes() };
        Ok(Self { thread: Some(thread), at_work, log: Some(log) })
    }

    /// Looks after the log. `writer` has committed, and has no transaction.
    ///
    /// A hook of SQLite could tell the length with each commit, but every few versions of the library have another form of it.
    pub(super) fn after_commit(&mut self, writer: &Connection) {
        if let Some(log) = &mut self.log {
            let rows = writer.total_changes();
            if rows.wrapping_sub(log.rows) >= ROWS {
                log.rows = rows;
                log.look(writer);
            }
        }
    }

    /// Writes all of the log back and empties it, so that after a graceful end one file holds everything. Another process that works on
    /// the file may prevent it; then its own end does it.
    pub(super) fn fold(&self, writer: &Connection) {
        // Of two at once SQLite sends one away.
        let _at_rest = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let folded = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = folded {
            tracing::debug!(%error, "the log of the database could not be written back");
        }
    }

    /// Waits for the thread and closes its connection. The one that writes is closed already.
    pub(super) fn close(self) {
        // The thread waits for what this would send.
        drop(self.log);
        if self.thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes the log of the database back ended in a panic");
        }
    }
}

/// What the thread has done: the number that it was asked with, and how many pages of the log are in the file.
type Report = (u64, Option<u32>);

fn serve(connection: &Connection, at_work: &Mutex<()>, woken: &Receiver<u64>, report: &Sender<Report>) {
    let mut failing = Failing::default();
    while let Ok(age) = woken.recv() {
        let _at_work = at_work.lock().unwrap_or_else(PoisonError::into_inner);
        // Another process may be about it, which SQLite tells by a negative number.
        let written = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(2));
        failing.tell(written.as_ref().err());
        let written = written.ok().and_then(|written| u32::try_from(written).ok());
        if report.send((age, written)).is_err() {
            return;
        }
    }
}

/// Whether the last attempt to write the log back failed. Commits go on without it and the log grows, which a person should know; who is
/// asked again and again tells when that begins and when it is over.
#[derive(Debug, Default)]
struct Failing(bool);

impl Failing {
    fn tell(&mut self, error: Option<&rusqlite::Error>) {
        // Another process is about it.
        if error.is_some_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)) {
            return;
        }
        match (error, self.turned(error.is_some())) {
            (Some(error), true) => {
                tracing::warn!(%error, "the log of the database cannot be written back and grows; nothing is lost");
            }
            (Some(error), false) => {
                tracing::debug!(%error, "the log of the database still cannot be written back")
            }
            (None, true) => tracing::info!("the log of the database is written back again"),
            (None, false) => {}
        }
    }

    /// Whether it is another thing than before.
    fn turned(&mut self, is_failing: bool) -> bool {
        std::mem::replace(&mut self.0, is_failing) != is_failing
    }
}

/// The log as the thread that writes sees it.
#[derive(Debug)]
struct Log {
    length: Length,
    failing: Failing,
    wake: Sender<u64>,
    reports: Receiver<Report>,
    /// How many rows its connection had changed when it looked last.
    rows: u64,
}

impl Log {
    fn look(&mut self, writer: &Connection) {
        let length = writer
            .prepare_cached("PRAGMA main.wal_checkpoint(NOOP)")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(1)));
        // Where it cannot be read, the next commits read it again.
        if let Some(pages) = length.ok().and_then(|pages| u32::try_from(pages).ok()) {
            self.grew(writer, pages);
        }
    }

    /// Commits have made the log this long.
    fn grew(&mut self, writer: &Connection, pages: u32) {
        self.length.grew(pages);
        while let Ok(report) = self.reports.try_recv() {
            self.length.reported(report);
        }
        match self.length.next() {
            Next::Leave => {}
            Next::Ask => {
                self.length.asked();
                if self.wake.send(self.length.age).is_err() {
                    self.help(writer);
                }
            }
            Next::Help => self.help(writer),
            Next::Wait => match self.reports.recv() {
                Ok(report) => self.length.reported(report),
                Err(_) => self.help(writer),
            },
        }
    }

    fn help(&mut self, writer: &Connection) {
        let helped = writer.query_row("PRAGMA main.wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(2));
        self.failing.tell(helped.as_ref().err());
        if let Ok(written) = helped {
            self.length.reported((self.length.age, u32::try_from(written).ok()));
        }
    }
}

/// What is to be done about the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Leave,
    /// The thread is asked to write it back.
    Ask,
    /// Who adds to it writes back what is left, and adds nothing meanwhile.
    Help,
    /// The thread does not keep pace.
    Wait,
}

/// How long the log is and how much of it is in the file, in pages.
#[derive(Debug, Default)]
struct Length {
    pages: u32,
    written: u32,
    /// So long it was when the thread was asked last.
    asked: u32,
    is_at_work: bool,
    /// How often it has begun anew.
    age: u64,
}

impl Length {
    fn grew(&mut self, pages: u32) {
        if pages < self.pages {
            (self.written, self.asked) = (0, 0);
            self.age += 1;
        }
        self.pages = pages;
    }

    fn asked(&mut self) {
        (self.asked, self.is_at_work) = (self.pages, true);
    }

    fn reported(&mut self, (age, written): Report) {
        self.is_at_work = false;
        if let Some(written) = written
            && age == self.age
        {
            self.written = written;
        }
    }

    fn next(&self) -> Next {
        let rest = self.pages.saturating_sub(self.written);
        if self.is_at_work {
            let is_far_behind = self.pages.saturating_sub(self.asked) >= MOST;
            return if is_far_behind { Next::Wait } else { Next::Leave };
        }
        let is_near = self.pages >= MOST && rest <= self.pages / PARTS;
        if self.asked > 0 && (is_near || self.pages >= 2 * MOST) {
            Next::Help
        } else if rest >= PAGES {
            Next::Ask
        } else {
            Next::Leave
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::OpenFlags;

    use super::*;

    /// What is left of a log when its writer helps, and how long it was at most.
    #[derive(Debug, Default)]
    struct Seen {
        helped: Vec<u32>,
        longest: u32,
        begun_anew: u64,
    }

    /// A log to which each of the commits adds so many pages, while the thread writes back `pace` pages from one to the next.
    fn play(commits: impl IntoIterator<Item = u32>, pace: u32) -> Seen {
        let (mut length, mut seen) = (Length::default(), Seen::default());
        // The log as it is.
        let (mut pages, mut in_file) = (0, 0);
        // What the thread was asked for: the number, how far, and how much of it is left to do.
        let mut task: Option<(u64, u32, u32)> = None;
        for added in commits {
            let done = match &mut task {
                Some((_, _, left)) => {
                    *left = left.saturating_sub(pace);
                    *left == 0
                }
                None => false,
            };
            let report = task.take_if(|_| done).map(|(age, until, _)| {
                in_file = until;
                (age, Some(until))
            });
            (pages, in_file) = if in_file == pages { (added, 0) } else { (pages + added, in_file) };
            length.grew(pages);
            report.into_iter().for_each(|report| length.reported(report));
            seen.longest = seen.longest.max(pages);
            match length.next() {
                Next::Leave => {}
                Next::Ask => {
                    assert!(task.is_none(), "the thread is asked once at a time");
                    length.asked();
                    task = Some((length.age, pages, pages - in_file));
                }
                Next::Help => {
                    seen.helped.push(pages - in_file);
                    in_file = pages;
                    length.reported((length.age, Some(pages)));
                }
                Next::Wait => {
                    let (age, until, _) = task.take().expect("who waits has asked");
                    in_file = until;
                    length.reported((age, Some(until)));
                }
            }
        }
        seen.begun_anew = length.age;
        seen
    }

    #[test]
    fn a_log_that_cannot_be_written_back_is_told_when_that_begins_and_when_it_ends() {
        let mut failing = Failing::default();
        let turned =
            [false, true, true, true, false, false, true].map(|is_failing| failing.turned(is_failing));
        assert_eq!(turned, [false, true, false, false, true, false, true]);
    }

    #[test]
    fn the_bundled_sqlite_is_sound() {
        // Beside crates that need an older one it is not, and then nothing of this file is used.
        assert!(rusqlite::version_number() >= SOUND, "{}", rusqlite::version());
    }

    #[test]
    fn a_thread_that_catches_up_between_two_commits_needs_no_help() {
        let seen = play(std::iter::repeat_n(10, 10_000), 1_000);
        assert_eq!(seen.helped, Vec::<u32>::new());
        assert!(seen.begun_anew >= 90, "{seen:?}");
        assert!(seen.longest <= PAGES + 10, "{seen:?}");
    }

    #[test]
    fn who_adds_all_the_time_writes_a_small_part_back() {
        let seen = play(std::iter::repeat_n(1_000, 2_000), 2_500);
        let helped: u32 = seen.helped.iter().sum();
        assert!(seen.begun_anew > 100, "{seen:?}");
        assert!(helped <= 2_000 * 1_000 / PARTS, "{helped} pages");
    }

    #[test]
    fn one_long_commit_is_left_to_the_thread() {
        assert_eq!(play([5 * MOST], 1_000).helped, Vec::<u32>::new());
    }

    proptest! {
        /// However slow the thread is.
        #[test]
        fn no_log_becomes_much_longer_than_twice_the_most(
            commits in prop::collection::vec(1_u32..2_000, 100..400), pace in 1_u32..3_000,
        ) {
            let seen = play(commits, pace);
            prop_assert!(seen.longest <= 4 * MOST, "{seen:?}");
        }
    }

    #[test]
    fn what_is_written_all_the_time_is_in_one_file_at_the_end_and_the_log_stays_short() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("jobs.db");
        drop(super::super::SqliteStore::open(&path).expect("the file comes to be"));
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let writer = Connection::open_with_flags(&path, flags).expect("it opens");
        writer.pragma_update(None, "synchronous", "OFF").expect("this is not about the power");
        let mut checkpoints = Checkpoints::start(&writer, &path).expect("a thread");
        let sql = "CREATE TABLE filling (id INTEGER PRIMARY KEY, bytes BLOB)";
        writer.execute_batch(sql).expect("a table");
        // Each commit has just enough rows to be looked at.
        let sql = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
                   INSERT INTO filling (bytes) SELECT zeroblob(62500) FROM n";
        for _ in 0..120 {
            writer.execute(sql, [i64::try_from(ROWS).expect("few")]).expect("written");
            checkpoints.after_commit(&writer);
        }
        let log = std::fs::metadata(place.path().join("jobs.db-wal")).expect("a log").len();
        assert!(log <= u64::from(4 * MOST) * 4_200, "{log} bytes");
        checkpoints.fold(&writer);
        let log = std::fs::metadata(place.path().join("jobs.db-wal")).expect("a log").len();
        assert_eq!(log, 0);
        drop(writer);
        checkpoints.close();
        assert!(!place.path().join("jobs.db-wal").exists(), "nobody has the file open any more");
        let reader = Connection::open(&path).expect("it opens");
        let whole: (i64, i64, String) = reader
            .query_row(
                "SELECT count(*), sum(length(bytes)), (SELECT integrity_check FROM pragma_integrity_check) FROM filling",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .expect("it reads");
        assert_eq!(whole, (120 * 32, 240_000_000, "ok".to_owned()));
    }
}
