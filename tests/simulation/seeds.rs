//! Worlds by the number: those that are kept, and new ones where somebody asks for them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::TimeDelta;

use crate::draw::frame;
use crate::scenario::{Lived, Scenario, live};

/// Seeds that are played each time: every one that has ever found something, and some of each kind.
const KEPT: [u64; 26] = [
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
    1_796_069_039_000_119,
    1_796_071_819_000_289,
    1_796_072_310_000_512,
    1_796_072_821_000_087,
    1_796_080_492_000_086,
    1_796_080_673_000_110,
    1_796_087_606_000_084,
    1_796_088_100_000_121,
    1_796_088_100_000_468,
    1_796_101_000_000_048,
    1_796_101_350_000_048,
];

/// Which worlds a run of this test plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// The kept seeds. A test of somebody's change says the same each time, so nothing else is played unasked.
    Kept,
    /// One world.
    One(u64),
    /// New ones. The kept ones come first, unless it is said where the new ones begin.
    Fresh { base: Option<u64>, until: Until },
}

/// When enough new worlds have been played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    Worlds(u64),
    Seconds(u64),
}

/// For how long new seeds are played where only their beginning is given.
const SECONDS: u64 = 20;

impl Choice {
    /// What the variables ask for.
    fn read(number: impl Fn(&str) -> Option<u64>) -> Self {
        if let Some(seed) = number("SIMULATION_SEED") {
            return Self::One(seed);
        }
        let base = number("SIMULATION_BASE");
        let until = match (number("SIMULATION_SEEDS"), number("SIMULATION_SECONDS")) {
            (Some(worlds), _) => Until::Worlds(worlds),
            (None, Some(seconds)) => Until::Seconds(seconds),
            (None, None) if base.is_some() => Until::Seconds(SECONDS),
            (None, None) => return Self::Kept,
        };
        Self::Fresh { base, until }
    }
}

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

fn play_kept() {
    for seed in KEPT {
        play(seed);
    }
}

fn play_fresh(base: u64, until: Until) {
    println!("new seeds from {base} on");
    let began = Instant::now();
    let (mut worlds, mut calls, mut lived) = (0, 0, TimeDelta::zero());
    let goes_on = |worlds| match until {
        Until::Worlds(most) => worlds < most,
        Until::Seconds(limit) => began.elapsed() < Duration::from_secs(limit),
    };
    while goes_on(worlds) {
        let world = play(base + worlds);
        worlds += 1;
        calls += world.calls;
        lived += world.span;
    }
    println!("{worlds} worlds, {calls} calls, {} days", lived.num_days());
}

#[test]
fn seeds() {
    match Choice::read(number) {
        Choice::One(seed) => println!("seed {seed}: {:?}", play(seed)),
        Choice::Kept => play_kept(),
        Choice::Fresh { base: Some(base), until } => play_fresh(base, until),
        Choice::Fresh { base: None, until } => {
            play_kept();
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
            play_fresh(now.as_secs() * 1_000_000, until);
        }
    }
}

/// `cargo test` sets none of the variables, and a seed that was never played before is no verdict on somebody's change.
#[test]
fn new_seeds_are_played_only_where_a_variable_asks() {
    let choose = |set: &[(&str, u64)]| {
        Choice::read(|variable| set.iter().find(|(name, _)| *name == variable).map(|(_, number)| *number))
    };
    let fresh = |base, until| Choice::Fresh { base, until };
    assert_eq!(choose(&[]), Choice::Kept);
    assert_eq!(choose(&[("SIMULATION_SEED", 7), ("SIMULATION_SEEDS", 9)]), Choice::One(7));
    assert_eq!(choose(&[("SIMULATION_SECONDS", 120)]), fresh(None, Until::Seconds(120)));
    let most = [("SIMULATION_SEEDS", 1_000), ("SIMULATION_SECONDS", 120)];
    assert_eq!(choose(&most), fresh(None, Until::Worlds(1_000)));
    assert_eq!(choose(&[("SIMULATION_BASE", 5)]), fresh(Some(5), Until::Seconds(SECONDS)));
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
