//! A world of its own: one thread, one time, and as many schedulers in it as a test wants.
//!
//! Everything here happens on the thread that drives the world, in an order that depends on nothing but what it was told: functions
//! that are not async are called in place, and time moves to the next timer when no task can go on.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::boot::{Booted, Checked, Joined, Surroundings};
use crate::clock::{Clock, SimulatedClock, TrueTime, jump, sleep, sleep_until};
use crate::engine::{End, Engine, Executor, Pulse, Threads, Until};
use crate::error::Error;
use crate::registration;
use crate::scheduler::{Scheduler, Stores};
use crate::start::Start;
use crate::store::{Claimed, Ledger, Store};

use super::faults::Faults;

/// An engine that steps this often without a moment passing does not come to rest.
const RESTLESS: u32 = 1_000_000;

/// Who waits for something waits this long of simulated time.
const PATIENCE: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// At the end of an advance tasks that can go on at that very moment are let go on, until no instance was called for so many rounds.
const QUIET_ROUNDS: u32 = 32;

/// A scheduler in a [`World`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(u32);

/// What a scheduler is started with.
#[derive(Debug)]
pub struct Boot {
    /// As in a program. Its database does not count.
    pub start: Start,
    /// The names of the linked jobs that its program contains; `None` is all of them.
    pub jobs: Option<Vec<String>>,
    /// Where it keeps its jobs.
    pub store: Arc<dyn Store>,
    /// The other half of the same store.
    pub ledger: Arc<dyn Ledger>,
    /// How far its wall clock is ahead of the true time.
    pub offset: TimeDelta,
    /// How many millionths its clocks gain.
    pub drift: i32,
}

/// Schedulers in one simulated time.
#[derive(Debug)]
pub struct World {
    instances: BTreeMap<InstanceId, Instance>,
    next_id: u32,
    bells: Bells,
    queue: Queue,
    /// Told when an instance is woken.
    world: Arc<Notify>,
    time: TrueTime,
    clock: SimulatedClock,
    // After the instances: their tasks end in it.
    runtime: Runtime,
}

#[derive(Debug)]
struct Instance {
    engine: Engine,
    scheduler: Scheduler,
    lives: watch::Sender<Option<End>>,
    clock: SimulatedClock,
    bell: Arc<Bell>,
    /// When it wants to be stepped; `None` when it is woken.
    next: Option<Instant>,
    /// It is not stepped before this moment.
    stalled: Option<Instant>,
}

/// Wakes an instance.
#[derive(Debug)]
struct Bell {
    /// A message is in its inbox.
    woken: AtomicBool,
    /// Another process changed something.
    rung: AtomicBool,
    world: Arc<Notify>,
}

impl Bell {
    fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        self.world.notify_one();
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.world.notify_one();
    }
}

/// The doorbells of all instances of a world, for stores that have no file to ring at. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Bells {
    // Written at each start and end of an instance, read by stores within calls of the engine.
    all: Arc<Mutex<BTreeMap<InstanceId, Arc<Bell>>>>,
}

impl Bells {
    /// Another process changed something: every instance looks.
    pub fn ring(&self) {
        for bell in self.all.lock().unwrap_or_else(PoisonError::into_inner).values() {
            bell.ring();
        }
    }

    fn set(&self, id: InstanceId, bell: Option<Arc<Bell>>) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        match bell {
            Some(bell) => all.insert(id, bell),
            None => all.remove(&id),
        };
    }
}

/// Tells the clocks of an instance how long its calls take.
#[derive(Clone, Debug)]
pub struct Lag(SimulatedClock);

impl Lag {
    /// A call that the instance has in progress takes this long: when it returns, the clocks of the instance have moved on by that,
    /// and the instance does nothing more until the true time has caught up with them.
    pub fn take(&self, span: Duration) {
        self.0.take(span);
    }
}

/// A function that is not async, ready to be called.
type Function = Box<dyn FnOnce() + Send>;

/// Functions that are not async and are to be called, in the order in which they were started.
#[derive(Clone, Default)]
struct Queue {
    // Filled by steps of engines, emptied between them: all on the one thread.
    calls: Arc<Mutex<VecDeque<Function>>>,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

impl Queue {
    fn calls(&self) -> MutexGuard<'_, VecDeque<Function>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls them all, in the one thread and in the context of its runtime; a task for each would double the cost of a run. Says
    /// whether there were any.
    fn call_all(&self) -> bool {
        let mut any = false;
        loop {
            let call = self.calls().pop_front();
            let Some(call) = call else { return any };
            any = true;
            call();
        }
    }
}

/// Has functions that are not async called in place, or in a task where they are to take their time.
fn in_place(executor: &Executor, attempt: &Claimed, pulse: &Pulse, call: Function) {
    let faults = executor.states.find::<Faults>();
    let delay = faults.and_then(|faults| faults.delay(attempt.plan.name.as_str(), attempt.attempt));
    match (delay, executor.states.find::<Queue>()) {
        (None, Some(queue)) => queue.calls().push_back(call),
        (delay, _) => {
            // It has its thread all that time.
            pulse.begin();
            executor.runtime.spawn(async move {
                sleep(delay.unwrap_or_default()).await;
                call();
            });
        }
    }
}

impl World {
    /// A world without a scheduler, where it is `now`.
    ///
    /// # Panics
    ///
    /// If the system refuses a runtime.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        let runtime = runtime.expect("the system gives a runtime for a test");
        let time = TrueTime::of(runtime.handle().clone());
        let clock = SimulatedClock::new(time.clone(), now, 0);
        let (bells, queue, world) = (Bells::default(), Queue::default(), Arc::new(Notify::new()));
        Self { instances: BTreeMap::new(), next_id: 0, bells, queue, world, time, clock, runtime }
    }

    /// The true time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.moment().wall
    }

    /// The runtime on which functions are called.
    #[must_use]
    pub fn runtime(&self) -> &Handle {
        self.runtime.handle()
    }

    /// The doorbells of its instances.
    #[must_use]
    pub fn bells(&self) -> Bells {
        self.bells.clone()
    }

    /// Starts a scheduler, as awaiting [`start`](crate::start) does.
    ///
    /// # Errors
    ///
    /// As awaiting [`Start`].
    pub fn boot(&mut self, boot: Boot) -> Result<InstanceId, Error> {
        self.boot_with(boot, |_| {})
    }

    /// As [`boot`](Self::boot), with something done to the program between its check and its start.
    pub(super) fn boot_with(
        &mut self,
        boot: Boot,
        prepare: impl FnOnce(&mut Checked),
    ) -> Result<InstanceId, Error> {
        let Boot { start, jobs, store, ledger, offset, drift } = boot;
        let _context = self.runtime.enter();
        let is_in = |name: &str| jobs.as_ref().is_none_or(|jobs| jobs.iter().any(|job| job == name));
        let mut checked = start.check(registration::linked().filter(|(spec, _)| is_in(spec.name)))?;
        prepare(&mut checked);
        checked.states.insert(self.queue.clone());
        let clock = SimulatedClock::new(self.time.clone(), self.now() + offset, drift);
        let joined = Joined::join(
            Stores { store, ledger },
            &checked.program,
            #[cfg(feature = "sqlite")]
            std::mem::take(&mut checked.prepare),
            &clock,
        )?;
        let world = Arc::clone(&self.world);
        let bell = Arc::new(Bell { woken: AtomicBool::new(true), rung: AtomicBool::new(false), world });
        let Booted { engine, scheduler, lives } = checked.boot(
            joined,
            Surroundings {
                clock: Arc::new(clock.clone()),
                waker: Waker::from(Arc::clone(&bell)),
                runtime: self.runtime.handle().clone(),
                threads: Threads::Elsewhere(in_place),
            },
        );
        let id = InstanceId(self.next_id);
        self.next_id += 1;
        self.bells.set(id, Some(Arc::clone(&bell)));
        self.instances
            .insert(id, Instance { engine, scheduler, lives, clock, bell, next: None, stalled: None });
        Ok(id)
    }

    /// The instances that live.
    pub fn living(&self) -> impl Iterator<Item = InstanceId> {
        self.instances.keys().copied()
    }

    /// The handle of an instance that lives.
    #[must_use]
    pub fn scheduler(&self, id: InstanceId) -> Option<&Scheduler> {
        self.instances.get(&id).map(|instance| &instance.scheduler)
    }

    /// Ends an instance as SIGKILL ends a process: nothing more is written, and its functions go no further.
    pub fn crash(&mut self, id: InstanceId) {
        self.bells.set(id, None);
        let _context = self.runtime.enter();
        self.instances.remove(&id);
    }

    /// Sets the wall clock of an instance, which notices at once.
    pub fn step_clock(&mut self, id: InstanceId, step: TimeDelta) {
        if let Some(instance) = self.instances.get(&id) {
            instance.clock.step(step);
            // The system wakes whoever sleeps on a clock that is set.
            instance.bell.woken.store(true, Ordering::SeqCst);
        }
    }

    /// Does not step an instance for a span of true time, as if its process had been stopped. Its functions go on.
    pub fn stall(&mut self, id: InstanceId, span: Duration) {
        let until = self.time.now() + span;
        if let Some(instance) = self.instances.get_mut(&id) {
            instance.stalled = Some(until);
        }
    }

    /// The machine of an instance has slept for a span that has just passed: its monotonic clock has not moved.
    pub fn slept(&mut self, id: InstanceId, span: Duration) {
        if let Some(instance) = self.instances.get(&id) {
            instance.clock.slept(span);
            instance.bell.woken.store(true, Ordering::SeqCst);
        }
    }

    /// For whoever makes the calls of an instance slow.
    #[must_use]
    pub fn lag(&self, id: InstanceId) -> Option<Lag> {
        self.instances.get(&id).map(|instance| Lag(instance.clock.clone()))
    }

    /// Lets true time pass, with everything that is due in it.
    ///
    /// # Panics
    ///
    /// If a scheduler does not come to rest: a defect of its own.
    pub fn advance(&mut self, span: Duration) {
        self.advance_while(span, || true);
    }

    /// Lets true time pass as long as `go_on` says so. It is asked whenever all schedulers have done what is due, so that what is found
    /// in the middle of a step can be acted on before anything else happens.
    ///
    /// # Panics
    ///
    /// As [`World::advance`].
    pub fn advance_while(&mut self, span: Duration, mut go_on: impl FnMut() -> bool) {
        let Self { instances, world, queue, time, runtime, .. } = self;
        let until = time.now() + span;
        runtime.block_on(async {
            let mut quiet = 0;
            while quiet < QUIET_ROUNDS {
                let held = time.hold();
                let cranked = crank_all(instances, held.now);
                if !go_on() {
                    break;
                }
                let has_called = queue.call_all();
                drop(held);
                let has_tasks = runtime.metrics().num_alive_tasks() > 0;
                if has_called || (cranked.is_called && !has_tasks) {
                    // It goes on at this very moment.
                    continue;
                }
                if cranked.now < until {
                    let next = cranked.next.map_or(until, |next| next.min(until));
                    if has_tasks {
                        rest(world, next, cranked.now).await;
                    } else {
                        // Nobody else waits for time to pass: the runtime need not be asked, which costs more than a run.
                        jump(next.saturating_duration_since(cranked.now));
                    }
                } else if cranked.is_idle {
                    break;
                } else {
                    // What can go on at this very moment goes on; time must not.
                    quiet = if cranked.is_called { 0 } else { quiet + 1 };
                    tokio::task::yield_now().await;
                }
            }
        });
    }

    /// Drives the world until a future is ready, such as a call of a [`Scheduler`].
    ///
    /// # Panics
    ///
    /// If nothing is left that could make it ready.
    pub fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        let Self { instances, world, queue, time, runtime, .. } = self;
        let give_up = time.now() + PATIENCE;
        runtime.block_on(async {
            let mut future = pin!(future);
            loop {
                let held = time.hold();
                let cranked = crank_all(instances, held.now);
                if queue.call_all() {
                    continue;
                }
                drop(held);
                assert!(cranked.now < give_up, "waited for something that does not happen");
                let next = cranked.next.map_or(give_up, |next| next.min(give_up));
                tokio::select! {
                    biased;
                    output = &mut future => return output,
                    () = rest(world, next, cranked.now) => (),
                }
            }
        })
    }
}

/// Until an instance is woken, or it is `next`.
async fn rest(world: &Notify, next: Instant, now: Instant) {
    if next <= now {
        // A moment is not over before the tasks have had their turn.
        return tokio::task::yield_now().await;
    }
    tokio::select! {
        biased;
        () = world.notified() => (),
        () = sleep_until(next) => (),
    }
}

/// Whether a flag was set; it is not any more. Nearly all are not, and a look costs less than a swap.
fn take(flag: &AtomicBool) -> bool {
    flag.load(Ordering::SeqCst) && flag.swap(false, Ordering::SeqCst)
}

/// Where the world stands after all its engines were stepped.
struct Cranked {
    now: Instant,
    /// When one of them has something to do.
    next: Option<Instant>,
    /// Nothing is in progress.
    is_idle: bool,
    /// What one of them has rung for, another one has to see.
    is_called: bool,
}

/// Steps every engine that has something to do.
fn crank_all(instances: &mut BTreeMap<InstanceId, Instance>, now: Instant) -> Cranked {
    let mut cranked = Cranked { now, next: None, is_idle: true, is_called: false };
    for instance in instances.values_mut() {
        let next = instance.crank(now);
        cranked.next = cranked.next.into_iter().chain(next).min();
    }
    cranked.is_called = instances.values().any(|instance| instance.is_called(now));
    cranked.is_idle = !cranked.is_called && instances.values().all(|instance| instance.engine.is_idle());
    cranked
}

impl Instance {
    /// Until when its process stands still.
    fn stands_until(&self) -> Option<Instant> {
        self.stalled.max(Some(self.clock.busy_until()))
    }

    fn is_called(&self, now: Instant) -> bool {
        let is_called = self.bell.woken.load(Ordering::SeqCst) || self.bell.rung.load(Ordering::SeqCst);
        is_called && !self.engine.is_done() && self.stands_until().is_none_or(|until| until <= now)
    }

    /// Steps its engine until that comes to rest, if it has something to do. Says when it has next.
    fn crank(&mut self, now: Instant) -> Option<Instant> {
        if self.engine.is_done() {
            return None;
        }
        if let Some(until) = self.stands_until().filter(|until| *until > now) {
            return Some(until);
        }
        let is_due = self.next.is_some_and(|next| next <= now) || self.stalled.take().is_some();
        let woken = take(&self.bell.woken);
        let rung = take(&self.bell.rung);
        if !(is_due || woken || rung) {
            return self.next;
        }
        if rung {
            self.engine.doorbell(self.clock.moment());
        }
        let until =
            (0..RESTLESS).map(|_| self.engine.step(self.clock.moment())).find(|until| *until != Until::NOW);
        let until = until.expect("an engine comes to rest");
        self.next = self.clock.when(until.wall, until.within);
        if self.engine.is_done() {
            self.lives.send_replace(Some(self.engine.end()));
            self.next = None;
        }
        self.next
    }
}
