//! Overlap, catch-up, order and retention: words, numbers, and options that mean nothing without another one.

use std::time::Duration;

use super::{Check, Key};
use crate::policy::{CatchUp, CatchUpRule, Overlap, Priority, Retention, Slots};

pub(super) fn overlap(check: &mut Check<'_>) -> (Overlap, Slots) {
    let own = check.word::<Overlap>(Key::Overlap);
    let overlap = effective_overlap(check, own);
    let depth = check.count(Key::QueueDepth, 1..=Slots::MAX);
    let grace = check.duration(Key::CancelGrace);
    let running = check.count(Key::MaxRunning, 1..=Slots::MAX);
    // Only a policy that is known can make another option meaningless.
    if let Some(overlap) = overlap {
        for (key, wanted, why) in [
            (Key::QueueDepth, Overlap::Queue, "it says how many ticks wait"),
            (Key::MaxRunning, Overlap::Allow, "it says how many runs are active at once"),
        ] {
            if check.has(key) && overlap != wanted {
                let is = check.has_from(Key::Overlap);
                let text =
                    format!("`{key}` needs `overlap = \"{wanted}\"`: {why}\n{is} `overlap = \"{overlap}\"`");
                check.wrong_name(key, text);
            }
        }
        // What the handler says for others is nobody's mistake where it has no effect.
        let waits = matches!(own, Some(Overlap::Queue | Overlap::Cancel));
        let after_finish = check.text(Key::After) == Some(super::schedule::FINISH);
        if waits && after_finish && check.options.schedules().eq([Key::Every]) {
            let text = format!(
                "`overlap = \"{overlap}\"` has no effect with `after = \"finish\"`: no tick is due before the older run has ended\n\
                 remove one of them"
            );
            check.wrong_name(Key::Overlap, text);
        }
    }
    let slots = Slots {
        queue_depth: depth.unwrap_or(Slots::DEFAULT.queue_depth),
        cancel_grace: grace.unwrap_or(Slots::DEFAULT.cancel_grace),
        max_running: running.or(Slots::DEFAULT.max_running),
    };
    (own.unwrap_or_default(), slots)
}

/// The overlap policy that the job will have, if that is known: its own, or that of its handler, or the default.
pub(super) fn effective_overlap(check: &Check<'_>, own: Option<Overlap>) -> Option<Overlap> {
    if check.has(Key::Overlap) {
        return own;
    }
    Some(check.handler.map_or(Overlap::DEFAULT, |handler| handler.overlap))
}

pub(super) fn catch_up(check: &mut Check<'_>) -> CatchUp {
    if !check.has_schedule() {
        for key in [Key::CatchUp, Key::CatchUpLimit, Key::CatchUpWindow, Key::Grace] {
            if check.has(key) {
                let text = format!(
                    "`{key}` needs a schedule: without one, no tick is ever missed\nremove it, or add a schedule"
                );
                check.wrong_name(key, text);
            }
        }
        return CatchUp::DEFAULT;
    }
    let own = check.word::<CatchUpRule>(Key::CatchUp);
    let rule = match check.handler {
        _ if check.has(Key::CatchUp) => own,
        Some(handler) => Some(handler.catch_up.rule),
        None => Some(CatchUp::DEFAULT.rule),
    };
    let limit = check.count(Key::CatchUpLimit, 1..=CatchUp::MAX_LIMIT);
    let window = check.duration(Key::CatchUpWindow);
    let grace = check.duration(Key::Grace);
    // Only a rule that is known can make another option meaningless.
    if let Some(rule) = rule {
        for (key, wanted, why) in [
            (Key::CatchUpLimit, CatchUpRule::All, "it says how many missed ticks run"),
            (Key::Grace, CatchUpRule::None, "it says how late a tick may start before it counts as missed"),
        ] {
            if check.has(key) && rule != wanted {
                let is = check.has_from(Key::CatchUp);
                let text =
                    format!("`{key}` needs `catch_up = \"{wanted}\"`: {why}\n{is} `catch_up = \"{rule}\"`");
                check.wrong_name(key, text);
            }
        }
    }
    if check.has(Key::CatchUpLimit) && rule == Some(CatchUpRule::All) {
        let after_finish = check.has(Key::After) && check.options.schedules().eq([Key::Every]);
        let single = [Key::At, Key::Once].into_iter().find(|key| check.options.schedules().eq([*key]));
        if let Some(key) = single.or(after_finish.then_some(Key::After)) {
            let text = format!(
                "`catch_up_limit` has no effect with `{key}`: no more than one tick is ever missed\nremove it"
            );
            check.wrong_name(Key::CatchUpLimit, text);
        }
    }
    CatchUp {
        rule: own.unwrap_or(CatchUp::DEFAULT.rule),
        limit: limit.unwrap_or(CatchUp::DEFAULT.limit),
        window,
        grace,
    }
}

pub(super) fn jitter(check: &mut Check<'_>) -> Option<Duration> {
    if check.has(Key::Jitter) && !check.has_schedule() {
        let text =
            "`jitter` needs a schedule: without one, there is no tick to delay\nremove it, or add a schedule";
        check.wrong_name(Key::Jitter, text);
        return None;
    }
    check.duration(Key::Jitter)
}

pub(super) fn priority(check: &mut Check<'_>) -> Priority {
    let number = check.count(Key::Priority, 0..=u32::from(Priority::MAX));
    number.and_then(|number| u8::try_from(number).ok()).map_or(Priority::DEFAULT, Priority)
}

pub(super) fn retention(check: &mut Check<'_>) -> Retention {
    let runs = check.count(Key::KeepRuns, 1..=Retention::MAX_RUNS);
    let age = check.duration(Key::KeepFor);
    let dead = check.count(Key::KeepDead, 1..=Retention::MAX_RUNS);
    let dead_age = check.duration(Key::KeepDeadFor);
    Retention {
        runs: runs.unwrap_or(Retention::DEFAULT.runs),
        age: age.unwrap_or(Retention::DEFAULT.age),
        dead: dead.unwrap_or(Retention::DEFAULT.dead),
        dead_age: dead_age.unwrap_or(Retention::DEFAULT.dead_age),
    }
}
