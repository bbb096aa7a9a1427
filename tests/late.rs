//! A tick that starts late: its function knows, and so does who wants to be told.

use chrono::{DateTime, Utc};
use cron_runtime::core::run::StateWord;
use cron_runtime::prelude::*;
use cron_tests::wait_for;
use tokio::sync::mpsc::unbounded_channel;

/// Its one tick has long passed when it is registered. The catch-up rule runs it.
#[job(at = "2020-01-01T00:00:00Z")]
async fn overdue(run: Run) {
    assert!(run.is_late());
}

#[job]
async fn asked_for(run: Run) {
    assert!(!run.is_late());
}

#[tokio::test]
async fn a_late_tick_is_told_as_such() {
    let (sender, mut told) = unbounded_channel();
    let never = sender.clone();
    let scheduler = cron_runtime::start()
        .database("memory:")
        .on_late(move |late| {
            let sender = sender.clone();
            async move { sender.send(late) }
        })
        .on_late_of(asked_for::JOB, move |late| {
            let never = never.clone();
            async move { never.send(late) }
        })
        .await
        .expect("it starts");
    let late = told.recv().await.expect("it is told");
    let tick: DateTime<Utc> = "2020-01-01T00:00:00Z".parse().expect("an instant");
    assert_eq!((late.job.as_str(), late.tick), ("overdue", tick));
    assert!(late.at > tick);

    let mut events = scheduler.events();
    let run = scheduler.trigger(asked_for::JOB).await.expect("it is there");
    let (_, state) =
        wait_for(&mut events, "its end", |event| event.finished().filter(|(ended, _)| *ended == run)).await;
    assert_eq!(state, StateWord::Succeeded);
    scheduler.shutdown().await.expect("it ends");
    let (info, _) = scheduler.run(late.run).await.expect("it is read").expect("it is there");
    assert_eq!((info.state.word(), info.error.as_str()), (StateWord::Succeeded, ""));
    assert!(told.try_recv().is_err(), "a run by hand is never late");
}
