//! What a test is told when the record is not what it expected.

use cron_runtime::testing::Simulation;

use super::{Calls, close_day, said_by, sync};

fn three_days() -> Simulation {
    let mut sim = Simulation::of(close_day::JOB).at("2026-03-28").zone("Europe/London").start();
    sim.run_until("2026-03-31");
    sim
}

#[test]
fn a_wrong_number_is_told_with_what_there_was() {
    let sim = three_days();
    sim.ran(close_day::JOB).succeeded().times(3);
    let said = said_by(|| sim.ran(close_day::JOB).succeeded().times(2));
    let expected = "\
expected `close_day` to have run and succeeded 2 times; it was 3 times
  from Sat 2026-03-28 00:00:00 GMT (2026-03-28T00:00:00Z) to Tue 2026-03-31 00:00:00 BST (2026-03-30T23:00:00Z):
    Sat 2026-03-28 01:30:00 GMT (2026-03-28T01:30:00Z): succeeded, 1 attempt
    Sun 2026-03-29 02:00:00 BST (2026-03-29T01:00:00Z): succeeded, 1 attempt
    Mon 2026-03-30 01:30:00 BST (2026-03-30T00:30:00Z): succeeded, 1 attempt
    next due Tue 2026-03-31 01:30:00 BST (2026-03-31T00:30:00Z)";
    assert_eq!(said, expected);
    let said = said_by(|| sim.ran(close_day::JOB).failed().at_least(1));
    assert!(
        said.starts_with("expected `close_day` to have run and failed at least once; it was never"),
        "{said}"
    );
    let said = said_by(|| sim.ran(close_day::JOB).between("2026-03-28", "2026-03-29").never());
    assert!(said.contains("from Sat 2026-03-28 00:00:00 GMT (2026-03-28T00:00:00Z) to before Sun"), "{said}");
}

#[test]
fn wrong_ticks_are_told_with_the_nearest_ones() {
    let sim = three_days();
    let said = said_by(|| {
        sim.ran(close_day::JOB).at([
            "2026-03-28T01:30",
            "2026-03-29T02:30",
            "2026-03-30T01:30",
            "2026-04-01T01:30",
        ])
    });
    let expected = "\
expected `close_day` to have run at 4 ticks; 2 of them missing, 1 more than expected
  missing  Sun 2026-03-29 02:30:00 BST (2026-03-29T01:30:00Z): no tick; the nearest are \
Sun 2026-03-29 02:00:00 BST (2026-03-29T01:00:00Z) (ran, succeeded (run 2)) and \
Mon 2026-03-30 01:30:00 BST (2026-03-30T00:30:00Z) (ran, succeeded (run 3))
  missing  Wed 2026-04-01 01:30:00 BST (2026-04-01T00:30:00Z): it is only Tue 2026-03-31 00:00:00 BST (2026-03-30T23:00:00Z)
  surplus  Sun 2026-03-29 02:00:00 BST (2026-03-29T01:00:00Z)
";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn skipped_ticks_are_told_with_their_reason() {
    let mut sim = Simulation::of(sync::JOB).state(Calls::default()).at("2026-06-01").start();
    sim.take(sync::JOB, "25m").once();
    sim.run_for("1h");
    let said = said_by(|| sim.skipped(sync::JOB).overlap().never());
    let expected = "\
expected `sync` to have been skipped(overlap) never; it was 2 times
  from Mon 2026-06-01 00:00:00 UTC to Mon 2026-06-01 01:00:00 UTC:
    Mon 2026-06-01 00:10:00 UTC: succeeded, 1 attempt
    Mon 2026-06-01 00:20:00 UTC: skipped(overlap), run 1 held the slot
    Mon 2026-06-01 00:30:00 UTC: skipped(overlap), run 1 held the slot
    Mon 2026-06-01 00:40:00 UTC: succeeded, 1 attempt";
    assert!(said.starts_with(expected), "{said}");
    let said = said_by(|| sim.ran(sync::JOB).at(["2026-06-01T00:20"]));
    assert!(
        said.contains("missing  Mon 2026-06-01 00:20:00 UTC: skipped(overlap), run 1 held the slot"),
        "{said}"
    );
    let said = said_by(|| sim.missed(sync::JOB).once());
    assert!(said.starts_with("expected `sync` to have been skipped(missed) once; it was never"), "{said}");
}

#[test]
fn long_lists_are_cut_in_the_middle_and_unknown_jobs_refused() {
    let mut sim = Simulation::of(sync::JOB).state(Calls::default()).start();
    let said = said_by(|| sim.ran(sync::JOB).once());
    assert!(said.contains("nothing ran and nothing was skipped"), "{said}");
    sim.run_for("1w");
    let said = said_by(|| sim.ran(sync::JOB).never());
    assert!(said.contains("\n    ... 998 more ...\n"), "{said}");
    assert_eq!(said.lines().count(), 2 + 11 + 1, "{said}");
    let said = said_by(|| sim.ran("snyc").once());
    assert_eq!(said, "no job of this simulation is named `snyc`: did you mean `sync`?");
    let said = said_by(|| drop(sim.runs("zzzzz")));
    assert_eq!(said, "no job of this simulation is named `zzzzz`: there are `sync`");
}

#[test]
fn the_place_that_is_named_is_the_line_of_the_test() {
    let sim = three_days();
    let here = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let seen = std::sync::Arc::clone(&here);
    let before = std::panic::take_hook();
    let this_thread = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == this_thread {
            *seen.lock().expect("whole") =
                info.location().map(|place| place.file().to_owned()).unwrap_or_default();
        }
    }));
    let said = said_by(|| sim.ran(close_day::JOB).never());
    std::panic::set_hook(before);
    assert!(said.contains("never"), "{said}");
    assert!(here.lock().expect("whole").ends_with("expecting.rs"), "{here:?}");
}

#[test]
fn a_broken_record_fails_the_test_that_drops_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("jobs.db");
    let mut sim = Simulation::of(close_day::JOB).at("2026-03-28").database(&path).start();
    sim.run_for("3d");
    let file = rusqlite::Connection::open(&path).expect("it opens");
    file.execute("DELETE FROM runs WHERE id = 2", []).expect("it is removed");
    drop(file);
    let said = said_by(|| drop(sim));
    assert!(said.starts_with("the record of the simulation breaks the contract:"), "{said}");
    assert!(said.contains("`close_day`: 3 ticks, 2 ran, 0 skipped"), "{said}");
    assert!(said.contains("the tick 2026-03-29 01:00:00 UTC has no verdict"), "{said}");
}
