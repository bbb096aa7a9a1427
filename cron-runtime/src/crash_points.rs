//! Named places at which a process can be made to die: for this project's own tests, and no public interface.
//!
//! The only file that names the feature `crash-points`. Without it a point is nothing at all; with it, and with
//! `CRON_CRASH_AT=judge.committed/3` in the environment, the process aborts when it passes that point for the third time.

macro_rules! points {
    ($($(#[doc = $doc:literal])+ $point:ident = $name:literal,)+) => {
        /// A place at which a process can be made to die.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Point {
            $($(#[doc = $doc])+ $point,)+
        }

        #[cfg(feature = "crash-points")]
        impl Point {
            /// All of them, in the order of a life.
            pub const ALL: &[Self] = &[$(Self::$point,)+];

            /// What the environment calls it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$point => $name,)+
                }
            }
        }
    };
}

points! {
    /// The file is in WAL mode; nothing of the schema was looked after.
    OpenPrepared = "open.prepared",
    /// In the transaction of the migrations, before the first statement of one.
    MigrateBegun = "migrate.begun",
    /// In the transaction of the migrations, all of them written.
    MigrateWritten = "migrate.written",
    /// The migrations are committed.
    MigrateCommitted = "migrate.committed",
    /// The file for signals is there, the writer is not.
    OpenSignal = "open.signal",
    /// A new incarnation, before the commit.
    JoinWritten = "join.written",
    /// A new incarnation, after the commit.
    JoinCommitted = "join.committed",
    /// Attempts of dead processes, before the commit.
    ReapWritten = "reap.written",
    /// Attempts of dead processes, after the commit.
    ReapCommitted = "reap.committed",
    /// Declarations, before the commit.
    SyncWritten = "sync.written",
    /// Declarations, after the commit.
    SyncCommitted = "sync.committed",
    /// Marks under a wrong clock, before the commit.
    SetBackWritten = "set_back.written",
    /// Marks under a wrong clock, after the commit.
    SetBackCommitted = "set_back.committed",
    /// Verdicts and claims, before the commit.
    JudgeWritten = "judge.written",
    /// Verdicts and claims, after the commit.
    JudgeCommitted = "judge.committed",
    /// An attempt is on record as running, and its function is called next.
    CallNext = "call.next",
    /// A function was handed to the runtime; it may be running.
    CallMade = "call.made",
    /// A function has returned, and the engine does not know yet.
    CallReturned = "call.returned",
    /// The engine has results that it is about to write.
    SettleNext = "settle.next",
    /// Results, before the commit.
    SettleWritten = "settle.written",
    /// Results, after the commit.
    SettleCommitted = "settle.committed",
    /// The result of an attempt was told.
    SettleTold = "settle.told",
    /// What runs say of themselves, before the commit.
    NoteWritten = "note.written",
    /// What runs say of themselves, after the commit.
    NoteCommitted = "note.committed",
    /// Leases, before the commit.
    RenewWritten = "renew.written",
    /// Leases, after the commit.
    RenewCommitted = "renew.committed",
    /// What a person or a program asks for, before the commit.
    CommandWritten = "command.written",
    /// What a person or a program asks for, after the commit.
    CommandCommitted = "command.committed",
    /// What is not to be kept, before the commit.
    PruneWritten = "prune.written",
    /// What is not to be kept, after the commit.
    PruneCommitted = "prune.committed",
    /// At the end of a shutdown attempts were let go, and nothing of that is written.
    ReleaseNext = "release.next",
    /// At the end of a shutdown everything is written, and leave is taken next.
    LeaveNext = "leave.next",
    /// Taking leave, before the commit.
    LeaveWritten = "leave.written",
    /// Taking leave, after the commit, before SQLite's log is written back.
    LeaveUnfolded = "leave.unfolded",
    /// Taking leave, and SQLite's log is written back.
    LeaveCommitted = "leave.committed",
}

#[cfg(feature = "crash-points")]
pub(crate) use armed::pass;

#[cfg(feature = "crash-points")]
pub use armed::VARIABLE;

/// Nothing.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub(crate) fn pass(_point: Point) {}

#[cfg(feature = "crash-points")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Point;

    /// The environment variable that says where to die.
    pub const VARIABLE: &str = "CRON_CRASH_AT";

    /// Where to die, and at which passage.
    struct Aim {
        point: Point,
        passage: u64,
        passed: AtomicU64,
    }

    /// Dies, if this is the place and the time.
    ///
    /// # Panics
    ///
    /// If the environment names no point or no passage.
    pub(crate) fn pass(point: Point) {
        static AIM: OnceLock<Option<Aim>> = OnceLock::new();
        let Some(aim) = AIM.get_or_init(from_environment).as_ref().filter(|aim| aim.point == point) else {
            return;
        };
        if aim.passed.fetch_add(1, Ordering::Relaxed) + 1 == aim.passage {
            eprintln!("dies at {}/{}", point.name(), aim.passage);
            std::process::abort();
        }
    }

    fn from_environment() -> Option<Aim> {
        let text = std::env::var_os(VARIABLE)?;
        let Some(aim) = text.to_str().and_then(parse) else {
            let names: Vec<_> = Point::ALL.iter().map(|point| point.name()).collect();
            // A test that dies nowhere would show nothing.
            panic!(
                "{VARIABLE} is {text:?}; it takes a point and a passage, such as judge.committed/3, and the points are {}",
                names.join(", ")
            );
        };
        Some(aim)
    }

    fn parse(text: &str) -> Option<Aim> {
        let (name, passage) = text.split_once('/')?;
        let point = Point::ALL.iter().copied().find(|point| point.name() == name)?;
        let passage = passage.parse().ok().filter(|passage| *passage > 0)?;
        Some(Aim { point, passage, passed: AtomicU64::new(0) })
    }
}
