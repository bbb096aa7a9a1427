//! Crashes, restarts, clocks, and what survives them.

use cron_runtime::chrono::TimeDelta;
use cron_runtime::core::run::{Origin, StateWord};
use cron_runtime::prelude::*;
use cron_runtime::testing::{Simulation, SimulationBuilder};

use super::{Calls, fetch, remind, remind_thrice, said_by, sync};

/// On both stores the same is true.
fn on_each_store(builder: impl Fn() -> SimulationBuilder, test: impl Fn(Simulation)) {
    test(builder().memory().start());
    let directory = tempfile::tempdir().expect("a directory");
    test(builder().database(directory.path().join("jobs.db")).start());
}

#[test]
fn a_crash_cuts_functions_off_and_a_restart_catches_up() {
    let builder = || Simulation::of((fetch::JOB, sync::JOB)).state(Calls::default()).at("2026-06-01");
    on_each_store(builder, |mut sim| {
        sim.take(fetch::JOB, "10m").once();
        sim.run_until("2026-06-01T01:05");
        sim.crash();
        let running = &sim.runs(fetch::JOB)[0];
        assert_eq!(running.state, StateWord::Running, "nobody could write its end");
        assert!(said_by(|| drop(sim.scheduler())).contains("start one with `restart()`"));
        sim.run_until("2026-06-01T02:30");
        sim.restart();
        sim.run_until("2026-06-01T02:35");
        let run = &sim.runs(fetch::JOB)[0];
        assert_eq!((run.attempts, run.state), (2, StateWord::Succeeded), "{run:?}");
        sim.missed(sync::JOB).times(8);
        sim.ran(sync::JOB).between("2026-06-01T01:05", "2026-06-01T02:35").at(["2026-06-01T02:30"]);
    });
}

/// What it books is on the file together with its success, over crashes before and after the commit.
#[job(every = "1h", retries = 3)]
fn book(run: Run) -> anyhow::Result<()> {
    run.transaction(|tx| {
        tx.execute("INSERT INTO bookings VALUES (?1)", [run.tick().to_rfc3339()])?;
        Ok(())
    })
}

#[test]
fn a_function_has_its_transaction_on_the_file_of_the_simulation() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("bank.db");
    let tables = |start: cron_runtime::Start| {
        start.prepare(|db| db.execute_batch("CREATE TABLE IF NOT EXISTS bookings (tick TEXT UNIQUE)"))
    };
    let mut sim = Simulation::of(book::JOB).at("2026-06-01").database(&file).start_with(tables).start();
    sim.run_for("3h");
    sim.crash();
    sim.restart();
    sim.run_for("3h");
    sim.ran(book::JOB).times(6);
    let bank = cron_runtime::rusqlite::Connection::open(&file).expect("it opens");
    let booked: i64 =
        bank.query_row("SELECT count(*) FROM bookings", [], |row| row.get(0)).expect("a number");
    assert_eq!(booked, 6);

    let mut sim = Simulation::of(book::JOB).at("2026-06-01").start();
    sim.run_for("1h");
    let error = &sim.runs(book::JOB)[0].error;
    assert!(error.contains("runs on `memory:`") && error.contains(".database("), "{error}");
}

#[test]
fn a_shutdown_waits_and_its_restart_goes_on() {
    let builder = || Simulation::of(fetch::JOB).state(Calls::default()).at("2026-06-01");
    on_each_store(builder, |mut sim| {
        sim.take(fetch::JOB, "10m").once();
        sim.run_until("2026-06-01T01:05");
        let report = sim.shutdown();
        assert_eq!(report.interrupted.len(), 1, "the grace is shorter than its time");
        sim.run_until("2026-06-01T01:20");
        sim.restart();
        let said = said_by(|| sim.restart());
        assert!(said.contains("the process lives"), "{said}");
        sim.settle();
        sim.ran(fetch::JOB).succeeded().once();
        assert_eq!(sim.runs(fetch::JOB)[0].attempts, 1, "an interruption uses no attempt");
    });
}

#[test]
fn an_outage_is_a_crash_between_two_instants() {
    let mut sim = Simulation::of(sync::JOB).state(Calls::default()).at("2026-06-01").start();
    sim.outage("2026-06-01T00:15", "2026-06-08");
    assert_eq!(sim.now().to_rfc3339(), "2026-06-08T00:00:00+00:00");
    sim.ran(sync::JOB).at(["2026-06-01T00:10", "2026-06-08"]);
    sim.missed(sync::JOB).times(7 * 144 - 2);
}

#[test]
fn the_clock_of_the_machine_is_set_and_the_machine_sleeps() {
    let calls = Calls::default();
    let mut sim = Simulation::of(sync::JOB).state(calls.clone()).at("2026-06-01").start();
    sim.run_until("2026-06-01T00:05");
    sim.step_clock(TimeDelta::hours(1));
    assert_eq!(sim.now().to_rfc3339(), "2026-06-01T01:05:00+00:00");
    sim.ran(sync::JOB).at(["2026-06-01T01:00"]);
    sim.step_clock(TimeDelta::minutes(-30));
    // The ticks up to 01:00 have their verdicts; the job runs at intervals, and goes on beside them.
    sim.run_until("2026-06-01T01:10");
    let beside = ["2026-06-01T00:40", "2026-06-01T00:50", "2026-06-01T01:00"];
    sim.ran(sync::JOB).at([&["2026-06-01T01:00"], &beside[..], &["2026-06-01T01:10"]].concat());
    // What is in progress takes as long as before, counted without the sleep.
    sim.take(sync::JOB, "5m").once();
    sim.run_until("2026-06-01T01:22");
    sim.suspend("2h");
    assert_eq!(calls.number(), 5, "two of its minutes have passed");
    sim.run_until("2026-06-01T03:26");
    assert_eq!(calls.number(), 6);
    // The clock stays where it is over a restart.
    sim.crash();
    sim.restart();
    assert_eq!(sim.now().to_rfc3339(), "2026-06-01T03:26:00+00:00");
    sim.run_until("2026-06-01T03:30");
    sim.ran(sync::JOB).at_least(7);
}

#[test]
fn a_job_that_asks_for_its_removal_is_gone_after_its_run() {
    on_each_store(
        || Simulation::of(remind_thrice::JOB).state(Calls::default()),
        |mut sim| {
            let scheduler = sim.scheduler();
            let request = remind_thrice::JOB.request().named("thrice").every("10s");
            sim.block_on(scheduler.schedule(request)).expect("it is scheduled");
            sim.run_for("40s");
            // The third run waits for its retry, and there are no ticks any more.
            let job = sim.block_on(scheduler.get("thrice")).expect("it is there");
            assert!(job.removal.is_some() && job.due.is_none(), "{job:?}");
            sim.ran("thrice").times(3);
            sim.run_for("10m");
            sim.block_on(scheduler.get("thrice")).expect_err("it is gone");
            let jobs = sim.block_on(scheduler.list()).expect("they are read");
            assert_eq!(jobs.len(), 1);
        },
    );
}

#[test]
fn runs_are_asked_for_and_jobs_are_made_while_it_goes_on() {
    let mut sim = Simulation::of((remind::JOB, sync::JOB)).state(Calls::default()).start();
    let run = sim.trigger_with(remind::JOB, "Ada");
    assert_eq!(sim.log(run), ["Do not forget, Ada!"]);
    sim.ran(remind::JOB).by_hand().succeeded().once();
    let said = said_by(|| _ = sim.trigger(remind::JOB));
    assert!(said.starts_with("`remind` cannot be triggered: ") && said.contains("arguments"), "{said}");
    let scheduler = sim.scheduler();
    let request = remind::JOB.with(&"Bob".to_owned()).expect("JSON").named("remind-bob").cron("0 9 * * *");
    sim.block_on(scheduler.schedule(request)).expect("it is scheduled");
    sim.fail("remind-bob").once();
    sim.run_for("1w");
    sim.ran("remind-bob").by_schedule().times(7);
    sim.ran("remind-bob").failed().once();
    sim.block_on(scheduler.pause(sync::JOB, "ops", "")).expect("it is paused");
    sim.run_for("1h");
    sim.block_on(scheduler.resume(sync::JOB)).expect("it is resumed");
    sim.skipped(sync::JOB).paused().times(6);
    assert!(sim.runs(remind::JOB).iter().all(|run| run.origin == Origin::Manual));
}

#[test]
fn the_record_is_complete_whatever_the_retention_says() {
    #[job(every = "1m", keep_runs = 10, keep_for = "1h")]
    fn forgetful() {}

    let mut sim = Simulation::of(forgetful::JOB).start();
    sim.run_for("1d");
    sim.ran(forgetful::JOB).succeeded().times(1_440);
    sim.finish();
}

#[test]
fn the_same_test_does_the_same_each_time() {
    let life = || {
        let mut sim = Simulation::of((fetch::JOB, sync::JOB)).state(Calls::default()).start();
        sim.fail(fetch::JOB).times(5);
        sim.take(sync::JOB, "37m").times(3);
        sim.run_for("6h");
        sim.outage("2026-01-01T07:03", "2026-01-01T09:41");
        (sim.runs(fetch::JOB), sim.ticks(sync::JOB))
    };
    assert_eq!(life(), life());
}
