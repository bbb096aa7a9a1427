//! For how long a run may wait for a worker before a person should know.

use chrono::{DateTime, TimeDelta, Utc};

use crate::schedule::Schedule;

/// Where a job has no period.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Whether a run that could have started at `since` has waited for longer than the period of its job: the time between the next two ticks,
/// or a minute where there are none.
#[must_use]
pub fn has_waited_long(schedule: Option<&Schedule>, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let period = schedule.filter(|schedule| !schedule.is_delay()).and_then(|schedule| {
        let next = schedule.next_after(since)?;
        Some(schedule.next_after(next)? - next)
    });
    now - since > period.unwrap_or(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_may_wait_for_the_period_of_its_job() {
        let at = |second: i64| DateTime::from_timestamp(second, 0).expect("in range");
        let every = |period| Schedule::every(period, None).expect("a period");
        assert!(!has_waited_long(Some(&every("10s")), at(3), at(13)));
        assert!(has_waited_long(Some(&every("10s")), at(3), at(14)));
        assert!(!has_waited_long(Some(&every("1h")), at(3), at(3_603)));
        let delay = Schedule::every_after_finish("10s").expect("a period");
        for schedule in [None, Some(&Schedule::at_instant(at(0))), Some(&delay)] {
            assert!(!has_waited_long(schedule, at(0), at(60)));
            assert!(has_waited_long(schedule, at(0), at(61)));
        }
    }
}
