use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::run::{Failure, FailureKind};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range")
}

fn suspect(deaths: u32, started: i64) -> Suspect {
    Suspect { deaths, started: at(started), is_quarantined: false }
}

#[test]
fn only_a_process_that_died_while_its_machine_went_on_is_a_death() {
    assert!(Vanished::Died.is_death());
    for other in [Vanished::Left, Vanished::Lives, Vanished::WithMachine] {
        assert!(!other.is_death(), "{other:?}");
    }
}

#[test]
fn a_death_counts_once_for_each_job_with_its_newest_attempt() {
    let death = count_death(&BTreeMap::new(), [(1, at(5)), (2, at(1)), (1, at(9)), (1, at(7))]);
    assert_eq!(death.suspects, BTreeMap::from([(1, suspect(1, 9)), (2, suspect(1, 1))]));
    assert_eq!(death.quarantined, None);
}

#[test]
fn the_third_death_in_a_row_is_quarantine_and_a_fourth_changes_nothing() {
    let mut suspects = Suspects::default();
    assert_eq!(suspects.count([(1, at(1))]).quarantined, None);
    assert_eq!(suspects.count([(1, at(2))]).quarantined, None);
    assert!(is_next_the_last(2) && !is_next_the_last(1));
    assert_eq!(suspects.count([(1, at(3))]).quarantined, Some(1));
    assert!(suspects.is_quarantined(1));
    assert_eq!(suspects.count([(1, at(4))]).quarantined, None);
    assert!(!suspects.clear(1), "a quarantine is for a person to end");
    assert!(suspects.release(1) && !suspects.is_quarantined(1));
}

#[test]
fn an_end_breaks_the_row() {
    let mut suspects = Suspects::default();
    for second in 0..9 {
        assert_eq!(suspects.count([(1, at(second))]).quarantined, None);
        assert!(second % 2 == 0 || suspects.clear(1));
    }
}

#[test]
fn one_death_puts_the_suspect_in_quarantine_that_was_started_last() {
    let mut suspects = Suspects::new([(1, suspect(2, 0)), (2, suspect(2, 0)), (3, suspect(1, 0))]);
    assert_eq!(suspects.count([(1, at(1)), (2, at(61))]).quarantined, Some(2));
    assert_eq!(
        suspects.count([(1, at(200)), (3, at(261))]).quarantined,
        None,
        "the last one may have done it"
    );
    // A job that was no suspect has just happened to be there.
    assert_eq!(suspects.count([(1, at(400)), (3, at(461)), (4, at(462))]).quarantined, Some(3));
    assert_eq!(suspects.get(1), Some(suspect(5, 400)));
}

#[test]
fn the_one_with_most_deaths_starts_first_and_then_the_one_that_was_started_last() {
    let mut all = [suspect(1, 9), suspect(2, 1), suspect(2, 4), suspect(1, 10)];
    all.sort_by_key(Suspect::order);
    assert_eq!(all, [suspect(2, 4), suspect(2, 1), suspect(1, 10), suspect(1, 9)]);
}

#[test]
fn the_next_suspect_waits_for_sixty_seconds() {
    assert_eq!(held_until([], at(0)), None);
    assert_eq!(held_until([at(0)], at(0)), Some(at(60)));
    assert_eq!(held_until([at(0), at(20)], at(59)), Some(at(80)));
    assert_eq!(held_until([at(0)], at(60)), None);
    assert_eq!(held_until([at(900)], at(60)), None, "a clock that went back holds up nobody");
}

#[test]
fn whatever_its_process_records_of_an_end_clears_a_job() {
    let failure = Failure { kind: FailureKind::Panicked, message: String::new(), retry_after: None };
    for end in [
        AttemptEnd::Succeeded,
        AttemptEnd::Failed(failure),
        AttemptEnd::Discarded { message: String::new() },
        AttemptEnd::Interrupted { was_called: true },
        AttemptEnd::Cancelled { why: String::new() },
    ] {
        assert!(is_cleared_by(&RunEvent::Ended { at: at(0), end: end.clone() }), "{end:?}");
    }
    for event in [
        RunEvent::Ended { at: at(0), end: AttemptEnd::Lost },
        RunEvent::Ended { at: at(0), end: AttemptEnd::Interrupted { was_called: false } },
        RunEvent::Overrun { at: at(0) },
        RunEvent::Cancel { at: at(0), why: String::new() },
    ] {
        assert!(!is_cleared_by(&event), "{event:?}");
    }
}

/// What a job of a small world does once it is in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conduct {
    /// Takes its process down.
    Kills,
    /// Ends before anything else happens.
    Ends,
    /// Goes on for as long as its process lives.
    GoesOn,
}

fn any_jobs() -> impl Strategy<Value = Vec<Conduct>> {
    let kinds = prop::sample::select(&[Conduct::Kills, Conduct::Ends, Conduct::GoesOn][..]);
    prop::collection::vec(kinds, 1..6)
}

/// One life of a process: who starts, in which order, until one of them kills it. Gives what was in progress then; `None` if it lives.
fn life(
    jobs: &[Conduct],
    suspects: &mut Suspects<usize>,
    arrival: &[usize],
    clock: &mut i64,
) -> Option<Vec<(usize, DateTime<Utc>)>> {
    let free = |suspects: &Suspects<usize>| -> Vec<usize> {
        arrival.iter().copied().filter(|job| suspects.get(*job).is_none()).collect()
    };
    let mut in_progress: Vec<(usize, DateTime<Utc>)> = Vec::new();
    let mut has_started = BTreeSet::new();
    loop {
        // What is not suspected starts at once; of the others the first one, when none is in progress that has not lived for 60 s.
        let mut next: Vec<usize> = free(suspects);
        let waiting = arrival.iter().filter_map(|job| Some((suspects.get(*job)?, *job)));
        let waiting = waiting.filter(|(suspect, job)| !suspect.is_quarantined && !has_started.contains(job));
        let first = waiting.min_by_key(|(suspect, job)| (suspect.order(), *job));
        next.extend(first.map(|(_, job)| job));
        next.retain(|job| has_started.insert(*job));
        if next.is_empty() {
            return None;
        }
        let mut dies = false;
        for job in next {
            *clock += 1;
            match jobs[job] {
                Conduct::Ends => {
                    suspects.clear(job);
                }
                Conduct::GoesOn => in_progress.push((job, at(*clock))),
                Conduct::Kills => {
                    in_progress.push((job, at(*clock)));
                    dies = true;
                }
            }
        }
        if dies {
            return Some(in_progress);
        }
        *clock += 60;
    }
}

proptest! {
    /// However many jobs kill their process and whoever is in progress beside them: after three deaths for each of these they are in
    /// quarantine, all others run, and no job that ends was ever put there.
    #[test]
    fn every_killer_is_found_and_no_job_that_ends_is_taken_for_one(
        jobs in any_jobs(), order in any::<prop::sample::Index>(),
    ) {
        let mut arrival: Vec<usize> = (0..jobs.len()).collect();
        arrival.rotate_left(order.index(jobs.len()));
        let killers = jobs.iter().filter(|conduct| **conduct == Conduct::Kills).count();
        let (mut suspects, mut clock, mut deaths) = (Suspects::default(), 0, 0);
        while let Some(in_progress) = life(&jobs, &mut suspects, &arrival, &mut clock) {
            deaths += 1;
            prop_assert!(deaths <= 3 * killers.max(1), "{jobs:?}: {suspects:?}");
            suspects.count(in_progress);
        }
        for (job, conduct) in jobs.iter().enumerate() {
            prop_assert_eq!(suspects.is_quarantined(job), *conduct == Conduct::Kills, "{:?}", jobs);
        }
    }

    #[test]
    fn deaths_only_rise_and_one_at_most_is_put_in_quarantine(
        counts in prop::collection::vec(prop::collection::vec((0usize..4, 0i64..50), 0..6), 0..12),
    ) {
        let mut suspects = Suspects::default();
        for in_progress in counts {
            let before = suspects.clone();
            let death = suspects.count(in_progress.iter().map(|(job, second)| (*job, at(*second))));
            let quarantined = (0..4).filter(|job| suspects.is_quarantined(*job) && !before.is_quarantined(*job));
            prop_assert_eq!(quarantined.collect::<Vec<_>>(), death.quarantined.into_iter().collect::<Vec<_>>());
            for job in 0..4 {
                let deaths = |suspects: &Suspects<usize>| suspects.get(job).map_or(0, |suspect| suspect.deaths);
                let was_there = in_progress.iter().any(|(other, _)| *other == job);
                prop_assert_eq!(deaths(&suspects), deaths(&before) + u32::from(was_there));
            }
        }
    }
}
