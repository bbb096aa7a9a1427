//! More jobs at one instant than one transaction judges.

use std::collections::BTreeMap;

use super::*;
use crate::store::Page;

const JOBS: usize = 1_300;

#[test]
fn each_of_many_jobs_that_are_due_together_is_called_once_and_its_result_written() {
    let jobs =
        (0..JOBS).map(|number| job(&format!("job-{number}"), &[(Key::Every, "1m")], NOTHING)).collect();
    let mut bench = Bench::new(2 * JOBS, jobs);
    for round in 1..=2 {
        bench.pass(Duration::from_secs(60));
        let (mut started, mut ended) = (BTreeMap::new(), BTreeMap::new());
        for _ in 0..10_000 {
            while let Ok(event) = bench.told.try_recv() {
                match event {
                    Event::Started { run, .. } => *started.entry(run).or_insert(0) += 1,
                    Event::Ended { run, .. } => *ended.entry(run).or_insert(0) += 1,
                    other => panic!("{other:?}"),
                }
            }
            if ended.len() == JOBS {
                break;
            }
            bench.step(TimeDelta::zero(), Duration::ZERO);
            std::thread::park_timeout(Duration::from_millis(1));
        }
        assert_eq!(ended.len(), JOBS, "round {round}");
        assert!(ended.values().all(|times| *times == 1), "each is told once");
        assert_eq!(started, ended, "what has ended was called once");
        let query = RunQuery { page: Page { limit: 3 * JOBS }, ..RunQuery::default() };
        let runs = bench.stores.ledger.runs(&query).expect("they are read");
        assert_eq!(runs.len(), round * JOBS);
        assert!(runs.iter().all(|run| run.state == RunState::Succeeded), "all are on record");
    }
}
