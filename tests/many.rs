//! Thousands of dynamic jobs on one function: added in one call, found page by page, removed again.

use cron_runtime::prelude::*;
use cron_runtime::store::{Command, Done, JobQuery, Page};
use cron_tests::start_in;

const MANY: usize = 10_000;

#[job]
fn remind(Args(_who): Args<usize>) {}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_jobs_on_one_handler() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let requests = || {
        (0..MANY).map(|who| {
            let request = remind::JOB.with(&who).expect("a number is JSON");
            request.named(format!("remind-{who:05}")).cron("0 9 * * *").timezone("Europe/London")
        })
    };
    let begin = std::time::Instant::now();
    scheduler.schedule_all(requests().collect()).await.expect("all are added");
    let added = begin.elapsed();
    // The same again changes nothing, however often it is said.
    scheduler.schedule_all(requests().collect()).await.expect("all are known");
    let begin = std::time::Instant::now();
    let query =
        JobQuery { after: Some("remind-04999".to_owned()), page: Page { limit: 50 }, ..JobQuery::default() };
    let page = scheduler.jobs(query).await.expect("a page");
    let listed = begin.elapsed();
    let names: Vec<_> = page.iter().map(|job| job.plan.name.as_str()).collect();
    assert_eq!((names.len(), names[0], names[49]), (50, "remind-05000", "remind-05049"));
    assert_eq!(page[0].plan.args.as_deref(), Some("5000"));
    assert!(page.iter().all(|job| job.linked && job.due.is_some()));
    let begin = std::time::Instant::now();
    let jobs = (0..MANY).map(|who| format!("remind-{who:05}").parse().expect("a name")).collect();
    let done = scheduler.command(Command::Remove { jobs }).await.expect("all are removed");
    assert_eq!(done, Done::Removed { count: MANY as u64 });
    println!("added in {added:?}, a page in {listed:?}, removed in {:?}", begin.elapsed());
    assert_eq!(scheduler.list().await.expect("all").len(), 1);
    scheduler.shutdown().await.expect("it stops");
}
