//! The runs of all jobs, with those at hand that the engine asks for.
//!
//! Nearly all runs have ended, and no step of the engine may walk through the whole record: it asks for those that are not final,
//! and for the oldest of the others, which retention lets go.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Index;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::run::RunId;

use super::super::types::Given;
use super::book::Run;

/// Runs by their number.
#[derive(Debug, Default)]
pub(super) struct Runs {
    all: Numbered,
    /// Those whose state is not final.
    active: BTreeSet<RunId>,
    of: BTreeMap<JobName, OfJob>,
}

/// What has a number of its own, each higher than the one before, and mostly goes in this order too: found without a search.
#[derive(Debug, Default)]
struct Numbered {
    /// The number of the first place.
    first: u64,
    // A run is large, and what is removed in the middle leaves its place empty until all before it are gone.
    places: VecDeque<Option<Box<Run>>>,
}

impl Numbered {
    fn place(&self, id: RunId) -> Option<usize> {
        id.0.checked_sub(self.first).and_then(|place| usize::try_from(place).ok())
    }

    fn get(&self, id: RunId) -> Option<&Run> {
        self.places.get(self.place(id)?)?.as_deref()
    }

    fn get_mut(&mut self, id: RunId) -> Option<&mut Run> {
        let place = self.place(id)?;
        self.places.get_mut(place)?.as_deref_mut()
    }

    fn insert(&mut self, id: RunId, run: Run) {
        if self.places.is_empty() {
            self.first = id.0;
        }
        for _ in id.0..self.first {
            self.places.push_front(None);
        }
        self.first = self.first.min(id.0);
        let place = self.place(id).unwrap_or_default();
        while self.places.len() <= place {
            self.places.push_back(None);
        }
        self.places[place] = Some(Box::new(run));
    }

    fn remove(&mut self, id: RunId) -> Option<Run> {
        let place = self.place(id)?;
        let run = self.places.get_mut(place)?.take()?;
        self.trim();
        Some(*run)
    }

    fn retain(&mut self, mut is_kept: impl FnMut(RunId, &Run) -> bool) {
        for (id, place) in (self.first..).map(RunId).zip(&mut self.places) {
            if place.as_deref().is_some_and(|run| !is_kept(id, run)) {
                *place = None;
            }
        }
        self.trim();
    }

    fn trim(&mut self) {
        while let Some(None) = self.places.front() {
            self.places.pop_front();
            self.first += 1;
        }
    }

    fn iter(&self) -> impl Iterator<Item = (RunId, &Run)> {
        let numbered = (self.first..).map(RunId).zip(&self.places);
        numbered.filter_map(|(id, place)| Some((id, place.as_deref()?)))
    }

    fn values_mut(&mut self) -> impl Iterator<Item = &mut Run> {
        self.places.iter_mut().flatten().map(Box::as_mut)
    }
}

/// The runs of a job: those whose state is not final, and of the others each kind with the oldest first.
#[derive(Debug, Default)]
pub(super) struct OfJob {
    active: BTreeSet<RunId>,
    /// Dead letters that nobody has dismissed.
    pub(super) dead: Line,
    /// The others.
    pub(super) plain: Line,
    /// Those of the others that stand beside the ticks.
    pub(super) beside: BTreeSet<RunId>,
}

impl OfJob {
    /// How many are on record.
    pub(super) fn len(&self) -> usize {
        self.active.len() + self.dead.len() + self.plain.len()
    }
}

/// Runs in the order of their nominal instants. Nearly all come at its end and go at its beginning.
#[derive(Debug, Default)]
pub(super) struct Line(VecDeque<(DateTime<Utc>, RunId)>);

impl Line {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many there are up to an instant.
    pub(super) fn count_up_to(&self, at: DateTime<Utc>) -> u64 {
        self.0.partition_point(|(nominal, _)| *nominal <= at) as u64
    }

    pub(super) fn newest(&self) -> Option<(DateTime<Utc>, RunId)> {
        self.0.back().copied()
    }

    /// The oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (DateTime<Utc>, RunId)> {
        self.0.iter().copied()
    }

    /// Those up to an instant and those after it, either with the oldest first.
    pub(super) fn split(
        &self,
        at: DateTime<Utc>,
    ) -> (impl Iterator<Item = RunId>, impl Iterator<Item = RunId>) {
        let place = self.0.partition_point(|(nominal, _)| *nominal <= at);
        let numbers = |range| self.0.range(range).map(|(_, run)| *run);
        (numbers(0..place), numbers(place..self.0.len()))
    }

    /// The first run of an instant.
    pub(super) fn at(&self, nominal: DateTime<Utc>) -> Option<RunId> {
        if self.newest().is_none_or(|(newest, _)| newest < nominal) {
            return None;
        }
        let place = self.0.partition_point(|(earlier, _)| *earlier < nominal);
        self.0.get(place).filter(|(found, _)| *found == nominal).map(|(_, run)| *run)
    }

    /// Removes those of later instants, and gives them.
    pub(super) fn cut_after(&mut self, last: DateTime<Utc>) -> Vec<RunId> {
        let place = self.0.partition_point(|(nominal, _)| *nominal <= last);
        self.0.split_off(place).into_iter().map(|(_, run)| run).collect()
    }

    pub(super) fn set(&mut self, run: (DateTime<Utc>, RunId), is_in: bool) {
        if is_in && self.newest().is_none_or(|newest| newest < run) {
            return self.0.push_back(run);
        }
        match (self.0.binary_search(&run), is_in) {
            (Ok(at), false) => drop(self.0.remove(at)),
            (Err(at), true) => self.0.insert(at, run),
            (Ok(_), true) | (Err(_), false) => {}
        }
    }
}

impl Runs {
    pub(super) fn contains(&self, id: RunId) -> bool {
        self.all.get(id).is_some()
    }

    pub(super) fn get(&self, id: &RunId) -> Option<&Run> {
        self.all.get(*id)
    }

    /// Whoever makes a run final or a dead letter, or takes that back, also calls [`file`](Self::file).
    pub(super) fn get_mut(&mut self, id: &RunId) -> Option<&mut Run> {
        self.all.get_mut(*id)
    }

    /// All runs, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RunId, &Run)> {
        self.all.iter()
    }

    /// The runs whose state is not final, oldest first.
    pub(super) fn active(&self) -> impl Iterator<Item = (RunId, &Run)> {
        self.active.iter().filter_map(|id| Some((*id, self.get(id)?)))
    }

    /// The runs of a job whose state is not final, oldest first.
    pub(super) fn active_of(&self, job: &JobName) -> impl Iterator<Item = (RunId, &Run)> {
        let active = self.of.get(job).map(|of| &of.active);
        active.into_iter().flatten().filter_map(|id| Some((*id, self.get(id)?)))
    }

    /// The runs of a job.
    pub(super) fn of(&self, job: &JobName) -> Option<&OfJob> {
        self.of.get(job)
    }

    /// A run that is new, and not final.
    pub(super) fn add(&mut self, id: RunId, run: Run) {
        self.active.insert(id);
        self.of.entry(run.job.clone()).or_default().active.insert(id);
        self.all.insert(id, run);
    }

    /// A run as it was before.
    pub(super) fn put_back(&mut self, id: RunId, run: Run) {
        self.all.insert(id, run);
        self.file(id);
    }

    /// The state of a run may have become final, or is final no more, or the run was dismissed.
    pub(super) fn file(&mut self, id: RunId) {
        let Some(run) = self.all.get(id) else { return };
        let (key, is_active, is_dead) = ((run.nominal, id), run.progress.state.is_active(), run.is_dead());
        let is_beside = run.is_beside && !is_active && !is_dead;
        let of = self.of.entry(run.job.clone()).or_default();
        for active in [&mut self.active, &mut of.active] {
            if is_active {
                active.insert(id);
            } else {
                active.remove(&id);
            }
        }
        of.dead.set(key, is_dead);
        of.plain.set(key, !is_active && !is_dead);
        if is_beside {
            of.beside.insert(id);
        } else if !of.beside.is_empty() {
            of.beside.remove(&id);
        }
    }

    /// Copies of those that are named, and of all whose state is not final.
    pub(super) fn copies(&self, named: impl Iterator<Item = RunId>) -> Vec<(RunId, Run)> {
        let ids: BTreeSet<_> = self.active.iter().copied().chain(named).collect();
        ids.into_iter().filter_map(|id| Some((id, self.get(&id)?.clone()))).collect()
    }

    pub(super) fn remove(&mut self, id: RunId) -> Option<Run> {
        let run = self.all.remove(id)?;
        self.active.remove(&id);
        if let Some(of) = self.of.get_mut(&run.job) {
            of.active.remove(&id);
            of.dead.set((run.nominal, id), false);
            of.plain.set((run.nominal, id), false);
            of.beside.remove(&id);
        }
        Some(run)
    }

    /// Another name for a job.
    pub(super) fn rename(&mut self, was: &JobName, name: &JobName) {
        for run in self.all.values_mut().filter(|run| run.job == *was) {
            run.job = name.clone();
        }
        if let Some(of) = self.of.remove(was) {
            self.of.insert(name.clone(), of);
        }
    }

    /// The arguments of a job are about to be others than these: its runs keep those that they were made with.
    pub(super) fn keep_args(&mut self, job: &JobName, args: &Option<Arc<str>>) {
        let made = self.all.values_mut().filter(|run| run.job == *job && run.rare.args == Given::OfJob);
        for run in made {
            run.rare.args = Given::Own(args.clone());
        }
    }

    /// Removes the runs of a job.
    pub(super) fn forget(&mut self, job: &JobName) {
        let active = &mut self.active;
        self.all.retain(|id, run| {
            let is_kept = run.job != *job;
            if !is_kept {
                active.remove(&id);
            }
            is_kept
        });
        self.of.remove(job);
    }
}

impl Index<&RunId> for Runs {
    type Output = Run;

    fn index(&self, id: &RunId) -> &Run {
        self.get(id).expect("whoever has this number has just seen the run")
    }
}
