//! How long after its nominal instant the first line of a function runs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::figure::{Figure, Goal, Line};
use crate::jobs::{Function, make_room, notes, requests, start};
use crate::place::{Measuring, median, number, scratch};
use crate::sustained::bare;

/// Seconds before those that are measured, in which everything is done for the first time.
const WARM_UP: usize = 3;

/// How the ticks of the jobs lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ticks {
    /// All at each full second.
    FullSeconds,
    /// One a second each, spread over the second.
    Spread,
    /// One tick, the same for all.
    Once,
}

impl Ticks {
    const ALL: [(&str, Self); 3] =
        [("full", Self::FullSeconds), ("spread", Self::Spread), ("once", Self::Once)];

    /// By its word.
    pub fn parse(word: &str) -> anyhow::Result<Self> {
        let found = Self::ALL.iter().find(|(known, _)| *known == word);
        found.map(|(_, ticks)| *ticks).with_context(|| format!("no way to lay ticks: {word}"))
    }
}

/// All of it.
pub fn measure() -> anyhow::Result<Vec<Line>> {
    // What no scheduler that keeps a record can do without: one commit before the call.
    let commits = Measuring::child(&["commits", "12"])?;
    let mut lines = at_full_seconds(1, 12, 0.001, 0.002)?;
    let commits = commits.result()?;
    for (line, name) in [(0, "p50"), (3, "p99")] {
        let line: &Line = &lines[line];
        let line =
            Line::new(line.measure.clone(), line.ours).beside("a bare commit", seconds(&commits, name)?);
        lines.push(line.raw(&commits)?);
    }
    lines.extend(at_full_seconds(1_000, 6, 0.0015, 0.005)?);
    // The median start cannot be before half of them are on record, nor the last one before all are.
    for (name, jobs) in [("p50", 500), ("p99", 1_000)] {
        let measure = format!("lateness, 1000 jobs at each full second, {name}");
        let ours = lines.iter().find(|line| line.measure == measure).context("it was measured")?.ours;
        let limit = Figure::seconds(bare::one_instant(jobs, 40)?);
        let who = format!("a bare loop: {jobs} starts on record");
        lines.push(Line::new(measure, ours).beside(who, limit));
    }
    let spread = ours("spread", 1_000, 6)?.result()?;
    for (name, most) in [("p50", 0.0015), ("p99", 0.005)] {
        let line = Line::new(
            format!("lateness, 1000 jobs spread over each second, {name}"),
            seconds(&spread, name)?,
        );
        lines.push(line.goal(Goal::AtMost(most)).raw(spread.clone())?);
    }
    let many = ours("full", 10_000, 5)?.result()?;
    for name in ["p50", "p99", "max"] {
        let line =
            Line::new(format!("lateness, 10000 jobs at each full second, {name}"), seconds(&many, name)?);
        lines.push(line.raw(many.clone())?);
    }
    for jobs in [10_000, 100_000] {
        let once = ours("once", jobs, 1)?.result()?;
        for (name, most) in [("first", 0.005), ("last", 0.150)] {
            let line =
                Line::new(format!("{jobs} jobs at one instant, the {name} start"), seconds(&once, name)?);
            let line = if jobs == 10_000 { line.goal(Goal::AtMost(most)) } else { line };
            lines.push(line.raw(once.clone())?);
        }
    }
    Ok(lines)
}

fn ours(ticks: &str, jobs: usize, seconds: usize) -> anyhow::Result<Measuring> {
    Measuring::child(&["lateness", ticks, &jobs.to_string(), &seconds.to_string()])
}

fn seconds(found: &Value, name: &str) -> anyhow::Result<Figure> {
    Ok(Figure::seconds(number(found, name)?))
}

/// Beside peers, whose schedules know full seconds only.
fn at_full_seconds(jobs: usize, span: usize, p50: f64, p99: f64) -> anyhow::Result<Vec<Line>> {
    let theirs =
        |peer: &str| Measuring::beside("peers", &["lateness", peer, &jobs.to_string(), &span.to_string()]);
    let (ours, tokio, apalis) = if jobs == 1 {
        // One job each does not disturb the others, so all are measured at the same time.
        let all = (ours("full", jobs, span)?, theirs("tokio-cron-scheduler")?, theirs("apalis-cron")?);
        (all.0.result()?, all.1.result()?, all.2.result()?)
    } else {
        let tokio = theirs("tokio-cron-scheduler")?.result()?;
        (ours("full", jobs, span)?.result()?, tokio, theirs("apalis-cron")?.result()?)
    };
    let mut lines = Vec::new();
    for (name, most) in [("p50", p50), ("p99", p99)] {
        let line = || {
            anyhow::Ok(Line::new(
                format!("lateness, {jobs} jobs at each full second, {name}"),
                seconds(&ours, name)?,
            ))
        };
        lines.push(line()?.goal(Goal::AtMost(most)).raw(&ours)?);
        for (peer, theirs) in [("tokio-cron-scheduler", &tokio), ("apalis-cron", &apalis)] {
            let ran = number(theirs, "ticks_run")? / number(theirs, "ticks")?;
            // Ours runs every tick, or there is no figure at all.
            let who =
                if ran == 1.0 { peer.to_owned() } else { format!("{peer}, which runs {:.1} %", ran * 100.0) };
            let line = line()?.beside(who, seconds(theirs, name)?).raw(theirs)?;
            let has_goal = name == "p50" && peer == "tokio-cron-scheduler";
            lines.push(if has_goal { line.goal(Goal::TimesAsGood(50.0)) } else { line });
        }
    }
    Ok(lines)
}

/// In a process of its own.
pub async fn child(ticks: Ticks, jobs: usize, seconds: usize) -> anyhow::Result<Value> {
    let folder = scratch()?;
    let file = folder.path().join("jobs.db");
    make_room(jobs * (seconds + WARM_UP + 20));
    let workers = if jobs <= 100 { None } else { Some(jobs) };
    let scheduler = start(&file, workers).await?;
    let now = Utc::now();
    // Adding them takes a while.
    let once = full(now + TimeDelta::seconds(4 + jobs as i64 / 20_000));
    let all = requests(Function::Note, jobs, |number, job| match ticks {
        Ticks::FullSeconds => job.every("1s"),
        Ticks::Spread => {
            let job = job.every("1s");
            match number * 1_000 / jobs {
                0 => job,
                phase => job.phase(format!("{phase}ms")),
            }
        }
        Ticks::Once => job.at(once),
    });
    scheduler.schedule_all(all).await.context("schedule the jobs")?;
    let added = Utc::now();
    let (from, to) = match ticks {
        Ticks::Once => (once, once + TimeDelta::seconds(1)),
        Ticks::FullSeconds | Ticks::Spread => {
            let from = full(added + TimeDelta::seconds(WARM_UP as i64));
            (from, from + TimeDelta::seconds(seconds as i64))
        }
    };
    ensure!(added < from, "adding the jobs has taken longer than was thought");
    let patience = TimeDelta::milliseconds(500 + jobs as i64 / 10);
    let wait = (to + patience - Utc::now()).to_std().context("it is still to come")?;
    tokio::time::sleep(wait).await;
    scheduler.shutdown_within(Duration::from_secs(20)).await.context("stop")?;
    let found = summary(&notes()?, from, to)?;

    // Every tick between the first and the last instant that was measured ran, and says so.
    let database = Connection::open(&file)?;
    let between = [from.timestamp_millis(), to.timestamp_millis()];
    let count =
        |sql: &str| -> anyhow::Result<i64> { Ok(database.query_row(sql, between, |row| row.get(0))?) };
    let runs = count(
        "SELECT count(*) FROM runs WHERE nominal_ms >= ?1 AND nominal_ms < ?2 AND state = 'succeeded'",
    )?;
    let skips = count("SELECT count(*) FROM skips WHERE last_ms >= ?1 AND first_ms < ?2")?;
    let expected = if ticks == Ticks::Once { jobs } else { jobs * seconds };
    let started = found.starts;
    ensure!(
        (started, runs as usize) == (expected, expected),
        "{expected} ticks, {started} calls, {runs} runs on record, {skips} blocks of skipped ticks"
    );
    Ok(json!({
        "jobs": jobs, "ticks": expected, "p50": found.p50, "p99": found.p99, "max": found.max,
        "first": found.first, "last": found.last,
    }))
}

/// One row and its commit, half way between the ticks of the others, so that neither waits for the disk of the other.
pub fn commits(seconds: usize) -> anyhow::Result<Value> {
    let folder = scratch()?;
    let connection = bare::open(&folder.path().join("bare.db"))?;
    connection.execute("INSERT INTO jobs VALUES (1, 0, 1000, 0, 0)", [])?;
    let mut times = Vec::new();
    for run in 1..=seconds as i64 {
        let half = full(Utc::now()) + TimeDelta::milliseconds(500);
        std::thread::sleep((half - Utc::now()).to_std().unwrap_or_default());
        let clock = Instant::now();
        connection.execute_batch("BEGIN IMMEDIATE")?;
        connection.execute("UPDATE jobs SET mark_ms = ?1, due_ms = ?1, epoch = ?1, active = 1", [run])?;
        connection.execute("INSERT INTO runs VALUES (?1, 1, ?1, 1, ?1, ?1, NULL)", [run])?;
        connection.execute_batch("COMMIT")?;
        times.push(clock.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(json!({ "p50": part(&times, 0.5)?, "p99": part(&times, 0.99)?, "all": times }))
}

/// The value below which this part of them lies.
fn part(sorted: &[f64], part: f64) -> anyhow::Result<f64> {
    let place = ((sorted.len() as f64 * part).ceil() as usize).saturating_sub(1);
    sorted.get(place).copied().context("nothing was measured")
}

pub(crate) fn full(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp() + 1, 0).unwrap_or(at)
}

pub(crate) struct Summary {
    pub(crate) starts: usize,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
    /// The median, over all ticks, of the first start of a tick, and that of the last one.
    first: f64,
    last: f64,
}

pub(crate) fn summary(
    notes: &[(i64, i64)],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> anyhow::Result<Summary> {
    let within = from.timestamp_millis()..to.timestamp_millis();
    let measured: Vec<_> = notes.iter().filter(|(tick, _)| within.contains(tick)).collect();
    let mut late: Vec<f64> = measured.iter().map(|(_, late)| *late as f64 / 1e6).collect();
    late.sort_by(f64::total_cmp);
    let mut ticks: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    for (tick, late) in measured {
        let late = *late as f64 / 1e6;
        let of = ticks.entry(*tick).or_insert((late, late));
        *of = (of.0.min(late), of.1.max(late));
    }
    Ok(Summary {
        starts: late.len(),
        p50: part(&late, 0.5)?,
        p99: part(&late, 0.99)?,
        max: part(&late, 1.0)?,
        first: median(ticks.values().map(|of| of.0).collect()),
        last: median(ticks.values().map(|of| of.1).collect()),
    })
}
