//! The evaluator against the crates `cron` and `croner`, in one run.
//!
//! `cargo bench -p cron-core --bench schedule` prints a table of medians at the end, made from criterion's own
//! estimates. Each measurement goes round 256 start instants of 2024 to 2026, so that branches and caches see the
//! mix of a real scheduler and not one date.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

use std::hint::black_box;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use criterion::{BenchmarkId, Criterion};
use cron_core::schedule::Schedule;

/// Ten typical expressions, and the same in the six fields and the weekday names that `cron` wants.
const TYPICAL: [(&str, &str); 10] = [
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

const ZONES: [Tz; 2] = [Tz::UTC, Tz::America__New_York];

/// Instants of 2024 to 2026, by a linear congruential generator.
fn starts(count: usize) -> Vec<DateTime<Utc>> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        DateTime::from_timestamp(1_704_067_200 + (state >> 33) as i64 % (3 * 365 * 86_400), 0).unwrap()
    };
    (0..count).map(|_| next()).collect()
}

fn next_after(c: &mut Criterion) {
    let starts = starts(256);
    for zone in ZONES {
        let mut group = c.benchmark_group(format!("next_after {}", zone.name().replace('/', " ")));
        let local: Vec<_> = starts.iter().map(|start| start.with_timezone(&zone)).collect();
        for (number, (ours, theirs)) in TYPICAL.into_iter().enumerate() {
            let schedule = Schedule::cron(ours, zone.name()).unwrap();
            let mut at = 0;
            group.bench_function(BenchmarkId::new("ours", number), |b| {
                b.iter(|| {
                    at = (at + 1) % 256;
                    schedule.next_after(black_box(starts[at]))
                });
            });
            let schedule = cron::Schedule::from_str(theirs).unwrap();
            group.bench_function(BenchmarkId::new("cron", number), |b| {
                b.iter(|| {
                    at = (at + 1) % 256;
                    schedule.after(black_box(&local[at])).next()
                });
            });
            let schedule = croner::Cron::from_str(ours).unwrap();
            group.bench_function(BenchmarkId::new("croner", number), |b| {
                b.iter(|| {
                    at = (at + 1) % 256;
                    schedule.find_next_occurrence(black_box(&local[at]), false).ok()
                });
            });
        }
        group.finish();
    }
}

fn other_verbs(c: &mut Criterion) {
    let starts = starts(256);
    let mut at = 0;
    let mut group = c.benchmark_group("other");
    let new_york = Schedule::cron("*/15 9-17 * * MON-FRI", "America/New_York").unwrap();
    group.bench_function("prev_before New_York", |b| {
        b.iter(|| {
            at = (at + 1) % 256;
            new_york.prev_before(black_box(starts[at]))
        });
    });
    let century: (DateTime<Utc>, DateTime<Utc>) =
        ("2000-01-01T00:00:00Z".parse().unwrap(), "2100-01-01T00:00:00Z".parse().unwrap());
    group.bench_function("count_between, a century New_York", |b| {
        b.iter(|| new_york.count_between(black_box(century.0), black_box(century.1)));
    });
    let every = Schedule::every("10s", None).unwrap();
    group.bench_function("next_after of an interval", |b| {
        b.iter(|| {
            at = (at + 1) % 256;
            every.next_after(black_box(starts[at]))
        });
    });
    for (number, (expression, _)) in TYPICAL.into_iter().enumerate() {
        group.bench_function(BenchmarkId::new("parse", number), |b| {
            b.iter(|| Schedule::cron(black_box(expression), "America/New_York"));
        });
    }
    group.finish();
}

/// The slowest call over all shared cases, all phrases of the tests, and expressions made to be slow.
fn worst(c: &mut Criterion) {
    let cases = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/cron.jsonl"));
    let mut group = c.benchmark_group("worst");
    let mut all: Vec<(String, Schedule, DateTime<Utc>)> = Vec::new();
    for line in cases.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| case[name].as_str().unwrap().to_owned();
        if let Ok(schedule) = Schedule::cron(&field("expr"), &field("tz")) {
            all.push((
                format!("{} {}", field("expr"), field("tz")),
                schedule,
                field("after").parse().unwrap(),
            ));
        }
    }
    for row in include_str!("../tests/data/phrases.txt").lines() {
        let cells: Vec<&str> = row.split(" | ").collect();
        let start = "2026-03-01T12:00:00Z".parse().unwrap();
        all.push((cells[0].to_owned(), Schedule::phrase(cells[0], cells[1]).unwrap(), start));
    }
    for expression in ["0 0 29 2 +MON", "0 0 0 29 2 +SUN 2199", "0 0 L-30 2 *", "59 59 23 31 12 +SUN#5 2199"]
    {
        let start = "1970-01-01T00:00:00Z".parse().unwrap();
        all.push((expression.to_owned(), Schedule::cron(expression, "America/New_York").unwrap(), start));
    }
    // A rough look at each first; criterion measures the slowest three.
    let rough = |schedule: &Schedule, start: DateTime<Utc>| {
        let ticks: Vec<_> = std::iter::once(start).chain(schedule.iter_after(start).take(5)).collect();
        let time = |tick: &DateTime<Utc>| {
            #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
            let begun = std::time::Instant::now();
            for _ in 0..200 {
                black_box(schedule.next_after(black_box(*tick)));
            }
            (begun.elapsed(), *tick)
        };
        ticks.iter().map(time).max().unwrap()
    };
    let mut slow: Vec<_> =
        all.iter().map(|(name, schedule, start)| (rough(schedule, *start), name, schedule)).collect();
    slow.sort_by_key(|((time, _), ..)| std::cmp::Reverse(*time));
    for ((_, start), name, schedule) in &slow[..3] {
        println!("slow: {name} after {start}");
        group.bench_function(format!("slow {}", name.replace(['/', '*', '?'], "_")), |b| {
            b.iter(|| schedule.next_after(black_box(*start)));
        });
    }
    group.finish();
}

/// The times of each of the ten expressions, from criterion's files: the median, and the least of its samples,
/// which other work on the machine disturbs least.
fn times(zone: Tz, library: &str) -> Option<Vec<(f64, f64)>> {
    let home = std::env::var_os("CRITERION_HOME").map(PathBuf::from).or_else(|| {
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target"));
        Some(target.unwrap_or_else(default).join("criterion"))
    })?;
    let group = home.join(format!("next_after {}", zone.name().replace('/', " ")));
    let one = |number: usize| {
        let read = |file: &str| -> Option<serde_json::Value> {
            let path = group.join(library).join(number.to_string()).join("new").join(file);
            serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
        };
        let median = read("estimates.json")?["median"]["point_estimate"].as_f64()?;
        let sample = read("sample.json")?;
        let numbers = |name: &str| -> Option<Vec<f64>> {
            sample[name].as_array()?.iter().map(serde_json::Value::as_f64).collect()
        };
        let each = numbers("times")?.into_iter().zip(numbers("iters")?).map(|(time, count)| time / count);
        Some((median, each.fold(f64::MAX, f64::min)))
    };
    (0..TYPICAL.len()).map(one).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

fn summary() {
    println!("\nnext_after, nanoseconds: median over ten expressions, and median of the ten ratios to ours;");
    println!("the same from the least sample of each measurement\n");
    for zone in ZONES {
        let Some(ours) = times(zone, "ours") else { continue };
        for library in ["ours", "cron", "croner"] {
            let Some(theirs) = times(zone, library) else { continue };
            let column = |pick: fn(&(f64, f64)) -> f64| {
                let ratio =
                    theirs.iter().zip(&ours).map(|(theirs, ours)| pick(theirs) / pick(ours)).collect();
                (median(theirs.iter().map(pick).collect()), median(ratio))
            };
            let ((middle, ratio), (least, least_ratio)) = (column(|times| times.0), column(|times| times.1));
            let zone = zone.name();
            println!(
                "{zone:<17} {library:<6} {middle:7.1} {ratio:6.1} times  {least:7.1} {least_ratio:6.1} times"
            );
        }
    }
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .sample_size(20)
        .without_plots()
        .configure_from_args();
    next_after(&mut criterion);
    other_verbs(&mut criterion);
    worst(&mut criterion);
    criterion.final_summary();
    summary();
}
