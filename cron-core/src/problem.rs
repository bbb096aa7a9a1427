//! What a scheduler may find wrong with itself and with its surroundings.

use crate::words::word_enum;

word_enum! {
    /// What kind of problem it is.
    #[non_exhaustive]
    "kind of problem", pub enum ProblemKind {
        /// The engine came to a due instant late: the process got no processor time, or was stopped.
        LateLoop = "late_loop",
        /// The tokio runtime does not run tasks: async functions do not begin or go on.
        RuntimeBlocked = "runtime_blocked",
        /// The system gives no thread for a function that is not async: it is not called, and its run comes again.
        PoolExhausted = "pool_exhausted",
        /// The tokio runtime is gone, and the scheduler ends.
        RuntimeGone = "runtime_gone",
        /// The thread of the scheduler has ended by a defect: nothing is judged or started any more.
        EngineFailed = "engine_failed",
        /// The wall clock was set, or the machine slept.
        ClockStep = "clock_step",
        /// High-water marks lay hours after the clock and were set back, or the clock has jumped beyond where they were.
        MarksSetBack = "marks_set_back",
        /// High-water marks lie after the clock, by 3 hours at most: jobs wait until the clock has passed them, or have runs beside the ticks.
        MarksAhead = "marks_ahead",
        /// The store fails: nothing is claimed, and results wait.
        StoreFailing = "store_failing",
        /// Another file is at the path of the database, and the scheduler ends.
        FileReplaced = "file_replaced",
        /// The record is older than what has run before: a backup was put back.
        StoreWentBack = "store_went_back",
        /// The store took its time.
        SlowCommit = "slow_commit",
        /// Leases were renewed not long before their owner had to give them up.
        LeaseMargin = "lease_margin",
        /// Runs were on record as started by this process, which had been told that their claim failed. They were given back.
        Orphaned = "orphaned",
        /// A function does not return although its time is over.
        Stuck = "stuck",
        /// A newer program has declared a job in words that this one does not know.
        LeftOut = "left_out",
        /// The declaration of a job on record is damaged.
        Damaged = "damaged",
        /// A job was put in quarantine: its process died too often in a row while it was in progress.
        Quarantined = "quarantined",
        /// Runs have waited for a worker for longer than the period of their job.
        WorkersBusy = "workers_busy",
        /// A result could not be written and is not kept.
        ResultDropped = "result_dropped",
        /// The record could not be pruned.
        PruneFailed = "prune_failed",
        /// A hook has panicked or returned an error.
        HookFailed = "hook_failed",
        /// The operating system gives no watch on the file for signals, which is looked at instead.
        Unwatched = "unwatched",
        /// The operating system refused to wait.
        WaitFailed = "wait_failed",
    }
}

impl ProblemKind {
    /// Whether it goes on until it is over, and its end is told. The others are moments.
    #[must_use]
    pub const fn lasts(self) -> bool {
        match self {
            Self::RuntimeBlocked
            | Self::PoolExhausted
            | Self::StoreFailing
            | Self::Stuck
            | Self::WorkersBusy
            | Self::MarksAhead => true,
            Self::LateLoop
            | Self::RuntimeGone
            | Self::EngineFailed
            | Self::ClockStep
            | Self::MarksSetBack
            | Self::FileReplaced
            | Self::StoreWentBack
            | Self::SlowCommit
            | Self::LeaseMargin
            | Self::Orphaned
            | Self::LeftOut
            | Self::Damaged
            | Self::Quarantined
            | Self::ResultDropped
            | Self::PruneFailed
            | Self::HookFailed
            | Self::Unwatched
            | Self::WaitFailed => false,
        }
    }

    /// Whether each one is told, however soon it follows the last: each is about a run of its own.
    #[must_use]
    pub const fn is_each_told(self) -> bool {
        match self {
            Self::Stuck
            | Self::ResultDropped
            | Self::Orphaned
            | Self::MarksSetBack
            | Self::RuntimeGone
            | Self::EngineFailed
            | Self::FileReplaced
            | Self::StoreWentBack
            | Self::Quarantined => true,
            Self::LateLoop
            | Self::RuntimeBlocked
            | Self::PoolExhausted
            | Self::ClockStep
            | Self::MarksAhead
            | Self::StoreFailing
            | Self::SlowCommit
            | Self::LeaseMargin
            | Self::WorkersBusy
            | Self::LeftOut
            | Self::Damaged
            | Self::PruneFailed
            | Self::HookFailed
            | Self::Unwatched
            | Self::WaitFailed => false,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::LateLoop => {
                "look for a processor that is busy, a limit on the process, or a process that was stopped"
            }
            Self::RuntimeBlocked => {
                "find the blocking call in the named job: make its function a plain `fn`, or use `spawn_blocking`"
            }
            Self::PoolExhausted => {
                "raise the limit on threads (`pids.max` of the container, `ulimit -u`, memory), or lower `workers(n)`"
            }
            Self::EngineFailed => {
                "end the process, as `until_signal` does by its error, and start it again; the message says what has panicked"
            }
            Self::RuntimeGone => "keep the runtime alive for as long as the scheduler",
            Self::ClockStep => "where it comes again, look at the clock service of the machine",
            Self::MarksSetBack => {
                "look at the clock of the machine; `inspect show JOB` has the runs that ticks keep, and the skips that are suspended"
            }
            Self::MarksAhead => {
                "look at the clock of the machine; nothing else needs to be done, and `inspect trigger JOB` runs a job that cannot wait"
            }
            Self::StoreFailing => {
                "make the database writable again: its disk, its permissions, a process that holds it"
            }
            Self::FileReplaced => {
                "start the program again: it opens the file that is there now; stop it before a backup is put back"
            }
            Self::StoreWentBack => {
                "look at what has run since the backup; docs/storage.md says how to skip what would be caught up"
            }
            Self::SlowCommit => "look at the disk, and for a process that holds the database for long",
            Self::LeaseMargin => "look for what held the engine up: a slow disk, or a processor that is busy",
            Self::Orphaned => "nothing to do: the runs start again; look at the disk if it comes again",
            Self::Stuck => "end the function's wait; a plain `fn` has to look at `run.is_cancelled()`",
            Self::Damaged => {
                "keep a copy of the database, and start the program that declares the job again: it writes the declaration anew; \
                 a dynamic job is scheduled again"
            }
            Self::Quarantined => {
                "find what takes the process down (`abort`, a stack that overflows, memory); `inspect resume JOB` has the job run again"
            }
            Self::WorkersBusy => {
                "raise `workers(n)` or `max_running` of the group, give the jobs a `timeout` or a `priority`, or start another process"
            }
            Self::LeftOut => "start the newer program here too",
            Self::ResultDropped => "look what the run has done: its result is not on record",
            Self::PruneFailed => "look at the error; nothing is lost, the file grows",
            Self::HookFailed => "look at the error of the hook; no job is touched by it",
            Self::Unwatched => {
                "raise `fs.inotify.max_user_instances` (or `fs.inotify.max_user_watches`) with sysctl and start the program again"
            }
            Self::WaitFailed => "look at the limits of the process: open files, memory",
        }
    }
}
