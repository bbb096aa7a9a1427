//! Jobs that are made while the program runs: the function of a declared job, with a name, arguments and a schedule of their own.
//!
//! They are kept in the database like declared ones, so they go on after a restart without being scheduled again.

use cron_runtime::prelude::*;
use std::time::{Duration, UNIX_EPOCH};

#[derive(serde::Serialize, serde::Deserialize)]
struct Reminder {
    to: String,
    about: String,
}

/// Reminds somebody. It has no schedule of its own, so it runs when others say.
#[job]
async fn remind(run: Run, Args(reminder): Args<Reminder>) {
    println!("{}: do not forget {}, {}!", run.name(), reminder.about, reminder.to);
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scheduler = cron_runtime::start().database("memory:").await?;
    let mut events = scheduler.events();

    // The compiler knows what `remind` takes. Scheduling the same name again edits the job.
    let tea = Reminder { to: "Ada".to_owned(), about: "the tea".to_owned() };
    let request = remind::JOB.with(&tea)?.named("remind-ada").every(Duration::from_secs(1));
    println!("remind-ada: {:?}", scheduler.schedule(request.clone()).await?);
    println!("remind-ada, again: {:?}", scheduler.schedule(request).await?);

    // What is wrong is said in the words of the attribute.
    let wrong = remind::JOB.with(&tea)?.named("remind-bob").daily("25:00");
    println!("{}", scheduler.schedule(wrong).await.expect_err("there is no such hour"));

    // One run, at an instant: this one is past, so it runs at once.
    let train = Reminder { to: "Bob".to_owned(), about: "the train".to_owned() };
    let nine = UNIX_EPOCH + Duration::from_secs(1_577_869_200); // 2020-01-01T09:00:00Z
    let once = scheduler.run_once(remind::JOB.with(&train)?, nine).await?;
    println!("{once} runs once");

    let mut ended = 0;
    while ended < 3 {
        let Some(event) = cron_examples::next(&mut events).await else { break };
        ended += u32::from(event.finished().is_some());
    }
    scheduler.remove("remind-ada").await?;
    scheduler.shutdown().await?;
    Ok(())
}
