//! What the engine sees of the clocks: steps, marks from a wrong time, and its own lateness.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use cron_core::duration::format_duration;
use cron_core::job::JobName;
use cron_core::judge::zone_rules_after;
use cron_core::problem::ProblemKind;

use super::Engine;
use super::outage::Verb;
use super::wait::Until;
use crate::clock::Moment;
use crate::store::{MarksAhead, Rewinds};

/// Clocks that differ by less than this were not set; they are disciplined all the time.
const CLOCK_STEP: TimeDelta = TimeDelta::seconds(2);

/// An engine that wakes later than this after its due instant is late.
const LATE: Duration = Duration::from_secs(1);

/// By how much the wall clock has moved more than the monotonic one.
fn step(from: Moment, to: Moment) -> TimeDelta {
    let monotonic = to.monotonic.saturating_sub(from.monotonic);
    let monotonic = TimeDelta::from_std(monotonic).unwrap_or(TimeDelta::MAX);
    (to.wall - from.wall).checked_sub(&monotonic).unwrap_or(TimeDelta::zero())
}

/// For how long after `from` the engine wanted to sleep at most.
fn wanted(until: Until, from: Moment) -> Option<Duration> {
    let wall = until.wall.map(|wall| (wall - from.wall).to_std().unwrap_or_default());
    wall.into_iter().chain(until.within).min()
}

impl Engine {
    /// Both clocks should have moved alike since the last step. Where they have not, the wall clock was set, or the machine
    /// slept: leases, which are kept in wall time, look older or younger than they are.
    pub(super) fn notice_clock(&mut self, now: Moment) {
        let Some(last) = self.last.replace(now) else { return };
        let step = step(last, now);
        if step.abs() < CLOCK_STEP {
            return;
        }
        let what = match (step < TimeDelta::zero(), step.abs().num_seconds()) {
            (true, seconds) => format!("the wall clock was set back by {seconds} s"),
            (false, seconds) => format!("the wall clock was set ahead by {seconds} s, or the machine slept"),
        };
        self.events.problem(ProblemKind::ClockStep, None, what);
        self.look = true;
        // Several small steps make a large one; the store looks how far each mark is away, and what a step ahead has jumped over.
        self.astray = true;
        self.keeper.renew_now(now);
        // The others see the step too and need a moment to renew, before anybody holds their leases against the new time.
        let patient = now.wall + TimeDelta::seconds(15);
        self.reaped = now.monotonic;
        if let Some(reap) = &mut self.reap {
            *reap = if step > TimeDelta::zero() { (*reap).max(patient) } else { patient };
        }
    }

    /// The engine wanted to sleep from `asleep` until `until`. The monotonic clock stands still while the machine sleeps, and the
    /// difference of the clocks is taken off, so neither a sleep nor a clock that was set looks like a late loop.
    pub(super) fn notice_late(&self, until: Until, asleep: Moment, now: Moment) {
        let Some(wanted) = wanted(until, asleep) else { return };
        let slept = now.monotonic.saturating_sub(asleep.monotonic);
        let step = step(asleep, now).abs().to_std().unwrap_or_default();
        let late = slept.saturating_sub(wanted).saturating_sub(step);
        if late > LATE {
            let what = format!("the engine woke {:.1} s late: it had no processor time", late.as_secs_f64());
            self.events.problem(ProblemKind::LateLoop, None, what);
        }
    }

    /// Moves high-water marks after the clock was set, or was seen for the first time.
    pub(super) fn set_back(&mut self, now: Moment) {
        if !self.astray || self.store_rests(now) {
            return;
        }
        // What was asked of the store in this step may have taken its time, and the clock is held against marks.
        let wall = self.executor.link.clock.moment().wall;
        match self.ask_store(Verb::SetBack, |store| store.set_back(wall)) {
            Ok(Rewinds { back, taken_up, ahead }) => {
                self.astray = false;
                self.look |= ahead.is_some();
                self.ahead_until = ahead.as_ref().map(|ahead| ahead.until);
                match ahead {
                    Some(ahead) => {
                        self.events.problem(ProblemKind::MarksAhead, None, marks_ahead(wall, &ahead))
                    }
                    None => self.events.over(ProblemKind::MarksAhead, None),
                }
                self.look |= !back.is_empty() || !taken_up.is_empty();
                if !back.is_empty() {
                    self.events.problem(ProblemKind::MarksSetBack, None, set_back(wall, &back));
                }
                if !taken_up.is_empty() {
                    self.events.problem(ProblemKind::MarksSetBack, None, jumped(wall, &taken_up));
                }
            }
            Err(error) => self.store_failed(Verb::SetBack, &error, now),
        }
    }

    /// Tells that the clock has passed all marks.
    pub(super) fn notice_passed(&mut self, now: Moment) {
        if self.ahead_until.is_some_and(|until| until <= now.wall) {
            self.ahead_until = None;
            self.events.over(ProblemKind::MarksAhead, None);
        }
    }
}

/// What is told of marks that lie ahead of the clock.
fn marks_ahead(now: DateTime<Utc>, ahead: &MarksAhead) -> String {
    let MarksAhead { until, waiting, ref named, goes_on } = *ahead;
    let by = (until - now).to_std().unwrap_or_default();
    let by = format_duration(Duration::from_secs(by.as_secs()));
    let seconds = |at: DateTime<Utc>| at.trunc_subsecs(0);
    let names: Vec<_> = named.iter().map(|job| format!("`{job}`")).collect();
    let (names, more) = (names.join(", "), if waiting > named.len() as u64 { ", ..." } else { "" });
    let waits = match waiting {
        0 => String::new(),
        1 => format!(" 1 job waits until then: {names}."),
        _ => format!(" {waiting} jobs wait until then: {names}{more}."),
    };
    let goes_on = match goes_on {
        0 => String::new(),
        1 => " 1 job that runs at intervals goes on at once, with runs beside the ticks.".to_owned(),
        _ => format!(" {goes_on} jobs that run at intervals go on at once, with runs beside the ticks."),
    };
    format!(
        "the clock is behind, or was ahead, by {by}: it shows {}, and ticks up to {} have their verdicts already. From then on all jobs \
         run again.{waits}{goes_on}",
        seconds(now),
        seconds(until)
    )
}

fn names(jobs: &[(JobName, DateTime<Utc>)]) -> String {
    let names: Vec<_> = jobs.iter().map(|(job, mark)| format!("`{job}` (from {mark})")).collect();
    names.join(", ")
}

/// What is told of marks that were set back. Only a clock from before the program itself is known to be behind.
fn set_back(now: DateTime<Utc>, jobs: &[(JobName, DateTime<Utc>)]) -> String {
    let which = match zone_rules_after(now) {
        Some(rules) => {
            format!("the clock is behind: it is older than the zone rules of this program ({rules})")
        }
        None => "the clock is behind, or was ahead, by more than 3 hours".to_owned(),
    };
    format!(
        "{which}; it shows {now}. The ticks of these jobs are judged from there on, but for those that have a run: such a tick keeps its \
         run and does not run again when its time comes (a backfill repeats it): {}",
        names(jobs)
    )
}

fn jumped(now: DateTime<Utc>, jobs: &[(JobName, DateTime<Utc>)]) -> String {
    format!(
        "the clock was behind: it has jumped to {now}. What was on record of the time between counts again, and the ticks since then are \
         caught up, of these jobs: {}",
        names(jobs)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_from_before_the_program_is_known_to_be_behind() {
        let text = |now: &str| set_back(now.parse().expect("an instant"), &[]);
        assert!(text("1976-01-01T00:00:00Z").starts_with("the clock is behind: "));
        assert!(text("2126-01-01T00:00:00Z").starts_with("the clock is behind, or was ahead, "));
    }
}
