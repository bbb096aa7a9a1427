//! The life of a world, all of it drawn from one number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::job::Plan;
use cron_runtime::store::{Command, Ledger, Store};
use cron_runtime::testing::{Boot, InstanceId, World};
use fastrand::Rng;

use crate::books::Books;
use crate::checker::Checker;
use crate::draw::{Frame, HANDLERS, POISON, chance, delta, frame, part, pick, plans, poison, seconds, span};
use crate::faults::{Death, Desk, Trouble};
use crate::history::{History, Recorder};

/// A process of the world.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: InstanceId,
    desk: Arc<Desk>,
    /// Whether it has all functions.
    is_whole: bool,
    /// A shutdown was asked for; `true` once it is done.
    leaving: Option<Arc<AtomicBool>>,
    /// How far its wall clock is ahead.
    offset: TimeDelta,
}

/// A world with its processes, its store and its jobs.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) rng: Rng,
    pub(crate) frame: Frame,
    pub(crate) history: History,
    pub(crate) members: BTreeMap<u32, Member>,
    /// What people do goes by here.
    pub(crate) person: Arc<Desk>,
    pub(crate) plans: Vec<Plan>,
    pub(crate) world: World,
    newest: u32,
    books: Books,
}

/// All functions. Those with a schedule of their own are left out where they would run all the time.
fn all(frame: &Frame) -> Vec<&'static str> {
    let mut jobs = HANDLERS.to_vec();
    jobs.extend((frame.length < seconds(86_400)).then_some("sim_steady"));
    jobs.extend(frame.poison.then_some(POISON));
    jobs.extend((frame.length < seconds(10 * 86_400)).then_some("sim_quarter"));
    jobs
}

/// What a world has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lived {
    /// Another one for any difference in what has happened.
    pub(crate) hash: u64,
    pub(crate) calls: usize,
    pub(crate) span: TimeDelta,
}

/// Lets the world of a seed live to its end, and checks it on the way.
pub(crate) fn live(scenario: &mut Scenario) -> Result<Lived, String> {
    let mut checker = Checker::default();
    scenario.begin();
    let end = scenario.frame.start + delta(scenario.frame.length);
    let mut deeds = 0_u32;
    while scenario.history.now() < end {
        let wait = scenario.wait();
        scenario.advance(wait);
        scenario.act();
        deeds += 1;
        if deeds.is_multiple_of(12) {
            checker.check(scenario)?;
        }
        scenario.breach()?;
    }
    checker.heal(scenario)?;
    let calls = scenario.history.records().calls.len();
    let span = scenario.history.now() - scenario.frame.start;
    Ok(Lived { hash: scenario.history.hash(), calls, span })
}

impl Scenario {
    pub(crate) fn new(seed: u64) -> Self {
        let frame = frame(seed);
        let world = World::new(frame.start);
        let history = History::new(world.runtime().clone(), frame.start);
        {
            let mut records = history.records();
            records.model.crew = frame.crew;
            records.model.clocks_are_right = !frame.wild_clocks;
            records.model.is_calm = !(frame.wild_clocks || frame.halts || frame.troubles);
        }
        history.say(format_args!("{frame:?}"));
        let books = if frame.on_file { Books::on_file() } else { Books::in_memory() };
        let doorbell = books.doorbell(world.bells());
        let inner = books.open().expect("a person opens the books");
        let person = Arc::new(Desk::new(inner, 0, part(seed, 0), doorbell, history.clone()));
        let (rng, plans) = (part(seed, "deeds"), plans(seed, &frame));
        Self { seed, rng, frame, history, members: BTreeMap::new(), person, plans, world, newest: 0, books }
    }

    /// What has gone wrong so far.
    pub(crate) fn breach(&self) -> Result<(), String> {
        self.history.records().breach.clone().map_or(Ok(()), Err)
    }

    /// The first process, with all functions, and the jobs on them.
    fn begin(&mut self) {
        while self.members.is_empty() {
            self.boot(&all(&self.frame));
            self.advance(seconds(1));
        }
        for plan in self.plans.clone() {
            self.command(Command::Upsert { plans: vec![plan] });
        }
        if self.frame.poison {
            let plan = poison(self.seed, &self.frame);
            self.command(Command::Upsert { plans: vec![plan] });
        }
    }

    /// For how long nothing is done to the world: either an instant in the life of a lease, or of the schedules.
    fn wait(&mut self) -> Duration {
        match self.rng.u32(0..4) {
            0 => span(&mut self.rng, Duration::from_millis(1), seconds(40)),
            1 => self.frame.length / 60,
            _ => span(&mut self.rng, seconds(1), self.frame.length / 30),
        }
    }

    /// Lets time pass. A process that dies in it is gone in the middle of its step.
    pub(crate) fn advance(&mut self, wait: Duration) {
        let end = self.history.now() + delta(wait);
        loop {
            let left = (end - self.history.now()).to_std().unwrap_or_default();
            let desks: Vec<_> = self.members.values().map(|member| Arc::clone(&member.desk)).collect();
            let mut somebody_died = false;
            self.world.advance_while(left, || {
                somebody_died = desks.iter().any(|desk| desk.is_dead());
                !somebody_died
            });
            drop(desks);
            self.bury();
            if !somebody_died {
                return;
            }
        }
    }

    /// Removes what is dead, and what has left.
    fn bury(&mut self) {
        let is_over = |member: &Member| {
            member.desk.is_dead() || member.leaving.as_ref().is_some_and(|done| done.load(Ordering::SeqCst))
        };
        let over: Vec<_> =
            self.members.iter().filter(|(_, member)| is_over(member)).map(|(number, _)| *number).collect();
        over.into_iter().for_each(|number| self.crash(number));
    }

    pub(crate) fn crash(&mut self, number: u32) {
        let Some(member) = self.members.remove(&number) else { return };
        self.history.say(format_args!("i{number} is gone"));
        self.world.crash(member.id);
        // From here on others may find it gone: whoever is due at this very instant does so while its tasks end.
        self.history.records().model.alive.remove(&number);
        drop(member);
        self.world.advance_while(Duration::ZERO, || true);
    }

    /// Starts a process. In trouble it may not come up.
    pub(crate) fn boot(&mut self, jobs: &[&str]) -> Option<u32> {
        self.newest += 1;
        let number = self.newest;
        let (history, seed) = (self.history.clone(), self.seed);
        let inner = self.books.open().expect("the books open");
        let doorbell = self.books.doorbell(self.world.bells());
        let desk = Arc::new(Desk::new(inner, number, part(seed, number), doorbell, history.clone()));
        let is_calm = !self.frame.wild_clocks;
        let offset =
            if is_calm { TimeDelta::milliseconds(self.rng.i64(-400..=400)) } else { self.wrong_by() };
        let offset = self.behind_at_boot(number).unwrap_or(offset);
        let drift = if is_calm { self.rng.i32(-2..=2) } else { self.rng.i32(-500..=500) };
        let is_small = self.frame.few_workers && self.rng.bool();
        let workers = if is_small { self.rng.usize(1..=4) } else { 100 };
        let mut start = cron_runtime::start()
            .state(Recorder { seed, instance: number, history: history.clone(), desk: Arc::clone(&desk) })
            .workers(workers)
            .shutdown_grace(span(&mut self.rng, Duration::from_millis(1), seconds(60)));
        if let Some(crew) = self.frame.crew.filter(|_| jobs.contains(&"sim_crew")) {
            start = start.group_limit("crew", crew);
        }
        history.say(format_args!("i{number} boots {jobs:?}, {offset} ahead, {drift} ppm, {workers} workers"));
        history.records().model.alive.insert(number);
        let is_whole = jobs.len() == all(&self.frame).len();
        let jobs = Some(jobs.iter().map(ToString::to_string).collect());
        let (store, ledger): (Arc<dyn Store>, Arc<dyn Ledger>) =
            (Arc::clone(&desk) as _, Arc::clone(&desk) as _);
        if self.frame.troubles && chance(&mut self.rng, 10) {
            desk.dies(Some(Death { calls: self.rng.u32(0..4), after: self.rng.bool() }));
        }
        match self.world.boot(Boot { start, jobs, store, ledger, offset, drift }) {
            Ok(id) => {
                desk.dies(None);
                desk.set_lag(self.world.lag(id));
                self.members.insert(number, Member { id, desk, is_whole, leaving: None, offset });
                Some(number)
            }
            Err(error) => {
                history.say(format_args!("i{number} does not come up: {error}"));
                history.records().model.alive.remove(&number);
                None
            }
        }
    }

    /// A machine whose clock has no battery, or one that starts from an old image: it is behind by hours, days or years until it is set.
    fn behind_at_boot(&self, number: u32) -> Option<TimeDelta> {
        let mut rng = part(self.seed, ("behind", number));
        let is_behind = self.frame.wild_clocks && chance(&mut rng, 20);
        is_behind.then(|| -delta(span(&mut rng, seconds(3 * 3_600), seconds(50 * 365 * 86_400))))
    }

    /// By how much a clock is wrong, and is set: a moment, or hours.
    fn wrong_by(&mut self) -> TimeDelta {
        let size = match self.rng.u32(0..20) {
            0..=9 => span(&mut self.rng, Duration::from_millis(1), seconds(4)),
            10..=16 => span(&mut self.rng, seconds(4), seconds(900)),
            17 | 18 => span(&mut self.rng, seconds(900), seconds(3 * 3_600)),
            _ => span(&mut self.rng, seconds(3 * 3_600), seconds(50 * 3_600)),
        };
        if self.rng.bool() { delta(size) } else { -delta(size) }
    }

    /// One of the processes that are there.
    fn somebody(&mut self) -> Option<u32> {
        let numbers: Vec<_> = self.members.keys().copied().collect();
        (!numbers.is_empty()).then(|| pick(&mut self.rng, &numbers))
    }

    /// Something happens.
    fn act(&mut self) {
        if self.members.is_empty() && chance(&mut self.rng, 60) {
            self.boot(&all(&self.frame));
            return;
        }
        match self.rng.u32(0..100) {
            0..25 => self.somebody_asks(),
            25..40 if self.members.len() < self.frame.members => {
                let mut jobs = all(&self.frame);
                jobs.retain(|_| chance(&mut self.rng, 80));
                self.boot(&jobs);
            }
            40..60 => self.somebody_dies(),
            60..80 => self.store_fails(),
            80..90 => self.somebody_halts(),
            90..100 if self.frame.wild_clocks => self.clock_is_set(),
            _ => {}
        }
    }

    fn somebody_dies(&mut self) {
        let Some(number) = self.somebody() else { return };
        let member = &self.members[&number];
        match self.rng.u32(0..10) {
            0..4 if member.leaving.is_none() => self.shut_down(number),
            0..4 => {}
            4..6 if self.frame.deaths => self.crash(number),
            6..10 if self.frame.deaths => {
                let death = Death { calls: self.rng.u32(0..12), after: self.rng.bool() };
                self.history.say(format_args!("i{number} is going to die: {death:?}"));
                member.desk.dies(Some(death));
            }
            _ => {}
        }
    }

    pub(crate) fn shut_down(&mut self, number: u32) {
        let Some(member) = self.members.get_mut(&number) else { return };
        let Some(scheduler) = self.world.scheduler(member.id).cloned() else { return };
        self.history.say(format_args!("i{number} is asked to shut down"));
        self.history.records().model.leaving.insert(number);
        let done = Arc::new(AtomicBool::new(false));
        member.leaving = Some(Arc::clone(&done));
        let mut shutdown = Box::pin(async move { scheduler.shutdown().await });
        // The request goes out now; who waits for its end is a task like any other.
        self.world.runtime().spawn(async move {
            if shutdown.as_mut().await.is_ok() {
                done.store(true, Ordering::SeqCst);
            }
        });
    }

    fn store_fails(&mut self) {
        let Some(number) = self.somebody() else { return };
        let rng = &mut self.rng;
        let trouble = match rng.u32(0..10) {
            0..3 if self.frame.troubles => Trouble::Erratic { before: rng.u32(0..60), after: rng.u32(0..30) },
            3 | 4 if self.frame.troubles => Trouble::Full,
            5 | 6 if self.frame.troubles => Trouble::Unreachable,
            7 if self.frame.halts => {
                Trouble::Slow { percent: rng.u32(1..60), most: span(rng, seconds(1), seconds(50)) }
            }
            8 if self.frame.troubles => Trouble::Vanishing { calls: rng.u32(0..12) },
            _ => Trouble::None,
        };
        self.history.say(format_args!("i{number} has trouble with its store: {trouble:?}"));
        self.members[&number].desk.trouble(trouble);
    }

    fn somebody_halts(&mut self) {
        let Some(number) = self.somebody().filter(|_| self.frame.halts) else { return };
        let stop = span(&mut self.rng, Duration::from_millis(1), seconds(200));
        let sleeps = chance(&mut self.rng, 40);
        self.history.say(format_args!("i{number} stands still for {stop:?}, asleep: {sleeps}"));
        self.history.halts(number, stop + seconds(1));
        let id = self.members[&number].id;
        if sleeps {
            // It must not be stepped before its clock knows of the sleep.
            self.world.stall(id, stop + Duration::from_millis(2));
            self.advance(stop);
            if self.members.contains_key(&number) {
                self.world.slept(id, stop);
            }
        } else {
            self.world.stall(id, stop);
        }
    }

    fn clock_is_set(&mut self) {
        let Some(number) = self.somebody() else { return };
        let step = if chance(&mut self.rng, 30) { -self.members[&number].offset } else { self.wrong_by() };
        self.set_clock(number, step);
    }

    fn set_clock(&mut self, number: u32, step: TimeDelta) {
        let Some(member) = self.members.get_mut(&number) else { return };
        self.history.say(format_args!("the clock of i{number} is set by {step}"));
        member.offset += step;
        self.world.step_clock(member.id, step);
    }

    /// All that was wrong ends, and somebody is there who has all functions.
    pub(crate) fn mend(&mut self) {
        self.history.say(format_args!("all is well from now on"));
        self.history.records().is_mended = true;
        for member in self.members.values() {
            member.desk.trouble(Trouble::None);
            member.desk.dies(None);
        }
        for (number, offset) in self.members.iter().map(|(n, member)| (*n, member.offset)).collect::<Vec<_>>()
        {
            self.set_clock(number, -offset);
        }
        self.frame.wild_clocks = false;
        self.frame.troubles = false;
        // Halts are over by then, and those who leave have left.
        self.advance(seconds(300));
        // Nobody who comes anew is to be needed, where somebody is there.
        if chance(&mut self.rng, 30) {
            self.members
                .keys()
                .copied()
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|number| self.crash(number));
        }
        if !self.members.values().any(|member| member.is_whole) {
            self.boot(&all(&self.frame));
        }
    }

    /// The time by the clock of a person.
    pub(crate) fn wall(&self) -> DateTime<Utc> {
        self.history.now()
    }
}
