//! What a seed means: numbers, spans, and the jobs of a world.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::job::{JobSpec, Plan};
use cron_runtime::core::policy::{Backoff, CatchUp, CatchUpRule, Overlap, Priority, Retention, Retry, Slots};
use cron_runtime::core::schedule::Schedule;
use fastrand::Rng;

/// A generator for one part of a world, so that one part drawing more does not change the others.
pub(crate) fn part(seed: u64, of: impl Hash) -> Rng {
    let mut hasher = DefaultHasher::new();
    (seed, of).hash(&mut hasher);
    Rng::with_seed(hasher.finish())
}

/// Whether something of so many in a hundred happens.
pub(crate) fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(0..100) < percent
}

pub(crate) fn pick<T: Clone>(rng: &mut Rng, among: &[T]) -> T {
    among[rng.usize(0..among.len())].clone()
}

/// Short spans are as likely as long ones.
pub(crate) fn span(rng: &mut Rng, least: Duration, most: Duration) -> Duration {
    let (least, most) = (least.as_millis().max(1) as f64, most.as_millis().max(2) as f64);
    Duration::from_millis((least * (most / least).powf(rng.f64())) as u64)
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn delta(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).expect("a span within the calendar")
}

/// The frame of a world.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) start: DateTime<Utc>,
    /// Whether the store is a SQLite file.
    pub(crate) on_file: bool,
    /// Whether clocks are wrong, and set.
    pub(crate) wild_clocks: bool,
    /// Whether processes stop, sleep and wait for their store.
    pub(crate) halts: bool,
    /// Whether the store fails.
    pub(crate) troubles: bool,
    /// Whether processes die.
    pub(crate) deaths: bool,
    /// Whether some processes have few workers.
    pub(crate) few_workers: bool,
    /// How many processes there are at most at one time.
    pub(crate) members: usize,
    /// What the periods of its jobs are multiples of.
    pub(crate) unit: Duration,
    /// For how long things go wrong.
    pub(crate) length: Duration,
    /// At most this many attempts of the group `crew` are in progress at once.
    pub(crate) crew: Option<u32>,
    /// Whether there is a job that takes its process down.
    pub(crate) poison: bool,
}

/// Around some clock changes, and not.
const STARTS: [&str; 5] = [
    "2026-03-28T22:00:00Z",
    "2026-10-24T21:00:00Z",
    "2026-03-08T03:30:00Z",
    "2026-06-01T12:00:00Z",
    "2027-12-31T20:00:00Z",
];

pub(crate) fn frame(seed: u64) -> Frame {
    let mut rng = part(seed, "frame");
    let on_file = chance(&mut rng, 25);
    // On a file processes look after each other each 10 seconds, and each look is a transaction.
    let units: &[u64] = if on_file { &[1, 5, 20, 60] } else { &[1, 5, 20, 60, 60, 600, 3_600] };
    let unit = seconds(pick(&mut rng, units));
    let longest = seconds(if on_file { 4 * 3_600 } else { 5 * 86_400 });
    let frame = Frame {
        start: pick(&mut rng, &STARTS).parse().expect("an instant"),
        on_file,
        wild_clocks: chance(&mut rng, 30),
        halts: chance(&mut rng, 50),
        troubles: chance(&mut rng, 60),
        deaths: chance(&mut rng, 70),
        few_workers: chance(&mut rng, 30),
        members: rng.usize(1..=4),
        unit,
        length: (unit * rng.u32(150..800)).clamp(seconds(1_800), longest),
        crew: chance(&mut rng, 50).then(|| rng.u32(1..=3)),
        poison: false,
    };
    // Drawn apart, so that the other worlds are what they were.
    let poison = frame.deaths && chance(&mut part(seed, "is poisoned"), 30);
    Frame { poison, ..frame }
}

/// The function that takes its process down, and the job that calls it.
pub(crate) const POISON: &str = "sim_poison";
pub(crate) const POISON_JOB: &str = "poison";

/// The job that takes its process down, often enough that it has a death in each life.
pub(crate) fn poison(seed: u64, frame: &Frame) -> Plan {
    let mut rng = part(seed, POISON_JOB);
    let blank = Plan::from_spec(&JobSpec::new("nameless")).expect("a plain declaration");
    let period = frame.unit.as_secs().clamp(5, 600) * rng.u64(1..=4);
    let schedule = Schedule::every(&format!("{period}s"), None).expect("a schedule");
    Plan {
        name: POISON_JOB.parse().expect("a name"),
        handler: Some(POISON.parse().expect("a name")),
        schedule: Some(schedule),
        retry: retry(&mut rng),
        catch_up: catch_up(&mut rng, frame),
        retention: Retention { runs: 100_000, dead: 100_000, ..Retention::DEFAULT },
        source: Box::default(),
        ..blank
    }
}

/// The functions that dynamic jobs call.
pub(crate) const HANDLERS: [&str; 3] = ["sim_plain", "sim_crew", "sim_sync"];

/// The jobs of a world that are made while it lives.
pub(crate) fn plans(seed: u64, frame: &Frame) -> Vec<Plan> {
    let mut rng = part(seed, "plans");
    (0..rng.usize(1..=5)).map(|number| plan(&mut rng, frame, number)).collect()
}

fn plan(rng: &mut Rng, frame: &Frame, number: usize) -> Plan {
    let handler = pick(rng, &HANDLERS);
    let blank = Plan::from_spec(&JobSpec::new("nameless")).expect("a plain declaration");
    let schedule = chance(rng, 92).then(|| schedule(rng, frame));
    let may_jitter = schedule.is_some() && chance(rng, 20);
    Plan {
        name: format!("job_{number}").parse().expect("a name"),
        handler: Some(handler.parse().expect("a name")),
        schedule,
        overlap: pick(rng, &[Overlap::Skip, Overlap::Skip, Overlap::Queue, Overlap::Cancel, Overlap::Allow]),
        slots: Slots {
            queue_depth: rng.u32(1..=4),
            cancel_grace: span(rng, seconds(1), seconds(60)),
            max_running: chance(rng, 70).then(|| rng.u32(1..=4)),
        },
        catch_up: catch_up(rng, frame),
        retry: retry(rng),
        timeout: chance(rng, 40).then(|| span(rng, seconds(1), seconds(600))),
        jitter: may_jitter.then(|| span(rng, seconds(1), frame.unit)),
        run_on_start: chance(rng, 15),
        group: (handler == "sim_crew" || chance(rng, 20)).then(|| "crew".parse().expect("a name")),
        priority: Priority(rng.u8(0..=100)),
        retention: retention(rng),
        source: Box::default(),
        ..blank
    }
}

/// A schedule, with more or fewer ticks than one for each unit.
pub(crate) fn schedule(rng: &mut Rng, frame: &Frame) -> Schedule {
    const ZONES: [&str; 5] =
        ["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];
    let unit = frame.unit.as_secs();
    let period = unit * rng.u64(1..=12);
    match rng.u32(0..10) {
        0..=4 => Schedule::every(&format!("{period}s"), None),
        5 | 6 => Schedule::every_after_finish(&format!("{period}s")),
        7 => Schedule::once(&format!("{}s", period * 3)),
        _ => {
            let zone = pick(rng, &ZONES);
            let (minute, hour) = (rng.u32(0..60), rng.u32(0..4));
            let expression = match unit {
                0..60 => format!("*/{} * * * * *", rng.u64(unit..=unit.max(30))),
                60..600 => pick(rng, &["*/5 * * * *", "*/7 * * * *", "3-50/9 0-3 * * *"]).to_owned(),
                _ => pick(rng, &[format!("{minute} {hour} * * *"), format!("{minute} */2 * * *")]),
            };
            Schedule::cron(&expression, zone)
        }
    }
    .expect("a schedule")
}

fn catch_up(rng: &mut Rng, frame: &Frame) -> CatchUp {
    CatchUp {
        rule: pick(rng, &[CatchUpRule::Latest, CatchUpRule::None, CatchUpRule::All]),
        limit: rng.u32(1..=12),
        window: chance(rng, 25).then(|| frame.unit * rng.u32(1..60)),
        grace: chance(rng, 25).then(|| span(rng, seconds(1), frame.unit * 3)),
    }
}

fn retry(rng: &mut Rng) -> Retry {
    let delay = span(rng, seconds(1), seconds(120));
    Retry {
        retries: pick(rng, &[0, 0, 1, 2, 5]),
        backoff: pick(rng, &[Backoff::Exponential, Backoff::Linear, Backoff::Fixed]),
        delay,
        max_delay: delay * rng.u32(1..=8),
        past_next: chance(rng, 40),
    }
}

/// Mostly everything is kept, so that everything is checked.
fn retention(rng: &mut Rng) -> Retention {
    if chance(rng, 85) {
        return Retention {
            runs: 100_000,
            dead: 100_000,
            age: seconds(40_000 * 86_400),
            dead_age: seconds(40_000 * 86_400),
        };
    }
    let few = Retention { runs: rng.u32(1..40), dead: rng.u32(1..10), ..Retention::DEFAULT };
    // Of these some are kept for minutes, whatever the clocks show. Not drawn, so that all else of a seed stays as it is.
    if few.runs.is_multiple_of(2) {
        return few;
    }
    Retention { age: seconds(u64::from(few.runs) * 60), dead_age: seconds(u64::from(few.dead) * 600), ..few }
}
