//! The calls of functions, held against each other and against the record.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use cron_runtime::core::policy::Overlap;
use cron_runtime::core::run::{AttemptResult, RunId, StateWord};
use cron_runtime::store::{AttemptInfo, Claim, JobInfo, Ledger, RunInfo};

use crate::history::{Call, Ending, Finish, Records};
use crate::model::Close;
use crate::scenario::Scenario;

/// An engine whose store has failed comes again a second later.
const HEARS_AGAIN: TimeDelta = TimeDelta::seconds(2);

/// What was found before.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// How many calls were looked at.
    seen: usize,
    /// Those of each job that may still be in progress, by their index.
    open: BTreeMap<String, Vec<usize>>,
}

fn sound(is_so: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(what()) }
}

impl Calls {
    /// No more functions of a job are in progress at one moment of true time than its policy allows.
    pub(crate) fn check(&mut self, scenario: &Scenario) -> Result<(), String> {
        let records = scenario.history.records();
        let now = scenario.history.now();
        // What has begun at this very moment may still see another one end.
        while let Some(call) = records.calls.get(self.seen).filter(|call| call.began < now) {
            let open = self.open.entry(call.job.clone()).or_default();
            open.retain(|index| records.calls[*index].ended.is_none_or(|(at, _)| at > call.began));
            let most = scenario.most_running(&call.job);
            let beside: Vec<_> = open
                .iter()
                .map(|index| &records.calls[*index])
                .filter(|older| !is_excused(&records, older, call))
                .collect();
            let is_forced = records.model.is_forced(call.claim.run);
            sound(is_forced || beside.len() < most, || {
                format!("{call:?} begins beside {beside:#?}, and {most} may run at once")
            })?;
            open.push(self.seen);
            self.seen += 1;
        }
        Ok(())
    }

    /// What the record says of runs, and what has happened in them, are the same.
    pub(crate) fn check_runs(
        &self,
        scenario: &Scenario,
        jobs: &[JobInfo],
        runs: &[RunInfo],
    ) -> Result<(), String> {
        let mut calls: BTreeMap<RunId, Vec<Call>> = BTreeMap::new();
        for call in &scenario.history.records().calls {
            calls.entry(call.claim.run).or_default().push(call.clone());
        }
        for run in runs {
            let of_run = calls.remove(&run.id).unwrap_or_default();
            let (_, attempts) = scenario.person.run(run.id).expect("readable").expect("listed");
            let Some(job) = jobs.iter().find(|job| job.plan.name == run.job) else {
                return Err(format!("{run:?} has no job"));
            };
            let revived = scenario.history.records().model.revived.get(&run.id).copied().unwrap_or_default();
            check_run(job, run, &attempts, &of_run, revived)
                .map_err(|breach| format!("{breach}\n{run:#?}\n{attempts:#?}\n{of_run:#?}"))?;
        }
        // What is left was pruned: by number, or under a clock by which it is old.
        let now = scenario.history.now();
        let records = scenario.history.records();
        let unknown = calls.into_values().flatten().find(|call| {
            let job = jobs.iter().find(|job| job.plan.name.as_str() == call.job);
            job.is_none_or(|job| {
                let keep = job.plan.retention;
                let may_be_old = records.model.may_be_old(call.claim.run, keep.age.min(keep.dead_age), now);
                keep.runs >= 10_000 && !may_be_old
            })
        });
        sound(unknown.is_none(), || format!("a call without a record: {unknown:?}"))
    }
}

/// Whether an older call may still be in progress while a newer one begins: the contract bounds what a process can do that stands
/// still, or that others hold against a clock which is ahead of its own.
fn is_excused(records: &Records, older: &Call, newer: &Call) -> bool {
    if records.model.is_forced(older.claim.run) {
        return true;
    }
    let Some(attempt) = records.model.attempts.get(&older.claim) else { return false };
    let Some((closed, how)) = attempt.closed.filter(|(at, _)| *at <= newer.began) else { return false };
    match how {
        Close::Settled => false,
        Close::Lost { early } => early || records.was_halted(older.instance, attempt.renewed, newer.began),
        Close::Ended => {
            let since = closed - HEARS_AGAIN;
            records.was_halted(older.instance, since, newer.began)
                || records.was_troubled(older.instance, since, newer.began)
        }
    }
}

fn check_run(
    job: &JobInfo,
    run: &RunInfo,
    attempts: &[AttemptInfo],
    calls: &[Call],
    revived: u32,
) -> Result<(), String> {
    let retries = job.plan.retry.retries;
    let of = |result| attempts.iter().filter(|attempt| attempt.result == result).count();
    let interrupted = of(AttemptResult::Interrupted);
    // Without retries it is called once, whatever cuts it off, and once more for each time that a person wants it.
    let again = if retries == 0 { 0 } else { interrupted };
    let most = (retries as usize + 1) * (revived as usize + 1) + again;
    sound(calls.len() <= most, || format!("{} calls, and at most {most} are allowed", calls.len()))?;
    sound(run.attempts_used <= retries + 1, || "too many attempts are used".to_owned())?;
    let newest = calls.iter().map(|call| call.claim.epoch).max();
    sound(newest <= Some(run.epoch), || format!("a call had the epoch {newest:?}"))?;
    let finish = |epoch| {
        let claim = Claim { run: run.id, epoch };
        let call = calls.iter().find(|call| call.claim == claim)?;
        call.ended.map(|(_, finish)| finish)
    };
    for attempt in attempts {
        let finish = finish(attempt.epoch);
        let is_so = match attempt.result {
            AttemptResult::Errored if attempt.message.starts_with("stopped:") => {
                !matches!(finish, Some(Finish::Returned(ending)) if ending.is_success())
            }
            AttemptResult::Errored => matches!(
                finish,
                Some(Finish::Returned(Ending::Error | Ending::RetryAfter(_) | Ending::Stopped))
            ),
            AttemptResult::Panicked => finish == Some(Finish::Returned(Ending::Panic)),
            AttemptResult::Discarded => finish == Some(Finish::Returned(Ending::Discard)),
            AttemptResult::TimedOut => finish.is_some(),
            AttemptResult::Succeeded => false,
            AttemptResult::Interrupted
            | AttemptResult::Lost
            | AttemptResult::Fenced
            | AttemptResult::Cancelled => true,
        };
        sound(is_so, || format!("{attempt:?}, and its call ended {finish:?}"))?;
    }
    match run.state.word() {
        StateWord::Succeeded => {
            let finish = finish(run.epoch);
            let is_so = matches!(finish, Some(Finish::Returned(ending)) if ending.is_success());
            sound(is_so, || format!("it succeeded, and its call ended {finish:?}"))
        }
        StateWord::Quarantined => sound(run.crashes >= 1, || "quarantined, and its process lived".to_owned()),
        StateWord::Scheduled | StateWord::Running | StateWord::Waiting => Err("it has not ended".to_owned()),
        StateWord::Failed => {
            let uses = attempts.iter().any(|attempt| attempt.result != AttemptResult::Interrupted);
            let was_cut_off = retries == 0 && !calls.is_empty() && interrupted > 0;
            sound(uses || was_cut_off, || "it failed without an attempt".to_owned())
        }
        StateWord::Discarded | StateWord::Cancelled => Ok(()),
    }
}

impl Scenario {
    /// How many functions of a job may be in progress at once.
    fn most_running(&self, job: &str) -> usize {
        let plan = self.plans.iter().find(|plan| plan.name.as_str() == job);
        match plan.map(|plan| (plan.overlap, plan.slots.max_running)) {
            Some((Overlap::Allow, most)) => most.map_or(usize::MAX, |most| most as usize),
            Some((Overlap::Skip | Overlap::Queue | Overlap::Cancel, _)) | None => 1,
        }
    }
}
