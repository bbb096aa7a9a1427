//! What the examples share: printing events as they happen.

use cron_runtime::Event;
use cron_runtime::core::run::RunState;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// The next event; `None` when the scheduler has stopped.
pub async fn next(events: &mut Receiver<Event>) -> Option<Event> {
    loop {
        match events.recv().await {
            Ok(event) => return Some(event),
            Err(RecvError::Lagged(lost)) => println!("({lost} events were too fast to print)"),
            Err(RecvError::Closed) => return None,
        }
    }
}

/// An event in one line for people; `None` for those that this program need not show.
#[must_use]
pub fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Started { job, run, nominal, attempt, at, .. } => {
            let late = (*at - *nominal).num_milliseconds();
            format!(
                "{}  {job}: run {run} starts, attempt {attempt}, {late} ms after its tick",
                at.format("%H:%M:%S%.3f")
            )
        }
        Event::Ended { job, run, attempt, state, error, at, .. } => {
            let then = match state {
                RunState::Waiting { wake } => {
                    format!("waiting until {} for the next attempt", wake.format("%H:%M:%S%.3f"))
                }
                other => other.word().to_string(),
            };
            let error = if error.is_empty() { String::new() } else { format!(" ({error})") };
            format!("{}  {job}: run {run}, attempt {attempt}: {then}{error}", at.format("%H:%M:%S%.3f"))
        }
        Event::Skipped { job, skip } => {
            let (count, reason) = (skip.count, skip.reason);
            format!(
                "              {job}: {count} skipped({reason}), the last one at {}",
                skip.last.format("%H:%M:%S")
            )
        }
        Event::Lost { job, run, state } => {
            format!("              {job}: the process of run {run} vanished; the run is {}", state.word())
        }
        Event::Progress { job, run, progress, .. } => {
            let percent = progress.fraction * 100.0;
            format!("              {job}: run {run} is at {percent:.0} % ({})", progress.message)
        }
        Event::Asked { job, run, why } => format!("              {job}: run {run} is asked to stop: {why}"),
        Event::Cancelled { job, run, state } => {
            format!("              {job}: run {run} was ended, {}", state.word())
        }
        Event::Problem(problem) => format!("              problem: {problem}"),
        _ => return None,
    })
}
