//! What is new in the ledger since it was read last.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use cron_core::run::{RunId, RunState, Stage};
use cron_runtime::store::{
    JobInfo, JobQuery, Ledger, LogLine, Page, PauseInfo, RunFilter, RunInfo, RunQuery, SkipInfo,
};

use super::event::{Event, What, number};
use crate::context::zone_of;
use crate::failure::Failure;
use crate::view::json::{self, Instant, said};
use crate::view::runs::attempt;

/// How many new runs are read at once.
const PAGE: usize = 500;

/// What is known.
#[derive(Debug)]
pub(super) struct Feed {
    /// Of this job only.
    job: Option<String>,
    jobs: BTreeMap<String, Seen>,
    /// Active runs.
    runs: BTreeMap<RunId, Known>,
    newest: Option<RunId>,
}

/// A job as it was.
#[derive(Clone, Debug)]
struct Seen {
    mark: DateTime<Utc>,
    paused: Option<PauseInfo>,
    zone: Tz,
}

/// A run as it was.
#[derive(Clone, Debug)]
struct Known {
    run: RunInfo,
    /// How many of its attempts were told.
    attempts: usize,
    log: Vec<LogLine>,
}

impl Feed {
    /// Begins now: what is there already is no news.
    pub(super) fn new(job: Option<String>, ledger: &impl Ledger) -> Result<Self, Failure> {
        let mut feed = Self { job, jobs: BTreeMap::new(), runs: BTreeMap::new(), newest: None };
        // In this order, so that a run that comes in between is known or is new, but not neither.
        feed.newest = ledger.runs(&all(None, 1))?.first().map(|run| run.id);
        for run in feed.active(ledger)? {
            let attempts = ledger.run(run.id)?.map_or(0, |(_, attempts)| attempts.len());
            let log = ledger.log(run.id)?;
            feed.runs.insert(run.id, Known { run, attempts, log });
        }
        for job in feed.read_jobs(ledger)? {
            feed.jobs.insert(job.plan.name.to_string(), Seen::of(&job));
        }
        Ok(feed)
    }

    pub(super) fn beginning(&self, database: String, now: DateTime<Utc>) -> Event {
        let what = What::Following { database, jobs: self.jobs.len(), active_runs: self.runs.len() };
        Event::new(now, Tz::UTC, what)
    }

    /// What has happened since the last call, in the order of time.
    pub(super) fn news(&mut self, ledger: &impl Ledger, now: DateTime<Utc>) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::new();
        self.news_of_runs(ledger, now, &mut events)?;
        self.news_of_jobs(ledger, now, &mut events)?;
        events.sort_by_key(|event| event.at.0);
        Ok(events)
    }

    fn active(&self, ledger: &impl Ledger) -> Result<Vec<RunInfo>, Failure> {
        let page = Page { limit: usize::MAX };
        let query = RunQuery { job: self.job.clone(), before: None, filter: RunFilter::Active, page };
        Ok(ledger.runs(&query)?)
    }

    fn read_jobs(&self, ledger: &impl Ledger) -> Result<Vec<JobInfo>, Failure> {
        match &self.job {
            Some(job) => Ok(ledger.job(job)?.into_iter().collect()),
            None => Ok(ledger.jobs(&JobQuery::default())?),
        }
    }

    /// The runs that came since the last call. They are read by number, for those of one job are in the order of its ticks, where
    /// a backfill is not the newest.
    fn fresh(&mut self, ledger: &impl Ledger) -> Result<Vec<RunInfo>, Failure> {
        let (mut fresh, mut before) = (Vec::new(), None);
        let is_new = |run: &RunInfo| self.newest.is_none_or(|newest| run.id > newest);
        loop {
            let page = ledger.runs(&all(before, PAGE))?;
            before = page.last().map(|run| run.id);
            let count = page.len();
            fresh.extend(page.into_iter().filter(is_new));
            if count < PAGE || before.is_some_and(|before| self.newest.is_some_and(|newest| before <= newest))
            {
                break;
            }
        }
        self.newest = self.newest.max(fresh.first().map(|run| run.id));
        let job = self.job.as_deref();
        fresh.retain(|run| job.is_none_or(|job| job == run.job.as_str()));
        Ok(fresh)
    }

    fn news_of_runs(
        &mut self,
        ledger: &impl Ledger,
        now: DateTime<Utc>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let mut found: BTreeMap<RunId, RunInfo> = BTreeMap::new();
        // What is new is read last, so that it is the later state of the two.
        for run in self.active(ledger)? {
            found.insert(run.id, run);
        }
        for run in self.fresh(ledger)? {
            found.insert(run.id, run);
        }
        let ended: Vec<RunId> = self.runs.keys().filter(|id| !found.contains_key(id)).copied().collect();
        for id in ended {
            match ledger.run(id)? {
                Some((run, _)) => drop(found.insert(id, run)),
                // It was removed with its job.
                None => drop(self.runs.remove(&id)),
            }
        }
        for (id, run) in found {
            let known = self.runs.remove(&id);
            let zone = self.jobs.get(run.job.as_str()).map_or(Tz::UTC, |seen| seen.zone);
            let known = News { ledger, zone, now, events }.of(known, run)?;
            if known.run.state.is_active() {
                self.runs.insert(id, known);
            }
        }
        Ok(())
    }

    fn news_of_jobs(
        &mut self,
        ledger: &impl Ledger,
        now: DateTime<Utc>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let mut jobs = BTreeMap::new();
        for job in self.read_jobs(ledger)? {
            let name = job.plan.name.to_string();
            let seen = Seen::of(&job);
            let mut tell = |what| events.push(Event::new(now, seen.zone, what));
            match self.jobs.get(&name) {
                None => tell(What::Added { job: name.clone() }),
                Some(old) => {
                    if old.mark < seen.mark {
                        for skip in skips_after(ledger, &name, old.mark)? {
                            tell(skipped(&name, &skip));
                        }
                    }
                    match (&old.paused, &seen.paused) {
                        (old, Some(pause)) if old.as_ref() != Some(pause) => tell(What::Paused {
                            job: name.clone(),
                            by: pause.by.clone(),
                            note: said(&pause.note).map(str::to_owned),
                        }),
                        (Some(_), None) => tell(What::Resumed { job: name.clone() }),
                        (Some(_) | None, _) => {}
                    }
                }
            }
            jobs.insert(name, seen);
        }
        for (name, seen) in &self.jobs {
            if !jobs.contains_key(name) {
                events.push(Event::new(now, seen.zone, What::Removed { job: name.clone() }));
            }
        }
        self.jobs = jobs;
        Ok(())
    }
}

impl Seen {
    fn of(job: &JobInfo) -> Self {
        Self { mark: job.mark, paused: job.paused.clone(), zone: zone_of(job) }
    }
}

fn all(before: Option<RunId>, limit: usize) -> RunQuery {
    RunQuery { job: None, before, filter: RunFilter::All, page: Page { limit } }
}

/// The blocks of skipped ticks that begin after an instant, oldest first.
fn skips_after(ledger: &impl Ledger, job: &str, mark: DateTime<Utc>) -> Result<Vec<SkipInfo>, Failure> {
    let mut limit = 16;
    loop {
        let mut skips = ledger.skips(job, Page { limit })?;
        let is_all = skips.len() < limit || skips.last().is_some_and(|skip| skip.first <= mark);
        if is_all {
            skips.retain(|skip| skip.first > mark);
            skips.reverse();
            return Ok(skips);
        }
        limit *= 8;
    }
}

fn skipped(job: &str, skip: &SkipInfo) -> What {
    What::Skipped {
        job: job.to_owned(),
        first: Instant(skip.first),
        last: Instant(skip.last),
        count: skip.count,
        reason: skip.reason,
        held_by: skip.holder.map(number),
        note: said(&skip.note).map(str::to_owned),
    }
}

/// What is told of one run.
struct News<'a, L: Ledger> {
    ledger: &'a L,
    zone: Tz,
    now: DateTime<Utc>,
    events: &'a mut Vec<Event>,
}

impl<L: Ledger> News<'_, L> {
    fn tell(&mut self, at: DateTime<Utc>, what: What) {
        self.events.push(Event::new(at, self.zone, what));
    }

    /// Compares a run with what was known of it.
    fn of(&mut self, known: Option<Known>, run: RunInfo) -> Result<Known, Failure> {
        let (job, id) = (run.job.to_string(), number(run.id));
        let old = known.as_ref().map(|known| &known.run);
        let has_moved = old.is_none_or(|old| old.state != run.state || old.epoch != run.epoch);
        let end = run
            .started
            .zip(run.duration)
            .and_then(|(started, took)| started.checked_add_signed(TimeDelta::from_std(took).ok()?));
        if old.is_none()
            && let RunState::Scheduled { wake } = run.state
        {
            let (nominal, origin, parked) = (Instant(run.nominal), run.origin, wake.is_none());
            self.tell(self.now, What::Scheduled { job: job.clone(), run: id, nominal, origin, parked });
        }
        // One that comes back from the dead letters has the epoch of its last attempt, and has not started.
        let is_back = old.is_none() && matches!(run.state, RunState::Scheduled { .. });
        let is_started = !is_back && old.map_or(run.epoch.0 > 0, |old| old.epoch != run.epoch);
        if let (true, Some(started)) = (is_started, run.started) {
            let (nominal, origin, attempt) = (Instant(run.nominal), run.origin, attempt(&run));
            self.tell(started, What::Started { job: job.clone(), run: id, nominal, origin, attempt });
        }
        let attempts = self.attempts(known.as_ref(), &run, has_moved)?;
        let log = self.log(known.as_ref(), &run, has_moved)?;
        let at = if run.state.is_active() { self.now } else { end.unwrap_or(self.now) };
        if let Some(progress) = run
            .progress
            .as_ref()
            .filter(|progress| old.and_then(|old| old.progress.as_ref()) != Some(*progress))
        {
            let (fraction, message) = (progress.fraction, said(&progress.message).map(str::to_owned));
            self.tell(at, What::Progress { job: job.clone(), run: id, fraction, message });
        }
        if let Some(why) = run.asked.clone().filter(|_| old.is_none_or(|old| old.asked.is_none())) {
            self.tell(self.now, What::Asked { job: job.clone(), run: id, why });
        }
        if old.is_none_or(|old| old.state != run.state) {
            self.state(&run, at);
        }
        Ok(Known { run, attempts, log })
    }

    /// Where the run stands now, where no other event says it.
    fn state(&mut self, run: &RunInfo, at: DateTime<Utc>) {
        let (job, id) = (run.job.to_string(), number(run.id));
        let what = match run.state {
            RunState::Running { stage: Stage::Overdue } => What::Stuck { job, run: id },
            RunState::Waiting { wake } => What::Waiting { job, run: id, wake: Instant(wake) },
            RunState::Scheduled { .. } | RunState::Running { stage: Stage::InTime | Stage::Completed } => {
                return;
            }
            RunState::Succeeded
            | RunState::Failed
            | RunState::Discarded
            | RunState::Cancelled
            | RunState::Quarantined => What::Ended {
                job,
                run: id,
                state: run.state.word(),
                duration_ms: run.duration.map(json::millis),
                error: said(&run.error).map(str::to_owned),
            },
        };
        self.tell(at, what);
    }

    /// Attempts that ended without a success. Gives how many were told by now.
    fn attempts(&mut self, known: Option<&Known>, run: &RunInfo, has_moved: bool) -> Result<usize, Failure> {
        let told = known.map_or(0, |known| known.attempts);
        // A run that comes back from the dead letters has old ones; they are no news.
        let is_back = known.is_none() && run.attempts_used == 0 && run.epoch.0 > 0;
        if !has_moved {
            return Ok(told);
        }
        let Some((_, attempts)) = self.ledger.run(run.id)? else { return Ok(told) };
        if is_back {
            return Ok(attempts.len());
        }
        for attempt in attempts.iter().skip(told) {
            let end = attempt
                .started
                .zip(attempt.duration)
                .and_then(|(started, took)| started.checked_add_signed(TimeDelta::from_std(took).ok()?));
            let what = What::Attempt {
                job: run.job.to_string(),
                run: number(run.id),
                attempt: attempt.attempt,
                result: attempt.result,
                message: said(&attempt.message).map(str::to_owned),
            };
            self.tell(end.unwrap_or(self.now), what);
        }
        Ok(attempts.len())
    }

    /// Lines that were added to the log. Gives the log as it is now.
    fn log(
        &mut self,
        known: Option<&Known>,
        run: &RunInfo,
        has_moved: bool,
    ) -> Result<Vec<LogLine>, Failure> {
        let old = known.map(|known| known.log.as_slice()).unwrap_or_default();
        if !has_moved && !matches!(run.state, RunState::Running { .. }) {
            return Ok(old.to_vec());
        }
        let log = self.ledger.log(run.id)?;
        for line in added(old, &log) {
            let (job, attempt, text) = (run.job.to_string(), line.attempt, line.text.clone());
            self.tell(line.at, What::Log { job, run: number(run.id), attempt, text });
        }
        Ok(log)
    }
}

/// The lines at the end of a log that were not there. A log loses its oldest lines when it is full.
fn added<'a>(old: &[LogLine], new: &'a [LogLine]) -> &'a [LogLine] {
    let kept = |lost: &usize| new.starts_with(&old[*lost..]);
    match (0..=old.len()).find(kept) {
        Some(lost) => &new[old.len() - lost..],
        None => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_once_also_of_a_log_that_is_full() {
        let lines = |texts: &[&str]| -> Vec<LogLine> {
            let at = DateTime::from_timestamp(1_800_000_000, 0).expect("an instant");
            texts.iter().map(|text| LogLine { at, attempt: 1, text: (*text).to_owned() }).collect()
        };
        let told = |old: &[&str], new: &[&str]| -> Vec<String> {
            added(&lines(old), &lines(new)).iter().map(|line| line.text.clone()).collect()
        };
        assert_eq!(told(&[], &["a", "b"]), ["a", "b"]);
        assert_eq!(told(&["a"], &["a", "b"]), ["b"]);
        assert_eq!(told(&["a", "b", "c"], &["b", "c", "d"]), ["d"]);
        assert_eq!(told(&["a", "b"], &["c", "d"]), ["c", "d"]);
        assert_eq!(told(&["a", "b"], &["a", "b"]), [""; 0]);
    }
}
