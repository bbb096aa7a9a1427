//! Policies in words.

use cron_core::duration::format_duration;
use cron_core::job::Plan;
use cron_core::policy::{Backoff, CatchUp, CatchUpRule, Overlap, Retry};

pub(crate) fn overlap(overlap: Overlap) -> String {
    let words = match overlap {
        Overlap::Skip => "a tick is skipped while an older run is active",
        Overlap::Allow => "a tick starts beside older runs",
    };
    format!("{overlap}: {words}")
}

pub(crate) fn catch_up(catch_up: &CatchUp) -> String {
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

pub(crate) fn retry(retry: &Retry) -> String {
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

pub(crate) fn timeout(plan: &Plan) -> String {
    match plan.timeout {
        Some(timeout) => format!("{} for each attempt", format_duration(timeout)),
        None => "none".to_owned(),
    }
}
