//! `inspect tail`: follows what happens, by comparing the ledger with what it was.

mod event;
mod feed;
mod watch;

use std::thread;
use std::time::Duration;

use cron_runtime::clock::{Clock, SystemClock};
use cron_runtime::store::sqlite::SqliteLedger;

use crate::cli::Tail;
use crate::context::{Context, find_job};
use crate::failure::Failure;
use crate::view::table::paragraph;
use event::Event;
use feed::Feed;
use watch::Watch;

/// How often the files are looked at. They are read only when they have changed.
const PERIOD: Duration = Duration::from_millis(250);

/// Of its time it spends at most one part in so many with reading, however much there is to read.
const SHARE: u32 = 4;

pub(crate) fn tail(args: &Tail, context: &Context) -> Result<(), Failure> {
    let file = context.file()?;
    let ledger = SqliteLedger::open(&file)?;
    if let Some(job) = &args.job {
        find_job(&ledger, job)?;
    }
    let clock = SystemClock::new();
    let mut watch = Watch::new(&file);
    let mut feed = Feed::new(args.job.clone(), &ledger)?;
    if !show(&feed.beginning(context.database()?.to_string(), clock.moment().wall), context)? {
        return Ok(());
    }
    let mut pause = PERIOD;
    loop {
        let left = args.span.map(|span| span.saturating_sub(clock.moment().monotonic));
        // Nothing wakes this thread: no other one knows of it, and a file tells of no change by itself.
        thread::park_timeout(left.map_or(pause, |left| pause.min(left)));
        let is_over = args.span.is_some_and(|span| clock.moment().monotonic >= span);
        if watch.has_changed() || is_over {
            let before = clock.moment();
            for event in feed.news(&ledger, before.wall)? {
                if !show(&event, context)? {
                    return Ok(());
                }
            }
            pause = PERIOD.max((clock.moment().monotonic - before.monotonic) * SHARE);
        }
        if is_over {
            return Ok(());
        }
    }
}

/// Gives whether there still is a reader.
fn show(event: &Event, context: &Context) -> Result<bool, Failure> {
    context.show_one(event, || paragraph(&event.text(), 0, None))
}
