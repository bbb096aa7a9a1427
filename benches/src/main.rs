//! `bench [scenario ...]` measures and prints the table; without a scenario all of them, in the order of the list.

// Whoever measures reads the clock.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use cron_bench::figure::Line;
use cron_bench::lateness::{self, Ticks};
use cron_bench::table::{self, Section};
use cron_bench::{beside_an_import, compile, functions, history, idle, place, soak, startup, sustained};

type Measure = fn() -> anyhow::Result<Vec<Line>>;

/// Idling is measured beside compiling: a process counts its own context switches, processor time and writes, whatever else goes on.
const SCENARIOS: [(&str, Measure); 8] = [
    ("functions", functions::measure),
    ("sustained", sustained::measure),
    ("lateness", lateness::measure),
    ("beside_an_import", beside_an_import::measure),
    ("startup", startup::measure),
    ("history", history::measure),
    (IDLE, idle::measure),
    ("compile", compile::measure),
];
const IDLE: &str = "idle";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = arguments.split_first()
        && first == "child"
    {
        return child(rest);
    }
    if let [first, seconds, kept @ ..] = &arguments[..]
        && first == "soak"
        && kept.len() <= 1
    {
        let seconds = seconds.parse().with_context(|| format!("read the seconds of a soak: {seconds}"))?;
        let kept = kept
            .first()
            .map(|kept| kept.parse().with_context(|| format!("read how many runs are kept: {kept}")));
        return soak::soak(Duration::from_secs(seconds), kept.transpose()?.unwrap_or(soak::KEPT));
    }
    let known = || SCENARIOS.map(|(name, _)| name).join(", ");
    if let Some(unknown) = arguments.iter().find(|name| !SCENARIOS.iter().any(|(known, _)| known == name)) {
        bail!("there is no scenario `{unknown}`; there are {}", known());
    }
    let is_wanted = |scenario: &str| arguments.is_empty() || arguments.iter().any(|name| name == scenario);
    let sections = std::thread::scope(|scope| {
        let mut started = Vec::new();
        for (scenario, measure) in SCENARIOS.into_iter().filter(|(scenario, _)| is_wanted(scenario)) {
            if scenario == IDLE {
                let idle = scope.spawn(move || section(scenario, measure));
                // It has to add its jobs first.
                std::thread::sleep(idle::REST);
                started.push(Started::Going(idle));
            } else {
                started.push(Started::Done(section(scenario, measure)));
            }
        }
        let sections = started.into_iter().map(|started| match started {
            Started::Done(section) => Ok(section),
            Started::Going(thread) => thread.join(),
        });
        sections.collect::<Result<Vec<_>, _>>()
    });
    let sections = sections.map_err(|_| anyhow!("a scenario has panicked"))?;
    table::print(&sections);
    // What was measured alone does not replace the whole.
    let name = match &arguments[..] {
        [] => "results.json".to_owned(),
        some => format!("results-{}.json", some.join("-")),
    };
    let path = place::folder()?.join(name);
    table::write(&path, &sections)?;
    println!("everything that was measured: {}", path.display());
    let failed: Vec<_> = sections.iter().filter(|section| section.error.is_some()).collect();
    if !failed.is_empty() {
        let names: Vec<_> = failed.iter().map(|section| section.scenario).collect();
        bail!("not measured: {}", names.join(", "));
    }
    Ok(())
}

/// A scenario that is done, or one that goes on beside the next.
enum Started<'a> {
    Done(Section),
    Going(ScopedJoinHandle<'a, Section>),
}

/// One scenario. Where it cannot be measured the others still are.
fn section(scenario: &'static str, measure: Measure) -> Section {
    eprintln!("measuring: {scenario}");
    let begin = Instant::now();
    let (lines, error) = match measure() {
        Ok(lines) => (lines, None),
        Err(error) => {
            eprintln!("{scenario} cannot be measured: {error:#}");
            (Vec::new(), Some(format!("{error:#}")))
        }
    };
    Section { scenario, took_seconds: begin.elapsed().as_secs_f64(), lines, error }
}

/// One measurement in a process of its own.
fn child(arguments: &[String]) -> anyhow::Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number =
        |text: &str| -> anyhow::Result<usize> { text.parse().with_context(|| format!("read {text}")) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = match arguments[..] {
        ["sustained", jobs, workers] => {
            let workers = if workers == "default" { None } else { Some(number(workers)?) };
            runtime.block_on(sustained::engine_child(number(jobs)?, workers))?
        }
        ["beside_an_import", synchronous] => runtime.block_on(beside_an_import::child(synchronous))?,
        ["lateness", ticks, jobs, seconds] => {
            runtime.block_on(lateness::child(Ticks::parse(ticks)?, number(jobs)?, number(seconds)?))?
        }
        ["commits", seconds] => lateness::commits(number(seconds)?)?,
        ["idle", jobs] => idle::child(&runtime, number(jobs)?)?,
        ["start", "declared", jobs, file] => startup::declared(number(jobs)?, Path::new(file))?,
        ["start", "dynamic", jobs, file] => {
            runtime.block_on(startup::dynamic(number(jobs)?, Path::new(file)))?
        }
        ["memory", jobs] => runtime.block_on(startup::memory_child(number(jobs)?, None))?,
        ["retention", jobs, kept] => {
            soak::limit(number(jobs)?, kept.parse().context("read how many are kept")?)?
        }
        ["overload", jobs, kept] => runtime
            .block_on(soak::sustained(number(jobs)?, kept.parse().context("read how many are kept")?))?,
        ["history"] => history::child()?,
        ["growth", jobs] => history::growth(number(jobs)?)?,
        _ => bail!("no such measurement: {arguments:?}"),
    };
    println!("{result}");
    Ok(())
}
