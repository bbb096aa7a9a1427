//! The pure functions: the next tick, beside `cron` and `croner` in the same run; parsing; judging; and what they allocate.

use std::hint::black_box;
use std::str::FromStr;
use std::time::Instant;

use anyhow::{Context, anyhow};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use cron_runtime::core::judge::{Docket, Place, Verdict, judge};
use cron_runtime::core::policy::{CatchUp, Jitter, Overlap, Slots};
use cron_runtime::core::schedule::Schedule;
use serde_json::{Value, json};

use crate::figure::{Figure, Goal, Line};
use crate::place::{Measuring, median, number};

/// Ten typical expressions, and the same in the six fields and the weekday names that `cron` wants.
pub const TYPICAL: [(&str, &str); 10] = [
    ("* * * * *", "0 * * * * *"),
    ("*/5 * * * *", "0 */5 * * * *"),
    ("*/15 9-17 * * MON-FRI", "0 */15 9-17 * * MON-FRI"),
    ("0 9 * * MON-FRI", "0 0 9 * * MON-FRI"),
    ("30 2 * * *", "0 30 2 * * *"),
    ("0 */6 * * *", "0 0 */6 * * *"),
    ("15,45 8-18 * * *", "0 15,45 8-18 * * *"),
    ("0 12 * * SUN", "0 0 12 * * SUN"),
    ("0 0 1 * *", "0 0 0 1 * *"),
    ("0 0 1 1 *", "0 0 0 1 1 *"),
];

/// Valid expressions that take long.
const SLOW: [&str; 4] =
    ["0 0 29 2 +MON", "0 0 0 29 2 +SUN 2199", "0 0 L-30 2 *", "59 59 23 31 12 +SUN#5 2199"];

const ZONES: [Tz; 2] = [Tz::UTC, Tz::America__New_York];

/// Starts among which each measurement goes round, so that branches see the mix of a real scheduler and not one date.
const STARTS: usize = 256;

/// Instants of 2024 to 2026, by a linear congruential generator.
pub fn starts() -> anyhow::Result<Vec<DateTime<Utc>>> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        DateTime::from_timestamp(1_704_067_200 + (state >> 33) as i64 % (3 * 365 * 86_400), 0)
    };
    (0..STARTS).map(|_| next().context("within the calendar")).collect()
}

/// Nanoseconds of one call: the median of samples of some milliseconds.
fn time<T>(mut call: impl FnMut(usize) -> T) -> f64 {
    const SAMPLES: usize = 7;
    const SAMPLE: f64 = 0.002;
    let mut sample = |count: usize| {
        let clock = Instant::now();
        for number in 0..count {
            black_box(call(number % STARTS));
        }
        clock.elapsed().as_secs_f64()
    };
    let mut count = STARTS;
    while sample(count) < SAMPLE {
        count *= 2;
    }
    median((0..SAMPLES).map(|_| sample(count) / count as f64 * 1e9).collect())
}

/// All of it.
pub fn measure() -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (zone, most) in ZONES.into_iter().zip([60e-9, 110e-9]) {
        lines.extend(next_after(zone, most)?);
    }
    let slowest = slowest()?;
    let line =
        Line::new(format!("next_after of {}, the slowest", slowest.0), Figure::seconds(slowest.1 * 1e-9));
    lines.push(line.goal(Goal::AtMost(2e-6)));
    lines.extend(others()?);
    lines.extend(judging()?);
    let allocated = Measuring::beside("counted", &["functions"])?.result()?;
    let names = [
        ("next_after", Some(0.0)),
        ("prev_before", None),
        ("parse", None),
        ("judge", None),
        ("judge_quiet", None),
    ];
    for (name, most) in names {
        let what = match name {
            "judge" => "judge, one job that is due",
            "judge_quiet" => "judge, one job that is not due",
            other => other,
        };
        let line =
            Line::new(format!("allocations of a call: {what}"), Figure::count(number(&allocated, name)?));
        let line = if let Some(most) = most { line.goal(Goal::AtMost(most)) } else { line };
        lines.push(line.raw(allocated.clone())?);
    }
    Ok(lines)
}

fn next_after(zone: Tz, most: f64) -> anyhow::Result<Vec<Line>> {
    let starts = starts()?;
    let local: Vec<_> = starts.iter().map(|start| start.with_timezone(&zone)).collect();
    let (mut ours, mut cron, mut croner) = (Vec::new(), Vec::new(), Vec::new());
    for (five, six) in TYPICAL {
        let schedule = Schedule::cron(five, zone.name())?;
        ours.push(time(|at| schedule.next_after(black_box(starts[at]))));
        let schedule = cron::Schedule::from_str(six)?;
        cron.push(time(|at| schedule.after(black_box(&local[at])).next()));
        let schedule = croner::Cron::from_str(five)?;
        croner.push(time(|at| schedule.find_next_occurrence(black_box(&local[at]), false).ok()));
    }
    let raw = json!({ "ours_ns": ours, "cron_ns": cron, "croner_ns": croner });
    let figure = |all: &[f64]| Figure::seconds(median(all.to_vec()) * 1e-9);
    let what = format!("next_after, median of ten expressions, {zone}");
    let line = |goal| Line::new(what.clone(), figure(&ours)).goal(goal);
    Ok(vec![
        line(Goal::AtMost(most)).raw(raw)?,
        line(Goal::TimesAsGood(3.0)).beside("cron 0.17", figure(&cron)),
        line(Goal::TimesAsGood(20.0)).beside("croner 4", figure(&croner)),
    ])
}

fn slowest() -> anyhow::Result<(&'static str, f64)> {
    let start = "1970-01-01T00:00:00Z".parse::<DateTime<Utc>>()?;
    let times = SLOW.into_iter().map(|expression| {
        let schedule = Schedule::cron(expression, "America/New_York")?;
        Ok((expression, time(|_| schedule.next_after(black_box(start)))))
    });
    let times = times.collect::<anyhow::Result<Vec<_>>>()?;
    times.into_iter().max_by(|one, other| one.1.total_cmp(&other.1)).context("there are some")
}

fn others() -> anyhow::Result<Vec<Line>> {
    let starts = starts()?;
    let zone = "America/New_York";
    let (mut before, mut ours, mut cron, mut croner) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (five, six) in TYPICAL {
        let schedule = Schedule::cron(five, zone)?;
        before.push(time(|at| schedule.prev_before(black_box(starts[at]))));
        ours.push(time(|_| Schedule::cron(black_box(five), zone)));
        cron.push(time(|_| cron::Schedule::from_str(black_box(six))));
        croner.push(time(|_| croner::Cron::from_str(black_box(five))));
    }
    let figure = |all: Vec<f64>| Figure::seconds(median(all) * 1e-9);
    let ours = figure(ours);
    Ok(vec![
        Line::new(format!("prev_before, median of ten expressions, {zone}"), figure(before)),
        Line::new("parse, median of ten expressions", ours).beside("cron 0.17", figure(cron)),
        Line::new("parse, median of ten expressions", ours).beside("croner 4", figure(croner)),
    ])
}

/// A job without anything special.
#[must_use]
pub fn docket(schedule: &Schedule, mark: DateTime<Utc>) -> Docket<'_> {
    Docket {
        schedule: Some(schedule),
        catch_up: CatchUp::DEFAULT,
        overlap: Overlap::DEFAULT,
        slots: Slots::DEFAULT,
        jitter: Jitter::NONE,
        place: Place::at(mark),
        paused: false,
        active: &[],
        waiting: 0,
        kept: &[],
    }
}

fn judging() -> anyhow::Result<Vec<Line>> {
    let starts = starts()?;
    let schedule = Schedule::cron("*/5 * * * *", "America/New_York")?;
    let five = TimeDelta::minutes(5);
    let one = time(|at| judge(&docket(&schedule, starts[at]), starts[at] + five));
    let quiet = time(|at| judge(&docket(&schedule, starts[at]), starts[at]));
    let schedules: Vec<_> = (0..10_000)
        .map(|number| Schedule::cron(TYPICAL[number % TYPICAL.len()].0, ZONES[number % 2].name()))
        .collect::<Result<_, _>>()?;
    let all = time(|at| {
        let now = starts[at] + TimeDelta::days(1);
        let verdicts = schedules.iter().map(|schedule| {
            let judgement = judge(&docket(schedule, starts[at]), now);
            judgement.verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Run { .. })).count()
        });
        verdicts.sum::<usize>()
    });
    let figure = |nanoseconds: f64| Figure::seconds(nanoseconds * 1e-9);
    Ok(vec![
        Line::new("judge, one job that is due", figure(one)),
        Line::new("judge, one job that is not due", figure(quiet)),
        Line::new("judge, 10,000 jobs a day behind", figure(all)),
    ])
}

/// Allocations of one call each, in the program that counts them.
pub fn allocated(count: fn() -> u64) -> anyhow::Result<Value> {
    let starts = starts()?;
    let schedules: Vec<_> = ZONES
        .into_iter()
        .flat_map(|zone| TYPICAL.map(|(five, _)| Schedule::cron(five, zone.name())))
        .collect::<Result<_, _>>()
        .map_err(|error| anyhow!("a typical expression: {error}"))?;
    let all = Calls { count, schedules: &schedules, starts: &starts };
    let year = TimeDelta::days(366);
    Ok(json!({
        "next_after": all.average(|schedule, start| schedule.next_after(start)),
        "prev_before": all.average(|schedule, start| schedule.prev_before(start)),
        "judge": all.average(|schedule, start| judge(&docket(schedule, start), start + year)),
        "judge_quiet": all.average(|schedule, start| judge(&docket(schedule, start), start)),
        "parse": all.average(|_, _| Schedule::cron("*/15 9-17 * * MON-FRI", "America/New_York")),
    }))
}

struct Calls<'a> {
    count: fn() -> u64,
    schedules: &'a [Schedule],
    starts: &'a [DateTime<Utc>],
}

impl Calls<'_> {
    /// Allocations of one call, over all schedules and starts.
    fn average<T>(&self, call: impl Fn(&Schedule, DateTime<Utc>) -> T) -> f64 {
        let before = (self.count)();
        for schedule in self.schedules {
            for start in self.starts {
                black_box(call(schedule, *start));
            }
        }
        ((self.count)() - before) as f64 / (self.schedules.len() * self.starts.len()) as f64
    }
}
