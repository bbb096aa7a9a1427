//! Retries: how often, how late, and what gives way.

use std::time::Duration;

use super::policy::effective_overlap;
use super::{Check, Key};
use crate::duration::format_duration;
use crate::policy::{Backoff, Overlap, Retry};

pub(super) fn check(check: &mut Check<'_>) -> Retry {
    let own = check.count(Key::Retries, 0..=Retry::MAX_RETRIES);
    let given = check.has(Key::Retries);
    let base = check.handler.map_or(Retry::DEFAULT, |handler| handler.retry);
    let is_none = if given { own == Some(0) } else { base.retries == 0 };
    if is_none {
        for key in [Key::Backoff, Key::RetryDelay, Key::RetryMaxDelay, Key::RetryPastNext] {
            if check.has(key) {
                let example = Key::Retries.example();
                let text = match check.handler {
                    _ if given => {
                        format!("`{key}` has no effect with `retries = 0`\nremove it, or allow a retry")
                    }
                    Some(handler) => format!(
                        "`{key}` needs `retries`, and its handler `{}` has `retries = 0`\nadd for example `{example}`",
                        handler.name
                    ),
                    None => format!("`{key}` needs `retries`\nadd for example `{example}`"),
                };
                check.wrong_name(key, text);
            }
        }
        return Retry { retries: own.unwrap_or(Retry::DEFAULT.retries), ..Retry::DEFAULT };
    }
    let backoff = check.word::<Backoff>(Key::Backoff);
    let delay = check.duration(Key::RetryDelay);
    let max_delay = check.duration(Key::RetryMaxDelay);
    let effective = if check.has(Key::Backoff) { backoff } else { Some(base.backoff) };
    delays(check, &base, effective, delay, max_delay);
    past_next(check);
    Retry {
        retries: own.unwrap_or(Retry::DEFAULT.retries),
        backoff: backoff.unwrap_or(Retry::DEFAULT.backoff),
        delay: delay.unwrap_or(Retry::DEFAULT.delay),
        max_delay: max_delay.unwrap_or(Retry::DEFAULT.max_delay),
        past_next: check.switch(Key::RetryPastNext),
    }
}

/// A delay beyond the largest one would be cut to it in silence.
fn delays(
    check: &mut Check<'_>,
    base: &Retry,
    backoff: Option<Backoff>,
    delay: Option<Duration>,
    max_delay: Option<Duration>,
) {
    let (delay_given, max_given) = (check.has(Key::RetryDelay), check.has(Key::RetryMaxDelay));
    // What the handler says of the largest delay is nobody's mistake.
    if backoff == Some(Backoff::Fixed) && max_given {
        let whose = check.of_handler(Key::Backoff);
        let text = format!(
            "`retry_max_delay` has no effect with `backoff = \"fixed\"`{whose}: every delay is `retry_delay`\nremove it"
        );
        return check.wrong_name(Key::RetryMaxDelay, text);
    }
    let at = match (delay_given, max_given) {
        (true, _) => Key::RetryDelay,
        (false, true) => Key::RetryMaxDelay,
        (false, false) => return,
    };
    let (first, most) = (delay.unwrap_or(base.delay), max_delay.unwrap_or(base.max_delay));
    let both_known = delay_given == delay.is_some() && max_given == max_delay.is_some();
    if both_known && first > most {
        let shown = |key: Key, value, given: bool| {
            let whose = match check.handler {
                _ if given => String::new(),
                Some(handler) => format!(", of its handler `{}`", handler.name),
                None => ", the default".to_owned(),
            };
            format!("`{key}` ({}{whose})", format_duration(value))
        };
        let first = shown(Key::RetryDelay, first, delay_given);
        let most = shown(Key::RetryMaxDelay, most, max_given);
        let instead = match (delay_given, max_given) {
            (true, false) => "set a longer `retry_max_delay`",
            (false, _) => "set a shorter `retry_delay`",
            (true, true) => "make it shorter, or `retry_max_delay` longer",
        };
        check.wrong_value(at, format!("{first} is longer than {most}\n{instead}"));
    }
}

/// Giving way to the next tick is something that only a scheduled job under `skip` does.
fn past_next(check: &mut Check<'_>) {
    if !check.has(Key::RetryPastNext) {
        return;
    }
    let key = Key::RetryPastNext;
    if !check.has_schedule() {
        check.wrong_name(key, "`retry_past_next` needs a schedule: without one, there is no next tick\nremove it, or add a schedule");
    } else if check.has(Key::After) {
        let after = check.written(Key::After);
        let text = format!(
            "`retry_past_next` has no effect with `{after}`: there is no next tick before the retries have ended\nremove it"
        );
        check.wrong_name(key, text);
    } else if let Some(overlap) =
        effective_overlap(check, check.text(Key::Overlap).and_then(|word| word.parse().ok()))
    {
        let why = match overlap {
            Overlap::Skip => return,
            Overlap::Queue => "the next tick waits for the retry there",
            Overlap::Cancel => "the next tick cancels a run that waits for its retry",
            Overlap::Allow => "no retry gives way to a tick there",
        };
        let whose = check.of_handler(Key::Overlap);
        let text = format!(
            "`retry_past_next` has no effect with `overlap = \"{overlap}\"`{whose}: {why}\nremove it"
        );
        check.wrong_name(key, text);
    }
}
