//! From a checked program to an engine and its handle, in whatever surroundings: those of the system, or those of a test.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;

use cron_core::job::JobName;
use cron_core::run::OwnerId;
use cron_core::schedule::Calendars;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::engine::{End, Engine, Events, Executor, Inbox, Parts, Threads, watch_panics};
use crate::error::Error;
use crate::extract::{Link, States};
use crate::hooks::{Caller, Hooks};
#[cfg(feature = "sqlite")]
use crate::prepare::Prepare;
use crate::registration::Handler;
use crate::scheduler::{Ending, Known, Scheduler, Stores};
use crate::store::{Program, Reaped, Synced};

/// What a program has told [`start`](crate::start), with nothing left to be wrong.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) program: Program,
    pub(crate) handlers: HashMap<JobName, Handler>,
    pub(crate) states: States,
    pub(crate) calendars: Calendars,
    pub(crate) hooks: Hooks,
    /// What is to be done before the store is joined.
    #[cfg(feature = "sqlite")]
    pub(crate) prepare: Prepare,
    pub(crate) workers: usize,
    pub(crate) ending: Ending,
}

/// A store that this program has joined.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) stores: Stores,
    pub(crate) owner: OwnerId,
    /// What was left by processes that were found gone.
    pub(crate) reaped: Reaped,
    /// Why the record was found to be older than what has run here before.
    pub(crate) went_back: Option<String>,
    pub(crate) synced: Synced,
}

/// Time, and what calls functions.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) clock: Arc<dyn Clock>,
    /// Has the engine stepped soon.
    pub(crate) waker: Waker,
    pub(crate) runtime: Handle,
    pub(crate) threads: Threads,
}

/// An engine that somebody has to step, and the handle on it.
#[derive(Debug)]
pub(crate) struct Booted {
    pub(crate) engine: Engine,
    pub(crate) scheduler: Scheduler,
    /// For whoever steps the engine: how it has ended.
    pub(crate) lives: watch::Sender<Option<End>>,
}

impl Joined {
    /// Registers this process, ends what dead ones left behind, and makes the jobs known.
    ///
    /// Before that the program prepares its own tables: a start that cannot do so joins nothing.
    pub(crate) fn join(
        stores: Stores,
        program: &Program,
        #[cfg(feature = "sqlite")] prepare: Prepare,
        clock: &dyn Clock,
    ) -> Result<Self, Error> {
        let store = stores.store.as_ref();
        #[cfg(feature = "sqlite")]
        prepare.run(store)?;
        let owner = store.join(clock.moment().wall)?;
        let reaped = store.reap(clock.moment().wall)?;
        let synced = store.sync(program, clock.moment().wall)?;
        let went_back = store.went_back();
        Ok(Self { stores, owner, reaped, went_back, synced })
    }
}

impl Checked {
    pub(crate) fn boot(self, joined: Joined, surroundings: Surroundings) -> Booted {
        let Self { program: _, handlers, states, calendars, hooks, workers, ending, .. } = self;
        let Joined { stores, owner, reaped, went_back, synced: _ } = joined;
        let Surroundings { clock, waker, runtime, threads } = surroundings;
        watch_panics();
        let (inbox, messages) = Inbox::new(waker);
        let events = Events::new(Arc::clone(&clock));
        let (shutting_down, is_shutting_down) = watch::channel(false);
        let handlers = Arc::new(handlers);
        let engine = Engine::new(Parts {
            store: Arc::clone(&stores.store),
            owner,
            handlers: Arc::clone(&handlers),
            executor: Executor {
                runtime: runtime.clone(),
                threads,
                states: Arc::new(states),
                link: Arc::new(Link {
                    file: stores.store.file().map(Arc::from),
                    is_unrecorded: false,
                    inbox: inbox.clone(),
                    events: events.clone(),
                    clock: Arc::clone(&clock),
                    shutting_down: is_shutting_down,
                }),
            },
            hooks: Caller::new(
                hooks,
                runtime.clone(),
                Arc::clone(&stores.ledger),
                events.clone(),
                inbox.clone(),
            ),
            inbox: messages,
            events: events.clone(),
            shutting_down,
            workers,
            reaped,
            went_back,
        });
        let (lives, alive) = watch::channel(None);
        let known = Known { handlers, calendars, runtime };
        let scheduler = Scheduler::new(stores, known, inbox, events, clock, alive, ending);
        Booted { engine, scheduler, lives }
    }
}
