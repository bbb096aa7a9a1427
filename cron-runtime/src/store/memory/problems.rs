//! What schedulers have found wrong, on record.

use cron_core::run::OwnerId;

use super::super::{MAX_PROBLEMS, ProblemInfo, Sighting};
use super::book::Book;

impl Book {
    pub(super) fn note_problems(&mut self, owner: OwnerId, sightings: Vec<Sighting>) {
        for Sighting { kind, job, first, last, count, what } in sightings {
            let known = self.problems.iter_mut().find(|known| known.kind == kind && known.job == job);
            let Some(known) = known else {
                self.problems.push(ProblemInfo { kind, job, first, last, count, owner, what });
                continue;
            };
            known.first = known.first.min(first);
            known.count += count;
            if last >= known.last {
                (known.last, known.owner, known.what) = (last, owner, what);
            }
        }
        self.sort_problems();
        self.problems.truncate(MAX_PROBLEMS);
    }

    /// The newest first.
    fn sort_problems(&mut self) {
        let name = |known: &ProblemInfo| known.job.as_ref().map(ToString::to_string).unwrap_or_default();
        self.problems.sort_by(|one, other| {
            let by_word = || (one.kind.as_str(), name(one)).cmp(&(other.kind.as_str(), name(other)));
            other.last.cmp(&one.last).then_with(by_word)
        });
    }
}
