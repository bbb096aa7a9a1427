//! Worlds by the number: those that are kept, and new ones for as long as there is time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::TimeDelta;

use crate::draw::frame;
use crate::scenario::{Lived, Scenario, live};

/// Seeds that are played each time: every one that has ever found something, and some of each kind.
const KEPT: [u64; 15] = [
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    180,
    264,
    362,
    1060,
    1_795_808_000_000_101,
    1_795_963_413_000_185,
    1_795_993_559_000_010,
];

/// For how long new seeds are played where `SIMULATION_SECONDS` does not say.
const SECONDS: u64 = 20;

/// Lets the world of a seed live.
///
/// # Panics
///
/// If it breaks the contract: with the end of its log, and how to play it again.
fn play(seed: u64) -> Lived {
    let mut scenario = Scenario::new(seed);
    let history = scenario.history.clone();
    let lived = catch_unwind(AssertUnwindSafe(|| live(&mut scenario)));
    let breach = match lived {
        Ok(Ok(lived)) => return lived,
        Ok(Err(breach)) => breach,
        Err(panic) => match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic).downcast_ref::<&str>().map(ToString::to_string).unwrap_or_default(),
        },
    };
    panic!(
        "{}\nseed {seed}: {breach}\n\n{:?}\nplay it again: SIMULATION_SEED={seed} cargo test -p cron-tests --test simulation -- seeds",
        history.log(),
        frame(seed),
    );
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a whole number, not `{text}`")))
}

#[test]
fn seeds() {
    if let Some(seed) = number("SIMULATION_SEED") {
        println!("seed {seed}: {:?}", play(seed));
        return;
    }
    let base = number("SIMULATION_BASE").unwrap_or_else(|| {
        for seed in KEPT {
            play(seed);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        now.as_secs() * 1_000_000
    });
    println!("new seeds from {base} on");
    let limit = Duration::from_secs(number("SIMULATION_SECONDS").unwrap_or(SECONDS));
    let most = number("SIMULATION_SEEDS").unwrap_or(u64::MAX);
    let began = Instant::now();
    let (mut worlds, mut calls, mut lived) = (0, 0, TimeDelta::zero());
    while worlds < most && (began.elapsed() < limit || number("SIMULATION_SEEDS").is_some()) {
        let world = play(base + worlds);
        worlds += 1;
        calls += world.calls;
        lived += world.span;
    }
    println!("{worlds} worlds, {calls} calls, {} days", lived.num_days());
}

/// A log that differs between two lives of one seed cannot be played again.
#[test]
fn a_seed_means_the_same_world_each_time() {
    let mut kinds = [false, false];
    for seed in 1..=12 {
        kinds[usize::from(frame(seed).on_file)] = true;
        assert_eq!(play(seed), play(seed), "seed {seed}");
    }
    assert_eq!(kinds, [true, true], "both stores were played");
}
