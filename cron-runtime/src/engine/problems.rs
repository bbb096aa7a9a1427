//! What the scheduler has found wrong: each kind about each job once, told when it begins, at growing intervals, and when it is over.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::problem::ProblemKind;

use super::{Engine, Events};
use crate::clock::Moment;
use crate::store::{Sighting, Store, StoreError};

/// Between two words about a problem that goes on or comes again; the last one counts from there on.
const INTERVALS: [Duration; 4] =
    [Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(600), Duration::from_secs(3_600)];

/// What has not come again for this long is new when it does.
const QUIET: Duration = Duration::from_secs(600);

/// So many are kept at hand.
const MOST: usize = 200;

/// From what is new to its place in the record.
const SOON: Duration = Duration::from_secs(1);
/// From what is told already to its new count in the record, and after a failure.
const LATER: Duration = Duration::from_secs(60);

/// Something that a person should know about the scheduler itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// The job that it is about, if it is about one.
    pub job: Option<JobName>,
    /// In words.
    pub what: String,
    /// When it began: it has gone on, or come again, since then.
    pub since: DateTime<Utc>,
    /// When it was seen last.
    pub at: DateTime<Utc>,
    /// How often it was seen since it began.
    pub count: u64,
    /// Whether it is over. What does not [last](ProblemKind::lasts) is over as soon as it is told.
    pub is_over: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_over && self.kind.lasts() {
            let lasted = (self.at - self.since).to_std().unwrap_or_default();
            let lasted = Duration::from_secs(lasted.as_secs());
            write!(f, "over after {}: ", cron_core::duration::format_duration(lasted))?;
        }
        write!(f, "{}", self.what)?;
        if self.count > 1 { write!(f, " ({} times)", self.count) } else { Ok(()) }
    }
}

#[derive(Debug)]
struct Entry {
    problem: Problem,
    /// When it was told last, on the monotonic clock.
    told: Duration,
    /// How often in a row.
    times_told: usize,
    /// Whether somebody was told that it has begun.
    is_known: bool,
    /// When it was seen last, on the monotonic clock.
    seen: Duration,
    /// How often it was seen since it was written into the record.
    unwritten: u64,
    unwritten_since: DateTime<Utc>,
    /// It was told since it was written.
    is_news: bool,
}

impl Entry {
    fn new(kind: ProblemKind, job: Option<JobName>, now: Moment) -> Self {
        let (since, at) = (now.wall, now.wall);
        let problem = Problem { kind, job, what: String::new(), since, at, count: 0, is_over: true };
        Self {
            problem,
            told: Duration::ZERO,
            times_told: 0,
            is_known: false,
            seen: now.monotonic,
            unwritten: 0,
            unwritten_since: now.wall,
            is_news: false,
        }
    }

    /// Whether it is time to say it again.
    fn is_due(&self, now: Duration) -> bool {
        let Some(told_before) = self.times_told.checked_sub(1) else { return true };
        let interval = INTERVALS.get(told_before).or(INTERVALS.last()).copied().unwrap_or(QUIET);
        self.problem.kind.is_each_told() || self.told.saturating_add(interval) <= now
    }

    fn see(&mut self, what: String, now: Moment) -> Option<Problem> {
        let lasts = self.problem.kind.lasts();
        let is_anew = !lasts || self.problem.is_over;
        if is_anew && self.seen.saturating_add(QUIET) <= now.monotonic {
            self.times_told = 0;
        }
        // What begins again right after its end is the same problem as before.
        if self.times_told == 0 || lasts && self.problem.is_over && self.is_due(now.monotonic) {
            (self.problem.since, self.problem.count) = (now.wall, 0);
        }
        let is_due = self.is_due(now.monotonic);
        self.problem.what = what;
        self.problem.at = now.wall;
        self.problem.count += 1;
        self.problem.is_over = !lasts;
        self.seen = now.monotonic;
        if self.unwritten == 0 {
            self.unwritten_since = now.wall;
        }
        self.unwritten += 1;
        is_due.then(|| self.tell(now))
    }

    fn end(&mut self, now: Moment) -> Option<Problem> {
        self.problem.is_over = true;
        self.problem.at = now.wall;
        self.seen = now.monotonic;
        // Who has not heard of its beginning need not hear of its end.
        std::mem::take(&mut self.is_known).then(|| {
            self.is_news = true;
            self.problem.clone()
        })
    }

    fn tell(&mut self, now: Moment) -> Problem {
        self.told = now.monotonic;
        self.times_told += 1;
        self.is_known = true;
        self.is_news = true;
        self.problem.clone()
    }

    fn is_unwritten(&self) -> bool {
        self.unwritten > 0 || self.is_news
    }
}

/// All problems at hand.
///
/// The lock guards a short list between the engine and the threads of hooks, which report, and handles, which read. A reader must have
/// its answer also while the engine waits for a store that does not answer, so asking the engine by a message will not do.
#[derive(Debug, Default)]
pub(crate) struct Board {
    entries: Mutex<Vec<Entry>>,
}

impl Board {
    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was seen. Gives it back if it is to be told now.
    pub(super) fn see(
        &self,
        kind: ProblemKind,
        job: Option<&JobName>,
        what: String,
        now: Moment,
    ) -> Option<Problem> {
        let mut entries = self.entries();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.is_about(kind, job)) {
            return entry.see(what, now);
        }
        if entries.len() >= MOST {
            // What is over and was seen longest ago goes first.
            let oldest =
                (0..entries.len()).min_by_key(|at| (!entries[*at].problem.is_over, entries[*at].seen));
            oldest.map(|oldest| entries.swap_remove(oldest));
        }
        let mut entry = Entry::new(kind, job.cloned(), now);
        let told = entry.see(what, now);
        entries.push(entry);
        told
    }

    /// Something is over. Gives it back if that is to be told.
    pub(super) fn end(
        &self,
        kind: ProblemKind,
        job: Option<&JobName>,
        now: impl FnOnce() -> Moment,
    ) -> Option<Problem> {
        let mut entries = self.entries();
        let entry = entries.iter_mut().find(|entry| entry.is_about(kind, job) && !entry.problem.is_over)?;
        entry.end(now())
    }

    /// First what goes on, then what is over, the newest first of each.
    pub(crate) fn list(&self) -> Vec<Problem> {
        let mut problems: Vec<_> = self.entries().iter().map(|entry| entry.problem.clone()).collect();
        problems.sort_by_key(|problem| (problem.is_over, std::cmp::Reverse(problem.at)));
        problems
    }

    /// How long what is not on record yet may wait for it.
    fn patience(&self) -> Option<Duration> {
        let entries = self.entries();
        let unwritten = entries.iter().filter(|entry| entry.is_unwritten());
        unwritten.map(|entry| if entry.is_news { SOON } else { LATER }).min()
    }

    /// What is not on record yet.
    fn unwritten(&self) -> Vec<Sighting> {
        let entries = self.entries();
        let unwritten = entries.iter().filter(|entry| entry.is_unwritten());
        let sighting = |entry: &Entry| Sighting {
            kind: entry.problem.kind,
            job: entry.problem.job.clone(),
            first: entry.unwritten_since.min(entry.problem.at),
            last: entry.problem.at,
            count: entry.unwritten,
            what: entry.problem.to_string(),
        };
        unwritten.map(sighting).collect()
    }

    fn written(&self, sightings: &[Sighting]) {
        let mut entries = self.entries();
        for Sighting { kind, job, count, .. } in sightings {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.is_about(*kind, job.as_ref())) {
                entry.unwritten = entry.unwritten.saturating_sub(*count);
                // A hook may have reported once more since.
                entry.is_news &= entry.unwritten > 0;
            }
        }
    }
}

impl Entry {
    fn is_about(&self, kind: ProblemKind, job: Option<&JobName>) -> bool {
        self.problem.kind == kind && self.problem.job.as_ref() == job
    }
}

/// When problems were written into the record, on the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Scribe {
    /// Not before this moment.
    rests_until: Duration,
    last: Duration,
}

impl Engine {
    /// When problems are to be written. A scheduler that has found nothing wrong never wakes for it.
    pub(super) fn problems_due(&self) -> Option<Duration> {
        let patience = self.events.board().patience()?;
        Some(self.scribe.last.saturating_add(patience).max(self.scribe.rests_until))
    }

    /// Writes problems into the record, when nothing else is to be done. That it fails is no problem of its own: they are kept, and a
    /// store that fails at more important things has told so.
    pub(super) fn write_problems(&mut self, now: Moment) {
        let is_busy = !self.pending.is_empty() || self.store_rests(now);
        if is_busy || self.problems_due().is_none_or(|due| due > now.monotonic) {
            return;
        }
        self.record_problems(now);
    }

    pub(super) fn record_problems(&mut self, now: Moment) {
        match self.events.record_problems(self.store.as_ref()) {
            Ok(false) => {}
            Ok(true) => self.scribe.last = now.monotonic,
            Err(error) => {
                self.scribe.rests_until = now.monotonic.saturating_add(LATER);
                tracing::warn!(%error, "problems could not be put on record, they are kept");
            }
        }
    }
}

impl Events {
    /// Writes what is not on record yet. Says whether there was anything.
    pub(crate) fn record_problems(&self, store: &dyn Store) -> Result<bool, StoreError> {
        let sightings = self.board().unwritten();
        if sightings.is_empty() {
            return Ok(false);
        }
        store.note_problems(sightings.clone())?;
        self.board().written(&sightings);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Moment {
        let wall = DateTime::from_timestamp(1_800_000_000 + second.cast_signed(), 0).expect("in range");
        Moment { wall, monotonic: Duration::from_secs(second) }
    }

    /// The seconds at which something that is seen each second of `seen` is told.
    fn told(board: &Board, kind: ProblemKind, seen: std::ops::Range<u64>) -> Vec<u64> {
        seen.filter(|second| board.see(kind, None, format!("at {second}"), at(*second)).is_some()).collect()
    }

    #[test]
    fn what_lasts_is_told_at_its_beginning_at_growing_intervals_and_at_its_end() {
        let board = Board::default();
        let kind = ProblemKind::StoreFailing;
        assert_eq!(told(&board, kind, 0..8_000), [0, 10, 70, 670, 4_270, 7_870]);
        let over = board.end(kind, None, || at(8_000)).expect("it is told");
        assert_eq!((over.is_over, over.since, over.count), (true, at(0).wall, 8_000));
        assert_eq!(over.to_string(), "over after 2h 13m 20s: at 7999 (8000 times)");
        assert_eq!(board.end(kind, None, || at(8_001)), None, "once");
        assert_eq!(told(&board, kind, 9_000..9_011), [9_000, 9_010], "it is new after a while");
        assert_eq!(board.list()[0].since, at(9_000).wall);
    }

    #[test]
    fn what_comes_and_goes_is_not_told_each_time() {
        let board = Board::default();
        let kind = ProblemKind::StoreFailing;
        let mut words = Vec::new();
        for second in 0..60 {
            let begun = board.see(kind, None, String::new(), at(second));
            words.extend(begun.map(|_| (second, "begun")));
            let over = board.end(kind, None, || at(second));
            words.extend(over.map(|_| (second, "over")));
        }
        assert_eq!(words, [(0, "begun"), (0, "over"), (10, "begun"), (10, "over")]);
    }

    #[test]
    fn moments_are_told_once_in_an_interval_and_those_of_a_run_each() {
        let board = Board::default();
        assert_eq!(told(&board, ProblemKind::SlowCommit, 0..100), [0, 10, 70]);
        assert!(board.list()[0].is_over);
        assert_eq!(told(&board, ProblemKind::SlowCommit, 700..701), [700], "nothing for ten minutes");
        assert_eq!(told(&board, ProblemKind::ResultDropped, 0..4), [0, 1, 2, 3]);
    }

    #[test]
    fn the_list_is_bounded_and_what_lasts_stays() {
        let board = Board::default();
        let job = |number: usize| -> JobName { format!("job{number}").parse().expect("a name") };
        board.see(ProblemKind::Stuck, Some(&job(0)), String::new(), at(0));
        for number in 1..=2 * MOST {
            board.see(ProblemKind::HookFailed, Some(&job(number)), String::new(), at(number as u64));
        }
        let list = board.list();
        assert_eq!(list.len(), MOST);
        assert_eq!((list[0].kind, list[1].job.clone()), (ProblemKind::Stuck, Some(job(2 * MOST))));
    }

    #[test]
    fn each_sighting_is_put_on_record_once() {
        let board = Board::default();
        assert_eq!(board.patience(), None, "nothing to write, nothing to wait for");
        told(&board, ProblemKind::SlowCommit, 0..3);
        assert_eq!(board.patience(), Some(SOON));
        let first = board.unwritten();
        assert_eq!((first.len(), first[0].count, first[0].first), (1, 3, at(0).wall));
        told(&board, ProblemKind::SlowCommit, 3..4);
        board.written(&first);
        let second = board.unwritten();
        assert_eq!((second.len(), second[0].count), (1, 1));
        board.written(&second);
        assert_eq!(board.patience(), None);
    }
}
