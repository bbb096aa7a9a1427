//! Numbers for the crate `metrics`, behind the feature of that name. Without it nothing is counted. The crate's own page
//! lists them all.

use std::time::Duration;

use cron_core::job::JobName;
use cron_core::judge::Skip;
#[cfg(feature = "metrics")]
use cron_core::run::{Origin, StateWord};
use cron_core::run::{RunId, RunState};

use crate::clock::Moment;
use crate::store::Claimed;

/// Counts what the engine does.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Runs that wait, and until when: any process may take them up then.
    #[cfg(feature = "metrics")]
    waiting: std::collections::HashMap<RunId, chrono::DateTime<chrono::Utc>>,
    /// What the gauges show, so that they are set when that changes only.
    #[cfg(feature = "metrics")]
    shown: Option<(usize, usize)>,
}

#[cfg(feature = "metrics")]
impl Meter {
    pub(crate) fn started(&mut self, attempt: &Claimed, at: Moment) {
        self.waiting.remove(&attempt.claim.run);
        if attempt.attempt == 1 && attempt.origin == Origin::Tick {
            let late = (at.wall - attempt.nominal).to_std().unwrap_or_default();
            ::metrics::histogram!("cron_lateness_seconds", "job" => attempt.plan.name.to_string())
                .record(late.as_secs_f64());
        }
    }

    pub(crate) fn settled(&mut self, job: &JobName, run: RunId, state: RunState, took: Duration) {
        ::metrics::histogram!("cron_duration_seconds", "job" => job.to_string()).record(took.as_secs_f64());
        if let RunState::Waiting { wake } = state {
            self.waiting.insert(run, wake);
        }
        self.finished(job, state);
    }

    /// A run has come to its end, perhaps without an attempt of this process.
    pub(crate) fn finished(&self, job: &JobName, state: RunState) {
        if !state.is_active() {
            count(job, state.word());
        }
    }

    pub(crate) fn skipped(&self, job: &JobName, skip: &Skip) {
        let reason = skip.reason.as_str();
        ::metrics::counter!("cron_skipped_ticks_total", "job" => job.to_string(), "reason" => reason)
            .increment(skip.count);
    }

    /// Once in each step.
    pub(crate) fn show(&mut self, active: usize, now: Moment) {
        self.waiting.retain(|_, wake| *wake > now.wall);
        let shown = (active, self.waiting.len());
        if self.shown.replace(shown) != Some(shown) {
            #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 runs")]
            let (active, waiting) = (shown.0 as f64, shown.1 as f64);
            ::metrics::gauge!("cron_active").set(active);
            ::metrics::gauge!("cron_waiting").set(waiting);
        }
    }
}

#[cfg(feature = "metrics")]
fn count(job: &JobName, state: StateWord) {
    let state = state.as_str();
    ::metrics::counter!("cron_runs_total", "job" => job.to_string(), "state" => state).increment(1);
}

#[cfg(not(feature = "metrics"))]
impl Meter {
    pub(crate) fn started(&mut self, _: &Claimed, _: Moment) {}

    pub(crate) fn settled(&mut self, _: &JobName, _: RunId, _: RunState, _: Duration) {}

    pub(crate) fn finished(&self, _: &JobName, _: RunState) {}

    pub(crate) fn skipped(&self, _: &JobName, _: &Skip) {}

    pub(crate) fn show(&mut self, _: usize, _: Moment) {}
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use std::sync::{Arc, Mutex};

    use cron_core::run::SkipReason;
    use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

    use super::*;

    /// Writes down what is recorded, one line each.
    #[derive(Clone, Default)]
    struct Pad(Arc<Mutex<Vec<String>>>);

    struct Line(Pad, String);

    impl Line {
        fn write(&self, value: impl std::fmt::Display) {
            self.0.0.lock().expect("nobody panics").push(format!("{} {value}", self.1));
        }
    }

    impl metrics::CounterFn for Line {
        fn increment(&self, value: u64) {
            self.write(value);
        }
        fn absolute(&self, value: u64) {
            self.write(value);
        }
    }

    impl metrics::GaugeFn for Line {
        fn increment(&self, value: f64) {
            self.write(value);
        }
        fn decrement(&self, value: f64) {
            self.write(-value);
        }
        fn set(&self, value: f64) {
            self.write(value);
        }
    }

    impl metrics::HistogramFn for Line {
        fn record(&self, value: f64) {
            self.write(value);
        }
    }

    impl Pad {
        fn line(&self, key: &Key) -> Arc<Line> {
            let labels: Vec<_> =
                key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            Arc::new(Line(self.clone(), format!("{}{{{}}}", key.name(), labels.join(","))))
        }
    }

    impl Recorder for Pad {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.line(key))
        }
        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.line(key))
        }
        fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::from_arc(self.line(key))
        }
    }

    #[test]
    fn what_happens_is_counted_under_its_names() {
        let job: JobName = "report".parse().expect("a name");
        let wall = chrono::DateTime::UNIX_EPOCH;
        let now = Moment { wall, monotonic: Duration::ZERO };
        let later = Moment { wall: wall + chrono::TimeDelta::seconds(9), ..now };
        let pad = Pad::default();
        metrics::with_local_recorder(&pad, || {
            let mut meter = Meter::default();
            let wake = wall + chrono::TimeDelta::seconds(5);
            meter.settled(&job, RunId(1), RunState::Waiting { wake }, Duration::from_millis(1_500));
            meter.show(2, now);
            meter.show(2, now);
            meter.finished(&job, RunState::Cancelled);
            let (first, last, count) = (wall, wall, 3);
            meter.skipped(&job, &Skip { first, last, count, reason: SkipReason::Missed, holder: None });
            meter.show(2, later);
        });
        let lines = pad.0.lock().expect("nobody panics").clone();
        let wanted = [
            "cron_duration_seconds{job=report} 1.5",
            "cron_active{} 2",
            "cron_waiting{} 1",
            "cron_runs_total{job=report,state=cancelled} 1",
            "cron_skipped_ticks_total{job=report,reason=missed} 3",
            "cron_active{} 2",
            "cron_waiting{} 0",
        ];
        assert_eq!(lines, wanted);
    }
}
