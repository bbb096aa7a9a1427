//! What jobs do: for how long, and how it ends, is a matter of the seed, the job, the tick and the attempt alone.

use std::time::Duration;

use cron_runtime::prelude::*;

use crate::draw::{chance, part, pick, seconds, span};
use crate::history::{Ending, Finish, Recorder};

/// What a call does.
#[derive(Clone, Copy, Debug)]
struct Conduct {
    takes: Duration,
    /// It comes to an end of its own when it is asked to stop.
    is_polite: bool,
    ending: Ending,
}

fn conduct(seed: u64, run: &Run) -> Conduct {
    let mut rng = part(seed, (run.name(), run.tick().timestamp_millis(), run.attempt()));
    let takes = match rng.u32(0..100) {
        0..20 => Duration::ZERO,
        20..60 => span(&mut rng, Duration::from_millis(1), seconds(5)),
        60..85 => span(&mut rng, seconds(2), seconds(40)),
        85..97 => span(&mut rng, seconds(20), seconds(240)),
        _ => span(&mut rng, seconds(120), seconds(1_500)),
    };
    let ending = match rng.u32(0..1_000) {
        0..100 => Ending::Error,
        100..130 => Ending::RetryAfter(span(&mut rng, seconds(1), seconds(90))),
        130..150 => Ending::Discard,
        150..155 => Ending::Panic,
        155..185 => Ending::After(span(&mut rng, seconds(1), seconds(4_000))),
        185..187 => Ending::Never,
        _ => Ending::Success,
    };
    Conduct { takes, is_polite: chance(&mut rng, 30), ending: pick(&mut rng, &[ending]) }
}

fn end(run: &Run, ending: Ending) -> Result<Next, JobError> {
    match ending {
        Ending::Success => Ok(Next::Scheduled),
        Ending::After(delay) => Ok(Next::After(delay)),
        Ending::Never => Ok(Next::Never),
        Ending::Error => Err(JobError::retry("it did not work")),
        Ending::RetryAfter(delay) => Err(JobError::retry_after(delay, "not now")),
        Ending::Discard => Err(JobError::discard("it never will")),
        Ending::Stopped => Err(JobError::retry("it was asked to stop")),
        Ending::Panic => {
            // The message of the hook for panics would be noise; this one does not come by there.
            std::panic::resume_unwind(Box::new(format!("`{}` panics", run.name())))
        }
    }
}

async fn work(run: &Run, recorder: &Recorder) -> Result<Next, JobError> {
    let Conduct { takes, is_polite, ending } = conduct(recorder.seed, run);
    let call = recorder.begins(run);
    if ending == Ending::Error && takes > seconds(2) {
        run.progress(0.5, "half of it");
    }
    let ending = if takes.is_zero() {
        ending
    } else if is_polite {
        tokio::select! {
            biased;
            () = run.cancelled() => Ending::Stopped,
            () = tokio::time::sleep(takes) => ending,
        }
    } else {
        tokio::time::sleep(takes).await;
        ending
    };
    call.ends(Finish::Returned(ending));
    end(run, ending)
}

#[job]
async fn sim_plain(run: Run, State(recorder): State<Recorder>) -> Result<Next, JobError> {
    work(&run, &recorder).await
}

/// Takes its process down, sooner or later.
#[job]
async fn sim_poison(run: Run, State(recorder): State<Recorder>) -> Result<Next, JobError> {
    let mut rng = part(recorder.seed, ("poison", run.tick().timestamp_millis(), run.attempt()));
    let takes = pick(&mut rng, &[Duration::ZERO, Duration::ZERO, seconds(1), seconds(20), seconds(90)]);
    let call = recorder.begins(&run);
    tokio::time::sleep(takes).await;
    if recorder.take_down(run.name()) {
        // Its process goes no further.
        std::future::pending::<()>().await;
    }
    call.ends(Finish::Returned(Ending::Success));
    end(&run, Ending::Success)
}

#[job(group = "crew")]
async fn sim_crew(run: Run, State(recorder): State<Recorder>) -> Result<Next, JobError> {
    work(&run, &recorder).await
}

#[job]
fn sim_sync(run: Run, State(recorder): State<Recorder>) -> Result<Next, JobError> {
    let ending = conduct(recorder.seed, &run).ending;
    let call = recorder.begins(&run);
    run.log("called");
    call.ends(Finish::Returned(ending));
    end(&run, ending)
}

#[job(every = "97s", overlap = "queue", queue_depth = 2, retries = 2, run_on_start = true)]
async fn sim_steady(run: Run, State(recorder): State<Recorder>) -> Result<Next, JobError> {
    work(&run, &recorder).await
}

#[job(cron = "*/15 * * * *", timezone = "Europe/London", catch_up = "all", catch_up_limit = 5)]
async fn sim_quarter(run: Run, State(recorder): State<Recorder>) -> Result<Next, JobError> {
    work(&run, &recorder).await
}
