//! How long after its nominal instant the first line of a function runs.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::figure::{Figure, Goal, Line};
use crate::jobs::{Function, make_room, notes, requests, start};
use crate::place::{Measuring, median, number, scratch};

/// Seconds that are measured, and seconds before them in which everything is done for the first time.
const SECONDS: usize = 8;
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
    let mut lines = Vec::new();
    for (jobs, p50, p99) in [(1, 0.001, 0.002), (1_000, 0.0015, 0.005)] {
        let count = jobs.to_string();
        let ours = Measuring::child(&["lateness", "full", &count])?.result()?;
        let spread =
            if jobs == 1 { None } else { Some(Measuring::child(&["lateness", "spread", &count])?.result()?) };
        let mut first = true;
        for peer in ["tokio-cron-scheduler", "apalis-cron"] {
            let theirs = Measuring::beside("peers", &["lateness", peer, &count])?.result()?;
            let line = Line::new(
                format!("lateness, {jobs} jobs at each full second, p50"),
                Figure::seconds(number(&ours, "p50")?),
            );
            let ran = number(&theirs, "ticks_run")? / number(&theirs, "ticks")?;
            let who = if ran > 0.999 {
                peer.to_owned()
            } else {
                format!("{peer}, runs {:.1} % of the ticks", ran * 100.0)
            };
            let line = line.beside(who, Figure::seconds(number(&theirs, "p50")?));
            let goal = if first { Goal::TimesAsGood(50.0) } else { Goal::AtMost(p50) };
            lines.push(line.goal(goal).raw(json!({ "ours": ours, "theirs": theirs }))?);
            if first {
                continue_with_p99(&mut lines, &ours, &theirs, peer, jobs, p99)?;
            }
            first = false;
        }
        if let Some(spread) = spread {
            for (name, most) in [("p50", p50), ("p99", p99)] {
                let what = format!("lateness, {jobs} jobs a second, spread over it, {name}");
                let line = Line::new(what, Figure::seconds(number(&spread, name)?));
                lines.push(line.goal(Goal::AtMost(most)).raw(spread.clone())?);
            }
        }
    }
    let many = Measuring::child(&["lateness", "full", "10000"])?.result()?;
    for name in ["p50", "p99", "max"] {
        let what = format!("lateness, 10,000 jobs at each full second, {name}");
        lines.push(Line::new(what, Figure::seconds(number(&many, name)?)).raw(many.clone())?);
    }
    for jobs in [10_000, 100_000] {
        let once = Measuring::child(&["lateness", "once", &jobs.to_string()])?.result()?;
        for (name, most) in [("first", 0.005), ("last", 0.150)] {
            let what = format!("{jobs} jobs at one instant, the {name} start");
            let line = Line::new(what, Figure::seconds(number(&once, name)?));
            let line = if jobs == 10_000 { line.goal(Goal::AtMost(most)) } else { line };
            lines.push(line.raw(once.clone())?);
        }
    }
    Ok(lines)
}

fn continue_with_p99(
    lines: &mut Vec<Line>,
    ours: &Value,
    theirs: &Value,
    peer: &str,
    jobs: usize,
    most: f64,
) -> anyhow::Result<()> {
    let what = format!("lateness, {jobs} jobs at each full second, p99");
    let line = Line::new(what, Figure::seconds(number(ours, "p99")?));
    let line = line.beside(peer, Figure::seconds(number(theirs, "p99")?));
    lines.push(line.goal(Goal::AtMost(most)));
    Ok(())
}

/// In a process of its own.
pub async fn child(ticks: Ticks, jobs: usize) -> anyhow::Result<Value> {
    let folder = scratch()?;
    let file = folder.path().join("jobs.db");
    make_room(jobs * (SECONDS + WARM_UP + 20));
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
            (from, from + TimeDelta::seconds(SECONDS as i64))
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
    let seconds = if ticks == Ticks::Once { 1 } else { SECONDS };
    let expected = jobs * seconds;
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

fn full(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp() + 1, 0).unwrap_or(at)
}

struct Summary {
    starts: usize,
    p50: f64,
    p99: f64,
    max: f64,
    /// The median, over all ticks, of the first start of a tick, and that of the last one.
    first: f64,
    last: f64,
}

fn summary(notes: &[(i64, i64)], from: DateTime<Utc>, to: DateTime<Utc>) -> anyhow::Result<Summary> {
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
    let part = |part: f64| {
        let place = ((late.len() as f64 * part).ceil() as usize).saturating_sub(1);
        late.get(place).copied().context("nothing was called")
    };
    Ok(Summary {
        starts: late.len(),
        p50: part(0.5)?,
        p99: part(0.99)?,
        max: part(1.0)?,
        first: median(ticks.values().map(|of| of.0).collect()),
        last: median(ticks.values().map(|of| of.1).collect()),
    })
}
