//! Jobs and instants in few words: `job("a").every("10s").retries(2)`, `at(37)`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::job::options::Key;
use cron_runtime::core::job::{JobSpec, OwnPolicies, Plan};
use cron_runtime::core::policy::{Backoff, CatchUpRule, Overlap, Priority, Retention};
use cron_runtime::core::schedule::{CalendarRule, Dates, Schedule};

/// A round instant: second 0 of all cases. Periods of 10 s, 20 s, 60 s and an hour have a tick here.
const ZERO: i64 = 1_800_000_000;

/// An instant of a case, in seconds.
pub(crate) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(ZERO + second, 0).expect("within the calendar")
}

/// The second of a case at which an instant lies.
pub(crate) fn second(instant: DateTime<Utc>) -> i64 {
    instant.timestamp() - ZERO
}

pub(crate) fn ms(milliseconds: i64) -> TimeDelta {
    TimeDelta::milliseconds(milliseconds)
}

/// A declaration under construction.
#[derive(Clone, Debug)]
pub(crate) struct Job(Plan);

/// A handler without a schedule and with the default of every policy.
pub(crate) fn job(name: &str) -> Job {
    let plan = Plan::from_spec(&JobSpec::new("nameless")).expect("a plain declaration");
    Job(Plan { name: name.parse().expect("a name"), source: Box::default(), ..plan })
}

impl Job {
    pub(crate) fn scheduled(mut self, schedule: Option<Schedule>) -> Self {
        self.0.schedule = schedule;
        self
    }

    pub(crate) fn every(self, period: &str) -> Self {
        self.scheduled(Some(Schedule::every(period, None).expect("a period")))
    }

    pub(crate) fn after_finish(self, period: &str) -> Self {
        self.scheduled(Some(Schedule::every_after_finish(period).expect("a period")))
    }

    pub(crate) fn cron(self, expression: &str) -> Self {
        self.scheduled(Some(Schedule::cron(expression, "Europe/London").expect("an expression")))
    }

    /// Puts the schedule it has under a calendar.
    pub(crate) fn calendar(self, rule: CalendarRule, dates: &Dates) -> Self {
        let schedule = self.0.schedule.clone().expect("a schedule");
        self.scheduled(Some(schedule.with_calendar(rule, dates.clone()).expect("they go together")))
    }

    pub(crate) fn once(self, delay: &str) -> Self {
        self.scheduled(Some(Schedule::once(delay).expect("a delay")))
    }

    pub(crate) fn at(self, instant: DateTime<Utc>) -> Self {
        self.scheduled(Some(Schedule::at_instant(instant)))
    }

    pub(crate) fn allow(mut self) -> Self {
        self.0.overlap = Overlap::Allow;
        self
    }

    /// One tick waits for the slot, or as many as `depth` says.
    pub(crate) fn queue(mut self, depth: u32) -> Self {
        self.0.overlap = Overlap::Queue;
        self.0.slots.queue_depth = depth;
        self
    }

    /// A tick has the older run stopped, which has this long for it.
    pub(crate) fn cancel(mut self, seconds: u64) -> Self {
        self.0.overlap = Overlap::Cancel;
        self.0.slots.cancel_grace = Duration::from_secs(seconds);
        self
    }

    pub(crate) fn max_running(mut self, most: u32) -> Self {
        self.0.slots.max_running = Some(most);
        self
    }

    pub(crate) fn jitter(mut self, seconds: u64) -> Self {
        self.0.jitter = Some(Duration::from_secs(seconds));
        self
    }

    pub(crate) fn run_on_start(mut self) -> Self {
        self.0.run_on_start = true;
        self
    }

    pub(crate) fn group(mut self, group: &str) -> Self {
        self.0.group = Some(group.parse().expect("a name"));
        self
    }

    pub(crate) fn tag(mut self, tag: &str) -> Self {
        let tags = std::mem::take(&mut self.0.tags).into_iter();
        self.0.tags = tags.chain([tag.parse().expect("a name")]).collect();
        self
    }

    pub(crate) fn priority(mut self, priority: u8) -> Self {
        self.0.priority = Priority(priority);
        self
    }

    pub(crate) fn keep(mut self, retention: Retention) -> Self {
        self.0.retention = retention;
        self
    }

    pub(crate) fn was(mut self, name: &str) -> Self {
        self.0.was = Some(name.parse().expect("a name"));
        self
    }

    /// A dynamic job on the function of another one.
    pub(crate) fn on(mut self, handler: &str) -> Self {
        self.0.handler = Some(handler.parse().expect("a name"));
        self
    }

    /// Its policies but these are those of its handler.
    pub(crate) fn with_own(mut self, own: &[Key]) -> Self {
        self.0.own = Some(OwnPolicies::of(own.iter().copied()));
        self
    }

    pub(crate) fn args(mut self, json: &str) -> Self {
        self.0.args = Some(json.into());
        self
    }

    pub(crate) fn temporary(mut self) -> Self {
        self.0.temporary = true;
        self
    }

    pub(crate) fn catch_up(mut self, rule: CatchUpRule) -> Self {
        self.0.catch_up.rule = rule;
        self
    }

    pub(crate) fn limit(mut self, limit: u32) -> Self {
        self.0.catch_up.limit = limit;
        self
    }

    pub(crate) fn window(mut self, seconds: u64) -> Self {
        self.0.catch_up.window = Some(Duration::from_secs(seconds));
        self
    }

    pub(crate) fn grace(mut self, seconds: u64) -> Self {
        self.0.catch_up.grace = Some(Duration::from_secs(seconds));
        self
    }

    /// Retries after 10 s, 20 s, 40 s …, each ± 20 %.
    pub(crate) fn retries(mut self, retries: u32) -> Self {
        self.0.retry.retries = retries;
        self
    }

    pub(crate) fn retry_after(mut self, delay: Duration) -> Self {
        self.0.retry.backoff = Backoff::Fixed;
        self.0.retry.delay = delay;
        self.0.retry.max_delay = delay;
        self
    }

    pub(crate) fn retry_past_next(mut self) -> Self {
        self.0.retry.past_next = true;
        self
    }

    pub(crate) fn described(mut self, description: &str) -> Self {
        self.0.description = description.into();
        self
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.0
    }
}
