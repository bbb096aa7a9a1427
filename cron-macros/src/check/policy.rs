//! Overlap, catch-up and retries: words, numbers, and options that mean nothing without another one.

use std::time::Duration;

use cron_core::duration::format_duration;
use cron_core::policy::{Backoff, CatchUp, CatchUpRule, Overlap, Retry};

use super::{duration, has_schedule, word};
use crate::args::{Args, Key, Value};
use crate::mistakes::Mistakes;

pub(super) fn overlap(args: &Args, mistakes: &mut Mistakes) -> Overlap {
    args.get(Key::Overlap).and_then(|entry| word(entry, mistakes)).unwrap_or_default()
}

pub(super) fn catch_up(args: &Args, mistakes: &mut Mistakes) -> CatchUp {
    if !has_schedule(args) {
        for key in [Key::CatchUp, Key::CatchUpLimit, Key::CatchUpWindow, Key::Grace] {
            if let Some(entry) = args.get(key) {
                let name = key.name();
                mistakes.add(
                    &entry.at_key,
                    format!("`{name}` needs a schedule: without one, no tick is ever missed\nremove it, or add a schedule"),
                );
            }
        }
        return CatchUp::DEFAULT;
    }
    let given = args.get(Key::CatchUp);
    let rule = given.map_or(Some(CatchUp::DEFAULT.rule), |entry| word(entry, mistakes));
    let limit = count(args, Key::CatchUpLimit, 1..=CatchUp::MAX_LIMIT, mistakes);
    let window = duration(args, Key::CatchUpWindow, mistakes);
    let grace = duration(args, Key::Grace, mistakes);
    // Only a rule that is known can make another option meaningless.
    if let Some(rule) = rule {
        for (key, wanted, why) in [
            (Key::CatchUpLimit, CatchUpRule::All, "it says how many missed ticks run"),
            (Key::Grace, CatchUpRule::None, "it says how late a tick may start before it counts as missed"),
        ] {
            if let Some(entry) = args.get(key).filter(|_| rule != wanted) {
                let name = key.name();
                let is = if given.is_some() { "this job has" } else { "the default is" };
                mistakes.add(
                    &entry.at_key,
                    format!("`{name}` needs `catch_up = \"{wanted}\"`: {why}\n{is} `catch_up = \"{rule}\"`"),
                );
            }
        }
    }
    CatchUp {
        rule: rule.unwrap_or(CatchUp::DEFAULT.rule),
        limit: limit.unwrap_or(CatchUp::DEFAULT.limit),
        window,
        grace,
    }
}

pub(super) fn retry(args: &Args, mistakes: &mut Mistakes) -> Retry {
    let given = args.get(Key::Retries);
    let retries = count(args, Key::Retries, 0..=Retry::MAX_RETRIES, mistakes);
    if given.is_none() || retries == Some(0) {
        for key in [Key::Backoff, Key::RetryDelay, Key::RetryMaxDelay, Key::RetryPastNext] {
            if let Some(entry) = args.get(key) {
                let name = key.name();
                let text = match given {
                    Some(_zero) => {
                        format!("`{name}` has no effect with `retries = 0`\nremove it, or allow a retry")
                    }
                    None => format!("`{name}` needs `retries`\nadd for example `{}`", Key::Retries.example()),
                };
                mistakes.add(&entry.at_key, text);
            }
        }
        return Retry::DEFAULT;
    }
    let backoff = args.get(Key::Backoff).map_or(Some(Retry::DEFAULT.backoff), |entry| word(entry, mistakes));
    let delay = duration(args, Key::RetryDelay, mistakes);
    let max_delay = duration(args, Key::RetryMaxDelay, mistakes);
    check_delays(args, backoff, delay, max_delay, mistakes);
    check_past_next(args, mistakes);
    Retry {
        retries: retries.unwrap_or(0),
        backoff: backoff.unwrap_or(Retry::DEFAULT.backoff),
        delay: delay.unwrap_or(Retry::DEFAULT.delay),
        max_delay: max_delay.unwrap_or(Retry::DEFAULT.max_delay),
        past_next: args.get(Key::RetryPastNext).is_some_and(|entry| entry.value == Value::Switch(true)),
    }
}

/// A delay beyond the largest one would be cut to it in silence.
fn check_delays(
    args: &Args,
    backoff: Option<Backoff>,
    delay: Option<Duration>,
    max_delay: Option<Duration>,
    mistakes: &mut Mistakes,
) {
    let (of_delay, of_max) = (args.get(Key::RetryDelay), args.get(Key::RetryMaxDelay));
    if let (Some(Backoff::Fixed), Some(entry)) = (backoff, of_max) {
        let text = "`retry_max_delay` has no effect with `backoff = \"fixed\"`: every delay is `retry_delay`\nremove it";
        return mistakes.add(&entry.at_key, text);
    }
    let Some(at) = of_delay.or(of_max) else { return };
    let (first, most) =
        (delay.unwrap_or(Retry::DEFAULT.delay), max_delay.unwrap_or(Retry::DEFAULT.max_delay));
    let both_known = of_delay.is_some() == delay.is_some() && of_max.is_some() == max_delay.is_some();
    if both_known && first > most {
        let shown = |name: &str, value, given: bool| {
            let default = if given { "" } else { ", the default" };
            format!("`{name}` ({}{default})", format_duration(value))
        };
        let first = shown("retry_delay", first, of_delay.is_some());
        let most = shown("retry_max_delay", most, of_max.is_some());
        let instead = match (of_delay, of_max) {
            (Some(_), None) => "set a longer `retry_max_delay`",
            (None, _) => "set a shorter `retry_delay`",
            (Some(_), Some(_)) => "make it shorter, or `retry_max_delay` longer",
        };
        mistakes.add(&at.at_value, format!("{first} is longer than {most}\n{instead}"));
    }
}

/// Giving way to the next tick is something that only a scheduled job under `skip` does.
fn check_past_next(args: &Args, mistakes: &mut Mistakes) {
    let Some(entry) = args.get(Key::RetryPastNext) else { return };
    let allows =
        args.get(Key::Overlap).is_some_and(|overlap| overlap.text() == Some(Overlap::Allow.as_str()));
    if !has_schedule(args) {
        mistakes.add(&entry.at_key, "`retry_past_next` needs a schedule: without one, there is no next tick\nremove it, or add a schedule");
    } else if let Some(after) = args.get(Key::After) {
        let text = format!(
            "`retry_past_next` has no effect with `after = {}`: there is no next tick before the retries have ended\nremove it",
            after.at_value
        );
        mistakes.add(&entry.at_key, text);
    } else if allows {
        mistakes.add(
            &entry.at_key,
            "`retry_past_next` has no effect with `overlap = \"allow\"`: no retry gives way to a tick there\nremove it",
        );
    }
}

/// A number that was given and is in range.
fn count(
    args: &Args,
    key: Key,
    range: std::ops::RangeInclusive<u32>,
    mistakes: &mut Mistakes,
) -> Option<u32> {
    let entry = args.get(key)?;
    let Value::Count(number) = entry.value else { return None };
    let fits = u32::try_from(number).ok().filter(|number| range.contains(number));
    if fits.is_none() {
        let instead = match (key, number) {
            (Key::CatchUpLimit, 0) => "\nto run no missed tick at all, write `catch_up = \"none\"`",
            _ => "",
        };
        let text = format!("`{}` is a number from {} to {}{instead}", key.name(), range.start(), range.end());
        mistakes.add(&entry.at_value, text);
    }
    fits
}
