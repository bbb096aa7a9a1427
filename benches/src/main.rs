//! `bench [scenario ...]` measures and prints the table; without a scenario all of them, in the order of the list.

// Whoever measures reads the clock.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use cron_bench::figure::Line;
use cron_bench::lateness::{self, Ticks};
use cron_bench::table::{self, Section};
use cron_bench::{compile, functions, history, idle, place, startup, sustained};

type Measure = fn() -> anyhow::Result<Vec<Line>>;

const SCENARIOS: [(&str, Measure); 7] = [
    ("functions", functions::measure),
    ("sustained", sustained::measure),
    ("lateness", lateness::measure),
    ("startup", startup::measure),
    ("idle", idle::measure),
    ("history", history::measure),
    ("compile", compile::measure),
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = arguments.split_first()
        && first == "child"
    {
        return child(rest);
    }
    let known = || SCENARIOS.map(|(name, _)| name).join(", ");
    if let Some(unknown) = arguments.iter().find(|name| !SCENARIOS.iter().any(|(known, _)| known == name)) {
        bail!("there is no scenario `{unknown}`; there are {}", known());
    }
    let mut sections = Vec::new();
    for (scenario, measure) in SCENARIOS {
        if !arguments.is_empty() && !arguments.iter().any(|name| name == scenario) {
            continue;
        }
        eprintln!("measuring: {scenario}");
        let begin = Instant::now();
        let lines = measure().with_context(|| format!("measure {scenario}"))?;
        sections.push(Section { scenario, took_seconds: begin.elapsed().as_secs_f64(), lines });
    }
    table::print(&sections);
    // What was measured alone does not replace the whole.
    let name = match &arguments[..] {
        [] => "results.json".to_owned(),
        some => format!("results-{}.json", some.join("-")),
    };
    let path = table::write(&place::folder()?.join(name), &sections)?;
    println!("everything that was measured: {}", path.display());
    Ok(())
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
        ["history", jobs, runs] => history::child(number(jobs)?, number(runs)?)?,
        _ => bail!("no such measurement: {arguments:?}"),
    };
    println!("{result}");
    Ok(())
}
