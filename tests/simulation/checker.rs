//! Whether what is on record, and what has happened, keep the contract.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::job::JobName;
use cron_runtime::core::policy::{CatchUpRule, Overlap};
use cron_runtime::core::run::{Origin, RunId};
use cron_runtime::core::schedule::Schedule;
use cron_runtime::store::{
    Cancel, Command, JobInfo, JobQuery, Ledger, Page, RunFilter, RunInfo, RunQuery, Target,
};

use crate::calls::Calls;
use crate::draw::seconds;
use crate::history::Call;
use crate::scenario::Scenario;

/// Once all is well it is waited so long for what has been left behind.
const PATIENCE: TimeDelta = TimeDelta::days(4);

/// More runs than these are not waited for.
const MANY: usize = 1_000;

/// A scheduler that is well is no later than this.
const SOON: TimeDelta = TimeDelta::seconds(10);

/// What was found at the checks before.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    marks: BTreeMap<JobName, DateTime<Utc>>,
    calls: Calls,
}

pub(crate) fn all_runs(scenario: &Scenario, filter: RunFilter) -> Vec<RunInfo> {
    let query = RunQuery { filter, page: Page { limit: usize::MAX }, ..RunQuery::default() };
    scenario.person.runs(&query).expect("readable")
}

fn all_jobs(scenario: &Scenario) -> Vec<JobInfo> {
    scenario.person.jobs(&JobQuery::default()).expect("readable")
}

fn sound(is_so: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(what()) }
}

impl Checker {
    /// What has to hold at any time.
    pub(crate) fn check(&mut self, scenario: &Scenario) -> Result<(), String> {
        scenario.breach()?;
        scenario.history.records().model.was_stopped_in_time()?;
        for job in all_jobs(scenario) {
            let name = job.plan.name.clone();
            let audit = scenario.person.audit(name.as_str()).expect("readable").expect("a known job");
            sound(audit.is_sound(), || format!("the ledger of `{name}` breaks the contract: {audit:?}"))?;
            let was_set_back = scenario.history.records().model.set_back.contains(name.as_str());
            let before = self.marks.insert(name.clone(), job.mark);
            sound(was_set_back || before.is_none_or(|before| before <= job.mark), || {
                format!("the mark of `{name}` went back from {before:?} to {}", job.mark)
            })?;
        }
        // A mark may have gone back once for each time that it was set back.
        scenario.history.records().model.set_back.clear();
        self.calls.check(scenario)
    }

    /// Lets the world heal, and finds that nothing was left behind.
    pub(crate) fn heal(&mut self, scenario: &mut Scenario) -> Result<(), String> {
        self.check(scenario)?;
        scenario.mend();
        let newest = all_runs(scenario, RunFilter::All).iter().map(|run| run.id).max();
        self.check(scenario)?;
        for job in all_jobs(scenario) {
            scenario.command(Command::Resume { target: Target::Job(job.plan.name) });
        }
        scenario.command(Command::Resume { target: Target::Group("crew".parse().expect("a name")) });
        // Marks may lie up to 3 hours ahead.
        scenario.advance(seconds(3 * 3_600 + 600));
        self.check(scenario)?;
        beside_once(scenario, newest)?;
        let well = scenario.history.now();
        let suspects: Vec<_> = all_jobs(scenario).into_iter().filter(|job| job.suspect.is_some()).collect();
        scenario.advance(seconds(1_800));
        self.check(scenario)?;
        // Those start one after the other.
        if suspects.is_empty() {
            is_on_time(scenario, well)?;
        }
        for job in all_jobs(scenario) {
            let now = scenario.history.now();
            sound(!is_starving(&job, now), || {
                format!("at {now} nobody judges `{}`: {job:?}", job.plan.name)
            })?;
        }
        self.drain(scenario)?;
        let runs = all_runs(scenario, RunFilter::All);
        for job in all_jobs(scenario) {
            count(scenario, &job, &runs)?;
        }
        run_once(scenario)?;
        self.calls.check_runs(scenario, &all_jobs(scenario), &runs)?;
        self.close(scenario)
    }

    /// While no tick is judged any more, all that was started comes to an end.
    fn drain(&mut self, scenario: &mut Scenario) -> Result<(), String> {
        for job in all_jobs(scenario) {
            let (by, note) = ("eve".to_owned(), "the end".to_owned());
            scenario.command(Command::Pause { target: Target::Job(job.plan.name), by, note });
        }
        // One worker would be busy for weeks with what piled up before it while the others were away.
        if all_runs(scenario, RunFilter::Active).len() > MANY {
            for job in all_jobs(scenario) {
                let (by, note) = ("eve".to_owned(), "too many".to_owned());
                let what = Cancel::All(Target::Job(job.plan.name));
                scenario.command(Command::Cancel { what, force: false, by, note });
            }
        }
        let until = scenario.history.now() + PATIENCE;
        loop {
            let left = all_runs(scenario, RunFilter::Active);
            if left.is_empty() {
                break;
            }
            let now = scenario.history.now();
            sound(now < until, || format!("at {now} these runs are still not done: {left:#?}"))?;
            scenario.advance(seconds(300));
        }
        // An engine that hears of the end of a run has stopped its function.
        scenario.advance(seconds(60));
        self.check(scenario)?;
        let still = scenario.history.records().calls.iter().find(|call| call.ended.is_none()).cloned();
        sound(still.is_none(), || format!("all runs have ended, and a function has not: {still:?}"))
    }

    /// A shutdown of all that is there comes to its end.
    fn close(&mut self, scenario: &mut Scenario) -> Result<(), String> {
        scenario.members.keys().copied().collect::<Vec<_>>().into_iter().for_each(|number| {
            scenario.shut_down(number);
        });
        scenario.advance(seconds(60));
        let left = scenario.members.keys().collect::<Vec<_>>();
        sound(left.is_empty(), || format!("a shutdown with nothing to do does not end: {left:?}"))?;
        self.check(scenario)
    }
}

/// Whether ticks wait for nothing but a judge.
fn is_starving(job: &JobInfo, now: DateTime<Utc>) -> bool {
    if job.paused.is_some() || job.active + job.parked > 0 {
        return false;
    }
    if let Some(hold) = job.hold {
        return hold.until.is_some_and(|until| until + SOON < now);
    }
    // While skips are suspended a mark waits at a block that stands, until the clock has come through it: then nothing is suspended.
    // So it is where no tick is to come.
    if let Some(until) = job.suspended {
        return job.linked && until + SOON < now;
    }
    let Some(schedule) = &job.plan.schedule else { return false };
    let jitter = TimeDelta::from_std(job.plan.jitter.unwrap_or_default()).expect("a short span");
    schedule.anchored(job.since).next_after(job.mark).is_some_and(|tick| tick + jitter + SOON < now)
}

/// Where nothing holds a job up, its ticks start when they are due.
fn is_on_time(scenario: &Scenario, well: DateTime<Utc>) -> Result<(), String> {
    if scenario.frame.few_workers {
        return Ok(());
    }
    let free: Vec<_> = all_jobs(scenario)
        .into_iter()
        .filter(|job| {
            // What one run says about the next one, another run beside it may take back.
            let is_free = job.plan.overlap == Overlap::Skip && job.plan.group.is_none();
            is_free && job.plan.catch_up.rule != CatchUpRule::All
        })
        .map(|job| job.plan.name.to_string())
        .collect();
    let records = scenario.history.records();
    let late = records.calls.iter().find(|call| {
        call.is_late
            && call.origin == Origin::Tick
            && call.began > well
            && call.nominal > well
            && free.contains(&call.job)
    });
    sound(late.is_none(), || format!("all is well since {well}, and a tick is late: {late:?}"))
}

/// Whatever the clocks have shown: a tick that has a run has no other one, also where that was pruned since.
fn run_once(scenario: &Scenario) -> Result<(), String> {
    let records = scenario.history.records();
    let mut ran = BTreeMap::new();
    for call in records.calls.iter().filter(|call| call.origin == Origin::Tick) {
        let before = ran.insert((&call.job, call.nominal), call.claim.run);
        sound(before.is_none_or(|before| before == call.claim.run), || {
            format!("the tick {} of `{}` ran as {before:?} and again: {call:?}", call.nominal, call.job)
        })?;
    }
    Ok(())
}

/// Once all clocks are right, each instant has one run beside the ticks at most, whoever was there, died or came. `newest` is the newest
/// run of the time before.
fn beside_once(scenario: &Scenario, newest: Option<RunId>) -> Result<(), String> {
    let records = scenario.history.records();
    let mut ran = BTreeMap::new();
    let of_clock = |call: &&Call| call.origin == Origin::Clock && Some(call.claim.run) > newest;
    for call in records.calls.iter().filter(of_clock) {
        let before = ran.insert((&call.job, call.nominal), call.claim.run);
        sound(before.is_none_or(|before| before == call.claim.run), || {
            format!("the instant {} of `{}` has run {before:?} and another: {call:?}", call.nominal, call.job)
        })?;
    }
    Ok(())
}

/// Counts the ticks of a job by the schedule alone, one by one, and looks for the verdict of each.
fn count(scenario: &Scenario, job: &JobInfo, runs: &[RunInfo]) -> Result<(), String> {
    let name = job.plan.name.as_str();
    // A record that was begun under a clock years behind is old as soon as that is right.
    let age = (scenario.history.now() - job.registered).to_std().unwrap_or_default();
    let is_whole = age < job.plan.retention.age
        && job.plan.retention.runs >= 10_000
        && !scenario.history.records().model.ever_set_back.contains(name);
    let Some(schedule) = job.plan.schedule.as_ref().filter(|_| is_whole && job.since == job.registered)
    else {
        return Ok(());
    };
    let anchored = schedule.anchored(job.registered);
    if is_delay(schedule) {
        return Ok(());
    }
    let mut skips = scenario.person.skips(name, Page { limit: usize::MAX }).expect("readable");
    skips.reverse();
    let ran: Vec<_> =
        runs.iter().filter(|run| run.job == job.plan.name && run.origin == Origin::Tick).collect();
    let (mut found, mut skipped) = (0, 0);
    let mut at = job.registered;
    while let Some(tick) = anchored.next_after(at).filter(|tick| *tick <= job.mark) {
        let verdicts = ran.iter().filter(|run| run.nominal == tick).count();
        let blocks = skips.iter().filter(|skip| skip.first <= tick && tick <= skip.last).count();
        sound(verdicts + blocks == 1, || {
            format!(
                "`{name}`: the tick {tick} has {verdicts} runs and is in {blocks} blocks of skipped ticks"
            )
        })?;
        found += verdicts;
        skipped += blocks as u64;
        at = tick;
    }
    sound(found == ran.len(), || format!("`{name}` has {} runs of ticks, and {found} ticks ran", ran.len()))?;
    let recorded: u64 = skips.iter().map(|skip| skip.count).sum();
    sound(recorded == skipped, || format!("`{name}` has {skipped} skipped ticks, {recorded} are on record"))
}

/// The ticks of a delay depend on its runs: after one that has just ended none is due.
fn is_delay(schedule: &Schedule) -> bool {
    schedule.describe().contains("after")
}
