//! What runs are given, and what they say of themselves: arguments, progress, log.

use cron_runtime::core::run::StateWord;
use cron_runtime::prelude::*;
use cron_runtime::store::{MAX_LOG_LINES, Trigger};
use cron_runtime::{Error, Event, Scheduler};
use cron_tests::wait_for;

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Reminder {
    to: String,
}

#[job]
async fn remind(run: Run, Args(reminder): Args<Reminder>) {
    run.log(format!("to {}", reminder.to));
}

#[job]
fn may_have_none(run: Run, Args(number): Args<Option<u32>>) {
    run.log(format!("{number:?}"));
}

#[job]
async fn talks(run: Run) {
    assert!(!run.is_late());
    run.progress(f64::NAN, "no number");
    run.progress(7.0, "more than all");
    run.progress(0.5, "half way");
    run.log("first\nsecond");
    for number in 0..MAX_LOG_LINES {
        run.log(number.to_string());
    }
    run.shutting_down().await;
    run.log("last");
}

async fn start() -> Scheduler {
    cron_runtime::start().database("memory:").await.expect("it starts")
}

fn with(job: &str, args: Option<&str>) -> Trigger {
    Trigger { job: job.parse().expect("a name"), args: args.map(str::to_owned), force: false }
}

async fn log_of(scheduler: &Scheduler, trigger: Trigger) -> Vec<String> {
    let mut events = scheduler.events();
    let run = scheduler.trigger_with(trigger).await.expect("it fits").run;
    let (_, state) =
        wait_for(&mut events, "its end", |event| event.finished().filter(|(ended, _)| *ended == run)).await;
    assert_eq!(state, StateWord::Succeeded);
    scheduler.log(run).await.expect("it is read").into_iter().map(|line| line.text).collect()
}

#[tokio::test]
async fn a_run_gets_the_arguments_it_was_triggered_with() {
    let scheduler = start().await;
    assert_eq!(log_of(&scheduler, with("remind", Some(r#"{"to":"Ada"}"#))).await, ["to Ada"]);
    assert_eq!(log_of(&scheduler, with("may_have_none", Some("7"))).await, ["Some(7)"]);
    assert_eq!(log_of(&scheduler, with("may_have_none", None)).await, ["None"]);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused_where_they_are_given() {
    let scheduler = start().await;
    let refusal = async |trigger| scheduler.trigger_with(trigger).await.expect_err("it does not fit");
    let none = refusal(with("remind", None)).await;
    assert!(matches!(none, Error::Args(_)) && none.to_string().contains("none were given"), "{none}");
    let wrong = refusal(with("remind", Some(r#"{"for":"Ada"}"#))).await.to_string();
    assert!(wrong.contains("Reminder") && wrong.contains("missing field `to`"), "{wrong}");
    let no_json = refusal(with("remind", Some("Ada"))).await.to_string();
    assert!(no_json.contains("no JSON"), "{no_json}");
    assert!(scheduler.trigger("remind").await.is_err());
    assert_eq!(scheduler.runs(Default::default()).await.expect("they are read"), []);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn progress_and_log_are_told_at_once_and_kept() {
    let scheduler = start().await;
    let mut events = scheduler.events();
    let run = scheduler.trigger(talks::JOB).await.expect("it is there");
    let mut fractions = Vec::new();
    wait_for(&mut events, "all lines", |event| match event {
        Event::Progress { progress, .. } => {
            fractions.push((progress.fraction, progress.message));
            None
        }
        Event::Log { line, .. } => (line.text == (MAX_LOG_LINES - 1).to_string()).then_some(()),
        _ => None,
    })
    .await;
    let said = [(0.0, "no number"), (1.0, "more than all"), (0.5, "half way")];
    assert_eq!(fractions, said.map(|(fraction, message)| (fraction, message.to_owned())));

    scheduler.shutdown().await.expect("it ends");
    let (info, _) = scheduler.run(run).await.expect("it is read").expect("it is there");
    assert_eq!(info.progress.expect("it said so").message, "half way");
    let log = scheduler.log(run).await.expect("it is read");
    assert_eq!((log.len(), log[MAX_LOG_LINES - 1].text.as_str()), (MAX_LOG_LINES, "last"));
    assert_eq!(log[0].attempt, 1);
}
