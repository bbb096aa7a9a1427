//! Linux: one `poll` over a timer, a doorbell and an event counter.
//!
//! The timer runs on the wall clock and is cancelled when that clock is set or the machine wakes from sleep, so a step is
//! noticed at once. Where the system gives no watch on a file (each user has only so many), the doorbell is looked at five times a second.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use super::Until;
use super::bell::{Bell, Counter};
use super::looked::{LOOK, Looked};
use crate::clock::{Clock, SystemClock};

/// Where nothing is due the timer still watches for a clock that is set: 2200-01-01, beyond every schedule.
const NEVER: i64 = 7_258_118_400;

/// The engine's end.
#[derive(Debug)]
pub(crate) struct Waiter {
    timer: TimerFd,
    doorbell: Option<Doorbell>,
    bell: Arc<Bell<EventFd>>,
    clock: SystemClock,
    /// Why the doorbell is looked at.
    unwatched: Option<io::Error>,
}

/// The end for the other threads of this process.
#[derive(Clone, Debug)]
pub(crate) struct Waker {
    bell: Arc<Bell<EventFd>>,
}

/// A file whose modification wakes the engine.
#[derive(Debug)]
enum Doorbell {
    Watched(Watched),
    Looked(Looked),
}

/// One of which the system tells.
#[derive(Debug)]
struct Watched {
    path: PathBuf,
    events: Inotify,
    watch: WatchDescriptor,
    /// The file may bear its name no more: somebody has deleted it, moved it away or put another in its place.
    is_moved: bool,
}

impl Counter for EventFd {
    fn add(&self) {
        // It fails only where the counter is full, and then it has rung.
        let _ = self.write(1);
    }

    fn clear(&self) {
        // It does not block, and an error means that it had not rung.
        let _ = self.read();
    }
}

impl Waiter {
    /// `doorbell` is a file whose modification wakes the engine.
    pub(crate) fn new(doorbell: Option<&Path>) -> io::Result<(Self, Waker)> {
        let timer =
            TimerFd::new(ClockId::CLOCK_REALTIME, TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK)?;
        let counter = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        let bell = Arc::new(Bell::new(counter));
        let (doorbell, unwatched) = match doorbell.map(|path| (path, Watched::new(path))) {
            None => (None, None),
            Some((_, Ok(watched))) => (Some(Doorbell::Watched(watched)), None),
            Some((path, Err(error))) => (Some(Doorbell::Looked(Looked::new(path))), Some(error)),
        };
        let clock = SystemClock::new();
        Ok((Self { timer, doorbell, bell: Arc::clone(&bell), clock, unwatched }, Waker { bell }))
    }

    /// Why the doorbell is looked at and not watched, in words; `None` where it is watched.
    pub(crate) fn unwatched(&self) -> Option<String> {
        let error = self.unwatched.as_ref()?;
        Some(format!(
            "the system gives no watch on the file for signals ({error}): it is looked at five times a second, so that commands of other \
             processes are heard up to 0.2 s late and this process does not idle"
        ))
    }

    /// Sleeps until `until`, or until something wakes it. Says whether the doorbell rang.
    pub(crate) fn wait(&mut self, until: Until) -> io::Result<bool> {
        if let Some(Doorbell::Watched(watched)) = &mut self.doorbell
            && watched.follow()
        {
            // Whoever rang at the new file before it was watched was not heard.
            return Ok(true);
        }
        let at = until.wall.map_or_else(
            || TimeSpec::new(NEVER, 0),
            |wall| TimeSpec::new(wall.timestamp(), i64::from(wall.timestamp_subsec_nanos())),
        );
        let flags = TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
        match self.timer.set(Expiration::OneShot(at), flags) {
            Ok(()) => {}
            // The clock was set since the last wait: look again at once.
            Err(Errno::ECANCELED) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let is_looked_at = matches!(self.doorbell, Some(Doorbell::Looked(_)));
        let begun = self.clock.moment().monotonic;
        loop {
            let passed = self.clock.moment().monotonic.saturating_sub(begun);
            let left = until.within.map(|within| within.saturating_sub(passed));
            let nap = if is_looked_at { Some(left.map_or(LOOK, |left| left.min(LOOK))) } else { left };
            let is_woken = self.sleep(nap)?;
            let has_rung = self.doorbell.as_mut().is_some_and(Doorbell::has_rung);
            if is_woken || has_rung || nap == left {
                // Whatever rings from here on wakes the next wait.
                self.bell.clear();
                return Ok(has_rung);
            }
        }
    }

    /// Sleeps so long at most. Says whether something but the end of that span may have woken it.
    fn sleep(&self, nap: Option<Duration>) -> io::Result<bool> {
        let timeout = match nap {
            None => PollTimeout::NONE,
            // Rounded up, so that the engine does not wake a hair too early and spin.
            Some(span) => PollTimeout::try_from(span.as_micros().div_ceil(1_000)).unwrap_or(PollTimeout::MAX),
        };
        let mut sources = vec![
            PollFd::new(self.timer.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.bell.counter().as_fd(), PollFlags::POLLIN),
        ];
        if let Some(Doorbell::Watched(watched)) = &self.doorbell {
            sources.push(PollFd::new(watched.events.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut sources, timeout) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::EINTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

impl Doorbell {
    /// Whether somebody has rung.
    fn has_rung(&mut self) -> bool {
        match self {
            Self::Watched(watched) => watched.has_rung(),
            Self::Looked(looked) => looked.has_rung(),
        }
    }
}

impl Watched {
    /// `IN_ATTRIB` is what a deletion looks like while the store has the file open: its number of names changes.
    const WATCHED: AddWatchFlags = AddWatchFlags::IN_MODIFY
        .union(AddWatchFlags::IN_ATTRIB)
        .union(AddWatchFlags::IN_MOVE_SELF)
        .union(AddWatchFlags::IN_DELETE_SELF);

    fn new(path: &Path) -> io::Result<Self> {
        let events = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let watch = events.add_watch(path, Self::WATCHED)?;
        Ok(Self { path: path.to_owned(), events, watch, is_moved: false })
    }

    /// Watches the file that bears the name now, if it is another one. Says whether it is.
    ///
    /// Where there is none yet, this is tried again with the next wait: the store puts one there when it looks after the
    /// locks, which the same event has made the engine ask for.
    fn follow(&mut self) -> bool {
        if !self.is_moved {
            return false;
        }
        let Ok(watch) = self.events.add_watch(&self.path, Self::WATCHED) else { return false };
        self.is_moved = false;
        if watch == self.watch {
            return false;
        }
        // It fails where the file is gone altogether, and then there is nothing to be removed.
        let _ = self.events.rm_watch(self.watch);
        self.watch = watch;
        true
    }

    /// Takes in what has happened to the file. Says whether anything has.
    fn has_rung(&mut self) -> bool {
        let mut rang = false;
        // An error means that nothing is left.
        while let Ok(events) = self.events.read_events()
            && !events.is_empty()
        {
            // The last word of a watch that was given up is no ring.
            for event in events.iter().filter(|event| event.mask != AddWatchFlags::IN_IGNORED) {
                rang = true;
                self.is_moved |= event.wd == self.watch && event.mask != AddWatchFlags::IN_MODIFY;
            }
        }
        rang
    }
}

impl Waker {
    /// Wakes the engine, now or as soon as it would sleep.
    pub(crate) fn ring(&self) {
        self.bell.ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_before_the_wait_is_not_lost() {
        let (mut waiter, waker) = Waiter::new(None).expect("a waiter");
        waker.ring();
        waker.ring();
        waiter.wait(Until::default()).expect("it wakes at once, or this test hangs");
        let short = Until { within: Some(Duration::from_millis(1)), wall: None };
        waiter.wait(short).expect("the ring is used up, the span wakes it");
    }

    #[test]
    fn a_past_instant_wakes_at_once_and_a_touched_file_rings() {
        let (mut waiter, _waker) = Waiter::new(None).expect("a waiter");
        let past = Until { wall: chrono::DateTime::from_timestamp(1, 0), within: None };
        waiter.wait(past).expect("it wakes at once, or this test hangs");

        let file = std::env::temp_dir().join(format!("cron-doorbell-{}", std::process::id()));
        std::fs::write(&file, b"").expect("a file");
        let (mut waiter, _waker) = Waiter::new(Some(&file)).expect("a waiter");
        std::fs::write(&file, b"!").expect("a ring");
        assert!(waiter.wait(Until::default()).expect("the doorbell wakes it, or this test hangs"));
        std::fs::remove_file(&file).expect("it is there");
    }

    #[test]
    fn a_doorbell_that_was_deleted_is_watched_again_when_it_is_there_again() {
        let file = std::env::temp_dir().join(format!("cron-doorbell-again-{}", std::process::id()));
        // A store has it open all the time.
        let open = std::fs::File::create(&file).expect("a file");
        let (mut waiter, _waker) = Waiter::new(Some(&file)).expect("a waiter");
        let forever = Until::default();
        let moment = Until { within: Some(Duration::from_millis(1)), wall: None };
        std::fs::remove_file(&file).expect("it is there");
        assert!(waiter.wait(forever).expect("the deletion wakes it, or this test hangs"));
        assert!(!waiter.wait(moment).expect("there is nothing to watch, and it sleeps all the same"));
        std::fs::write(&file, b"").expect("another file");
        assert!(waiter.wait(forever).expect("it finds the new one, or this test hangs"));
        assert!(!waiter.wait(moment).expect("that was one ring"));
        std::fs::write(&file, b"!").expect("a ring");
        assert!(waiter.wait(forever).expect("the new one wakes it, or this test hangs"));
        drop(open);
        std::fs::remove_file(&file).expect("it is there");
    }

    #[test]
    fn where_the_system_gives_no_watch_the_doorbell_is_looked_at() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("bell");
        std::fs::write(&file, b"").expect("a file");
        let (mut waiter, waker) = Waiter::new(Some(&file)).expect("a waiter");
        assert_eq!(waiter.unwatched(), None);
        // As if there had been none.
        waiter.doorbell = Some(Doorbell::Looked(Looked::new(&file)));
        waiter.unwatched = Some(Errno::EMFILE.into());
        assert!(waiter.unwatched().is_some_and(|why| why.contains("five times a second")));
        let moment = Until { within: Some(Duration::from_millis(1)), wall: None };
        while waiter.wait(moment).expect("it looks") {}
        let begun = waiter.clock.moment().monotonic;
        let longer = Until { within: Some(LOOK + LOOK / 2), wall: None };
        assert!(!waiter.wait(longer).expect("the span wakes it"));
        assert!(waiter.clock.moment().monotonic - begun >= LOOK + LOOK / 2, "not at the first look");
        waker.ring();
        assert!(
            !waiter
                .wait(Until::default())
                .expect("a ring of this process wakes it at once, or this test hangs")
        );
        let past = Until { wall: chrono::DateTime::from_timestamp(1, 0), within: None };
        assert!(!waiter.wait(past).expect("an instant wakes it, or this test hangs"));
        let ringer = std::thread::spawn(move || std::fs::write(&file, b"!").expect("a ring"));
        assert!(waiter.wait(Until::default()).expect("the next look sees it, or this test hangs"));
        ringer.join().expect("it only rings");
    }
}
