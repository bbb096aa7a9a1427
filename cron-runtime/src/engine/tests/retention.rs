//! What retention does not keep is removed as fast as it comes.

use super::*;
use crate::store::Page;

const JOBS: usize = 300;
const ROUNDS: usize = 55;

fn on_record(bench: &Bench) -> usize {
    let query = RunQuery { page: Page { limit: 2 * JOBS * ROUNDS }, ..RunQuery::default() };
    bench.stores.ledger.runs(&query).expect("they are read").len()
}

#[test]
fn where_many_runs_end_the_record_does_not_grow() {
    let options = [(Key::Every, "1s"), (Key::KeepRuns, "1")];
    let jobs = (0..JOBS).map(|number| job(&format!("job-{number}"), &options, NOTHING)).collect();
    let mut bench = Bench::new(2 * JOBS, jobs);
    let (mut ended, mut most) = (0, 0);
    // Less than a minute, so that no pass through all jobs is due, and something is due all the time.
    for round in 1..=ROUNDS {
        bench.pass(Duration::from_secs(1));
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
        most = most.max(on_record(&bench));
    }
    // One of each job is kept; sixteen end until its turn has come, and fifteen while the turns of all are spread.
    assert!(most <= JOBS * 32, "{most} runs on record");
}
