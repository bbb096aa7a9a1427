//! How long the record of a job is kept.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::run::{Epoch, RunId};

const DAY: Duration = Duration::from_secs(86_400);

/// How long finished runs and skipped ticks are kept. What exceeds the number or the age is pruned, oldest first. The age of a run counts
/// from its end, that of a skipped tick from its instant.
///
/// Active runs are never pruned. Dead letters (failed, discarded and quarantined runs that nobody has retried or dismissed) have
/// limits of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Retention {
    /// How many finished runs are kept.
    pub runs: u32,
    /// For how long finished runs are kept after their end, and skipped ticks after their instant.
    pub age: Duration,
    /// How many dead letters are kept.
    pub dead: u32,
    /// For how long dead letters are kept after their end.
    pub dead_age: Duration,
}

impl Retention {
    /// The largest accepted number of runs.
    pub const MAX_RUNS: u32 = 100_000_000;

    /// 10,000 runs of the last 30 days; 1,000 dead letters of the last 90 days.
    pub const DEFAULT: Self =
        Self { runs: 10_000, age: DAY.saturating_mul(30), dead: 1_000, dead_age: DAY.saturating_mul(90) };

    /// How many runs of a job end between two looks at what it does not keep, where many end: half of those that are kept, at least 16, at
    /// most 64. So many more may be on record.
    #[must_use]
    pub const fn stride(&self) -> u32 {
        match self.runs / 2 {
            ..16 => 16,
            65.. => 64,
            half => half,
        }
    }

    /// Whether the end of the attempt of this epoch is one after which somebody looks at what the job does not keep: each
    /// [`stride`](Self::stride)-th is. Jobs that run in step have it at the same time, so that what is removed lies together in the file.
    #[must_use]
    pub const fn is_turn(&self, epoch: Epoch) -> bool {
        epoch.0.is_multiple_of(self.stride() as u64)
    }

    /// The same numbers, whatever the age: for a time in which nobody knows whether the clock is right.
    #[must_use]
    pub fn of_any_age(self) -> Self {
        Self { age: Duration::MAX, dead_age: Duration::MAX, ..self }
    }

    /// The limits of finished runs that are no dead letters, of which `many` are on record.
    #[must_use]
    pub fn of_done(&self, many: u64, now: DateTime<Utc>) -> Limit {
        Limit { surplus: many.saturating_sub(u64::from(self.runs)), oldest: self.oldest(now) }
    }

    /// The limits of dead letters, of which `many` are on record.
    #[must_use]
    pub fn of_dead(&self, many: u64, now: DateTime<Utc>) -> Limit {
        Limit { surplus: many.saturating_sub(u64::from(self.dead)), oldest: before(now, self.dead_age) }
    }

    /// The instant before which a run has to have ended, and a skipped tick to lie, to be too old. Nothing is from before the earliest
    /// instant, so that one keeps everything.
    #[must_use]
    pub fn oldest(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        before(now, self.age)
    }
}

/// What of the finished runs of a job may stay, at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So many are there beyond the number that is kept.
    pub surplus: u64,
    /// What ended before this is too old.
    pub oldest: DateTime<Utc>,
}

/// A run that has ended, as retention sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedRun {
    /// Its number.
    pub run: RunId,
    /// Its tick, or the instant that it was asked for.
    pub nominal: DateTime<Utc>,
    /// When it [ended](ended_at).
    pub ended: DateTime<Utc>,
}

/// When a run ended: `ended` where that was written down; otherwise its last attempt was measured, and ended when it had taken its time.
/// Of a run from before ends were written down, the last instant that is known.
#[must_use]
pub fn ended_at(
    ended: Option<DateTime<Utc>>,
    started: Option<DateTime<Utc>>,
    duration: Option<Duration>,
    nominal: DateTime<Utc>,
) -> DateTime<Utc> {
    let measured = || {
        let started = started?;
        let duration = TimeDelta::from_std(duration.unwrap_or_default()).ok();
        Some(duration.and_then(|duration| started.checked_add_signed(duration)).unwrap_or(started))
    };
    ended.or_else(measured).unwrap_or(nominal)
}

/// The finished runs of a job that are not kept any longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Of the ticks: the first of those that were given.
    pub ticks: Vec<EndedRun>,
    /// Of the runs beside them: the first of those that were given.
    pub beside: Vec<EndedRun>,
    /// The first tick behind those: the record cannot begin after it.
    pub next_tick: Option<DateTime<Utc>>,
    /// There was no room for all.
    pub more: bool,
}

/// Finds which of the finished runs of a job are not kept any longer, `room` of them at most.
///
/// `ticks` are the runs of ticks after the beginning of the record, in the order of their instants, so that the record begins later and
/// has no gap. `beside` are all others in the order of their numbers. Of either, what is too old goes up to the first that is not; then what
/// is too many, the lower number first. Both are read only so far.
///
/// # Errors
///
/// What reading them came to.
pub fn beyond<E>(
    ticks: impl IntoIterator<Item = Result<EndedRun, E>>,
    beside: impl IntoIterator<Item = Result<EndedRun, E>>,
    limit: Limit,
    room: usize,
) -> Result<Beyond, E> {
    let (mut ticks, mut beside) = (ticks.into_iter(), beside.into_iter());
    let (mut tick, mut other) = (ticks.next().transpose()?, beside.next().transpose()?);
    let is_old = |run: &EndedRun| run.ended < limit.oldest;
    let mut found = Beyond::default();
    loop {
        let number = found.ticks.len() + found.beside.len();
        let is_surplus = (number as u64) < limit.surplus;
        let goes = match (tick, other) {
            (Some(tick), _) if is_old(&tick) => Some((tick, true)),
            (_, Some(other)) if is_old(&other) => Some((other, false)),
            (Some(tick), other) if is_surplus && other.is_none_or(|other| tick.run < other.run) => {
                Some((tick, true))
            }
            (_, other) if is_surplus => other.map(|other| (other, false)),
            (_, _) => None,
        };
        let Some((run, is_tick)) = goes else { break };
        if number >= room {
            found.more = true;
            break;
        }
        if is_tick {
            found.ticks.push(run);
            tick = ticks.next().transpose()?;
        } else {
            found.beside.push(run);
            other = beside.next().transpose()?;
        }
    }
    found.next_tick = tick.map(|tick| tick.nominal);
    Ok(found)
}

/// The instant that lies `age` before `now`.
fn before(now: DateTime<Utc>, age: Duration) -> DateTime<Utc> {
    let age = TimeDelta::from_std(age).ok();
    age.and_then(|age| now.checked_sub_signed(age)).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

impl Default for Retention {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range")
    }

    /// The numbers of those that go, of runs with (number, nominal instant, end).
    fn gone(
        ticks: &[(u64, i64, i64)],
        beside: &[(u64, i64, i64)],
        (surplus, oldest): (u64, i64),
        room: usize,
    ) -> (Vec<u64>, Vec<u64>, Option<DateTime<Utc>>, bool) {
        let read = |runs: &[(u64, i64, i64)]| -> Vec<Result<EndedRun, Infallible>> {
            let run = |&(run, nominal, ended): &(u64, i64, i64)| {
                Ok(EndedRun { run: RunId(run), nominal: at(nominal), ended: at(ended) })
            };
            runs.iter().map(run).collect()
        };
        let limit = Limit { surplus, oldest: at(oldest) };
        let Ok(found) = beyond(read(ticks), read(beside), limit, room);
        let numbers = |runs: &[EndedRun]| runs.iter().map(|run| run.run.0).collect();
        (numbers(&found.ticks), numbers(&found.beside), found.next_tick, found.more)
    }

    #[test]
    fn ticks_go_up_to_the_first_that_ended_late() {
        let ticks = [(1, 10, 11), (2, 20, 500), (3, 30, 31), (4, 40, 41)];
        assert_eq!(gone(&ticks, &[], (0, 100), 9), (vec![1], vec![], Some(at(20)), false));
        assert_eq!(gone(&ticks, &[], (3, 100), 9), (vec![1, 2, 3, 4], vec![], None, false));
    }

    #[test]
    fn runs_beside_the_ticks_go_by_their_end_whatever_they_stand_for() {
        let beside = [(5, -9_000, 90), (6, -8_000, 120), (7, -7_000, 130)];
        assert_eq!(gone(&[(1, 200, 201)], &beside, (0, 100), 9), (vec![], vec![5], Some(at(200)), false));
    }

    #[test]
    fn of_what_is_too_many_the_lower_number_goes_first() {
        let ticks = [(1, 10, 11), (4, 40, 41), (6, 60, 61)];
        let beside = [(2, 90, 21), (3, 5, 31), (5, 7, 51)];
        assert_eq!(gone(&ticks, &beside, (4, -100), 9), (vec![1, 4], vec![2, 3], Some(at(60)), false));
        assert_eq!(gone(&ticks, &beside, (4, -100), 3), (vec![1], vec![2, 3], Some(at(40)), true));
        // What is too old counts, and makes room for what is not.
        assert_eq!(gone(&ticks, &[(2, 90, 500)], (3, 50), 9), (vec![1, 4], vec![2], Some(at(60)), false));
        assert_eq!(gone(&ticks, &[(2, 90, 500)], (2, 50), 9), (vec![1, 4], vec![], Some(at(60)), false));
    }

    #[test]
    fn the_end_of_a_run_is_what_is_written_or_measured_or_the_last_that_is_known() {
        let (started, duration) = (Some(at(10)), Some(Duration::from_secs(5)));
        assert_eq!(ended_at(Some(at(99)), started, duration, at(1)), at(99));
        assert_eq!(ended_at(None, started, duration, at(1)), at(15));
        assert_eq!(ended_at(None, started, None, at(1)), at(10));
        assert_eq!(ended_at(None, None, None, at(1)), at(1));
    }

    #[test]
    fn a_job_has_its_turn_once_in_a_stride() {
        for (runs, stride) in [(1, 16), (33, 16), (34, 17), (100, 50), (128, 64), (10_000, 64)] {
            let retention = Retention { runs, ..Retention::DEFAULT };
            assert_eq!(retention.stride(), stride, "{runs} kept");
            let turns: Vec<u64> = (0..500).filter(|epoch| retention.is_turn(Epoch(*epoch))).collect();
            assert!(
                turns.len() >= 7 && turns.windows(2).all(|two| two[1] - two[0] == u64::from(stride)),
                "{turns:?}"
            );
        }
    }
}
