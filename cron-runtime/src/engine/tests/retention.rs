//! What retention does not keep is removed as fast as it comes.

use super::*;
use crate::store::Page;

const JOBS: usize = 600;
const ROUNDS: usize = 10;

fn on_record(bench: &Bench) -> usize {
    let query = RunQuery { page: Page { limit: 2 * JOBS * ROUNDS }, ..RunQuery::default() };
    bench.stores.ledger.runs(&query).expect("they are read").len()
}

#[test]
fn where_many_runs_end_the_record_does_not_grow() {
    let options = [(Key::Every, "1m"), (Key::KeepRuns, "1")];
    let jobs = (0..JOBS).map(|number| job(&format!("job-{number}"), &options, NOTHING)).collect();
    let mut bench = Bench::new(2 * JOBS, jobs);
    let mut ended = 0;
    for round in 1..=ROUNDS {
        bench.pass(Duration::from_secs(60));
        for _ in 0..10_000 {
            while let Ok(event) = bench.told.try_recv() {
                ended += usize::from(matches!(event, Event::Ended { .. }));
            }
            if ended == round * JOBS {
                break;
            }
            bench.step(TimeDelta::zero(), Duration::ZERO);
            std::thread::park_timeout(Duration::from_millis(1));
        }
        assert_eq!(ended, round * JOBS);
    }
    // Less than a minute, so that nothing else is due, and much less than lies between two passes where little ends.
    for _ in 0..50 {
        bench.pass(Duration::from_secs(1));
    }
    // One of each job is kept, and for a while what has ended behind the pass.
    let left = on_record(&bench);
    assert!((JOBS..2 * JOBS).contains(&left), "{left} runs on record");
}
