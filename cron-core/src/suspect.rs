//! Jobs that may have taken their process down.
//!
//! When a process dies, each job that was in progress in it is a *suspect*. Of the suspects at most one is in progress in a process
//! at a time, so the next death tells which one it was; all other jobs start as usual. A run that ends while its process lives clears
//! its job. The third death in a row puts the job in quarantine.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::run::{AttemptEnd, RunEvent};

/// So many deaths in a row put a job in quarantine.
pub const DEATHS_UNTIL_QUARANTINE: u32 = 3;

/// An attempt of a suspect that has lived for this long lets that of the next suspect start.
pub const PROBATION: TimeDelta = TimeDelta::seconds(60);

/// Who has paused a job that is in quarantine.
pub const PAUSED_BY: &str = "quarantine";

/// What is known of the process of an attempt that is on record as in progress and is nobody's any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vanished {
    /// It took leave and could not write what became of the attempt.
    Left,
    /// It lives, and did not renew its lease in time.
    Lives,
    /// Its machine was started anew since.
    WithMachine,
    /// It is gone while its machine goes on, or nobody can tell why its lease has expired.
    Died,
}

impl Vanished {
    /// Whether the jobs that were in progress may have done that.
    #[must_use]
    pub const fn is_death(self) -> bool {
        match self {
            Self::Died => true,
            Self::Left | Self::Lives | Self::WithMachine => false,
        }
    }
}

/// A job whose process died while one of its runs was in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// How many processes in a row died so.
    pub deaths: u32,
    /// When its newest attempt that was in progress at the last of them was started.
    pub started: DateTime<Utc>,
    /// Whether it is in quarantine: nothing of it starts until a person resumes it.
    pub is_quarantined: bool,
}

impl Suspect {
    /// Which suspect starts first, the smaller the earlier: the one with most deaths; of those with as many, the one that was started last
    /// before its process died, for most such functions do harm soon.
    #[must_use]
    pub const fn order(&self) -> impl Ord + use<> {
        (Reverse(self.deaths), Reverse(self.started))
    }

    /// Why the job is paused, for people.
    #[must_use]
    pub fn reason(&self) -> String {
        format!(
            "its process died {} times in a row while it was in progress; `inspect resume` has it run again",
            self.deaths
        )
    }
}

/// Whether the next death of a job that has died `deaths` times in a row puts it in quarantine.
#[must_use]
pub const fn is_next_the_last(deaths: u32) -> bool {
    deaths.saturating_add(1) >= DEATHS_UNTIL_QUARANTINE
}

/// What a death makes of jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death<J> {
    /// Where the jobs stand now that were in progress.
    pub suspects: BTreeMap<J, Suspect>,
    /// The one of them that is in quarantine from now on.
    pub quarantined: Option<J>,
}

/// Counts the death of one process: once for each job that was in progress, with the instants at which attempts of it were started.
///
/// One death has one cause, so it puts one job in quarantine at most. Where several suspects were in progress, those that were started
/// before the last one had lived for 60 s each, so it is the last one that is blamed, once its row is long enough.
#[must_use]
pub fn count_death<J: Copy + Ord>(
    before: &BTreeMap<J, Suspect>,
    in_progress: impl IntoIterator<Item = (J, DateTime<Utc>)>,
) -> Death<J> {
    let mut newest: BTreeMap<J, DateTime<Utc>> = BTreeMap::new();
    for (job, started) in in_progress {
        let found = newest.entry(job).or_insert(started);
        *found = started.max(*found);
    }
    let count = |(job, started): (J, DateTime<Utc>)| {
        let known = before.get(&job);
        let deaths = known.map_or(0, |known| known.deaths).saturating_add(1);
        let is_quarantined = known.is_some_and(|known| known.is_quarantined);
        (job, Suspect { deaths, started, is_quarantined })
    };
    let mut suspects: BTreeMap<J, Suspect> = newest.into_iter().map(count).collect();
    let last = suspects
        .iter_mut()
        .filter(|(job, suspect)| before.contains_key(job) && !suspect.is_quarantined)
        .max_by_key(|(job, suspect)| (suspect.started, Reverse(**job)))
        .filter(|(_, suspect)| suspect.deaths >= DEATHS_UNTIL_QUARANTINE);
    let quarantined = last.map(|(job, suspect)| {
        suspect.is_quarantined = true;
        *job
    });
    Death { suspects, quarantined }
}

/// Whether an event that was applied to a run clears its job: whatever its process has itself recorded of its end.
#[must_use]
pub const fn is_cleared_by(event: &RunEvent) -> bool {
    match event {
        RunEvent::Ended { end, .. } => match end {
            AttemptEnd::Succeeded
            | AttemptEnd::Failed(_)
            | AttemptEnd::Discarded { .. }
            | AttemptEnd::Interrupted { was_called: true }
            | AttemptEnd::Cancelled { .. } => true,
            // What was never called has shown nothing.
            AttemptEnd::Interrupted { was_called: false } | AttemptEnd::Lost => false,
        },
        RunEvent::Start
        | RunEvent::Overrun { .. }
        | RunEvent::Complete { .. }
        | RunEvent::Cancel { .. }
        | RunEvent::Release { .. }
        | RunEvent::Revive { .. } => false,
    }
}

/// Until when no other suspect may start in a process whose attempts of suspects in progress were started at these instants; `None` if one
/// may start now. A clock that has gone back since then tells nothing, and holds up nobody.
#[must_use]
pub fn held_until(
    started: impl IntoIterator<Item = DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let begun = started.into_iter().filter(|started| *started <= now);
    begun.filter_map(|started| started.checked_add_signed(PROBATION)).filter(|until| *until > now).max()
}

/// The suspects of a store, by job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspects<J: Ord>(BTreeMap<J, Suspect>);

impl<J: Ord> Default for Suspects<J> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<J: Copy + Ord> Suspects<J> {
    /// These.
    #[must_use]
    pub fn new(suspects: impl IntoIterator<Item = (J, Suspect)>) -> Self {
        Self(suspects.into_iter().collect())
    }

    /// Whether there are none: nearly always.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is held against a job.
    #[must_use]
    pub fn get(&self, job: J) -> Option<Suspect> {
        self.0.get(&job).copied()
    }

    /// Whether a job is in quarantine.
    #[must_use]
    pub fn is_quarantined(&self, job: J) -> bool {
        self.get(job).is_some_and(|suspect| suspect.is_quarantined)
    }

    /// One process has died: see [`count_death`].
    pub fn count(&mut self, in_progress: impl IntoIterator<Item = (J, DateTime<Utc>)>) -> Death<J> {
        let death = count_death(&self.0, in_progress);
        self.0.extend(death.suspects.iter().map(|(job, suspect)| (*job, *suspect)));
        death
    }

    /// A run of a job has ended while its process lived. Says whether something was held against it. A quarantine is for a person to end.
    pub fn clear(&mut self, job: J) -> bool {
        !self.is_quarantined(job) && self.release(job)
    }

    /// A person lets a job run again, or it is gone. Says whether something was held against it.
    pub fn release(&mut self, job: J) -> bool {
        self.0.remove(&job).is_some()
    }
}

#[cfg(test)]
mod tests;
