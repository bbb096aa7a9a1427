//! Brings what attempts say of themselves to the store, at most once a second. What is left goes with their settlement.

use std::collections::BTreeSet;
use std::time::Duration;

use cron_core::problem::ProblemKind;

use super::Engine;
use super::outage::Verb;
use crate::clock::Moment;
use crate::store::{Claim, Note, StoreError};

/// Between two writes.
const SPAN: Duration = Duration::from_secs(1);

/// Who has something to say, and when it may be written, on the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Noter {
    waiting: BTreeSet<Claim>,
    /// No write before this moment.
    rests_until: Duration,
}

impl Noter {
    pub(super) fn add(&mut self, claim: Claim) {
        self.waiting.insert(claim);
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        (!self.waiting.is_empty()).then_some(self.rests_until)
    }
}

impl Engine {
    /// Writes what was said, if it is time.
    pub(super) fn write_notes(&mut self, now: Moment) {
        if self.noter.deadline().is_none_or(|deadline| deadline > now.monotonic) || self.store_rests(now) {
            return;
        }
        self.noter.rests_until = now.monotonic.saturating_add(SPAN);
        let mut notes = Vec::new();
        for claim in std::mem::take(&mut self.noter.waiting) {
            // One that has ended took its notes along.
            let Some(running) = self.attempts.get(claim).filter(|running| running.counts()) else { continue };
            let note = running.hold.leash.notebook.fetch();
            if !note.is_empty() {
                notes.push((claim, note));
            }
        }
        if notes.is_empty() {
            return;
        }
        let written = notes.clone();
        match self.ask_store(Verb::Note, |store| store.note(written)) {
            Ok(fenced) => {
                for running in notes.iter().filter_map(|(claim, _)| self.attempts.get(*claim)) {
                    running.hold.leash.notebook.wrote();
                }
                fenced.into_iter().for_each(|claim| self.fence(claim));
            }
            // It would be refused for ever. The end of each attempt is still written.
            Err(error @ StoreError::Refused { .. }) => {
                let what = format!("what runs have said of themselves is not kept: {error}");
                self.events.problem(ProblemKind::ResultDropped, None, what);
                self.put_back(notes.into_iter().map(|(claim, note)| (claim, note.without_content())));
            }
            Err(error) => {
                self.put_back(notes);
                self.store_failed(Verb::Note, &error, now);
            }
        }
    }

    /// What could not be written is written later.
    fn put_back(&mut self, notes: impl IntoIterator<Item = (Claim, Note)>) {
        for (claim, note) in notes.into_iter().filter(|(_, note)| !note.is_empty()) {
            if let Some(running) = self.attempts.get(claim) {
                running.hold.leash.notebook.put_back(note);
                self.noter.add(claim);
            }
        }
    }
}
