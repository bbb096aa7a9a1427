//! From when to when the schedule holds.

use super::schedule::explain_schedule;
use super::{Check, Key};
use crate::schedule::{At, Schedule, ScheduleError};

/// The bounds of a schedule, each known to be a date and time.
pub(super) struct Bounds<'a> {
    start: Option<&'a str>,
    end: Option<&'a str>,
    zone: &'a str,
}

impl Bounds<'_> {
    /// The ticks of the schedule that lie within them.
    pub(super) fn within(&self, schedule: Schedule) -> Result<Schedule, ScheduleError> {
        match self.key() {
            None => Ok(schedule),
            Some(_) => schedule.within(self.start, self.end, self.zone),
        }
    }

    /// The option at which a mistake of both is shown, if there is any.
    pub(super) fn key(&self) -> Option<Key> {
        self.end.map(|_| Key::End).or(self.start.map(|_| Key::Start))
    }
}

/// Whether a bound is a local time, for which the zone matters.
pub(super) fn are_local(check: &Check<'_>) -> bool {
    [Key::Start, Key::End].into_iter().any(|key| match check.text(key) {
        // One that is wrong may have been meant as a local time.
        Some(text) => At::parse(text, "UTC").map_or(true, |at| at.zone().is_some()),
        None => check.has(key),
    })
}

/// The bounds of this schedule, or of one that is wrong. `None` where one of them is wrong.
pub(super) fn check<'a>(
    check: &mut Check<'a>,
    key: Key,
    schedule: Option<&Schedule>,
    zone: &'a str,
) -> Option<Bounds<'a>> {
    // A rule may bring its own zone, and then the times of its bounds are on the same clock.
    let zone = match schedule.and_then(Schedule::zone) {
        Some(own) if !check.has(Key::Timezone) => own.name(),
        _ => zone,
    };
    let single = matches!(key, Key::At | Key::Once);
    let (mut moments, mut good) = (Vec::new(), true);
    for bound in [Key::Start, Key::End] {
        if !check.has(bound) {
            continue;
        }
        if single {
            let text = format!("`{bound}` needs a schedule that repeats, and `{key}` is one tick\nremove it");
            check.wrong_name(bound, text);
        }
        let at = check.text(bound).and_then(|text| {
            At::parse(text, zone).map_err(|error| check.wrong_value(bound, explain_schedule(&error))).ok()
        });
        good &= at.is_some() && !single;
        moments.extend(at);
    }
    if let [start, end] = moments.as_slice()
        && end.instant() <= start.instant()
    {
        let start = check.written(Key::Start);
        check.wrong_value(
            Key::End,
            format!("`end` is not after `{start}`\nwrite a later `end`, or an earlier `start`"),
        );
        return None;
    }
    good.then(|| Bounds { start: check.text(Key::Start), end: check.text(Key::End), zone })
}
