//! How much runs at once: workers of a process, limits of groups.

use std::sync::atomic::{AtomicU32, Ordering};

use cron_runtime::prelude::*;
use cron_runtime::{Error, Event, Start};
use cron_tests::wait_for;

static ACTIVE: AtomicU32 = AtomicU32::new(0);
static MOST: AtomicU32 = AtomicU32::new(0);

#[job(group = "heavy", overlap = "allow")]
async fn heavy() {
    work().await;
}

#[job(group = "heavy", overlap = "allow")]
async fn heavy_too() {
    work().await;
}

async fn work() {
    let active = ACTIVE.fetch_add(1, Ordering::SeqCst) + 1;
    MOST.fetch_max(active, Ordering::SeqCst);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    ACTIVE.fetch_sub(1, Ordering::SeqCst);
}

fn start() -> Start {
    cron_runtime::start().database("memory:")
}

// One test for both bounds: they share the counters.
#[tokio::test]
async fn no_more_run_at_once_than_workers_and_groups_allow() {
    for (start, most) in [(start().workers(2), 2), (start().group_limit("heavy", 1), 1)] {
        MOST.store(0, Ordering::SeqCst);
        let scheduler = start.await.expect("it starts");
        let mut events = scheduler.events();
        for _ in 0..3 {
            let all = scheduler.trigger_group("heavy").await.expect("it is there");
            assert_eq!((all.triggered.len(), all.held.len()), (2, 0));
        }
        let mut ended = 0;
        wait_for(&mut events, "six runs", |event| {
            ended += u32::from(matches!(event, Event::Ended { .. }));
            (ended == 6).then_some(())
        })
        .await;
        assert_eq!(MOST.load(Ordering::SeqCst), most);
        scheduler.shutdown().await.expect("it ends");
    }
}

#[tokio::test]
async fn bounds_that_make_no_sense_are_refused() {
    assert!(matches!(start().workers(0).await, Err(Error::NoWorkers)));
    assert!(matches!(start().group_limit("heavy", 0).await, Err(Error::ClosedGroup { .. })));
    assert!(matches!(start().group_limit("no group", 1).await, Err(Error::Name(_))));
    let error = start().group_limit("haevy", 1).await.expect_err("no such group");
    assert!(error.to_string().ends_with("did you mean `heavy`?"), "{error}");
}
