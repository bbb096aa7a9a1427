//! Beside a running application: it is read without being disturbed, and commands reach it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use cron_runtime::{Event, Scheduler, job};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use crate::fixture::{Fixture, Said};

/// Rings once.
#[job]
fn ring() {}

async fn inspect(fixture: &Fixture, args: &[&str]) -> Said {
    let mut command = fixture.command(args);
    let run = tokio::task::spawn_blocking(move || command.output().expect("the binary runs"));
    run.await.expect("no panic").into()
}

/// The end of the next run, however long the machine takes for it.
async fn ended(events: &mut Receiver<Event>) -> u64 {
    loop {
        match timeout(Duration::from_secs(30), events.recv()).await.expect("in time").expect("an event") {
            Event::Ended { run, .. } => return run.0,
            _ => continue,
        }
    }
}

#[tokio::test]
async fn commands_reach_a_running_application() {
    let fixture = Fixture::empty();
    let database = fixture.database.to_str().expect("UTF-8");
    let scheduler: Scheduler = cron_runtime::start().database(database).await.expect("started");
    let mut events = scheduler.events();
    assert!(inspect(&fixture, &["list"]).await.good().contains("ring"));
    let triggered = inspect(&fixture, &["trigger", "ring", "--json"]).await.json();
    assert_eq!(triggered["run"], ended(&mut events).await);
    let run = inspect(&fixture, &["run", "1", "--json"]).await.json();
    assert_eq!(run["run"]["state"], "succeeded");
    inspect(&fixture, &["verify"]).await.good();
    scheduler.shutdown().await.expect("stopped");
    assert!(inspect(&fixture, &["runs"]).await.good().contains("succeeded"));
}

/// Told by the file alone, to a process that the application knows nothing of.
#[tokio::test]
async fn a_running_application_is_followed() {
    let fixture = Fixture::empty();
    let database = fixture.database.to_str().expect("UTF-8");
    let scheduler: Scheduler = cron_runtime::start().database(database).await.expect("started");
    let mut command = fixture.command(&["tail", "--job", "ring", "--for", "60s", "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let next = move || {
        let line = lines.next().expect("before its time was over").expect("a line");
        let event: Value = serde_json::from_str(&line).expect("JSON");
        (event, lines)
    };
    let (event, mut lines) = tokio::task::spawn_blocking(next).await.expect("no panic");
    assert_eq!(event["event"], "following");
    inspect(&fixture, &["trigger", "ring"]).await.good();
    let rest = move || loop {
        let line = lines.next().expect("before its time was over").expect("a line");
        let event: Value = serde_json::from_str(&line).expect("JSON");
        if event["event"] == "ended" {
            return event;
        }
    };
    let ended = tokio::task::spawn_blocking(rest).await.expect("no panic");
    assert_eq!((&ended["run"], &ended["state"]), (&json!(1), &json!("succeeded")));
    child.kill().and_then(|()| child.wait()).expect("it ends");
    scheduler.shutdown().await.expect("stopped");
}
