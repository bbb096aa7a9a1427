//! What an attempt says of itself, on its way from the function to the engine.
//!
//! This file is also compiled against a model of locks, in which every interleaving is played: see `model.rs`.

use std::collections::VecDeque;
use std::sync::PoisonError;

use chrono::{DateTime, Utc};
use cron_core::text::fit;

use super::sync::{Mutex, MutexGuard};
use crate::store::{LogLine, MAX_LOG_LINES, Note, Progress};

/// A longer line is cut.
pub(super) const MAX_LINE: usize = 4 * 1_024;

/// Progress and lines that the engine has not fetched yet.
///
/// The lock guards one attempt's notes between the threads of its function, which write, and the engine, which fetches at most
/// once a second; it is held for a few assignments. A channel would grow without bound under a function that talks in a
/// loop, or lose the newest word in place of the oldest.
#[derive(Debug, Default)]
pub(crate) struct Notebook {
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    progress: Option<Progress>,
    lines: VecDeque<LogLine>,
    /// The job is to be removed once its runs have ended, and nobody has fetched that yet.
    removes_job: bool,
    /// That was fetched, and may not be on record yet.
    is_wish_under_way: bool,
    /// How many lines went because there were too many.
    dropped: u64,
    /// The engine knows that there is something to fetch.
    is_announced: bool,
    /// The attempt has ended: nobody will fetch any more.
    is_closed: bool,
}

/// Whether the engine has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noted {
    /// It has to be told that there is something to fetch.
    First,
    /// It knows already.
    Again,
    /// The attempt has ended, nothing was noted.
    TooLate,
}

impl Notebook {
    /// The newest progress replaces the one before.
    pub(crate) fn progress(&self, progress: Progress) -> Noted {
        self.note(|notes| notes.progress = Some(progress))
    }

    /// Adds a line; of too many the oldest go.
    pub(crate) fn line(&self, line: LogLine) -> Noted {
        self.note(|notes| {
            notes.lines.push_back(line);
            notes.shorten();
        })
    }

    /// The job is to be removed once its runs have ended.
    pub(crate) fn remove_job(&self) -> Noted {
        self.note(|notes| notes.removes_job = true)
    }

    /// Whether that was asked for and may not be on record.
    #[cfg(feature = "sqlite")]
    pub(crate) fn removes_job(&self) -> bool {
        let notes = self.notes();
        notes.removes_job || notes.is_wish_under_way
    }

    /// Everything that was noted since the last time.
    pub(crate) fn fetch(&self) -> Note {
        let mut notes = self.notes();
        notes.is_announced = false;
        notes.take()
    }

    /// What was fetched last is on record.
    pub(crate) fn wrote(&self) {
        self.notes().is_wish_under_way = false;
    }

    /// The last fetch: whatever is noted from here on is too late.
    pub(crate) fn close(&self) -> Note {
        let mut notes = self.notes();
        notes.is_closed = true;
        notes.take()
    }

    /// Puts back what could not be written. What was noted since is newer.
    pub(crate) fn put_back(&self, note: Note) {
        let mut notes = self.notes();
        notes.progress = notes.progress.take().or(note.progress);
        notes.removes_job |= note.removes_job;
        for line in note.lines.into_iter().rev() {
            notes.lines.push_front(line);
        }
        notes.shorten();
    }

    fn note(&self, write: impl FnOnce(&mut Notes)) -> Noted {
        let mut notes = self.notes();
        if notes.is_closed {
            return Noted::TooLate;
        }
        write(&mut notes);
        if std::mem::replace(&mut notes.is_announced, true) { Noted::Again } else { Noted::First }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        // Nothing of the user's runs under the lock, so its content is whole even then.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notes {
    fn shorten(&mut self) {
        while self.lines.len() > MAX_LOG_LINES {
            self.lines.pop_front();
            self.dropped += 1;
        }
    }

    fn take(&mut self) -> Note {
        let progress = self.progress.take();
        let mut lines: Vec<_> = std::mem::take(&mut self.lines).into();
        let dropped = std::mem::take(&mut self.dropped);
        if let Some(first) = lines.first_mut().filter(|_| dropped > 0) {
            // It takes the place of one more line, so that the log keeps its bound.
            first.text =
                format!("({} lines before the next one were dropped: too many at once)", dropped + 1);
        }
        let removes_job = std::mem::take(&mut self.removes_job);
        self.is_wish_under_way |= removes_job;
        Note { progress, lines, removes_job }
    }
}

/// A text as lines that the log takes.
pub(crate) fn lines(text: &str, at: DateTime<Utc>, attempt: u32) -> impl Iterator<Item = LogLine> {
    text.lines().map(move |line| LogLine { at, attempt, text: cut(line) })
}

/// A text as it is kept.
pub(crate) fn cut(line: &str) -> String {
    fit(line.to_owned(), MAX_LINE)
}
