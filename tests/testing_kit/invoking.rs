//! One call of a job's function.

use cron_runtime::prelude::*;
use cron_runtime::testing::{Invoked, Said, invoke};

use super::{Calls, fetch, remind, remind_thrice, sync};

#[job(retries = 5)]
async fn mood(Args(mood): Args<String>, run: Run) -> Result<Next, JobError> {
    run.progress(0.5, "half way");
    tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
    run.log(format!("attempt {} at {}", run.attempt(), run.tick()));
    match mood.as_str() {
        "good" => Ok(Next::Never),
        "slow" => Err(JobError::retry_after(std::time::Duration::from_secs(7), "slow down")),
        "gone" => Err(JobError::discard("gone")),
        "late" => Err(JobError::retry(format!(
            "{} {} {}",
            run.is_late(),
            run.is_cancelled(),
            run.is_shutting_down()
        ))),
        _ => panic!("a mood of its own"),
    }
}

fn call(mood: &str) -> Invoked {
    invoke(mood::JOB).args(mood).run().expect("it is called")
}

#[test]
fn what_a_function_says_is_given_as_it_is() {
    let good = call("good");
    assert_eq!(good.said, Said::Succeeded(Some(Next::Never)));
    assert!(good.is_success() && good.error().is_none());
    assert_eq!(good.progress.expect("it told").fraction, 0.5);
    assert_eq!(good.log, ["attempt 1 at 2026-01-01 00:00:00 UTC"]);
    let seven = Some(std::time::Duration::from_secs(7));
    assert_eq!(call("slow").said, Said::Failed { message: "slow down".to_owned(), retry_after: seven });
    assert_eq!(call("gone").said, Said::Discarded { message: "gone".to_owned() });
    let panicked = call("bad");
    assert!(matches!(&panicked.said, Said::Panicked { message } if message.contains("a mood of its own")));
    assert!(panicked.error().expect("words").contains("invoking.rs"), "{panicked:?}");
}

#[test]
fn the_run_is_what_the_test_says() {
    let tick: chrono::DateTime<chrono::Utc> = "2026-03-29T01:30:00Z".parse().expect("an instant");
    let invoked = invoke("mood").args("late").tick(tick).attempt(3).late().cancelled().shutting_down().run();
    let invoked = invoked.expect("it is called");
    assert_eq!(invoked.error(), Some("true true true"));
    assert_eq!(invoked.log, ["attempt 3 at 2026-03-29 01:30:00 UTC"]);
}

#[tokio::test]
async fn it_is_awaited_where_there_is_a_runtime() {
    let calls = Calls::default();
    assert!(invoke(sync::JOB).state(calls.clone()).await.expect("it is called").is_success());
    assert!(invoke(fetch::JOB).state(calls.clone()).await.expect("it is called").is_success());
    assert_eq!(calls.number(), 2);
    // Nobody stands between a test and a function.
    fetch(State(calls.clone())).await;
    sync(State(calls.clone()));
    assert_eq!(calls.number(), 4);
}

#[test]
fn what_is_missing_is_said() {
    let refused = |invoke: cron_runtime::testing::Invoke| invoke.run().expect_err("refused").to_string();
    let said = refused(invoke(sync::JOB));
    let expected = "job `sync` takes `State<testing_kit::Calls>`, which was not given; add `.state(value)` to `invoke(sync::JOB)`";
    assert_eq!(said, expected);
    assert!(refused(invoke(remind::JOB)).contains("takes arguments of type"));
    assert!(refused(invoke(remind::JOB).args(&7)).contains("the arguments for job `remind` are no"));
    assert_eq!(refused(invoke("remnid")), "no job of this program is named `remnid`, did you mean `remind`?");
}

#[test]
fn a_wish_for_removal_is_told() {
    let calls = |number| {
        let calls = Calls::default();
        (0..number).for_each(|_| calls.add());
        calls
    };
    let called =
        |number| invoke(remind_thrice::JOB).named("thrice").state(calls(number)).run().expect("it is called");
    assert!(!called(0).removes_job);
    let asked = called(2);
    assert!(asked.removes_job && asked.error() == Some("once more"), "{asked:?}");
    // The declared job itself cannot be removed.
    let declared = invoke(remind_thrice::JOB).state(calls(2)).run().expect("it is called");
    assert!(
        !declared.removes_job
            && declared.error().is_some_and(|error| error.contains("take its `#[job]` away"))
    );
}
