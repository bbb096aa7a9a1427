//! Clocks over the paused time of a tokio runtime: they move when nothing is left to do, and a test can set them.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::{Clock, Moment};

/// Parts in a million.
const MILLION: i128 = 1_000_000;

/// The true time is not held.
const FREE: u64 = u64::MAX;

/// The true time of a simulation: the paused time of its runtime. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct TrueTime {
    runtime: Handle,
    base: Instant,
    // At which nanosecond since `base` it is held. All on the one thread of the simulation; a runtime demands of its tasks that
    // they could be sent to another, and a lock here is felt in each of the ten reads of a run.
    held: Arc<AtomicU64>,
}

impl TrueTime {
    pub(crate) fn of(runtime: Handle) -> Self {
        let base = asked(&runtime);
        Self { runtime, base, held: Arc::new(AtomicU64::new(FREE)) }
    }

    /// At which nanosecond it is held.
    fn held(&self) -> Option<u64> {
        Some(self.held.load(Ordering::Relaxed)).filter(|held| *held != FREE)
    }

    pub(crate) fn now(&self) -> Instant {
        match self.held() {
            None => asked(&self.runtime),
            Some(held) => self.base + Duration::from_nanos(held),
        }
    }

    /// Until this is dropped nobody lets time pass, so that the runtime need not be asked each time: an engine reads its clock more
    /// than ten times for a run, and that was a sixth of a simulation.
    pub(crate) fn hold(&self) -> Held<'_> {
        let now = self.now();
        let passed = u64::try_from((now - self.base).as_nanos());
        // In the year 2600 the runtime is asked each time.
        self.held.store(passed.unwrap_or(FREE), Ordering::Relaxed);
        Held { time: self, now }
    }
}

fn asked(runtime: &Handle) -> Instant {
    let _context = runtime.enter();
    Instant::now()
}

/// The true time stands still.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    time: &'a TrueTime,
    pub(crate) now: Instant,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.time.held.store(FREE, Ordering::Relaxed);
    }
}

/// The clocks of one simulated process.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedClock {
    time: TrueTime,
    // Set between steps by whoever drives the simulation, read by the engine and by functions: all on one thread.
    face: Arc<Mutex<Face>>,
}

/// What a clock shows, counted from the moment at which it was last set.
#[derive(Clone, Copy, Debug)]
struct Face {
    since: Instant,
    wall: DateTime<Utc>,
    monotonic: Duration,
    /// How many millionths both clocks gain.
    drift: i32,
    /// What it showed when it was last read in a time that was held, and which.
    read: Option<(u64, Moment)>,
}

impl SimulatedClock {
    /// Clocks that are right, where it is `wall` now.
    pub(crate) fn new(time: TrueTime, wall: DateTime<Utc>, drift: i32) -> Self {
        let face = Face { since: time.now(), wall, monotonic: Duration::ZERO, drift, read: None };
        Self { time, face: Arc::new(Mutex::new(face)) }
    }

    /// Sets the wall clock.
    pub(crate) fn step(&self, step: TimeDelta) {
        let moment = self.moment();
        self.set(Moment { wall: moment.wall + step, ..moment });
    }

    /// Takes back a span of the monotonic clock, which stood still while the machine slept.
    pub(crate) fn slept(&self, span: Duration) {
        let moment = self.moment();
        self.set(Moment { monotonic: moment.monotonic.saturating_sub(span), ..moment });
    }

    /// Lets a span pass here at once. The clocks stand still until it has truly passed.
    pub(crate) fn take(&self, span: Duration) {
        let moment = self.moment();
        self.set(moment);
        let mut face = self.face();
        let shown = face.shown_span(span);
        face.since += span;
        face.wall += TimeDelta::from_std(shown).unwrap_or(TimeDelta::zero());
        face.monotonic = face.monotonic.saturating_add(shown);
        face.read = None;
    }

    /// Until when these clocks are ahead of the true time because of [`take`](Self::take).
    pub(crate) fn busy_until(&self) -> Instant {
        self.face().since
    }

    fn set(&self, moment: Moment) {
        let now = self.time.now();
        let mut face = self.face();
        let since = face.since.max(now);
        let Moment { wall, monotonic } = moment;
        *face = Face { since, wall, monotonic, drift: face.drift, read: None };
    }

    /// The first true moment at which the wall clock shows `wall` or more, and the one at which `span` has passed here.
    pub(crate) fn when(&self, wall: Option<DateTime<Utc>>, span: Option<Duration>) -> Option<Instant> {
        let face = *self.face();
        let by_wall =
            wall.map(|wall| face.since + face.true_span((wall - face.wall).to_std().unwrap_or_default()));
        let now = self.time.now().max(face.since);
        let by_span = span.map(|span| now + face.true_span(span));
        by_wall.into_iter().chain(by_span).min()
    }

    fn face(&self) -> MutexGuard<'_, Face> {
        self.face.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Face {
    /// How long these clocks take for a true span.
    fn shown_span(&self, span: Duration) -> Duration {
        scaled(span, MILLION + i128::from(self.drift), MILLION)
    }

    /// How long it truly takes until these clocks have moved on by `span`, rounded up: never early.
    fn true_span(&self, span: Duration) -> Duration {
        scaled(span, MILLION, MILLION + i128::from(self.drift))
    }
}

fn scaled(span: Duration, by: i128, of: i128) -> Duration {
    if by == of {
        return span;
    }
    let nanoseconds = i128::try_from(span.as_nanos()).unwrap_or(i128::MAX / MILLION / 2);
    let scaled = (nanoseconds * by + of - 1) / of;
    Duration::from_nanos(u64::try_from(scaled).unwrap_or(u64::MAX))
}

impl Clock for SimulatedClock {
    fn moment(&self) -> Moment {
        let held = self.time.held();
        let mut face = self.face();
        if let Some((at, moment)) = face.read
            && held == Some(at)
        {
            return moment;
        }
        let now = self.time.now();
        let passed = face.shown_span(now.saturating_duration_since(face.since));
        let wall = TimeDelta::from_std(passed).ok().and_then(|passed| face.wall.checked_add_signed(passed));
        let moment = Moment {
            wall: wall.unwrap_or(DateTime::<Utc>::MAX_UTC),
            monotonic: face.monotonic.saturating_add(passed),
        };
        face.read = held.map(|held| (held, moment));
        moment
    }
}

/// Lets the time of the runtime run until `at`, with everything that is to be done until then.
pub(crate) async fn sleep_until(at: Instant) {
    tokio::time::sleep_until(at).await;
}

/// Moves the time of the runtime, in whose context this is called, on at once. Only for when no task waits for time to pass.
pub(crate) fn jump(span: Duration) {
    let advance = pin!(tokio::time::advance(span));
    // The first poll moves the time. What is left of it would only give way to other tasks.
    let _ = advance.poll(&mut Context::from_waker(Waker::noop()));
}

/// Lets a span of the time of the runtime pass in a task.
pub(crate) async fn sleep(span: Duration) {
    tokio::time::sleep(span).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime")
    }

    #[test]
    fn a_clock_that_gains_shows_more_and_is_never_early() {
        let runtime = runtime();
        let start: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().expect("an instant");
        for drift in [0, 37, -250, 100_000] {
            let clock = SimulatedClock::new(TrueTime::of(runtime.handle().clone()), start, drift);
            let target = start + TimeDelta::hours(1);
            let at = clock.when(Some(target), None).expect("it comes");
            runtime.block_on(sleep_until(at));
            let shown = clock.moment().wall;
            assert!(shown >= target && shown - target < TimeDelta::milliseconds(2), "{drift}: {shown}");
        }
    }

    #[test]
    fn the_wall_clock_is_set_and_the_monotonic_one_sleeps() {
        let runtime = runtime();
        let start: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().expect("an instant");
        let clock = SimulatedClock::new(TrueTime::of(runtime.handle().clone()), start, 0);
        let minute = clock.when(None, Some(Duration::from_secs(60)));
        runtime.block_on(sleep_until(minute.expect("it comes")));
        clock.step(TimeDelta::hours(-2));
        clock.slept(Duration::from_secs(50));
        let moment = clock.moment();
        assert_eq!(moment.wall, start + TimeDelta::minutes(1) - TimeDelta::hours(2));
        assert_eq!(moment.monotonic, Duration::from_secs(10));
    }
}
