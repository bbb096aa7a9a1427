//! What can go wrong with a store.

use std::path::PathBuf;

use cron_core::run::IllegalTransition;

/// A store that cannot do what was asked. Nothing of the failed call has happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be opened or created.
    #[error("cannot open the database {}: {reason}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What stands in the way, and what to do.
        reason: String,
        /// The error of the library, where there is one.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The file is no database.
    #[error("{} is not a SQLite database; name another file, or move this one away", .path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of another program.
    #[error(
        "{} is a SQLite database of another program (it has tables, but no schema of this scheduler); \
         give the scheduler a file of its own, or say `.beside_own_tables()` to keep its tables in this one", .path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was to be joined and has tables or the like of an application under names that are the scheduler's.
    #[error(
        "{} has {} of its own, which are names of the scheduler's too: rename them, or give the scheduler a file of its own. \
         Nothing was changed", .path.display(), .names.join(", ")
    )]
    Clash {
        /// The file.
        path: PathBuf,
        /// Each with its kind: ``table `jobs` ``.
        names: Vec<String>,
    },
    /// A newer version of this library wrote the file.
    #[error(
        "{} has schema version {found}, this program knows versions up to {known}; \
         run the newer program, or use another file: the newer program has left the state from before its first \
         start beside it, as a file that ends in `.v{known}.bak` if this program wrote it last, without what has \
         happened since. Nothing was changed.", .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// A row that this program did not write or that was damaged.
    #[error("the database holds something this program cannot read: {what}")]
    Corrupt {
        /// The row and what is wrong with it.
        what: String,
    },
    /// A declaration in words that this version does not know: of a newer program, or of one with more features. Nothing is damaged.
    #[error("{what}")]
    UnknownWords {
        /// The declaration, and what is not known of it.
        what: String,
    },
    /// A write that would have broken the state machine.
    #[error("run {run}: {illegal}")]
    Illegal {
        /// The run.
        run: u64,
        /// What was tried.
        #[source]
        illegal: IllegalTransition,
    },
    /// The database refuses to keep something for its content, such as a text that is too long, and would refuse it again.
    #[error("the database does not take this: {what}")]
    Refused {
        /// What it says.
        what: String,
    },
    /// The database refused or failed.
    #[error("the database failed: {0}")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Others have kept the file locked for longer than is waited.
    #[error(
        "{} was locked for more than {seconds} s{}", .path.display(),
        .holder.as_ref().map(|holder| format!(", likely by {holder}")).unwrap_or_default()
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
        /// Who holds it, as far as the system tells.
        holder: Option<String>,
    },
    /// The path of the file leads to it no more. Nothing is written any more, and no function is called for what was claimed in it.
    #[error("{} {now}", .path.display())]
    FileGone {
        /// The file, as it was named.
        path: PathBuf,
        /// What is there now.
        now: FileNow,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// What is at the path of a file that was opened and is not there any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileNow {
    /// Nothing: the file was deleted, or moved away. It may come back.
    #[error(
        "is gone: it was deleted or moved away while this process had it open; move the same file back, or put a backup there and \
         start this program again"
    )]
    Missing,
    /// Another file.
    #[error(
        "is another file than the one that this process has opened; this program has to be started again to use it"
    )]
    Another,
    /// Nobody can tell.
    #[error("cannot be looked at any more: {reason}")]
    Unreadable {
        /// What the system says.
        reason: String,
    },
}

impl StoreError {
    /// Whether the call failed for what it was to write, and would fail again: alone, others can be written.
    pub(crate) const fn is_about_content(&self) -> bool {
        match self {
            Self::Corrupt { .. }
            | Self::UnknownWords { .. }
            | Self::Illegal { .. }
            | Self::Refused { .. } => true,
            Self::Open { .. }
            | Self::NotADatabase { .. }
            | Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::Backend(_)
            | Self::FileGone { .. }
            | Self::Clash { .. }
            | Self::Locked { .. }
            | Self::Closed => false,
        }
    }
}
