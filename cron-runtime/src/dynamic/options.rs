//! The options of `#[job]` as methods of a request: one list, which a test holds against that of the attribute.

use cron_core::job::options::Key;

use super::{DurationOption, InstantOption, JobRequest, TextOption};

macro_rules! methods {
    ($($method:ident($($ty:ident)+) $key:ident;)+) => {
        impl JobRequest {
            $(method!($method($($ty)+) $key);)+
        }

        /// The options that have a method.
        #[cfg(test)]
        const METHODS: &[(&str, Key)] = &[$((stringify!($method), Key::$key),)+];
    };
}

macro_rules! method {
    ($method:ident(into $ty:ident) $key:ident) => {
        #[doc = concat!("The option [`", stringify!($method), "`](Key::", stringify!($key), ") of `#[job]`.")]
        pub fn $method(self, value: impl Into<$ty>) -> Self {
            self.option(Key::$key, value.into().0)
        }
    };
    ($method:ident($ty:ident) $key:ident) => {
        #[doc = concat!("The option [`", stringify!($method), "`](Key::", stringify!($key), ") of `#[job]`.")]
        pub fn $method(self, value: $ty) -> Self {
            self.option(Key::$key, value)
        }
    };
}

methods! {
    cron(into TextOption) Cron;
    every(into DurationOption) Every;
    daily(into TextOption) Daily;
    hourly(into TextOption) Hourly;
    weekly(into TextOption) Weekly;
    at(into InstantOption) At;
    once(into DurationOption) Once;
    schedule(into TextOption) Schedule;
    rrule(into TextOption) Rrule;
    phase(into DurationOption) Phase;
    after(into TextOption) After;
    timezone(into TextOption) Timezone;
    dst_gap(into TextOption) DstGap;
    calendar(into TextOption) Calendar;
    calendar_rule(into TextOption) CalendarRule;
    start(into InstantOption) Start;
    end(into InstantOption) End;
    jitter(into DurationOption) Jitter;
    run_on_start(bool) RunOnStart;
    was(into TextOption) Was;
    group(into TextOption) Group;
    tags(into TextOption) Tags;
    priority(u32) Priority;
    overlap(into TextOption) Overlap;
    queue_depth(u32) QueueDepth;
    cancel_grace(into DurationOption) CancelGrace;
    max_running(u32) MaxRunning;
    catch_up(into TextOption) CatchUp;
    catch_up_limit(u32) CatchUpLimit;
    catch_up_window(into DurationOption) CatchUpWindow;
    grace(into DurationOption) Grace;
    timeout(into DurationOption) Timeout;
    retries(u32) Retries;
    backoff(into TextOption) Backoff;
    retry_delay(into DurationOption) RetryDelay;
    retry_max_delay(into DurationOption) RetryMaxDelay;
    retry_past_next(bool) RetryPastNext;
    keep_runs(u32) KeepRuns;
    keep_for(into DurationOption) KeepFor;
    keep_dead(u32) KeepDead;
    keep_dead_for(into DurationOption) KeepDeadFor;
}

#[cfg(test)]
mod tests {
    use cron_core::job::options::Place;

    use super::*;

    #[test]
    fn every_option_of_the_attribute_has_a_method_of_its_name() {
        // A dynamic job has no other place than `.named(...)` for its name.
        let wanted: Vec<_> = Key::all_in(Place::Builder).filter(|key| *key != Key::Name).collect();
        let methods: Vec<_> = METHODS.iter().map(|(_, key)| *key).collect();
        assert_eq!(methods, wanted);
        for (method, key) in METHODS {
            assert_eq!(*method, key.name());
        }
    }
}
