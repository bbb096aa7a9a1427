//! Policies in words.

use std::time::Duration;

use cron_core::duration::format_duration;
use cron_core::job::options::Key;
use cron_core::job::{JobName, Label, OwnPolicies, Plan};
use cron_core::policy::{Backoff, CatchUp, CatchUpRule, Overlap, Priority, Retention, Retry};

use super::time::count;

/// One policy of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// The name in stable words.
    pub(crate) key: &'static str,
    pub(crate) label: &'static str,
    pub(crate) text: String,
    /// What holds without a word about it, and needs none.
    pub(crate) is_silent: bool,
}

/// Every policy of a job, each in a sentence.
pub(crate) fn policies(plan: &Plan) -> Vec<Policy> {
    let has_ticks = plan.schedule.is_some();
    let policy = |key, label, text, is_silent| Policy { key, label, text, is_silent };
    let mut all = vec![policy("overlap", "Overlap", overlap(plan), false)];
    if has_ticks {
        all.push(policy("catch_up", "Catch-up", catch_up(&plan.catch_up), false));
    }
    all.push(policy("retries", "Retries", retry(&plan.retry), false));
    all.push(policy("timeout", "Timeout", timeout(plan), false));
    let grace = plan.slots.cancel_grace;
    let text = format!("a run that is asked to stop is cut off {} later", format_duration(grace));
    all.push(policy(
        "cancel_grace",
        "Cancelling",
        text,
        grace == cron_core::policy::Slots::DEFAULT.cancel_grace,
    ));
    if has_ticks {
        all.push(policy("jitter", "Jitter", jitter(plan.jitter), plan.jitter.is_none()));
    }
    let text = match plan.run_on_start {
        true => "one run more when the job is registered for the first time",
        false => "nothing runs at the registration",
    };
    all.push(policy("run_on_start", "At start", text.to_owned(), !plan.run_on_start));
    let Priority(number) = plan.priority;
    let text = format!("{number} of {}: of runs due together the highest starts first", Priority::MAX);
    all.push(policy("priority", "Priority", text, plan.priority == Priority::DEFAULT));
    all.push(policy("retention", "Kept", retention(&plan.retention), plan.retention == Retention::DEFAULT));
    all
}

/// What a plan says beside schedule and policies, where it says something: labels and values.
pub(crate) fn labels(plan: &Plan) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    if let Some(group) = &plan.group {
        all.push(("Group", group.to_string()));
    }
    if !plan.tags.is_empty() {
        let tags: Vec<_> = plan.tags.iter().map(Label::as_str).collect();
        all.push(("Tags", tags.join(", ")));
    }
    if let Some(handler) = &plan.handler {
        all.push(("Handler", handler.to_string()));
    }
    if let (Some(handler), Some(own)) = (&plan.handler, &plan.own) {
        all.push(("Inherited", inherited(handler, own)));
    }
    if let Some(args) = &plan.args {
        all.push(("Arguments", super::json::one_line(args)));
    }
    if plan.temporary {
        all.push(("Temporary", "removed with its record once it has no tick left".to_owned()));
    }
    if let Some(was) = &plan.was {
        all.push(("Was", was.to_string()));
    }
    all
}

/// Which policies a dynamic job has from its handler. Most have nearly all, so those that it has not are shorter to say.
fn inherited(handler: &JobName, own: &OwnPolicies) -> String {
    let own: Vec<_> = own.iter().map(Key::name).collect();
    if own.is_empty() {
        return format!("all policies, from {handler}");
    }
    format!("all policies but {}, from {handler}", own.join(", "))
}

fn overlap(plan: &Plan) -> String {
    let slots = &plan.slots;
    let words = match (plan.overlap, slots.max_running) {
        (Overlap::Skip, _) => "a tick is skipped while an older run is active".to_owned(),
        (Overlap::Queue, _) => {
            let waits = if slots.queue_depth == 1 { "waits" } else { "wait" };
            let ticks = count(slots.queue_depth.into(), "tick");
            format!("{ticks} {waits} while an older run is active; beyond that the oldest is superseded")
        }
        (Overlap::Cancel, _) => {
            let grace = format_duration(slots.cancel_grace);
            format!("a tick asks the older run to stop, and starts once it has, or {grace} later")
        }
        (Overlap::Allow, None) => "a tick starts beside older runs".to_owned(),
        (Overlap::Allow, Some(most)) => {
            format!("a tick starts beside older runs, {most} active at most; beyond that it is skipped")
        }
    };
    format!("{}: {words}", plan.overlap)
}

fn catch_up(catch_up: &CatchUp) -> String {
    let words = match (catch_up.rule, catch_up.grace) {
        (CatchUpRule::Latest, _) => "of missed ticks the newest still runs".to_owned(),
        (CatchUpRule::All, _) => {
            format!("of missed ticks the newest {} still run, one at a time", catch_up.limit)
        }
        (CatchUpRule::None, Some(grace)) => {
            format!("a tick more than {} late does not run", format_duration(grace))
        }
        (CatchUpRule::None, None) => "a tick more than 60s, or half the period, late does not run".to_owned(),
    };
    let window = catch_up.window.map(|window| format!(", none older than {}", format_duration(window)));
    format!("{}: {words}{}", catch_up.rule, window.unwrap_or_default())
}

fn retry(retry: &Retry) -> String {
    if retry.retries == 0 {
        return "none: one attempt".to_owned();
    }
    let (first, most) = (format_duration(retry.delay), format_duration(retry.max_delay));
    let delay = match retry.backoff {
        Backoff::Fixed => format!("{first} apart"),
        Backoff::Linear => format!("after {first} and each {first} later, at most {most}"),
        Backoff::Exponential => format!("after {first} and each twice as long, at most {most}"),
    };
    let past_next = if retry.past_next { ", also past the next tick" } else { "" };
    format!("{} {delay} (±20 %){past_next}", retry.retries)
}

fn timeout(plan: &Plan) -> String {
    match plan.timeout {
        Some(timeout) => format!("{} for each attempt", format_duration(timeout)),
        None => "none".to_owned(),
    }
}

fn jitter(jitter: Option<Duration>) -> String {
    match jitter {
        Some(span) => {
            format!("a tick starts up to {} late, by a hash of job and tick", format_duration(span))
        }
        None => "none: a tick starts at its instant".to_owned(),
    }
}

fn retention(retention: &Retention) -> String {
    let Retention { runs, age, dead, dead_age } = retention;
    format!(
        "{}, none older than {}; {}, none older than {}",
        count(u64::from(*runs), "finished run"),
        format_duration(*age),
        count(u64::from(*dead), "dead letter"),
        format_duration(*dead_age)
    )
}
