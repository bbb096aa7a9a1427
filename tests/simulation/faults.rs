//! A store as one process sees it: it fails, it is slow, and the process dies in the middle of it.

mod reads;
mod seen;
mod words;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_runtime::core::job::JobName;
use cron_runtime::core::run::{OwnerId, RunId};
use cron_runtime::store::{
    Answer, Claim, Claimed, Command, CommandError, Done, FileNow, JudgeRequest, Judged, Note, Program,
    Pruned, Reaped, Rewinds, Settled, Settlement, Sighting, Store, StoreError, Synced, WaitingRun,
};
use cron_runtime::testing::Lag;
use fastrand::Rng;

use crate::books::{Both, Doorbell};
use crate::draw::{chance, seconds, span};
use crate::history::History;
use words::{Brief, Hidden, brief, ends};

/// What is wrong with the store of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Trouble {
    #[default]
    None,
    /// So many calls in a hundred fail: before they were applied, or after that.
    Erratic { before: u32, after: u32 },
    /// So many calls in a hundred take their time, up to `most`.
    Slow { percent: u32, most: Duration },
    /// What writes fails: the disk is full, or read-only.
    Full,
    /// Everything fails.
    Unreachable,
    /// The file vanishes right after this many more calls: the last of them is applied, and answered.
    Vanishing { calls: u32 },
    /// The file is not where it was. It may be put back.
    Vanished,
}

/// When a process dies: at the n-th call from now on, before or after it was applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Death {
    pub(crate) calls: u32,
    pub(crate) after: bool,
}

/// What is in store for a process.
#[derive(Debug)]
struct Weather {
    rng: Rng,
    trouble: Trouble,
    death: Option<Death>,
    is_dead: bool,
    lag: Option<Lag>,
}

/// An error of a call.
trait Failure: From<StoreError> + Debug {
    /// The store has failed; a command that it refuses is no failure.
    fn is_of_store(&self) -> bool;
}

impl Failure for StoreError {
    fn is_of_store(&self) -> bool {
        true
    }
}

impl Failure for CommandError {
    fn is_of_store(&self) -> bool {
        matches!(self, Self::Store(_))
    }
}

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Well,
    /// It fails and has not happened.
    Before(&'static str),
    /// It fails and has happened.
    After(&'static str),
    /// It happens, and nobody will find it.
    Vanishes,
}

/// The store of one process.
#[derive(Debug)]
pub(crate) struct Desk {
    inner: Arc<dyn Both>,
    /// 0 for a person who never joins.
    instance: u32,
    // Told by who drives the world, asked by the calls of the engine: all on one thread.
    weather: Mutex<Weather>,
    doorbell: Doorbell,
    history: History,
    in_vain: seen::InVain,
}

impl Desk {
    pub(crate) fn new(
        inner: Arc<dyn Both>,
        instance: u32,
        rng: Rng,
        doorbell: Doorbell,
        history: History,
    ) -> Self {
        let weather = Weather { rng, trouble: Trouble::None, death: None, is_dead: false, lag: None };
        let (weather, in_vain) = (Mutex::new(weather), seen::InVain::default());
        Self { inner, instance, weather, doorbell, history, in_vain }
    }

    fn weather(&self) -> MutexGuard<'_, Weather> {
        self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process is gone at once.
    pub(crate) fn die(&self) {
        self.weather().is_dead = true;
    }

    pub(crate) fn set_lag(&self, lag: Option<Lag>) {
        self.weather().lag = lag;
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        self.weather().trouble = trouble;
    }

    pub(crate) fn dies(&self, death: Option<Death>) {
        self.weather().death = death;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.weather().is_dead
    }

    fn fate(&self, writes: bool) -> Fate {
        let mut weather = self.weather();
        let Weather { rng, trouble, death, is_dead, lag } = &mut *weather;
        if *is_dead {
            return Fate::Before("the process is gone");
        }
        match death {
            Some(Death { calls: 0, after }) => {
                *is_dead = true;
                return if *after { Fate::After("dies") } else { Fate::Before("dies") };
            }
            Some(Death { calls, .. }) => *calls -= 1,
            None => {}
        }
        match *trouble {
            Trouble::Vanishing { calls: 0 } => {
                *trouble = Trouble::Vanished;
                Fate::Vanishes
            }
            Trouble::Vanishing { calls } => {
                *trouble = Trouble::Vanishing { calls: calls - 1 };
                Fate::Well
            }
            Trouble::Vanished => Fate::Before("the file is gone"),
            Trouble::Unreachable => Fate::Before("the store cannot be reached"),
            Trouble::Full if writes => Fate::Before("the disk is full"),
            Trouble::Erratic { before, after } => match rng.u32(0..100) {
                drawn if drawn < before => Fate::Before("an error"),
                drawn if drawn < before + after => Fate::After("an error after the commit"),
                _ => Fate::Well,
            },
            Trouble::Slow { percent, most } if chance(rng, percent) => {
                let takes = span(rng, Duration::from_millis(1), most.max(seconds(1)));
                if let Some(lag) = lag {
                    lag.take(takes);
                    self.history.halts(self.instance, takes);
                    self.history.say(format_args!("i{} takes {takes:?}", self.instance));
                }
                Fate::Well
            }
            Trouble::None | Trouble::Slow { .. } | Trouble::Full => Fate::Well,
        }
    }

    /// Makes a call, unless something is wrong. `seen` is told of what was applied, whether the caller learns of it or not.
    fn call<R: Debug, E: Failure>(
        &self,
        writes: bool,
        what: impl FnOnce() -> String,
        call: impl FnOnce(&dyn Both) -> Result<R, E>,
        seen: impl FnOnce(&R) -> Result<(), String>,
    ) -> Result<R, E> {
        let fate = self.fate(writes);
        let failed = |why: &'static str| E::from(StoreError::Backend(why.into()));
        let instance = self.instance;
        if let Fate::Before(why) = fate {
            self.history.troubled(instance);
            self.history.say(format_args!("i{instance} {} -> not done: {why}", what()));
            return Err(failed(why));
        }
        let result = call(self.inner.as_ref());
        self.history.say(format_args!("i{instance} {} -> {result:?}", what()));
        match &result {
            Ok(done) => {
                if let Err(breach) = seen(done) {
                    self.history.records().breach(breach);
                }
            }
            Err(error) if error.is_of_store() => {
                self.history.records().breach(format!("the store itself failed: {error:?}"));
            }
            Err(_) => {}
        }
        self.doorbell.listen();
        match fate {
            Fate::After(why) if result.is_ok() => {
                self.history.troubled(instance);
                self.history.say(format_args!("i{instance} hears nothing of it: {why}"));
                Err(failed(why))
            }
            Fate::Vanishes => {
                self.history.troubled(instance);
                self.history.say(format_args!("i{instance}: the file has vanished"));
                result
            }
            Fate::After(_) | Fate::Before(_) | Fate::Well => result,
        }
    }

    /// What was claimed may be called, unless its file has vanished with the claim.
    fn told(&self, claimed: &[Claimed]) {
        if self.weather().trouble != Trouble::Vanished {
            self.history.records().model.told(claimed);
        }
    }
}

/// With the last that holds the store of a process its lock is gone, and from here on its end is a death.
impl Drop for Desk {
    fn drop(&mut self) {
        self.history.records().model.gone.insert(self.instance);
    }
}

impl Store for Desk {
    fn join(&self, now: DateTime<Utc>) -> Result<OwnerId, StoreError> {
        let joined =
            self.call(true, || format!("join   at {now}"), |inner| inner.join(now).map(Hidden), |_| Ok(()));
        joined.map(|Hidden(owner)| owner).inspect(|_| self.doorbell.ring())
    }

    fn sync(&self, program: &Program, now: DateTime<Utc>) -> Result<Synced, StoreError> {
        let synced =
            self.call(true, || format!("sync   at {now}"), |inner| inner.sync(program, now), |_| Ok(()));
        synced.inspect(|_| self.doorbell.ring())
    }

    fn judge(&self, request: JudgeRequest) -> Result<Judged, StoreError> {
        let JudgeRequest { now, room, .. } = request;
        let asked = self.asked_of_others();
        let judged = self.call(
            true,
            || format!("judge  at {now} room {room}"),
            |inner| inner.judge(request).map(Brief),
            |Brief(judged)| self.saw_judged(judged, request),
        );
        self.ring_if_asked(&asked);
        let Brief(judged) = judged?;
        self.told(&judged.claimed);
        Ok(judged)
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        let told = settlements.clone();
        self.call(
            true,
            || format!("settle {}", ends(&told)),
            |inner| inner.settle(settlements),
            |settled| self.saw_settled(&told, settled),
        )
    }

    fn settle_and_judge(
        &self,
        settlements: Vec<Settlement>,
        request: JudgeRequest,
    ) -> Answer<(Vec<Settled>, Judged)> {
        if settlements.is_empty() {
            let judged = self.judge(request);
            return Box::new(|| Ok((Vec::new(), judged?)));
        }
        let JudgeRequest { now, room, .. } = request;
        let (told, asked) = (settlements.clone(), self.asked_of_others());
        let done = self.call(
            true,
            || format!("judge  at {now} room {room}, settle {}", ends(&told)),
            |inner| {
                inner.settle_and_judge(settlements, request)()
                    .map(|(settled, judged)| (settled, Brief(judged)))
            },
            |(settled, Brief(judged))| self.saw_both(&told, settled, (judged, request)),
        );
        self.ring_if_asked(&asked);
        if let Ok((_, Brief(judged))) = &done {
            self.told(&judged.claimed);
        }
        Box::new(|| done.map(|(settled, Brief(judged))| (settled, judged)))
    }

    fn note(&self, notes: Vec<(Claim, Note)>) -> Result<Vec<Claim>, StoreError> {
        self.call(true, || format!("note   {}", notes.len()), |inner| inner.note(notes.clone()), |_| Ok(()))
    }

    fn renew(&self, claims: Vec<Claim>, until: DateTime<Utc>) -> Result<Vec<Claim>, StoreError> {
        let asked = claims.clone();
        let runs: Vec<_> = claims.iter().map(|claim| (claim.run.0, claim.epoch.0)).collect();
        self.call(
            true,
            || format!("renew  until {until} {runs:?}"),
            |inner| inner.renew(claims, until),
            |fenced| {
                let now = self.history.now();
                self.history.records().model.renewed(self.instance, &asked, fenced, until, now)
            },
        )
    }

    fn waiting(&self, now: DateTime<Utc>) -> Result<Vec<WaitingRun>, StoreError> {
        self.call(false, || format!("queue  at {now}"), |inner| inner.waiting(now), |_| Ok(()))
    }

    fn reap(&self, now: DateTime<Utc>) -> Result<Reaped, StoreError> {
        let reaped = self.call(
            true,
            || format!("reap   at {now}"),
            |inner| inner.reap(now),
            |reaped| {
                let true_now = self.history.now();
                let mut records = self.history.records();
                let mut lost = reaped.lost.iter();
                lost.try_for_each(|(_, run, state)| records.lost(*run, *state, now, true_now))?;
                let mut quarantined = reaped.quarantined.iter();
                quarantined.try_for_each(|(job, deaths)| records.model.quarantined(job.as_str(), *deaths))
            },
        )?;
        if !reaped.lost.is_empty() {
            self.doorbell.ring();
        }
        Ok(reaped)
    }

    fn take_back(&self, held: Vec<Claim>, now: DateTime<Utc>) -> Result<Vec<(JobName, RunId)>, StoreError> {
        let taken = self.call(
            true,
            || format!("take back at {now}"),
            |inner| inner.take_back(held, now),
            |taken| {
                let true_now = self.history.now();
                let model = &mut self.history.records().model;
                taken.iter().try_for_each(|(_, run)| {
                    let found = self.inner.run(*run).map_err(|error| error.to_string())?;
                    let (info, _) =
                        found.ok_or_else(|| format!("run {run} was given back and is not there"))?;
                    model.given_back(*run, info.state, true_now)
                })
            },
        )?;
        if !taken.is_empty() {
            self.doorbell.ring();
        }
        Ok(taken)
    }

    fn note_problems(&self, sightings: Vec<Sighting>) -> Result<(), StoreError> {
        let number = sightings.len();
        self.call(true, || format!("problems {number}"), |inner| inner.note_problems(sightings), |()| Ok(()))
    }

    fn set_back(&self, now: DateTime<Utc>) -> Result<Rewinds, StoreError> {
        let set_back = self.call(
            true,
            || format!("set back to {now}"),
            |inner| inner.set_back(now),
            |jobs| {
                let model = &mut self.history.records().model;
                model.set_back.extend(jobs.back.iter().map(|(job, _)| job.to_string()));
                model.ever_set_back.extend(jobs.back.iter().map(|(job, _)| job.to_string()));
                self.saw_set_back(now, jobs, &model.ever_set_back)
            },
        )?;
        if !set_back.is_empty() {
            self.doorbell.ring();
        }
        Ok(set_back)
    }

    fn prune(&self, now: DateTime<Utc>, limit: usize) -> Result<Pruned, StoreError> {
        self.call(true, || format!("prune  at {now}"), |inner| inner.prune(now, limit), |_| Ok(()))
    }

    fn prune_jobs(&self, jobs: Vec<JobName>, now: DateTime<Utc>) -> Answer<Pruned> {
        let number = jobs.len();
        let what = || format!("prune  {number} jobs at {now}");
        let pruned = self.call(true, what, |inner| inner.prune_jobs(jobs, now)(), |_| Ok(()));
        Box::new(move || pruned)
    }

    fn command(&self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let asked = command.clone();
        let done = self.call(
            true,
            || format!("command at {now} {}", brief(&asked)),
            |inner| inner.command(command, now),
            |done| {
                self.saw_done(&asked, done);
                Ok(())
            },
        )?;
        self.doorbell.ring();
        Ok(done)
    }

    fn leave(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        // Its engine has ended, whether or not the store hears of it.
        let left = self.history.records().model.leaves(self.instance);
        if let Err(breach) = left {
            self.history.records().breach(breach);
        }
        let instance = self.instance;
        self.call(
            true,
            || format!("leave  at {now}"),
            |inner| inner.leave(now),
            |()| {
                self.history.records().model.has_left.insert(instance);
                Ok(())
            },
        )?;
        self.doorbell.ring();
        Ok(())
    }

    fn still_there(&self) -> Result<(), StoreError> {
        match self.weather().trouble {
            Trouble::Vanished => Err(StoreError::FileGone { path: "books".into(), now: FileNow::Missing }),
            Trouble::None
            | Trouble::Erratic { .. }
            | Trouble::Slow { .. }
            | Trouble::Full
            | Trouble::Unreachable
            | Trouble::Vanishing { .. } => Ok(()),
        }
    }

    fn doorbell(&self) -> Option<PathBuf> {
        None
    }

    fn file(&self) -> Option<PathBuf> {
        None
    }
}
