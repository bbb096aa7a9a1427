//! The ledger's reads: order, filters and pages.

use std::collections::BTreeSet;

use cron_runtime::core::run::{Origin, RunId};

use crate::jobs::{at, job};
use crate::world::{Both, Command, Desk, Page, RunFilter, RunInfo, RunQuery, World, name, plans};

cases!(reading:
    jobs_are_listed_in_the_order_of_their_names,
    all_runs_are_listed_in_the_order_in_which_they_were_recorded,
    the_runs_of_a_job_are_listed_by_nominal_instant,
    runs_of_one_nominal_instant_are_listed_newest_first,
    pages_have_no_gaps_and_no_repeats,
    a_page_after_a_run_that_has_ended_meanwhile_goes_on_where_it_was,
    a_page_after_a_run_that_is_not_there_has_no_repeats,
    only_active_runs_are_listed_where_that_is_asked_for,
    an_unknown_job_has_no_runs_no_skips_and_no_audit,
    a_page_of_none_is_empty,
    the_newest_blocks_of_skipped_ticks_come_first,
    the_newest_run_of_a_job_is_the_one_of_the_newest_instant,
    one_that_never_joined_may_read,
    the_newest_program_and_those_that_live_decide_what_is_linked,
);

fn ids(runs: &[RunInfo]) -> Vec<RunId> {
    runs.iter().map(|run| run.id).collect()
}

fn page(limit: usize) -> RunQuery {
    RunQuery { page: Page { limit }, ..RunQuery::default() }
}

/// Reads on from page to page until one is empty.
fn all_pages(ledger: &dyn Both, query: &RunQuery) -> Vec<RunId> {
    let mut all = Vec::new();
    let mut query = query.clone();
    loop {
        let runs = ledger.runs(&query).expect("readable");
        assert!(runs.len() <= query.page.limit);
        let Some(last) = runs.last() else { return all };
        query.before = Some(last.id);
        all.extend(ids(&runs));
        assert!(all.len() < 1_000, "the pages have no end");
    }
}

/// Two jobs with ticks and manual runs that share instants and were recorded in another order than they lie in.
fn mixed(world: &World) -> crate::world::Process {
    let process = world.start(0, &[job("a").every("10s").allow(), job("b").every("10s").allow()]);
    for second in [10, 20, 30] {
        process.triggered("a", second);
        process.judge(second);
        process.triggered("a", second);
        process.triggered("b", second - 5);
    }
    process.judge(30);
    process
}

pub(crate) fn jobs_are_listed_in_the_order_of_their_names(world: &World) {
    world.start(0, &[job("m"), job("z")]).leaves(1);
    let process = world.start(2, &[job("a"), job("B"), job("é")]);
    let names: Vec<_> = process.all_jobs().iter().map(|job| job.plan.name.to_string()).collect();
    assert_eq!(names, ["B", "a", "m", "z", "é"]);
}

pub(crate) fn all_runs_are_listed_in_the_order_in_which_they_were_recorded(world: &World) {
    let process = mixed(world);
    let all = ids(&process.all_runs());
    assert_eq!(all.len(), 15);
    assert!(all.is_sorted_by(|a, b| a > b), "{all:?}");
}

pub(crate) fn the_runs_of_a_job_are_listed_by_nominal_instant(world: &World) {
    let process = world.start(0, &[job("a").every("60s").allow(), job("b").every("60s")]);
    process.triggered("a", 100);
    process.judge(110);
    let runs = process.runs(&RunQuery { job: Some("a".to_owned()), ..page(10) }).expect("readable");
    let seen: Vec<_> = runs.iter().map(|run| (run.nominal, run.origin)).collect();
    assert_eq!(seen, [(at(100), Origin::Manual), (at(60), Origin::Tick)]);
    assert!(runs.iter().all(|run| run.job == name("a")));
}

pub(crate) fn runs_of_one_nominal_instant_are_listed_newest_first(world: &World) {
    let process = mixed(world);
    let runs = process.runs(&RunQuery { job: Some("a".to_owned()), ..page(100) }).expect("readable");
    let keys: Vec<_> = runs.iter().map(|run| (run.nominal, run.id)).collect();
    assert_eq!(keys.len(), 9);
    assert!(keys.is_sorted_by(|a, b| a > b), "{keys:?}");
}

pub(crate) fn pages_have_no_gaps_and_no_repeats(world: &World) {
    let process = mixed(world);
    for job in [None, Some("a".to_owned()), Some("b".to_owned())] {
        for filter in [RunFilter::All, RunFilter::Active] {
            let whole = RunQuery { job: job.clone(), filter, ..page(usize::MAX) };
            let whole = ids(&process.runs(&whole).expect("readable"));
            for limit in [1, 2, 4, 100] {
                let query = RunQuery { job: job.clone(), filter, ..page(limit) };
                assert_eq!(all_pages(process.store(), &query), whole, "{query:?}");
            }
        }
    }
}

pub(crate) fn a_page_after_a_run_that_has_ended_meanwhile_goes_on_where_it_was(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow()]);
    let claims: Vec<_> = (1..=4).map(|tick| process.starts(tick * 10).claim).collect();
    // The last run of the first page, which is no longer active when the second page is asked for.
    process.succeed(claims[2], 41);
    for job in [None, Some("a".to_owned())] {
        let query = RunQuery { filter: RunFilter::Active, job, before: Some(claims[2].run), ..page(2) };
        assert_eq!(ids(&process.runs(&query).expect("readable")), [claims[1].run, claims[0].run]);
    }
}

pub(crate) fn a_page_after_a_run_that_is_not_there_has_no_repeats(world: &World) {
    let process = mixed(world);
    let seen: BTreeSet<_> = ids(&process.all_runs()).into_iter().collect();
    let gone = RunId(seen.last().expect("runs").0 + 7);
    let runs = process.runs(&RunQuery { before: Some(gone), ..page(100) }).expect("readable");
    assert_eq!(runs.len(), seen.len(), "all of them are older than a run of a later number");
    let runs = process.runs(&RunQuery { before: Some(RunId(0)), ..page(100) }).expect("readable");
    assert_eq!(runs, []);
    // In the order of a job's instants nobody knows where a run was that is not there.
    let of_job = RunQuery { job: Some("a".to_owned()), before: Some(gone), ..page(100) };
    assert_eq!(process.runs(&of_job).expect("readable"), []);
}

pub(crate) fn only_active_runs_are_listed_where_that_is_asked_for(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow().retries(1), job("b")]);
    let [done, waits, runs] = [10, 20, 30].map(|second| process.starts(second).claim);
    process.succeed(done, 31);
    process.fail(waits, 31, "no");
    let scheduled = process.triggered("b", 32);
    let active = process.runs(&RunQuery { filter: RunFilter::Active, ..page(10) }).expect("readable");
    assert_eq!(ids(&active), [scheduled, runs.run, waits.run]);
    let of_job = RunQuery { filter: RunFilter::Active, job: Some("a".to_owned()), ..page(10) };
    assert_eq!(ids(&process.runs(&of_job).expect("readable")), [runs.run, waits.run]);
}

pub(crate) fn an_unknown_job_has_no_runs_no_skips_and_no_audit(world: &World) {
    let process = mixed(world);
    for unknown in ["c", "", "A", "a' OR '1'='1", "a\0"] {
        assert_eq!(process.job(unknown).expect("readable"), None);
        let query = RunQuery { job: Some(unknown.to_owned()), ..page(10) };
        assert_eq!(process.runs(&query).expect("readable"), []);
        assert_eq!(process.skipped(unknown), []);
        assert_eq!(process.audit(unknown).expect("readable"), None);
    }
}

pub(crate) fn a_page_of_none_is_empty(world: &World) {
    let process = mixed(world);
    assert_eq!(process.runs(&page(0)).expect("readable"), []);
    assert_eq!(process.skips("a", Page { limit: 0 }).expect("readable"), []);
}

pub(crate) fn the_newest_blocks_of_skipped_ticks_come_first(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.judge(10);
    for second in [20, 40, 70] {
        process.judge(second);
    }
    let firsts = |limit| {
        let skips = process.skips("a", Page { limit }).expect("readable");
        skips.iter().map(|skip| crate::jobs::second(skip.first)).collect::<Vec<_>>()
    };
    assert_eq!(firsts(100), [70, 50, 40, 30, 20]);
    assert_eq!(firsts(2), [70, 50]);
}

pub(crate) fn the_newest_run_of_a_job_is_the_one_of_the_newest_instant(world: &World) {
    let process = world.start(0, &[job("a").every("60s").allow()]);
    assert_eq!(process.info("a").last_run, None);
    let manual = process.triggered("a", 100);
    // The tick at 60 is recorded later and lies before it.
    process.judge(110);
    assert_eq!(process.info("a").last_run.expect("a run").id, manual);
    // Of one instant the one recorded last.
    let manual = process.triggered("a", 120);
    assert_eq!(process.info("a").last_run.expect("a run").id, manual);
    let claimed = process.judge(120).claimed;
    assert_eq!(process.info("a").last_run.expect("a run").id, claimed[1].claim.run);
}

pub(crate) fn one_that_never_joined_may_read(world: &World) {
    let observer = world.open();
    assert_eq!(observer.all_jobs(), []);
    assert_eq!(observer.all_runs(), []);
    let process = mixed(world);
    assert_eq!(observer.all_jobs(), process.all_jobs());
    assert_eq!(observer.all_runs(), process.all_runs());
}

pub(crate) fn the_newest_program_and_those_that_live_decide_what_is_linked(world: &World) {
    let old = world.start(0, &[job("a"), job("b")]);
    world.start(1, &[job("b"), job("c")]).leaves(2);
    old.does(Command::Upsert { plans: plans(&[job("r").on("a")]) }, 2);
    let observer = world.open();
    let linked = || ["a", "r", "b", "c"].map(|name| observer.info(name).linked);
    // The newest program has ended without a successor, and an older one lives.
    assert_eq!(linked(), [true; 4]);
    old.leaves(3);
    assert_eq!(linked(), [false, false, true, true]);
}
