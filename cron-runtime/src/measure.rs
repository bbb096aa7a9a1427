//! Numbers for the crate `metrics`, behind the feature of that name. Without it nothing is counted. The crate's own page
//! lists them all.
//!
//! A value is labelled with the declared job whose function runs, never with the name of a dynamic job: these come and go,
//! and a series that was begun stays in the exporter for ever.

#[cfg(feature = "metrics")]
use std::collections::HashMap;

#[cfg(feature = "metrics")]
use ::metrics::SharedString;
use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Plan};
use cron_core::judge::Skip;
use cron_core::run::RunState;
#[cfg(feature = "metrics")]
use cron_core::run::{AttemptEnd, AttemptResult, FailureKind, Origin, RunEvent, RunId};

use crate::clock::Moment;
#[cfg(feature = "metrics")]
use crate::program::file_name;
use crate::store::{Claimed, Settlement};

/// What an exporter has to be told before the first value is there.
pub mod metrics {
    /// The histograms with the upper bounds of their buckets, in seconds. Exporters have bounds of their own for all histograms
    /// together, which tell apart neither a job that is late from one that is not, nor minutes from hours.
    #[must_use]
    pub const fn buckets() -> [(&'static str, &'static [f64]); 2] {
        [
            ("cron_lateness_seconds", &[0.005, 0.025, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1_800.0]),
            ("cron_duration_seconds", &[0.01, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1_800.0, 7_200.0]),
        ]
    }
}

/// So many jobs have series of their own; a program that declares more has the rest of them in one.
#[cfg(feature = "metrics")]
const MAX_NAMES: usize = 1_000;

/// The label of those that have none of their own.
#[cfg(feature = "metrics")]
const OTHER: &str = "_other";

/// Counts what the engine does.
#[cfg(feature = "metrics")]
#[derive(Debug)]
pub(crate) struct Meter {
    workers: usize,
    labels: HashMap<JobName, SharedString>,
    /// Whose functions the dynamic jobs of the present answer of the store call.
    handlers: HashMap<JobName, JobName>,
    /// Runs that wait for their next attempt, and until when: any process may take them up then.
    waiting: HashMap<RunId, DateTime<Utc>>,
    /// What the gauges show, so that they are set when that changes only.
    shown: Option<(usize, usize, Option<DateTime<Utc>>)>,
}

/// Counts nothing.
#[cfg(not(feature = "metrics"))]
#[derive(Debug)]
pub(crate) struct Meter;

#[cfg(feature = "metrics")]
impl Meter {
    pub(crate) fn new(workers: usize) -> Self {
        let (labels, handlers, waiting) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { workers, labels, handlers, waiting, shown: None }
    }

    pub(crate) fn started(&mut self, attempt: &Claimed, at: Moment) {
        self.waiting.remove(&attempt.claim.run);
        if attempt.attempt == 1 && attempt.origin == Origin::Tick {
            let late = (at.wall - attempt.nominal).to_std().unwrap_or_default();
            let job = self.label(attempt.plan.handler());
            ::metrics::histogram!("cron_lateness_seconds", "job_name" => job).record(late.as_secs_f64());
        }
    }

    pub(crate) fn settled(&mut self, plan: &Plan, settlement: &Settlement, state: RunState) {
        let job = self.label(plan.handler());
        ::metrics::histogram!("cron_duration_seconds", "job_name" => job.clone())
            .record(settlement.duration.as_secs_f64());
        if let Some(result) = result(&settlement.event, state) {
            let result = result.as_str();
            ::metrics::counter!("cron_attempts_total", "job_name" => job.clone(), "result" => result)
                .increment(1);
        }
        if let RunState::Waiting { wake } = state {
            self.waiting.insert(settlement.claim.run, wake);
        }
        count(job, state);
    }

    /// The late result of an attempt was refused.
    pub(crate) fn fenced(&mut self, plan: &Plan) {
        let (job, result) = (self.label(plan.handler()), AttemptResult::Fenced.as_str());
        ::metrics::counter!("cron_attempts_total", "job_name" => job, "result" => result).increment(1);
    }

    /// Whose functions dynamic jobs call, for what is told of them next.
    pub(crate) fn name(&mut self, handlers: Vec<(JobName, JobName)>) {
        self.handlers.clear();
        self.handlers.extend(handlers);
    }

    /// The store has judged.
    pub(crate) fn judged(&mut self, now: Moment, handlers: Vec<(JobName, JobName)>) {
        self.name(handlers);
        ::metrics::gauge!("cron_last_judged_timestamp_seconds").set(seconds(now.wall));
    }

    /// A run has come to its end, perhaps without an attempt of this process.
    pub(crate) fn finished(&mut self, job: &JobName, state: RunState) {
        let job = self.label_of(job);
        count(job, state);
    }

    pub(crate) fn skipped(&mut self, job: &JobName, skip: &Skip) {
        let (job, reason) = (self.label_of(job), skip.reason.as_str());
        ::metrics::counter!("cron_skipped_ticks_total", "job_name" => job, "reason" => reason)
            .increment(skip.count);
    }

    /// Once in each step.
    pub(crate) fn show(&mut self, busy: usize, due: Option<DateTime<Utc>>, now: Moment) {
        self.waiting.retain(|_, wake| *wake > now.wall);
        let shown = (busy, self.waiting.len(), due);
        if self.shown == Some(shown) {
            return;
        }
        if self.shown.replace(shown).is_none() {
            let (version, program) = (env!("CARGO_PKG_VERSION"), file_name());
            ::metrics::gauge!("cron_build_info", "version" => version, "program" => program).set(1.0);
            ::metrics::gauge!("cron_workers").set(number(self.workers));
        }
        ::metrics::gauge!("cron_workers_busy").set(number(busy));
        ::metrics::gauge!("cron_runs_waiting", "for" => "retry").set(number(self.waiting.len()));
        ::metrics::gauge!("cron_next_due_timestamp_seconds").set(due.map_or(0.0, seconds));
    }

    /// The label of a job that may be a dynamic one.
    fn label_of(&mut self, job: &JobName) -> SharedString {
        let handler = self.handlers.get(job).cloned();
        self.label(handler.as_ref().unwrap_or(job))
    }

    /// The label of a declared job.
    fn label(&mut self, job: &JobName) -> SharedString {
        if let Some(label) = self.labels.get(job) {
            return label.clone();
        }
        if self.labels.len() >= MAX_NAMES {
            ::metrics::counter!("cron_labels_folded_total").increment(1);
            return SharedString::const_str(OTHER);
        }
        let label = SharedString::from_shared(job.as_str().into());
        self.labels.insert(job.clone(), label.clone());
        label
    }
}

#[cfg(feature = "metrics")]
fn count(job: SharedString, state: RunState) {
    if !state.is_active() {
        let state = state.word().as_str();
        ::metrics::counter!("cron_runs_total", "job_name" => job, "state" => state).increment(1);
    }
}

/// How an attempt ended, as it stands in the record; `None` for one that goes on.
#[cfg(feature = "metrics")]
fn result(event: &RunEvent, state: RunState) -> Option<AttemptResult> {
    match event {
        // Its work was completed before, whatever came afterwards.
        RunEvent::Ended { .. } if state == RunState::Succeeded => Some(AttemptResult::Succeeded),
        RunEvent::Ended { end, .. } => Some(match end {
            AttemptEnd::Succeeded => AttemptResult::Succeeded,
            AttemptEnd::Failed(failure) => match failure.kind {
                FailureKind::Errored => AttemptResult::Errored,
                FailureKind::Panicked => AttemptResult::Panicked,
                FailureKind::TimedOut => AttemptResult::TimedOut,
            },
            AttemptEnd::Discarded { .. } => AttemptResult::Discarded,
            AttemptEnd::Interrupted { .. } => AttemptResult::Interrupted,
            AttemptEnd::Cancelled { .. } => AttemptResult::Cancelled,
            AttemptEnd::Lost => AttemptResult::Lost,
        }),
        RunEvent::Overrun { .. } => Some(AttemptResult::TimedOut),
        RunEvent::Start
        | RunEvent::Complete { .. }
        | RunEvent::Cancel { .. }
        | RunEvent::Release { .. }
        | RunEvent::Revive { .. } => None,
    }
}

#[cfg(feature = "metrics")]
fn seconds(at: DateTime<Utc>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an instant has fewer than 2^52 milliseconds")]
    let ms = at.timestamp_millis() as f64;
    ms / 1_000.0
}

#[cfg(feature = "metrics")]
fn number(of: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 runs")]
    let number = of as f64;
    number
}

#[cfg(not(feature = "metrics"))]
impl Meter {
    pub(crate) fn new(_: usize) -> Self {
        Self
    }

    pub(crate) fn started(&mut self, _: &Claimed, _: Moment) {}

    pub(crate) fn settled(&mut self, _: &Plan, _: &Settlement, _: RunState) {}

    pub(crate) fn fenced(&mut self, _: &Plan) {}

    pub(crate) fn name(&mut self, _: Vec<(JobName, JobName)>) {}

    pub(crate) fn judged(&mut self, _: Moment, _: Vec<(JobName, JobName)>) {}

    pub(crate) fn finished(&mut self, _: &JobName, _: RunState) {}

    pub(crate) fn skipped(&mut self, _: &JobName, _: &Skip) {}

    pub(crate) fn show(&mut self, _: usize, _: Option<DateTime<Utc>>, _: Moment) {}
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use ::metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, Unit};
    use chrono::TimeDelta;
    use cron_core::job::JobSpec;
    use cron_core::run::{Epoch, Failure, SkipReason};

    use super::*;
    use crate::store::{Claim, Note};

    /// Writes down what is recorded, one line each.
    #[derive(Clone, Default)]
    struct Pad(Arc<Mutex<Vec<String>>>);

    struct Line(Pad, String);

    impl Line {
        fn write(&self, value: impl std::fmt::Display) {
            self.0.0.lock().expect("nobody panics").push(format!("{} {value}", self.1));
        }
    }

    impl ::metrics::CounterFn for Line {
        fn increment(&self, value: u64) {
            self.write(value);
        }
        fn absolute(&self, value: u64) {
            self.write(value);
        }
    }

    impl ::metrics::GaugeFn for Line {
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

    impl ::metrics::HistogramFn for Line {
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

    fn moment(second: i64) -> Moment {
        let wall = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        Moment { wall, monotonic: Duration::from_secs(second.unsigned_abs()) }
    }

    fn name(text: &str) -> JobName {
        text.parse().expect("a name")
    }

    /// A declared job, or a dynamic one.
    fn plan(job: &str, handler: Option<&str>) -> Plan {
        let plan = Plan::from_spec(&JobSpec::new("x")).expect("a plan");
        Plan { name: name(job), handler: handler.map(name), ..plan }
    }

    fn claimed(plan: &Plan) -> Claimed {
        Claimed {
            claim: Claim { run: RunId(1), epoch: Epoch(1) },
            plan: Arc::new(plan.clone()),
            nominal: moment(0).wall,
            origin: Origin::Tick,
            attempt: 1,
            args: None,
            is_late: false,
        }
    }

    fn settlement(end: AttemptEnd) -> Settlement {
        Settlement {
            claim: Claim { run: RunId(1), epoch: Epoch(1) },
            started: moment(0).wall,
            duration: Duration::from_millis(1_500),
            event: RunEvent::Ended { at: moment(2).wall, end },
            next: None,
            note: Note::default(),
            at: moment(2).wall,
        }
    }

    fn skip(count: u64) -> Skip {
        let at = moment(0).wall;
        Skip { first: at, last: at, count, reason: SkipReason::Missed, holder: None }
    }

    /// Everything that can be told of one job.
    fn tell_all(meter: &mut Meter, plan: &Plan) {
        let handlers = plan.handler.iter().map(|handler| (plan.name.clone(), handler.clone())).collect();
        meter.started(&claimed(plan), moment(1));
        meter.settled(plan, &settlement(AttemptEnd::Succeeded), RunState::Succeeded);
        meter.judged(moment(1), handlers);
        meter.skipped(&plan.name, &skip(1));
        meter.finished(&plan.name, RunState::Cancelled);
    }

    /// The series that are there after all jobs have had everything happen to them.
    fn series(plans: impl Iterator<Item = Plan>) -> BTreeSet<String> {
        let pad = Pad::default();
        ::metrics::with_local_recorder(&pad, || {
            let mut meter = Meter::new(4);
            plans.for_each(|plan| tell_all(&mut meter, &plan));
        });
        let lines = pad.0.lock().expect("nobody panics");
        lines.iter().filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
    }

    #[test]
    fn what_happens_is_counted_under_its_names() {
        let job = plan("report", None);
        let pad = Pad::default();
        ::metrics::with_local_recorder(&pad, || {
            let mut meter = Meter::new(4);
            let failure = Failure { kind: FailureKind::Errored, message: String::new(), retry_after: None };
            let wake = moment(5).wall;
            meter.started(&claimed(&job), moment(1));
            meter.settled(&job, &settlement(AttemptEnd::Failed(failure)), RunState::Waiting { wake });
            meter.judged(moment(2), Vec::new());
            meter.show(2, Some(wake), moment(2));
            meter.show(2, Some(wake), moment(2));
            meter.finished(&job.name, RunState::Cancelled);
            meter.skipped(&job.name, &skip(3));
            meter.show(2, None, moment(9));
        });
        let lines = pad.0.lock().expect("nobody panics").clone();
        let (version, program) = (env!("CARGO_PKG_VERSION"), file_name());
        let wanted = [
            "cron_lateness_seconds{job_name=report} 1",
            "cron_duration_seconds{job_name=report} 1.5",
            "cron_attempts_total{job_name=report,result=errored} 1",
            "cron_last_judged_timestamp_seconds{} 2",
            &format!("cron_build_info{{version={version},program={program}}} 1"),
            "cron_workers{} 4",
            "cron_workers_busy{} 2",
            "cron_runs_waiting{for=retry} 1",
            "cron_next_due_timestamp_seconds{} 5",
            "cron_runs_total{job_name=report,state=cancelled} 1",
            "cron_skipped_ticks_total{job_name=report,reason=missed} 3",
            "cron_workers_busy{} 2",
            "cron_runs_waiting{for=retry} 0",
            "cron_next_due_timestamp_seconds{} 0",
        ];
        assert_eq!(lines, wanted);
    }

    /// A series that was begun stays in the exporter, so jobs that come and go must begin none.
    #[test]
    fn dynamic_jobs_add_no_series() {
        let one = series(std::iter::once(plan("remind", None)));
        let many = series((0..300).map(|number| plan(&format!("remind-{number}"), Some("remind"))));
        assert_eq!(many, one);
        assert!(one.contains("cron_runs_total{job_name=remind,state=cancelled}"), "{one:?}");
    }

    #[test]
    fn of_many_declared_jobs_a_thousand_have_series_of_their_own() {
        let found = series((0..5_000).map(|number| plan(&format!("job-{number}"), None)));
        let of = |metric: &str| found.iter().filter(|line| line.starts_with(&format!("{metric}{{"))).count();
        for metric in [
            "cron_lateness_seconds",
            "cron_duration_seconds",
            "cron_attempts_total",
            "cron_skipped_ticks_total",
        ] {
            assert_eq!(of(metric), MAX_NAMES + 1, "{metric}");
        }
        assert_eq!(of("cron_runs_total"), 2 * (MAX_NAMES + 1));
        assert!(found.contains("cron_duration_seconds{job_name=_other}"), "the rest is there");
        assert!(found.contains("cron_labels_folded_total{}"), "and it is told");
        assert!(
            !series((0..1_000).map(|number| plan(&format!("job-{number}"), None)))
                .contains("cron_labels_folded_total{}")
        );
    }

    #[test]
    fn buckets_grow() {
        for (name, bounds) in metrics::buckets() {
            assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "{name}");
        }
    }
}
